"""The plots of a report, as PNG."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from skill_gym.benchmarks.evaluation import Evaluation
from skill_gym.benchmarks.success_curves import CurvePoint

Curves = Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]
"""Label -> runs -> lines of ``metrics.jsonl``."""


def draw_success(path: Path, arms: Mapping[str, Evaluation], title: str) -> None:
    """One bar an evaluation, with its 95% interval."""
    drawing, axes = _figure()
    rates = [evaluation.success() for evaluation in arms.values()]
    places = range(len(rates))
    axes.bar(places, [rate.value for rate in rates], width=0.6, yerr=_errors(rates), capsize=4)
    for place, rate in zip(places, rates, strict=True):
        axes.text(place, rate.high + 0.01, f"{rate.value:.0%}", ha="center", fontsize=9)
    axes.set_xticks(list(places), [name.replace(" ", "\n", 1) for name in arms], fontsize=8)
    axes.set(ylabel="success (95% interval)", ylim=(0, 1.05), title=title)
    drawing.savefig(path, dpi=110)


def draw_by_type(path: Path, arms: Mapping[str, Evaluation]) -> None:
    """Success of each evaluation by task type."""
    drawing, axes = _figure(width=9)
    types = next(iter(arms.values())).task_types
    width = 0.8 / len(arms)
    for number, (label, evaluation) in enumerate(arms.items()):
        rates = [evaluation.success(name) for name in types]
        places = [index + width * number for index in range(len(types))]
        heights = [rate.value for rate in rates]
        axes.bar(places, heights, width=0.9 * width, yerr=_errors(rates), capsize=2, label=label)
    names = [name.replace("_", "\n", 1).replace("_then_place_in_recep", "") for name in types]
    axes.set_xticks([index + 0.4 - width / 2 for index in range(len(types))], names, fontsize=8)
    axes.set(ylabel="success (95% interval)", ylim=(0, 1.05), title="Success by task type")
    axes.legend(fontsize=8)
    drawing.savefig(path, dpi=110)


def draw_curves(path: Path, curves: Curves, key: str, *, title: str, ylabel: str) -> bool:
    """A figure over the iterations: each run thin, the mean of each label thick.

    Returns:
        Whether there was anything to draw.
    """
    drawing, axes = _figure()
    drawn = False
    for number, (label, runs) in enumerate(curves.items()):
        at: dict[int, list[float]] = defaultdict(list)
        colour = f"C{number}"
        for rows in runs:
            points = [(row["iteration"], row[key]) for row in rows if key in row]
            for iteration, value in points:
                at[iteration].append(value)
            if len(runs) > 1 and points:
                axes.plot(*zip(*points, strict=True), color=colour, alpha=0.3, linewidth=1)
        if at:
            steps = sorted(at)
            means = [mean(at[step]) for step in steps]
            axes.plot(steps, means, color=colour, marker="o", markersize=4, label=label)
            drawn = True
    if drawn:
        axes.set(xlabel="iteration", ylabel=ylabel, title=title)
        axes.set_ylim(bottom=0)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(fontsize=8)
        drawing.savefig(path, dpi=110)
    return drawn


def draw_intervals(path: Path, curves: Mapping[str, Sequence[CurvePoint]], *, title: str) -> bool:
    """Success over the iterations, each curve with its 95% interval over games.

    Returns:
        Whether there was anything to draw.
    """
    drawing, axes = _figure()
    for number, (label, points) in enumerate(curves.items()):
        # A little apart, so that no interval hides another.
        places = [point.iteration + 0.08 * (number - (len(curves) - 1) / 2) for point in points]
        axes.errorbar(
            places,
            [point.value for point in points],
            yerr=_errors(points),
            marker="o",
            markersize=4,
            capsize=2,
            linewidth=1.5,
            elinewidth=0.8,
            label=label,
        )
    drawn = any(curves.values())
    if drawn:
        axes.set(xlabel="iteration", ylabel="success (95% interval)", ylim=(0, 1.02), title=title)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(fontsize=8)
        drawing.savefig(path, dpi=110)
    return drawn


def _errors(rates: Sequence[Any]) -> list[list[float]]:
    return [[rate.value - rate.low for rate in rates], [rate.high - rate.value for rate in rates]]


def _figure(width: float = 7) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(width, 4), layout="constrained")
    FigureCanvasAgg(drawing)
    axes = drawing.add_subplot()
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    return drawing, axes
