"""What can be asked of a bank store: the published bank, every version before it, and who changed what."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from skill_gym.skillbanks import store_rows as rows
from skill_gym.skillbanks.bank import BankDiff, SkillBank
from skill_gym.skillbanks.store_events import Entry, Event, State, Version, parse_entry
from skill_gym.skillbanks.store_schema import (
    BUSY_S,
    FROZEN,
    StoreError,
    StoreGone,
    address,
    connect,
    identity,
    stamp,
    told,
)
from skill_gym.skillbanks.store_state import Frame, Places, bank_of
from skill_gym.skillbanks.store_vectors import VectorTable


class BankHistory:
    """A bank store for reading; ``BankStore`` also writes.

    Attributes:
        path: The file.
        writable: Whether it was opened for writing.
        vectors: Embeddings of texts, in a file beside it.
    """

    def __init__(
        self, path: str | Path, *, write: bool = False, create: bool = True, busy_s: float = BUSY_S
    ) -> None:
        self.path = Path(path)
        self.writable = write
        self._lock = threading.RLock()
        self._busy_s = busy_s
        self._db = connect(self.path, write=write, create=create, busy_s=busy_s)
        self._identity = identity(self.path)
        self._stamp = self._frozen()
        self.vectors = VectorTable(self.path.with_name(f"{self.path.name}-vectors"), busy_s=busy_s)
        self._places: Places[Entry] | None = None
        self._bank: SkillBank | None = None
        self._head = rows.Head(-1, "", 0, 0, Frame(0, ""))
        try:
            with told(self.path):
                self._begin_history()
            with self._reading() as db:
                self._head = self._last(db)
            self._seen = self._data_version()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(
        cls, path: str | Path, *, write: bool = False, create: bool = True, busy_s: float = BUSY_S
    ) -> Self:
        """Opens a store; with ``write`` a missing one is made.

        Args:
            path: The file.
            write: Whether this process will change the bank.
            create: Whether a missing store is made; only with ``write``.
            busy_s: How long a change waits for another process's.

        Raises:
            StoreError: Missing, locked, damaged, read-only, full, or written by a newer skill-gym; the
                message says what to do.
        """
        return cls(path, write=write, create=create, busy_s=busy_s)

    def close(self) -> None:
        """Closes the file; the store cannot be used any more."""
        with self._lock:  # never under another thread's question
            self.vectors.close()
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Reading

    @property
    def bank(self) -> SkillBank:
        """The published bank that this store last looked at; ``refresh`` looks again."""
        with self._lock:
            if self._bank is None:
                with self._reading() as db:
                    self._catch_up(db, load=True)
            if self._bank is None:
                raise StoreError(f"{self.path}: no bank could be made; open the store again")
            return self._bank

    @property
    def head(self) -> Version:
        """The version of ``bank``."""
        with self._reading() as db:
            return rows.versions(db, "v.number=?", (self._head.number,))[0]

    def refresh(self) -> bool:
        """Takes in what was published since, reading only what is new; whether there was anything.

        Cheap enough to be called before every use: without news it is one question to the page cache.

        Raises:
            StoreGone: The file was removed or replaced.
        """
        with self._lock, told(self.path):
            self._expect_same_file()
            self._thaw()
            seen = self._data_version()
            if seen == self._seen:
                return False
            with self._reading() as db:
                before = self._head.number
                self._catch_up(db, load=self._bank is not None)
            self._seen = seen
            return self._head.number != before

    def versions(self) -> list[Version]:
        """All versions, the oldest first."""
        with self._reading() as db:
            return rows.versions(db)

    def version(self, which: int | str) -> SkillBank:
        """A bank as it was published: ``dumps()`` gives the same bytes.

        Args:
            which: Number of a version, or name of a bank.

        Raises:
            StoreError: There is no such version.
        """
        with self._reading() as db:
            return self._rebuilt(db, self._number(db, which))

    def diff(self, a: int | str, b: int | str) -> BankDiff:
        """What changed from one version to another."""
        return self.version(a).diff(self.version(b))

    def blame(self, entry_id: str) -> list[Event]:
        """Everything that happened to an entry, the oldest first.

        Raises:
            StoreError: The store never had it.
        """
        with self._reading() as db:
            found = rows.events(db, "e.entry=?", (entry_id,))
        if not found:
            raise StoreError(f"{self.path}: no entry {entry_id!r} was ever here; log() lists what was")
        return found

    def log(self, limit: int | None = None, *, before: int | None = None) -> list[Event]:
        """The latest events, the newest first.

        Args:
            limit: At most so many.
            before: Only events with a lower number, for reading on.
        """
        tail = "ORDER BY e.seq DESC" + ("" if limit is None else f" LIMIT {int(limit)}")
        with self._reading() as db:
            return rows.events(db, "e.seq<?", (before if before is not None else 2**62,), tail)

    def get(self, entry_id: str) -> Entry:
        """The last text of an entry in any state, straight from the file.

        Raises:
            StoreError: The store never had it.
        """
        with self._reading() as db:
            found = rows.text_of(db, entry_id)
        if found is None:
            raise StoreError(f"{self.path}: no entry {entry_id!r}; iter_entries() gives those there are")
        return parse_entry(found[2], found[1], f"{self.path}: {entry_id}")

    def state(self, entry_id: str) -> State | None:
        """Where an entry stands now; None for one that was never here."""
        with self._reading() as db:
            return rows.states(db, [entry_id]).get(entry_id)

    def count(self, state: State | str = State.ACTIVE) -> int:
        """Entries in a state."""
        with self._reading() as db:
            (number,) = db.execute(
                "SELECT count(*) FROM entries WHERE state=?", (State(state).value,)
            ).fetchone()
            return int(number)

    def iter_entries(self, state: State | str = State.ACTIVE) -> Iterator[Entry]:
        """The entries in a state, in the bank's order, one after the other without holding them all.

        The walk sees the store as it was when it began, whatever is published meanwhile.
        """
        self._expect_same_file()
        db = connect(self.path, write=False, busy_s=self._busy_s)
        try:
            with told(self.path):
                db.execute("BEGIN")
                frame = self._last(db).frame
                listed = dict.fromkeys(frame.places)
                query = "SELECT DISTINCT place FROM entries WHERE state=? ORDER BY place"
                listed |= dict.fromkeys(place for (place,) in db.execute(query, (State(state).value,)))
                for place in listed:
                    for _, text in rows.rows_of(db, State(state), place):
                        yield parse_entry(text, place)
        finally:
            db.close()

    def damage(self) -> str:
        """What SQLite's own check finds wrong with the file; "" for nothing."""
        with self._reading() as db:
            found = [str(row[0]) for row in db.execute("PRAGMA quick_check")]
        return "" if found == ["ok"] else "; ".join(found)

    # The inside

    def _begin_history(self) -> None:
        """A store that is only read has begun already."""

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the file, for as many questions as there are."""
        with self._lock, told(self.path):
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                _end(self._db)

    def _expect_same_file(self) -> None:
        """SQLite goes on with a removed file, which nobody will ever find again."""
        if identity(self.path) != self._identity:
            raise StoreGone(
                f"{self.path}: the file was removed or replaced since it was opened; put it back, or close "
                "this store and open the one that lies there now"
            )

    def _thaw(self) -> None:
        """Opens a file anew that could only be read as it was, when somebody else has written it."""
        if self._stamp is None or self._stamp == stamp(self.path):
            return
        self._db.close()
        self._db = connect(self.path, write=False, busy_s=self._busy_s)
        self._stamp, self._seen = self._frozen(), -1

    def _frozen(self) -> tuple[int, int, bool] | None:
        return stamp(self.path) if FROZEN in address(self.path, write=self.writable) else None

    def _last(self, db: sqlite3.Connection) -> rows.Head:
        last = rows.head(db)
        if last is None:
            raise StoreError(f"{self.path}: empty; open it with write=True, which begins its history")
        return last

    def _data_version(self) -> int:
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _catch_up(self, db: sqlite3.Connection, *, load: bool) -> None:
        """Follows the file to its last version; reads all entries only when asked to and never done."""
        last = self._last(db)
        if self._places is not None:
            if last.number == self._head.number:
                return
            places = self._places.copy()
            rows.replay(
                db, places, self._head.number, last.number, lambda seq, place: rows.entry_at(db, seq, place)
            )
            self._places, self._bank = places, bank_of(places, last.frame)
        elif load:
            self._places = rows.present(db, last.frame)
            self._bank = bank_of(self._places, last.frame)
        self._head = last

    def _number(self, db: sqlite3.Connection, which: int | str) -> int:
        if isinstance(which, int):
            if rows.head(db, which) is not None:
                return which
        else:
            found = db.execute("SELECT max(number) FROM versions WHERE name=?", (which,)).fetchone()[0]
            if found is not None:
                return int(found)
            generation = which.partition("-")[0]
            unnamed = db.execute(
                "SELECT number FROM versions WHERE name='' AND CAST(generation AS TEXT)=?", (generation,)
            )
            for (number,) in unnamed.fetchall():
                if self._rebuilt(db, number).version == which:
                    return int(number)
        raise StoreError(
            f"{self.path}: no version {which!r}; the last is {self._last(db).number}, versions() lists all"
        )

    def _rebuilt(self, db: sqlite3.Connection, number: int) -> SkillBank:
        wanted = rows.head(db, number)
        if wanted is None:
            raise StoreError(f"{self.path}: no version {number}")
        if self._bank is not None and number == self._head.number:
            return self._bank
        events: Places[int] = Places()
        rows.replay(db, events, -1, number, lambda seq, place: seq)
        places: Places[Entry] = Places()
        for place in wanted.frame.places:
            for entry_id, seq in events.of(place).items():
                places.put(entry_id, place, rows.entry_at(db, seq, place))
        return bank_of(places, wanted.frame)


def _end(db: sqlite3.Connection) -> None:
    # SQLite ends a transaction itself when reading fails badly.
    if db.in_transaction:
        db.execute("COMMIT")
