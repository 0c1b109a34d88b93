"""The explorer with advice: stated habits come first, wrong ones cost steps only, and it says why it goes."""

import re
from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from skill_gym.alfworld.explorer import Explorer
from skill_gym.alfworld.games import TASK_TYPES, Game
from skill_gym.alfworld.generator import GeneratorConfig, generate
from skill_gym.alfworld.habit_sentences import (
    HabitNotes,
    read_habits,
    say_empty,
    say_place,
    say_second,
    with_article,
)
from skill_gym.alfworld.household import CAN_CONTAIN, PICKUPABLE, TOGGLEABLE
from skill_gym.alfworld.notebook import kind
from skill_gym.alfworld.problem import parse_problem
from skill_gym.alfworld.search_order import Search
from skill_gym.alfworld.world import World
from skill_gym.alfworld.worlds import true_habits

KINDS = [name.lower() for name in CAN_CONTAIN]
THINGS = [name.lower() for name in (*PICKUPABLE, *TOGGLEABLE)]
EVERYWHERE_WRONG = "\n".join(
    [
        *(say_place(thing, [KINDS[n % len(KINDS)], KINDS[-n % 7]]) for n, thing in enumerate(THINGS)),
        *map(say_empty, KINDS[::2]),
        say_second("other"),
    ]
)
STRANGE = (
    "A wug is usually in a cabinet. A mug is usually in a wardrobe. A wardrobe is usually empty.\n"
    "The third of two is usually under the second.\nA mug is usually in"
)
HABIT = (
    r"(?:An? \w+ is usually (?:(?:in|on) an? \w+(?:, | or )?)+\."
    r"|The second of two is usually in (?:the same kind of place as|another kind of place than) the first\."
    r"|An? \w+ is elsewhere\.)"
)
GRAMMAR = re.compile(
    rf"An? \w+ for an? \w+ (?:is (?:needed|not here)\.(?: {HABIT})?|may be in here\.|is here\."
    rf"|is (?:in|on) \w+ \d+\.|is held\. (?:Clean|Heat|Cool|Open|Bring|Use) it\."
    rf"|is held\. (?:{HABIT}|An? \w+ is needed\.))"
    r"|\w+ \d+ is not wanted\."
)
OPENING = (
    "-= Welcome to TextWorld, ALFRED! =-\n\nYou are in the middle of a room. Looking quickly around you, "
    "you see a bed 1, a cabinet 1, a cabinet 2, a desk 1, a drawer 1, a shelf 1, and a sofa 1.\n\n"
    "Your task is to: "
)
GO = [
    f"go to {name}" for name in ("bed 1", "cabinet 1", "cabinet 2", "desk 1", "drawer 1", "shelf 1", "sofa 1")
]


def world_of(game: Game) -> World:
    return World(parse_problem(game.problem))


def play(game: Game, advice: str, limit: int = 150) -> tuple[World, list[tuple[str, str]]]:
    """The world after the game, and what was thought and done."""
    world = world_of(game)
    explorer = Explorer(world.opening(game.sentence), advice)
    steps = []
    while not world.won and len(steps) < limit:
        command = explorer.command(world.admissible())
        thought = explorer.thought
        explorer.observe(command, world.step(command))
        steps.append((thought, command))
    return world, steps


def whereabouts(game: Game) -> str:
    """Where the things of one game lie, told as habits, the kind of place with the best chances first."""
    world = world_of(game)
    rooms = Counter(map(kind, world.layout.receptacles))
    lie: dict[str, Counter[str]] = defaultdict(Counter)
    for place, things in world.contents.items():
        for thing in things:
            lie[kind(thing)][kind(place)] += 1
    return "\n".join(
        say_place(thing, sorted(places, key=lambda place: rooms[place] / places[place]))
        for thing, places in lie.items()
    )


def told(world: int) -> str:
    """The habits of a world."""
    habits = true_habits(world)
    places = [say_place(thing, kinds) for thing, kinds in habits.places.items()]
    return "\n".join([*places, *map(say_empty, habits.empty), say_second(habits.second)])


def walk(advice: str, sentence: str) -> list[tuple[str, str]]:
    """Thoughts and commands of a search through the room above, whose places are open and empty."""
    explorer = Explorer(OPENING + sentence, advice)
    at, steps = "", []
    for _ in GO:
        command = explorer.command([*(go for go in GO if go[6:] != at), f"examine {at}", "look"])
        steps.append((explorer.thought, command))
        at = command.removeprefix("go to ")
        explorer.observe(command, f"You arrive at {at}. On the {at}, you see nothing.")
    return steps


