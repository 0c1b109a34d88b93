import pytest
from planted_meadow import Meadow

from skill_gym.benchmarks.planted_players import LUCKS, Shelf, shelf_with, suits
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Skill

SUN = Skill("a", "Sun", "the sun is up", keywords=("sun",))


def test_equal_episodes_are_played_once():
    stage = Meadow()
    first = [stage.success(task, (), luck) for task in stage.tasks for luck in range(LUCKS)]
    played = stage.episodes_played
    again = [stage.success(task, ("nothing new",), luck) for task in stage.tasks for luck in range(LUCKS)]
    assert first == again
    assert played == stage.episodes_played == len(stage.tasks) * LUCKS


def test_the_change_concerns_affected_tasks_only():
    stage = Meadow()
    for task in stage.tasks:
        before = stage.success(task, (f"the {task.goal.split()[-1]} ",), 0)
        after = stage.success(task, (f"the {task.goal.split()[-1]} ",), 0, changed=True)
        assert before
        assert after or "moon" in task.goal
    moons = [task for task in stage.tasks if "moon" in task.goal]
    assert not all(stage.success(task, ("the moon",), 0, changed=True) for task in moons)


def test_a_shelf_shows_what_fits_the_goal():
    stage = Meadow()
    shelf = shelf_with(SkillBank.empty(), SUN)
    sun, moon = stage.tasks[0], stage.tasks[-1]
    assert shelf.ids(sun) == ("a",)
    assert any("the sun is up" in line for line in shelf.lines(sun))
    assert shelf.ids(moon) == ()
    assert shelf.lines(moon) == ("",)
    assert suits(SUN, sun)
    assert not suits(SUN, moon)


@pytest.mark.parametrize("tokens", [0, 1])
def test_a_shelf_keeps_its_budget(tokens):
    assert Shelf(SkillBank.empty().with_skills([SUN]), max_tokens=tokens).ids(Meadow().tasks[0]) == ()
