"""The games: what one is, where they come from, and how a split is opened."""

import difflib
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol, overload

from skill_gym.trajectory import Task

ENV_ID = "skill_gym/ALFWorld-v0"
SPLITS = ("train", "valid_seen", "valid_unseen", "valid_train")
"""The official splits."""
TASK_TYPES = (
    "pick_and_place_simple",
    "look_at_obj_in_light",
    "pick_clean_then_place_in_recep",
    "pick_heat_then_place_in_recep",
    "pick_cool_then_place_in_recep",
    "pick_two_obj_and_place",
)
"""The task types by the original's numbers, 1 to 6."""
SHORT_TASK_TYPES: Mapping[str, str] = dict(
    zip(("place", "look", "clean", "heat", "cool", "two"), TASK_TYPES, strict=True)
)
"""Short names of the task types, as the results tables of papers have them."""


class GameError(ValueError):
    """Games cannot be read; the message names the file, the place in it and what to do."""


@dataclass(frozen=True, slots=True)
class Game:
    """One playable game.

    Attributes:
        id: ``split/task folder/trial``.
        task_type: One of ``TASK_TYPES``.
        sentence: The task as the game states it, with its final full stop.
        walkthrough: Commands that win the game from its start.
        problem: PDDL text of the problem.
        task_descs: The task in people's words; may be empty.
        floor_plan: Scene, e.g. ``FloorPlan323``; may be empty.
        origin: File, line and field that the problem was read from, for error messages.
    """

    id: str
    task_type: str
    sentence: str
    walkthrough: tuple[str, ...]
    problem: str
    task_descs: tuple[str, ...] = ()
    floor_plan: str = ""
    origin: str = field(default="", compare=False)


class GameSource(Protocol):
    """Where the games of a split come from.

    Attributes:
        source: Identifies the data (or the generator and its settings) in ``Task.key``.
    """

    source: str

    @property
    def tasks(self) -> Sequence[Task]:
        """The tasks in a fixed order, made when asked for."""

    def find(self, task_id: str) -> Task | None:
        """The task of that id, None when it is not among ``tasks``."""

    def game(self, task_id: str) -> Game:
        """The game of that id.

        Raises:
            GameError: No such game, or it cannot be read.
        """


class Listing(NamedTuple):
    """What is known of a game before it is read."""

    id: str
    task_type: str
    sentence: str


class TaskList(Sequence[Task]):
    """Tasks made from their listings when asked for.

    Args:
        listings: In the order of the tasks.
        split: Their split.
        source: Identifies the data in ``Task.key``.
    """

    def __init__(self, listings: Sequence[Listing], split: str, source: str) -> None:
        self._listings, self._split, self._source = listings, split, source

    def __len__(self) -> int:
        return len(self._listings)

    @overload
    def __getitem__(self, index: int) -> Task: ...

    @overload
    def __getitem__(self, index: slice) -> "TaskList": ...

    def __getitem__(self, index: int | slice) -> "Task | TaskList":
        if isinstance(index, slice):
            return TaskList(self._listings[index], self._split, self._source)
        return self.task(self._listings[index])

    def __repr__(self) -> str:
        return f"TaskList({len(self)} tasks of {self._split})"

    def task(self, listing: Listing) -> Task:
        """The task of a listing."""
        id_, task_type, sentence = listing
        return Task(id_, f"{ENV_ID}:{self._source}:{id_}", ENV_ID, self._split, task_type, sentence)


def long_task_types(task_types: Iterable[str] | None) -> tuple[str, ...] | None:
    """The long names of a filter given in long or short names, in the order of ``TASK_TYPES``; None is none.

    Raises:
        ValueError: An unknown name, or no name at all.
    """
    if task_types is None:
        return None
    given = (task_types,) if isinstance(task_types, str) else tuple(task_types)
    for name in given:
        if name not in TASK_TYPES and name not in SHORT_TASK_TYPES:
            known = ", ".join(f"{short} ({long})" for short, long in SHORT_TASK_TYPES.items())
            raise ValueError(f"unknown task type {name!r}; the six are {known}")
    if not given:
        raise ValueError("task_types is empty; name at least one, or pass None for all six")
    wanted = {SHORT_TASK_TYPES.get(name, name) for name in given}
    return tuple(name for name in TASK_TYPES if name in wanted)


def source_hash(rows: Iterable[tuple[Listing, str]]) -> str:
    """Eight hex digits that identify a split by its games, the same for a pack and a tree.

    Args:
        rows: Listing and hash of the problem text of each game, in the order of the tasks.
    """
    digest = hashlib.sha256()
    for listing, problem in rows:
        digest.update("\n".join((*listing, problem)).encode())
    return digest.hexdigest()[:8]


def near(name: str, known: Sequence[str]) -> str:
    """Up to three known names like the one given, for an error message."""
    begun = [other for other in known if other.startswith(name)]
    folder = name.rpartition("/")[0]
    pool = [other for other in known if folder and other.startswith(folder)] or known
    found = begun[:3] or difflib.get_close_matches(name, pool[:5000], n=3, cutoff=0.5) or list(known[:3])
    return ", ".join(found)


def open_games(data: str | Path | None, split: str, task_types: Sequence[str] | None = None) -> GameSource:
    """Opens an official split.

    Args:
        data: Folder of packs (``<split>.jsonl.xz``) or a tree as ``alfworld-download`` leaves it (its root or
            its ``json_2.1.1``); None reads the environment variable ``ALFWORLD_DATA``.
        split: One of ``SPLITS``.
        task_types: Only these, in long or short names.

    Raises:
        ValueError: Unknown split or task type.
        GameError: There is no such folder, the split is not in it, or its games cannot be read.
    """
    from skill_gym.alfworld.packs import PackGames
    from skill_gym.alfworld.tree import TreeGames

    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; the official ones are {', '.join(SPLITS)}")
    wanted = long_task_types(task_types)
    where = "data"
    if data is None:
        where = "ALFWORLD_DATA"
        data = os.environ.get("ALFWORLD_DATA", "")
        if not data:
            raise GameError(
                f"split {split!r} needs the official games, but ALFWORLD_DATA is not set; run "
                "alfworld-download and set it to its folder, or pass data=, or play split='generated'"
            )
    folder = Path(data).expanduser()
    if not folder.is_dir():
        raise GameError(f"{where}: there is no folder {folder}; run alfworld-download, or correct {where}")
    pack = folder / f"{split}.jsonl.xz"
    if pack.is_file():
        return PackGames(pack, split, wanted)
    packs = sorted(path.name for path in folder.glob("*.jsonl.xz") if path.name.split(".")[0] in SPLITS)
    tree = folder / "json_2.1.1" if (folder / "json_2.1.1").is_dir() else folder
    if (tree / split).is_dir():
        return TreeGames(tree / split, split, wanted)
    if packs:
        raise GameError(f"{where}: no {pack.name} in {folder}, only {', '.join(packs)}")
    if tree.name == "json_2.1.1":
        there = sorted(path.name for path in tree.iterdir() if path.is_dir())
        raise GameError(
            f"{where}: {tree} has no folder {split} (it has {', '.join(there) or 'no folder at all'}); "
            "the download is incomplete: run alfworld-download again"
        )
    raise GameError(
        f"{where}: {folder} has neither json_2.1.1 nor {pack.name}; run alfworld-download and "
        "point it to its folder, or to a folder of packs"
    )
