"""Success over the iterations of several trainings, with intervals over games and over runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from skill_gym.benchmarks.intervals import wilson_mean
from skill_gym.benchmarks.pooling import OverRuns, student


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Success at one iteration.

    Attributes:
        iteration: From 1; 0 is before the training.
        value: Mean success of the runs, in [0, 1].
        low: Lower end of the 95% interval over games, the runs taken as given.
        high: Upper end.
        over_runs: The interval over runs.
    """

    iteration: int
    value: float
    low: float
    high: float
    over_runs: OverRuns

    def __str__(self) -> str:
        return f"{self.value:.0%} [{self.low:.0%}, {self.high:.0%}]"


def success_curve(runs: Sequence[Sequence[Mapping[str, Any]]], key: str, *, games: int) -> list[CurvePoint]:
    """The mean curve of several runs.

    Args:
        runs: Lines of ``metrics.jsonl``, run by run.
        key: Which success: ``success`` of training episodes or ``validation/success``.
        games: Games behind each value of a run. Where a game is played by a group, its episodes resemble each
            other, so the game counts once; with success rates of games in place of ones and zeros the
            interval is conservative.

    Returns:
        A point for each iteration at which some run has the figure, in order.

    Raises:
        ValueError: Fewer than one game.
    """
    if games < 1:
        raise ValueError(f"games must be at least 1, got {games}")
    at: dict[int, list[float]] = {}
    for rows in runs:
        for row in rows:
            if key in row:
                at.setdefault(int(row["iteration"]), []).append(float(row[key]))
    points = []
    for iteration, values in sorted(at.items()):
        low, high = wilson_mean(mean(values), games * len(values))
        points.append(CurvePoint(iteration, mean(values), low, high, student(values, within=(0, 1))))
    return points
