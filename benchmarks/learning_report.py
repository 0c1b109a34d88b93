"""The report of a learning experiment: success before and after, and the curves between, as Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from skill_gym.benchmarks.learning_line import LearningLine
from skill_gym.benchmarks.markdown import markdown_table
from skill_gym.benchmarks.plots import draw_intervals
from skill_gym.benchmarks.pooling import pool
from skill_gym.benchmarks.report import verdict
from skill_gym.benchmarks.success_curves import CurvePoint

RESULT_HEAD = ("", "before", "after", "difference over games", "over runs", "minutes of training", "of all")


def result_rows(lines: Sequence[LearningLine]) -> list[list[str]]:
    """Success on held-out games before and after each training, for ``RESULT_HEAD``."""
    rows = []
    for line in lines:
        games, over = line.gain()
        rates = [str(pool(side).success()) for side in (line.before, line.after)]
        minutes = [f"{line.training_minutes:.1f}", f"{line.minutes:.1f}"]
        rows.append([line.label, *rates, str(games), str(over), *minutes])
    return rows


def write_learning_report(
    folder: Path, lines: Sequence[LearningLine], *, machine: Mapping[str, str], command: str
) -> Path:
    """Writes ``report.md`` and its plots; returns the report's path.

    Args:
        folder: There already.
        lines: At least one.
        machine: Name -> value, e.g. processor, versions, sampler.
        command: What to type for the same again.
    """
    size = lines[0].size
    curves = {
        "training": {line.label: line.training_curve() for line in lines},
        "validation": {line.label: line.validation_curve() for line in lines},
    }
    titles = {"training": "Success of training episodes", "validation": "Success of validation episodes"}
    plots = []
    for name, drawn in curves.items():
        if draw_intervals(folder / f"{name}.png", drawn, title=titles[name]):
            plots.append(f"![{titles[name]}]({name}.png)")
    sections = [
        "# Learning curves",
        f"The small policy on generated ALFWorld games of worlds that its cold start did not know: "
        f"{size.iterations} iterations of {size.tasks} tasks with {size.group} episodes each. With skills, a "
        f"bank was distilled from {size.collect} episodes of the policy itself before the training, and "
        f"evolved every {size.validate_every} iterations from {size.validation} validation episodes. "
        f"Success is of {size.games} other games in each run, the same before and after, so that differences "
        "are paired. Brackets hold 95% intervals: over games the runs are taken as given (Newcombe; a game "
        "that several seeds of a world play is one draw); over runs (Student) they ask what another run "
        "would show. Brackets of a single rate count what each run played as games of its own.",
        "## Held-out games",
        markdown_table(RESULT_HEAD, result_rows(lines)),
        "\n".join(f"- {line.label}: {verdict(*line.gain())}" for line in lines),
        *plots,
        "## Training episodes by iteration",
        "Intervals over games; a game that a group of episodes plays counts once, which is conservative.",
        _curve_table(curves["training"]),
        "## Validation episodes by iteration" if any(curves["validation"].values()) else "",
        _curve_table(curves["validation"]) if any(curves["validation"].values()) else "",
        "## Machine",
        markdown_table(("what", "value"), list(machine.items())),
        f"The same again: `{command}`",
    ]
    path = folder / "report.md"
    path.write_text("\n\n".join(part for part in sections if part) + "\n", encoding="utf-8")
    return path


def _curve_table(curves: Mapping[str, Sequence[CurvePoint]]) -> str:
    """A row an iteration; the interval over runs follows where there are several."""
    at = {label: {point.iteration: point for point in points} for label, points in curves.items()}
    rows = []
    for iteration in sorted({iteration for points in at.values() for iteration in points}):
        cells = [points.get(iteration) for points in at.values()]
        rows.append([iteration, *("" if cell is None else _told(cell) for cell in cells)])
    return markdown_table(("iteration", *at), rows)


def _told(point: CurvePoint) -> str:
    over = point.over_runs
    return str(point) if over.runs == 1 else f"{point}; runs [{over.low:.0%}, {over.high:.0%}]"
