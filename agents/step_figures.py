"""Figures of optimiser steps: summed over micro-batches, then taken together over mini-batches."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Self

from torch import Tensor

_PEAKS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "ratio_max": max,
    "mismatch_max": max,
    "ratio_min": min,
}
"""What is made of a figure's values, where they are not added up or averaged."""


class StepFigures:
    """Sums and peaks over the micro-batches of one step.

    Attributes:
        values: What was found so far, by name.
        tokens: That went through the model, padding included.
    """

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.tokens = 0

    def add(self, name: str, value: Tensor) -> None:
        """Adds to a sum."""
        self.values[name] = self.values.get(name, 0.0) + float(value.detach())

    def peak(self, name: str, values: Tensor) -> None:
        """Keeps the largest value, or the smallest of ``ratio_min``."""
        extreme = _PEAKS[name]
        found = float(values.detach().min() if extreme is min else values.detach().max())
        self.values[name] = extreme([self.values.get(name, found), found])

    @classmethod
    def together(cls, parts: Iterable[Self]) -> Self:
        """Of parts of a step that were computed apart: sums of sums, extremes of peaks."""
        whole = cls()
        for part in parts:
            whole.tokens += part.tokens
            for name, value in part.values.items():
                known = whole.values.get(name)
                join = _PEAKS.get(name, sum)
                whole.values[name] = value if known is None else join([known, value])
        return whole


def over_steps(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """One value a name: extremes of what is a peak, means of the rest; empty without rows."""
    return {name: _PEAKS.get(name, _mean)([row[name] for row in rows]) for name in (rows or [{}])[0]}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
