"""Advantages against slow loops, and the cases where nothing is to be learnt."""

import statistics

import pytest
import torch

from skill_gym.agents.advantages import group_advantages, turn_advantages, zero_variance_groups


def reference(returns, group, rows, *, scale, unit):
    """The formula as written, one trajectory at a time."""
    result = []
    for mine, own in zip(returns, group, strict=True):
        values = []
        for value, other, count in zip(returns, group, rows, strict=True):
            if other == own:
                values += [value] * (count if unit == "row" else 1)
        deviation = statistics.stdev(values) + 1e-6 if scale == "std" else 1.0
        result.append((mine - statistics.mean(values)) / deviation)
    return result


@pytest.mark.parametrize("scale", ["std", "none"])
@pytest.mark.parametrize("unit", ["trajectory", "row"])
def test_advantages_follow_the_formula(scale, unit):
    returns = [1.0, 0.0, 0.0, 0.3, 0.9, 0.0]
    group = [7, 7, 7, 2, 2, 2]
    rows = [3, 50, 20, 1, 4, 8]
    got = group_advantages(
        torch.tensor(returns, dtype=torch.float64),
        torch.tensor(group),
        scale=scale,
        rows=torch.tensor(rows),
        baseline_unit=unit,
    )
    assert got.tolist() == pytest.approx(reference(returns, group, rows, scale=scale, unit=unit), rel=1e-6)


def test_equal_returns_give_no_advantage_whatever_the_rounding():
    returns = torch.tensor([0.1 + 0.2] * 7 + [1.0] * 5, dtype=torch.float64)
    group = torch.tensor([0] * 7 + [1] * 5)
    assert (group_advantages(returns, group) == 0).all()
    assert zero_variance_groups(returns, group) == 2


def test_a_group_of_one_has_no_advantage():
    got = group_advantages(torch.tensor([1.0, 0.0, 1.0]), torch.tensor([0, 1, 1]))
    assert got[0] == 0
    assert got[1] < 0 < got[2]


def test_long_failures_lower_the_row_baseline_only():
    returns, group, rows = torch.tensor([1.0, 0.0]), torch.tensor([0, 0]), torch.tensor([1, 99])
    by_row = group_advantages(returns, group, scale="none", rows=rows, baseline_unit="row")
    by_trajectory = group_advantages(returns, group, scale="none", rows=rows)
    assert by_row.tolist() == pytest.approx([0.99, -0.01])
    assert by_trajectory.tolist() == pytest.approx([0.5, -0.5])


def test_invalid_turns_are_penalised_even_where_all_returns_are_equal():
    advantages = group_advantages(torch.tensor([0.0, 0.0]), torch.tensor([0, 0]))
    got = turn_advantages(
        advantages,
        torch.tensor([0, 0, 1]),
        torch.tensor([True, False, True]),
        invalid_penalty=0.1,
    )
    assert got.tolist() == pytest.approx([0.0, -0.1, 0.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": "var"}, "scale"),
        ({"baseline_unit": "token"}, "baseline_unit"),
        ({"baseline_unit": "row"}, "rows"),
    ],
)
def test_wrong_options_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        group_advantages(torch.tensor([1.0]), torch.tensor([0]), **arguments)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="shape"):
        group_advantages(torch.zeros(3), torch.zeros(2))
    with pytest.raises(ValueError, match="invalid_penalty"):
        turn_advantages(torch.zeros(1), torch.tensor([0]), torch.tensor([True]), invalid_penalty=-1)
