"""What demonstrations show: the right habits, none, wrong, irrelevant, in part, all at once."""

import random
from collections import Counter

import pytest

from skill_gym.alfworld.habit_sentences import read_habits
from skill_gym.alfworld.worlds import true_habits
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.habit_practice import HabitPractice, habit_bank
from skill_gym.skillbanks.rendering import render
from skill_gym.skillbanks.retrieval import Retrieved
from skill_gym.trajectory import Task

GOAL = "put a clean mug in cabinet."
TASK = Task("1", "1", "e", "generated", "pick_clean_then_place_in_recep", GOAL)
WHOLE = {"none": 0.0, "wrong": 0.0, "irrelevant": 0.0, "partial": 0.0, "flat": 0.0, "lessons": 0.0}
STARTER = SkillBank.starter("alfworld")


def drawn(world: int | None, count: int = 200, **shares: float) -> list[Retrieved]:
    config = HabitPractice(**{**WHOLE, **shares})  # type: ignore[arg-type]
    rng = random.Random(0)
    return [config.retriever(TASK, {"world": world}, STARTER, rng).retrieve([TASK])[0] for _ in range(count)]


def said_of(found: Retrieved, kind: str = "mug") -> tuple[str, ...] | None:
    return read_habits(render(found).text).places.get(kind)


def test_a_bank_of_all_habits_states_them_word_for_word() -> None:
    habits = true_habits(5)
    bank = habit_bank(habits)
    notes = read_habits("\n".join(skill.principle for skill in bank.skills))
    assert notes.places == habits.places
    assert notes.empty == frozenset(habits.empty)
    assert notes.second == habits.second


def test_the_right_habit_of_the_goal_alone_is_shown() -> None:
    (found,) = drawn(5, 1)
    assert said_of(found) == true_habits(5).places["mug"]
    assert len([skill for skill in found.general if skill.keywords]) == 1


def test_nothing_wrong_and_irrelevant_habits() -> None:
    right = true_habits(5).places["mug"]
    assert all(not found.ids for found in drawn(5, 20, none=1.0))
    wrong = Counter(said_of(found) == right for found in drawn(5, wrong=1.0))
    assert wrong[False] > 0.5 * wrong.total()
    beside = drawn(5, irrelevant=1.0)
    assert all(said_of(found) is None and found.ids for found in beside)


def test_an_ordinary_household_gets_hearsay_only() -> None:
    assert len({said_of(found) for found in drawn(None)}) > 3


def test_parts_of_a_bank_and_many_lines_at_once() -> None:
    stated = Counter(said_of(found) is not None for found in drawn(5, partial=1.0))
    assert 0.3 < stated[True] / stated.total() < 0.7
    sizes = [len(found.general) for found in drawn(5, flat=1.0)]
    assert min(sizes) >= 2
    assert max(sizes) > 10
    assert all(said_of(found) == true_habits(5).places["mug"] for found in drawn(5, flat=1.0))


def test_lessons_stand_beside_the_habits() -> None:
    ids = {one for found in drawn(5, lessons=1.0) for one in found.ids}
    assert ids & set(STARTER.ids)
    assert all(said_of(found) == true_habits(5).places["mug"] for found in drawn(5, lessons=1.0))


@pytest.mark.parametrize("wrong", [{"none": 0.8, "wrong": 0.3}, {"flat": 1.2}, {"flat_lines": 0}])
def test_impossible_shares_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="got"):
        HabitPractice(**wrong)  # type: ignore[arg-type]
