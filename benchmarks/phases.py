"""Phases of an experiment that are never done twice: each leaves its result in a file."""

import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from skill_gym.skillbanks.atomic_file import write_atomically

IDENTITY = "experiment.json"
SECONDS = "seconds.json"

T = TypeVar("T")


class Phases:
    """The results of phases in a folder.

    Args:
        folder: Where the results lie; made if need be.

    Attributes:
        seconds: Phase -> wall-clock seconds that it took, in the order in which they were done.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.seconds: dict[str, float] = {}
        if (folder / SECONDS).is_file():
            self.seconds = json.loads((folder / SECONDS).read_text(encoding="utf-8"))

    def done(self, name: str) -> bool:
        """Whether the phase has left its result."""
        return self.path(name).is_file()

    def path(self, name: str) -> Path:
        """The file of a phase's result."""
        return self.folder / f"{name}.json"

    def do(
        self, name: str, work: Callable[[], T], *, save: Callable[[T], str], load: Callable[[str], T]
    ) -> T:
        """The phase's result: read where there is one, else worked out and written.

        Args:
            name: Of the phase, and of its file.
            work: Does the phase.
            save: The result as JSON text.
            load: Reads that text.
        """
        if self.done(name):
            return load(self.path(name).read_text(encoding="utf-8"))
        began = time.perf_counter()
        result = work()
        self.seconds[name] = time.perf_counter() - began
        # Before the result: a phase that counts as done has its time.
        write_atomically(self.folder / SECONDS, json.dumps(self.seconds, indent=1))
        write_atomically(self.path(name), save(result))
        return result


def claim_folder(folder: Path, identity: Mapping[str, Any], *, fresh: bool = False) -> bool:
    """Takes a folder for an experiment, or goes on with the same experiment in it.

    Args:
        folder: Made if need be.
        identity: All that the results depend on, JSON.
        fresh: Removes an earlier experiment, whatever its settings.

    Returns:
        Whether there is something to go on with.

    Raises:
        FileExistsError: The folder holds something else, or an experiment with other settings.
    """
    marker = folder / IDENTITY
    text = json.dumps(identity, indent=1, sort_keys=True)
    if folder.exists() and any(folder.iterdir()):
        if not marker.is_file():
            raise FileExistsError(f"{folder} holds something else than an experiment; pass another --folder")
        if not fresh:
            earlier = json.loads(marker.read_text(encoding="utf-8"))
            if earlier == json.loads(text):
                return True
            names = sorted(
                name for name in {*earlier, *identity} if earlier.get(name) != json.loads(text).get(name)
            )
            raise FileExistsError(
                f"{folder} holds an experiment with another {', '.join(names)}; "
                "pass --fresh to replace it, or another --folder"
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(marker, text)
    return False
