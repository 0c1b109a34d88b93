"""Utility: what randomised evidence says of a skill's effect, and how sure one may be."""

import random

import pytest

from skill_gym.skillbanks.evidence import EvidenceBook
from skill_gym.skillbanks.utility import Posterior, Utility, UtilityPrior

WIDE = UtilityPrior(sd=10.0, type_sd=10.0)


def played(
    effect: float, groups: int, *, seed: int = 0, siblings: int = 4, task_type: str = "heat"
) -> EvidenceBook:
    book, rng = EvidenceBook(), random.Random(seed)
    for _ in range(groups):
        shown = rng.random() < 0.5
        easy = rng.random() < 0.4 + effect * shown
        book.observe_group(task_type, [float(easy)] * siblings, {"a": shown})
    return book


def test_nothing_known_is_the_prior():
    prior = Utility(EvidenceBook()).of("a", "heat")
    assert prior.mean == 0
    assert prior.sd == pytest.approx((0.15**2 + 0.1**2) ** 0.5)
    assert (prior.observations, prior.probability_above(0)) == (0, 0.5)


def test_credible_intervals_hold_the_truth_about_as_often_as_they_say():
    held = 0
    for seed in range(300):
        low, high = Utility(played(0.3, 40, seed=seed), WIDE).of("a", "heat").interval(0.9)
        held += low <= 0.3 <= high
    assert 0.85 <= held / 300 <= 0.97


def test_siblings_do_not_make_one_surer():
    """Eight siblings that all share their luck say no more than one."""
    one, eight = (Utility(played(0.3, 40, siblings=n)).of("a", "heat") for n in (1, 8))
    assert one == eight


def test_little_evidence_is_shrunk_and_much_is_not():
    few, many = (Utility(played(0.4, n)).of("a", "heat") for n in (8, 4000))
    raw = Utility(played(0.4, 8), WIDE).of("a", "heat")
    assert abs(few.mean) < abs(raw.mean)
    assert many.mean == pytest.approx(0.4, abs=0.04)
    assert many.probability_above(0.3) > 0.99
    assert many.sd < few.sd


def test_other_types_inform_a_little():
    book = played(0.5, 400)
    here, elsewhere = (Utility(book).of("a", kind) for kind in ("heat", "cool"))
    assert 0 < elsewhere.mean < here.mean
    assert elsewhere.sd > here.sd
    assert elsewhere.observations == 0
    pooled = Utility(book).of("a")
    assert 0 < pooled.mean < here.mean


def test_use_alone_is_no_evidence():
    book = EvidenceBook()
    book.observe_use("heat", ["a"], episodes=1000)
    book.observe_group("heat", [1, 1], {"a": True})
    assert Utility(book).of("a", "heat") == Utility(EvidenceBook()).of("a", "heat")


def test_pairs_are_evidence():
    book = EvidenceBook()
    for _ in range(40):
        book.observe_pair("a", "heat", [1], [0])
        book.observe_pair("a", "heat", [0], [0])
    posterior = Utility(book, WIDE).of("a", "heat")
    assert posterior.mean == pytest.approx(0.5, abs=0.01)
    assert posterior.observations == 80


def test_thompson_draws_follow_the_posterior():
    utility, rng = Utility(played(0.3, 60)), random.Random(0)
    sample = utility.sampler(lambda: rng.gauss(0, 1))
    draws = [sample("a", "heat") for _ in range(2000)]
    posterior = utility.of("a", "heat")
    assert sum(draws) / 2000 == pytest.approx(posterior.mean, abs=4 * posterior.sd / 2000**0.5)


def test_posterior_quantities():
    posterior = Posterior(0.1, 0.1)
    low, high = posterior.interval()
    assert (low, high) == (pytest.approx(0.1 - 0.196, abs=1e-3), pytest.approx(0.1 + 0.196, abs=1e-3))
    assert posterior.probability_above(0) == pytest.approx(0.8413, abs=1e-3)
    assert posterior.upper(2) == pytest.approx(0.3)
    with pytest.raises(ValueError, match="level"):
        posterior.interval(1.0)
    with pytest.raises(ValueError, match="type_sd"):
        UtilityPrior(type_sd=0)
