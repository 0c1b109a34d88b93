"""Words the habits that were found as proposals for a bank, and tells which of its old ones do not hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skill_gym.alfworld.habit_sentences import read_habits
from skill_gym.skillbanks.goals import TWO
from skill_gym.skillbanks.habit_evidence import MEMORY, RoomSeen, merge_rooms, read_rooms, recall_rooms
from skill_gym.skillbanks.habit_finder import Habit, find_habits
from skill_gym.skillbanks.skill import Provenance, Skill
from skill_gym.skillbanks.teacher import Proposal, TeacherAnswer, TeacherRequest

MARK = "habit"
"""Key in a provenance that says which habit a skill states, so that it can be revised."""

_WHEN = {
    "place": "When looking for it.",
    "empty": "When choosing where to look.",
    "second": "After the first.",
}
_TITLES = {"second": "second of two"}


@dataclass(frozen=True, slots=True)
class HabitTeaching:
    """What the rooms of a request and those that the bank remembers say about habits.

    Attributes:
        answer: Proposals, retirements and the memory.
        placed: Kinds of things whose usual place is known.
    """

    answer: TeacherAnswer
    placed: frozenset[str]


def propose_habits(request: TeacherRequest, teacher: str, *, certainty: float, most: int) -> HabitTeaching:
    """Finds the habits and compares them with those that the bank states.

    A habit that this found earlier and that reads differently now is proposed as a new version; one that is
    more likely wrong than right is to be retired, as long as all the rooms it was drawn from are remembered.

    Args:
        request: The episodes and the bank.
        teacher: Name for the provenance.
        certainty: See ``find_habits``.
        most: Kinds of places told of one kind of thing.
    """
    remembered = recall_rooms(request.bank.metadata)
    rooms = dict(remembered)
    merge_rooms(rooms, read_rooms(request.episodes))
    if not rooms:
        return HabitTeaching(TeacherAnswer(), frozenset())
    own = {mark: skill for skill in request.bank.skills if (mark := _mark(skill))}
    # Newest first: of two statements the upper one counts.
    said = read_habits("\n".join(skill.principle for skill in reversed(list(own.values()))))
    habits = find_habits(rooms, certainty=certainty, most_places=most, stated=said)
    has = {entry.fingerprint for entry in request.bank}
    proposals, known = [], []
    for habit in habits:
        proposal = _proposal(habit, request, rooms, teacher, own.get(_name(habit)))
        if proposal.fingerprint in has:
            known.append(proposal.title)
        else:
            proposals.append(proposal)
    return HabitTeaching(
        TeacherAnswer(
            proposals=tuple(proposals),
            known=tuple(known),
            retire=_refuted(own, habits, rooms),
            memory={}
            if rooms == remembered
            else {MEMORY: {key: room.to_row() for key, room in rooms.items()}},
        ),
        frozenset(habit.subject for habit in habits if habit.about == "place"),
    )


def _proposal(
    habit: Habit, request: TeacherRequest, rooms: Mapping[str, RoomSeen], teacher: str, old: Skill | None
) -> Proposal:
    return Proposal(
        title=_TITLES.get(habit.about, habit.subject),
        principle=habit.sentence,
        task_type=TWO if habit.about == "second" else None,
        when_to_apply=_WHEN[habit.about],
        provenance=Provenance(
            trajectory_ids=habit.keys,
            splits=tuple(sorted({rooms[key].split for key in habit.keys})),
            teacher=teacher,
            bank_version=request.bank.version,
            evidence=habit.evidence,
            extra={MARK: _name(habit), "certainty": round(habit.certainty, 3)},
        ),
        keywords=(habit.subject,) if habit.about == "place" else (),
        replaces=old.id if old else None,
        habit=True,
    )


def _refuted(
    own: Mapping[str, Skill], habits: Sequence[Habit], rooms: Mapping[str, RoomSeen]
) -> dict[str, str]:
    found = {_name(habit) for habit in habits}
    refuted = {}
    for mark, skill in own.items():
        witnesses = skill.provenance.trajectory_ids if skill.provenance else ()
        if mark not in found and all(key in rooms for key in witnesses):
            refuted[skill.id] = f"{skill.principle} More likely wrong than right after {len(rooms)} rooms"
    return refuted


def _name(habit: Habit) -> str:
    return f"{habit.about} {habit.subject}".strip()


def _mark(skill: Skill) -> str:
    mark = skill.provenance.extra.get(MARK, "") if skill.provenance else ""
    return mark if isinstance(mark, str) else ""
