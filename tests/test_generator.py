"""Generated games: solvable, the same everywhere, like the official ones, playable on the original engine."""

import hashlib
import os
import random
import subprocess
import sys
from collections import Counter

import pytest

from skill_gym.alfworld.explorer import Explorer
from skill_gym.alfworld.games import TASK_TYPES, Game, GameError
from skill_gym.alfworld.generator import GENERATED_SPLITS, GeneratedGames, GeneratorConfig, generate
from skill_gym.alfworld.goal_sentence import read_sentence
from skill_gym.alfworld.household import CAN_CONTAIN
from skill_gym.alfworld.problem import parse_problem
from skill_gym.alfworld.reference import ReferenceGame, reference_installed
from skill_gym.alfworld.world import World

CONFIGS = {
    "default": GeneratorConfig(),
    "small": GeneratorConfig(room_scale=0.1, object_scale=0.1),
    "large": GeneratorConfig(room_scale=2.0, object_scale=2.0),
    "doors everywhere": GeneratorConfig(openable=1.0, shared_location=0.5),
    "no doors": GeneratorConfig(openable=0.0, shared_location=0.0),
    "everything awkward": GeneratorConfig(
        shared_location=0.5, two_receptacles=1.0, nested=1.0, cold=1.0, misplaced=1.0, half_done=1.0
    ),
}


def world_of(game: Game) -> World:
    return World(parse_problem(game.problem))


def solved_exactly_at_the_end(game: Game) -> bool:
    world = world_of(game)
    for command in game.walkthrough:
        if world.won or command not in world.admissible():
            return False
        world.step(command)
    return world.won


@pytest.mark.parametrize("name", CONFIGS)
def test_walkthroughs_win_exactly_at_the_end(name: str) -> None:
    games = GeneratedGames(size=60, config=CONFIGS[name])
    unsolved = [task.id for task in games.tasks if not solved_exactly_at_the_end(games.game(task.id))]
    assert unsolved == []


@pytest.mark.slow
def test_two_thousand_games_are_solved_by_their_walkthroughs() -> None:
    games = GeneratedGames(size=2000)
    made = [games.game(task.id) for task in games.tasks]
    assert Counter(game.task_type for game in made) == {
        name: 334 if place < 2 else 333 for place, name in enumerate(TASK_TYPES)
    }
    assert all(solved_exactly_at_the_end(game) for game in made)
    assert len({game.problem for game in made}) == 2000


def test_all_task_types_take_turns() -> None:
    games = GeneratedGames(size=13)
    assert [task.task_type for task in games.tasks] == [*TASK_TYPES, *TASK_TYPES, TASK_TYPES[0]]


