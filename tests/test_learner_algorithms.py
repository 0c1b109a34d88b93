"""The learner under other algorithms: corrections reach the gradient, the KL can be a part of the reward."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from test_learner import config, model, samples, weights
from toy_training import COLOUR_ID, toy_config, toy_model, toy_trainer

from skill_gym.agents.learner import Learner
from skill_gym.agents.metrics import read_metrics


def stepped(**settings):
    net = model()
    before = weights(net)
    figures = Learner(net, config=config(max_grad_norm=1e9, lr=1e-4, **settings)).update(samples())
    return weights(net) - before, figures


def test_a_mask_that_drops_every_token_moves_nothing():
    # No token of a random model is as unlikely as the sampler says.
    net = model()
    before = weights(net)
    unlikely = [replace(one, logprobs=np.full_like(one.logprobs, -30.0)) for one in samples()]
    figures = Learner(net, config=config(correction="masked")).update(unlikely)
    assert figures["correction_mean"] == 0
    assert torch.equal(weights(net), before)


def test_truncation_weighs_the_loss():
    plain, figures = stepped()
    truncated, weighed = stepped(correction="truncated", correction_limit=1.5)
    assert "correction_mean" not in figures
    assert 0 < weighed["correction_mean"] <= 1.5
    assert weighed["policy_loss"] != pytest.approx(figures["policy_loss"])
    assert not torch.equal(plain, truncated)


@pytest.mark.parametrize("packing", ["tree", "padded"])
@pytest.mark.parametrize("objective", ["sequence", "cispo"])
def test_objectives_give_the_same_step_however_samples_are_packed(objective, packing):
    reference, _ = stepped(objective=objective, packing="padded", micro_batch_tokens=10_000, ppo_epochs=2)
    moved, _ = stepped(objective=objective, packing=packing, micro_batch_tokens=50, ppo_epochs=2)
    assert torch.allclose(moved, reference, atol=2e-6)


def test_corrections_need_untempered_samples():
    with pytest.raises(ValueError, match="correction='none'"):
        Learner(model(), config=config(correction="masked"), temperature=0.7)


def test_the_kl_of_each_sample_is_that_of_its_tokens():
    net, reference = model(), model()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(1.1)
    learner = Learner(net, reference, config(kl_coef=0.1, kl_in="reward", kl_estimator="k3"))
    made = samples()
    together = learner.episode_kl(made)
    assert together == pytest.approx([learner.episode_kl([one])[0] for one in made], rel=1e-4)
    assert all(value > 0 for value in together)
    same = Learner(net, deepcopy(net), config(kl_coef=0.1, kl_in="reward"))
    assert same.episode_kl(made) == pytest.approx([0] * len(made))


def test_a_run_with_the_kl_in_its_reward_pulls_back_to_the_reference(tmp_path):
    """With a weight that drowns the reward the policy stays where it began; without it, it learns."""
    folder = toy_model(tmp_path / "model")
    kl = {}
    for name, coefficient in (("weak", 1e-6), ("strong", 100.0)):
        settings = toy_config(
            tmp_path / name, folder, f"env.id={COLOUR_ID}", "env.max_steps=1", "validation.every=0",
            "evolution.enable_dynamic_update=false", "rollout.group_size=12", "grpo.algorithm=rloo",
            "grpo.lr=3e-3", "grpo.mini_batch_size=36", f"grpo.kl_coef={coefficient}", "run.iterations=12",
            "run.checkpoint_every=100",
        )  # fmt: skip
        with toy_trainer(settings) as trainer:
            trainer.train()
        kl[name] = [row["loss/kl"] for row in read_metrics(tmp_path / name / "metrics.jsonl")][-3:]
    assert sum(map(abs, kl["strong"])) < 0.5 * sum(map(abs, kl["weak"]))
