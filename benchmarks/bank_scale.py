"""Claim: a store of a million skills opens in a second, and a batch of tasks finds its skills in a few."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skill_gym.benchmarks.claim import Bound, Claim, Figure, options
from skill_gym.benchmarks.many_skills import many_goals, many_skills, vectors_like
from skill_gym.benchmarks.process import in_new_process, memory_mb
from skill_gym.skillbanks.bank_vectors import text_of
from skill_gym.skillbanks.by_embedding import ByEmbedding
from skill_gym.skillbanks.embedding import MINILM, Embedder
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.store_vectors import VectorTable
from skill_gym.skillbanks.vectors import VectorCache
from skill_gym.trajectory import Task

BATCH = 128
_REAL = 400
"""Skills that are embedded; the others' vectors are drawn between theirs."""
_CHUNK = 20_000
_RECALL_AT = 10
_ENV = "skill_gym/ALFWorld-v0"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument(
        "--skills", type=int, help="size of the bank; default: 1,000,000, with --quick 120,000"
    )
    parser.add_argument("--batches", type=int, default=20, help=f"batches of {BATCH} goals")
    parser.add_argument("--model", default=MINILM, help="embedding model")
    given = parser.parse_args(arguments)
    size = given.skills or (120_000 if given.quick else 1_000_000)
    module = "skill_gym.benchmarks.bank_scale"
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, Figure] = {"skills": size}
        # Each in a process of its own: what one holds is no part of the other's memory.
        figures |= in_new_process(module, "write", folder, size, given.model)
        figures |= in_new_process(module, "read", folder, given.batches, given.model)
    print(f"A bank of {size:,} skills; batches of {BATCH} different goals, whose vectors are known.")
    print(f"Vectors are of the size of {given.model}'s in float16, drawn between {_REAL} embedded ones.")
    print(
        "store_open_ms: the store alone; bank_s: all of its entries as a SkillBank; vectors_s: their vectors;"
    )
    print("index_s: the approximate index and the first batch; rss_mb: everything, the model included.")
    bounds = [
        Bound("recall_at_10", ">=", 0.95),
        Bound("store_open_ms", "<=", 1000),
        Bound("p99_ms", "<=", 5000),
    ]
    text = (
        f"a store of {size:,} skills opens in a second, and the skills of {BATCH} tasks are found in five, "
        "with 95% of the ten nearest"
    )
    return Claim(text, figures, bounds, ("numpy", "faiss-cpu")).finish(given.json)


def write(folder: str, size: int, model: str) -> dict[str, Any]:
    """Writes the store and its vectors; figures of both."""
    path = Path(folder) / "bank.db"
    start = time.perf_counter()
    with BankStore.open(path, write=True) as store:
        store.add_entries(many_skills(size), reason="measured")
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    for _ in many_skills(size):
        pass
    making = time.perf_counter() - start
    encoder = Embedder(model)
    known = encoder([text_of(skill) for skill in many_skills(_REAL, seed=1)])
    cache = VectorCache(VectorTable(Path(folder) / "vectors"), dtype="float16", memory=1)
    kept = 0.0
    skills = many_skills(size)
    for first in range(0, size, _CHUNK):
        count = min(_CHUNK, size - first)
        texts = [text_of(next(skills)) for _ in range(count)]
        vectors = vectors_like(known, count, seed=first)
        start = time.perf_counter()
        cache.keep(encoder, texts, vectors)
        kept += time.perf_counter() - start
    return {
        "written_per_s": size / (seconds - making),
        "store_mb": _megabytes(path),
        "vectors_written_per_s": size / kept,
        "vectors_mb": _megabytes(Path(folder) / "vectors"),
    }


def read(folder: str, batches: int, model: str) -> dict[str, Any]:
    """Opens the store, embeds its bank from the file, and searches; figures of all that."""
    encoder = Embedder(model)
    before = memory_mb()
    seconds: dict[str, float] = {}
    start = time.perf_counter()
    store = BankStore.open(Path(folder) / "bank.db")
    seconds["open"] = _lap(start)
    opened = memory_mb()
    start = time.perf_counter()
    bank = store.bank
    seconds["bank"] = _lap(start)
    held = memory_mb()
    cache = VectorCache(VectorTable(Path(folder) / "vectors"), dtype="float16")
    retriever = ByEmbedding(bank, encoder, cache=cache, remembered=0)
    start = time.perf_counter()
    section = retriever.prepare().task_specific
    seconds["vectors"] = _lap(start)
    goals = many_goals(BATCH * (batches + 1))
    queries = cache.vectors(encoder, goals, query=True)
    start = time.perf_counter()
    retriever.retrieve(_tasks(goals[:BATCH]))
    seconds["index"] = _lap(start)
    times = []
    for first in range(BATCH, len(goals), BATCH):
        tasks = _tasks(goals[first : first + BATCH])
        start = time.perf_counter()
        retriever.retrieve(tasks)
        times.append(_lap(start))
    nearest = section.nearest
    if nearest is None:
        raise RuntimeError("the bank has no task-specific skills")
    near = nearest.search(queries[:BATCH], _RECALL_AT, section.rows)
    exact = nearest.search(queries[:BATCH], _RECALL_AT, section.rows, exact=True)
    common = [len(np.intersect1d(one.rows, other.rows)) for one, other in zip(near, exact, strict=True)]
    return {
        "store_open_ms": 1000 * seconds["open"],
        "bank_s": seconds["bank"],
        "vectors_s": seconds["vectors"],
        "index_s": seconds["index"],
        "p50_ms": 1000 * float(np.percentile(times, 50)),
        "p99_ms": 1000 * float(np.percentile(times, 99)),
        "recall_at_10": sum(common) / (_RECALL_AT * BATCH),
        "rss_store_mb": opened - before,
        "rss_bank_mb": held - opened,
        "rss_mb": memory_mb(),
    }


def _tasks(goals: Sequence[str]) -> list[Task]:
    return [Task(goal, f"{_ENV}:measured:{goal}", _ENV, "generated", "", goal) for goal in goals]


def _lap(start: float) -> float:
    return time.perf_counter() - start


def _megabytes(path: Path) -> float:
    return sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*")) / 2**20


if __name__ == "__main__":
    raise SystemExit(main())
