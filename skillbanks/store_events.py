"""The records of a bank's history: events, versions, and how they add up to a bank."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Self, TypedDict, TypeVar

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import BankError, Mistake, Skill
from skill_gym.skillbanks.skillrl_format import read_mistake, read_skill, write_entry

Entry = Skill | Mistake
Value = TypeVar("Value")

GENERAL, TASK_TYPE, MISTAKE = "general", "task_type:", "mistake"


class Kind(StrEnum):
    """What happened to an entry."""

    ADDED = "added"
    REVISED = "revised"
    MERGED = "merged"
    RETIRED = "retired"
    RESTORED = "restored"
    PROPOSED = "proposed"
    REJECTED = "rejected"


class State(StrEnum):
    """Where an entry stands; banks hold the active ones only."""

    ACTIVE = "active"
    CANDIDATE = "candidate"
    RETIRED = "retired"
    MERGED = "merged"
    REJECTED = "rejected"


STATE_AFTER = {
    Kind.ADDED: State.ACTIVE,
    Kind.REVISED: State.ACTIVE,
    Kind.RESTORED: State.ACTIVE,
    Kind.MERGED: State.MERGED,
    Kind.RETIRED: State.RETIRED,
    Kind.PROPOSED: State.CANDIDATE,
    Kind.REJECTED: State.REJECTED,
}


class Origin(TypedDict, total=False):
    """Who changed the bank, and on what grounds; all of it may be left out.

    Attributes:
        actor: Person or part of the program.
        teacher: Name of the teacher that wrote the entries.
        prompt_hash: Hash of the teacher's prompt.
        trajectory_ids: Task keys of the episodes behind the change; an entry's own provenance if left out.
        splits: Splits of those episodes.
        time: Seconds since 1970; now if left out.
    """

    actor: str
    teacher: str
    prompt_hash: str
    trajectory_ids: Sequence[str]
    splits: Sequence[str]
    time: float | None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one entry.

    Attributes:
        seq: Number of the event; later ones have higher numbers.
        kind: What happened.
        entry_id: To which entry.
        version: The first version that has it; None for what no bank shows (proposed, rejected) and did not
            come with one.
        time: Seconds since 1970.
        reason: Why.
        actor: Who did it.
        teacher: Who wrote the text.
        prompt_hash: Hash of the teacher's prompt.
        trajectory_ids: Task keys of the episodes it came from.
        splits: Their splits.
        entry: The text from then on; None where the event gave none.
        into: The entry that a merged one went into.
    """

    seq: int
    kind: Kind
    entry_id: str
    version: int | None
    time: float
    reason: str
    actor: str = ""
    teacher: str = ""
    prompt_hash: str = ""
    trajectory_ids: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    entry: Entry | None = None
    into: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One published bank.

    Attributes:
        number: 0 is the empty bank that every store begins with.
        name: The bank's own ``version``; "" for a large bank that was never materialised by its writer.
        size: Entries.
        counts: Kind of event -> how many led here from the version before.
    """

    number: int
    name: str
    generation: int
    size: int
    time: float
    reason: str
    actor: str = ""
    teacher: str = ""
    prompt_hash: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """An event before it is written."""

    kind: Kind
    entry_id: str
    place: str
    entry: Entry | None = None
    into: str | None = None


def place_of(entry: Entry) -> str:
    """The list of a bank that an entry stands in."""
    if isinstance(entry, Mistake):
        return MISTAKE
    return GENERAL if entry.category is None else TASK_TYPE + entry.category


def entry_text(entry: Entry) -> str:
    """An entry's JSON: equal texts are equal bytes in a bank file.

    Raises:
        BankError: The entry would not be read back as it is.
    """
    fields = write_entry(entry)
    where = f"entry {entry.id!r}"
    try:
        text = json.dumps(fields, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(fields)  # half a surrogate pair has no UTF-8
    except (TypeError, ValueError) as error:
        raise BankError(
            f"{where}: not JSON ({error}); keep to strings, numbers, lists and objects"
        ) from error
    if write_entry(parse_entry(text, place_of(entry), where)) != json.loads(text):
        raise BankError(f"{where}: a field or key would be lost in a file; use strings for keys and texts")
    return text


def parse_entry(text: str, place: str, where: str = "entry") -> Entry:
    """The opposite of ``entry_text``."""
    fields = json.loads(text)
    if place == MISTAKE:
        return read_mistake(fields, where)
    return read_skill(fields, where, None if place == GENERAL else place.removeprefix(TASK_TYPE))


@dataclass(frozen=True, slots=True)
class Frame:
    """What a bank has beside its entries."""

    generation: int
    text: str

    @classmethod
    def of(cls, bank: SkillBank) -> Self:
        """A bank's frame."""
        parts = {
            "category_key": bank.category_key,
            "categories": list(bank.categories),
            "metadata": dict(bank.metadata),
            "extra": dict(bank.extra),
            "keys": list(bank.keys),
        }
        return cls(bank.generation, json.dumps(parts))

    def next(self, new_categories: Iterable[str] = ()) -> Self:
        """The frame of the next generation."""
        parts = json.loads(self.text)
        parts["categories"] = list(dict.fromkeys((*parts["categories"], *new_categories)))
        return type(self)(self.generation + 1, json.dumps(parts))

    @property
    def places(self) -> tuple[str, ...]:
        """The lists of the bank, in file order."""
        return (GENERAL, *(TASK_TYPE + name for name in json.loads(self.text)["categories"]), MISTAKE)


