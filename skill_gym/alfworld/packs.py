"""Packs: one ``<split>.jsonl.xz`` with a game a line, indexed once and then read row by row."""

import functools
import hashlib
import json
import logging
import lzma
import shutil
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from skill_gym.alfworld.games import TASK_TYPES, Game, GameError, Listing, TaskList, near, source_hash
from skill_gym.cache import cache_folder, fill_once
from skill_gym.trajectory import Task

_LOG = logging.getLogger(__name__)
_LAYOUT = 1
"""Version of the cache's files."""


class _Row(NamedTuple):
    """Where a game lies in the cache."""

    listing: Listing
    line: int
    offset: int
    length: int


class _Index(NamedTuple):
    """Everything that is kept in memory of a pack."""

    source: str
    listings: tuple[Listing, ...]
    rows: dict[str, _Row]


class PackGames:
    """The games of one pack, in the order of their ids.

    xz has no random access, so the first use unpacks the whole pack into the user's cache (each row
    compressed for itself, with an index beside them); afterwards a game costs one seek.

    Args:
        path: The ``.jsonl.xz``; only read.
        split: Name of the split.
        task_types: Long names of the task types to keep; None keeps all.

    Raises:
        GameError: A row is not a game; the message names line and field.
    """

    def __init__(self, path: Path, split: str, task_types: Sequence[str] | None = None) -> None:
        self.path, self.split, self.task_types = path, split, task_types
        stat = path.stat()
        self._folder = (
            cache_folder("alfworld") / f"{split}-{_digest(path, stat.st_size, stat.st_mtime_ns)}-{_LAYOUT}"
        )
        self._index = _read_index(path, self._folder)
        self.source = self._index.source
        listings = self._index.listings
        if task_types is not None:
            listings = tuple(listing for listing in listings if listing.task_type in task_types)
            if not listings:
                raise GameError(
                    f"{path} has no game of {', '.join(task_types)}; pass task_types=None for all"
                )
        self.tasks = TaskList(listings, split, self.source)

    def __reduce__(self) -> tuple[Any, ...]:
        return PackGames, (self.path, self.split, self.task_types)

    def find(self, task_id: str) -> Task | None:
        """The task of that id, None when there is none or it is filtered out."""
        row = self._index.rows.get(task_id)
        if row is None or (self.task_types is not None and row.listing.task_type not in self.task_types):
            return None
        return self.tasks.task(row.listing)

    def game(self, task_id: str) -> Game:
        """Reads the game of that id.

        Raises:
            GameError: No such game in the pack.
        """
        row = self._index.rows.get(task_id)
        if row is None:
            known = [listing.id for listing in self._index.listings]
            raise GameError(f"no game {task_id!r} in {self.path}; near ones are {near(task_id, known)}")
        with open(self._folder / "rows", "rb") as rows:
            rows.seek(row.offset)
            packed = rows.read(row.length)
        fields = json.loads(zlib.decompress(packed))
        return Game(
            id=fields["id"],
            task_type=fields["task_type"],
            sentence=fields["task"],
            walkthrough=tuple(fields["walkthrough"]),
            problem=fields["pddl_problem"],
            task_descs=tuple(fields.get("task_descs") or ()),
            floor_plan=fields.get("floor_plan") or "",
            origin=f"{self.path}, line {row.line}, field 'pddl_problem'",
        )


@functools.lru_cache(maxsize=16)
def _digest(path: Path, size: int, modified: int) -> str:
    """Content hash of the pack; size and time of change only tell when to read it again."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


@functools.lru_cache(maxsize=8)
def _read_index(path: Path, folder: Path) -> _Index:
    """The pack's index, made first if need be; shared by all environments of a process."""
    if folder.is_dir() and not _whole(folder):
        _LOG.warning("the cached games in %s are damaged; unpacking %s again", folder, path)
        shutil.rmtree(folder)
    if not folder.is_dir():
        _LOG.info("unpacking %s into %s (once)", path, folder)
        fill_once(folder, functools.partial(_unpack, path))
    stored = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    listings = tuple(Listing(id_, TASK_TYPES[kind], sentence) for id_, kind, sentence, *_ in stored["games"])
    rows = {
        listing.id: _Row(listing, *entry[3:])
        for listing, entry in zip(listings, stored["games"], strict=True)
    }
    return _Index(stored["source"], listings, rows)


