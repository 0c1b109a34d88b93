"""A file of trajectories that grows line by line and is never left torn."""

import logging
import os
from pathlib import Path
from typing import BinaryIO

from skill_gym.trajectory import Trajectory

try:
    import fcntl
except ImportError:  # Windows: one writer a file there
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

BLOCK = 1 << 16
"""Bytes read at a time when the end of the last whole line is looked for."""


class TrajectoryFile:
    """A JSON-lines file that grows by whole lines, also with several writers (POSIX: under a file lock).

    It is opened for each line, so that a recorder can be pickled and a fork shares nothing.

    Args:
        path: The file; made at the first line. Its folder has to exist.

    Raises:
        ValueError: The path is a folder, or its folder does not exist or cannot be written to.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        folder = self.path.parent
        if self.path.is_dir():
            raise ValueError(
                f"expected a file to write trajectories to, got the folder {path}; add a file name"
            )
        if not folder.is_dir():
            raise ValueError(f"the folder of {path} does not exist; make it first")
        if not os.access(self.path if self.path.exists() else folder, os.W_OK):
            raise ValueError(f"cannot write to {path}; choose another path or change its permissions")

    def append(self, trajectory: Trajectory) -> None:
        """Writes one line and flushes it; what a killed writer left of a line is cut off first."""
        with open(self.path, "a+b") as file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
            self._cut_torn_line(file)
            file.write(trajectory.to_json().encode() + b"\n")

    def _cut_torn_line(self, file: BinaryIO) -> None:
        end = size = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - BLOCK)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end == size:
            return
        logger.warning(
            "%s: cut off a torn last line of %d bytes, left by a killed writer", self.path, size - end
        )
        file.truncate(end)
