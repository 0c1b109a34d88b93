"""Intervals: published values, edges, and coverage computed exactly."""

from itertools import product
from math import comb, factorial

import pytest

from skill_gym.benchmarks.intervals import newcombe, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [  # Newcombe 1998, Statist. Med. 17, 857, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_limits(successes, trials, low, high):
    rate = wilson(successes, trials)
    assert (rate.low, rate.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_newcombe_gives_the_published_limits():
    # Altman et al., Statistics with Confidence, table 6.2: 14 both, 5 one only, 0 the other only, 22 neither.
    altman = newcombe(14, 0, 5, 22)
    assert altman.value == pytest.approx(0.122, abs=5e-4)
    assert (altman.low, altman.high) == (pytest.approx(0.011, abs=5e-4), pytest.approx(0.226, abs=5e-4))
    # Fagerland et al. 2014, Statist. Med. 33, 2850: airway hyper-responsiveness, 1, 1, 7, 12.
    airway = newcombe(1, 7, 1, 12)
    assert (airway.low, airway.high) == (pytest.approx(-0.507, abs=5e-4), pytest.approx(-0.026, abs=5e-4))


def test_swapping_before_and_after_mirrors_the_interval():
    there, back = newcombe(20, 3, 11, 16), newcombe(20, 11, 3, 16)
    assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))


def test_equal_evaluations_have_an_interval_around_zero_that_is_not_empty():
    same = newcombe(30, 0, 0, 10)
    assert same.value == 0
    assert same.low < 0 < same.high


@pytest.mark.parametrize("counts", [(0, 0, 7, 0), (0, 7, 0, 0), (7, 0, 0, 0), (0, 0, 0, 7), (0, 0, 1, 0)])
def test_extreme_tables_stay_within_one(counts):
    difference = newcombe(*counts)
    assert -1 <= difference.low <= difference.value <= difference.high <= 1


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.5, 0.9])
def test_wilson_covers_about_95_percent(rate):
    trials = 50
    covered = sum(
        comb(trials, k) * rate**k * (1 - rate) ** (trials - k)
        for k in range(trials + 1)
        if wilson(k, trials).low <= rate <= wilson(k, trials).high
    )
    assert 0.92 < covered < 0.98


@pytest.mark.parametrize("cells", [(0.3, 0.1, 0.25, 0.35), (0.6, 0.1, 0.1, 0.2), (0.05, 0.02, 0.3, 0.63)])
def test_newcombe_covers_about_95_percent(cells):
    trials, truth, covered = 20, cells[2] - cells[1], 0.0
    for a, b, c in product(range(trials + 1), repeat=3):
        d = trials - a - b - c
        if d < 0:
            continue
        ways = factorial(trials) // (factorial(a) * factorial(b) * factorial(c) * factorial(d))
        interval = newcombe(a, b, c, d)
        if interval.low <= truth <= interval.high:
            covered += ways * cells[0] ** a * cells[1] ** b * cells[2] ** c * cells[3] ** d
    assert 0.92 < covered < 0.99


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (3, 2), (-1, 5)])
def test_impossible_counts_are_refused(successes, trials):
    with pytest.raises(ValueError, match=r"at least 1 trial|successes must be"):
        wilson(successes, trials)


def test_negative_pairs_and_odd_confidence_are_refused():
    with pytest.raises(ValueError, match="at least 0"):
        newcombe(1, -1, 2, 3)
    with pytest.raises(ValueError, match="confidence"):
        wilson(1, 2, confidence=95)
