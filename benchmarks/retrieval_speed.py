"""Claim: retrieval by embeddings gives what SkillRL's class gives, and takes a fraction of its time."""

import importlib
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, shown, table
from skill_gym.benchmarks.many_skills import big_bank, many_goals, many_skills, vectors_like
from skill_gym.benchmarks.released_retrieval import ReleasedRetrieval
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.bank_vectors import text_of
from skill_gym.skillbanks.by_embedding import ByEmbedding
from skill_gym.skillbanks.embedding import MINILM, Embedder
from skill_gym.skillbanks.skill import Skill
from skill_gym.skillbanks.vectors import VectorCache, Vectors
from skill_gym.trajectory import Task

TASKS = 128
SIZES = {60: "60", 10_000: "10k", 100_000: "100k"}
ADDED = 100
_REAL = 400
"""Skills that are embedded where the others' vectors are drawn between theirs."""
_ENV = "skill_gym/ALFWorld-v0"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds for 128 tasks and ratios, in the median of the rounds.

    Attributes:
        released: The released class, which asks the model for every task anew.
        cold: Ours, on goals never seen.
        warm: Ours, the goals' vectors known, the results not.
        again: Ours, the results known, too.
        cold_ratio: Released over cold.
        warm_ratio: Released over warm.
        identical: Whether both gave the same entries in the same order, for every task of every round.
    """

    released: float
    cold: float
    warm: float
    again: float
    cold_ratio: float
    warm_ratio: float
    identical: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument("--released", metavar="CHECKOUT", type=Path, help="checkout of aiming-lab/SkillRL")
    parser.add_argument("--bank", metavar="FILE", type=Path, help="released bank, compared, too")
    parser.add_argument("--model", default=MINILM, help="embedding model, for both sides")
    parser.add_argument("--rounds", type=int, help="rounds of 128 new goals; default: 3, with --quick 1")
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        help="of the model, for both sides; with 1, processor time is measured",
    )
    given = parser.parse_args(arguments)
    rounds = given.rounds or (1 if given.quick else 3)
    # As the released class embeds: without an instruction.
    encoder = Embedder(given.model, instruction=None, threads=given.threads)
    importlib.import_module("torch").set_num_threads(given.threads)
    known = encoder([text_of(skill) for skill in many_skills(_REAL, seed=1)])
    figures: dict[str, Figure] = {}
    rows: list[list[str]] = []
    same: list[bool] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bank.json"
        for size, name in SIZES.items():
            drawn = size > 10_000 or (given.quick and size > 60)
            bank = SkillBank.load(given.bank) if given.bank and size == 60 else big_bank(size)
            vectors = vectors_like(known, len(bank.skills), seed=size) if drawn else None
            ours = _ours(bank, encoder, vectors)
            theirs = ReleasedRetrieval(bank, encoder.model, file, checkout=given.released, vectors=vectors)
            timing = _compare(ours, theirs, rounds)
            same.append(timing.identical)
            for figure in ("cold_ratio", "warm_ratio"):
                figures[f"{figure}_{name}"] = getattr(timing, figure)
            rows.append(
                [
                    f"{len(bank.skills):,}{' *' if drawn else ''}",
                    *(
                        shown(1000 * value)
                        for value in (timing.released, timing.cold, timing.warm, timing.again)
                    ),
                    shown(timing.cold_ratio),
                    shown(timing.warm_ratio),
                    "yes" if timing.identical else "NO",
                ]
            )
            if size == 10_000:
                adding, released_adding, scaled = _adding(ours, theirs, encoder, given.quick)
                figures["add_ratio_10k"] = released_adding / adding
                figures["add_ms_10k"] = 1000 * adding
                half, overlap = _half(bank, given.model, given.threads, known, rounds)
                figures["cold_half_ratio_10k"] = timing.released / half
                figures["half_overlap"] = overlap
    figures["identical"] = all(same)
    figures["released_code"] = "run from its checkout" if given.released else "restated"
    print(
        table(
            [
                "skills",
                "released ms",
                "cold ms",
                "warm ms",
                "again ms",
                "cold ratio",
                "warm ratio",
                "identical",
            ],
            rows,
        )
    )
    print(f"{TASKS} different goals a round, {rounds} rounds; {given.threads} thread(s) of {encoder.name}.")
    print("* vectors of the skills drawn between embedded ones, the same for both sides.")
    print(
        f"Adding {ADDED} skills to 10,000: {shown(released_adding)} s released"
        f"{', scaled up from 1,000 skills' if scaled else ''}, {shown(adding)} s ours."
    )
    print("cold_half: our own semantics in half precision; half_overlap: its skills that float32 finds, too.")
    if not given.released:
        print("The released side is a restatement of its algorithm: pass --released CHECKOUT to run it.")
    bounds = [
        Bound("identical", ">=", 1),
        Bound("cold_ratio_10k", ">=", 5),
        Bound("cold_half_ratio_10k", ">=", 5),
        Bound("warm_ratio_10k", ">=", 50),
        Bound("add_ratio_10k", ">=", 50),
    ]
    text = (
        "with 10,000 skills the skills of 128 tasks are found at least 5 times faster than by the released "
        "class cold and 50 times warm, 100 skills are added 50 times faster, and the results are the same"
    )
    return Claim(text, figures, bounds, ("numpy", "torch", "sentence-transformers")).finish(given.json)


def _ours(
    bank: SkillBank,
    encoder: Embedder,
    vectors: Vectors | None,
    semantics: Literal["ours", "skillrl"] = "skillrl",
) -> ByEmbedding:
    cache = VectorCache(memory=len(bank.skills) + 10_000)
    if vectors is not None:
        cache.keep(encoder, [text_of(skill) for skill in bank.skills], vectors)
    retriever = ByEmbedding(bank, encoder, semantics=semantics, cache=cache)
    retriever.prepare()
    return retriever


def _compare(ours: ByEmbedding, theirs: ReleasedRetrieval, rounds: int) -> Timing:
    goals = many_goals(TASKS * (rounds + 1))
    # The first calls are slower, on both sides.
    ours.retrieve(_tasks(goals[:8]))
    theirs.ids(goals[0])
    times: list[tuple[float, float, float, float]] = []
    identical = True
    for start in range(TASKS, TASKS * (rounds + 1), TASKS):
        some = goals[start : start + TASKS]
        tasks = _tasks(some)
        released, wanted = _timed(_all_ids, theirs, some)
        cold, found = _timed(ours.retrieve, tasks)
        fresh = ours.with_bank(ours.bank)
        fresh.prepare()
        warm, second = _timed(fresh.retrieve, tasks)
        again, _ = _timed(fresh.retrieve, tasks)
        identical &= wanted == [one.ids for one in found] == [one.ids for one in second]
        times.append((released, cold, warm, again))
    columns = list(zip(*times, strict=True))
    return Timing(
        released=statistics.median(columns[0]),
        cold=statistics.median(columns[1]),
        warm=statistics.median(columns[2]),
        again=statistics.median(columns[3]),
        cold_ratio=statistics.median(released / cold for released, cold, _, _ in times),
        warm_ratio=statistics.median(released / warm for released, _, warm, _ in times),
        identical=identical,
    )


def _all_ids(theirs: ReleasedRetrieval, goals: Sequence[str]) -> list[tuple[str, ...]]:
    return [theirs.ids(goal) for goal in goals]


def _half(bank: SkillBank, model: str, threads: int, known: Vectors, rounds: int) -> tuple[float, float]:
    """Seconds for 128 new goals in half precision, our own semantics; and what of the skills is the same."""
    encoders = [Embedder(model, threads=threads, dtype=dtype) for dtype in ("bfloat16", "float32")]
    vectors = vectors_like(known, len(bank.skills), seed=len(bank.skills))
    half, whole = (_ours(bank, encoder, vectors, semantics="ours") for encoder in encoders)
    goals = _tasks(many_goals(TASKS * (rounds + 1)))
    half.retrieve(goals[:8])
    times, same = [], 0
    for start in range(TASKS, TASKS * (rounds + 1), TASKS):
        some = goals[start : start + TASKS]
        seconds, found = _timed(half.retrieve, some)
        times.append(seconds)
        pairs = zip(found, whole.retrieve(some), strict=True)
        same += sum(len({*one.ids} & {*other.ids}) for one, other in pairs)
    return statistics.median(times), same / (12 * TASKS * rounds)


def _adding(
    ours: ByEmbedding, theirs: ReleasedRetrieval, encoder: Embedder, quick: bool
) -> tuple[float, float, bool]:
    """Seconds that either side takes to add 100 skills to 10,000; the released side from fewer when quick."""
    new = list(many_skills(ADDED, seed=2, first=10**6))
    general = [replace(skill, category=None) for skill in new]
    seconds, _ = _timed(_grow, ours, general)
    if not quick:
        return seconds, _timed(theirs.add, general)[0], False
    texts = [text_of(skill) for skill in many_skills(1000)]
    sample, _ = _timed(encoder.model.encode, texts)
    return seconds, sample * (len(ours.bank.skills) + ADDED) / len(texts), True


def _grow(ours: ByEmbedding, skills: Sequence[Skill]) -> None:
    ours.with_bank(ours.bank.with_skills(skills)).prepare()


def _tasks(goals: Sequence[str]) -> list[Task]:
    return [Task(goal, f"{_ENV}:measured:{goal}", _ENV, "generated", "", goal) for goal in goals]


def _timed(work: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    # Of one thread the processor's time counts, which others on the machine do not change as much.
    clock = (
        time.process_time if importlib.import_module("torch").get_num_threads() == 1 else time.perf_counter
    )
    start = clock()
    result = work(*arguments)
    return clock() - start, result


if __name__ == "__main__":
    raise SystemExit(main())
