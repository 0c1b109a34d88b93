"""Step advantages (GiGPO): which turns share a state, and what their returns are compared with."""

import statistics

import pytest
import torch

from skill_gym.agents.anchor_states import anchor_groups, discounted_returns, step_advantages


def test_returns_are_discounted_within_an_episode():
    rewards = torch.tensor([0.0, 0.0, 1.0, 0.0, 0.5])
    got = discounted_returns(rewards, torch.tensor([0, 0, 0, 1, 1]), gamma=0.9)
    assert got.tolist() == pytest.approx([0.81, 0.9, 1.0, 0.45, 0.5])


def test_equal_observations_are_one_state_within_a_group_only():
    states = anchor_groups(["kitchen", "hall", "kitchen", "kitchen"], [0, 0, 0, 1])
    assert states[0] == states[2]
    assert len(set(states.tolist())) == 3


def test_alike_observations_join_the_first_that_is_alike_enough():
    texts = ["Doc 1: the town of Aber", "Doc 1: the town of Abel", "nothing was found"]
    exact = anchor_groups(texts, [0, 0, 0])
    alike = anchor_groups(texts, [0, 0, 0], similarity=0.9)
    assert len(set(exact.tolist())) == 3
    assert alike[0] == alike[1] != alike[2]


@pytest.mark.parametrize("scale", ["std", "none"])
def test_a_turn_is_compared_with_those_in_the_same_state(scale):
    returns = torch.tensor([1.0, 0.5, 0.0, 0.9, 0.2], dtype=torch.float64)
    state = torch.tensor([4, 4, 4, 9, 7])
    got = step_advantages(returns, state, scale=scale)
    deviation = statistics.stdev([1.0, 0.5, 0.0]) + 1e-6 if scale == "std" else 1.0
    assert got[:3].tolist() == pytest.approx([0.5 / deviation, 0.0, -0.5 / deviation])
    assert got[3:].tolist() == [0.0, 0.0]


def test_equal_returns_in_a_state_give_nothing_whatever_the_rounding():
    returns = torch.full((7,), 0.1 + 0.2, dtype=torch.float64)
    assert (step_advantages(returns, torch.zeros(7, dtype=torch.int64)) == 0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: discounted_returns(torch.zeros(1), torch.zeros(1), gamma=1.5), "gamma"),
        (lambda: anchor_groups(["a"], [0], similarity=0), "similarity"),
        (lambda: step_advantages(torch.zeros(1), torch.zeros(1), scale="mad"), "scale"),
    ],
)
def test_bad_options_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
