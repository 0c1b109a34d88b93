"""What each skill is worth: a posterior of how much it changes success, by skill and type of task."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import NormalDist

from skill_gym.skillbanks.evidence import Evidence, EvidenceBook, Outcomes

_PRIOR_GROUPS = 4.0
"""So many groups' worth of trust in the prior variance; few groups that agree prove no small variance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UtilityPrior:
    """What is believed of a skill before anything was seen: probably little.

    Attributes:
        sd: Standard deviation of skills' effects around 0, greater than 0.
        type_sd: Standard deviation of a skill's effects on types of task around its own mean.
        group_variance: Variance of a group's mean success, where groups are too few to show it.
    """

    sd: float = 0.15
    type_sd: float = 0.1
    group_variance: float = 0.15

    def __post_init__(self) -> None:
        for name in ("sd", "type_sd", "group_variance"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be greater than 0, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed of an effect on success: a normal distribution.

    Attributes:
        mean: Expected gain in success, with the skill less without.
        sd: Its standard deviation.
        observations: Drawn groups and pairs that it rests on; 0 for the prior.
    """

    mean: float
    sd: float
    observations: int = 0

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Central credible interval.

        Raises:
            ValueError: The level is not in (0, 1).
        """
        if not 0 < level < 1:
            raise ValueError(f"level must lie between 0 and 1, got {level}")
        half = NormalDist().inv_cdf((1 + level) / 2) * self.sd
        return (self.mean - half, self.mean + half)

    def probability_above(self, effect: float = 0.0) -> float:
        """Probability that the effect is greater than this."""
        return 0.5 * math.erfc((effect - self.mean) / (self.sd * math.sqrt(2)))

    def upper(self, deviations: float) -> float:
        """So many standard deviations above the mean (upper confidence bound)."""
        return self.mean + deviations * self.sd


@dataclass(frozen=True, slots=True)
class Utility:
    """Posteriors of what skills are worth, from randomised evidence only.

    The effect of a skill on a type of task is estimated within the type, by the difference between groups
    that were drawn to play with the skill and without it, and by pairs; its variance is that between groups,
    as siblings depend on each other. The estimate is shrunk (normal prior and likelihood) towards what the
    skill does on the other types, and that towards 0.

    Attributes:
        book: The evidence; a posterior is of what the book holds when it is asked for.
        prior: Beliefs before any evidence.
    """

    book: EvidenceBook
    prior: UtilityPrior = field(default_factory=UtilityPrior)

    def of(self, skill_id: str, task_type: str | None = None) -> Posterior:
        """The effect of a skill on a type of task; None for its mean effect over types."""
        estimates = {
            kind: found
            for kind in self.book.task_types(skill_id)
            if (found := _estimate(self.book.get(skill_id, kind), self.prior.group_variance)) is not None
        }
        between = self.prior.type_sd**2
        others = [
            _Estimate(one.effect, one.variance + between, one.observations)
            for kind, one in estimates.items()
            if kind != task_type
        ]
        centre = _update(0.0, self.prior.sd**2, others)
        if task_type is None:
            return _posterior(*centre, others)
        own = [estimates[task_type]] if task_type in estimates else []
        return _posterior(*_update(centre[0], centre[1] + between, own), own)

    def sampler(self, draw: Callable[[], float]) -> Callable[[str, str], float]:
        """Effects drawn from the posteriors (Thompson 1933).

        Args:
            draw: Gives standard normal numbers.
        """

        def sample(skill_id: str, task_type: str) -> float:
            return self.of(skill_id, task_type).upper(draw())

        return sample


@dataclass(frozen=True, slots=True)
class _Estimate:
    effect: float
    variance: float
    observations: int


def _estimate(row: Evidence, group_variance: float) -> _Estimate | None:
    parts = [part for part in (_from_groups(row, group_variance), _from_pairs(row, group_variance)) if part]
    if not parts:
        return None
    precision = math.fsum(1 / part.variance for part in parts)
    effect = math.fsum(part.effect / part.variance for part in parts) / precision
    return _Estimate(effect, 1 / precision, sum(part.observations for part in parts))


def _from_groups(row: Evidence, prior_variance: float) -> _Estimate | None:
    arms = (row.shown, row.withheld)
    if not all(arm.groups for arm in arms):
        return None
    variance = math.fsum(_variance(_spread(arm), arm.groups, prior_variance) / arm.groups for arm in arms)
    return _Estimate(row.shown.mean - row.withheld.mean, variance, sum(arm.groups for arm in arms))


def _from_pairs(row: Evidence, group_variance: float) -> _Estimate | None:
    if not row.pairs:
        return None
    mean = row.differences / row.pairs
    spread = max(0.0, row.difference_squares - row.differences * mean)
    # A difference of two groups; the halves of a pair share their task, so that this is rather too much.
    variance = _variance(spread, row.pairs, 2 * group_variance)
    return _Estimate(mean, variance / row.pairs, row.pairs)


def _spread(arm: Outcomes) -> float:
    return arm.variance * (arm.groups - 1) if arm.groups > 1 else 0.0


def _variance(spread: float, count: int, prior_variance: float) -> float:
    """Mean of the inverse gamma posterior, roughly: sum of squares with some groups of the prior's."""
    return (_PRIOR_GROUPS * prior_variance + spread) / (_PRIOR_GROUPS + count - 1)


def _update(mean: float, variance: float, estimates: list[_Estimate]) -> tuple[float, float]:
    precision = 1 / variance + math.fsum(1 / one.variance for one in estimates)
    weighted = mean / variance + math.fsum(one.effect / one.variance for one in estimates)
    return weighted / precision, 1 / precision


def _posterior(mean: float, variance: float, estimates: list[_Estimate]) -> Posterior:
    return Posterior(mean, math.sqrt(variance), sum(one.observations for one in estimates))
