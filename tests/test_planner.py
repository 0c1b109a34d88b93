"""The planner: short, proven plans from any state, and None only where nothing can win."""

import json
import lzma
import random
from collections import deque
from pathlib import Path

import pytest

from skill_gym.alfworld.aim import read_aim
from skill_gym.alfworld.games import TASK_TYPES, Game
from skill_gym.alfworld.generator import GeneratedGames, GeneratorConfig, generate
from skill_gym.alfworld.planner import plan
from skill_gym.alfworld.problem import parse_problem
from skill_gym.alfworld.world import World


def world_of(game: Game) -> World:
    return World(parse_problem(game.problem))


def wins(world: World, commands: list[str] | None) -> bool:
    trial = world.copy()
    for command in commands or []:
        if trial.won or command not in trial.admissible():
            return False
        trial.step(command)
    return commands is not None and trial.won


def cannot_put_down(world: World) -> bool:
    kind = world.layout.kind.get(world.holding or "")
    return kind is not None and not any(kind in accepted for accepted in world.layout.accepts.values())


def wander(world: World, rng: random.Random) -> World:
    """Plays 5 to 40 random commands, as often as not one that changes something."""
    for _ in range(rng.randint(5, 40)):
        commands = world.admissible()
        doing = [
            command
            for command in commands
            if not command.startswith(("go ", "examine", "look", "inv", "help"))
        ]
        world.step(rng.choice(doing if doing and rng.random() < 0.5 else commands))
    return world


def world_with(facts: str, goal: str) -> World:
    """A small kitchen: two counter tops, a cabinet, a fridge and a microwave with doors, a sink basin."""
    places = [
        "start",
        "countertop_bar_1",
        "countertop_bar_2",
        "cabinet_bar_1",
        "fridge_bar_1",
        "microwave_bar_1",
    ]
    places.append("sink_bar_1_bar_sinkbasin")
    things = ["apple_bar_1", "apple_bar_2", "mug_bar_1", "teddybear_bar_1", "desklamp_bar_1"]
    objects = "".join(f" loc_{place} - location" for place in places)
    objects += "".join(f" {place} - receptacle" for place in places[1:]) + " agent1 - agent"
    objects += "".join(f" {thing} - object" for thing in things)
    kinds = {place: place.split("_bar_")[-1 if "basin" in place else 0] for place in places[1:]}
    objects += "".join(f" {kind}type - rtype" for kind in sorted(set(kinds.values())))
    objects += " appletype mugtype teddybeartype desklamptype knifetype butterknifetype - otype"
    init = "(atlocation agent1 loc_start)(openable cabinet_bar_1)(openable fridge_bar_1)"
    init += "(openable microwave_bar_1)"
    for place, kind in kinds.items():
        init += f"(receptacletype {place} {kind}type)(receptacleatlocation {place} loc_{place})"
        init += f"(cancontain {kind}type appletype)(cancontain {kind}type mugtype)"
    for thing in things:
        kind = thing.split("_bar_")[0]
        init += f"(objecttype {thing} {kind}type)"
        if kind in ("apple", "mug"):
            init += f"(cleanable {thing})(heatable {thing})(coolable {thing})"
        init += f"(toggleable {thing})" if kind == "desklamp" else f"(pickupable {thing})"
    text = f"(define (problem p) (:domain alfred) (:objects {objects}) (:init {init}{facts}) (:goal {goal}))"
    return World(parse_problem(text))


def placed(state: str = "", kind: str = "apple", target: str = "cabinet") -> str:
    return (
        f"(and (exists (?r - receptacle) (exists (?o - object) (and {state} (objecttype ?o {kind}type) "
        f"(receptacletype ?r {target}type) (inreceptacle ?o ?r)))))"
    )


TWO_APPLES = (
    "(and (exists (?r - receptacle) (exists (?o1 - object) (and (objecttype ?o1 appletype) "
    "(receptacletype ?r cabinettype) (inreceptacle ?o1 ?r) (exists (?o2 - object) (and (not (= ?o1 ?o2)) "
    "(objecttype ?o2 appletype) (receptacletype ?r cabinettype) (inreceptacle ?o2 ?r)))))))"
)
LOOK = (
    "(and (exists (?ot - object ?r - receptacle ?a - agent ?l - location) (and (objecttype ?ot desklamptype) "
    "(toggleable ?ot) (istoggled ?ot) (receptacleatlocation ?r ?l) (atlocation ?a ?l) "
    "(inreceptacle ?ot ?r))) (exists (?o - object ?a - agent) (and (objecttype ?o appletype) (holds ?a ?o))))"
)
APPLES = "(inreceptacle apple_bar_1 countertop_bar_1)(inreceptacle apple_bar_2 fridge_bar_1)"
LAMP = "(inreceptacle desklamp_bar_1 countertop_bar_1)"


