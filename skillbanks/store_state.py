"""How events add up to a bank, and a bank comes apart into events."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.store_events import (
    GENERAL,
    MISTAKE,
    STATE_AFTER,
    TASK_TYPE,
    Entry,
    Kind,
    State,
    Step,
    entry_text,
    place_of,
)

Value = TypeVar("Value")


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
