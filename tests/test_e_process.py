"""Bets and alarms: their error probabilities hold at any stopping time, and their level is used."""

import math
import random

import pytest

from skill_gym.skillbanks.e_process import FRACTIONS, EDetector, EProcess, e_bh, stream_weight


def ever_reaches(seed: int, level: float, *, looks: int, chance: float) -> bool:
    """Whether someone who looks after every fair or unfair toss of +1 or -1 ever rejects."""
    rng, process = random.Random(seed), EProcess()
    for _ in range(looks):
        process.bet(1.0 if rng.random() < chance else -1.0, 1.0)
        if process.wealth >= 1 / level:
            return True
    return False


def test_a_true_null_is_ever_rejected_with_probability_alpha_at_most():
    alpha, runs = 0.1, 1000
    rejected = sum(ever_reaches(seed, alpha, looks=300, chance=0.5) for seed in range(runs))
    # Three standard deviations of a binomial at alpha itself; peeking at a z-test rejects about half.
    assert rejected <= alpha * runs + 3 * math.sqrt(runs * alpha * (1 - alpha))
    assert rejected >= 0.3 * alpha * runs, "the level is hardly used: the bets are too timid to find anything"


def test_a_false_null_is_rejected():
    assert all(ever_reaches(seed, 0.05, looks=300, chance=0.7) for seed in range(100))


def test_wealth_is_the_mean_of_the_bettors():
    process = EProcess()
    process.bet(0.5, 1.0)
    process.bet(-0.25, 1.0)
    expected = sum((1 + 0.5 * f) * (1 - 0.25 * f) for f in FRACTIONS) / len(FRACTIONS)
    assert process.wealth == pytest.approx(expected)


def test_the_expected_wealth_stays_one_under_the_null():
    """Every outcome of three steps, weighted: a martingale, not only by simulation."""
    outcomes = [(1.0, 0.25), (0.0, 0.25), (-0.5, 0.5)]
    total = 0.0
    for first, one in outcomes:
        for second, two in outcomes:
            for third, three in outcomes:
                process = EProcess()
                for value in (first, second, third):
                    process.bet(value, 0.5)
                total += process.wealth * one * two * three
    assert total == pytest.approx(1.0)


def test_a_bet_that_owes_money_is_refused():
    with pytest.raises(ValueError, match="at least -1"):
        EProcess().bet(-1.2, 1.0)
    with pytest.raises(ValueError, match="floor must be greater than 0"):
        EProcess().bet(0.0, 0.0)


@pytest.mark.parametrize("kind", [EProcess, EDetector])
def test_state_round_trips_also_with_a_lost_stake(kind):
    process = kind()
    for value in (0.5, -1.0, 0.25):
        process.bet(value, 1.0)
    again = kind.from_json(process.to_json())
    assert again.log_wealth == process.log_wealth
    again.bet(0.5, 1.0)
    process.bet(0.5, 1.0)
    assert again.wealth == process.wealth
    with pytest.raises(ValueError, match="bettors"):
        kind.from_json([0.0])


def looks_until_alarm(detector: EDetector, rng: random.Random, level: float, *, chance: float) -> int:
    looks = 0
    while detector.wealth < level and looks < 2000:
        detector.bet(1.0 if rng.random() < chance else -1.0, 1.0)
        looks += 1
    return looks


def test_an_alarm_is_late_under_the_null_and_early_after_a_change():
    level, runs = 100.0, 200
    false, delays = [], []
    for seed in range(runs):
        rng = random.Random(seed)
        false.append(looks_until_alarm(EDetector(), rng, level, chance=0.5))
        detector = EDetector()
        for _ in range(100):
            detector.bet(-1.0, 1.0)
        delays.append(looks_until_alarm(detector, rng, level, chance=0.8))
    assert sum(false) / runs >= level
    # What was lost before the change does not weigh: an EProcess would have to win it back first.
    assert sum(delays) / runs < 25


def test_e_bh_is_the_textbook_rule():
    e_values = {"a": 60.0, "b": 25.0, "c": 10.0, "d": 1.0, "e": 0.1}
    shares = dict.fromkeys(e_values, 1 / 5)
    log_e = {name: math.log(value) for name, value in e_values.items()}
    # K / (alpha k): 50 for one, 25 for two, 16.7 for three (alpha = 0.1).
    assert e_bh(log_e, 0.1, shares) == ["a", "b"]
    assert e_bh({"d": 0.0, "e": -math.inf}, 0.1, {"d": 0.5, "e": 0.5}) == []
    assert e_bh({}, 0.1, {}) == []


def test_shares_of_a_stream_sum_to_one_at_most():
    total = sum(stream_weight(number) for number in range(1, 200_000))
    assert 0.9 < total < 1
    with pytest.raises(ValueError, match="at least 1"):
        stream_weight(0)
