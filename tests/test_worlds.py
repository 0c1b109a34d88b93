"""Worlds with habits: they hold as often as they should, and nothing but experience tells them."""

from collections import Counter

import gymnasium as gym
import pytest

import skill_gym  # noqa: F401 - registers the suite
from skill_gym.alfworld.furnishing import GeneratorConfig
from skill_gym.alfworld.games import TASK_TYPES
from skill_gym.alfworld.generator import GENERATED_SPLITS, GeneratedGames, generate
from skill_gym.alfworld.problem import parse_problem
from skill_gym.alfworld.world import World
from skill_gym.alfworld.worlds import WORLDS, true_habits

ENV = "skill_gym/ALFWorld-v0"
PAIR = "pick_two_obj_and_place"
PLAIN = {"two_receptacles": 0.0, "nested": 0.0, "misplaced": 0.0, "half_done": 0.0}


def kind(name: str) -> str:
    return name.rpartition(" ")[0]


def house(task_type: str, number: int, **settings: object) -> tuple[str, World]:
    """The goal's object kind and the world of a game at its start."""
    game = generate(task_type, number, GeneratorConfig(**{**PLAIN, **settings}))  # type: ignore[arg-type]
    return game.id.split("-")[1].lower(), World(parse_problem(game.problem))


def in_usual_place(world: int, habits_of: int, strength: float) -> float:
    """Share of the objects nobody asks for that lie where the habits of a world say."""
    habits = true_habits(habits_of)
    right = []
    for number in range(8):
        for task_type in TASK_TYPES:
            wanted, start = house(task_type, number, world=world, habit_strength=strength)
            kinds = {kind(name) for name in start.layout.receptacles}
            for place, things in start.contents.items():
                for thing in things:
                    usual = [one for one in habits.places.get(kind(thing), ()) if one in kinds]
                    if usual and kind(thing) != wanted:
                        right.append(kind(place) == usual[0])
    assert len(right) > 300
    return sum(right) / len(right)


def test_things_lie_where_the_world_keeps_them_as_often_as_its_strength_says() -> None:
    assert in_usual_place(7, 7, 1.0) == 1.0
    # The rest may lie in the usual place by chance.
    assert 0.8 < in_usual_place(7, 7, 0.8) < 0.92
    assert in_usual_place(7, 8, 0.8) < 0.45
    assert in_usual_place(7, 7, 0.0) < 0.45


def test_containers_that_are_usually_empty() -> None:
    world = next(number for number in range(100) if "cabinet" in true_habits(number).empty)
    filled = Counter[bool]()
    for number in range(20):
        _, start = house("pick_heat_then_place_in_recep", number, world=world)
        filled.update(bool(start.contents[name]) for name in start.contents if kind(name) == "cabinet")
    assert filled[True] / filled.total() < 0.15


@pytest.mark.parametrize("second", ["same", "other"])
def test_where_the_second_of_two_lies(second: str) -> None:
    world = next(number for number in range(100) if true_habits(number).second == second)
    same = []
    for number in range(60):
        wanted, start = house(PAIR, number, world=world, habit_strength=1.0, object_scale=0.5)
        places = [
            kind(place) for place, things in start.contents.items() for one in things if kind(one) == wanted
        ]
        if len(places) == 2:
            same.append(places[0] == places[1])
    assert len(same) > 20
    assert (sum(same) / len(same) > 0.85) if second == "same" else (sum(same) / len(same) < 0.15)


def test_nothing_tells_a_world_before_the_first_container_is_looked_into() -> None:
    worlds = [gym.make(ENV, world=number) for number in (3, 200_000)]
    for task in worlds[0].unwrapped.tasks[:30]:  # type: ignore[attr-defined]
        (first, one), (second, other) = (env.reset(options={"task": task.id}) for env in worlds)
        assert first == second
        assert one["task_key"] != other["task_key"]
        assert {**one, "task_key": "", "task": ""} == {**other, "task_key": "", "task": ""}


def test_without_a_world_the_games_are_as_they_were() -> None:
    assert "world" not in GeneratorConfig().to_dict()
    assert GeneratedGames(config=GeneratorConfig(habit_strength=0.2)).source == GeneratedGames().source
    assert GeneratedGames(config=GeneratorConfig(world=1)).source != GeneratedGames().source
    strong, weak = (GeneratorConfig(world=1, habit_strength=value) for value in (0.9, 0.5))
    assert GeneratedGames(config=strong).source != GeneratedGames(config=weak).source


def test_games_of_a_world_can_be_won_in_every_split() -> None:
    for split in GENERATED_SPLITS:
        for task_type in TASK_TYPES:
            for seed in range(3):
                game = generate(task_type, seed, GeneratorConfig(world=200_001, room_scale=0.5), split=split)
                start = World(parse_problem(game.problem))
                for command in game.walkthrough:
                    start.step(command)
                assert start.won


def test_worlds_for_training_and_for_tests_are_apart() -> None:
    numbers = [number for values in WORLDS.values() for number in (values[0], values[-1])]
    assert numbers == sorted(set(numbers))
    habits = [true_habits(values[0]) for values in WORLDS.values()]
    assert len({tuple(sorted(one.places.items())) for one in habits}) == 3
    assert true_habits(5) == true_habits(5)


@pytest.mark.parametrize("world", [-1, 300_000, 1.5, True, "3"])
def test_no_such_world(world: object) -> None:
    with pytest.raises(ValueError, match="test 200000 to 299999"):
        gym.make(ENV, world=world)


def test_official_games_have_no_world() -> None:
    with pytest.raises(ValueError, match="only generated games have a world"):
        gym.make(ENV, split="valid_seen", world=1)
