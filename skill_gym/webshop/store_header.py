"""The header of a built shop: which version wrote it, what it holds, and whether it is whole."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from skill_gym.lucene import index_build
from skill_gym.webshop.product import ShopError

FORMAT = f"2.{index_build.FORMAT}"
"""Version of the store's files and of the search index among them.

A store of another one is refused, and built anew where the files that it was built from are known.
"""
HEADER = "shop.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is written last, so that a store that has it is whole.

    Attributes:
        sources: 8 hex digits of the content of the shop with its goals, by their kind.
        products: Number of products.
        goals: Number of goals by kind.
        nouns: Number of titles by where their nouns come from.
        prices: Number of range prices by where they come from.
        repairs: What could not be taken as it stood, counted.
        made_from: The names of the files it was built from; empty for a generated shop.
        files: Bytes of each file of the store.
        format: Version of the store's files.
    """

    sources: Mapping[str, str]
    products: int
    goals: Mapping[str, int]
    nouns: Mapping[str, int]
    prices: Mapping[str, int]
    repairs: Mapping[str, int]
    made_from: Mapping[str, str]
    files: Mapping[str, int]
    format: str = FORMAT

    def write(self, folder: Path) -> None:
        """Stores it."""
        text = json.dumps(asdict(self), indent=1) + "\n"
        (folder / HEADER).write_text(text, encoding="utf-8")


def read_header(folder: Path) -> Header:
    """The header of a store.

    Raises:
        ShopError: No store, one of another version, or one that is not whole; the message tells the mend.
    """
    rebuild = f"build it again: skill-gym webshop build --data ORIGINALS --out {folder} --force"
    try:
        fields = json.loads((folder / HEADER).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ShopError(f"{folder} holds no built shop ({HEADER} is missing); {rebuild}") from error
    except (OSError, ValueError) as error:
        raise ShopError(f"{folder / HEADER} cannot be read ({error}); {rebuild}") from error
    if isinstance(fields, dict) and fields.get("made_from") == {}:
        rebuild = "a generated shop is made again once its folder is removed"
    version = fields.get("format") if isinstance(fields, dict) else None
    if version != FORMAT:
        raise ShopError(
            f"the shop in {folder} has format {version}, this version reads format {FORMAT}; {rebuild}"
        )
    try:
        header = Header(**fields)
    except TypeError as error:
        raise ShopError(f"{folder / HEADER} is damaged ({error}); {rebuild}") from error
    for name, size in header.files.items():
        path = folder / name
        found = path.stat().st_size if path.is_file() else None
        if found != size:
            state = "is missing" if found is None else f"has {found:,} bytes in place of {size:,}"
            raise ShopError(f"the shop in {folder} is damaged: {name} {state}; {rebuild}")
    return header


def file_sizes(folder: Path) -> dict[str, int]:
    """Bytes of each file below a folder, by its path, in sorted order."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != HEADER)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
