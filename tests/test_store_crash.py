"""Killed writers tear nothing; and what would be torn is recognised as such."""

import pytest

from skill_gym.benchmarks.store_crash import BOUNDS, faults, measure, stamped
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Skill


def test_whole_banks_have_no_fault():
    bank = stamped(SkillBank.empty(), 1)
    assert faults(bank, bank.version) == []
    again = stamped(bank, 2)
    assert faults(again, again.version) == []
    assert faults(SkillBank.empty(), SkillBank.empty().version) == []


@pytest.mark.parametrize(
    ("torn", "said"),
    [
        (lambda bank: bank.without(["stamped_3"]), "stamps"),
        (
            lambda bank: bank.without(["stamped_3"]).with_skills([Skill("stamped_3", "T", "Stamp 9.")]),
            "stamps",
        ),
        (lambda bank: bank.without(["pair_a"]), "half a pair"),
        (lambda bank: bank.with_skills([Skill("batch_7_0", "T", "P")]), "1 of batch 7"),
    ],
)
def test_half_an_update_is_a_fault(torn, said):
    half = torn(stamped(SkillBank.empty(), 1))
    assert any(said in fault for fault in faults(half, half.version))


def test_a_bank_under_another_banks_name_is_a_fault():
    bank = stamped(SkillBank.empty(), 1)
    assert faults(bank, "1-00000000") == [f"content {bank.version} under the name 1-00000000"]


def test_killed_writers_leave_every_acknowledged_version(tmp_path):
    figures = measure(tmp_path / "bank.db", kills=3, readers=1, seed=5)
    assert figures["kills"] == 3
    assert figures["acknowledged"] > 0
    assert figures["versions_seen"] > 0
    assert all(bound.holds(figures) for bound in BOUNDS)
