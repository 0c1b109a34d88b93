"""How sure a success rate is: Wilson's interval, and Newcombe's for the difference of two paired rates."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Rate:
    """A proportion with its interval.

    Attributes:
        successes: How many succeeded.
        trials: Of how many, at least 1.
        low: Lower end of the interval, in [0, 1].
        high: Upper end of the interval, in [0, 1].
    """

    successes: int
    trials: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The proportion itself."""
        return self.successes / self.trials

    def __str__(self) -> str:
        return f"{self.value:.1%} [{self.low:.1%}, {self.high:.1%}]"


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """How much more often the second of two attempts at the same tasks succeeded.

    Attributes:
        both: Tasks that succeeded both times.
        lost: Tasks that succeeded the first time only.
        gained: Tasks that succeeded the second time only.
        neither: Tasks that failed both times.
        low: Lower end of the difference's interval, in [-1, 1].
        high: Upper end of the difference's interval, in [-1, 1].
    """

    both: int
    lost: int
    gained: int
    neither: int
    low: float
    high: float

    @property
    def trials(self) -> int:
        """Number of tasks."""
        return self.both + self.lost + self.gained + self.neither

    @property
    def value(self) -> float:
        """Second rate minus first."""
        return (self.gained - self.lost) / self.trials

    def __str__(self) -> str:
        return f"{self.value:+.1%} [{self.low:+.1%}, {self.high:+.1%}]"


def wilson(successes: int, trials: int, *, confidence: float = 0.95) -> Rate:
    """Score interval of a proportion (Wilson 1927; recommended by Brown, Cai and DasGupta 2001).

    Raises:
        ValueError: No trials, more successes than trials, or a confidence outside (0, 1).
    """
    if trials < 1:
        raise ValueError(f"a rate needs at least 1 trial, got {trials}")
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must be in [0, {trials}], got {successes}")
    low, high = wilson_mean(successes / trials, trials, confidence=confidence)
    return Rate(successes, trials, low, high)


def wilson_mean(mean: float, count: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Ends of Wilson's interval around the mean of values in [0, 1].

    For values that are 0 or 1 it is ``wilson``'s; others vary less, so for them it is conservative.
    """
    z = _quantile(confidence)
    scale = 1 + z * z / count
    centre = (mean + z * z / (2 * count)) / scale
    half = z / scale * sqrt(mean * (1 - mean) / count + z * z / (4 * count * count))
    # The ends are 0 and 1 exactly there; rounding would leave 1e-18.
    return 0.0 if mean == 0 else max(0.0, centre - half), 1.0 if mean == 1 else min(1.0, centre + half)


def newcombe(
    both: int, lost: int, gained: int, neither: int, *, confidence: float = 0.95
) -> PairedDifference:
    """Interval of the difference of two paired proportions (Newcombe 1998, method 10).

    The Wilson intervals of both rates are combined by square-and-add, with the continuity-corrected phi
    coefficient for their correlation. It keeps its coverage in small samples and never leaves [-1, 1].
    Source: R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions
    based on paired data", Statistics in Medicine 17 (1998), 2635-2650.

    Raises:
        ValueError: A negative count, no tasks, or a confidence outside (0, 1).
    """
    if min(both, lost, gained, neither) < 0:
        raise ValueError(f"counts must be at least 0, got {(both, lost, gained, neither)}")
    trials = both + lost + gained + neither
    second = wilson(both + gained, trials, confidence=confidence)
    first = wilson(both + lost, trials, confidence=confidence)
    phi = _corrected_phi(both, lost, gained, neither)
    value = (gained - lost) / trials
    below = _combine(second.value - second.low, first.high - first.value, phi)
    above = _combine(second.high - second.value, first.value - first.low, phi)
    return PairedDifference(both, lost, gained, neither, max(-1.0, value - below), min(1.0, value + above))


def _combine(one: float, other: float, phi: float) -> float:
    return sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))


def _corrected_phi(both: int, lost: int, gained: int, neither: int) -> float:
    margins = (both + lost) * (gained + neither) * (both + gained) * (lost + neither)
    if margins == 0:
        return 0.0
    covariance = float(both * neither - lost * gained)
    if covariance > 0:
        covariance = max(0.0, covariance - (both + lost + gained + neither) / 2)
    return covariance / sqrt(margins)


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), got {confidence}")
    return NormalDist().inv_cdf((1 + confidence) / 2)
