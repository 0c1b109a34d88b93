"""Claim: skills from its own episodes make a frozen policy better, and GRPO with them better still."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from skill_gym import __version__
from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, table
from skill_gym.benchmarks.engine import PACKAGES, Engine, computer
from skill_gym.benchmarks.laptop import DEMO, FULL, VARIANTS, LaptopSize, Variant, described, held_out_worlds
from skill_gym.benchmarks.laptop_run import LaptopRun
from skill_gym.benchmarks.phases import claim_folder
from skill_gym.benchmarks.pooling import pool, pooled_difference
from skill_gym.benchmarks.report import COMPARISONS, LaptopStory, by_run, last_arm, write_report
from skill_gym.benchmarks.run_result import RunResult

FIGURES = ("skills", "grpo", "both", "skills_after")
"""Short names of the report's comparisons."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, writes the report, prints and gives the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    size, worlds, seeds = _size(given), held_out_worlds(given.worlds), list(range(given.seeds))
    variants = _variants(given)
    claim_folder(given.folder, {"version": __version__, **described(size)}, fresh=given.fresh)
    runs: dict[Variant, list[RunResult]] = {name: [] for name in variants}
    with Engine(given.backend) as engine:
        for world in worlds:
            for seed in seeds:
                folder = given.folder / f"world-{world}" / f"seed-{seed}"
                one = LaptopRun(folder, size, world=world, seed=seed, engine=engine, tell=print)
                for variant in variants:
                    print(f"world {world}, seed {seed}, {variant}: {VARIANTS[variant]}")
                    runs[variant].append(one.run(variant))
                    # After every run, so that there is something to read meanwhile.
                    _report(given, size, runs, computer(engine))
    figures = _figures(runs)
    bounds = [Bound("skills_low", ">=", 0), Bound("both_low", ">=", 0)]
    text = (
        "a bank distilled from a frozen policy's own episodes raises its success in held-out worlds, and "
        "after GRPO with an evolving bank it is higher than at first"
    )
    return Claim(text, figures, bounds, PACKAGES).finish(given.json)


def _report(
    given: argparse.Namespace,
    size: LaptopSize,
    runs: dict[Variant, list[RunResult]],
    described_machine: dict[str, str],
) -> None:
    story = LaptopStory(
        title="Learning on a laptop",
        size=size,
        runs={name: done for name, done in runs.items() if done},
        machine=described_machine,
        command=f"python -m skill_gym.benchmarks.laptop_experiment {shlex.join(given.said)}",
        notes=(
            "Intervals over games take the runs as given (Newcombe, paired); intervals over runs (Student) "
            "ask what another world or seed would show.",
        ),
    )
    print(f"report so far: {write_report(given.folder, story)}")


def _figures(runs: dict[Variant, list[RunResult]]) -> dict[str, Figure]:
    full = runs["full"]
    figures: dict[str, Figure] = {
        "runs": len(full),
        "games": sum(len(r.arms["frozen"].results) for r in full),
    }
    for name, (_, first, second) in zip(FIGURES, COMPARISONS, strict=True):
        games, over = pooled_difference(by_run(full, first), by_run(full, second))
        figures |= {f"{name}_gain": games.value, f"{name}_low": games.low, f"{name}_high": games.high}
        if over.runs > 1:
            figures |= {f"{name}_runs_low": over.low, f"{name}_runs_high": over.high}
    rows = []
    whole = by_run(full, last_arm("full"))
    for variant, done in runs.items():
        after = by_run(done, last_arm(variant))
        figures[f"{variant}_success"] = pool(after).success().value
        difference = "" if variant == "full" else str(pooled_difference(whole, after)[0])
        rows.append([variant, str(pool(after).success()), difference, VARIANTS[variant]])
    print("\n" + table(["variant", "success after GRPO", "minus full", "what it is"], rows))
    return figures


def _variants(given: argparse.Namespace) -> list[Variant]:
    chosen: list[Variant] = ["full"]
    for name in get_args(Variant):
        if name != "full" and (given.ablations or getattr(given, name.replace("-", "_"))):
            chosen.append(name)
    return chosen


def _size(given: argparse.Namespace) -> LaptopSize:
    size = DEMO if given.quick else FULL
    chosen = {name: getattr(given, name) for name in ("games", "collect", "iterations")}
    return replace(
        size,
        settings=(*size.settings, *given.settings),
        **{name: value for name, value in chosen.items() if value is not None},
    )


def _parser() -> argparse.ArgumentParser:
    parser = options(__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/laptop"), help="where the runs go")
    parser.add_argument("--fresh", action="store_true", help="begin anew, whatever the folder holds")
    parser.add_argument("--worlds", type=int, default=1, help="held-out worlds")
    parser.add_argument("--seeds", type=int, default=1, help="seeds in each world")
    parser.add_argument("--games", type=int, help="held-out games of each evaluation")
    parser.add_argument("--collect", type=int, help="episodes that the first bank is distilled from")
    parser.add_argument("--iterations", type=int, help="GRPO iterations")
    parser.add_argument("--backend", choices=("auto", "vllm", "transformers"), default="auto")
    parser.add_argument("--ablations", action="store_true", help="all of the following")
    for name, text in VARIANTS.items():
        if name != "full":
            parser.add_argument(f"--{name}", action="store_true", help=f"also: {text}")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="settings as for skill-gym train")
    parser.set_defaults(said=sys.argv[1:])
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
