"""Habits are found where there are some, and a search that sees only a part of the house invents none."""

import random
from collections.abc import Callable

import pytest

from skill_gym.alfworld.habit_sentences import HabitNotes, read_habits
from skill_gym.skillbanks.habit_evidence import RoomSeen
from skill_gym.skillbanks.habit_finder import Habit, find_habits
from skill_gym.skillbanks.habit_model import PlaceModel

KINDS = {"cabinet": 6, "countertop": 1, "drawer": 4, "fridge": 1, "shelf": 2, "sidetable": 1}
THINGS = ("apple", "book", "bowl", "cup", "egg", "fork", "knife", "mug", "plate", "spoon")
Lay = Callable[[random.Random, str], str]


def anywhere(dice: random.Random, thing: str) -> str:
    return dice.choice(
        [f"{kind} {number}" for kind, count in KINDS.items() for number in range(1, count + 1)]
    )


def tidy(dice: random.Random, thing: str) -> str:
    """Nine of ten in a place of their own; of the six kinds the shelf is nobody's."""
    if dice.random() < 0.1:
        return anywhere(dice, thing)
    kind = ("cabinet", "countertop", "drawer", "fridge", "sidetable")[THINGS.index(thing) % 5]
    return f"{kind} {dice.randint(1, KINDS[kind])}"


def household(
    lay: Lay, rooms: int, *, order: str = "fixed", each: int = 1, seed: int = 0
) -> dict[str, RoomSeen]:
    """Rooms searched for one thing until it is found, by a searcher with fixed ways or with none."""
    dice = random.Random(seed)
    found = {}
    for number in range(rooms):
        inside: dict[str, list[str]] = {
            f"{kind} {place}": [] for kind, count in KINDS.items() for place in range(1, count + 1)
        }
        for thing in THINGS:
            for _ in range(each):
                inside[lay(dice, thing)].append(thing)
        wanted = dice.choice(THINGS)
        places = list(inside)
        if order == "fixed":
            places.sort(key=lambda place: list(KINDS).index(place.split()[0]) * -1)
        else:
            dice.shuffle(places)
        looked: dict[str, tuple[str, ...]] = {}
        while places and not any(wanted in things for things in looked.values()):
            place = places.pop(0)
            looked[place] = tuple(inside[place])
        found[f"task {number}"] = RoomSeen("train", wanted, looked=looked, unseen=tuple(places))
    return found


def stated(habits: list[Habit]) -> HabitNotes:
    return read_habits("\n".join(habit.sentence for habit in habits))


@pytest.mark.parametrize("order", ["fixed", "free"])
def test_the_places_of_a_tidy_household_are_found(order):
    notes = stated(find_habits(household(tidy, 80, order=order)))
    expected = {
        thing: ("cabinet", "countertop", "drawer", "fridge", "sidetable")[THINGS.index(thing) % 5]
        for thing in THINGS
    }
    right = [thing for thing, places in notes.places.items() if places[0] == expected[thing]]
    assert len(right) >= 8
    assert len(right) == len(notes.places)


@pytest.mark.parametrize("each", [1, 3])
@pytest.mark.parametrize("order", ["fixed", "free"])
def test_things_that_lie_anywhere_have_no_place_however_one_searches(order, each):
    said = [
        stated(find_habits(household(anywhere, 60, order=order, each=each, seed=seed))).places
        for seed in range(2)
    ]
    assert sum(map(len, said)) == 0


def test_looking_at_one_kind_of_place_only_proves_nothing():
    rooms = {
        f"task {number}": RoomSeen(
            "train", looked={"countertop 1": ("mug", "cup")}, unseen=("cabinet 1", "drawer 1", "shelf 1")
        )
        for number in range(30)
    }
    assert PlaceModel(rooms).certainty("mug", "countertop") < 0.9
    assert stated(find_habits(rooms)).places == {}


def test_certainty_grows_with_evidence_and_falls_with_exceptions():
    def seen(there: int, elsewhere: int) -> float:
        rooms = {
            f"task {number}": RoomSeen(
                "train",
                looked={
                    "cabinet 1": ("mug",) if number < there else (),
                    "drawer 1": () if number < there else ("mug",),
                    "shelf 1": ("book",),
                },
            )
            for number in range(there + elsewhere)
        }
        return PlaceModel(rooms).certainty("mug", "cabinet")

    assert seen(2, 0) < seen(4, 0) < seen(8, 0)
    assert seen(8, 0) > 0.9
    assert seen(8, 0) > seen(8, 3) > seen(8, 6)
    assert seen(5, 5) < 0.6


