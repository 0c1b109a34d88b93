"""The official tree: one folder a game, as ``alfworld-download`` leaves it."""

import functools
import hashlib
import json
import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from skill_gym.alfworld.games import TASK_TYPES, Game, GameError, Listing, TaskList, near, source_hash
from skill_gym.alfworld.packs import refuse_old_commands
from skill_gym.alfworld.text import GOAL_MARK
from skill_gym.cache import cache_folder, fill_once
from skill_gym.trajectory import Task

_LOG = logging.getLogger(__name__)
_LAYOUT = 1
_OFFICIAL_COUNTS = {"train": 3553, "valid_seen": 140, "valid_unseen": 134, "valid_train": 200}
_SENTENCE = re.compile(re.escape(GOAL_MARK) + r'([^"\\]+)')
_AGAIN = "run alfworld-download again"


class _Index(NamedTuple):
    source: str
    listings: tuple[Listing, ...]
    by_id: dict[str, Listing]


class TreeGames:
    """The games of one split of the official tree, in the order of their ids.

    Kept is what the original keeps: trials with ``traj_data.json`` and a solvable ``game.tw-pddl``, without
    movable receptacles and slices. The first use reads every file and leaves a small index
    in the user's cache.

    Args:
        folder: The split's folder; only read.
        split: Name of the split.
        task_types: Long names of the task types to keep; None keeps all.

    Raises:
        GameError: No game can be played, a file is damaged, or the games are of ALFWorld 0.2.x.
    """

    def __init__(self, folder: Path, split: str, task_types: Sequence[str] | None = None) -> None:
        self.folder, self.split, self.task_types = folder, split, task_types
        self._index = _read_index(folder, split, _fingerprint(folder))
        self.source = self._index.source
        listings = self._index.listings
        if task_types is not None:
            listings = tuple(listing for listing in listings if listing.task_type in task_types)
            if not listings:
                raise GameError(
                    f"{folder} has no game of {', '.join(task_types)}; pass task_types=None for all"
                )
        self.tasks = TaskList(listings, split, self.source)

    def __reduce__(self) -> tuple[Any, ...]:
        return TreeGames, (self.folder, self.split, self.task_types)

    def find(self, task_id: str) -> Task | None:
        """The task of that id, None when there is none or it is filtered out."""
        listing = self._index.by_id.get(task_id)
        if listing is None or (self.task_types is not None and listing.task_type not in self.task_types):
            return None
        return self.tasks.task(listing)

    def game(self, task_id: str) -> Game:
        """Reads the game of that id.

        Raises:
            GameError: No such game in the tree, or its files are damaged.
        """
        if task_id not in self._index.by_id:
            known = [listing.id for listing in self._index.listings]
            raise GameError(f"no game {task_id!r} in {self.folder}; near ones are {near(task_id, known)}")
        game = _read_game(self.folder / task_id.removeprefix(f"{self.split}/"), self.split, self.folder)
        if game is None:
            raise GameError(
                f"game {task_id!r} in {self.folder} has changed and cannot be played; make the env again"
            )
        return game


def _trials(folder: Path) -> list[Path]:
    """Folders with ``traj_data.json``, without movable receptacles and slices, sorted."""
    found = []
    for root, _, files in os.walk(folder):
        relative = os.path.relpath(root, folder)
        if "traj_data.json" in files and "movable" not in relative and "Sliced" not in relative:
            found.append(Path(root))
    return sorted(found)


def _fingerprint(folder: Path) -> str:
    """Changes when a file of the split changes size or time."""
    digest = hashlib.sha256()
    for trial in _trials(folder):
        for name in ("traj_data.json", "game.tw-pddl"):
            try:
                stat = (trial / name).stat()
            except FileNotFoundError:
                continue
            digest.update(f"{trial.relative_to(folder)}/{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


@functools.lru_cache(maxsize=8)
def _read_index(folder: Path, split: str, fingerprint: str) -> _Index:
    cached = cache_folder("alfworld") / f"{split}-tree-{fingerprint}-{_LAYOUT}"
    fill_once(cached, functools.partial(_write_index, folder, split))
    try:
        stored = json.loads((cached / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GameError(f"the cached index {cached} cannot be read ({error}); remove that folder") from error
    listings = tuple(Listing(*entry) for entry in stored["games"])
    return _Index(stored["source"], listings, {listing.id: listing for listing in listings})


def _write_index(folder: Path, split: str, target: Path) -> None:
    trials = _trials(folder)
    games: list[tuple[Listing, str]] = []
    for trial in trials:
        game = _read_game(trial, split, folder)
        if game is not None:
            digest = hashlib.sha256(game.problem.strip().encode()).hexdigest()
            games.append((Listing(game.id, game.task_type, game.sentence), digest))
    if not games:
        without = sum(not (trial / "game.tw-pddl").is_file() for trial in trials)
        raise GameError(
            f"{folder} has no playable game: {len(trials)} trials with traj_data.json, {without} of them "
            f"without game.tw-pddl; the download is incomplete or half extracted: {_AGAIN}"
        )
    if len(games) != _OFFICIAL_COUNTS[split]:
        _LOG.warning(
            "%s has %d playable games of the %d of the official release; if the rest should be there, %s",
            folder, len(games), _OFFICIAL_COUNTS[split], _AGAIN,
        )  # fmt: skip
    games.sort()
    stored = {"source": source_hash(games), "games": [listing for listing, _ in games]}
    (target / "index.json").write_text(json.dumps(stored, ensure_ascii=False), encoding="utf-8")


def _json(path: Path) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            loaded = json.load(file)
    except (ValueError, OSError) as error:
        raise GameError(
            f"{path} cannot be read ({error}); the file may be half extracted: {_AGAIN}"
        ) from error
    if not isinstance(loaded, dict):
        raise GameError(f"{path}: expected a JSON object, got {type(loaded).__name__}; {_AGAIN}")
    return loaded


def _read_game(trial: Path, split: str, folder: Path) -> Game | None:
    """The game of a trial, or None when the original would not play it either."""
    path = trial / "game.tw-pddl"
    if not path.is_file():
        return None
    stored = _json(path)
    if not stored.get("solvable"):
        return None
    traj = _json(trial / "traj_data.json")
    if traj.get("task_type") not in TASK_TYPES:
        return None
    for name, kind in (("pddl_problem", str), ("grammar", str), ("walkthrough", list)):
        if not isinstance(stored.get(name), kind):
            raise GameError(
                f"{path}, field {name!r}: expected a {kind.__name__}, got {type(stored.get(name)).__name__}"
            )
    refuse_old_commands(stored["walkthrough"], f"{path}, field 'walkthrough'")
    if "put {o} in/on {r}" in stored["grammar"]:
        refuse_old_commands(["put {o} in/on {r}"], f"{path}, field 'grammar'")
    sentence = _SENTENCE.search(stored["grammar"])
    if sentence is None:
        raise GameError(f"{path}, field 'grammar': no sentence after {GOAL_MARK!r}; {_AGAIN}")
    annotations = (traj.get("turk_annotations") or {}).get("anns") or ()
    return Game(
        id="/".join((split, *trial.relative_to(folder).parts)),
        task_type=traj["task_type"],
        sentence=sentence[1],
        walkthrough=tuple(stored["walkthrough"]),
        problem=stored["pddl_problem"],
        task_descs=tuple(ann["task_desc"] for ann in annotations if ann.get("task_desc")),
        floor_plan=(traj.get("scene") or {}).get("floor_plan", ""),
        origin=f"{path}, field 'pddl_problem'",
    )
