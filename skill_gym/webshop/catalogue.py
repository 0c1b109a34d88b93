"""The catalogue: a shop on disk, built once, memory-mapped and shared by all who open it."""

import contextlib
import functools
import logging
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skill_gym.blobs import Blobs, Keys
from skill_gym.cache import cache_folder, fill_once
from skill_gym.lucene import LuceneIndexError
from skill_gym.lucene.search_engine import SearchEngine
from skill_gym.webshop.catalogue_build import (
    ASINS,
    CARDS,
    DETAILS,
    INDEX,
    GoalsByKind,
    Progress,
    goals_path,
    write_catalogue,
    write_from_files,
)
from skill_gym.webshop.goals import GoalKind, Goals, ShopGoal
from skill_gym.webshop.product import Product, ShopError
from skill_gym.webshop.product_record import unpack_card, unpack_product
from skill_gym.webshop.raw_files import RawFiles, find_raw_files
from skill_gym.webshop.store_header import FORMAT, HEADER, read_header
from skill_gym.webshop.title_nouns import NounSource

__all__ = [
    "Catalogue",
    "GoalsByKind",
    "Progress",
    "build_catalogue",
    "cached_folder",
    "open_cached",
    "open_catalogue",
    "open_store",
]

_LOG = logging.getLogger(__name__)

PRODUCTS_HELD, CARDS_HELD = 1024, 8192
"""How many products and cards stay in memory."""
UNFINISHED_DAYS = 1
"""An unfinished build in the cache is removed when nothing was written to it for so long."""


class Catalogue:
    """A shop, read-only. Parts are mapped when they are first used; a copy or a pickle opens it again.

    Args:
        folder: A built store.

    Raises:
        ShopError: No store, a damaged one, or one of another version.
    """

    def __init__(self, folder: str | Path) -> None:
        # Parts are opened later, and in other processes: the working folder may change until then.
        self.folder = Path(folder).absolute()
        self.header = read_header(self.folder)
        self.product = functools.lru_cache(PRODUCTS_HELD)(self._read_product)
        """The product of that number, from 0 on, in the order of the product file."""
        self.card = functools.lru_cache(CARDS_HELD)(self._read_card)
        """Asin, title and price tag of the product of that number."""
        self._goals: dict[GoalKind, Goals] = {}

    @property
    def source(self) -> str:
        """8 hex digits of the content, with the synthetic goals; human goals have a source of their own."""
        return self.header.sources["synthetic"]

    def __len__(self) -> int:
        return self.header.products

    def __reduce__(self) -> tuple[Any, ...]:
        return open_store, (self.folder,)

    def __repr__(self) -> str:
        return f"Catalogue({str(self.folder)!r})"

    def number(self, asin: str) -> int | None:
        """The product of that asin, None when it is not sold here."""
        return self._asins.number(asin)

    def search(self, query: str) -> NDArray[np.int32]:
        """Numbers of the 50 products that fit best, best first."""
        return self._engine.search(query)

    def goals(self, kind: GoalKind = "synthetic") -> Goals:
        """The goals of a kind, in the original's order.

        Raises:
            ShopError: The shop has none.
        """
        if not self.header.goals.get(kind):
            raise ShopError(f"the shop in {self.folder} has no {kind} goals{_MENDS.get(kind, '')}")
        if kind not in self._goals:
            path, source = goals_path(self.folder, kind), self.header.sources[kind]
            self._goals[kind] = Goals(path, self.product, self._asins.__getitem__, source)
        return self._goals[kind]

    @functools.cached_property
    def _asins(self) -> Keys:
        return Keys(self.folder / ASINS)

    @functools.cached_property
    def _cards(self) -> Blobs:
        return Blobs(self.folder / CARDS)

    @functools.cached_property
    def _details(self) -> Blobs:
        return Blobs(self.folder / DETAILS)

    @functools.cached_property
    def _engine(self) -> SearchEngine:
        try:
            return SearchEngine(self.folder / INDEX)
        except LuceneIndexError as error:
            raise ShopError(str(error)) from error

    def _read_product(self, number: int) -> Product:
        try:
            return unpack_product(self._asins[number], self._cards[number], self._details[number])
        except (ValueError, zlib.error) as error:
            raise self._damaged(number, error) from error

    def _read_card(self, number: int) -> tuple[str, str, str]:
        try:
            return (self._asins[number], *unpack_card(self._cards[number]))
        except ValueError as error:
            raise self._damaged(number, error) from error

    def _damaged(self, number: int, error: Exception) -> ShopError:
        """Bytes that changed without the file's size, which opening the shop does not notice."""
        return ShopError(
            f"the shop in {self.folder} is damaged: product number {number} cannot be read ({error}); "
            "remove the folder and build the shop again"
        )


_MENDS = {
    "synthetic": "; its attribute file has no instructions, or it was made for goals='human'",
    "human": "; put items_human_ins*.json beside the product file, or play goals='synthetic'",
}


