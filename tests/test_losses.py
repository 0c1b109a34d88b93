"""The terms of the objective against slow loops and finite differences."""

import math

import pytest
import torch

from skill_gym.agents.kl import kl_to_reference
from skill_gym.agents.losses import (
    clipped,
    logprobs_and_entropy,
    policy_loss,
    token_weights,
)


@pytest.fixture
def tokens():
    generator = torch.Generator().manual_seed(0)
    draw = lambda: torch.randn(200, generator=generator, dtype=torch.float64)  # noqa: E731
    return draw() - 3, draw() - 3, draw()


def slow_policy_loss(logprob, old, advantage, low, high, dual):
    ratio = math.exp(logprob - old)
    loss = max(-advantage * ratio, -advantage * min(max(ratio, 1 - low), 1 + high))
    return min(loss, -advantage * dual) if advantage < 0 and dual is not None else loss


@pytest.mark.parametrize("dual", [3.0, None])
def test_policy_loss_follows_the_formula(tokens, dual):
    logprobs, old, advantages = tokens
    got = policy_loss(logprobs, old, advantages, clip_low=0.2, clip_high=0.28, dual_clip=dual)
    wanted = [
        slow_policy_loss(*one, 0.2, 0.28, dual)
        for one in zip(logprobs.tolist(), old.tolist(), advantages.tolist(), strict=True)
    ]
    assert got.tolist() == pytest.approx(wanted)


def test_gradients_agree_with_finite_differences(tokens):
    logprobs, old, advantages = (one[:40] for one in tokens)
    logprobs = logprobs.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: policy_loss(x, old, advantages), (logprobs,))
    assert torch.autograd.gradcheck(lambda x: kl_to_reference(x, old), (logprobs,))


def test_without_a_step_the_gradient_is_the_advantage():
    logprobs = torch.tensor([-1.0, -2.0], requires_grad=True)
    policy_loss(logprobs, logprobs.detach(), torch.tensor([0.7, -0.4])).sum().backward()
    assert logprobs.grad.tolist() == pytest.approx([-0.7, 0.4])


def test_clipped_tokens_are_those_without_gradient(tokens):
    logprobs, old, advantages = tokens
    logprobs = logprobs.clone().requires_grad_()
    policy_loss(logprobs, old, advantages, dual_clip=None).sum().backward()
    assert ((logprobs.grad == 0) == clipped(logprobs, old, advantages)).all()
    assert clipped(logprobs, old, advantages).any()


def test_advantage_zero_is_loss_zero_however_far_the_ratio():
    far = torch.tensor([500.0, -500.0], requires_grad=True)
    loss = policy_loss(far, torch.zeros(2), torch.zeros(2))
    loss.sum().backward()
    assert loss.tolist() == [0, 0]
    assert far.grad.tolist() == [0, 0]


def test_kl_is_never_negative_and_zero_only_for_equals(tokens):
    logprobs, reference, _ = tokens
    kl = kl_to_reference(logprobs, reference)
    wanted = [
        math.exp(r - p) - (r - p) - 1 for p, r in zip(logprobs.tolist(), reference.tolist(), strict=True)
    ]
    assert kl.tolist() == pytest.approx(wanted)
    assert (kl > 0).all()
    assert (kl_to_reference(logprobs, logprobs) == 0).all()


def test_kl_stays_finite_for_impossible_tokens():
    logprobs = torch.tensor([-1e4, 0.0], requires_grad=True)
    kl = kl_to_reference(logprobs, torch.tensor([0.0, -1e4]))
    kl.sum().backward()
    assert torch.isfinite(kl).all()
    assert torch.isfinite(logprobs.grad).all()


@pytest.mark.parametrize(
    ("aggregation", "wanted"),
    [
        ("token-mean", [1 / 6] * 6),
        ("sequence-mean", [1 / 3 / 1, 1 / 3 / 2, 1 / 3 / 2, 1 / 3 / 3, 1 / 3 / 3, 1 / 3 / 3]),
        ("trajectory-mean", [1 / 2 / 3] * 3 + [1 / 2 / 3] * 3),
    ],
)
def test_weights_sum_to_one_over_the_mini_batch(aggregation, wanted):
    turn, trajectory = torch.tensor([4, 5, 5, 9, 9, 9]), torch.tensor([0, 0, 0, 3, 3, 3])
    assert token_weights(turn, trajectory, aggregation=aggregation).tolist() == pytest.approx(wanted)


def test_unknown_aggregation_is_refused():
    with pytest.raises(ValueError, match="token-mean"):
        token_weights(torch.zeros(1), torch.zeros(1), aggregation="mean")


@pytest.mark.parametrize("temperature", [1.0, 0.4])
def test_logprobs_and_entropy_follow_the_formula(temperature):
    logits = torch.tensor([[1.0, 2.0, 0.5], [0.0, 0.0, 0.0]])
    logprobs, entropy = logprobs_and_entropy(logits, torch.tensor([1, 2]), temperature=temperature)
    for row, (logit, token) in enumerate(zip(logits.tolist(), (1, 2), strict=True)):
        odds = [math.exp(one / temperature) for one in logit]
        shares = [one / sum(odds) for one in odds]
        assert logprobs[row].item() == pytest.approx(math.log(shares[token]), rel=1e-5)
        assert entropy[row].item() == pytest.approx(-sum(p * math.log(p) for p in shares), rel=1e-5)
