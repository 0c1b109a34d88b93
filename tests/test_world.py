"""The rules and sentences of ALFWorld, on a small hand-written room."""

import copy
import pickle
import random

import pytest
from small_room import LOOK_GOAL, SENTENCE, TWO_GOAL, place_goal, play, small_world

from skill_gym.alfworld.problem import ProblemError
from skill_gym.alfworld.text import HELP, join, join_with_articles
from skill_gym.alfworld.world import World

NOWHERE = "Nothing happens."


def test_opening_lists_all_receptacles_with_falling_numbers_and_the_task():
    world = small_world()
    assert world.opening(SENTENCE) == (
        "-= Welcome to TextWorld, ALFRED! =-\n\n"
        "You are in the middle of a room. Looking quickly around you, you see a cabinet 2, a cabinet 1, "
        "a coffeemachine 1, a countertop 1, a fridge 1, a microwave 1, a safe 1, a shelf 1, "
        "and a sinkbasin 1.\n\n"
        "Your task is to: put a hot apple in fridge."
    )


def test_opening_at_a_receptacle_faces_it():
    text = small_world(start="loc_bar_5").opening(SENTENCE)
    assert (
        text.split("\n\n")[1] == "You are facing the cabinet 2, and cabinet 1. Next to it, you see nothing."
    )


def test_first_id_in_sorted_order_gets_the_highest_number():
    layout = small_world().layout
    assert layout.ids["apple 2"] == "apple_bar_1"
    assert layout.ids["apple 1"] == "apple_bar_2"
    assert layout.ids["sinkbasin 1"] == "sink_bar_1_bar_sinkbasin"


def test_kinds_are_listed_in_the_order_of_the_raw_ids():
    world = small_world()
    # "_" sorts before letters, so pen_bar_ comes before pencil_bar_.
    assert world.step("go to shelf 1").endswith("a desklamp 1, a pen 1, a pencil 1, and a statue 1.")


def test_classes_and_objects_without_facts_are_never_named():
    names = (*small_world().layout.objects, *small_world().layout.receptacles)
    assert all(name[-1].isdigit() for name in names)
    assert "butterknife 1" not in names


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], "nothing"),
        (["a"], "a a"),
        (["egg 1", "b"], "a egg 1, and a b"),
        (["a", "b", "c"], "a a, a b, and a c"),
    ],
)
def test_lists_have_a_comma_before_and_even_for_two(items, text):
    assert join_with_articles(items) == text
    assert join(items) == text.replace("a a", "a").replace("a egg", "egg").replace("a b", "b").replace(
        "a c", "c"
    )


def test_admissible_commands_at_the_start():
    names = "cabinet 1,cabinet 2,coffeemachine 1,countertop 1,fridge 1,microwave 1,safe 1,shelf 1,sinkbasin 1"
    assert small_world().admissible() == (
        *(f"go to {name}" for name in names.split(",")),
        "help",
        "inventory",
        "look",
    )


def test_receptacles_that_share_a_place_are_both_at_hand_and_not_gone_to():
    world = small_world()
    arrival = "You arrive at coffeemachine 1. On the coffeemachine 1, you see a mug 1."
    assert world.step("go to coffeemachine 1") == arrival
    assert not {"go to coffeemachine 1", "go to countertop 1"} & set(world.admissible())
    assert {"examine countertop 1", "take spoon 1 from countertop 1"} <= set(world.admissible())
    assert (
        world.step("look")
        == "You are facing the coffeemachine 1, and countertop 1. Next to it, you see nothing."
    )


def test_closed_receptacles_hide_and_keep_their_contents():
    world = small_world()
    assert world.step("go to fridge 1") == "You arrive at fridge 1. The fridge 1 is closed."
    assert world.step("examine fridge 1") == "The fridge 1 is closed."
    assert world.step("take apple 2 from fridge 1") == NOWHERE
    assert "close fridge 1" not in world.admissible()
    assert (
        world.step("open fridge 1")
        == "You open the fridge 1. The fridge 1 is open. In it, you see a apple 2."
    )
    assert world.step("examine fridge 1") == "The fridge 1 is open. In it, you see a apple 2."
    assert "open fridge 1" not in world.admissible()
    assert world.step("take apple 2 from fridge 1") == "You pick up the apple 2 from the fridge 1."
    assert world.step("close fridge 1") == "You close the fridge 1."
    assert world.step("move apple 2 to fridge 1") == NOWHERE


def test_doors_can_be_open_at_the_start():
    world = small_world(more="(opened Fridge_bar_1)")
    assert (
        world.step("go to fridge 1")
        == "You arrive at fridge 1. The fridge 1 is open. In it, you see a apple 2."
    )


