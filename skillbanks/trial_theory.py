"""How many observations a trial needs, by theory."""

import math
from collections.abc import Sequence
from math import comb
from typing import Literal, TypeAlias

from skill_gym.skillbanks.trials import TrialConfig, group_contrast

Outcomes: TypeAlias = Sequence[tuple[float, float]]
"""What a contrast may come out as: (value, probability) pairs."""

Question = Literal["help", "harm", "futility"]


def pair_outcomes(without: float, effect: float, *, siblings: int = 1, coupled: bool = False) -> Outcomes:
    """Contrasts of pairs: the same task with a skill and without it.

    Args:
        without: Success without the skill, in [0, 1].
        effect: What the skill adds; success with it must lie in [0, 1], too.
        siblings: Episodes in each half of a pair, independent of each other.
        coupled: Whether both halves have the same luck (a deterministic player on the same task), so that the
            skill alone makes the difference: one discordance with probability ``abs(effect)``.
    """
    _check(without, effect)
    if coupled:
        return ((math.copysign(1.0, effect), abs(effect)), (0.0, 1 - abs(effect)))
    shown, withheld = _binomial(siblings, without + effect), _binomial(siblings, without)
    chances: dict[float, float] = {}
    for wins, chance in enumerate(shown):
        for others, other in enumerate(withheld):
            value = (wins - others) / siblings
            chances[value] = chances.get(value, 0.0) + chance * other
    return tuple(chances.items())


def group_outcomes(
    without: float,
    effect: float,
    *,
    siblings: int = 1,
    probability: float = 0.5,
    baseline: float | None = None,
) -> Outcomes:
    """Contrasts of groups that were drawn to play with a skill or without it.

    Args:
        without: Success without the skill, in [0, 1].
        effect: What the skill adds.
        siblings: Episodes of a group, independent of each other.
        probability: With which the skill is shown.
        baseline: What the success is guessed to be; None for the mean over both arms.
    """
    _check(without, effect)
    if baseline is None:
        baseline = without + probability * effect
    outcomes = []
    for shown, share in ((True, probability), (False, 1 - probability)):
        for wins, chance in enumerate(_binomial(siblings, without + effect * shown)):
            contrast = group_contrast(
                wins / siblings, shown=shown, probability=probability, baseline=baseline
            )
            outcomes.append((contrast.value, share * chance))
    return tuple(outcomes)


def growth(outcomes: Outcomes, floor: float) -> float:
    """Most that the logarithm of a wealth can grow in one observation, on average.

    The growth rate of the best constant bet (Kelly 1956; the growth-rate optimal e-value of Grünwald, de
    Heide and Koolen 2024 for these contrasts); 0 where no bet grows.

    Args:
        outcomes: What the observations may come out as, each at least ``-floor``.
        floor: How far below 0 they may fall.
    """

    def rate(fraction: float) -> float:
        parts = [(1 + fraction * value / floor, chance) for value, chance in outcomes if chance > 0]
        if min(wealth for wealth, _ in parts) <= 0:
            return -math.inf
        return math.fsum(chance * math.log(wealth) for wealth, chance in parts)

    # The rate is concave in the fraction: thirds close in on its maximum.
    low, high = 0.0, 1.0
    for _ in range(200):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if rate(left) < rate(right):
            low = left
        else:
            high = right
    best = max(rate(low), rate(high))
    return best if best > 1e-12 else 0.0  # What rounding leaves of no growth at all.


def expected_observations(
    outcomes: Outcomes,
    config: TrialConfig,
    question: Question = "help",
    *,
    level: float | None = None,
    low: float = -1.0,
    high: float = 1.0,
) -> float:
    """Mean number of observations that no bet against the same null can beat.

    By Wald's identity the mean of a stopping time is at least ``log(1 / level)`` over the best growth; a
    mixture of bettors, who do not know the effect, needs some tenths more. Infinite where there is nothing
    to be found.

    Args:
        outcomes: Contrasts under the true effect.
        config: Levels and effects of the trial.
        question: Which of the trial's three bets.
        level: Instead of the config's, such as alpha times admissions over candidates (e-BH).
        low: The least that a contrast could have been; -1 for pairs.
        high: The most that a contrast could have been; 1 for pairs.
    """
    if question == "help":
        bets = [(value - config.null_effect, chance) for value, chance in outcomes]
        floor, wrong = config.null_effect - low, config.alpha
    elif question == "harm":
        bets, floor, wrong = [(-value, chance) for value, chance in outcomes], high, config.harm_alpha
    else:
        bets = [(config.min_effect - value, chance) for value, chance in outcomes]
        floor, wrong = high - config.min_effect, config.beta
    rate = growth(bets, floor)
    return math.log(1 / (wrong if level is None else level)) / rate if rate > 0 else math.inf


def fixed_sample_size(outcomes: Outcomes, *, z_alpha: float = 1.6449, z_beta: float = 1.6449) -> float:
    """Observations of a z-test that may be looked at once only (here with alpha = beta = 0.05).

    What being allowed to stop at any time is compared with.
    """
    mean = math.fsum(value * chance for value, chance in outcomes)
    variance = math.fsum((value - mean) ** 2 * chance for value, chance in outcomes)
    return (z_alpha + z_beta) ** 2 * variance / mean**2 if mean else math.inf


def _binomial(count: int, chance: float) -> list[float]:
    return [comb(count, wins) * chance**wins * (1 - chance) ** (count - wins) for wins in range(count + 1)]


def _check(without: float, effect: float) -> None:
    if not 0 <= without <= 1 or not -1e-9 <= without + effect <= 1 + 1e-9:
        raise ValueError(
            f"success without the skill is {without} and with it {without + effect}; both must lie in [0, 1]"
        )
