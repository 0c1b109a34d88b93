"""Who makes memory records of episodes: the seam between collecting and a teacher."""

from typing import Protocol

from skill_gym.skillbanks.memories.record import ENVIRONMENTS, MemoryRecord
from skill_gym.trajectory import Trajectory


class MemoryWriter(Protocol):
    """Makes records; called from several threads at once where ``concurrency`` says so."""

    @property
    def name(self) -> str:
        """Who it is, for the records."""
        ...

    @property
    def concurrency(self) -> int:
        """How many records it may be asked for at a time, at least 1."""
        ...

    def write(self, trajectory: Trajectory, memory_id: str) -> MemoryRecord:
        """The record of an episode that did not break.

        Args:
            trajectory: The episode.
            memory_id: Id of the record, see ``MemoryIds``.

        Raises:
            TeacherError: There is none; ``refused`` where the episode cannot be told.
        """
        ...


def environment_of(trajectory: Trajectory) -> str:
    """The records' name of the environment; of one that they have no name for, its id."""
    played = _unversioned(trajectory.task.env_id)
    known = (name for name, env_id in ENVIRONMENTS.items() if _unversioned(env_id) == played)
    return next(known, trajectory.task.env_id)


def _unversioned(env_id: str) -> str:
    return env_id.rpartition("-v")[0] or env_id
