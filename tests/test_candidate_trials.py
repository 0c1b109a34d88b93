"""Many candidates at once: the share of false admissions is bounded, whoever looks whenever."""

import json
import random

import pytest

from skill_gym.skillbanks.candidate_trials import CandidateTrials
from skill_gym.skillbanks.trials import TrialConfig

CONFIG = TrialConfig(min_effect=0.4, alpha=0.1, beta=0.02)


def run(seed: int, helpful: int, useless: int, *, known: bool) -> tuple[CandidateTrials, set[str]]:
    rng = random.Random(seed)
    effects = {f"good{n}": 0.4 for n in range(helpful)} | {f"idle{n}": 0.0 for n in range(useless)}
    order = sorted(effects)
    rng.shuffle(order)
    trials = CandidateTrials(CONFIG, candidates=len(order) if known else None)
    trials.begin(order)
    for _ in range(400):
        for name in trials.open_ids:
            trials.observe_pair(name, rng.random() < 0.4 + effects[name], rng.random() < 0.4)
        trials.decide()
        if not trials.open_ids:
            break
    return trials, {name for name in trials.admitted if effects[name] == 0}


@pytest.mark.parametrize("known", [True, False])
def test_false_discoveries_are_few_and_true_ones_many(known):
    shares, found = [], 0
    for seed in range(8):
        trials, false = run(seed, 6, 18, known=known)
        shares.append(len(false) / max(1, len(trials.admitted)))
        found += len(trials.admitted) - len(false)
        assert not trials.open_ids, "every trial ends"
    assert sum(shares) / len(shares) <= CONFIG.alpha
    assert found >= 0.9 * 8 * 6


def test_candidates_that_share_their_luck_do_not_break_the_bound():
    """All candidates see the same tosses: all of them pass, or none; the mean over runs is what counts."""
    shares = []
    for seed in range(200):
        rng, trials = random.Random(seed), CandidateTrials(TrialConfig(alpha=0.1, beta=1e-9), candidates=5)
        names = [f"idle{number}" for number in range(5)]
        trials.begin(names)
        for _ in range(60):
            shown, withheld = rng.random() < 0.5, rng.random() < 0.5
            for name in names:
                trials.observe_pair(name, shown, withheld)
            trials.decide()
        shares.append(float(bool(trials.admitted)))
    assert sum(shares) / len(shares) <= 0.1 + 3 * (0.1 * 0.9 / len(shares)) ** 0.5
    assert sum(shares) > 0, "the level is used"


def test_early_admissions_make_later_ones_easier():
    trials = CandidateTrials(TrialConfig(alpha=0.05), candidates=10)
    trials.begin(["strong", "weak"])

    def feed(name: str, wins: int) -> None:
        for _ in range(wins):
            trials.observe_pair(name, 1, 0)

    feed("weak", 10)
    assert trials.trials["weak"].help.wealth == pytest.approx(238, rel=0.05)
    # 10 / 0.05 = 200 admits the first, 100 the second; a third of a hundred would be needed for one of ten.
    assert [one.skill_id for one in trials.decide()] == ["weak"]
    feed("strong", 9)
    assert 100 < trials.trials["strong"].help.wealth < 200
    assert [one.skill_id for one in trials.decide()] == ["strong"]
    assert trials.admitted == ("strong", "weak")


def test_a_decided_trial_takes_no_more():
    trials = CandidateTrials(TrialConfig(), candidates=1)
    trials.begin(["a"])
    for _ in range(20):
        trials.observe_pair("a", 1, 0)
        trials.decide()
    (decision,) = trials.decisions.values()
    assert (decision.verdict, decision.exhausted) == ("admit", False)
    assert trials.trials["a"].observations == decision.observations < 20


def test_one_group_is_evidence_of_every_candidate_in_it():
    """Two candidates, shown or not by separate draws: the one that helps is told from the one that harms."""
    trials, rng = CandidateTrials(TrialConfig(min_effect=0.3), candidates=2), random.Random(3)
    trials.begin(["good", "bad"])
    for _ in range(1500):
        arms = {name: rng.random() < 0.5 for name in ("good", "bad")}
        success = rng.random() < 0.5 + 0.35 * arms["good"] - 0.35 * arms["bad"]
        trials.observe_group(success, arms, task_type="any")
        trials.decide()
        if not trials.open_ids:
            break
    assert trials.verdict("good") == "admit"
    assert trials.verdict("bad") in ("retire", "futile")


def test_budgets_end_in_decisions_that_say_so():
    trials = CandidateTrials(TrialConfig(max_observations=2), candidates=1)
    trials.begin(["a"])
    trials.observe_pair("a", 1, 0)
    assert trials.decide() == []
    trials.observe_pair("a", 0, 1)
    (decision,) = trials.decide()
    assert (decision.verdict, decision.exhausted, decision.observations) == ("futile", True, 2)


def test_state_round_trips():
    trials, _ = run(5, 2, 3, known=False)
    trials.begin(["late"])
    trials.observe_group(0.5, {"late": True}, task_type="heat")
    again = CandidateTrials.from_json(CONFIG, json.loads(json.dumps(trials.to_json())))
    for one in (trials, again):
        one.observe_group(1.0, {"late": False}, task_type="heat")
    assert again.to_json() == trials.to_json()
    assert again.open_ids == ("late",)
    assert again.decisions == trials.decisions


def test_misuse_is_refused():
    trials = CandidateTrials(CONFIG, candidates=1)
    with pytest.raises(ValueError, match="not on trial"):
        trials.observe_pair("a", 1, 0)
    trials.begin(["a"])
    with pytest.raises(ValueError, match="already"):
        trials.begin(["a"])
    with pytest.raises(ValueError, match="more than candidates=1"):
        trials.begin(["b"])


def test_a_trial_may_be_ended_by_somebodys_word():
    trials = CandidateTrials(CONFIG)
    trials.begin(["a", "b"])
    trials.close("a", "retire")
    trials.observe_pair("a", 1.0, 0.0)
    assert trials.open_ids == ("b",)
    assert trials.trials["a"].observations == 0
    assert trials.decide() == []
    assert CandidateTrials.from_json(CONFIG, trials.to_json()).verdict("a") == "retire"
    with pytest.raises(ValueError, match="'a' is not on trial, open are: b"):
        trials.close("a", "admit")
