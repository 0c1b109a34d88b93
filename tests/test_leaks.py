"""A bank is refused on the split that its skills came from: ever, or those of the present cycle."""

import pickle

import pytest

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.leaks import LeakError, check_leak, ids_from_tasks, leaked_ids
from skill_gym.skillbanks.skill import Mistake, Provenance, Skill


def origin(split: str, version: str = "", *episodes: str) -> Provenance:
    return Provenance(episodes, (split,), "rule", version)


BANK = SkillBank(
    general=(
        Skill("released", "T", "p"),
        Skill("old", "T", "q", provenance=origin("valid_seen", "1-aaaaaaaa", "skill_gym/ALFWorld-v0:s:1")),
        Skill("new", "T", "r", provenance=origin("valid_seen", "4-bbbbbbbb", "skill_gym/ALFWorld-v0:s:2")),
        Skill("train", "T", "s", provenance=origin("train", "4-bbbbbbbb")),
    ),
    mistakes=(Mistake("unknown", "d", "h", provenance=origin("valid_seen")),),
    generation=5,
)


def test_ever_names_all_entries_of_the_split():
    assert leaked_ids(BANK, "valid_seen") == ("old", "new", "unknown")
    assert leaked_ids(BANK, "train") == ("train",)
    assert leaked_ids(BANK, "test") == ()


def test_same_cycle_names_those_written_since_and_those_that_do_not_say():
    assert leaked_ids(BANK, "valid_seen", policy="same_cycle") == ("new", "unknown")
    assert leaked_ids(BANK, "valid_seen", policy="same_cycle", since=1) == ("old", "new", "unknown")
    assert leaked_ids(BANK, "valid_seen", policy="same_cycle", since=5) == ("unknown",)


def test_environment_narrows_the_entries():
    assert leaked_ids(BANK, "valid_seen", env_id="skill_gym/WebShop-v0") == ("unknown",)


def test_planted_leak_is_stopped_and_says_which_and_whence():
    with pytest.raises(
        LeakError, match=r"3 entries .* 'valid_seen': old, new, unknown .*rule from 1 episode"
    ) as caught:
        check_leak(BANK, "valid_seen")
    assert caught.value.skill_ids == ("old", "new", "unknown")
    check_leak(BANK.without(caught.value.skill_ids), "valid_seen")
    with pytest.raises(LeakError, match="in this cycle: new, unknown"):
        check_leak(BANK, "valid_seen", policy="same_cycle")
    check_leak(BANK, "test")
    assert pickle.loads(pickle.dumps(caught.value)).skill_ids == caught.value.skill_ids


def test_entries_are_known_by_their_tasks_whatever_split_they_name():
    assert ids_from_tasks(BANK, ["skill_gym/ALFWorld-v0:s:2", "skill_gym/ALFWorld-v0:s:9"]) == ("new",)
    assert ids_from_tasks(BANK, []) == ()


def test_leak_travels_through_a_file():
    with pytest.raises(LeakError):
        check_leak(SkillBank.loads(BANK.dumps()), "valid_seen")


def test_long_lists_are_cut_in_the_message_only():
    bank = SkillBank(
        general=tuple(Skill(f"s{n}", "T", f"p{n}", provenance=origin("test")) for n in range(60))
    )
    with pytest.raises(LeakError, match=r"s49 and 10 more") as caught:
        check_leak(bank, "test")
    assert len(caught.value.skill_ids) == 60


def test_unknown_policy_is_an_error():
    with pytest.raises(ValueError, match="policy must be one of ever, same_cycle, got 'never'"):
        check_leak(BANK, "valid_seen", policy="never")