class Places(Generic[Value]):
    """Entries, or what stands for them, by place and in order, as events leave them."""

    def __init__(self) -> None:
        self._lists: dict[str, dict[str, Value]] = {}
        self._place: dict[str, str] = {}

    def put(self, entry_id: str, place: str, value: Value) -> None:
        """Adds an entry at the end of its place, or changes it where it stands."""
        if self._place.get(entry_id, place) != place:
            self.remove(entry_id)
        self._place[entry_id] = place
        self._lists.setdefault(place, {})[entry_id] = value

    def remove(self, entry_id: str) -> None:
        """Takes an entry away, if it is there."""
        place = self._place.pop(entry_id, None)
        if place is not None:
            del self._lists[place][entry_id]

    def reorder(self, orders: Mapping[str, Sequence[str]]) -> None:
        """Puts the entries of places into these orders."""
        for place, ids in orders.items():
            old = self._lists[place]
            self._lists[place] = {entry_id: old[entry_id] for entry_id in ids}

    def copy(self) -> "Places[Value]":
        """An independent copy."""
        other: Places[Value] = Places()
        other._lists = {place: dict(values) for place, values in self._lists.items()}
        other._place = dict(self._place)
        return other

    def get(self, entry_id: str) -> Value | None:
        """The value of an entry, None where it is not."""
        place = self._place.get(entry_id)
        return None if place is None else self._lists[place][entry_id]

    def of(self, place: str) -> dict[str, Value]:
        """The entries of one place, in order."""
        return self._lists.get(place, {})

    def ids(self) -> list[str]:
        """All ids."""
        return list(self._place)

    def __len__(self) -> int:
        return len(self._place)


def follow(places: Places[Entry], steps: Iterable[Step]) -> None:
    """Does to the entries what the steps say."""
    for step in steps:
        if STATE_AFTER[step.kind] is State.ACTIVE and step.entry is not None:
            places.put(step.entry_id, step.place, step.entry)
        else:
            places.remove(step.entry_id)


def bank_of(places: Places[Entry], frame: Frame) -> SkillBank:
    """The bank that entries and frame make."""
    parts: dict[str, Any] = json.loads(frame.text)
    skills = {name: _skills(places.of(TASK_TYPE + name)) for name in parts["categories"]}
    return SkillBank(
        general=_skills(places.of(GENERAL)),
        task_specific=skills,
        mistakes=tuple(entry for entry in places.of(MISTAKE).values() if isinstance(entry, Mistake)),
        metadata=parts["metadata"],
        generation=frame.generation,
        category_key=parts["category_key"],
        extra=parts["extra"],
        keys=tuple(parts["keys"]),
    )


def _skills(entries: Mapping[str, Entry]) -> tuple[Skill, ...]:
    return tuple(entry for entry in entries.values() if isinstance(entry, Skill))


def steps_to(
    places: Places[Entry], bank: SkillBank, known: Mapping[str, State], merged: Mapping[str, str]
) -> tuple[list[Step], dict[str, list[str]]]:
    """What turns the present entries into a bank's.

    Args:
        places: The present entries.
        bank: The bank to come.
        known: States of ids that are not present but were once, or are candidates.
        merged: Id of an entry that goes -> id of the one that it went into.

    Returns:
        The steps, and the orders of the places where following the steps would give another order.

    Raises:
        BankError: An entry would not be read back as it is.
    """
    steps = []
    for entry_id in places.ids():
        if entry_id not in bank:
            into = merged.get(entry_id)
            steps.append(Step(Kind.MERGED if into else Kind.RETIRED, entry_id, "", into=into))
    for entry in bank:
        old = places.get(entry.id)
        if old is entry:
            continue
        text = entry_text(entry)
        if old is not None and place_of(old) == place_of(entry) and entry_text(old) == text:
            continue
        gone = known.get(entry.id) in (State.RETIRED, State.MERGED)
        kind = Kind.REVISED if old is not None else Kind.RESTORED if gone else Kind.ADDED
        steps.append(Step(kind, entry.id, place_of(entry), entry))
    after = places.copy()
    follow(after, steps)
    wanted: dict[str, list[str]] = {}
    for entry in bank:
        wanted.setdefault(place_of(entry), []).append(entry.id)
    return steps, {place: ids for place, ids in wanted.items() if list(after.of(place)) != ids}
