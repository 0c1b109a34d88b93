"""The habits that a bank states beside those that its world has."""

from collections.abc import Iterator
from dataclasses import dataclass

from skill_gym.alfworld.habit_sentences import HabitNotes, read_habits
from skill_gym.alfworld.worlds import WorldHabits
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Skill


@dataclass(frozen=True, slots=True)
class HabitRow:
    """One statement of a bank.

    Attributes:
        about: What it is about: a kind of object, a kind of receptacle, or "second of two".
        stated: What the bank says.
        true: What holds in the world.
        right: Whether that agrees.
        evidence: What the teacher saw.
    """

    about: str
    stated: str
    true: str
    right: bool
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class HabitTable:
    """All statements of a bank, and how many of the world's habits they are.

    Attributes:
        rows: The statements, in the order of the bank.
        known: How many habits the world has: kinds of object, empty kinds, and where the second of two is.
    """

    rows: tuple[HabitRow, ...]
    known: int

    @property
    def right(self) -> int:
        """How many statements agree with the world."""
        return sum(row.right for row in self.rows)

    def __str__(self) -> str:
        return f"{self.right} of {len(self.rows)} statements right; the world has {self.known} habits"


def compare_habits(bank: SkillBank, truth: WorldHabits) -> HabitTable:
    """Reads a bank's statements as an agent would and holds them against the truth.

    A place is right when the likeliest one that is stated is a usual one, in whatever room.
    """
    rows: dict[tuple[str, str], HabitRow] = {}
    for skill in bank.skills:
        for row in _rows(skill, read_habits(f"{skill.title}: {skill.principle}"), truth):
            kind = "empty" if row.stated == "empty" else "place"
            rows.setdefault((kind, row.about), row)
    return HabitTable(tuple(rows.values()), len(truth.places) + len(truth.empty) + 1)


def _rows(skill: Skill, notes: HabitNotes, truth: WorldHabits) -> Iterator[HabitRow]:
    evidence = skill.provenance.evidence if skill.provenance else ""
    for thing, places in notes.places.items():
        usual = truth.places.get(thing, ())
        yield HabitRow(thing, ", ".join(places), ", ".join(usual), places[0] in usual, evidence)
    for kind in sorted(notes.empty):
        is_empty = kind in truth.empty
        yield HabitRow(kind, "empty", "empty" if is_empty else "not empty", is_empty, evidence)
    if notes.second is not None:
        said = {"same": "same kind of place", "other": "another kind of place"}
        right = notes.second == truth.second
        yield HabitRow("second of two", said[notes.second], said[truth.second], right, evidence)