def test_a_second_place_is_for_rooms_that_lack_the_first():
    rooms = {}
    for number in range(20):
        with_desk = number % 2 == 0
        looked = {"shelf 1": () if with_desk else ("pen",), "bed 1": ("book",), "drawer 1": ()}
        if with_desk:
            looked["desk 1"] = ("pen",)
        rooms[f"task {number}"] = RoomSeen("train", looked=looked)
    (pen,) = [habit for habit in find_habits(rooms) if habit.subject == "pen"]
    assert pen.sentence == "A pen is usually on a desk or on a shelf."
    assert "10 of 10 on a desk, 10 rooms with one" in pen.evidence
    assert "10 of 10 on a shelf, 10 other rooms with one" in pen.evidence
    assert len(pen.keys) == 20


def test_the_place_that_a_goal_rules_out_is_no_evidence_against():
    def rooms(target: str) -> dict[str, RoomSeen]:
        looked = {"fridge 1": (), "shelf 1": ("egg",), "drawer 1": (), "desk 1": ("book",)}
        kept = {"fridge 1": ("egg",), "shelf 1": (), "drawer 1": (), "desk 1": ("book",)}
        asked = {f"asked {number}": RoomSeen("train", "egg", target, looked=looked) for number in range(6)}
        return asked | {f"task {number}": RoomSeen("train", looked=kept) for number in range(6)}

    assert PlaceModel(rooms("fridge")).certainty("egg", "fridge") > 0.9
    assert PlaceModel(rooms("")).certainty("egg", "fridge") < 0.6


def test_furniture_has_no_habits_where_commands_tell_what_can_be_taken():
    looked = {"shelf 1": ("vase", "sink"), "desk 1": ("pen",), "bed 1": ("book",), "drawer 1": ("cd",)}
    rooms = {
        f"task {number}": RoomSeen("train", looked=looked, useful=frozenset({"vase", "pen"}))
        for number in range(9)
    }
    assert [habit.subject for habit in find_habits(rooms) if habit.about == "place"] == ["pen", "vase"]


def test_empty_kinds_need_looks_and_more_than_half_of_them():
    def rooms(looks: int, empty: int) -> dict[str, RoomSeen]:
        return {
            f"task {number}": RoomSeen("train", looked={"drawer 1": () if number < empty else ("pen",)})
            for number in range(looks)
        }

    (habit,) = [habit for habit in find_habits(rooms(10, 9)) if habit.about == "empty"]
    assert habit.sentence == "A drawer is usually empty."
    assert "9 of 10 looked into were empty" in habit.evidence
    assert not stated(find_habits(rooms(10, 5))).empty
    assert not stated(find_habits(rooms(1, 1))).empty
    many = {"task": RoomSeen("train", looked={f"drawer {number}": () for number in range(9)})}
    assert not stated(find_habits(many)).empty


def pairs(same: int, other: int, *, target_first: int = 0) -> dict[str, RoomSeen]:
    rooms = {}
    for number in range(same + other + target_first):
        second = "desk 1" if number < same else "bed 1" if number < same + other else "shelf 1"
        looked: dict[str, tuple[str, ...]] = {"desk 2": ("pen",)}
        looked[second] = ("pen",)
        rooms[f"task {number}"] = RoomSeen("train", "pen", "shelf", True, looked, ("drawer 1",))
    return rooms


def test_the_second_of_two_is_where_it_was_most_often():
    assert stated(find_habits(pairs(6, 1))).second == "same"
    assert stated(find_habits(pairs(1, 6))).second == "other"
    assert stated(find_habits(pairs(3, 3))).second is None
    assert stated(find_habits(pairs(1, 0))).second is None
    # A task that is half done at the start has a second at the goal, which says nothing.
    assert stated(find_habits(pairs(0, 0, target_first=9))).second is None
    (habit,) = [habit for habit in find_habits(pairs(6, 1)) if habit.about == "second"]
    assert habit.evidence.startswith("6 of 7 seconds in the same kind of place")


def test_what_was_said_stays_until_it_is_more_likely_wrong_than_right():
    doubtful = pairs(5, 3)
    assert stated(find_habits(doubtful)).second is None
    assert stated(find_habits(doubtful, stated=HabitNotes(second="same"))).second == "same"
    assert stated(find_habits(pairs(3, 5), stated=HabitNotes(second="same"))).second is None


def test_the_order_of_the_rooms_does_not_matter():
    rooms = household(tidy, 40)
    backwards = dict(reversed(rooms.items()))
    assert [habit.sentence for habit in find_habits(rooms)] == [
        habit.sentence for habit in find_habits(backwards)
    ]
