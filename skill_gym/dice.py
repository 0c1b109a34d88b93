"""Draws that are the same on every platform and Python version."""

import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Dice:
    """A seeded source of draws that uses nothing but ``random.random``, whose sequence Python guarantees.

    Args:
        seed: Any text; Python hashes it with SHA-512, so neighbouring seeds share nothing.
    """

    def __init__(self, seed: str) -> None:
        self._roll = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._roll() < probability

    def below(self, count: int) -> int:
        """An integer in [0, count)."""
        return int(self._roll() * count)

    def between(self, low: int, high: int) -> int:
        """An integer in [low, high]."""
        return low + self.below(high - low + 1)

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items, each equally likely."""
        return items[self.below(len(items))]

    def weighted(self, weights: Sequence[float]) -> int:
        """An index, drawn in proportion to the weights; their sum must be positive."""
        rest = self._roll() * sum(weights)
        last = 0
        for index, weight in enumerate(weights):
            if weight > 0:
                last = index
                rest -= weight
                if rest < 0:
                    return index
        return last

    def rounded(self, value: float) -> int:
        """An integer next to the value, whose mean is the value."""
        return int(value + self._roll())
