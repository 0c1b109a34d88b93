import pytest

from skill_gym.alfworld.habit_sentences import say_place
from skill_gym.benchmarks.planted_candidates import true_effect
from skill_gym.benchmarks.planted_household import CHORES, Household
from skill_gym.benchmarks.planted_players import LUCKS
from skill_gym.benchmarks.planted_sentences import CHORE_LINES
from skill_gym.skillbanks.skill import Skill


@pytest.fixture(scope="module")
def household():
    return Household(7, games=4)


def rate(stage, tasks, lines, *, changed=False):
    wins = [stage.success(task, lines, luck, changed=changed) for task in tasks for luck in range(LUCKS)]
    return sum(wins) / len(wins)


def test_true_habits_help_and_false_ones_do_not(household):
    places = household.habits.places
    lines = [say_place(kind, told) for kind, told in places.items()]
    bare = rate(household, household.tasks, ())
    assert rate(household, household.tasks, lines) > bare + 0.1
    false = [say_place(kind, ["toilet", "sofa"]) for kind in places]
    assert rate(household, household.tasks, false) < bare + 0.05


@pytest.mark.parametrize("number", [0, 1])
def test_a_chore_that_is_forgotten_can_be_taught(household, number):
    chore = household.faults[number]
    tasks = [task for task in household.tasks if task.task_type == CHORES[chore]]
    assert rate(household, tasks, [CHORE_LINES[chore][0]]) > rate(household, tasks, ()) + 0.05


def test_teaching_what_is_known_changes_nothing(household):
    known = next(chore for chore in CHORES if chore not in household.faults)
    tasks = [task for task in household.tasks if task.task_type == CHORES[known]]
    for task in tasks:
        for luck in range(LUCKS):
            assert household.success(task, [CHORE_LINES[known][0]], luck) == household.success(task, (), luck)


def test_wasted_steps_cost_games(household):
    bare = rate(household, household.tasks, ())
    for line in (
        "Check your inventory after every step.",
        "Examine each place twice.",
        "After picking up put down what you carry.",
    ):
        assert rate(household, household.tasks, [line]) < bare - 0.02, line


def test_only_what_moved_changes(household):
    stays = [task for task in household.tasks if not household.affected(task)]
    moves = [task for task in household.tasks if household.affected(task)]
    assert stays
    assert moves
    lines = [say_place(kind, told) for kind, told in household.habits.places.items()]
    assert rate(household, stays, lines) == rate(household, stays, lines, changed=True)
    assert rate(household, moves, lines) > rate(household, moves, lines, changed=True) + 0.1


def test_equal_seeds_give_equal_games_and_outcomes(household):
    again = Household(7, games=4)
    assert [task.key for task in again.tasks] == [task.key for task in household.tasks]
    assert again.faults == household.faults
    assert again.moved == household.moved
    some = household.tasks[::17]
    assert [again.success(task, (), 0) for task in some] == [household.success(task, (), 0) for task in some]


def test_a_skill_of_a_kind_is_tried_on_its_tasks(household):
    kind = next(topic.name for topic in household.topics if topic.keywords)
    truth = true_effect(household, Skill("a", "b", say_place(kind, ["drawer"]), keywords=(kind,)))
    assert len(truth.by_task) == 4
