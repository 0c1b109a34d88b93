"""A small hand-written kitchen with every awkward feature, for tests of the ALFWorld engine."""

from skill_gym.alfworld.games import Game
from skill_gym.alfworld.problem import parse_problem
from skill_gym.alfworld.world import World

RECEPTACLES = {  # id: (type, location, openable)
    "Fridge_bar_1": ("Fridge", "loc_bar_1", True),
    "CounterTop_bar_1": ("CounterTop", "loc_bar_2", False),
    "CoffeeMachine_bar_1": ("CoffeeMachine", "loc_bar_2", False),
    "Sink_bar_1_bar_SinkBasin": ("SinkBasin", "loc_bar_3", False),
    "Microwave_bar_1": ("Microwave", "loc_bar_4", True),
    "Cabinet_bar_1": ("Cabinet", "loc_bar_5", True),
    "Cabinet_bar_2": ("Cabinet", "loc_bar_5", False),
    "Shelf_bar_1": ("Shelf", "loc_bar_6", False),
    "Safe_bar_1": ("Safe", "loc_bar_6", True),
}
OBJECTS = {  # id: (type, receptacles, location of the object's own fact, properties)
    "Apple_bar_1": (
        "Apple",
        ["Fridge_bar_1"],
        "loc_bar_1",
        "pickupable cleanable heatable coolable sliceable",
    ),
    "Apple_bar_2": (
        "Apple",
        ["CounterTop_bar_1"],
        "loc_bar_2",
        "pickupable cleanable heatable coolable sliceable",
    ),
    "Egg_bar_1": (
        "Egg",
        ["Microwave_bar_1"],
        "loc_bar_2",
        "pickupable cleanable heatable coolable sliceable",
    ),
    "Mug_bar_1": (
        "Mug",
        ["CounterTop_bar_1", "CoffeeMachine_bar_1"],
        "loc_bar_2",
        "pickupable cleanable heatable coolable isReceptacleObject",
    ),
    "Bowl_bar_1": (
        "Bowl",
        ["Cabinet_bar_2"],
        "loc_bar_5",
        "pickupable cleanable coolable isReceptacleObject",
    ),
    "Spoon_bar_1": ("Spoon", ["CounterTop_bar_1"], "loc_bar_2", "pickupable cleanable"),
    "Knife_bar_1": ("Knife", ["CounterTop_bar_1"], "loc_bar_2", "pickupable cleanable"),
    "Pen_bar_1": ("Pen", ["Shelf_bar_1"], "loc_bar_6", "pickupable"),
    "Pencil_bar_1": ("Pencil", ["Shelf_bar_1"], "loc_bar_6", "pickupable"),
    "Statue_bar_1": ("Statue", ["Shelf_bar_1"], "loc_bar_6", ""),
    "DeskLamp_bar_1": ("DeskLamp", ["Shelf_bar_1"], "loc_bar_6", "toggleable"),
    "FloorLamp_bar_1": ("FloorLamp", ["Safe_bar_1"], "loc_bar_6", "toggleable pickupable"),
    "Window_bar_1": ("Window", [], "loc_bar_7", ""),
}
ACCEPTS = {
    "Fridge": "Apple Egg Mug Bowl",
    "CounterTop": "Apple Egg Mug Bowl Spoon Knife Pen Pencil",
    "CoffeeMachine": "Mug",
    "SinkBasin": "Apple Egg Mug Bowl Spoon Knife",
    "Microwave": "Apple Egg Mug Bowl",
    "Cabinet": "Mug Bowl",
    "Shelf": "Mug Pen Pencil FloorLamp",
}
SENTENCE = "put a hot apple in fridge."
START = "loc_bar_0"
PLACE_GOAL = """(and (exists (?r - receptacle) (exists (?o - object) (and {extra}
    (inReceptacle ?o ?r) (objectType ?o {object}Type) (receptacleType ?r {target}Type)))))"""
LOOK_GOAL = """(and
    (exists (?ot - object ?r - receptacle ?a - agent ?l - location)
        (and (objectType ?ot DeskLampType) (toggleable ?ot) (isToggled ?ot) (receptacleAtLocation ?r ?l)
             (atLocation ?a ?l) (inReceptacle ?ot ?r)))
    (exists (?o - object ?a - agent) (and (objectType ?o PencilType) (holds ?a ?o))))"""
