"""The records of a bank's history: events, versions, and the texts of entries."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypedDict

from skill_gym.skillbanks.skill import BankError, Mistake, Skill
from skill_gym.skillbanks.skillrl_format import read_mistake, read_skill, write_entry

Entry = Skill | Mistake

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