def test_a_door_is_a_matter_of_the_single_receptacle():
    world = small_world()
    # cabinet 1 is Cabinet_bar_2, which has no door.
    assert world.step("go to cabinet 1") == "You arrive at cabinet 1. On the cabinet 1, you see a bowl 1."
    assert "open cabinet 1" not in world.admissible()
    assert "open cabinet 2" in world.admissible()


def test_commands_match_exactly_but_for_white_space_around():
    world = small_world()
    assert world.step("  go to fridge 1\n").startswith("You arrive")
    for near_miss in (
        "Look",
        "look.",
        "go  to shelf 1",
        "go to shelf",
        "",
        "   ",
        "put apple 2 in/on fridge 1",
        "inv",
    ):
        before = world.admissible()
        assert world.step(near_miss) == NOWHERE
        assert world.admissible() == before


def test_help_is_one_block_that_ends_in_one_newline():
    assert small_world().step("help") == HELP
    assert HELP.startswith("Available commands:\n  look: ")
    assert HELP.endswith("using a sharp object\n")
    assert len(HELP.splitlines()) == 14
    second = [line.index(line.split(":", 1)[1].strip()) + 1 for line in HELP.splitlines()[1:]]
    assert [column for column in second if column != 37] == [35]


def test_looking_from_the_middle_shows_nothing():
    assert (
        small_world().step("look")
        == "You are in the middle of a room. Looking quickly around you, you see nothing."
    )


def test_inventory():
    world = small_world()
    assert world.step("inventory") == "You are not carrying anything."
    play(world, "go to shelf 1", "take pen 1 from shelf 1")
    assert world.step("inventory") == "You are carrying: a pen 1."


def test_one_object_in_hand_at_most():
    world = small_world()
    play(world, "go to shelf 1", "take pen 1 from shelf 1")
    assert not any(command.startswith("take") for command in world.admissible())
    assert world.step("take pencil 1 from shelf 1") == NOWHERE


def test_only_pickupable_objects_are_taken():
    world = small_world()
    play(world, "go to shelf 1")
    assert {"take pen 1 from shelf 1", "use desklamp 1"} <= set(world.admissible())
    assert not {"take statue 1 from shelf 1", "take desklamp 1 from shelf 1"} & set(world.admissible())


def test_objects_that_lie_around_are_not_examined():
    world = small_world()
    play(world, "go to shelf 1")
    assert world.step("examine pen 1") == NOWHERE
    play(world, "take pen 1 from shelf 1")
    assert world.step("examine pen 1") == "There's nothing special about pen 1."
    play(world, "move pen 1 to shelf 1")
    assert world.step("examine pen 1") == NOWHERE


def test_an_object_goes_only_where_its_kind_fits():
    world = small_world()
    play(world, "go to countertop 1", "take spoon 1 from countertop 1")
    assert world.step("move spoon 1 to coffeemachine 1") == NOWHERE
    assert world.step("move spoon 1 to countertop 1") == "You move the spoon 1 to the countertop 1."


def test_an_object_in_two_receptacles_stays_in_the_other():
    world = small_world()
    play(world, "go to countertop 1", "take mug 1 from countertop 1")
    assert world.step("examine coffeemachine 1") == "On the coffeemachine 1, you see a mug 1."
    play(world, "go to shelf 1", "move mug 1 to shelf 1", "go to countertop 1")
    assert {"take mug 1 from coffeemachine 1"} <= set(world.admissible())
    play(world, "take mug 1 from coffeemachine 1", "move mug 1 to countertop 1")
    assert [r for r, inside in world.contents.items() if "mug 1" in inside] == ["countertop 1", "shelf 1"]


def test_an_object_can_come_to_lie_in_three_receptacles():
    world = small_world()
    play(
        world, "go to countertop 1", "take mug 1 from countertop 1", "go to shelf 1", "move mug 1 to shelf 1"
    )
    play(world, "take mug 1 from shelf 1", "go to fridge 1", "open fridge 1", "move mug 1 to fridge 1")
    play(world, "take mug 1 from fridge 1", "go to countertop 1", "move mug 1 to countertop 1")
    play(
        world,
        "take mug 1 from coffeemachine 1",
        "go to shelf 1",
        "move mug 1 to shelf 1",
        "go to countertop 1",
    )
    assert sum("mug 1" in inside for inside in world.contents.values()) == 2
    play(world, "take mug 1 from countertop 1", "move mug 1 to coffeemachine 1")
    assert {r for r, inside in world.contents.items() if "mug 1" in inside} == {"coffeemachine 1", "shelf 1"}