TWO_GOAL = """(and (exists (?r - receptacle) (exists (?o1 - object) (and
    (objectType ?o1 AppleType) (receptacleType ?r FridgeType) (inReceptacle ?o1 ?r)
    (exists (?o2 - object) (and (not (= ?o1 ?o2))
        (objectType ?o2 AppleType) (receptacleType ?r FridgeType) (inReceptacle ?o2 ?r)))))))"""


def place_goal(item: str, target: str, extra: str = "") -> str:
    return PLACE_GOAL.format(object=item, target=target, extra=extra)


HOT_GOAL = place_goal("Apple", "Fridge", "(heatable ?o) (isHot ?o)")


def write_problem(
    goal: str = HOT_GOAL, *, start: str = START, more: str = "", without: tuple[str, ...] = ()
) -> str:
    """The room as PDDL; ``more`` adds facts, ``without`` leaves out the facts with one of these texts."""
    kinds = sorted({kind for kind, *_ in OBJECTS.values()} | {"ButterKnife"})
    spots = sorted({START} | {row[1] for row in RECEPTACLES.values()} | {row[2] for row in OBJECTS.values()})
    facts = [f"(atLocation agent1 {start})"]
    for name, (kind, location, openable) in RECEPTACLES.items():
        facts += [f"(receptacleType {name} {kind}Type)", f"(receptacleAtLocation {name} {location})"]
        facts += [f"(openable {name})"] if openable else []
    for name, (kind, inside, location, properties) in OBJECTS.items():
        facts += [f"(objectType {name} {kind}Type)", f"(objectAtLocation {name} {location})"]
        facts += [f"(inReceptacle {name} {receptacle})" for receptacle in inside]
        facts += [f"({prop} {name})" for prop in properties.split()]
    facts += [f"(canContain {r}Type {o}Type)" for r, accepted in ACCEPTS.items() for o in accepted.split()]
    facts += ["(inReceptacleObject Spoon_bar_1 Mug_bar_1)", more]
    objects = [
        "agent1 - agent",
        *(f"{name} - object" for name in (*kinds, *OBJECTS)),
        *(f"{name} - receptacle" for name in RECEPTACLES),
        *(f"{spot} - location" for spot in spots),
        *(f"{kind}Type - rtype" for kind in sorted({row[0] for row in RECEPTACLES.values()})),
        *(f"{kind}Type - otype" for kind in kinds),
    ]
    kept = [fact for fact in facts if not any(text in fact for text in without)]
    lines = "\n    ".join
    return (
        "(define (problem small)\n(:domain alfred)\n"
        f"(:objects\n    {lines(objects)}\n)\n(:init\n    {lines(kept)}\n)\n(:goal\n{goal}\n)\n)\n"
    )


def small_world(goal: str = HOT_GOAL, *commands: str, **changes: object) -> World:
    """The room after some commands, each of which must be admissible."""
    world = World(parse_problem(write_problem(goal, **changes)))  # type: ignore[arg-type]
    return play(world, *commands)


def play(world: World, *commands: str) -> World:
    for command in commands:
        if command not in world.admissible():
            raise AssertionError(f"{command!r} is not admissible; these are: {world.admissible()}")
        world.step(command)
    return world


def small_game(trial: str = "trial_1", **changes: object) -> Game:
    return Game(
        id=f"valid_seen/pick_heat_then_place_in_recep-Apple-None-Fridge-1/{trial}",
        task_type="pick_heat_then_place_in_recep",
        sentence=SENTENCE,
        walkthrough=(
            "go to countertop 1",
            "take apple 1 from countertop 1",
            "go to microwave 1",
            "heat apple 1 with microwave 1",
            "go to fridge 1",
            "open fridge 1",
            "move apple 1 to fridge 1",
        ),
        problem=write_problem(**changes),  # type: ignore[arg-type]
        task_descs=("Warm up an apple and chill out", "Microwave the apple, put it in the fridge"),
        floor_plan="FloorPlan1",
    )