@pytest.mark.parametrize("task_type", TASK_TYPES)
@pytest.mark.parametrize("advice", [EVERYWHERE_WRONG, STRANGE], ids=["wrong", "strange"])
def test_bad_advice_costs_steps_but_never_the_game(task_type: str, advice: str) -> None:
    for seed in range(15):
        world, _ = play(generate(task_type, seed, split="generated_test"), advice)
        assert world.won


def test_advice_that_says_nothing_changes_nothing() -> None:
    assert read_habits(STRANGE) == HabitNotes()
    for task_type in TASK_TYPES:
        game = generate(task_type, 3)
        assert play(game, STRANGE)[1] == play(game, "")[1]


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_true_advice_saves_steps(task_type: str) -> None:
    games = [generate(task_type, seed) for seed in range(25)]
    with_it = sum(len(play(game, whereabouts(game))[1]) for game in games)
    without = sum(len(play(game, "")[1]) for game in games)
    assert with_it < without


def test_the_habits_of_a_world_save_steps_and_those_of_another_do_not() -> None:
    steps: Counter[str] = Counter()
    config = GeneratorConfig(room_scale=0.5, object_scale=0.6)
    for world in range(200_000, 200_006):
        advice = {"none": "", "right": told(world), "another": told(world + 50)}
        for number in range(12):
            game = generate(
                TASK_TYPES[number % 6], number, replace(config, world=world), split="generated_test"
            )
            for name, text in advice.items():
                world_after, played = play(game, text)
                assert world_after.won
                steps[name] += len(played)
    assert steps["right"] < 0.9 * steps["none"]
    assert steps["another"] > steps["right"]


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_every_thought_of_a_won_game_is_one_of_the_known_forms(task_type: str) -> None:
    seen: set[str] = set()
    for seed in range(12):
        game = generate(task_type, seed)
        for advice in ("", whereabouts(game), EVERYWHERE_WRONG):
            world, steps = play(game, advice)
            assert world.won
            for thought, command in steps:
                assert GRAMMAR.fullmatch(thought), thought
                assert thought.endswith("is here.") == command.startswith("take ")
                if command.startswith("open "):
                    assert thought.endswith(("may be in here.", "Open it.")) or re.search(r"\d\.$", thought)
                seen.add(thought)
    assert {"usually", "needed", "elsewhere", "here", "not", "held"} <= set(
        re.findall(r"\w+", " ".join(seen))
    )


def test_a_thought_about_a_habit_is_the_note_word_for_word() -> None:
    note = say_place("mug", ["cabinet", "shelf"])
    for said in (note, "Mugs are often in cabinets and on shelves"):
        thoughts, commands = zip(*walk(f"- mug: {said}", "put a mug in desk."), strict=True)
        assert commands[:3] == ("go to cabinet 1", "go to cabinet 2", "go to shelf 1")
        mug = "A mug for a desk is"
        assert thoughts == (
            f"{mug} needed. {note}",
            *[f"{mug} not here. {note}"] * 2,
            *[f"{mug} not here. A mug is elsewhere."] * 4,
        )


def test_empty_kinds_come_after_all_where_it_may_be() -> None:
    plain = walk("", "put a pen in sofa.")
    advised = walk(say_empty("desk"), "put a pen in sofa.")
    assert [command for _, command in plain][:3] == ["go to desk 1", "go to shelf 1", "go to drawer 1"]
    # No pen can be put on a bed or into a cabinet, so these come last all the same.
    assert [command for _, command in advised][:3] == ["go to shelf 1", "go to drawer 1", "go to desk 1"]
    assert advised[0][0] == "A pen for a sofa is needed."


def test_a_note_about_the_goal_of_a_simple_task_is_no_help() -> None:
    steps = walk(say_place("mug", ["shelf"]), "put a mug in shelf.")
    assert steps[0][0] == "A mug for a shelf is needed. A mug is elsewhere."
    assert "go to shelf 1" not in [command for _, command in steps[:4]]


