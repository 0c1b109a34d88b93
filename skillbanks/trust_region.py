"""Whether a new version of a bank may stay: canary tasks played before and after; a fall undoes it."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from skill_gym.skillbanks.e_process import EProcess
from skill_gym.skillbanks.trial_theory import growth, pair_outcomes
from skill_gym.skillbanks.trials import pair_contrast
from skill_gym.trajectory import Task

CanaryVerdict = Literal["undecided", "keep", "rollback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRegionConfig:
    """How far success on the canary tasks may fall.

    Attributes:
        alpha: Probability to roll back an update that does no harm, at most, however often one looks.
        beta: Probability to keep early an update that costs ``max_fall``, at most.
        tolerance: A fall of success up to this counts as none, in [0, max_fall).
        max_fall: A fall that must not be missed, in (0, 1).
    """

    alpha: float = 0.05
    beta: float = 0.05
    tolerance: float = 0.0
    max_fall: float = 0.2

    def __post_init__(self) -> None:
        for name in ("alpha", "beta", "max_fall"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}")
        if not 0 <= self.tolerance < self.max_fall:
            raise ValueError(
                f"tolerance must be at least 0 and below max_fall={self.max_fall}, got {self.tolerance}"
            )


class TrustRegion:
    """Compares a bank with its successor on canary tasks, one after another.

    Two bets run (``EProcess``): against "success falls by at most ``tolerance``" (won: roll back) and against
    "success falls by at least ``max_fall``" (won: keep). One may stop at any time. Canaries that end
    without a verdict have shown no significant fall.

    Args:
        config: How far success may fall.
    """

    def __init__(self, config: TrustRegionConfig | None = None) -> None:
        self.config = config or TrustRegionConfig()
        self.pairs = 0
        self.change = 0.0
        self._fell = EProcess()
        self._held = EProcess()

    def observe(self, before: float, after: float) -> None:
        """Success on one task under the old bank and under the new one, each in [0, 1]."""
        fall = -pair_contrast(after, before).value
        tolerance, worst = self.config.tolerance, self.config.max_fall
        self._fell.bet(fall - tolerance, 1 + tolerance)
        self._held.bet(worst - fall, 1 - worst)
        self.pairs += 1
        self.change -= fall

    @property
    def verdict(self) -> CanaryVerdict:
        """``rollback`` when success fell significantly, ``keep`` when it surely did not fall far."""
        if self._fell.wealth >= 1 / self.config.alpha:
            return "rollback"
        return "keep" if self._held.wealth >= 1 / self.config.beta else "undecided"

    @property
    def e_value(self) -> float:
        """Evidence of a fall; 1 / alpha rolls back."""
        return self._fell.wealth

    @property
    def mean_change(self) -> float:
        """Mean change of success over the pairs so far; 0 before the first."""
        return self.change / self.pairs if self.pairs else 0.0


def compare_canaries(
    before: Mapping[str, float], after: Mapping[str, float], config: TrustRegionConfig | None = None
) -> TrustRegion:
    """The trust region after canary tasks were played under both banks; their order makes no difference.

    Args:
        before: Task id -> mean success under the old bank.
        after: The same tasks under the new one.
        config: How far success may fall.

    Raises:
        ValueError: The tasks differ.
    """
    if before.keys() != after.keys():
        odd = sorted(before.keys() ^ after.keys())
        raise ValueError(
            f"canary tasks must be played under both banks, these were under one only: {odd[:5]}; leave out "
            "tasks whose episodes broke"
        )
    region = TrustRegion(config)
    for task_id in sorted(before):
        region.observe(before[task_id], after[task_id])
    return region


def canary_tasks(tasks: Sequence[Task], count: int, *, seed: int = 0) -> list[Task]:
    """Tasks to play before and after every update: drawn by chance, from all task types in turn.

    Raises:
        ValueError: There are fewer tasks than wanted, or none is wanted.
    """
    if not 1 <= count <= len(tasks):
        raise ValueError(f"expected a number of canaries from 1 to the {len(tasks)} tasks, got {count}")
    piles: dict[str, list[Task]] = {}
    for task in tasks:
        piles.setdefault(task.task_type, []).append(task)
    for name, pile in piles.items():
        random.Random(f"{seed}:{name}").shuffle(pile)
    dealt = [(place, name, task) for name, pile in piles.items() for place, task in enumerate(pile)]
    dealt.sort(key=lambda one: one[:2])
    return [task for _, _, task in dealt[:count]]


def canaries_needed(success: float, config: TrustRegionConfig) -> float:
    """Mean number of tasks after which a fall by ``max_fall`` is rolled back, at best (cf. trial_theory).

    Args:
        success: Under the old bank, at least ``max_fall``.
        config: Levels, and the fall.
    """
    falls = [
        (-value - config.tolerance, chance) for value, chance in pair_outcomes(success, -config.max_fall)
    ]
    return math.log(1 / config.alpha) / growth(falls, 1 + config.tolerance)
