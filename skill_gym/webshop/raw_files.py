"""Finds a shop's original files in a folder, plain or gzip."""

import hashlib
import logging
import re
from dataclasses import dataclass, fields
from pathlib import Path

from skill_gym.webshop.product import ShopError

_LOG = logging.getLogger(__name__)

USUAL = "_1000"
"""The set that the original plays unless told otherwise."""

_ENDINGS = (".json", ".json.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFiles:
    """The files that a shop is built from.

    Attributes:
        items: The products, ``items_shuffle*.json``.
        attributes: Attributes and instructions by asin, ``items_ins_v2*.json``.
        human: Human instructions by asin, ``items_human_ins*.json``.
        prices: Reward prices by asin, ``product_prices.json``.
        nouns: Title nouns by asin, ``title_nouns.json``.
    """

    items: Path
    attributes: Path
    human: Path | None = None
    prices: Path | None = None
    nouns: Path | None = None

    def named(self) -> dict[str, Path]:
        """The files that there are, by what they hold."""
        paths = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: path for name, path in paths.items() if path is not None}

    def fingerprint(self) -> str:
        """16 hex digits that change whenever one of the files does (by path, size and time)."""
        digest = hashlib.sha256()
        for name, path in self.named().items():
            stat = path.stat()
            digest.update(f"{name} {path.resolve()} {stat.st_size} {stat.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:16]


def find_raw_files(data: str | Path) -> RawFiles:
    """The files of the shop in a folder, or of the shop whose product file is given.

    Files belong together by what follows their name: ``items_shuffle_1000.json`` goes with
    ``items_ins_v2_1000.json``. Of several product files in a folder the original's usual one, ``_1000``,
    counts. Human instructions may have another ending when there is only one such file, since they are
    the same for all sets. Of ``X.json`` and ``X.json.gz`` the first counts.

    Raises:
        ShopError: There is no shop, its attributes are missing, or it is not clear which is meant.
    """
    path = Path(data).expanduser()
    if path.is_file():
        found = re.fullmatch(r"items_shuffle(.*?)\.json(\.gz)?", path.name)
        if found is None:
            raise ShopError(
                f"{path} is no product file; give items_shuffle*.json or the folder that holds it"
            )
        return _belonging(path.parent, path, found[1])
    if not path.is_dir():
        raise ShopError(
            f"there is no folder {path}; give one with items_shuffle*.json and items_ins_v2*.json"
        )
    sets = _files(path, "items_shuffle")
    if not sets:
        raise ShopError(
            f"{path} holds no items_shuffle*.json (or .json.gz) and no built shop; download the original's "
            "files, or play a generated split, which needs none"
        )
    ending = next(iter(sets))
    if len(sets) > 1:
        names = ", ".join(one.name for one in sets.values())
        if USUAL not in sets:
            raise ShopError(f"{path} holds several shops ({names}); give the path of one of these files")
        ending = USUAL
        _LOG.warning("%s holds several shops (%s); taking %s", path, names, sets[USUAL].name)
    return _belonging(path, sets[ending], ending)


def _belonging(folder: Path, items: Path, ending: str) -> RawFiles:
    attributes = _files(folder, "items_ins_v2")
    if ending not in attributes:
        there = ", ".join(one.name for one in attributes.values()) or "none"
        raise ShopError(
            f"{items.name} needs items_ins_v2{ending}.json (or .json.gz) beside it; {folder} has {there}"
        )
    human = _files(folder, "items_human_ins")
    if ending not in human and "" not in human and len(human) > 1:
        names = ", ".join(one.name for one in human.values())
        raise ShopError(
            f"{folder} has several human instructions ({names}); rename one to items_human_ins.json"
        )
    one = next(iter(human.values())) if len(human) == 1 else None
    return RawFiles(
        items=items,
        attributes=attributes[ending],
        human=human.get(ending) or human.get("") or one,
        prices=_only(folder, "product_prices"),
        nouns=_only(folder, "title_nouns"),
    )


def _files(folder: Path, name: str) -> dict[str, Path]:
    """Ending -> file, of all files of that name, by ending."""
    found: dict[str, Path] = {}
    for path in sorted(folder.glob(f"{name}*.json*")):
        ending = next((one for one in _ENDINGS if path.name.endswith(one)), None)
        if ending is not None and path.is_file():
            found.setdefault(path.name[len(name) : -len(ending)], path)
    return dict(sorted(found.items()))


def _only(folder: Path, name: str) -> Path | None:
    return next((path for ending in _ENDINGS if (path := folder / f"{name}{ending}").is_file()), None)
