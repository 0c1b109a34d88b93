"""Answers of models kept on disk, so that the same question is paid once."""

import sqlite3
import threading
import time
from pathlib import Path

from skill_gym.skillbanks.teachers.chat import ChatReply

APPLICATION_ID = 0x534B4143
"""Marks the file as kept answers (``SKAC``), in the header field that SQLite reserves for it."""

_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, time REAL NOT NULL, purpose TEXT NOT NULL, text TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, reply_tokens INTEGER NOT NULL, finish_reason TEXT NOT NULL,
    model TEXT NOT NULL
) WITHOUT ROWID
"""


class AnswerCache:
    """A SQLite file of answers by request hash, shared by any number of threads and processes.

    An answer is in the file as soon as ``keep`` returns, and whole or not at all after a kill.

    Args:
        path: The file; made, with its folders, where it is missing.

    Raises:
        ValueError: The file is something else, or cannot be opened.
        OSError: Its folder cannot be made.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(
                self.path, timeout=60.0, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise ValueError(f"{self.path} cannot be opened ({error}); name another file") from error
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise ValueError(f"{self.path} holds no kept answers ({error}); name another file") from error
        except ValueError:
            self._connection.close()
            raise

    def find(self, key: str) -> ChatReply | None:
        """The answer to a request, marked as cached; None when there is none."""
        with self._lock:
            row = self._connection.execute(
                "SELECT text, prompt_tokens, reply_tokens, finish_reason, model FROM answers WHERE key = ?",
                (key,),
            ).fetchone()
        if row is None:
            return None
        text, prompt_tokens, reply_tokens, finish_reason, model = row
        return ChatReply(
            text=text,
            prompt_tokens=prompt_tokens,
            reply_tokens=reply_tokens,
            finish_reason=finish_reason,
            model=model,
            cached=True,
        )

    def keep(self, key: str, reply: ChatReply, *, purpose: str = "") -> None:
        """Keeps an answer, in place of an earlier one."""
        row = (
            key,
            time.time(),
            purpose,
            reply.text,
            reply.prompt_tokens,
            reply.reply_tokens,
            reply.finish_reason,
            reply.model,
        )
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def forget(self, key: str) -> None:
        """Lets go of an answer, if there is one."""
        with self._lock:
            self._connection.execute("DELETE FROM answers WHERE key = ?", (key,))

    def __len__(self) -> int:
        with self._lock:
            return int(self._connection.execute("SELECT count(*) FROM answers").fetchone()[0])

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()

    def _open(self) -> None:
        found = int(self._connection.execute("PRAGMA application_id").fetchone()[0])
        tables = int(self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
        if found != APPLICATION_ID and (found or tables):
            raise ValueError(f"{self.path} is a database of something else; name another file")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute(_TABLE)
        self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._connection.execute("COMMIT")
