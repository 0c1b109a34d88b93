"""Several runs as one: pooled evaluations, and the interval of a difference over runs rather than games."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, sqrt
from statistics import NormalDist, mean, stdev

from skill_gym.benchmarks.evaluation import Evaluation, EvaluationError, paired_difference
from skill_gym.benchmarks.intervals import PairedDifference

_T975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OverRuns:
    """The mean of a difference over runs, with Student's 95% interval.

    Attributes:
        value: The mean.
        low: Lower end; equal to ``value`` for a single run, of which nothing can be said.
        high: Upper end.
        runs: How many.
    """

    value: float
    low: float
    high: float
    runs: int

    def __str__(self) -> str:
        if self.runs == 1:
            return "one run"
        return f"{self.value:+.1%} [{self.low:+.1%}, {self.high:+.1%}] over {self.runs} runs"


def pool(parts: Mapping[str, Evaluation]) -> Evaluation:
    """One evaluation of all runs; tasks are told apart by the run's label.

    Raises:
        EvaluationError: No runs.
    """
    if not parts:
        raise EvaluationError("no evaluations to pool; pass at least one run")
    first = next(iter(parts.values()))
    results = tuple(
        replace(result, task_id=f"{label}:{result.task_id}", task_key=f"{label}:{result.task_key}")
        for label, part in parts.items()
        for result in part.results
    )
    versions = dict.fromkeys(part.bank_version for part in parts.values())
    return replace(
        first,
        splits=tuple(dict.fromkeys(split for part in parts.values() for split in part.splits)),
        bank_version=", ".join(versions),
        results=results,
        seconds=sum(part.seconds for part in parts.values()),
    )


def pooled_difference(
    before: Mapping[str, Evaluation], after: Mapping[str, Evaluation]
) -> tuple[PairedDifference, OverRuns]:
    """How much ``after`` is better: over all games, and over runs.

    The first interval takes the runs as given and the games as drawn. A game that several runs play, as seeds
    of one world do, is one draw: where its differences agree, the interval is as much wider as they do. The
    second asks what another run would show, so it is the honest one for claims about training, and wide when
    there are few runs.

    Raises:
        EvaluationError: Other runs, or other tasks, on the two sides.
    """
    if before.keys() != after.keys():
        raise EvaluationError(f"runs differ: {sorted(before)} and {sorted(after)}")
    differences = [paired_difference(before[label], after[label]).value for label in before]
    whole = paired_difference(pool(before), pool(after))
    return widened(whole, _by_game(before, after)), student(differences, within=(-1, 1))


def widened(difference: PairedDifference, by_game: Sequence[Sequence[int]]) -> PairedDifference:
    """The interval for games that were drawn and each played by one run or more.

    Its halves grow by the square root of the design effect: the variance of the mean over games, each with
    all that was played of it, by that of as many unrelated ones (Kish 1965; Liang and Zeger 1986). It is
    never narrower than for unrelated ones.

    Args:
        difference: Over all that was played, taken as unrelated.
        by_game: Of each game the differences of its pairs, each -1, 0 or 1.
    """
    centre, trials = difference.value, difference.trials
    apart = sum((one - centre) ** 2 for game in by_game for one in game)
    together = sum(sum(one - centre for one in game) ** 2 for game in by_game)
    # Where all differences are the same they tell nothing of how much they agree: each game counts once.
    effect = max(1.0, together / apart if apart else trials / len(by_game))
    return replace(
        difference,
        low=max(-1.0, centre - sqrt(effect) * (centre - difference.low)),
        high=min(1.0, centre + sqrt(effect) * (difference.high - centre)),
    )


def _by_game(before: Mapping[str, Evaluation], after: Mapping[str, Evaluation]) -> list[list[int]]:
    """Of each game, whatever run played it, how much better the second attempt was."""
    games: dict[str, list[int]] = {}
    for label, first in before.items():
        second = {result.task_key: result.solved for result in after[label].results}
        for result in first.results:
            games.setdefault(result.task_key, []).append(second[result.task_key] - result.solved)
    return list(games.values())


def student(values: Sequence[float], *, within: tuple[float, float] = (-inf, inf)) -> OverRuns:
    """Mean and 95% interval of independent values, taken as normal; cut to what is possible.

    Args:
        values: One a run.
        within: The least and the most that a value can be, such as 0 and 1 for a rate.

    Raises:
        ValueError: No values.
    """
    if not values:
        raise ValueError("no values to average; pass at least one")
    centre, count = mean(values), len(values)
    if count == 1:
        return OverRuns(centre, centre, centre, 1)
    quantile = _T975[count - 2] if count - 2 < len(_T975) else NormalDist().inv_cdf(0.975)
    half = quantile * stdev(values) / sqrt(count)
    return OverRuns(centre, max(within[0], centre - half), min(within[1], centre + half), count)