def test_capacity_is_not_modelled():
    world = small_world()
    play(world, "go to fridge 1", "open fridge 1")
    for item in ("apple 1", "mug 1"):
        play(
            world,
            "go to countertop 1",
            f"take {item} from countertop 1",
            "go to fridge 1",
            f"move {item} to fridge 1",
        )
    assert world.contents["fridge 1"] == ("apple 2", "apple 1", "mug 1")


@pytest.mark.parametrize(
    ("verb", "station"), [("clean", "sinkbasin 1"), ("heat", "microwave 1"), ("cool", "fridge 1")]
)
def test_treatment_needs_no_open_door_leaves_the_object_in_hand_and_repeats(verb, station):
    world = small_world()
    play(world, "go to countertop 1", "take apple 1 from countertop 1", f"go to {station}")
    for _ in range(2):
        assert world.step(f"{verb} apple 1 with {station}") == f"You {verb} the apple 1 using the {station}."
    assert world.holding == "apple 1"


def test_treatment_needs_the_property_and_the_station():
    world = small_world()
    play(world, "go to countertop 1", "take spoon 1 from countertop 1", "go to microwave 1")
    assert world.step("heat spoon 1 with microwave 1") == NOWHERE
    play(world, "go to sinkbasin 1")
    assert "clean spoon 1 with sinkbasin 1" in world.admissible()
    assert not any(command.startswith("clean") for command in play(world, "go to fridge 1").admissible())


def test_heat_drives_out_cold_and_the_other_way_round():
    world = small_world(more="(isCool Apple_bar_2)")
    play(world, "go to countertop 1", "take apple 1 from countertop 1")
    assert world.step("examine apple 1") == "This is a cold apple 1."
    play(world, "go to microwave 1", "heat apple 1 with microwave 1")
    assert world.step("examine apple 1") == "This is a hot apple 1."
    play(world, "go to fridge 1", "cool apple 1 with fridge 1")
    assert world.step("examine apple 1") == "This is a cold apple 1."


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ("", "There's nothing special about apple 1."),
        ("isClean", "This is a clean apple 1."),
        ("isHot", "This is a hot apple 1."),
        ("isCool", "This is a cold apple 1."),
        ("isSliced", "This is a sliced apple 1."),
        ("isClean isHot", "This is a hot and clean apple 1."),
        ("isClean isCool", "This is a cool and clean apple 1."),
        ("isClean isSliced", "This is a clean sliced apple 1."),
        ("isHot isSliced", "This is a hot sliced apple 1."),
        ("isCool isSliced", "This is a cool sliced apple 1."),
        ("isClean isHot isSliced", "This is a hot and clean sliced apple 1."),
        ("isClean isCool isSliced", "This is a cool and clean sliced apple 1."),
    ],
)
def test_examining_tells_the_state(facts, text):
    world = small_world(more=" ".join(f"({fact} Apple_bar_2)" for fact in facts.split()))
    play(world, "go to countertop 1", "take apple 1 from countertop 1")
    assert world.step("examine apple 1") == text


def test_examining_a_vessel_tells_what_was_nested_at_the_start_only():
    world = small_world(more="(isClean Mug_bar_1)")
    play(
        world,
        "go to countertop 1",
        "take spoon 1 from countertop 1",
        "go to sinkbasin 1",
        "move spoon 1 to sinkbasin 1",
    )
    play(world, "go to countertop 1", "take mug 1 from countertop 1")
    assert world.step("examine mug 1") == "This is a normal mug 1. In it, you see a spoon 1."
    play(world, "go to cabinet 1", "move mug 1 to cabinet 1", "take bowl 1 from cabinet 1")
    assert world.step("examine bowl 1") == "This is a normal bowl 1. In it, you see nothing."


def test_a_lamp_is_used_with_full_hands_and_stays_on():
    world = small_world()
    play(world, "go to shelf 1", "take pencil 1 from shelf 1")
    for _ in range(2):
        assert world.step("use desklamp 1") == "You turn on the desklamp 1."
    assert world.toggled == {"desklamp 1"}
    assert not any(command.startswith("use") for command in play(world, "go to fridge 1").admissible())


def test_a_lamp_behind_a_closed_door_can_be_used_and_told_to_be_on():
    world = small_world()
    play(world, "go to safe 1", "use floorlamp 1", "open safe 1", "take floorlamp 1 from safe 1")
    assert world.step("examine floorlamp 1") == "This floorlamp 1 is on."


