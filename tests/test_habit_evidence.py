"""Rooms are read as they were found: contents at the first look, what is unseen, one room a task."""

import json
from dataclasses import replace

from planted_episodes import COUNTER, FRIDGE, PUT, SHELF, TAKE, episode

from skill_gym.skillbanks.goals import HEAT, PLACE, TWO
from skill_gym.skillbanks.habit_evidence import MEMORY, RoomSeen, merge_rooms, read_rooms, recall_rooms

OPEN = ("open fridge 1", "You open the fridge 1. The fridge 1 is open. In it, you see a plate 1.")


def room(*exchanges, goal="put a mug in shelf.", task_type=PLACE, number=0) -> RoomSeen:
    (found,) = read_rooms([episode(goal, task_type, exchanges, number=number)]).values()
    return found


def test_contents_are_those_of_the_first_look_and_closed_places_are_unseen():
    again = ("go to shelf 1", "You arrive at shelf 1. On the shelf 1, you see a mug 1.")
    found = room(COUNTER, TAKE, FRIDGE, SHELF, PUT, COUNTER, again)
    assert found.looked == {"countertop 1": ("mug", "egg"), "shelf 1": ()}
    assert found.unseen == ("cabinet 1", "fridge 1", "microwave 1", "shelf 2", "sinkbasin 1")
    assert room(FRIDGE, OPEN).looked == {"fridge 1": ("plate",)}


def test_a_thing_that_was_put_somewhere_is_no_sighting_there():
    carried = [COUNTER, TAKE, ("move mug 1 to shelf 2", "You move the mug 1 to the shelf 2.")]
    late = ("go to shelf 2", "You arrive at shelf 2. On the shelf 2, you see a mug 1, and a book 1.")
    assert room(*carried, late).looked["shelf 2"] == ("book",)


def test_the_goal_says_what_was_wanted_and_where_it_cannot_have_been():
    assert (room(SHELF).wanted, room(SHELF).target, room(SHELF).pair) == ("mug", "shelf", False)
    two = room(SHELF, goal="put two mug in shelf.", task_type=TWO)
    assert (two.wanted, two.target, two.pair) == ("mug", "shelf", True)
    # A cold mug may well stand on the shelf where a hot one is to go.
    assert room(SHELF, goal="put a hot mug in shelf.", task_type=HEAT).target == ""
    unknown = room(SHELF, goal="Kindly see to the mug", task_type=PLACE)
    assert (unknown.wanted, unknown.target) == ("", "")


def test_what_can_be_taken_is_told_from_furniture():
    played = episode("put a mug in shelf.", PLACE, [COUNTER, TAKE])
    offered = ("take egg 1 from countertop 1", "use desklamp 1", "go to sink 1", "examine vase 1")
    turns = tuple(replace(turn, admissible=offered) for turn in played.turns)
    (found,) = read_rooms([replace(played, turns=turns)]).values()
    assert found.useful == {"mug", "egg", "desklamp"}


def test_two_episodes_of_one_task_are_one_room():
    first, second = (episode("put a mug in shelf.", PLACE, steps) for steps in ([COUNTER], [SHELF, COUNTER]))
    (found,) = read_rooms([first, second]).values()
    assert found.looked == {"countertop 1": ("mug", "egg"), "shelf 1": ()}
    assert "shelf 1" not in found.unseen
    assert len(read_rooms([first, episode("put a mug in shelf.", PLACE, [SHELF], number=1)])) == 2


def test_episodes_that_show_no_room_tell_nothing():
    assert read_rooms([episode("put a mug in shelf.", PLACE, [FRIDGE])]) == {}
    assert read_rooms([episode("put a mug in shelf.", PLACE, [])]) == {}


def test_rooms_are_remembered_by_a_banks_metadata():
    rooms = read_rooms([episode("put two mug in shelf.", TWO, [COUNTER, TAKE, SHELF])])
    written = json.dumps({MEMORY: {key: found.to_row() for key, found in rooms.items()}})
    assert recall_rooms(json.loads(written)) == rooms
    assert recall_rooms({}) == recall_rooms({MEMORY: "a friend's own"}) == {}
    merge_rooms(rooms, recall_rooms(json.loads(written)))
    assert recall_rooms(json.loads(written)) == rooms
