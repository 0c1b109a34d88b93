"""Corrections for replies that other weights or another engine sampled."""

import math

import pytest
import torch

from skill_gym.agents.importance import importance_weights

TRAINER = torch.tensor([-1.0, -2.0, -0.5, -3.0])
SAMPLER = torch.tensor([-2.0, -2.0, -0.4, -1.0])
REPLY = torch.tensor([0, 0, 1, 1])


def test_without_a_correction_all_weigh_one():
    assert importance_weights(TRAINER, SAMPLER, REPLY, correction="none").tolist() == [1.0] * 4


def test_truncation_bounds_from_above_only():
    got = importance_weights(TRAINER, SAMPLER, REPLY, correction="truncated", limit=2)
    assert got.tolist() == pytest.approx([2.0, 1.0, math.exp(-0.1), math.exp(-2)])


def test_masking_drops_both_ends():
    got = importance_weights(TRAINER, SAMPLER, REPLY, correction="masked", limit=2)
    assert got.tolist() == pytest.approx([0.0, 1.0, math.exp(-0.1), 0.0])


def test_a_reply_has_the_product_of_its_tokens():
    got = importance_weights(TRAINER, SAMPLER, REPLY, correction="truncated", limit=5, unit="reply")
    assert got.tolist() == pytest.approx([math.e, math.e, math.exp(-2.1), math.exp(-2.1)])


def test_no_gradient_flows_through_a_weight():
    trainer = TRAINER.clone().requires_grad_()
    assert not importance_weights(trainer, SAMPLER, REPLY).requires_grad


def test_truncated_weights_take_the_mismatch_out_of_an_expectation():
    """Tokens drawn by one distribution, weighed by the ratio, have the other's mean."""
    generator = torch.Generator().manual_seed(0)
    sampler = torch.tensor([0.5, 0.3, 0.2])
    trainer = torch.tensor([0.4, 0.3, 0.3])
    drawn = torch.multinomial(sampler, 200_000, replacement=True, generator=generator)
    weights = importance_weights(trainer.log()[drawn], sampler.log()[drawn], drawn, limit=2)
    assert float((weights * drawn).mean()) == pytest.approx(0.3 + 0.6, abs=0.01)
    assert abs(float(drawn.float().mean()) - 0.9) > 0.15


@pytest.mark.parametrize(
    ("options", "message"),
    [({"correction": "clipped"}, "correction"), ({"limit": 1}, "limit"), ({"unit": "episode"}, "unit")],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        importance_weights(TRAINER, SAMPLER, REPLY, **options)
