"""The command ``skill-gym webshop``: builds a shop from the original's files, and tells what is in one."""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

from skill_gym.benchmarks.progress import BuildReport
from skill_gym.cache import fill_once
from skill_gym.webshop.catalogue import Catalogue, cached_folder, open_store
from skill_gym.webshop.catalogue_build import write_from_files
from skill_gym.webshop.goals import GoalKind
from skill_gym.webshop.partitions import PartitionName, partition
from skill_gym.webshop.product import ShopError
from skill_gym.webshop.raw_files import RawFiles, find_raw_files
from skill_gym.webshop.store_header import HEADER
from skill_gym.webshop.title_nouns import NounSource


def add_actions(command: argparse.ArgumentParser) -> None:
    """Adds ``build`` and ``info``."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = actions.add_parser(
        "build",
        help="build a shop from the original's files",
        description="Builds the shop once; environments then open it in milliseconds, given its folder as "
        "data=. Without --out it goes to the cache, where data=ORIGINALS finds it if "
        "--tagger is auto.",
    )
    build.add_argument(
        "--data", type=Path, metavar="FOLDER", help="folder of the original files, or one product file of it"
    )
    for name, pattern in (
        ("items", "items_shuffle*.json"),
        ("attributes", "items_ins_v2*.json"),
        ("human", "items_human_ins*.json"),
        ("prices", "product_prices.json"),
        ("nouns", "title_nouns.json"),
    ):
        build.add_argument(
            f"--{name}", type=Path, metavar="FILE", help=f"{pattern} or .json.gz, instead of --data's"
        )
    build.add_argument("--out", type=Path, metavar="FOLDER", help="where to; the user's cache if left out")
    build.add_argument(
        "--tagger",
        choices=get_args(NounSource),
        default="auto",
        help="who finds the nouns of titles that no file gives: auto is spaCy where it is installed",
    )
    build.add_argument("--force", action="store_true", help="build anew although FOLDER holds a shop")
    build.set_defaults(run=run_build)
    info = actions.add_parser("info", help="tell what a built shop holds")
    info.add_argument(
        "data", type=Path, metavar="FOLDER", help="a built shop, or original files built before"
    )
    info.set_defaults(run=run_info)


def run_build(options: argparse.Namespace) -> int:
    """Builds a shop and describes it."""

    files = _files(options)
    out: Path = (options.out or cached_folder(files, options.tagger)).expanduser()
    _check(out, options.force)
    began = time.perf_counter()
    with BuildReport() as report:

        def write(folder: Path) -> None:
            write_from_files(files, folder, tagger=options.tagger, progress=report)

        _build(out, write)
    print(f"built in {time.perf_counter() - began:.1f} s")
    print(describe(open_store(out)))
    return 0


def run_info(options: argparse.Namespace) -> int:
    """Describes a built shop."""

    folder: Path = options.data.expanduser()
    if not (folder / HEADER).is_file():
        folder = cached_folder(find_raw_files(folder), "auto")
        if not folder.is_dir():
            raise ShopError(f"not built yet; run: skill-gym webshop build --data {options.data}")
    print(describe(open_store(folder)))
    return 0


def describe(shop: Catalogue) -> str:
    """What a shop holds, as lines of text."""
    header = shop.header
    sizes = header.files
    index = sum(size for name, size in sizes.items() if name.startswith("index/"))
    sources = ", ".join(f"{kind} {source}" for kind, source in header.sources.items())
    made_from = ", ".join(header.made_from.values()) or "a generator"
    lines = [
        f"shop      {shop.folder}",
        f"files     {made_from}",
        f"source    {sources} (format {header.format})",
        f"products  {header.products:,}; nouns of titles: {_counted(header.nouns)}",
        f"disk      {_megabytes(sum(sizes.values()))}, of it the search index {_megabytes(index)}",
    ]
    if header.prices:
        lines.append(f"prices    of {sum(header.prices.values()):,} price ranges: {_counted(header.prices)}")
    for kind in get_args(GoalKind):
        lines += _goal_lines(shop, kind)
    lines += [f"mended    {count:,} {what}" for what, count in header.repairs.items()]
    return "\n".join(lines)


def _goal_lines(shop: Catalogue, kind: GoalKind) -> list[str]:
    if not shop.header.goals.get(kind):
        return [f"goals     {kind}: none"]
    goals = shop.goals(kind)
    products = goals.product_numbers
    lines = [f"goals     {kind}: {len(goals):,} for {len(set(products.tolist())):,} products"]
    for name in get_args(PartitionName):
        parts = []
        for split in ("train", "validation", "test"):
            try:
                indices = partition(goals, name, split)
            except ShopError:
                parts.append(f"{split} none")
                continue
            parts.append(f"{split} {len(indices):,} for {len(set(products[indices].tolist())):,}")
        lines.append(f"          {name}: {', '.join(parts)}")
    return lines


def _files(options: argparse.Namespace) -> RawFiles:
    named = {
        name: path.expanduser()
        for name in ("items", "attributes", "human", "prices", "nouns")
        if (path := getattr(options, name)) is not None
    }
    if options.data is not None:
        return replace(find_raw_files(options.data), **named)
    if "items" not in named or "attributes" not in named:
        raise ShopError("give --data FOLDER, or at least --items FILE and --attributes FILE")
    return RawFiles(**named)


def _check(out: Path, force: bool) -> None:
    """Never removes anything but a shop."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / HEADER).is_file():
        raise ShopError(f"{out} is there and is no shop; give another --out, or remove it")
    if not force:
        raise ShopError(f"{out} holds a shop already; add --force to build it anew")


def _build(out: Path, write: Callable[[Path], None]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.is_dir() and not any(out.iterdir()):
        out.rmdir()
    if not out.exists():
        fill_once(out, write)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        fill_once(aside / "new", write)
        out.rename(aside / "old")
        (aside / "new").rename(out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
