"""A file of trajectories that grows while episodes are played and is put in order when all are there."""

import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from skill_gym.trajectory import Trajectory, TrajectoryError, read_trajectories
from skill_gym.wrappers.trajectory_file import TrajectoryFile

logger = logging.getLogger(__name__)

Key = tuple[str, int | None]
"""Key of the task and seed of the episode: which episode it is."""


def key_of(trajectory: Trajectory) -> Key:
    """Which episode it is."""
    return trajectory.task.key, trajectory.seed


class TrajectoryLog:
    """The trajectories of a file by task and seed.

    A last line without its end is what a kill leaves: it is taken away, with a warning.

    Args:
        path: A JSON-lines file, which need not be there yet; its folder has to be.

    Raises:
        TrajectoryError: A line cannot be read; the message names file and line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[Key, tuple[int, int]] = {}
        self._solved: set[Key] = set()
        if path.exists():
            self._read()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: Key) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[Trajectory]:
        return read_trajectories(self.path) if self.path.exists() else iter(())

    @property
    def solved(self) -> int:
        """How many of the episodes were solved."""
        return len(self._solved)

    def append(self, trajectory: Trajectory) -> None:
        """Adds an episode that has ended."""
        TrajectoryFile(self.path).append(trajectory)
        length = len(trajectory.to_json().encode()) + 1
        self._note(trajectory, self.path.stat().st_size - length, length)

    def put_in_order(self, keys: Iterable[Key]) -> None:
        """Rewrites the file, whole or not at all, in the order of the keys; other episodes come last."""
        wanted = dict.fromkeys((*(key for key in keys if key in self._places), *self._places))
        places = [self._places[key] for key in wanted]
        if places == sorted(places):
            return
        temporary = self.path.with_name(f".{self.path.name}.tmp")
        self._places = {}
        with open(self.path, "rb") as old, open(temporary, "wb") as new:
            for key, (start, length) in zip(wanted, places, strict=True):
                old.seek(start)
                self._places[key] = (new.tell(), length)
                new.write(old.read(length))
            new.flush()
            os.fsync(new.fileno())
        os.replace(temporary, self.path)

    def _read(self) -> None:
        start = 0
        with open(self.path, "rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    logger.warning("%s: its last line was not finished and is taken away", self.path)
                    os.truncate(self.path, start)
                    return
                try:
                    trajectory = Trajectory.from_json(line.decode())
                except (TrajectoryError, UnicodeDecodeError) as error:
                    raise TrajectoryError(f"{self.path}, line {number}: {error}") from error
                self._note(trajectory, start, len(line))
                start += len(line)

    def _note(self, trajectory: Trajectory, start: int, length: int) -> None:
        key = key_of(trajectory)
        self._places[key] = (start, length)
        if trajectory.solved:
            self._solved.add(key)