def apple(world: World, number: int) -> str:
    """Display names count downwards along the ids."""
    return next(name for name, id_ in world.layout.ids.items() if id_ == f"apple_bar_{number}")


def counter(world: World, number: int) -> str:
    return next(name for name, id_ in world.layout.ids.items() if id_ == f"countertop_bar_{number}")


def played(world: World, *commands: str) -> World:
    for command in commands:
        assert command in world.admissible(), command
        world.step(command)
    return world


def test_a_plan_is_as_short_as_can_be() -> None:
    world = world_with(APPLES, placed())
    fruit, top = apple(world, 1), counter(world, 1)
    assert plan(world) == [
        f"go to {top}", f"take {fruit} from {top}", "go to cabinet 1", "open cabinet 1",
        f"move {fruit} to cabinet 1",
    ]  # fmt: skip


def test_a_won_game_needs_no_command() -> None:
    world = world_with("(inreceptacle apple_bar_1 cabinet_bar_1)", placed())
    assert world.won
    assert plan(world) == []


def test_the_world_is_left_as_it_was() -> None:
    world = world_with(APPLES, placed("(isclean ?o) (cleanable ?o)"))
    before = (world.location, world.holding, dict(world.contents), set(world.opened), world.admissible())
    assert plan(world)
    assert (
        world.location,
        world.holding,
        dict(world.contents),
        set(world.opened),
        world.admissible(),
    ) == before


def test_something_else_in_hand_is_put_down_on_the_way() -> None:
    world = world_with(APPLES + "(inreceptacle mug_bar_1 countertop_bar_1)", placed())
    top = counter(world, 1)
    played(world, f"go to {top}", f"take mug 1 from {top}")
    commands = plan(world)
    assert wins(world, commands)
    assert commands is not None
    assert commands[0] == f"move mug 1 to {top}"
    assert len(commands) == 5


def test_what_fits_nowhere_cannot_be_got_rid_of() -> None:
    world = world_with(APPLES + "(inreceptacle teddybear_bar_1 countertop_bar_1)", placed())
    top = counter(world, 1)
    played(world, f"go to {top}", f"take teddybear 1 from {top}")
    assert plan(world) is None


def test_an_object_made_hot_is_cooled_again() -> None:
    world = world_with(APPLES, placed("(iscool ?o) (coolable ?o)"))
    fruit, top = apple(world, 1), counter(world, 1)
    played(
        world, f"go to {top}", f"take {fruit} from {top}", "go to fridge 1", f"cool {fruit} with fridge 1",
        "go to microwave 1", f"heat {fruit} with microwave 1",
    )  # fmt: skip
    commands = plan(world)
    assert commands == [
        "go to fridge 1", f"cool {fruit} with fridge 1", "go to cabinet 1", "open cabinet 1",
        f"move {fruit} to cabinet 1",
    ]  # fmt: skip


def test_an_object_treated_already_is_not_treated_again() -> None:
    world = world_with(APPLES, placed("(isclean ?o) (cleanable ?o)"))
    fruit, top = apple(world, 1), counter(world, 1)
    played(
        world, f"go to {top}", f"take {fruit} from {top}", "go to sinkbasin 1",
        f"clean {fruit} with sinkbasin 1", f"move {fruit} to sinkbasin 1",
    )  # fmt: skip
    assert plan(world) == [
        f"take {fruit} from sinkbasin 1", "go to cabinet 1", "open cabinet 1", f"move {fruit} to cabinet 1",
    ]  # fmt: skip


def test_an_object_in_the_target_but_untreated_is_taken_out_again() -> None:
    facts = "(inreceptacle apple_bar_1 cabinet_bar_1)(opened cabinet_bar_1)"
    world = world_with(facts, placed("(ishot ?o) (heatable ?o)"))
    fruit = apple(world, 1)
    assert plan(world) == [
        "go to cabinet 1", f"take {fruit} from cabinet 1", "go to microwave 1",
        f"heat {fruit} with microwave 1", "go to cabinet 1", f"move {fruit} to cabinet 1",
    ]  # fmt: skip


def test_an_object_in_two_receptacles_need_not_be_brought_back() -> None:
    facts = "(inreceptacle apple_bar_1 cabinet_bar_1)(inreceptacle apple_bar_1 countertop_bar_1)"
    world = world_with(facts, placed("(isclean ?o) (cleanable ?o)"))
    fruit, top = apple(world, 1), counter(world, 1)
    assert plan(world) == [
        f"go to {top}", f"take {fruit} from {top}", "go to sinkbasin 1", f"clean {fruit} with sinkbasin 1",
    ]  # fmt: skip


def test_a_closed_target_is_opened_and_an_open_one_is_not() -> None:
    world = world_with(APPLES, placed())
    played(world, "go to cabinet 1", "open cabinet 1")
    commands = plan(world)
    assert wins(world, commands)
    assert "open cabinet 1" not in (commands or [])
    played(world, "close cabinet 1")
    assert "open cabinet 1" in (plan(world) or [])