def test_games_are_the_same_in_every_process() -> None:
    program = (
        "import hashlib\n"
        "from skill_gym.alfworld.generator import generate\n"
        "from skill_gym.alfworld.games import TASK_TYPES\n"
        "games = [generate(t, 7) for t in TASK_TYPES]\n"
        "print(hashlib.sha256(repr(games).encode()).hexdigest())"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    here = hashlib.sha256(repr([generate(name, 7) for name in TASK_TYPES]).encode()).hexdigest()
    assert hashes == {here}


def test_a_version_of_the_generator_never_changes_its_games() -> None:
    """When this fails on purpose, raise VERSION: task keys promise that a key means one game."""
    games = [generate(name, 0, split=split) for name in TASK_TYPES for split in GENERATED_SPLITS]
    told = [(game.id, game.sentence, game.floor_plan, game.problem) for game in games]
    assert hashlib.sha256(repr(told).encode()).hexdigest()[:16] == "06b733032350a439"


def test_splits_share_no_game() -> None:
    problems = [
        {
            generate(name, seed, split=split).problem.partition("\n")[2]
            for name in TASK_TYPES
            for seed in range(5)
        }
        for split in GENERATED_SPLITS
    ]
    assert [len(found) for found in problems] == [30, 30, 30]
    assert len(set().union(*problems)) == 90


def test_a_game_does_not_depend_on_size_or_filter() -> None:
    everything, few = GeneratedGames(size=60), GeneratedGames(size=3, task_types=["heat"])
    heats = [task.id for task in everything.tasks if task.task_type == "pick_heat_then_place_in_recep"]
    assert [task.id for task in few.tasks] == heats[:3]
    assert few.game(heats[1]) == everything.game(heats[1])


def test_tasks_tell_the_goal_of_their_game() -> None:
    games = GeneratedGames("generated_test", size=12)
    for task in games.tasks:
        game = games.game(task.id)
        assert (game.id, game.task_type, game.sentence) == (task.id, task.task_type, task.goal)
        assert world_of(game).opening(game.sentence).endswith(f"Your task is to: {task.goal}")
        assert read_sentence(task.goal).task_type == task.task_type
        assert task.split == "generated_test"
        assert games.find(task.id) == task


def test_the_key_names_the_settings() -> None:
    plain = GeneratedGames(size=1).tasks[0].key
    assert GeneratedGames(size=1, config=GeneratorConfig(room_scale=1)).tasks[0].key == plain
    assert GeneratedGames(size=1, config=GeneratorConfig(room_scale=0.5)).tasks[0].key != plain
    assert plain.startswith("skill_gym/ALFWorld-v0:generator-v1-")


@pytest.mark.parametrize(
    "change",
    [
        lambda id_: id_.replace("generated/", "generated_test/"),
        lambda id_: id_.replace("trial_G0000000000", "trial_G0000000900"),
        lambda id_: id_.replace("trial_G0000000000", "trial_G0"),
        lambda id_: id_.replace("trial_G", "trial_T"),
        lambda id_: id_ + "/x",
        lambda id_: id_.replace("-None-", "-Shelf-"),
        lambda id_: "",
        lambda id_: "valid_seen/x/y",
    ],
)
def test_ids_that_are_not_listed_are_not_found(change) -> None:
    games = GeneratedGames(size=6)
    wrong = change(games.tasks[0].id)
    assert games.find(wrong) is None
    with pytest.raises(GameError, match="no task"):
        games.game(wrong)


def test_listing_costs_next_to_nothing() -> None:
    tasks = GeneratedGames(size=6_000_000_000).tasks
    assert len(tasks) == 6_000_000_000
    assert tasks[-1].id.endswith("trial_G0999999999")
    assert [task.id for task in tasks[6:8]] == [tasks[6].id, tasks[7].id]


def test_rooms_can_be_chosen() -> None:
    config = GeneratorConfig(rooms=["bathroom"])
    games = GeneratedGames(size=12, config=config)
    assert set(games.task_types) == {TASK_TYPES[0], TASK_TYPES[2], TASK_TYPES[5]}
    assert {games.game(task.id).floor_plan[9] for task in games.tasks} == {"4"}
    with pytest.raises(ValueError, match="add one of kitchen"):
        GeneratedGames(size=1, task_types=["heat"], config=config)


def test_the_scales_change_the_rooms() -> None:
    def mean(**settings: float) -> tuple[float, float]:
        worlds = [
            world_of(generate("pick_heat_then_place_in_recep", seed, GeneratorConfig(**settings)))
            for seed in range(20)
        ]
        receptacles = sum(len(world.layout.receptacles) for world in worlds) / 20
        return receptacles, sum(len(inside) for world in worlds for inside in world.contents.values()) / 20

    usual, small, sparse = mean(), mean(room_scale=0.3), mean(object_scale=0.3)
    assert small[0] < 0.6 * usual[0]
    assert sparse[1] < 0.6 * usual[1]


def test_rooms_are_like_the_official_ones() -> None:
    games = GeneratedGames(size=240)
    rooms: dict[str, list[World]] = {}
    for task in games.tasks:
        game = games.game(task.id)
        rooms.setdefault(str(int(game.floor_plan[9:]) // 100), []).append(world_of(game))
    # Means measured on the official games: receptacles, objects in receptacles.
    for plans, receptacles, objects in (
        ("0", 33.5, 44.4),
        ("3", 14.5, 22.9),
        ("2", 14.7, 20.6),
        ("4", 14.3, 15.5),
    ):
        worlds = rooms[plans]
        counts = sum(len(world.layout.receptacles) for world in worlds) / len(worlds)
        inside = sum(len({o for c in world.contents.values() for o in c}) for world in worlds) / len(worlds)
        assert counts == pytest.approx(receptacles, rel=0.15)
        assert inside == pytest.approx(objects, rel=0.15)
    worlds = [world for group in rooms.values() for world in group]
    inside = [w.contents[r] for w in worlds for r in w.layout.receptacles if w.layout.kind[r] == "cabinet"]
    assert sum(not things for things in inside) / len(inside) == pytest.approx(0.63, abs=0.08)


def test_awkward_features_occur_and_stay_rare() -> None:
    games = GeneratedGames(size=240)
    worlds = [world_of(games.game(task.id)) for task in games.tasks]
    lying = [[thing for things in world.contents.values() for thing in things] for world in worlds]
    rates = {
        "shared location": sum(any(len(at) > 1 for at in world.layout.at.values()) for world in worlds),
        "two receptacles": sum(len(things) > len(set(things)) for things in lying),
        "nested": sum(bool(world.layout.nested) for world in worlds),
        "cold": sum(bool(world.cool) for world in worlds),
    }
    assert all(0.02 < count / 240 < 0.9 for count in rates.values()), rates


def test_what_can_be_put_where_follows_the_table() -> None:
    world = world_of(generate("pick_cool_then_place_in_recep", 3))
    table = {name.lower(): {thing.lower() for thing in things} for name, things in CAN_CONTAIN.items()}
    present = {world.layout.kind[name] for name in world.layout.objects}
    for receptacle, accepted in world.layout.accepts.items():
        assert accepted == table[world.layout.kind[receptacle]] & present


def test_sensible_searching_beats_blind_searching() -> None:
    """Things lie where one keeps them, so an explorer that knows households finds them sooner."""
    games = GeneratedGames(size=60, task_types=["place", "clean", "cool"])
    sensible = blind = 0
    for task in games.tasks:
        game = games.game(task.id)
        sensible += steps_to_win(game, Explorer(world_of(game).opening(game.sentence)))
        blind += steps_to_win(game, BlindExplorer(world_of(game).opening(game.sentence)))
    assert sensible < 0.75 * blind


class BlindExplorer(Explorer):
    def _search(self, object_kind: str) -> str | None:
        return super()._search("nothing in particular")


def steps_to_win(game: Game, explorer: Explorer) -> int:
    world = world_of(game)
    for step in range(1, 101):
        command = explorer.command(world.admissible())
        explorer.observe(command, world.step(command))
        if world.won:
            return step
    return 100


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rooms": ["cellar"]}, "unknown room 'cellar'"),
        ({"rooms": []}, "rooms must be a list"),
        ({"rooms": "kitchen"}, "rooms must be a list"),
        ({"room_scale": 0}, "room_scale must be a number from 0.1 to 3.0"),
        ({"object_scale": "many"}, "object_scale must be a number"),
        ({"openable": 1.5}, "openable must be a number from 0.0 to 1.0"),
        ({"nested": True}, "nested must be a number"),
        ({"cold": float("nan")}, "cold must be a number"),
        ({"colour": 1}, "unknown generator setting 'colour'; the settings are rooms"),
    ],
)
def test_bad_settings_are_refused_with_a_mend(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GeneratorConfig.from_mapping(settings)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: generate("pick_cold", 0), "unknown task type 'pick_cold'"),
        (lambda: generate(TASK_TYPES[0], -1), "seed must be in"),
        (lambda: generate(TASK_TYPES[0], 10**9), "seed must be in"),
        (lambda: generate(TASK_TYPES[0], 0, split="train"), "unknown split 'train'"),
        (lambda: GeneratedGames("train"), "unknown split 'train'"),
        (lambda: GeneratedGames(size=0), "size must be an integer from 1"),
        (lambda: GeneratedGames(size=True), "size must be an integer from 1"),
        (lambda: GeneratedGames(task_types=["bake"]), "unknown task type 'bake'"),
    ],
)
def test_bad_arguments_are_refused_with_a_mend(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_settings_survive_json() -> None:
    config = GeneratorConfig(rooms=["kitchen"], openable=0.5)
    assert GeneratorConfig.from_mapping(config.to_dict()) == config
    assert GeneratorConfig.from_mapping(None) == GeneratorConfig()


REFERENCE_GAMES = int(os.environ.get("SKILL_GYM_REFERENCE_GAMES", "3"))
"""How many games the original engine plays: seconds each, so a full check (30) is asked for by name."""


@pytest.mark.skipif(
    not reference_installed(), reason="the original engine is not installed (extra: alfworld)"
)
@pytest.mark.parametrize("place", range(REFERENCE_GAMES))
def test_the_original_engine_plays_generated_games_alike(place: int) -> None:
    """The walkthrough, then random and invalid commands, with every text and list compared."""
    games = GeneratedGames("generated_test", size=max(REFERENCE_GAMES, 30))
    game = games.game(games.tasks[place].id)
    rng = random.Random(game.id)
    world = world_of(game)
    with ReferenceGame(game) as reference:
        first = reference.reset()
        assert first == (world.opening(game.sentence), world.admissible())
        admissible = first[1]
        for step in range(len(game.walkthrough) + (20 if REFERENCE_GAMES > 3 else 4)):
            if step < len(game.walkthrough):
                command = game.walkthrough[step]
            else:
                command = "dance" if rng.random() < 0.05 else rng.choice(admissible)
            answer = reference.step(command)
            admissible = answer.admissible
            seen = (world.step(command), world.admissible(), world.won)
            assert seen == (answer.feedback, answer.admissible, answer.won), (game.id, command)
            assert answer.won or step + 1 != len(game.walkthrough)
