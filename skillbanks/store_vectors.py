"""Embeddings beside a bank store: a cache in a file of its own, shared by all processes that embed."""

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skill_gym.skillbanks.store_schema import BUSY_S, StoreError, told

CHUNK = 500


class VectorTable:
    """Vectors by model and text hash.

    The file is made at the first ``save``. It may be deleted at any time: what it holds can be computed
    again, so a crash may cost the last vectors, but never tears one.

    Attributes:
        path: The file.
    """

    def __init__(self, path: str | Path, *, busy_s: float = BUSY_S) -> None:
        self.path = Path(path)
        self._busy_s = busy_s
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None

    def load(self, model: str, hashes: Iterable[bytes]) -> dict[bytes, NDArray[np.floating]]:
        """The stored vectors among these hashes, shape [width] each; what is not there is not in the answer.

        Args:
            model: Key of the model: what makes its vectors differ from another's (name, revision, prompt).
            hashes: Hashes of the texts.
        """
        found: dict[bytes, NDArray[np.floating]] = {}
        wanted = list(hashes)
        with self._lock, told(self.path):
            db = self._open(make=False)
            kind = None if db is None else self._kind(db, model)
            if db is None or kind is None:
                return {}
            number, _, dtype = kind
            for first in range(0, len(wanted), CHUNK):
                some = wanted[first : first + CHUNK]
                marks = ",".join("?" * len(some))
                query = f"SELECT hash, vector FROM vectors WHERE model=? AND hash IN ({marks})"
                for key, blob in db.execute(query, (number, *some)):
                    found[key] = np.frombuffer(blob, dtype=dtype)
        return found

    def save(self, model: str, vectors: Mapping[bytes, NDArray[np.floating]]) -> None:
        """Stores vectors, all of one width and type (float16 or float32).

        Raises:
            StoreError: Another width or type than what the model's vectors have in the file.
        """
        if not vectors:
            return
        first = next(iter(vectors.values()))
        width, dtype = int(first.shape[0]), first.dtype.name
        if any(vector.shape != (width,) or vector.dtype != first.dtype for vector in vectors.values()):
            raise StoreError(f"vectors of different widths or types for {model!r}; save those of one model")
        with self._lock, told(self.path):
            db = self._open(make=True)
            if db is None:
                raise StoreError(f"{self.path}: cannot be made; check the folder")
            db.execute("BEGIN IMMEDIATE")
            try:
                db.execute(
                    "INSERT OR IGNORE INTO models (name, width, dtype) VALUES (?,?,?)", (model, width, dtype)
                )
                kind = self._kind(db, model)
                if kind is None or kind[1:] != (width, dtype):
                    has = "nothing" if kind is None else f"{kind[1]} numbers of {kind[2]}"
                    raise StoreError(
                        f"{self.path}: vectors of {model!r} have {has}, got {width} of {dtype}; give the "
                        "other model (or width) a key of its own, or delete the file"
                    )
                db.executemany(
                    "INSERT OR REPLACE INTO vectors VALUES (?,?,?)",
                    ((kind[0], key, vector.tobytes()) for key, vector in vectors.items()),
                )
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def width(self, model: str) -> int | None:
        """Numbers of each stored vector of a model; None where there is none."""
        with self._lock, told(self.path):
            db = self._open(make=False)
            kind = None if db is None else self._kind(db, model)
            return None if kind is None else kind[1]

    def count(self, model: str) -> int:
        """Stored vectors of a model."""
        with self._lock, told(self.path):
            db = self._open(make=False)
            kind = None if db is None else self._kind(db, model)
            if db is None or kind is None:
                return 0
            return int(db.execute("SELECT count(*) FROM vectors WHERE model=?", (kind[0],)).fetchone()[0])

    def close(self) -> None:
        """Closes the file; the next use opens it again."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    @staticmethod
    def _kind(db: sqlite3.Connection, model: str) -> tuple[int, int, str] | None:
        row = db.execute("SELECT number, width, dtype FROM models WHERE name=?", (model,)).fetchone()
        return None if row is None else (int(row[0]), int(row[1]), str(row[2]))

    def _open(self, *, make: bool) -> sqlite3.Connection | None:
        if self._db is None and (make or self.path.exists()):
            db = sqlite3.connect(
                self.path, timeout=self._busy_s, isolation_level=None, check_same_thread=False
            )
            try:
                db.execute("PRAGMA journal_mode=WAL")
                db.execute("PRAGMA synchronous=NORMAL")
                db.execute(
                    "CREATE TABLE IF NOT EXISTS models (number INTEGER PRIMARY KEY, "
                    "name TEXT UNIQUE NOT NULL, width INTEGER NOT NULL, dtype TEXT NOT NULL)"
                )
                db.execute(
                    "CREATE TABLE IF NOT EXISTS vectors (model INTEGER NOT NULL, hash BLOB NOT NULL, "
                    "vector BLOB NOT NULL, PRIMARY KEY (model, hash)) WITHOUT ROWID"
                )
            except BaseException:
                db.close()
                raise
            self._db = db
        return self._db
