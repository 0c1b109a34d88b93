"""Claim: a bank that tries every skill before it trusts it admits what helps, and nothing else."""

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from skill_gym.benchmarks.claim import Bound, Claim, options
from skill_gym.benchmarks.planted_candidates import write_candidates
from skill_gym.benchmarks.planted_curves import draw_planted
from skill_gym.benchmarks.planted_figures import fate_table, figures
from skill_gym.benchmarks.planted_life import LifeConfig
from skill_gym.benchmarks.planted_run import STAGES, Outcome, play_stage, summary
from skill_gym.skillbanks.trials import TrialConfig

FULL = (("household", 0), ("household", 1), ("library", 0))
"""Stages of each seed: two households with habits of their own, and a library."""
QUICK = (("household", 0), ("library", 0))

BETA = 0.02
"""Share of the skills worth having that a trial may give up."""

CANDIDATES, QUICK_CANDIDATES = 80, 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Plays all stages, prints and gives the exit code."""
    given = _parser().parse_args(arguments)
    config = LifeConfig(
        trial=TrialConfig(min_effect=given.min_effect, alpha=given.fdr, beta=BETA),
        cycles=given.cycles or (50 if given.quick else LifeConfig().cycles),
        served=300 if given.quick else LifeConfig().served,
    )
    seeds = given.seeds if given.seeds is not None else ([0] if given.quick else [0, 1, 2, 3, 4])
    total = given.count or (QUICK_CANDIDATES if given.quick else CANDIDATES)
    jobs = [
        (kind, _stage_seed(seed, number))
        for seed in seeds
        for kind, number in (QUICK if given.quick else FULL)
    ]
    outcomes = _play(jobs, total, config, given.candidates, given.workers)
    for outcome, (_, number) in zip(outcomes, jobs, strict=True):
        outcome.seed = number // len(FULL)
        if given.write_candidates:
            write_candidates(given.write_candidates, outcome.candidates, seed=number)
    print(f"\n{fate_table(outcomes)}")
    if given.courses:
        with Path(given.courses).open("w", encoding="utf-8") as file:
            for outcome in outcomes:
                file.write(json.dumps(summary(outcome), ensure_ascii=False) + "\n")
    if given.curves:
        draw_planted(Path(given.curves), outcomes, config)
    bounds = [
        Bound("malicious_admitted", "<=", 0),
        Bound("regret_ratio", "<=", 0.25),
        # Few candidates can show no more.
        Bound("precision_low", ">=", 0.7 if given.quick else 0.9),
        Bound("recall_low", ">=", 0.7 if given.quick else 0.9),
    ]
    text = (
        f"of planted skills those that change success by {given.min_effect:+g} or more are admitted, the "
        "rest is not, and what grows harmful or stale is retired"
    )
    return Claim(text, figures(outcomes, config), bounds, versions=("numpy",)).finish(given.json)


def _stage_seed(seed: int, number: int) -> int:
    """Stages of one kind and seed differ, and none is another seed's."""
    return len(FULL) * seed + number


def _play(
    jobs: Sequence[tuple[str, int]], total: int, config: LifeConfig, path: str | None, workers: int
) -> list[Outcome]:
    play = partial(play_stage, total=total, config=config, candidates=path)
    kinds, seeds = [kind for kind, _ in jobs], [seed for _, seed in jobs]
    if workers == 1:
        return [_told(play(kind, seed)) for kind, seed in jobs]
    with ProcessPoolExecutor(workers) as pool:
        return [_told(outcome) for outcome in pool.map(play, kinds, seeds)]


def _told(outcome: Outcome) -> Outcome:
    """Prints a line for a stage that has been played."""
    episodes = sum(outcome.episodes)
    rates = ", ".join(f"{rule} {sum(wins) / episodes:.3f}" for rule, wins in outcome.successes.items())
    print(
        f"{outcome.stage}: {len(outcome.candidates)} candidates, {episodes:,} episodes; {rates}", flush=True
    )
    return outcome


def _parser() -> argparse.ArgumentParser:
    parser = options(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", help="seeds; 0 to 4, quick 0")
    parser.add_argument(
        "--candidates", metavar="FILE", help=f"JSON lines with stage ({', '.join(STAGES)}), label and texts"
    )
    parser.add_argument("--write-candidates", metavar="FILE", help="append all candidates to this file")
    parser.add_argument(
        "--count", type=int, help=f"candidates a stage; {CANDIDATES}, quick {QUICK_CANDIDATES}"
    )
    parser.add_argument("--min-effect", type=float, default=0.2, help="gain in success worth having")
    parser.add_argument("--fdr", type=float, default=0.05, help="share of false admissions")
    parser.add_argument("--cycles", type=int, help="iterations of play")
    parser.add_argument("--curves", metavar="FILE.png", help="draw success and regret over the cycles")
    parser.add_argument("--courses", metavar="FILE", help="write what became of each candidate")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
