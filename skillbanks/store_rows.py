"""Rows of a bank store: how changes, events and versions are written and read. No transaction begins here."""

import json
import sqlite3
import time as clock
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from skill_gym.skillbanks.skill import Provenance
from skill_gym.skillbanks.store_events import (
    STATE_AFTER,
    Entry,
    Event,
    Kind,
    Origin,
    State,
    Step,
    Version,
    entry_text,
    parse_entry,
)
from skill_gym.skillbanks.store_state import Frame, Places, Value

CHUNK = 500
"""Rows or ids of one statement."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a history ends: version, last event and frame."""

    number: int
    name: str
    last_event: int
    size: int
    frame: Frame


def chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """At most ``CHUNK`` ids at a time."""
    chunk: list[str] = []
    for entry_id in ids:
        chunk.append(entry_id)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def marks(values: Sequence[object]) -> str:
    """Question marks for so many values."""
    return ",".join("?" * len(values))


def add_change(db: sqlite3.Connection, reason: str, origin: Origin) -> int:
    """Writes who changes the bank and why; gives the change's number."""
    moment = origin.get("time")
    row = (
        clock.time() if moment is None else moment,
        reason,
        origin.get("actor", ""),
        origin.get("teacher", ""),
        origin.get("prompt_hash", ""),
        json.dumps(list(origin.get("trajectory_ids", ()))),
        json.dumps(list(origin.get("splits", ()))),
    )
    added = db.execute("INSERT INTO changes VALUES (NULL,?,?,?,?,?,?,?)", row)
    return int(added.lastrowid or 0)


def add_steps(db: sqlite3.Connection, change: int, steps: Iterable[Step]) -> None:
    """Writes events and the state that they leave."""
    seq = last_event(db)
    events: list[tuple[Any, ...]] = []
    entries: list[tuple[Any, ...]] = []

    def flush() -> None:
        db.executemany("INSERT INTO events VALUES (?,?,?,?,?,?,?)", events)
        # An entry that is revised where it stands keeps its rank; one without a text keeps place and text.
        db.executemany(
            "INSERT INTO entries VALUES (?1,?2,?3,?4,?4) ON CONFLICT (entry) DO UPDATE SET "
            "rank=CASE WHEN ?3='' OR (?5='revised' AND place=?3) THEN rank ELSE ?4 END, "
            "place=CASE WHEN ?3='' THEN place ELSE ?3 END, state=?2, "
            "event=CASE WHEN ?3='' THEN event ELSE ?4 END",
            entries,
        )
        events.clear()
        entries.clear()

    for step in steps:
        seq += 1
        place = step.place if step.entry is not None else ""
        content = None if step.entry is None else entry_text(step.entry)
        events.append((seq, change, step.kind.value, step.entry_id, place, content, step.into))
        entries.append((step.entry_id, STATE_AFTER[step.kind].value, place, seq, step.kind.value))
        if len(events) == CHUNK:
            flush()
    flush()


