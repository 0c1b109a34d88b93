"""Which part of a bank an episode is shown."""

import random
from collections import Counter

import pytest

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.skill import Skill
from skill_gym.skillbanks.skill_variation import MOST_DISTRACTORS, SkillVariation
from skill_gym.trajectory import Task

BANK = SkillBank.starter("alfworld")
TASK = Task(
    "a", "k", "skill_gym/ALFWorld-v0", "train", "pick_heat_then_place_in_recep", "put a hot mug in shelf."
)


def draws(variation: SkillVariation, bank: SkillBank = BANK, count: int = 400):
    return [variation.draw(bank, TASK, random.Random(number)) for number in range(count)]


def shown(bank: SkillBank) -> set[str]:
    return set(ByTaskType(bank).retrieve([TASK])[0].ids)


def test_the_shares_are_kept():
    kinds = Counter(
        one.kind for one in draws(SkillVariation(none=0.2, partial=0.3, distracted=0.1), count=2000)
    )
    assert set(kinds) == {"none", "partial", "distracted", "whole"}
    for kind, share in (("none", 0.2), ("partial", 0.3), ("distracted", 0.1), ("whole", 0.4)):
        assert kinds[kind] / 2000 == pytest.approx(share, abs=0.05)


def test_a_part_is_less_and_nothing_else():
    for one in draws(SkillVariation(none=0, partial=1, distracted=0), count=50):
        assert set(one.bank.ids) < set(BANK.ids)


def test_distractors_are_of_other_tasks_and_are_seen():
    right = shown(BANK)
    others = 0
    for one in draws(SkillVariation(none=0, partial=0, distracted=1), count=50):
        assert set(one.bank.ids) == set(BANK.ids), "nothing is lost, nothing is twice"
        foreign = shown(one.bank) - right
        own = {skill.id for skill in BANK.general}
        assert len(foreign - own) <= MOST_DISTRACTORS
        others += bool(foreign - own)
    assert others == 50


def test_a_skill_for_other_goals_is_a_distractor_too():
    bank = SkillBank.empty().with_skills(
        [
            Skill("mugs", "mug", "Mugs are on shelves.", keywords=("mug",)),
            Skill("pans", "pan", "x", keywords=("pan",)),
        ]
    )
    assert shown(bank) == {"mugs"}
    (one,) = draws(SkillVariation(none=0, partial=0, distracted=1), bank, 1)
    assert shown(one.bank) == {"mugs", "pans"}


def test_without_other_tasks_the_whole_bank_is_shown_and_an_empty_one_stays_empty():
    only = SkillBank.empty().with_skills([Skill("a", "a", "b")])
    assert {one.kind for one in draws(SkillVariation(none=0, partial=0, distracted=1), only, 5)} == {"whole"}
    empty = draws(SkillVariation(), SkillBank.empty(), 20)
    assert {one.kind for one in empty} == {"none"}
    assert not any(len(one.bank) for one in empty)


@pytest.mark.parametrize("shares", [{"none": -0.1}, {"none": 0.6, "partial": 0.5}, {"distracted": 1.1}])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(ValueError, match="sum of at most 1"):
        SkillVariation(**shares)