def open_store(folder: str | Path) -> Catalogue:
    """A built store, opened once per process and shared.

    Raises:
        ShopError: See ``Catalogue``.
    """
    path = Path(folder).absolute()
    header = path / HEADER
    written = header.stat().st_mtime_ns if header.is_file() else 0
    return _opened(path, written)


@functools.lru_cache(maxsize=8)
def _opened(folder: Path, written: int) -> Catalogue:
    return Catalogue(folder)


def open_catalogue(
    data: str | Path, *, tagger: NounSource = "auto", progress: Progress | None = None
) -> Catalogue:
    """The shop in a folder: a built store, or original files, which are built once into the user's cache.

    Which files of a folder belong together, ``raw_files.find_raw_files`` says. A shop in the cache is built
    anew when a file of it changes, and when another version of this package reads it. Several processes
    may do so at once.

    Raises:
        ShopError: There is no shop, or it cannot be read or built.
    """
    folder = Path(data).expanduser()
    if (folder / HEADER).is_file():
        return open_store(folder)
    files = find_raw_files(folder)

    def write(partial: Path) -> None:
        _LOG.info("building the shop of %s, once", files.items)
        write_from_files(files, partial, tagger=tagger, progress=progress)

    return open_cached(cached_folder(files, tagger), write)


def open_cached(folder: Path, write: Callable[[Path], None]) -> Catalogue:
    """The shop in a folder of the user's cache, made when it is missing and made anew when it is damaged.

    Args:
        folder: Where it lies.
        write: Builds it in the (temporary) folder given.
    """
    if not folder.is_dir():
        _sweep(folder.parent)
    fill_once(folder, write)
    try:
        return open_store(folder)
    except ShopError as error:
        _LOG.warning("%s; the cached shop is built anew", error)
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".old-"))
        # Somebody else may have seen the damage too, and moved it out of the way before.
        with contextlib.suppress(FileNotFoundError):
            folder.rename(aside / "shop")
        shutil.rmtree(aside, ignore_errors=True)
        fill_once(folder, write)
        return open_store(folder)


def cached_folder(files: RawFiles, tagger: NounSource = "auto") -> Path:
    """Where the user's cache keeps the shop of these files; a new place whenever one of them changes."""
    name = files.items.name.partition(".")[0]
    return cache_folder("webshop") / f"{name}-{tagger}-{FORMAT}-{files.fingerprint()}"


def build_catalogue(
    records: Iterable[Mapping[str, Any]],
    attributes: Mapping[str, Any],
    folder: str | Path,
    *,
    human: Mapping[str, Any] | None = None,
    prices: Mapping[str, float] | None = None,
    nouns: Mapping[str, Sequence[str]] | None = None,
    goals: GoalsByKind | Iterable[ShopGoal] | None = None,
    source: str | None = None,
    tagger: NounSource = "auto",
    progress: Progress | None = None,
) -> Catalogue:
    """Builds a store and opens it.

    Records are taken one by one, and of each mapping only ``get`` is used, for an asin just after its record
    was read: neither need be in memory as a whole.

    Args:
        records: Records as the original product file has them.
        attributes: Asin -> attributes and instruction, as in the original attribute file.
        folder: Where to; new or empty. The file that makes it a store is written last.
        human: Asin -> human instructions, as in the original file.
        prices: Asin -> reward price; a price range without one is drawn from a fixed seed.
        nouns: Asin -> title nouns; other titles are tagged.
        goals: Goals to keep as they are, in their order, by kind; one iterable alone is the synthetic ones.
            A kind that is not given is made from the instructions. Read after all records.
        source: Names the content in place of the hash of it, e.g. of a generator's version and seed.
        tagger: Who tags titles: ``spacy``, ``words``, or ``auto``: spaCy where it is installed.
        progress: Is told the stage and the number of products done.

    Raises:
        ShopError: There are no products, the folder is not empty, or a goal is for no product of these.
    """
    by_kind: GoalsByKind | None = None
    if goals is not None:
        by_kind = goals if isinstance(goals, Mapping) else {"synthetic": goals}
    write_catalogue(
        records,
        attributes,
        Path(folder),
        human=human,
        prices=prices,
        nouns=nouns,
        goals=by_kind,
        source=source,
        tagger=tagger,
        progress=progress,
    )
    return Catalogue(folder)


def _sweep(cache: Path) -> None:
    """Removes what killed builds have left: unfinished folders in which nothing was written for a day."""
    for folder in cache.glob(".*-*"):
        try:
            newest = max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
        except OSError:
            continue  # Somebody is at work in it, or removes it.
        if folder.is_dir() and newest < time.time() - UNFINISHED_DAYS * 86_400:
            _LOG.info("removing %s, which a build that was cut off has left", folder)
            shutil.rmtree(folder, ignore_errors=True)
