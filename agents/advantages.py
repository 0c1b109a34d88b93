"""How much better an episode was than its siblings: group-relative advantages, turn by turn."""

from typing import Literal

import torch
from torch import Tensor

Scale = Literal["std", "none"]
BaselineUnit = Literal["trajectory", "row"]
Baseline = Literal["mean", "leave-one-out"]

EPSILON = 1e-6
"""Added to the standard deviation, as in the released SkillRL."""


def group_advantages(
    returns: Tensor,
    group: Tensor,
    *,
    baseline: Baseline = "mean",
    scale: Scale = "std",
    rows: Tensor | None = None,
    baseline_unit: BaselineUnit = "trajectory",
) -> Tensor:
    """Return of each trajectory relative to its group (GRPO, Shao et al. 2024, section 4.1.2).

    Args:
        returns: Episode returns, shape [trajectory].
        group: Group id of each trajectory, any integers, shape [trajectory].
        baseline: ``mean`` of the group, or ``leave-one-out``, that of the other trajectories, which does not
            depend on the trajectory's own return and so leaves the gradient unbiased (RLOO, Ahmadian et al.
            2024); with ``scale="none"`` as there.
        scale: ``std`` divides by the group's unbiased standard deviation plus ``EPSILON``; ``none`` does
            not (Dr. GRPO, Liu et al. 2025).
        rows: Turns of each trajectory, shape [trajectory]; needed for ``baseline_unit="row"`` only.
        baseline_unit: ``trajectory`` counts every trajectory once. ``row`` counts it once a turn, as the
            released SkillRL does, so that long episodes weigh more in the baseline.

    Returns:
        Advantages in float64, shape [trajectory]; exactly 0 in a group of one and where all of a group's
        returns are equal.

    Raises:
        ValueError: Shapes differ, an option is unknown, or ``rows`` is missing.
    """
    if returns.ndim != 1 or group.shape != returns.shape:
        raise ValueError(
            f"returns and group must both have shape [trajectory], got {tuple(returns.shape)} "
            f"and {tuple(group.shape)}"
        )
    if scale not in ("std", "none"):
        raise ValueError(f"scale must be 'std' or 'none', got {scale!r}")
    if baseline_unit not in ("trajectory", "row"):
        raise ValueError(f"baseline_unit must be 'trajectory' or 'row', got {baseline_unit!r}")
    if baseline not in ("mean", "leave-one-out"):
        raise ValueError(f"baseline must be 'mean' or 'leave-one-out', got {baseline!r}")
    if baseline_unit == "row" and (rows is None or rows.shape != returns.shape):
        raise ValueError("baseline_unit='row' needs rows, the number of turns of each trajectory")
    values = returns.double()
    weights = torch.ones_like(values) if rows is None or baseline_unit == "trajectory" else rows.double()
    advantages = torch.zeros_like(values)
    for members in (group == one for one in torch.unique(group)):
        own, weight = values[members], weights[members]
        # Compared, not computed: rounding must not turn equal returns into a gradient.
        if bool((own == own[0]).all()) or weight.sum() <= 1:
            continue
        centred = own - (weight * own).sum() / weight.sum()
        if scale == "std":
            deviation = ((weight * centred**2).sum() / (weight.sum() - 1)).sqrt()
            centred = centred / (deviation + EPSILON)
        if baseline == "leave-one-out":
            # R - mean of the others = (R - mean of all) W / (W - w).
            centred = centred * weight.sum() / (weight.sum() - weight)
        advantages[members] = centred
    return advantages


def turn_advantages(
    advantages: Tensor, trajectory: Tensor, valid: Tensor, *, invalid_penalty: float
) -> Tensor:
    """Advantage of each turn: its trajectory's, less a penalty where the reply was not valid.

    The penalty is in units of the advantage and also holds in groups of zero variance, so that a policy
    whose siblings all fail alike still learns to answer in the right form.

    Args:
        advantages: From ``group_advantages``, shape [trajectory].
        trajectory: Index of each turn's trajectory, shape [turn].
        valid: Whether the turn's reply was valid and admissible, bool, shape [turn].
        invalid_penalty: At least 0.

    Returns:
        Shape [turn].
    """
    if invalid_penalty < 0:
        raise ValueError(f"invalid_penalty must be at least 0, got {invalid_penalty}")
    if trajectory.shape != valid.shape:
        raise ValueError(
            f"trajectory and valid must both have shape [turn], got {tuple(trajectory.shape)} "
            f"and {tuple(valid.shape)}"
        )
    return advantages[trajectory] - invalid_penalty * (~valid).to(advantages.dtype)


def overlong_penalties(reply_tokens: Tensor, *, longest: int, buffer: int) -> Tensor:
    """Soft punishment of long replies: from 0 at ``longest - buffer`` to 1 at ``longest`` (DAPO, eq. 13).

    Args:
        reply_tokens: Length of each reply, shape [turn].
        longest: Where a reply is cut (``sampler.max_new_tokens``), at least 1.
        buffer: Tokens before it in which the punishment rises, in [0, longest]; 0 punishes nothing.

    Returns:
        In [0, 1], to be taken off, float64, shape [turn].
    """
    if not 0 <= buffer <= longest:
        raise ValueError(f"buffer must be in [0, longest={longest}], got {buffer}; 0 punishes nothing")
    if buffer == 0:
        return torch.zeros(len(reply_tokens), dtype=torch.float64)
    return ((reply_tokens.double() - (longest - buffer)) / buffer).clamp(0, 1)


def zero_variance_groups(returns: Tensor, group: Tensor) -> int:
    """Number of groups whose returns are all equal: they teach nothing but the form of a reply.

    Args:
        returns: Shape [trajectory].
        group: Shape [trajectory].
    """
    return sum(bool((returns[group == one] == returns[group == one][0]).all()) for one in torch.unique(group))