def test_slicing_reads_only_the_objects_own_location():
    world = small_world()
    play(world, "go to countertop 1")
    assert not any(command.startswith("slice") for command in world.admissible())
    play(world, "take knife 1 from countertop 1")
    # The egg lies in the microwave, but its own fact puts it here.
    assert world.step("slice egg 1 with knife 1") == "You sliced the egg 1 with the knife 1."
    assert "slice apple 1 with knife 1" in world.admissible()
    play(world, "go to microwave 1")
    assert not any(command.startswith("slice") for command in world.admissible())
    play(world, "go to fridge 1")
    for _ in range(2):  # behind the closed door, and again
        assert world.step("slice apple 2 with knife 1") == "You sliced the apple 2 with the knife 1."


def test_only_knives_slice():
    world = small_world()
    play(world, "go to countertop 1", "take spoon 1 from countertop 1")
    assert not any(command.startswith("slice") for command in world.admissible())


def test_taking_removes_the_location_here_only_and_putting_adds_one():
    world = small_world()
    play(world, "go to microwave 1", "open microwave 1", "take egg 1 from microwave 1")
    assert world.places["egg 1"] == {"loc_bar_2"}
    play(world, "move egg 1 to microwave 1")
    assert world.places["egg 1"] == {"loc_bar_2", "loc_bar_4"}


def test_look_shows_on_the_floor_what_moved_between_receptacles_here():
    world = small_world()
    play(world, "go to cabinet 1", "take bowl 1 from cabinet 1")
    facing = "You are facing the cabinet 2, and cabinet 1. Next to it, you see "
    assert world.step("look") == facing + "nothing."
    play(world, "open cabinet 2", "move bowl 1 to cabinet 2")
    assert world.step("look") == facing + "a bowl 1."
    play(world, "take bowl 1 from cabinet 2", "move bowl 1 to cabinet 1")
    # Put back in cabinet 1, but now removed from cabinet 2.
    assert world.step("look") == facing + "a bowl 1."
    play(world, "go to fridge 1", "go to cabinet 2")
    assert world.step("look") == facing + "a bowl 1."


def test_look_shows_an_object_twice_that_left_two_receptacles_here():
    world = small_world(more="(canContain CoffeeMachineType SpoonType)")
    play(
        world, "go to countertop 1", "take mug 1 from countertop 1", "go to shelf 1", "move mug 1 to shelf 1"
    )
    play(world, "go to countertop 1", "take mug 1 from coffeemachine 1", "go to shelf 1")
    assert world.step("look") == "You are facing the safe 1, and shelf 1. Next to it, you see nothing."
    play(world, "go to countertop 1")
    world.places["mug 1"] = frozenset({"loc_bar_2"})
    assert world.step("look").endswith("Next to it, you see a mug 1, and a mug 1.")


def test_placing_goal_is_won_and_can_be_lost_again():
    world = small_world(place_goal("Pen", "CounterTop"))
    play(world, "go to shelf 1", "take pen 1 from shelf 1", "go to countertop 1")
    assert not world.won
    play(world, "move pen 1 to countertop 1")
    assert world.won
    world.step("nonsense")
    assert world.won
    play(world, "take pen 1 from countertop 1")
    assert not world.won


@pytest.mark.parametrize(
    ("verb", "prop", "state", "station"),
    [
        ("clean", "cleanable", "isClean", "sinkbasin 1"),
        ("heat", "heatable", "isHot", "microwave 1"),
        ("cool", "coolable", "isCool", "fridge 1"),
    ],
)
def test_treatment_goals_want_the_same_object_treated_and_placed(verb, prop, state, station):
    world = small_world(place_goal("Apple", "SinkBasin", f"({prop} ?o) ({state} ?o)"))
    play(world, "go to countertop 1", "take apple 1 from countertop 1", f"go to {station}")
    play(
        world, f"{verb} apple 1 with {station}", *(["go to sinkbasin 1"] if station != "sinkbasin 1" else [])
    )
    assert not world.won
    play(world, "move apple 1 to sinkbasin 1")
    assert world.won


def test_treating_after_placing_wins_only_with_the_object_placed():
    world = small_world(place_goal("Apple", "CounterTop", "(coolable ?o) (isCool ?o)"))
    play(
        world,
        "go to countertop 1",
        "take apple 1 from countertop 1",
        "go to fridge 1",
        "cool apple 1 with fridge 1",
    )
    assert not world.won
    play(world, "go to countertop 1", "move apple 1 to countertop 1")
    assert world.won


