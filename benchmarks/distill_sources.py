"""The files of ``skill-gym distill``: episodes and memory records, and what was read of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skill_gym.benchmarks.collect_folder import TRAJECTORIES_FILE
from skill_gym.benchmarks.markdown import markdown_table
from skill_gym.skillbanks.memories.record import MemoryRecord, read_memories
from skill_gym.skillbanks.memories.task_type import task_type_of
from skill_gym.trajectory import Trajectory, read_trajectories


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that was read.

    Attributes:
        env_id: The one environment of all files.
        trajectories: Of the files of episodes.
        memories: Of the memory files.
        told: A line for each file on what it holds.
    """

    env_id: str
    trajectories: tuple[Trajectory, ...] = ()
    memories: tuple[MemoryRecord, ...] = ()
    told: tuple[str, ...] = ()

    def table(self) -> str:
        """Solved and failed episodes by task type."""
        counts: Counter[tuple[str, bool]] = Counter()
        counts.update((one.task.task_type, one.solved) for one in self.trajectories if one.ended != "broken")
        counts.update((task_type_of(record), record.success) for record in self.memories)
        rows = [
            [name, str(counts[name, True]), str(counts[name, False])]
            for name in sorted({name for name, _ in counts})
        ]
        return markdown_table(["task type", "solved", "failed"], rows)


def read_sources(paths: Sequence[Path], env_id: str | None = None) -> Sources:
    """Reads files of episodes (JSON lines) and memory records (a JSON list), in any mixture.

    Args:
        paths: The files, or folders of collections, of which the episodes are read.
        env_id: The environment that they must be of; None takes theirs.

    Raises:
        ValueError: A file cannot be read, holds nothing, stands there twice or is of another environment.
    """
    trajectories: list[Trajectory] = []
    memories: dict[str, tuple[MemoryRecord, Path]] = {}
    places: dict[str, Path] = {}
    told: list[str] = []
    seen: set[Path] = set()
    for path in map(_episodes_of, paths):
        if path.resolve() in seen:
            raise ValueError(f"{path} is named twice; name each file once")
        seen.add(path.resolve())
        if _is_list(path):
            records = read_memories(path)
            for record in records:
                if record.id in memories:
                    raise ValueError(
                        f"{path}: the memory {record.id} stands in {memories[record.id][1]}, too; "
                        "take it out of one of the files"
                    )
                memories[record.id] = (record, path)
            environments = Counter(record.env_id for record in records)
            kind = "memory records"
        else:
            episodes = list(read_trajectories(path))
            trajectories += episodes
            environments = Counter(episode.task.env_id for episode in episodes)
            kind = "episodes"
        if not environments:
            raise ValueError(f"{path}: holds no {kind}; leave it out")
        for name in environments:
            places.setdefault(name, path)
        told.append(
            f"{path}: "
            + ", ".join(f"{count} {kind} of {name}" for name, count in sorted(environments.items()))
        )
    if env_id is not None and (other := next((name for name in places if name != env_id), None)):
        raise ValueError(f"{places[other]} holds {other} and not {env_id}; leave it out, or change --env")
    if len(places) > 1:
        named = "; ".join(f"{path} holds {name}" for name, path in places.items())
        raise ValueError(f"a bank is distilled for one environment, but {named}; make one bank for each")
    return Sources(
        next(iter(places)),
        tuple(trajectories),
        tuple(record for record, _ in memories.values()),
        tuple(told),
    )


def _episodes_of(path: Path) -> Path:
    """The file of episodes in the folder of a collection; any other path as it is."""
    if not path.is_dir():
        return path
    if not (found := path / TRAJECTORIES_FILE).exists():
        raise ValueError(
            f"{path} is a folder without {TRAJECTORIES_FILE}, so not of a collection; name files"
        )
    return found


def _is_list(path: Path) -> bool:
    """Whether a file holds a JSON list, as memory files do; episodes come as one object a line."""
    with open(path, encoding="utf-8") as file:
        while (start := file.read(64)) and not start.strip():
            pass
    return start.lstrip("\ufeff \t\r\n").startswith("[")
