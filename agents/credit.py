"""From played groups to training samples: each turn gets its share of what the episode was worth."""

import logging
from collections.abc import Sequence
from typing import Any

import torch

from skill_gym.agents.advantages import group_advantages, turn_advantages, zero_variance_groups
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.packing import Sample, make_samples
from skill_gym.agents.rollout import Played

logger = logging.getLogger(__name__)


def credit_samples(played: Sequence[Played], config: GRPOConfig) -> tuple[list[Sample], dict[str, Any]]:
    """Training samples with advantages; broken episodes and those without tokens are left out and counted.

    Args:
        played: Episodes of whole groups.
        config: How advantages are taken.

    Returns:
        The samples, and ``group/count``, ``group/zero_variance``, ``group/all_broken`` and
        ``episode/without_tokens``.
    """
    whole = [one for one in played if one.trajectory.ended != "broken"]
    lost = {one.episode.group for one in played} - {one.episode.group for one in whole}
    if lost:
        logger.warning("%d groups were left out: all their episodes are broken", len(lost))
    without = [one for one in whole if not any(completion.token_ids for completion in one.completions)]
    kept = [one for one in whole if any(completion.token_ids for completion in one.completions)]
    counts = {"group/all_broken": len(lost), "episode/without_tokens": len(without)}
    if not kept:
        return [], {**counts, "group/count": 0, "group/zero_variance": 0}
    worth = [
        float(one.trajectory.solved) if config.returns == "success" else one.trajectory.total_reward
        for one in kept
    ]
    returns = torch.tensor(worth, dtype=torch.float64)
    group = torch.tensor([one.episode.group for one in kept])
    rows = torch.tensor([len(one.trajectory.turns) for one in kept])
    advantages = group_advantages(
        returns, group, scale=config.scale, rows=rows, baseline_unit=config.baseline_unit
    )
    by_turn = turn_advantages(
        advantages,
        torch.repeat_interleave(torch.arange(len(kept)), rows),
        torch.tensor([turn.valid for one in kept for turn in one.trajectory.turns]),
        invalid_penalty=config.invalid_penalty,
    )
    samples = make_samples(kept, [part.tolist() for part in torch.split(by_turn, rows.tolist())])
    counts["group/count"] = int(torch.unique(group).numel())
    counts["group/zero_variance"] = zero_variance_groups(returns, group)
    return samples, counts