def test_a_goal_is_looked_up_again_only_when_a_fact_it_reads_changes():
    world = small_world(place_goal("Pen", "CounterTop"))
    assert world.layout.goal.watched == {"inreceptacle"}
    assert small_world(LOOK_GOAL).layout.goal.watched == {"istoggled", "atlocation", "inreceptacle", "holds"}


def test_looking_goal_in_any_order_at_the_lamp():
    taken_first = small_world(LOOK_GOAL)
    play(taken_first, "go to shelf 1", "take pencil 1 from shelf 1")
    assert not taken_first.won
    assert play(taken_first, "use desklamp 1").won
    used_first = small_world(LOOK_GOAL)
    play(used_first, "go to shelf 1", "use desklamp 1")
    assert not used_first.won
    assert play(used_first, "take pencil 1 from shelf 1").won
    assert not play(used_first, "go to fridge 1").won
    assert play(used_first, "go to shelf 1").won


def test_looking_goal_wants_the_right_object_and_lamp():
    world = small_world(LOOK_GOAL)
    play(world, "go to shelf 1", "take pen 1 from shelf 1", "use desklamp 1", "use floorlamp 1")
    assert not world.won


def test_two_goal_wants_two_different_objects_in_one_receptacle():
    world = small_world(TWO_GOAL)
    play(world, "go to fridge 1", "open fridge 1")
    assert not world.won
    play(
        world,
        "go to countertop 1",
        "take apple 1 from countertop 1",
        "go to fridge 1",
        "move apple 1 to fridge 1",
    )
    assert world.won


def test_reset_forgets_everything():
    world = small_world()
    fresh = (world.opening(SENTENCE), world.admissible(), dict(world.contents))
    play(world, "go to fridge 1", "open fridge 1", "take apple 2 from fridge 1", "cool apple 2 with fridge 1")
    world.reset()
    assert (world.opening(SENTENCE), world.admissible(), world.contents) == fresh
    assert world.holding is None
    assert (world.opened, world.cool, world.removed) == (set(), set(), set())


@pytest.mark.parametrize("twin", [World.copy, copy.deepcopy, lambda world: pickle.loads(pickle.dumps(world))])
def test_copies_go_on_alike_and_apart(twin):
    world = small_world()
    play(world, "go to fridge 1", "open fridge 1", "take apple 2 from fridge 1")
    other = twin(world)
    dice = random.Random(1)
    for _ in range(40):
        command = dice.choice(world.admissible())
        assert other.step(command) == world.step(command)
        assert other.admissible() == world.admissible()
        assert other.won == world.won
    before = world.admissible()
    play(other, "go to cabinet 1" if "go to cabinet 1" in other.admissible() else "go to fridge 1")
    assert world.admissible() == before


def test_copies_share_what_never_changes():
    world = small_world()
    assert world.copy().layout is world.layout
    assert World(world.layout).layout is world.layout
    assert copy.deepcopy(world).layout is world.layout


@pytest.mark.parametrize("seed", range(4))
def test_remembered_answers_equal_fresh_ones(seed):
    world = small_world(LOOK_GOAL if seed % 2 else TWO_GOAL)
    dice = random.Random(seed)
    for _ in range(200):
        world.step(dice.choice(world.admissible()))
        fresh = world.copy()
        fresh._actions = fresh._admissible = fresh._won = None
        assert (world.admissible(), world.won) == (fresh.admissible(), fresh.won)


def test_a_hand_can_be_full_at_the_start():
    world = small_world(more="(holds agent1 Pen_bar_1) (holdsAny agent1)")
    assert world.step("inventory") == "You are carrying: a pen 1."
    assert "examine pen 1" in world.admissible()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"without": ("(atLocation",)}, "expected one (atLocation agent1 place), got 0"),
        ({"without": ("(receptacleType Fridge_bar_1",)}, "fridge_bar_1 has no fact receptacletype"),
        ({"without": ("(receptacleAtLocation Shelf_bar_1",)}, "shelf_bar_1 has no fact receptacleatlocation"),
        ({"more": "(receptacleAtLocation Shelf_bar_1 loc_bar_1)"}, "shelf_bar_1 has two facts"),
        ({"more": "(objectType Pen_bar_1 MugType)"}, "pen_bar_1 has two facts objecttype"),
        ({"more": "(holds agent1 Pen_bar_1) (holds agent1 Pencil_bar_1)"}, "one object in hand at most"),
        ({"more": "(pickupable Mug)"}, "mug cannot be named"),
    ],
)
def test_rooms_that_make_no_sense_are_refused(changes, words):
    with pytest.raises(ProblemError, match=words.replace("(", r"\(").replace(")", r"\)")):
        small_world(**changes)
