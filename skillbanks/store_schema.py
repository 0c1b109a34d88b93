"""The file of a bank store: its tables, how it is opened, and what can go wrong with it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from skill_gym.skillbanks.skill import BankError

APPLICATION_ID = 0x534B4231
"""Marks the file as a bank store (``SKB1``), in the header field that SQLite reserves for it."""

FORMAT = 1
"""Number of the tables' layout; a file with a higher one was written by a newer skill-gym."""

FROZEN = "immutable=1"
"""SQLite's way to read where nothing can be written: it takes the file as it is and looks for no news."""

BUSY_S = 30.0
"""How long a writer waits for another one."""

TABLES = """
CREATE TABLE changes (
    number INTEGER PRIMARY KEY, time REAL NOT NULL, reason TEXT NOT NULL, actor TEXT NOT NULL,
    teacher TEXT NOT NULL, prompt_hash TEXT NOT NULL, trajectory_ids TEXT NOT NULL, splits TEXT NOT NULL
);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, change INTEGER NOT NULL, kind TEXT NOT NULL, entry TEXT NOT NULL,
    place TEXT NOT NULL, content TEXT, target TEXT
);
CREATE INDEX events_of_entry ON events (entry);
CREATE TABLE entries (
    entry TEXT PRIMARY KEY, state TEXT NOT NULL, place TEXT NOT NULL, rank INTEGER NOT NULL,
    event INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX entries_in_order ON entries (state, place, rank);
CREATE TABLE versions (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, generation INTEGER NOT NULL, change INTEGER NOT NULL,
    last_event INTEGER NOT NULL, size INTEGER NOT NULL, frame TEXT, orders TEXT
);
CREATE INDEX versions_of_change ON versions (change);
CREATE TABLE evidence (
    entry TEXT NOT NULL, task_type TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY (entry, task_type)
) WITHOUT ROWID;
"""
"""``events`` is the history and is only ever added to; ``entries`` is its present state, with ``event``
pointing at the entry's last text. ``frame`` and ``orders`` are NULL where nothing of the kind changed."""


class StoreError(BankError):
    """A bank store cannot be read or written; the message says what to do."""


class StoreLocked(StoreError):
    """Another process has been writing for longer than the wait."""


class StoreConflict(StoreError):
    """Somebody else published since the bank was read; the change must be made again on the new one."""


class StoreReadOnly(StoreError):
    """The file, its folder or the way it was opened allows reading only."""


class StoreFull(StoreError):
    """The disk is full; the store is as it was before."""


class StoreGone(StoreError):
    """The file was removed or replaced while it was open; what is written to it now would be lost."""


class StoreFormat(StoreError):
    """The file is no bank store, is damaged, or was written by a newer version."""


def connect(path: Path, *, write: bool, create: bool = True, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """Opens a store; a missing one is made when it may be written, unless ``create`` is False.

    Raises:
        StoreError: One of its kinds, with the mend.
    """
    if not path.exists() and not (write and create):
        raise StoreError(f"no bank store at {path}; open it with write=True, or import a bank into it")
    with told(path):
        db = sqlite3.connect(
            address(path, write=write),
            uri=True,
            timeout=busy_s,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _prepare(db, path, write)
        except BaseException:
            db.close()
            raise
    return db


def address(path: Path, *, write: bool) -> str:
    """SQLite's URI of a file: for reading without any write where the place allows none."""
    place = quote(str(path.absolute()))
    if write:
        return f"file:{place}?mode=rwc"
    if os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK):
        return f"file:{place}?mode=rw"  # readers share the index of the log with the writer
    if path.with_name(f"{path.name}-wal").exists():
        return f"file:{place}?mode=ro"
    return f"file:{place}?{FROZEN}"


def stamp(path: Path) -> tuple[int, int, bool]:
    """What changes when somebody writes the file: its time, its size, whether it has a log."""
    told = path.stat()
    return told.st_mtime_ns, told.st_size, path.with_name(f"{path.name}-wal").exists()


def identity(path: Path) -> tuple[int, int] | None:
    """Which file lies at a path, whatever it holds; None for none."""
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_dev, told.st_ino


def _prepare(db: sqlite3.Connection, path: Path, write: bool) -> None:
    if write:
        db.execute("PRAGMA synchronous=FULL")  # acknowledged is durable
    else:
        db.execute("PRAGMA query_only=ON")
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables == 0 and write:
        _create(db)
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (number,) = db.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise StoreFormat(f"{path} is an SQLite file but no bank store; pass another path")
    if number > FORMAT:
        raise StoreFormat(
            f"{path} has format {number}, this skill-gym reads up to {FORMAT}; install the newer skill-gym "
            "that wrote it, or export the bank there"
        )


def _create(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have made the tables while this one waited.
        if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in TABLES.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id={APPLICATION_ID}")
            db.execute(f"PRAGMA user_version={FORMAT}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into those of a store."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(path, error) from error


def _explained(path: Path, error: sqlite3.Error) -> StoreError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreLocked(f"{path}: another process is writing ({error}); wait for it, or end it")
    if name.startswith("SQLITE_READONLY") or "readonly" in str(error):
        return StoreReadOnly(
            f"{path}: cannot be written ({error}); make file and folder writable, or open it for reading"
        )
    if name == "SQLITE_FULL":
        return StoreFull(
            f"{path}: the disk is full ({error}); nothing was changed, free some space and repeat"
        )
    if name.startswith("SQLITE_CANTOPEN"):
        return StoreError(
            f"{path}: cannot be opened ({error}); check that the folder exists and is accessible"
        )
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return StoreFormat(
            f"{path}: no bank store, or damaged ({error}); pass another path, or restore the file from a copy"
        )
    return StoreError(f"{path}: {error} ({name or type(error).__name__}); check the disk and repeat")
