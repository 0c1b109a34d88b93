"""Measures besides success, such as exact match and F1: their means by data source, each with an interval."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from skill_gym.benchmarks.intervals import wilson_mean

SOURCE = "data_source"
"""The measure that is no number: what the means are grouped by."""
OTHERS = "unknown"
"""Group of episodes that told no source."""

LABELS = {"em": "EM", "f1": "F1", "sub_em": "sub-EM"}


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its 95% interval, all in [0, 1].

    Attributes:
        value: The mean.
        low: Lower end.
        high: Upper end.
        count: Number of values, or of means where it is a mean of means.
    """

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{self.value:.1%} [{self.low:.1%}, {self.high:.1%}]"


def mean_of(values: Sequence[float]) -> Mean:
    """The mean of values in [0, 1] with Wilson's interval.

    A value in [0, 1] varies at most as much as a success of the same rate, so the interval is exact for
    measures that are 0 or 1, and rather too wide than too narrow for others.
    """
    value = sum(values) / len(values)
    low, high = wilson_mean(value, len(values))
    return Mean(value, low, high, len(values))


def macro_mean(means: Sequence[Mean]) -> Mean:
    """The mean of independent means, each of equal weight (interval by MOVER, Zou and Donner 2008)."""
    value = sum(mean.value for mean in means) / len(means)
    below = sqrt(sum((mean.value - mean.low) ** 2 for mean in means)) / len(means)
    above = sqrt(sum((mean.high - mean.value) ** 2 for mean in means)) / len(means)
    return Mean(value, max(0.0, value - below), min(1.0, value + above), len(means))


class Measures:
    """What the episodes of an evaluation measured, by data source.

    An episode that lacks a measure, such as a broken one, counts as 0, so that errors never raise a figure.

    Args:
        episodes: ``Trajectory.meta["measures"]`` of each episode.
    """

    def __init__(self, episodes: Iterable[Mapping[str, Any]]) -> None:
        self._by_source: dict[str, list[Mapping[str, Any]]] = {}
        for measured in episodes:
            self._by_source.setdefault(str(measured.get(SOURCE, OTHERS)), []).append(measured)
        seen = (name for group in self._by_source.values() for measured in group for name in measured)
        self.names: tuple[str, ...] = tuple(name for name in dict.fromkeys(seen) if name != SOURCE)

    def __bool__(self) -> bool:
        return bool(self.names)

    @property
    def sources(self) -> tuple[str, ...]:
        """The data sources, sorted."""
        return tuple(sorted(self._by_source))

    def mean(self, name: str, source: str | None = None) -> Mean:
        """The mean of a measure over one source's episodes, or over all of them (micro)."""
        groups = self._by_source.values() if source is None else [self._by_source[source]]
        return mean_of([float(measured.get(name, 0.0)) for group in groups for measured in group])

    def macro(self, name: str) -> Mean:
        """The mean of a measure's means over the sources."""
        return macro_mean([self.mean(name, source) for source in self.sources])

    def table(self) -> str:
        """Every measure by data source as a Markdown table; with several sources also both means."""
        labels = [LABELS.get(name, name) for name in self.names]
        rows = [
            "| "
            + " | ".join(["data source", "tasks", *(f"{label} (95% interval)" for label in labels)])
            + " |",
            "|---|---:|" + "---|" * len(labels),
        ]
        rows += [
            _row(source, len(self._by_source[source]), [self.mean(name, source) for name in self.names])
            for source in self.sources
        ]
        if len(self.sources) > 1:
            count = sum(map(len, self._by_source.values()))
            rows.append(_row("macro mean", count, [self.macro(name) for name in self.names]))
            rows.append(_row("micro mean", count, [self.mean(name) for name in self.names]))
        return "\n".join(rows)


def _row(label: str, count: int, means: Sequence[Mean]) -> str:
    return "| " + " | ".join([label, str(count), *map(str, means)]) + " |"
