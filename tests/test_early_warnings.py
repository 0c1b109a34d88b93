"""Bad signs in the metrics: said when they begin and when they get worse, and nothing else is said."""

import logging

import pytest
from toy_training import toy_config, toy_model, toy_trainer

from skill_gym.agents.early_warnings import CALM, EarlyWarnings
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.sections import EnvConfig, SamplerConfig, TrainConfig
from skill_gym.agents.warning_signs import SIGNS
from skill_gym.benchmarks.progress import TrainingBar

HEALTHY = {
    "loss/entropy": 1.0,
    "loss/kl": 0.02,
    "learner/ratio_max": 1.6,
    "learner/grad_norm": 0.5,
    "learner/mismatch_mean": 1e-5,
    "group/count": 16,
    "group/zero_variance": 9,
    "success": 0.4,
    "episode/count": 128,
    "episode/broken": 0,
    "episode/broken/env": 0,
    "episode/broken/policy": 0,
    "episode/invalid_share": 0.05,
    "episode/dropped_share": 0.0,
    "reply/cut_share": 0.01,
    "prompt/tokens_max": 900.0,
    "prompt/context_share": 0.4,
    "staleness/max": 0.0,
}


def said(changes, config=None):
    """Iteration (from 1) and name of everything that is said about healthy iterations with changes."""
    warnings = EarlyWarnings(config or TrainConfig())
    return [
        (number, name)
        for number, change in enumerate(changes, start=1)
        for name in warnings.take({**HEALTHY, **change})
    ]


def text(name, changes, config=None):
    """What is said first under a name."""
    warnings = EarlyWarnings(config or TrainConfig())
    return next(found[name] for change in changes if name in (found := warnings.take({**HEALTHY, **change})))


def test_a_healthy_run_hears_nothing():
    learning = [
        {
            "success": number / 100,
            "loss/entropy": 2 - number / 60,
            "learner/grad_norm": 0.5 + number % 7 / 10,
            "episode/invalid_share": max(0.0, 0.2 - number / 100),
        }
        for number in range(100)
    ]
    assert said(learning) == []


@pytest.mark.parametrize(
    ("name", "before", "bad", "worse"),
    [
        ("entropy_collapse", 10, {"loss/entropy": 0.15}, {"loss/entropy": 0.04}),
        ("ratio", 0, {"learner/ratio_max": 12.0}, {"learner/ratio_max": float("inf")}),
        ("kl", 0, {"loss/kl": 0.6}, {"loss/kl": 3.0}),
        ("gradient", 10, {"learner/grad_norm": 6.0}, {"learner/grad_norm": 80.0}),
        ("invalid_actions", 0, {"episode/invalid_share": 0.4}, {"episode/invalid_share": 0.95}),
        ("cut_replies", 0, {"reply/cut_share": 0.1}, {"reply/cut_share": 0.3}),
        ("mismatch", 0, {"learner/mismatch_mean": 0.06}, {"learner/mismatch_mean": 0.3}),
        ("broken_episodes", 0, {"episode/broken": 10}, {"episode/broken": 100}),
        ("dropped_skills", 0, {"episode/dropped_share": 0.2}, {"episode/dropped_share": 0.7}),
        ("long_prompts", 0, {"prompt/context_share": 0.92}, {"prompt/context_share": 0.99}),
    ],
)
def test_a_sign_is_said_when_it_begins_and_when_it_gets_worse(name, before, bad, worse):
    first = before + 1
    healthy: list[dict[str, float]] = [{}] * before
    assert said([*healthy, bad, bad, bad, worse, worse, bad]) == [(first, name), (first + 3, name)]
    # A short pause is the same onset, a long one is not.
    assert said([*healthy, bad, *[{}] * (CALM - 1), bad]) == [(first, name)]
    assert said([*healthy, bad, *[{}] * CALM, bad]) == [(first, name), (first + CALM + 1, name)]


def test_every_sign_can_be_raised():
    bad = {
        "loss/entropy": 0.01,
        "loss/kl": 9.0,
        "learner/ratio_max": 99.0,
        "learner/grad_norm": 99.0,
        "learner/mismatch_mean": 2.0,
        "group/zero_variance": 16,
        "episode/broken": 99,
        "episode/broken/env": 99,
        "episode/invalid_share": 0.9,
        "episode/dropped_share": 1.0,
        "reply/cut_share": 0.9,
        "prompt/context_share": 0.99,
    }
    assert {name for _, name in said([{}] * 10 + [bad] * 3)} == set(SIGNS)


