"""Builds the store of a shop: products, goals and search index, with bounded memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from skill_gym.blobs import Blobs, FiledMapping, Keys
from skill_gym.lucene.index_build import build_index
from skill_gym.webshop.goal_writer import GoalWriter
from skill_gym.webshop.goals import GoalKind, ShopGoal
from skill_gym.webshop.intake import Companions, Intake
from skill_gym.webshop.json_stream import array_items, object_members
from skill_gym.webshop.prices import PriceDraws
from skill_gym.webshop.product import ShopError
from skill_gym.webshop.product_record import LONGEST_ASIN, unpack_product
from skill_gym.webshop.raw_files import RawFiles
from skill_gym.webshop.store_header import Header, file_sizes
from skill_gym.webshop.title_nouns import NounSource

CARDS, DETAILS, ASINS, INDEX = "cards", "details", "asins", "index"
"""Names of a store's parts: what a results page shows, everything else, the ids, the search index."""

GoalsByKind = Mapping[str, Iterable[ShopGoal]]
Progress = Callable[[str, int], None]
"""Is told the stage (``products`` or ``index``) and how many products it has done."""


def goals_path(folder: Path, kind: GoalKind) -> Path:
    """Where the goals of a kind lie in a store."""
    return folder / f"{kind}_goals"


def write_catalogue(
    records: Iterable[Mapping[str, Any]],
    attributes: Mapping[str, Any],
    folder: Path,
    *,
    human: Mapping[str, Any] | None = None,
    prices: Mapping[str, float] | None = None,
    nouns: Mapping[str, Sequence[str]] | None = None,
    goals: GoalsByKind | None = None,
    source: str | None = None,
    tagger: NounSource = "auto",
    made_from: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Header:
    """Writes a store into a folder that is new or empty; see ``catalogue.build_catalogue``."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ShopError(f"{folder} is not empty; give a new folder, or remove what is in it")
    unknown = set(goals or ()) - set(get_args(GoalKind))
    if unknown:
        raise ShopError(f"no such kind of goals: {', '.join(sorted(unknown))}; give synthetic or human ones")
    tell = progress or (lambda stage, count: None)
    with TemporaryDirectory(dir=folder, prefix=".building-") as scratch:
        companions = Companions(
            attributes=attributes, human=human or {}, prices=prices or {}, nouns=nouns or {}
        )
        intake = Intake(companions, tagger, Path(scratch))
        intake.write(records, folder / CARDS, folder / DETAILS, lambda done: tell("products", done))
        written = {kind: _write_goals(kind, folder, intake, goals or {}) for kind in get_args(GoalKind)}
    asins = list(intake.numbers)
    intake.numbers.clear()
    if not asins:
        file = (made_from or {}).get("items", "the product file")
        why = ", ".join(f"{count:,} {what}" for what, count in intake.repairs.counts.items())
        raise ShopError(
            f"no products in {file} ({why or 'it has no record'}); check that it is the right one"
        )
    Keys.write(folder / ASINS, asins)
    (folder / INDEX).mkdir()
    build_index(_documents(folder, asins), asins, folder / INDEX, progress=lambda done: tell("index", done))
    header = Header(
        sources={kind: source or writer.source for kind, writer in written.items()},
        products=len(asins),
        goals={kind: writer.count for kind, writer in written.items()},
        nouns=dict(intake.nouns_from),
        prices=dict(intake.prices_from),
        repairs=dict(intake.repairs.counts),
        made_from=dict(made_from or {}),
        files=file_sizes(folder),
    )
    header.write(folder)
    return header


def write_from_files(
    files: RawFiles, folder: Path, *, tagger: NounSource = "auto", progress: Progress | None = None
) -> Header:
    """Writes the store of a shop's original files, which may be far larger than memory.

    Raises:
        ShopError: A file is missing, cut off or not what it should be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=".files-") as scratch:

        def filed(name: str, path: Path | None) -> FiledMapping | None:
            if path is None:
                return None
            members = ((key, value) for key, value in object_members(path) if len(key) <= LONGEST_ASIN)
            return FiledMapping.write(Path(scratch) / name, members)

        return write_catalogue(
            array_items(files.items),
            filed("attributes", files.attributes) or {},
            folder,
            human=filed("human", files.human),
            prices=filed("prices", files.prices),
            nouns=filed("nouns", files.nouns),
            tagger=tagger,
            made_from={name: path.name for name, path in files.named().items()},
            progress=progress,
        )


def _write_goals(kind: GoalKind, folder: Path, intake: Intake, given: GoalsByKind) -> GoalWriter:
    writer = GoalWriter(goals_path(folder, kind), intake.digest)
    if kind in given:
        writer.keep(given[kind], intake.numbers.get)
    else:
        # The original makes one kind or the other: both begin where the prices of ranges end.
        spool = intake.synthetic if kind == "synthetic" else intake.human
        writer.draw(spool, PriceDraws(intake.draws.state))
    return writer


def _documents(folder: Path, asins: Sequence[str]) -> Iterator[str]:
    cards, details = Blobs(folder / CARDS), Blobs(folder / DETAILS)
    for number, asin in enumerate(asins):
        yield unpack_product(asin, cards[number], details[number]).document
