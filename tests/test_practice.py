"""What demonstrations show where an environment varies nothing else: lessons of its starter bank, or none."""

import random

import pytest

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.practice import Practice, some_lessons
from skill_gym.trajectory import Task

TASK = Task("1", "1", "e", "generated", "pick_and_place_simple", "put a mug in desk.")
STARTER = SkillBank.starter("alfworld")


def shown(practice: Practice, count: int = 100) -> list[tuple[str, ...]]:
    rng = random.Random(0)
    return [tuple(practice.retriever(TASK, {}, STARTER, rng).retrieve([TASK])[0].ids) for _ in range(count)]


def test_some_episodes_show_a_part_of_the_starter_bank_and_some_nothing() -> None:
    drawn = shown(Practice(none=0.3))
    assert 15 < sum(not ids for ids in drawn) < 45
    assert all(set(ids) <= set(STARTER.ids) for ids in drawn)
    assert len({ids for ids in drawn if ids}) > 30


def test_shares_of_none_and_all() -> None:
    assert not any(shown(Practice(none=1.0)))
    assert not any(shown(Practice(none=0.0, lessons=0.0)))
    assert all(shown(Practice(none=0.0)))


def test_it_varies_nothing_of_the_environment() -> None:
    rng = random.Random(0)
    before = rng.getstate()
    assert Practice().options("generated", rng) == {}
    assert Practice().mistake(("look",), rng) is None
    assert rng.getstate() == before


def test_a_part_of_a_bank_is_a_bank_of_the_same_categories() -> None:
    whole, nothing = (some_lessons(STARTER, share, random.Random(0)) for share in (1.0, 0.0))
    assert sorted(whole.ids) == sorted(STARTER.ids)
    assert not nothing.ids
    assert set(whole.task_specific) == set(STARTER.task_specific)


@pytest.mark.parametrize("wrong", [{"none": 1.2}, {"none": -0.1}, {"lessons": 2.0}])
def test_impossible_shares_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be a share"):
        Practice(**wrong)
