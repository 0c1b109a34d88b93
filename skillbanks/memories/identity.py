"""Ids of memories: derived from the episode, so that the same one gets the same again."""

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from skill_gym.skillbanks.memories.record import MemoryRecord
from skill_gym.trajectory import Trajectory


def trajectory_id(trajectory: Trajectory) -> str:
    """Equal for equal episodes: 16 hex digits of a hash of the whole record."""
    return sha256(trajectory.to_json().encode()).hexdigest()[:16]


class MemoryIds:
    """Gives out ids, ``mem_<environment>_<8 hex digits>``; no two episodes of a file share one.

    Eight digits meet by chance once in some 65,000 episodes; the later one then gets the next digits.

    Args:
        records: Records that there are already; they keep theirs.
    """

    def __init__(self, records: Iterable[MemoryRecord] = ()) -> None:
        self._owners = {record.id: str(record.extra.get("trajectory_id", "")) for record in records}

    def of(self, trajectory: Trajectory) -> str:
        """The id for an episode; asked again, the same."""
        name = trajectory.task.env_id.rpartition("/")[2].rpartition("-v")[0] or trajectory.task.env_id
        plain = re.sub(r"[^a-z0-9]+", "", name.casefold()) or "episode"
        owner = trajectory_id(trajectory)
        salt = 0
        while True:
            digits = sha256(f"{owner}:{salt}".encode()).hexdigest()[:8] if salt else owner[:8]
            memory_id = f"mem_{plain}_{digits}"
            if self._owners.setdefault(memory_id, owner) == owner:
                return memory_id
            salt += 1


def extra_of(trajectory: Trajectory, teacher: str) -> dict[str, Any]:
    """What a record keeps beyond the released schema, for provenance and leak checks.

    Args:
        trajectory: The episode.
        teacher: Who wrote the record.
    """
    return {
        "task_key": trajectory.task.key,
        "split": trajectory.task.split,
        "task_type": trajectory.task.task_type,
        "policy": trajectory.policy,
        "seed": trajectory.seed,
        "bank_version": trajectory.bank_version,
        "ended": trajectory.ended,
        "teacher": teacher,
        "trajectory_id": trajectory_id(trajectory),
    }