@pytest.mark.parametrize("second", ["same", "other"])
def test_the_second_of_two_is_looked_for_where_it_is_said_to_be(second: str) -> None:
    advice = say_second(second) + say_place("book", ["cabinet", "desk"])
    explorer = Explorer(OPENING + "put two book in shelf.", advice)

    def do(at: str, feedback: str) -> tuple[str, str]:
        command = explorer.command([*(go for go in GO if go[6:] != at), f"examine {at}", *more.get(at, ())])
        explorer.observe(command, feedback)
        return explorer.thought, command

    more = {"cabinet 1": ["take book 2 from cabinet 1"], "shelf 1": ["move book 2 to shelf 1"]}
    do("", "You arrive at cabinet 1. The cabinet 1 is open. In it, you see a book 2.")
    assert do("cabinet 1", "You pick up the book 2 from the cabinet 1.")[0] == "A book for a shelf is here."
    assert do("cabinet 1", "You arrive at shelf 1. On the shelf 1, you see nothing.") == (
        "A book for a shelf is held. Bring it.",
        "go to shelf 1",
    )
    do("shelf 1", "You move the book 2 to the shelf 1.")
    places, thoughts = [], []
    at = "shelf 1"
    for _ in range(5):
        name = explorer.command([*(go for go in GO if go[6:] != at), f"examine {at}"])[6:]
        thoughts.append(explorer.thought)
        explorer.observe(f"go to {name}", f"You arrive at {name}. On the {name}, you see nothing.")
        places.append(name)
        at = name
    book = "A book for a shelf is"
    if second == "same":
        assert places[:2] == ["cabinet 2", "desk 1"]
        assert thoughts[0] == f"{book} needed. {say_second('same')}"
        assert thoughts[1] == f"{book} not here. {say_place('book', ['cabinet', 'desk'])}"
        assert thoughts[2] == f"{book} not here. A book is elsewhere."
    else:
        assert places[0] == "desk 1"
        assert places[-1] == "cabinet 2"
        assert all(thought.endswith(f". {say_second('other')}") for thought in thoughts[:4])
        assert thoughts[4] == f"{book} not here. A book is elsewhere."


def test_the_lamp_is_looked_for_by_advice_too() -> None:
    explorer = Explorer(
        OPENING + "look at book under the desklamp.",
        say_place("desklamp", ["shelf"]) + say_place("book", ["bed"]),
    )
    assert explorer.command(GO) == "go to bed 1"
    explorer.observe("go to bed 1", "You arrive at bed 1. On the bed 1, you see a book 1.")
    explorer.observe("take book 1 from bed 1", "You pick up the book 1 from the bed 1.")
    assert explorer.command([*GO[1:], "examine bed 1"]) == "go to shelf 1"
    assert explorer.thought == "A book for a desklamp is held. A desklamp is usually on a shelf."


def test_all_places_are_searched_once_whatever_is_said() -> None:
    for advice in ("", EVERYWHERE_WRONG, say_place("mug", KINDS), "\n".join(map(say_empty, KINDS))):
        for sentence in ("put a mug in desk.", "put two mug in shelf.", "look at mug under the desklamp."):
            assert sorted(command for _, command in walk(advice, sentence)) == sorted(GO)


def test_nothing_left_is_lost() -> None:
    explorer = Explorer(OPENING + "put a mug in desk.", say_place("mug", ["cabinet"]))
    assert explorer.thought == ""
    assert (explorer.command(["look", "help"]), explorer.thought) == ("look", "Lost.")


def test_what_is_held_in_vain_and_what_is_known_elsewhere_is_said() -> None:
    explorer = Explorer(OPENING + "put a cool mug in desk.")
    explorer.observe("", "You arrive at drawer 1. The drawer 1 is open. In it, you see a mug 2, and a pen 1.")
    explorer.observe("", "You arrive at cabinet 1. The cabinet 1 is closed.")
    here = ["examine cabinet 1", "open cabinet 1", *GO]
    assert (explorer.command(here), explorer.thought) == (
        "go to drawer 1",
        "A mug for a desk is in drawer 1.",
    )
    explorer.observe("", "You are carrying: a plate 2.")
    assert (explorer.command(here), explorer.thought) == ("open cabinet 1", "plate 2 is not wanted.")


def test_a_search_sorts_stated_usual_empty_and_hopeless_kinds() -> None:
    notes = read_habits(say_place("egg", ["sofa", "microwave"]) + say_empty("sinkbasin"))
    search = Search(object="egg", notes=notes, barred="fridge")
    kinds = sorted(("bed", "fridge", "sinkbasin", "microwave", "diningtable", "sofa"), key=search.key)
    assert kinds[:4] == ["sofa", "microwave", "diningtable", "sinkbasin"]
    assert search.reason("sofa") == say_place("egg", ["sofa", "microwave"])
    assert search.reason("diningtable") == f"A{with_article('egg')[1:]} is elsewhere."