def add_version(
    db: sqlite3.Connection,
    change: int,
    name: str,
    frame: Frame,
    before: Head | None,
    size: int,
    orders: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    """Publishes what the events left: so many entries, places in these orders where not in that of events."""
    last = last_event(db)
    for place, ids in orders.items():
        # Ranks are numbers of events; a new order lies between the last one and the next.
        db.executemany(
            "UPDATE entries SET rank=? WHERE entry=? AND place=?",
            ((last + (index + 1) / (len(ids) + 1), entry_id, place) for index, entry_id in enumerate(ids)),
        )
    unchanged = before is not None and before.frame.text == frame.text
    row = (
        0 if before is None else before.number + 1,
        name,
        frame.generation,
        change,
        last,
        size,
        None if unchanged else frame.text,
        json.dumps(dict(orders)) if orders else None,
    )
    db.execute("INSERT INTO versions VALUES (?,?,?,?,?,?,?,?)", row)


def last_event(db: sqlite3.Connection) -> int:
    """Number of the last event, 0 before the first."""
    (seq,) = db.execute("SELECT max(seq) FROM events").fetchone()
    return seq or 0


def head(db: sqlite3.Connection, number: int | None = None) -> Head | None:
    """The last version, or the one with this number; None where there is none."""
    where = "" if number is None else f"WHERE number={int(number)}"
    row = db.execute(
        f"SELECT number, name, last_event, size, generation FROM versions {where} "
        "ORDER BY number DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    (text,) = db.execute(
        "SELECT frame FROM versions WHERE number<=? AND frame IS NOT NULL ORDER BY number DESC LIMIT 1",
        (row[0],),
    ).fetchone()
    number, name, last, size, generation = row
    return Head(number, name, last, size, Frame(generation, text))


def present(db: sqlite3.Connection, frame: Frame) -> Places[Entry]:
    """The active entries."""
    places: Places[Entry] = Places()
    for place in frame.places:
        for entry_id, text in rows_of(db, State.ACTIVE, place):
            places.put(entry_id, place, parse_entry(text, place))
    return places


def rows_of(db: sqlite3.Connection, state: State, place: str) -> Iterator[tuple[str, str]]:
    """Ids and texts of the entries of a state and place, in order."""
    return db.execute(
        "SELECT n.entry, e.content FROM entries n JOIN events e ON e.seq=n.event "
        "WHERE n.state=? AND n.place=? ORDER BY n.rank",
        (state.value, place),
    )


def replay(
    db: sqlite3.Connection,
    places: Places[Value],
    after: int,
    until: int,
    value: Callable[[int, str], Value],
) -> None:
    """Follows the history, from behind one version to another.

    Args:
        db: An open store.
        places: The entries of version ``after``, which become those of ``until``.
        after: Number of a version, -1 for before the first.
        until: Number of a later version.
        value: What stands for an entry, given number and place of the event that holds its text.
    """
    start = head(db, after)
    done = 0 if start is None else start.last_event
    rows = db.execute(
        "SELECT last_event, orders FROM versions WHERE number>? AND number<=? ORDER BY number", (after, until)
    )
    for last, orders in rows.fetchall():
        events = db.execute(
            "SELECT seq, kind, entry, place FROM events WHERE seq>? AND seq<=? ORDER BY seq", (done, last)
        )
        for seq, kind, entry_id, place in events:
            state = STATE_AFTER[Kind(kind)]
            if state is State.ACTIVE:
                places.put(entry_id, place, value(seq, place))
            elif state in (State.RETIRED, State.MERGED):
                places.remove(entry_id)
        if orders is not None:
            places.reorder(json.loads(orders))
        done = last


def entry_at(db: sqlite3.Connection, seq: int, place: str) -> Entry:
    """The text that an event holds."""
    (text,) = db.execute("SELECT content FROM events WHERE seq=?", (seq,)).fetchone()
    return parse_entry(text, place, f"event {seq}")


def states(db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, State]:
    """States of the entries that the store knows."""
    found: dict[str, State] = {}
    for some in chunks(ids):
        query = f"SELECT entry, state FROM entries WHERE entry IN ({marks(some)})"
        found |= {entry_id: State(state) for entry_id, state in db.execute(query, some)}
    return found


def text_of(db: sqlite3.Connection, entry_id: str) -> tuple[State, str, str] | None:
    """State, place and last text of an entry."""
    row = db.execute(
        "SELECT n.state, n.place, e.content FROM entries n JOIN events e ON e.seq=n.event WHERE n.entry=?",
        (entry_id,),
    ).fetchone()
    return None if row is None else (State(row[0]), row[1], row[2])


def events(db: sqlite3.Connection, where: str, values: Sequence[object], tail: str = "") -> list[Event]:
    """Events by a condition on ``e`` (events) and ``c`` (changes), in order unless ``tail`` says other."""
    rows = db.execute(
        "SELECT e.seq, e.kind, e.entry, "
        "(SELECT min(number) FROM versions v WHERE v.change=e.change), "
        "c.time, c.reason, c.actor, c.teacher, c.prompt_hash, c.trajectory_ids, c.splits, "
        "e.place, e.content, e.target FROM events e JOIN changes c ON c.number=e.change "
        f"WHERE {where} {tail or 'ORDER BY e.seq'}",
        values,
    )
    return [_event(row) for row in rows]


def _event(row: tuple[Any, ...]) -> Event:
    seq, kind, entry_id, version, moment, reason, actor, teacher, prompt_hash = row[:9]
    trajectory_ids, splits, place, content, into = row[9:]
    entry = None if content is None else parse_entry(content, place, f"event {seq}")
    source = (entry.provenance if entry is not None else None) or Provenance()
    return Event(
        seq,
        Kind(kind),
        entry_id,
        version,
        moment,
        reason,
        actor,
        teacher or source.teacher,
        prompt_hash,
        tuple(json.loads(trajectory_ids)) or source.trajectory_ids,
        tuple(json.loads(splits)) or source.splits,
        entry,
        into,
    )


def versions(db: sqlite3.Connection, where: str = "1", values: Sequence[object] = ()) -> list[Version]:
    """Versions by a condition on ``v``, in order."""
    rows = db.execute(
        "SELECT v.number, v.name, v.generation, v.size, c.time, c.reason, c.actor, c.teacher, c.prompt_hash, "
        "v.change, v.last_event, "
        "coalesce((SELECT p.last_event FROM versions p WHERE p.number=v.number-1), 0) "
        f"FROM versions v JOIN changes c ON c.number=v.change WHERE {where} ORDER BY v.number",
        values,
    ).fetchall()
    found = []
    for *fields, change, last, before in rows:
        counted = db.execute(
            "SELECT kind, count(*) FROM events WHERE seq>? AND seq<=? AND change=? "
            "GROUP BY kind ORDER BY kind",
            (before, last, change),
        )
        number, name, generation, size, moment, reason, actor, teacher, prompt_hash = fields
        counts = dict(counted.fetchall())
        found.append(
            Version(number, name, generation, size, moment, reason, actor, teacher, prompt_hash, counts)
        )
    return found
