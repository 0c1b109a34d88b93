"""The folder of a run: config.yaml, metrics.jsonl, tensorboard/, trajectories/, banks/, checkpoints/."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from skill_gym.agents.rollout import Played
from skill_gym.skillbanks.bank import SkillBank


class RunFolderError(RuntimeError):
    """The run folder cannot be used; the message says what to do."""


class RunFolder:
    """Makes the folder and proves that it can be written, before any work is done.

    Args:
        path: Of the run.
        resume: Whether a run is to go on in it; a folder with a run in it is refused otherwise.

    Raises:
        RunFolderError: It cannot be written, or it holds a run and ``resume`` is False.
    """

    def __init__(self, path: Path, *, resume: bool) -> None:
        self.path = path
        if not resume and (path / "config.yaml").exists():
            raise RunFolderError(
                f"{path} already holds a run; go on with it (--resume), or set another run.folder"
            )
        try:
            for folder in (path, self.trajectories, self.banks, self.checkpoints):
                folder.mkdir(parents=True, exist_ok=True)
                probe = folder / f".probe-{uuid4().hex}"
                probe.write_text("", encoding="utf-8")
                probe.unlink()
        except OSError as error:
            raise RunFolderError(
                f"run folder {path} cannot be written: {error}; set another run.folder"
            ) from error

    @property
    def trajectories(self) -> Path:
        """One JSON-lines file a phase: ``iteration-NNNNNN`` and ``validation-NNNNNN``."""
        return self.path / "trajectories"

    @property
    def banks(self) -> Path:
        """Every version of the bank, and what led to it."""
        return self.path / "banks"

    @property
    def checkpoints(self) -> Path:
        """See ``checkpoint.py``."""
        return self.path / "checkpoints"

    def save_bank(self, bank: SkillBank) -> Path:
        """Writes ``banks/<version>.json``."""
        path = self.banks / f"{bank.version}.json"
        bank.save(path)
        return path

    def load_bank(self, version: str) -> SkillBank:
        """A version that ``save_bank`` wrote."""
        return SkillBank.load(self.banks / f"{version}.json")

    def save_evolution(self, iteration: int, evolution: Mapping[str, Any]) -> None:
        """Writes ``banks/evolution-NNNNNN.json``: what was weak, what was added, what was not, and why."""
        self._save_json(f"evolution-{iteration:06d}.json", evolution)

    def save_ruling(self, iteration: int, ruling: Mapping[str, Any]) -> None:
        """Writes ``banks/trials-NNNNNN.json``: which trials of skills ended, how, and what was retired."""
        self._save_json(f"trials-{iteration:06d}.json", ruling)

    def _save_json(self, name: str, content: Mapping[str, Any]) -> None:
        path = self.banks / name
        torn = path.with_suffix(".torn")
        torn.write_text(json.dumps(content, indent=2), encoding="utf-8")
        os.replace(torn, path)

    @contextmanager
    def recording(self, name: str) -> Iterator[Callable[[Played], None]]:
        """Writes what it is given to ``trajectories/<name>.jsonl``, flushed one by one; an old file goes."""
        with open(self.trajectories / f"{name}.jsonl", "w", encoding="utf-8") as file:

            def record(played: Played) -> None:
                file.write(played.trajectory.to_json() + "\n")
                file.flush()

            yield record
