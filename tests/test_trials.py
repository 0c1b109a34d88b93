"""Trials of single skills: wrong verdicts are as rare as promised, right ones nearly as quick as can be."""

import math
import random
from collections import Counter
from collections.abc import Callable

import pytest

from skill_gym.skillbanks.trial_theory import expected_observations, group_outcomes, pair_outcomes
from skill_gym.skillbanks.trials import Trial, TrialConfig, group_contrast, pair_contrast

CONFIG = TrialConfig(min_effect=0.3, alpha=0.1, harm_alpha=0.1, beta=0.1)
Observe = Callable[[Trial, random.Random], None]


def pairs(without: float, effect: float) -> Observe:
    def observe(trial: Trial, rng: random.Random) -> None:
        trial.observe_pair(rng.random() < without + effect, rng.random() < without)

    return observe


def coupled(effect: float) -> Observe:
    """A deterministic player: only the skill makes a difference between the halves of a pair."""

    def observe(trial: Trial, rng: random.Random) -> None:
        hit = rng.random() < abs(effect)
        trial.observe_pair(float(hit and effect > 0), float(hit and effect < 0))

    return observe


def groups(without: float, effect: float, *, siblings: int = 4, probability: float = 0.5) -> Observe:
    """Siblings that all but share their outcome (as on tasks that are easy or hard), under a policy that
    learns while the trial runs."""

    def observe(trial: Trial, rng: random.Random) -> None:
        shown = rng.random() < probability
        learnt = min(0.2, trial.observations / 500)
        easy = rng.random() < without + learnt + effect * shown
        wins = sum(rng.random() < (0.95 if easy else 0.05) for _ in range(siblings))
        # The guess lags behind the policy: it may be as wrong as it likes.
        trial.observe_group(wins / siblings, shown=shown, probability=probability, baseline=without)

    return observe


def verdicts(observe: Observe, *, runs: int, most: int, config: TrialConfig = CONFIG) -> Counter[str]:
    counts: Counter[str] = Counter()
    for seed in range(runs):
        rng, trial = random.Random(seed), Trial(config)
        while trial.verdict == "undecided" and trial.observations < most:
            observe(trial, rng)
        counts[trial.verdict] += 1
    return counts


def at_most(alpha: float, runs: int) -> float:
    return alpha * runs + 3 * math.sqrt(runs * alpha * (1 - alpha))


NULLS = {
    "pairs": pairs(0.5, 0.0),
    "coupled": coupled(0.0),
    "groups": groups(0.4, 0.0),
    "seldom withheld": groups(0.4, 0.0, probability=0.9),
}


@pytest.mark.parametrize("observe", NULLS.values(), ids=NULLS)
def test_useless_skills_are_seldom_admitted_and_seldom_called_harmful(observe):
    runs = 300
    # Without an end by futility: every look is taken.
    config = TrialConfig(min_effect=0.3, alpha=0.1, harm_alpha=0.1, beta=1e-12)
    found = verdicts(observe, runs=runs, most=150, config=config)
    assert found["admit"] <= at_most(CONFIG.alpha, runs)
    assert found["retire"] <= at_most(CONFIG.harm_alpha, runs)


@pytest.mark.parametrize(
    "observe", [pairs(0.4, 0.3), coupled(0.3), groups(0.3, 0.34)], ids=["pairs", "coupled", "groups"]
)
def test_skills_worth_having_are_seldom_given_up(observe):
    runs = 200
    found = verdicts(observe, runs=runs, most=2000)
    assert found["admit"] + found["futile"] == runs, "a trial of a good skill ends"
    assert found["futile"] <= at_most(CONFIG.beta, runs)
    assert found["admit"] >= runs - at_most(CONFIG.beta, runs)


@pytest.mark.parametrize(("effect", "expected"), [(-0.5, {"retire", "futile"}), (0.0, {"futile", "admit"})])
def test_other_skills_are_turned_away(effect, expected):
    found = verdicts(pairs(0.5, effect), runs=100, most=1000)
    assert set(found) <= expected
    assert found["admit"] <= at_most(CONFIG.alpha, 100)


def test_the_length_of_a_trial_is_near_what_theory_says():
    config = TrialConfig(min_effect=0.3, alpha=0.05)
    lengths = []
    for seed in range(200):
        rng, trial = random.Random(seed), Trial(config)
        while trial.help.wealth < 1 / config.alpha:
            pairs(0.4, 0.3)(trial, rng)
        lengths.append(trial.observations)
    least = expected_observations(pair_outcomes(0.4, 0.3), config)
    assert least <= sum(lengths) / len(lengths) <= 1.8 * least


def test_contrasts_are_unbiased_whatever_the_baseline():
    for baseline in (0.0, 0.3, 1.0):
        outcomes = group_outcomes(0.3, 0.2, siblings=3, probability=0.8, baseline=baseline)
        assert math.fsum(chance for _, chance in outcomes) == pytest.approx(1)
        assert math.fsum(value * chance for value, chance in outcomes) == pytest.approx(0.2)
    assert math.fsum(v * c for v, c in pair_outcomes(0.3, -0.2, siblings=2)) == pytest.approx(-0.2)


@pytest.mark.parametrize("baseline", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_contrasts_stay_within_their_bounds(baseline, probability):
    found = [
        group_contrast(success, shown=shown, probability=probability, baseline=baseline)
        for success in (0.0, 1.0)
        for shown in (True, False)
    ]
    assert all(one.low <= one.value <= one.high for one in found)
    assert min(one.value for one in found) == pytest.approx(found[0].low)
    assert max(one.value for one in found) == pytest.approx(found[0].high)
    assert pair_contrast(1, 0).value == 1


def test_a_trial_ends_with_its_budget():
    trial = Trial(TrialConfig(max_observations=3))
    for shown, withheld in ((1, 0), (0, 1), (1, 0)):
        assert trial.verdict == "undecided"
        trial.observe_pair(shown, withheld)
    assert (trial.verdict, trial.exhausted) == ("futile", True)


def test_a_trial_goes_on_where_it_was_saved():
    trial, rng = Trial(CONFIG), random.Random(1)
    for _ in range(10):
        pairs(0.4, 0.2)(trial, rng)
    again = Trial.from_json(CONFIG, trial.to_json())
    for one in (trial, again):
        one.observe_pair(1, 0)
    assert again.to_json() == trial.to_json()
    assert again.observations == 11


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": 0.0}, "alpha must lie"),
        ({"min_effect": 1.0}, "min_effect must lie"),
        ({"null_effect": 0.2}, "below min_effect"),
        ({"max_observations": 0}, "max_observations"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        TrialConfig(**settings)


def test_returns_are_no_successes():
    with pytest.raises(ValueError, match="pass a rate"):
        Trial(CONFIG).observe_pair(10.0, 0.0)
    with pytest.raises(ValueError, match="no arm may be certain"):
        Trial(CONFIG).observe_group(1.0, shown=True, probability=1.0)
