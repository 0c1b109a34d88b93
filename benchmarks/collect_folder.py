"""The folder of a collection: what its runs are agreed on, what was played, and one process at a time."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from skill_gym.benchmarks.trajectory_log import TrajectoryLog
from skill_gym.skillbanks.teachers.json_lines import JsonLines

RUNS_FILE = "runs.jsonl"
TRAJECTORIES_FILE = "trajectories.jsonl"
BROKEN_FILE = "broken.jsonl"
JOURNAL_FILE = "memories.jsonl"
MEMORIES_FILE = "memories.json"
FAILURES_FILE = "memories_failed.json"
DEMONSTRATIONS_FILE = "demonstrations.jsonl"
REJECTED_FILE = "demonstrations_rejected.json"

_RESULTS = (
    TRAJECTORIES_FILE,
    BROKEN_FILE,
    JOURNAL_FILE,
    MEMORIES_FILE,
    FAILURES_FILE,
    DEMONSTRATIONS_FILE,
    REJECTED_FILE,
)


class CollectError(ValueError):
    """The folder belongs to a collection of other settings; the message names them and what to do."""


class CollectFolder:
    """Opens the folder for one run; what earlier runs of the same settings have done is kept.

    Args:
        path: The folder; made where it is missing.
        settings: What all runs in it have to agree on, JSON only.
        fresh: Throw away what earlier runs left, whatever their settings were.

    Raises:
        CollectError: Earlier runs had other settings, or the folder holds trajectories of no collection.
        ValueError: Another process is collecting into it, or a file in it cannot be read.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], *, fresh: bool = False) -> None:
        self.path = path
        self._runs = JsonLines(path / RUNS_FILE)
        try:
            agreed: dict[str, Any] = json.loads(json.dumps(settings))
            # A run that stopped before it had anything binds no later one.
            earlier = self._runs.earlier if self._holds_anything() and not fresh else []
            if fresh or (self._runs.earlier and not earlier):
                self._clear()
            elif earlier:
                self._agree(earlier[0].get("settings", {}), agreed)
            elif (path / TRAJECTORIES_FILE).exists():
                raise CollectError(
                    f"{path} holds a {TRAJECTORIES_FILE} that no collection has written; use another --folder"
                )
            if not earlier:
                self._runs.append({"settings": agreed})
            self.trajectories = TrajectoryLog(path / TRAJECTORIES_FILE)
        except BaseException:
            self._runs.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runs.close()

    def _holds_anything(self) -> bool:
        return any((self.path / name).exists() for name in _RESULTS)

    def _clear(self) -> None:
        for name in _RESULTS:
            (self.path / name).unlink(missing_ok=True)
        os.truncate(self.path / RUNS_FILE, 0)

    def _agree(self, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
        names = dict.fromkeys((*there, *here))
        differ = [name for name in names if there.get(name) != here.get(name)]
        if differ:
            told = "; ".join(f"{name} was {there.get(name)!r}, is {here.get(name)!r}" for name in differ)
            raise CollectError(
                f"{self.path} holds a collection of other settings ({told}); episodes of both must not be "
                "mixed: use another --folder, or --fresh to throw the old ones away"
            )
