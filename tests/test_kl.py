"""Estimates of the KL to the reference, and what their gradients are worth as a loss."""

import pytest
import torch

from skill_gym.agents.kl import kl_to_reference

ESTIMATORS = ("k1", "k2", "k3")


@pytest.fixture
def logits():
    generator = torch.Generator().manual_seed(1)
    policy = torch.randn(6, generator=generator, dtype=torch.float64) * 0.5
    return policy, policy + 0.3 * torch.randn(6, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("estimator", ["k1", "k3"])
def test_the_unbiased_ones_have_the_kl_as_their_mean(logits, estimator):
    policy, reference = (one.log_softmax(-1) for one in logits)
    kl = float((policy.exp() * (policy - reference)).sum())
    mean = float((policy.exp() * kl_to_reference(policy, reference, estimator=estimator)).sum())
    assert mean == pytest.approx(kl, rel=1e-9)


def _expected_gradient(logits, reference, estimator):
    """Mean over drawn tokens of the estimate's gradient, the draw's own dependence left out."""
    logits = logits.clone().requires_grad_()
    logprobs = logits.log_softmax(-1)
    loss = (logprobs.detach().exp() * kl_to_reference(logprobs, reference, estimator=estimator)).sum()
    return torch.autograd.grad(loss, logits)[0]


def test_as_a_loss_k1_moves_nothing_and_k2_is_right(logits):
    policy, other = logits
    reference = other.log_softmax(-1)
    moving = policy.clone().requires_grad_()
    logprobs = moving.log_softmax(-1)
    (truth,) = torch.autograd.grad((logprobs.exp() * (logprobs - reference)).sum(), moving)
    assert _expected_gradient(policy, reference, "k1").abs().max() < 1e-12
    assert torch.allclose(_expected_gradient(policy, reference, "k2"), truth)
    assert not torch.allclose(_expected_gradient(policy, reference, "k3"), truth, rtol=1e-2)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_an_extreme_ratio_stays_finite(estimator):
    value = kl_to_reference(torch.tensor([-200.0]), torch.tensor([-0.1]), estimator=estimator)
    assert torch.isfinite(value).all()


def test_unknown_estimators_are_refused():
    with pytest.raises(ValueError, match="k1, k2 or k3"):
        kl_to_reference(torch.zeros(1), torch.zeros(1), estimator="k4")
