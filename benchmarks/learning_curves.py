"""Claim: with skills, training raises a small policy's success on held-out games; curves with and without."""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from skill_gym import __version__
from skill_gym.agents.algorithms import ALGORITHMS
from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, table
from skill_gym.benchmarks.engine import PACKAGES, Engine, computer
from skill_gym.benchmarks.laptop import DEMO, VARIANTS, LaptopSize, described, held_out_worlds
from skill_gym.benchmarks.laptop_run import LaptopRun
from skill_gym.benchmarks.learning_line import WAYS, LearningLine
from skill_gym.benchmarks.learning_report import RESULT_HEAD, result_rows, write_learning_report
from skill_gym.benchmarks.phases import claim_folder
from skill_gym.benchmarks.pooling import pool, pooled_difference
from skill_gym.benchmarks.run_result import RunResult

QUICK = replace(DEMO, games=200)
"""Few iterations, about four minutes a training; as many games as it takes to see what they do."""

FULL = LaptopSize(
    games=200, collect=120, iterations=15, validate_every=3, settings=("validation.before_training=true",)
)
"""About ten minutes a training on two cores with vLLM."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, writes the report, prints and gives the exit code."""
    given = _parser().parse_args(arguments)
    seeds = given.seeds or (1 if given.quick else 3)
    size = _size(given)
    # Algorithms, seeds and worlds may be added to a folder later; what each of them plays may not change.
    claim_folder(given.folder, {"version": __version__, **described(size)}, fresh=given.fresh)
    lines: list[LearningLine] = []
    with Engine(given.backend) as engine:
        for world in held_out_worlds(given.worlds):
            for seed in range(seeds):
                for algorithm in given.algorithms:
                    lines = _with(lines, _train(given, size, engine, world, seed, algorithm))
                    report = write_learning_report(
                        given.folder, lines, machine=computer(engine), command=_command(given)
                    )
                    print(f"report so far: {report}")
    _write_curves(given.folder / "curves.json", lines)
    print("\n" + table(RESULT_HEAD, result_rows(lines)))
    figures = _figures(lines)
    bounds = [Bound(f"{algorithm}_skills_low", ">=", 0) for algorithm in given.algorithms]
    text = (
        f"with skills, training by {' and by '.join(given.algorithms)} raises a small policy's success on "
        "games that neither training nor the bank has seen"
    )
    return Claim(text, figures, bounds, PACKAGES).finish(given.json)


def _train(
    given: argparse.Namespace, size: LaptopSize, engine: Engine, world: int, seed: int, algorithm: str
) -> list[LearningLine]:
    """One run of an algorithm with skills and one without; what comes before the training is shared."""
    size = replace(size, settings=(*size.settings, f"grpo.algorithm={algorithm}"))
    folder = given.folder / f"world-{world}" / f"seed-{seed}"
    run = LaptopRun(
        folder,
        size,
        world=world,
        seed=seed,
        engine=engine,
        training_folder=folder / algorithm,
        tell=print,
    )
    lines = []
    for variant in WAYS:
        print(f"world {world}, seed {seed}, {algorithm}, {variant}: {VARIANTS[variant]}")
        lines.append(LearningLine(algorithm=algorithm, variant=variant, size=size, runs=[run.run(variant)]))
    return lines


def _with(lines: Sequence[LearningLine], new: Sequence[LearningLine]) -> list[LearningLine]:
    """The lines with the runs of the new ones added."""
    runs: dict[str, list[RunResult]] = {line.name: list(line.runs) for line in lines}
    for line in new:
        runs.setdefault(line.name, []).extend(line.runs)
    first = {line.name: line for line in [*new, *lines]}
    return [replace(first[name], runs=done) for name, done in runs.items()]


def _figures(lines: Sequence[LearningLine]) -> dict[str, Figure]:
    figures: dict[str, Figure] = {
        "runs": len(lines[0].runs),
        "games": sum(len(one.results) for one in lines[0].before.values()),
        "iterations": lines[0].size.iterations,
    }
    for line in lines:
        name, curve = line.name, line.training_curve()
        gain, over = line.gain()
        figures |= {
            f"{name}_before": pool(line.before).success().value,
            f"{name}_after": pool(line.after).success().value,
            f"{name}_gain": gain.value,
            f"{name}_low": gain.low,
            f"{name}_high": gain.high,
            f"{name}_curve": " ".join(f"{point.value:.3f}" for point in curve),
            f"{name}_training_minutes": line.training_minutes,
        }
        if over.runs > 1:
            figures |= {f"{name}_runs_low": over.low, f"{name}_runs_high": over.high}
    after = {line.name: line.after for line in lines}
    for algorithm in dict.fromkeys(line.algorithm for line in lines):
        games, over = pooled_difference(after[f"{algorithm}_alone"], after[f"{algorithm}_skills"])
        worth = f"{algorithm}_skills_minus_alone"
        figures |= {worth: games.value, f"{worth}_low": games.low, f"{worth}_high": games.high}
        if over.runs > 1:
            figures |= {f"{worth}_runs_low": over.low, f"{worth}_runs_high": over.high}
    return figures


def _write_curves(path: Path, lines: Sequence[LearningLine]) -> None:
    curves = {
        line.name: {
            "training": [asdict(point) for point in line.training_curve()],
            "validation": [asdict(point) for point in line.validation_curve()],
        }
        for line in lines
    }
    path.write_text(json.dumps(curves, indent=1) + "\n", encoding="utf-8")


def _command(given: argparse.Namespace) -> str:
    return f"python -m skill_gym.benchmarks.learning_curves {shlex.join(given.said)}".rstrip()


def _size(given: argparse.Namespace) -> LaptopSize:
    size = QUICK if given.quick else FULL
    chosen = {name: getattr(given, name) for name in ("games", "collect", "iterations")}
    return replace(
        size,
        settings=(*size.settings, *given.settings),
        **{name: value for name, value in chosen.items() if value is not None},
    )


def _parser() -> argparse.ArgumentParser:
    parser = options(__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/curves"), help="where the runs go")
    parser.add_argument("--fresh", action="store_true", help="begin anew, whatever the folder holds")
    parser.add_argument(
        "--algorithms", nargs="+", choices=tuple(ALGORITHMS), default=["grpo", "gigpo"], help="what learns"
    )
    parser.add_argument("--worlds", type=int, default=1, help="held-out worlds")
    parser.add_argument("--seeds", type=int, help="seeds in each world; 3, or 1 with --quick")
    parser.add_argument("--games", type=int, help="held-out games of each evaluation")
    parser.add_argument("--collect", type=int, help="episodes that the first bank is distilled from")
    parser.add_argument("--iterations", type=int, help="of each training")
    parser.add_argument("--backend", choices=("auto", "vllm", "transformers"), default="auto")
    parser.add_argument(
        "--set", dest="settings", nargs="+", default=(), metavar="KEY=VALUE", help="as for skill-gym train"
    )
    parser.set_defaults(said=sys.argv[1:])
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
