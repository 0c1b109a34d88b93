"""A file of JSON lines that one process goes on writing, whole lines only, whenever it is killed."""

import json
import logging
import os
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows: nobody keeps a second process out there.
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)


class JsonLines:
    """Appends records; each is in the operating system's hands before ``append`` returns.

    A last line without its end is what a kill leaves: it is taken away, with a warning.

    Args:
        path: The file; made, with its folders, where it is missing.

    Attributes:
        earlier: The records that the file held.

    Raises:
        ValueError: A line is no JSON object, or another process is writing the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            self._lock()
            self.earlier = self._read()
        except BaseException:
            os.close(self._descriptor)
            raise

    def append(self, record: dict[str, Any]) -> None:
        """Writes one record."""
        line = f"{json.dumps(record, ensure_ascii=False)}\n".encode()
        while line:
            line = line[os.write(self._descriptor, line) :]

    def close(self) -> None:
        """Lets go of the file; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _lock(self) -> None:
        try:
            if fcntl is not None:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"{self.path} is being written by another process; wait for it, or use another file"
            ) from None

    def _read(self) -> list[dict[str, Any]]:
        held = self.path.read_bytes()
        whole = held[: held.rfind(b"\n") + 1]
        if len(whole) < len(held):
            logger.warning("%s: its last line was not finished and is taken away", self.path)
            os.truncate(self.path, len(whole))
        return [
            read_object(line, f"{self.path}:{number}") for number, line in enumerate(whole.splitlines(), 1)
        ]


def read_object(line: bytes, place: str) -> dict[str, Any]:
    """The JSON object of a line.

    Raises:
        ValueError: It holds something else; the message begins with the place.
    """
    try:
        record = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{place}: no JSON ({error}); repair the line or begin a new file") from None
    if not isinstance(record, dict):
        raise ValueError(f"{place}: expected a JSON object, got {type(record).__name__}; begin a new file")
    return record
