"""The figures on found habits: what counts as right, and what holds in games that nobody played."""

import json

from skill_gym.alfworld.habit_sentences import HabitNotes
from skill_gym.benchmarks import found_habits
from skill_gym.skillbanks.habit_evidence import RoomSeen


def fresh(number: int, *, desk: tuple[str, ...] = (), shelf: tuple[str, ...] = (), **goal: str) -> RoomSeen:
    looked = {"desk 1": desk, f"shelf {number}": shelf, "bed 1": ()}
    return RoomSeen("", looked=looked, **goal)


def test_a_stated_place_holds_when_most_things_lie_there():
    rooms = [fresh(1, desk=("pen", "pen"), shelf=("pen",)), fresh(2, shelf=("cd",)), fresh(3, desk=("cd",))]
    notes = HabitNotes({"pen": ("desk",), "cd": ("shelf",), "vase": ("desk",)})
    # Half is not more than half, and what does not occur is not judged.
    assert found_habits._places_hold(notes, rooms) == (1, 2)


def test_a_later_place_is_judged_in_rooms_without_the_first():
    rooms = [fresh(1, shelf=("pen",)), fresh(2, shelf=("pen",))]
    lacking = [RoomSeen("", looked={"shelf 1": ("pen",), "bed 1": ()})]
    notes = HabitNotes({"pen": ("desk", "shelf")})
    assert found_habits._places_hold(notes, rooms) == (0, 1)
    assert found_habits._places_hold(notes, [*rooms, *lacking]) == (1, 2)


def test_what_the_goal_rules_out_is_not_judged():
    asked = [fresh(number, shelf=("pen",), wanted="pen", target="desk") for number in range(5)]
    notes = HabitNotes({"pen": ("desk",)})
    assert found_habits._places_hold(notes, [*asked, fresh(9, desk=("pen",))]) == (1, 1)


def test_empty_kinds_hold_when_most_are_empty():
    rooms = [fresh(1, desk=("pen",)), fresh(2, desk=("pen",), shelf=("cd",)), fresh(3)]
    notes = HabitNotes(empty=frozenset({"desk", "shelf", "safe"}))
    assert found_habits._empty_holds(notes, rooms) == (1, 2)


def test_a_small_run_prints_and_writes_its_figures(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(found_habits, "EPISODES", (20,))
    monkeypatch.setattr(found_habits, "FRESH", 12)
    path = tmp_path / "found.json"
    found_habits.main(["--worlds", "2", "--json", str(path)])
    figures = json.loads(path.read_text())["figures"]
    assert figures["worlds"] == 2
    assert figures["place_precision_20"] > figures["place_precision_elsewhere_20"]
    assert 0 < figures["place_recall_20"] <= figures["place_recall_met_20"] <= 1
    assert "stated places that the world lists" in capsys.readouterr().out
