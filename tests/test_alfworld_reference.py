"""Our engine against the original one, on a small awkward room; skipped where it is not installed."""

import os
import random
import sys

import pytest
from small_room import HOT_GOAL, LOOK_GOAL, SENTENCE, TWO_GOAL, small_game

from skill_gym.alfworld import reference
from skill_gym.alfworld.games import Game
from skill_gym.alfworld.problem import parse_problem
from skill_gym.alfworld.reference import ReferenceGame, reference_installed
from skill_gym.alfworld.world import World

needs_original = pytest.mark.skipif(
    not reference_installed(),
    reason="the original engine is not installed: pip install 'skill-gym[alfworld]'",
)
AWKWARD = "(isCool Apple_bar_2) (canContain CabinetType SpoonType)"
SLICING = (
    "go to countertop 1", "take knife 1 from countertop 1", "slice egg 1 with knife 1",
    "slice apple 1 with knife 1", "go to fridge 1", "slice apple 2 with knife 1",
    "slice apple 2 with knife 1", "open fridge 1", "go to sinkbasin 1",
    "clean knife 1 with sinkbasin 1", "examine knife 1", "move knife 1 to sinkbasin 1",
    "go to countertop 1", "take apple 1 from countertop 1", "examine apple 1", "go to microwave 1",
    "heat apple 1 with microwave 1", "examine apple 1", "go to sinkbasin 1",
    "clean apple 1 with sinkbasin 1", "examine apple 1", "go to fridge 1", "cool apple 1 with fridge 1",
    "examine apple 1", "move apple 1 to fridge 1", "take apple 2 from fridge 1",
    "cool apple 2 with fridge 1", "examine apple 2", "Look", "", " look ", "help", "inventory",
)  # fmt: skip
TWO_PLACES = (
    "go to cabinet 1", "take bowl 1 from cabinet 1", "look", "examine bowl 1", "open cabinet 2",
    "move bowl 1 to cabinet 2", "look", "take bowl 1 from cabinet 2", "move bowl 1 to cabinet 1",
    "look", "go to countertop 1", "take mug 1 from countertop 1", "examine coffeemachine 1",
    "examine mug 1", "go to shelf 1", "move mug 1 to shelf 1", "look", "go to coffeemachine 1",
    "take mug 1 from coffeemachine 1", "move mug 1 to countertop 1", "look", "examine countertop 1",
    "go to safe 1", "use floorlamp 1", "open safe 1", "take floorlamp 1 from safe 1",
    "examine floorlamp 1", "use desklamp 1", "move floorlamp 1 to shelf 1", "look", "close safe 1",
)  # fmt: skip


def compare(game: Game, commands: list[str] | tuple[str, ...] | int) -> World:
    """Plays given commands, or that many random ones, on both engines and compares all that they say."""
    world = World(parse_problem(game.problem))
    dice = random.Random(1)
    with ReferenceGame(game) as original:
        assert original.reset() == (world.opening(game.sentence), world.admissible())
        for number in range(commands) if isinstance(commands, int) else range(len(commands)):
            if isinstance(commands, int):
                busy = [text for text in world.admissible() if not text.startswith(("go to", "examine"))]
                command = dice.choice(busy if dice.random() < 0.5 else world.admissible())
            else:
                command = commands[number]
            said = original.step(command)
            feedback = world.step(command)
            assert (feedback, world.admissible(), world.won, int(world.won), world.won) == said, command
    return world


@needs_original
@pytest.mark.parametrize(
    ("goal", "start", "commands"),
    [
        (HOT_GOAL, "loc_bar_0", SLICING),
        (TWO_GOAL, "loc_bar_5", TWO_PLACES),
        (LOOK_GOAL, "loc_bar_0", 40),
        (HOT_GOAL, "loc_bar_2", 40),
    ],
    ids=["slicing", "two places", "random look", "random heat"],
)
def test_both_engines_say_the_same(goal, start, commands):
    compare(small_game(goal=goal, start=start, more=AWKWARD), commands)


@needs_original
def test_both_engines_win_and_lose_again():
    game = small_game()
    again = ("look", "take apple 1 from fridge 1", "move apple 1 to fridge 1")
    assert compare(game, (*game.walkthrough, *again)).won


@needs_original
def test_the_original_leaves_the_process_as_it_was(monkeypatch, capsys):
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    before, stdout = list(sys.argv), sys.stdout
    with ReferenceGame(small_game()) as game:
        assert game.reset()[0].endswith(SENTENCE)
    assert (sys.argv, sys.stdout) == (before, stdout)
    assert "ALFWORLD_DATA" not in os.environ
    assert capsys.readouterr().out == ""


@needs_original
def test_a_game_that_lost_the_engine_to_another_says_so():
    first, second = ReferenceGame(small_game()), ReferenceGame(small_game())
    with pytest.raises(RuntimeError, match="call reset"):
        first.step("look")
    first.reset()
    second.reset()
    with pytest.raises(RuntimeError, match="call reset"):
        first.step("look")
    assert second.step("inventory").feedback == "You are not carrying anything."


def test_without_the_original_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr(reference, "reference_installed", lambda: False)
    reference._engine.cache_clear()
    with pytest.raises(ImportError, match=r"skill-gym\[alfworld\]"):
        ReferenceGame(small_game())
