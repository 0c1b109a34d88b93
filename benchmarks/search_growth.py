"""Claim: a hundred thousand passages are searched in milliseconds, and a million fit."""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, shown, table
from skill_gym.benchmarks.process import in_new_process, memory_mb
from skill_gym.search.corpus import Engine, build_corpus, engines, open_corpus
from skill_gym.search.passages import Passage

CLAIM = (
    "corpora are built in bounded memory (1,000,000 passages in under 2 GB), opened in under a tenth of a "
    "second, and searched by tantivy in under 5 ms (median) at 100,000 passages and 50 ms at 1,000,000"
)
BOUNDS = (
    Bound("tantivy_p50_ms_100000", "<=", 5),
    Bound("tantivy_p50_ms_1000000", "<=", 50),
    Bound("tantivy_open_ms_100000", "<=", 100),
    Bound("tantivy_open_ms_1000000", "<=", 100),
    Bound("tantivy_build_peak_mb_1000000", "<=", 2000),
    Bound("tantivy_found_in_top_10_10000", ">=", 0.9),
)
SIZES = (10_000, 100_000, 1_000_000)
ENGINES: tuple[Engine, ...] = ("tantivy", "lucene")
QUERIES = 300
BATCH = 128
WORDS_IN_TEXT, WORDS_IN_QUERY = 80, 8
_VOCABULARY = 200_000
_COLUMNS = {
    "build_s": "building, s",
    "build_cpu_s": "CPU, s",
    "build_peak_mb": "building, MB",
    "disk_mb": "disk, MB",
    "index_mb": "index, MB",
    "open_ms": "opening, ms",
    "rss_mb": "resident, MB",
    "private_mb": "private, MB",
    "p50_ms": "query, ms",
    "p99_ms": "p99, ms",
    "p99_cpu_ms": "p99 CPU, ms",
    "batch_ms": f"{BATCH} at once, ms",
    "found_in_top_10": "found",
}


def made_passages(count: int) -> Iterator[Passage]:
    """Passages of 80 words whose frequencies fall as those of a language do; always the same ones."""
    for number in range(count):
        words = _words(number)
        yield Passage(f"{number:08}", " ".join(words[:2]).title(), " ".join(words))


def made_query(number: int) -> str:
    """Eight of a passage's words, frequent ones as often as they stand in it."""
    words = _words(number)
    places = np.random.default_rng((1, number)).choice(len(words), WORDS_IN_QUERY, replace=False)
    return " ".join(words[place] for place in places)


def _words(number: int) -> list[str]:
    ranks = np.random.default_rng((0, number)).zipf(1.07, 3 * WORDS_IN_TEXT)
    return [_word(rank) for rank in ranks.tolist() if rank <= _VOCABULARY][:WORDS_IN_TEXT]


def _word(rank: int) -> str:
    """A word of its own for each rank: syllables are its digits."""
    syllables = []
    while rank:
        rank, digit = divmod(rank, 85)
        syllables.append("bdfgklmnprstvwxyz"[digit // 5] + "aeiou"[digit % 5])
    return "".join(syllables) + "k"


def build(folder: str, passages: int, engine: Engine) -> dict[str, float]:
    """Builds a corpus; to be run in a process of its own, whose memory is told."""
    start = time.perf_counter()
    build_corpus(made_passages(passages), folder, engine=engine)
    return {
        "build_s": time.perf_counter() - start,
        "build_cpu_s": time.process_time(),
        "build_peak_mb": memory_mb("VmHWM"),
    }


def ask(folder: str, passages: int) -> dict[str, float]:
    """Opens a corpus and asks for passages, each once; to be run in a process of its own."""
    start = time.perf_counter()
    index = open_corpus(folder)
    opened = time.perf_counter() - start
    drawn = np.random.default_rng(2).choice(passages, min(QUERIES + BATCH, passages), replace=False).tolist()
    index.search([made_query(0)], 3)
    took, worked, found = [], [], 0
    for number in drawn[:QUERIES]:
        query = made_query(number)
        start, work = time.perf_counter(), time.thread_time()
        hits = index.search([query], 10)[0]
        took.append(time.perf_counter() - start)
        worked.append(time.thread_time() - work)
        found += any(hit.passage.id == f"{number:08}" for hit in hits)
    queries = [made_query(number) for number in drawn[-BATCH:]]
    start = time.perf_counter()
    index.search(queries, 3)
    batch = time.perf_counter() - start
    p50, p99 = np.percentile(took, [50, 99]) * 1e3
    return {
        "open_ms": opened * 1e3,
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "p99_cpu_ms": float(np.percentile(worked, 99)) * 1e3,
        "batch_ms": batch * 1e3,
        "found_in_top_10": found / len(took),
        "rss_mb": memory_mb("VmRSS"),
        "private_mb": memory_mb("RssAnon"),
        "disk_mb": _megabytes(Path(folder)),
        "index_mb": _megabytes(Path(folder) / engines(folder)[0]),
    }


def measure(folder: Path, passages: int, engine: Engine) -> dict[str, float]:
    """The figures of one size, by their name without the size."""
    here = "skill_gym.benchmarks.search_growth"
    built: dict[str, float] = in_new_process(here, "build", str(folder), passages, engine)
    asked: dict[str, float] = in_new_process(here, "ask", str(folder), passages)
    return built | asked


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument("--passages", type=int, nargs="+", metavar="N", help=f"sizes; {SIZES} if not given")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES, help="which to measure")
    parser.add_argument("--folder", type=Path, help="where the corpora are built and removed again")
    given = parser.parse_args(arguments)
    figures: dict[str, Figure] = {}
    rows = []
    for passages in given.passages or (SIZES[:1] if given.quick else SIZES):
        for engine in given.engines:
            with tempfile.TemporaryDirectory(dir=given.folder) as folder:
                measured = measure(Path(folder) / "corpus", passages, engine)
            figures |= {f"{engine}_{name}_{passages}": value for name, value in measured.items()}
            rows.append([engine, f"{passages:,}", *(shown(measured[name]) for name in _COLUMNS)])
            # The largest takes long; what the others gave is told at once.
            print(table(["engine", "passages", *_COLUMNS.values()], rows[-1:]), file=sys.stderr)
    print(
        f"Passages of {WORDS_IN_TEXT} made words, queries of {WORDS_IN_QUERY} of them, each asked "
        "once. Building includes making\nthe passages. Resident memory counts mapped files, which processes "
        "share. CPU time is what the work takes alone."
    )
    print(table(["engine", "passages", *_COLUMNS.values()], rows))
    return Claim(CLAIM, figures, BOUNDS, ("numpy", "tantivy")).finish(given.json)


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    sys.exit(main())
