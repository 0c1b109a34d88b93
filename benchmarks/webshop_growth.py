"""Claim: a shop of a hundred thousand products is searched in milliseconds, and one of a million fits."""

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, shown, table
from skill_gym.benchmarks.process import in_new_process, memory_mb
from skill_gym.webshop.catalogue import open_catalogue
from skill_gym.webshop.generator import GeneratorConfig, build_generated

CLAIM = (
    "shops are built in bounded memory (1,000,000 products in under 2 GB), opened in under a tenth of a "
    "second whatever their size, and searched in under 1 ms (median) at 1,000 products, 10 ms at 100,000 and "
    "30 ms at 1,000,000"
)
BOUNDS = (
    Bound("median_ms_1000", "<=", 1),
    Bound("median_ms_10000", "<=", 3),
    Bound("median_ms_100000", "<=", 10),
    Bound("median_ms_1000000", "<=", 30),
    Bound("open_ms_1000", "<=", 100),
    Bound("open_ms_10000", "<=", 100),
    Bound("open_ms_100000", "<=", 100),
    Bound("open_ms_1000000", "<=", 100),
    Bound("build_peak_mb_1000000", "<=", 2000),
    Bound("found_in_top_50_1000", ">=", 0.9),
)
SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUERIES = 300
COLUMNS = {
    "making_s": "making, s",
    "index_s": "index, s",
    "build_cpu_s": "CPU, s",
    "build_peak_mb": "building, MB",
    "disk_mb": "disk, MB",
    "open_ms": "opening, ms",
    "rss_mb": "resident, MB",
    "private_mb": "private, MB",
    "median_ms": "query, ms",
    "p99_ms": "p99, ms",
    "p99_cpu_ms": "p99 CPU, ms",
    "found_in_top_50": "found",
}
"""Figures of each size, and what the table calls them."""


def build(folder: str, products: int) -> dict[str, float]:
    """Builds a shop; to be run in a process of its own, whose memory is told."""
    start = time.perf_counter()
    reached = start

    def progress(stage: str, count: int) -> None:
        nonlocal reached
        if stage == "products":
            reached = time.perf_counter()

    build_generated(folder, config=GeneratorConfig(products=products), progress=progress)
    end = time.perf_counter()
    return {
        "making_s": reached - start,
        "index_s": end - reached,
        "build_cpu_s": time.process_time(),
        "build_peak_mb": memory_mb("VmHWM"),
    }


def play(folder: str, queries: int) -> dict[str, float]:
    """Opens a shop and searches for goals, each once; to be run in a process of its own."""
    start = time.perf_counter()
    catalogue = open_catalogue(folder)
    goals = catalogue.goals("synthetic")
    opened = time.perf_counter() - start
    chosen = random.Random(0).sample(range(len(goals)), min(queries, len(goals)))
    texts = [goals[index].instruction_text for index in chosen]
    catalogue.search("a first search maps the files")
    took, worked, found = [], [], 0
    for index, text in zip(chosen, texts, strict=True):
        start, work = time.perf_counter(), time.thread_time()
        hits = catalogue.search(text)
        took.append(time.perf_counter() - start)
        worked.append(time.thread_time() - work)
        found += int(goals.product_numbers[index] in hits)
        for number in hits[:10]:
            catalogue.card(int(number))
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {
        "open_ms": opened * 1e3,
        "median_ms": float(np.median(took)) * 1e3,
        "p99_ms": float(np.percentile(took, 99)) * 1e3,
        "p99_cpu_ms": float(np.percentile(worked, 99)) * 1e3,
        "found_in_top_50": found / len(took),
        "rss_mb": memory_mb("VmRSS"),
        "private_mb": memory_mb("RssAnon"),
        "disk_mb": sum(path.stat().st_size for path in files) / 1e6,
    }


def measure(folder: Path, products: int) -> dict[str, float]:
    """The figures of one size, by their name without the size."""
    here = "skill_gym.benchmarks.webshop_growth"
    built: dict[str, float] = in_new_process(here, "build", str(folder), products)
    played: dict[str, float] = in_new_process(here, "play", str(folder), QUERIES)
    return built | played


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument("--products", type=int, nargs="+", metavar="N", help=f"sizes; {SIZES} if not given")
    parser.add_argument("--folder", type=Path, help="where the shops are built and removed again")
    given = parser.parse_args(arguments)
    figures: dict[str, Figure] = {}
    rows: list[list[str]] = []
    for products in given.products or (SIZES[:2] if given.quick else SIZES):
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            measured = measure(Path(folder) / "shop", products)
        figures |= {f"{name}_{products}": value for name, value in measured.items()}
        rows.append([f"{products:,}", *(shown(measured[name]) for name in COLUMNS)])
        # The largest takes long; what the others gave is told at once.
        print(", ".join([f"{products:,} products", *map(_told, measured.items())]), file=sys.stderr)
    print(
        "Queries are goals' texts, each asked once. Resident memory counts mapped files, which processes "
        "share. CPU time is what the work takes on a machine that does nothing else."
    )
    print(table(["products", *COLUMNS.values()], rows))
    return Claim(CLAIM, figures, BOUNDS, ("numpy",)).finish(given.json)


def _told(figure: tuple[str, float]) -> str:
    return f"{figure[0]} {shown(figure[1])}"


if __name__ == "__main__":
    sys.exit(main())