def _whole(folder: Path) -> bool:
    try:
        stored = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        return bool((folder / "rows").stat().st_size == stored["bytes"])
    except (OSError, ValueError, KeyError):
        return False


def _unpack(path: Path, folder: Path) -> None:
    """Writes ``rows`` and ``index.json``."""
    entries: list[tuple[_Row, str]] = []
    seen: dict[str, int] = {}
    offset = 0
    with open(folder / "rows", "wb") as rows:
        for line, text in _lines(path):
            fields = _checked(text, f"{path}, line {line}")
            listing = Listing(fields["id"], fields["task_type"], fields["task"])
            if listing.id in seen:
                raise GameError(
                    f"{path}, line {line}, field 'id': {listing.id!r} is also in line {seen[listing.id]}"
                )
            seen[listing.id] = line
            packed = zlib.compress(text.encode(), 1)
            rows.write(packed)
            digest = hashlib.sha256(fields["pddl_problem"].strip().encode()).hexdigest()
            entries.append((_Row(listing, line, offset, len(packed)), digest))
            offset += len(packed)
    if not entries:
        raise GameError(f"{path} has no games; fetch the pack again")
    entries.sort()
    stored = {
        "source": source_hash((row.listing, digest) for row, digest in entries),
        "bytes": offset,
        "games": [
            (id_, TASK_TYPES.index(task_type), sentence, *place)
            for ((id_, task_type, sentence), *place), _ in entries
        ],
    }
    (folder / "index.json").write_text(json.dumps(stored, ensure_ascii=False), encoding="utf-8")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line
    except (lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise GameError(
            f"{path} breaks off or is damaged after line {number} ({error}); fetch the pack again"
        ) from error


def _checked(text: str, where: str) -> dict[str, Any]:
    """A row with every field that a game needs, of the right type."""
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        raise GameError(f"{where}: not JSON ({error}); fetch the pack again") from error
    if not isinstance(fields, dict):
        raise GameError(f"{where}: expected a JSON object, got {type(fields).__name__}")
    for name in ("id", "task_type", "task", "pddl_problem"):
        value = fields.get(name)
        if not isinstance(value, str) or not value:
            raise GameError(f"{where}, field {name!r}: expected a text, got {str(value)[:60]!r}")
    if fields["task_type"] not in TASK_TYPES:
        known = ", ".join(TASK_TYPES)
        raise GameError(f"{where}, field 'task_type': {fields['task_type']!r} is none of {known}")
    for name in ("walkthrough", "task_descs"):
        value = fields.get(name, [] if name == "task_descs" else None)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise GameError(f"{where}, field {name!r}: expected a list of texts, got {str(value)[:60]!r}")
    refuse_old_commands(fields["walkthrough"], f"{where}, field 'walkthrough'")
    return fields


def write_pack(path: Path, games: Iterable[Game]) -> int:
    """Writes games as a pack, e.g. generated ones to share; returns their number.

    Args:
        path: ``<split>.jsonl.xz``; an old file is replaced.
        games: In any order.
    """
    rows = 0
    with lzma.open(path, "wt", encoding="utf-8", preset=1) as lines:
        for game in games:
            row = {
                "id": game.id,
                "task_type": game.task_type,
                "task": game.sentence,
                "walkthrough": game.walkthrough,
                "pddl_problem": game.problem,
                "task_descs": game.task_descs,
                "floor_plan": game.floor_plan,
            }
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            rows += 1
    return rows


def refuse_old_commands(walkthrough: Sequence[str], where: str) -> None:
    """Refuses games of ALFWorld 0.2.x, whose commands differ.

    Raises:
        GameError: The walkthrough has ``put X in/on Y``.
    """
    for command in walkthrough:
        if command.startswith("put "):
            raise GameError(
                f"{where}: {command!r} is a command of ALFWorld 0.2.x; only games of 0.4 and later "
                "('move X to Y') can be played: run alfworld-download of a current version"
            )
