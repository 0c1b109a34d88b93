"""Algorithms beside slow references from their papers, by name, and learning a toy task."""

import dataclasses

import pytest
from toy_training import COLOUR_ID, toy_config, toy_model, toy_trainer, train_until

from skill_gym.agents.algorithms import ALGORITHMS, algorithm_settings
from skill_gym.agents.config import load_config
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.oracles import (
    VARIANTS,
    differences,
    draw_batch,
    draw_logprobs,
    slow_loss,
)


@pytest.mark.parametrize(("name", "settings"), VARIANTS, ids=[name for name, _ in VARIANTS])
def test_loss_and_gradient_are_those_of_the_paper(name, settings):
    loss, gradient = differences(GRPOConfig(**settings), seed=77)
    assert loss < 1e-5
    assert gradient < 1e-5


def test_the_references_tell_the_algorithms_apart():
    batch = draw_batch(5)
    values = draw_logprobs(batch, 6)
    losses = {name: slow_loss(batch, values, GRPOConfig(**settings), values) for name, settings in VARIANTS}
    assert len({round(loss, 9) for loss in losses.values()}) == len(losses)


def test_every_preset_makes_a_configuration():
    for name in ALGORITHMS:
        GRPOConfig(**algorithm_settings(name))
    with pytest.raises(ValueError, match="choose one of grpo, dr_grpo"):
        algorithm_settings("ppo")


def test_single_settings_win_over_the_algorithm_wherever_they_stand(tmp_path):
    for order in (["grpo.algorithm=dapo", "grpo.kl_coef=0.5"], ["grpo.kl_coef=0.5", "grpo.algorithm=dapo"]):
        config = load_config(None, order)
        assert (config.grpo.clip_high, config.grpo.kl_coef) == (0.28, 0.5)


def test_only_the_last_algorithm_counts(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("grpo:\n  algorithm: gspo\n  lr: 0.5\n")
    config = load_config(file, ["grpo.algorithm=rloo"]).grpo
    assert config == dataclasses.replace(GRPOConfig(), **algorithm_settings("rloo"), lr=0.5)


def test_released_names_choose_algorithms():
    config = load_config(
        None,
        [
            "algorithm.adv_estimator=gigpo",
            "algorithm.gamma=0.9",
            "algorithm.gigpo.step_advantage_w=0.5",
            "algorithm.gigpo.mode=mean_norm",
        ],
    ).grpo
    assert (config.step_weight, config.gamma, config.scale) == (0.5, 0.9, "none")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return toy_model(tmp_path_factory.mktemp("model"))


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_learns_the_toy_task(tmp_path, model, algorithm):
    """One try: 1 in 34 by chance, 1 in 3 by valid replies alone; more only by reading the task."""
    config = toy_config(
        tmp_path / "run",
        model,
        f"env.id={COLOUR_ID}",
        "env.max_steps=1",
        "validation.every=0",
        "evolution.enable_dynamic_update=false",
        "rollout.group_size=24",
        f"grpo.algorithm={algorithm}",
        "grpo.lr=1e-2",
        "grpo.mini_batch_size=36",
        "grpo.entropy_coef=0.01",
        f"grpo.kl_coef={1e-4 if algorithm == 'rloo' else 0}",
        "run.iterations=45",
        "run.checkpoint_every=100",
    )
    with toy_trainer(config) as trainer:
        rows = train_until(trainer, lambda rows: late_reward(rows) > 0.45)
    assert sum(row["reward"] for row in rows[:3]) / 3 < 0.15
    assert late_reward(rows) > 0.45


def late_reward(rows):
    """Of the last five iterations; 0 before there are as many and three to compare them with."""
    return sum(row["reward"] for row in rows[-5:]) / 5 if len(rows) >= 8 else 0