def test_equal_groups_count_in_a_row():
    equal = {"group/zero_variance": 15}
    assert said([equal, equal, {}, equal, equal]) == []
    assert said([equal] * 12) == [(3, "equal_groups"), (10, "equal_groups")]
    assert said([{"group/count": 0, "group/zero_variance": 0}] * 5) == []
    nothing = text("equal_groups", [{**equal, "success": 0.0}] * 3)
    assert "easier tasks" in nothing
    assert "rollout.max_refills (0)" in nothing
    assert "harder tasks" in text("equal_groups", [{**equal, "success": 1.0}] * 3)


def test_slowly_rising_invalid_actions_are_noticed():
    rising = [{"episode/invalid_share": 0.01 * number} for number in range(28)]
    ((iteration, name), *_) = said(rising)
    assert name == "invalid_actions_rising"
    # The mean of five is 10 points above the least mean of five.
    assert iteration == 15


def test_a_converged_policy_may_be_sure():
    assert said([{}] * 10 + [{"loss/entropy": 0.01, "success": 0.97}] * 3) == []


def test_a_first_signal_after_equal_groups_is_no_explosion():
    quiet = [{"learner/grad_norm": 0.01}] * 20
    assert said([*quiet, {"learner/grad_norm": 0.9}]) == []
    assert said([*quiet, {"learner/grad_norm": 1.1}]) == [(21, "gradient")]


def test_engines_are_compared_only_where_they_can_be():
    bad = {"learner/mismatch_mean": 0.1}
    assert "grpo.correction=truncated" in text("mismatch", [bad])
    assert said([{**bad, "staleness/max": 1.0}]) == []
    assert said([bad], TrainConfig(sampler=SamplerConfig(temperature=0.7))) == []
    corrected = TrainConfig(grpo=GRPOConfig(correction="truncated"))
    assert said([bad], corrected) == []
    assert said([{"learner/mismatch_mean": 0.25}], corrected) == [(1, "mismatch")]


def test_texts_name_figures_and_settings():
    broken = {"episode/broken": 32, "episode/broken/env": 2, "episode/broken/policy": 30}
    assert "32 of 160 episodes broke (2 at the env, 30 at the policy)" in text("broken_episodes", [broken])
    assert "12% of replies were cut at sampler.max_new_tokens (512)" in text(
        "cut_replies", [{"reply/cut_share": 0.12}]
    )
    longest = [{"prompt/context_share": 0.95}]
    assert "env.max_steps" in text("long_prompts", longest)
    assert "env.history" in text("long_prompts", longest, TrainConfig(env=EnvConfig(layout="step")))


def test_metrics_hold_what_is_there_and_what_was_said(caplog):
    warnings = EarlyWarnings(TrainConfig())
    with caplog.at_level(logging.WARNING):
        first = warnings.metrics({**HEALTHY, "reply/cut_share": 0.1})
        second = warnings.metrics({**HEALTHY, "reply/cut_share": 0.1})
    assert first["warning/cut_replies"] == second["warning/cut_replies"] == 1
    assert sum(value for name, value in first.items() if name.startswith("warning/")) == 1
    assert len(first["warnings"]) == 1
    assert second["warnings"] == []
    assert caplog.text.count("cut_replies: 10% of replies") == 1


def test_a_run_that_goes_on_says_nothing_twice(tmp_path):
    model = toy_model(tmp_path / "model")
    # Replies of one token have no end, so each is cut.
    settings = ("validation.every=0", "run.checkpoint_every=1")
    for folder, iterations, resume in (("run", 2, False), ("run", 4, True), ("whole", 4, False)):
        config = toy_config(tmp_path / folder, model, *settings, f"run.iterations={iterations}")
        with toy_trainer(config, resume=resume) as trainer:
            trainer.train()
    rows, whole = (read_metrics(tmp_path / name / "metrics.jsonl") for name in ("run", "whole"))
    assert [row["warnings"] for row in rows] == [row["warnings"] for row in whole]
    assert [sum("cut_replies" in text for text in row["warnings"]) for row in rows] == [1, 0, 0, 0]
    assert all(row["warning/cut_replies"] == 1 for row in rows)


@pytest.mark.parametrize(("there", "shown"), [(1, "success=0.50, warnings=kl]"), (0, "success=0.50]")])
def test_the_bar_shows_the_signs(capsys, there, shown):
    with TrainingBar(1) as bar:
        bar(1, {"success": 0.5, "warning/kl": there, "warning/ratio": 0})
    assert shown in capsys.readouterr().err
