"""Pages through a bank store: entries by state, place and words, and what is known of them."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skill_gym.skillbanks.store_events import GENERAL, MISTAKE, Entry, State, parse_entry
from skill_gym.skillbanks.store_rows import chunks, marks
from skill_gym.skillbanks.store_schema import BUSY_S, connect, told


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of a store, in any state."""

    entry: Entry
    state: State
    place: str


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was asked for, and how many there are on all pages."""

    total: int
    entries: tuple[Listed, ...]


class StoreListing:
    """Answers a reviewer's questions straight from the file; nothing of the store is held in memory.

    General skills come first, then those of task types by name, then mistakes, each in the bank's order.
    Safe to use from several threads.

    Args:
        path: A store.
        busy_s: How long to wait for another process.

    Raises:
        StoreError: The file is missing or no store.
    """

    def __init__(self, path: str | Path, *, busy_s: float = BUSY_S) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._db = connect(self.path, write=False, busy_s=busy_s)
        self._db.create_function("says", 3, _Words.say, deterministic=True)

    def close(self) -> None:
        """Closes the file; the listing cannot be used any more."""
        with self._lock:
            self._db.close()

    def counts(self) -> dict[tuple[State, str], int]:
        """Entries by state and place, places in order."""
        with self._reading() as db:
            rows = db.execute("SELECT state, place, count(*) FROM entries GROUP BY state, place").fetchall()
        return {
            (State(state), place): number
            for state, place, number in sorted(rows, key=lambda row: (row[0], order_of(row[1])))
        }

    def find(
        self,
        words: str = "",
        *,
        states: Iterable[State],
        place: str | None = None,
        newest: bool = False,
        among: Sequence[str] | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> Found:
        """Entries whose id or texts, provenance included, have all these words in them, in any case.

        Args:
            words: Parts of words do; none finds all.
            states: Entries in one of these.
            place: Only this list of the bank (``place_of``).
            newest: The last written first, not in the bank's order.
            among: Only these entries, in this order.
            offset: So many are passed over.
            limit: At most so many are given.
        """
        wanted = tuple(state.value for state in states)
        where, values = f"n.state IN ({marks(wanted)})", list[object](wanted)
        if place is not None:
            where, values = f"{where} AND n.place=?", [*values, place]
        if sought := _Words.key(words):
            where, values = f"{where} AND says(?, n.entry, e.content)", [*values, sought]
        tables = "entries n JOIN events e ON e.seq=n.event" if sought else "entries n"
        if among is not None:
            tables += " JOIN json_each(?) a ON a.value=n.entry"
            values = [json.dumps(list(among)), *values]
        order = "a.key" if among is not None else "n.event DESC" if newest else f"{_ORDER}, n.place, n.rank"
        with self._reading() as db:
            (total,) = db.execute(f"SELECT count(*) FROM {tables} WHERE {where}", values).fetchone()
            ids = db.execute(
                f"SELECT n.entry FROM {tables} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",
                [*values, limit, offset],
            ).fetchall()
            return Found(total, _listed(db, [entry_id for (entry_id,) in ids]))

    def get(self, ids: Sequence[str]) -> tuple[Listed, ...]:
        """The entries with these ids, in this order; unknown ones are left out."""
        with self._reading() as db:
            return _listed(db, ids)

    def evidence(self, ids: Iterable[str] | None = None) -> dict[tuple[str, str], dict[str, Any]]:
        """What ``BankStore.save_evidence`` wrote of these entries, by (id, task type); of all with None."""
        query = "SELECT entry, task_type, content FROM evidence"
        with self._reading() as db:
            if ids is None:
                rows = db.execute(query).fetchall()
            else:
                rows = [
                    row
                    for some in chunks(ids)
                    for row in db.execute(f"{query} WHERE entry IN ({marks(some)})", some)
                ]
        return {(entry_id, task_type): json.loads(text) for entry_id, task_type, text in sorted(rows)}

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, told(self.path):
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                if self._db.in_transaction:
                    self._db.execute("COMMIT")


_ORDER = f"CASE n.place WHEN '{GENERAL}' THEN 0 WHEN '{MISTAKE}' THEN 2 ELSE 1 END"


def order_of(place: str) -> tuple[int, str]:
    """Sorts places: general, task types by name, mistakes."""
    return {GENERAL: 0, MISTAKE: 2}.get(place, 1), place


def _listed(db: sqlite3.Connection, ids: Sequence[str]) -> tuple[Listed, ...]:
    found: dict[str, Listed] = {}
    for some in chunks(ids):
        rows = db.execute(
            "SELECT n.entry, n.state, n.place, e.content FROM entries n JOIN events e ON e.seq=n.event "
            f"WHERE n.entry IN ({marks(some)})",
            some,
        )
        for entry_id, state, place, text in rows:
            found[entry_id] = Listed(parse_entry(text, place, entry_id), State(state), place)
    return tuple(found[entry_id] for entry_id in ids if entry_id in found)


class _Words:
    """The search: every word in the id or in a text, whatever the case."""

    @staticmethod
    def key(words: str) -> str:
        return json.dumps(words.casefold().split()) if words.strip() else ""

    @staticmethod
    def say(sought: str, entry_id: str, content: str) -> bool:
        words = json.loads(sought)
        folded = content.casefold()
        # JSON leaves plain ASCII as it is; most entries need no parsing to be ruled out.
        if not all(
            word in folded or word in entry_id.casefold()
            for word in words
            if word.isascii() and word.isprintable() and not {'"', "\\"} & set(word)
        ):
            return False
        text = "\n".join((entry_id, *_strings(json.loads(content)))).casefold()
        return all(word in text for word in words)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
