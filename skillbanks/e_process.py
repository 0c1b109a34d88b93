"""Evidence that may be looked at after every observation: bets against a null, and alarms for a change."""

import math
from collections.abc import Mapping, Sequence
from typing import Self

FRACTIONS = (0.05, 0.15, 0.35, 0.65, 1.0)
"""Shares of the largest allowed stake that the bettors of a mixture put down; together they lose little
against the one who knows the best share (finer grids lose more)."""


class EProcess:
    """Wealth of bets against the null that observations are at most 0 on average.

    Each of a fixed set of bettors stakes a constant share of what may be staked, and the wealth is their
    mean: a nonnegative supermartingale that begins at 1 under the null, so that it ever reaches ``1 / alpha``
    with probability at most alpha, whenever one looks or stops (Ville 1939; testing by betting: Waudby-Smith
    and Ramdas, JRSS B 2024, section 4). The null is that each observation's expectation given the past is at
    most 0; independence and equal distributions are not needed.

    Args:
        logs: Logarithms of the bettors' wealths, for one that goes on; None for a new one.
    """

    def __init__(self, logs: Sequence[float] | None = None) -> None:
        self._logs = [0.0] * len(FRACTIONS) if logs is None else [float(log) for log in logs]
        if len(self._logs) != len(FRACTIONS):
            raise ValueError(f"expected the wealths of {len(FRACTIONS)} bettors, got {len(self._logs)}")

    @property
    def log_wealth(self) -> float:
        """Natural logarithm of the wealth; minus infinity when everything was lost."""
        return log_mean(self._logs)

    @property
    def wealth(self) -> float:
        """The e-value so far; at least 1 / alpha rejects the null at level alpha."""
        return math.exp(min(self.log_wealth, 700.0))

    def bet(self, value: float, floor: float) -> None:
        """Takes one observation.

        Args:
            value: The observation, at least ``-floor``.
            floor: How far below 0 this observation could have fallen, greater than 0; known before it.

        Raises:
            ValueError: The observation is below its floor, or the floor is not positive.
        """
        gains = _gains(value, floor)
        self._logs = [log + gain for log, gain in zip(self._logs, gains, strict=True)]

    def to_json(self) -> list[float | None]:
        """What ``from_json`` reads; JSON has no infinity, so that a lost wealth is null."""
        return [None if math.isinf(log) else log for log in self._logs]

    @classmethod
    def from_json(cls, logs: Sequence[float | None]) -> Self:
        """Reads what ``to_json`` wrote."""
        return cls([-math.inf if log is None else log for log in logs])


class EDetector(EProcess):
    """Alarm for a null that holds at first and stops holding at an unknown time.

    The Shiryaev-Roberts e-detector (Shin, Ramdas and Rinaldo 2023, definition 2.2): bets are begun anew at
    every observation and summed. As long as the null holds, the mean number of observations until the sum
    reaches ``1 / alpha`` is at least ``1 / alpha``.
    """

    def __init__(self, logs: Sequence[float] | None = None) -> None:
        super().__init__([-math.inf] * len(FRACTIONS) if logs is None else logs)

    def bet(self, value: float, floor: float) -> None:
        """Takes one observation; as in ``EProcess``."""
        gains = _gains(value, floor)
        # log(M + 1) without overflow: a new bettor joins the old ones.
        joined = [max(log, 0.0) + math.log1p(math.exp(-abs(log))) for log in self._logs]
        self._logs = [log + gain for log, gain in zip(joined, gains, strict=True)]


def log_mean(logs: Sequence[float]) -> float:
    """Logarithm of the mean of numbers given by their logarithms."""
    top = max(logs)
    if math.isinf(top):
        return top
    return top + math.log(math.fsum(math.exp(log - top) for log in logs) / len(logs))


def e_bh(log_e: Mapping[str, float], alpha: float, weights: Mapping[str, float]) -> list[str]:
    """Which nulls to reject so that the false discovery rate is at most alpha (e-BH: Wang and Ramdas 2022).

    The largest k nulls whose weighted e-values reach ``1 / (alpha k)``. Nothing is assumed on how the
    e-values depend on each other. With e-processes it may be asked again and again: one that is rejected
    keeps its value, so that the set only grows, and at any time it is what e-BH says of the stopped values.

    Args:
        log_e: Name -> logarithm of its e-value.
        alpha: False discovery rate, in (0, 1).
        weights: Name -> its share; over all nulls that are ever tested, shares sum to at most 1.

    Returns:
        Names of the rejected nulls, the strongest first; of equal ones in alphabetical order.
    """
    scores = {name: log + math.log(weights[name]) for name, log in log_e.items()}
    order = sorted(scores, key=lambda name: (-scores[name], name))
    for count in range(len(order), 0, -1):
        if scores[order[count - 1]] >= -math.log(alpha * count):
            return order[:count]
    return []


def stream_weight(number: int) -> float:
    """Share of the n-th of arbitrarily many nulls, n from 1 on: about 1 / (n log² n), summing to 1.

    For candidates of which nobody knows how many will come (the series of online testing: Javanmard and
    Montanari 2018; e-LOND, Xu and Ramdas 2024, spends its level in the same way).
    """
    if number < 1:
        raise ValueError(f"number must be at least 1, got {number}")
    return 1.0 / (2.1097428012 * (number + 1) * math.log(number + 1) ** 2)


def _gains(value: float, floor: float) -> list[float]:
    if not floor > 0:
        raise ValueError(f"floor must be greater than 0, got {floor}")
    share = value / floor
    if not share >= -1 - 1e-9:
        raise ValueError(
            f"expected an observation of at least {-floor}, got {value}; the bet would owe money"
        )
    share = max(share, -1.0)
    return [math.log1p(one * share) if one * share > -1 else -math.inf for one in FRACTIONS]