def test_two_objects_half_done_take_half_the_commands() -> None:
    world = world_with(APPLES, TWO_APPLES)
    whole = plan(world)
    assert wins(world, whole)
    assert whole is not None
    done = next(place for place, command in enumerate(whole) if command.startswith("move")) + 1
    played(world, *whole[:done])
    assert plan(world) == whole[done:]


def test_the_lamp_may_be_on_already() -> None:
    world = world_with(APPLES + LAMP, LOOK)
    fruit, top = apple(world, 1), counter(world, 1)
    assert plan(world) == [f"go to {top}", f"take {fruit} from {top}", "use desklamp 1"]
    played(world, f"go to {top}", "use desklamp 1", f"take {fruit} from {top}")
    assert world.won
    played(world, "go to sinkbasin 1")
    assert plan(world) == [f"go to {top}"]


def test_goals_of_other_shapes_are_not_guessed_at() -> None:
    world = world_with(APPLES, "(exists (?o - object) (and (objecttype ?o appletype) (isclean ?o)))")
    assert read_aim(world.layout) is None
    assert plan(world) is None


def breadth_first(world: World, limit: int) -> int | None:
    """Length of the shortest solution up to a limit, by trying everything."""

    def key(state: World) -> object:
        return (
            state.location, state.holding, tuple(sorted(state.contents.items())), frozenset(state.opened),
            frozenset(state.clean), frozenset(state.hot), frozenset(state.cool), frozenset(state.toggled),
        )  # fmt: skip

    queue, seen = deque([(world.copy(), 0)]), {key(world)}
    while queue:
        state, depth = queue.popleft()
        if state.won:
            return depth
        if depth == limit:
            continue
        for command in state.admissible():
            following = state.copy()
            following.step(command)
            if key(following) not in seen:
                seen.add(key(following))
                queue.append((following, depth + 1))
    return None


@pytest.mark.parametrize(
    "goal",
    [placed(), placed("(isclean ?o)(cleanable ?o)"), TWO_APPLES, LOOK],
    ids=["place", "clean", "two", "look"],
)
@pytest.mark.parametrize("seed", range(4))
def test_no_plan_is_shorter(goal: str, seed: int) -> None:
    world = world_with(APPLES + LAMP, goal)
    rng = random.Random(seed)
    for _ in range(seed * 4):
        world.step(rng.choice([command for command in world.admissible() if "examine" not in command]))
    commands = plan(world)
    assert wins(world, commands)
    assert commands
    # Anything shorter would be found within one command less; the search grows fast, so only up to six deep.
    assert breadth_first(world, min(len(commands) - 1, 6)) is None


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_generated_games_are_won_from_wherever_chance_led(task_type: str) -> None:
    config = GeneratorConfig(shared_location=0.3, two_receptacles=1.0, half_done=0.5)
    rng = random.Random(task_type)
    for seed in range(40):
        world = wander(world_of(generate(task_type, seed, config)), rng)
        commands = plan(world)
        assert wins(world, commands) or (commands is None and cannot_put_down(world))
        assert commands is None or len(commands) <= 15


def test_the_aim_does_not_depend_on_names_or_order_in_the_formula() -> None:
    first = world_with(APPLES, placed("(isclean ?o) (cleanable ?o)"))
    other = world_with(
        APPLES,
        "(exists (?cup - receptacle ?x - object) (and (inreceptacle ?x ?cup) (cleanable ?x) "
        "(receptacletype ?cup cabinettype) (isclean ?x) (objecttype ?x appletype)))",
    )
    assert read_aim(first.layout) == read_aim(other.layout)
    assert plan(first) == plan(other)


def test_every_task_type_has_an_aim() -> None:
    for task in GeneratedGames(size=6).tasks:
        aim = read_aim(world_of(GeneratedGames(size=6).game(task.id)).layout)
        assert aim is not None
        assert aim.count == (2 if task.task_type == "pick_two_obj_and_place" else 1)
        assert bool(aim.lamps) == (task.task_type == "look_at_obj_in_light")


@pytest.mark.parametrize(("split", "stride"), [("valid_seen", 1), ("valid_train", 1), ("train", 10)])
def test_official_games_are_planned_no_longer_than_their_walkthroughs(
    shared_data: Path, split: str, stride: int
) -> None:
    rng = random.Random(split)
    with lzma.open(shared_data / "alfworld" / f"{split}.jsonl.xz", "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number % stride:
                continue
            row = json.loads(line)
            world = World(parse_problem(row["pddl_problem"]))
            commands = plan(world)
            assert wins(world, commands), row["id"]
            assert commands is not None
            assert len(commands) <= len(row["walkthrough"]), row["id"]
            commands = plan(wander(world, rng))
            assert wins(world, commands) or (commands is None and cannot_put_down(world)), row["id"]
            assert commands is None or len(commands) <= 50
