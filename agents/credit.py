"""From played groups to training samples: each turn gets its share of what the episode was worth."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from skill_gym.agents.advantages import (
    group_advantages,
    overlong_penalties,
    turn_advantages,
    zero_variance_groups,
)
from skill_gym.agents.anchor_states import anchor_groups, discounted_returns, step_advantages
from skill_gym.agents.grammar import Grammars
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.packing import Sample, make_samples
from skill_gym.agents.rollout import Played

logger = logging.getLogger(__name__)


def trainable(played: Sequence[Played]) -> list[Played]:
    """The episodes that can be learnt from: not broken, and with tokens."""
    return [
        one
        for one in played
        if one.trajectory.ended != "broken" and any(completion.token_ids for completion in one.completions)
    ]


def credit_samples(
    played: Sequence[Played],
    config: GRPOConfig,
    *,
    max_new_tokens: int = 512,
    kl: Mapping[str, float] | None = None,
    grammars: Grammars | None = None,
) -> tuple[list[Sample], dict[str, Any]]:
    """Training samples with advantages; broken episodes and those without tokens are left out and counted.

    Args:
        played: Episodes of whole groups.
        config: How advantages are taken.
        max_new_tokens: Where a reply is cut, for ``overlong_buffer``.
        kl: Ticket -> KL to the reference, summed over the episode's reply tokens, for ``kl_in="reward"``.
        grammars: Of the policy, for replies that were held to a pattern.

    Returns:
        The samples, and ``group/count``, ``group/zero_variance``, ``group/all_broken``,
        ``episode/without_tokens``, and with ``step_weight`` ``group/states`` and ``group/shared_states``.

    Raises:
        ValueError: ``kl_in`` is ``reward`` and there is no KL of an episode.
    """
    whole = [one for one in played if one.trajectory.ended != "broken"]
    lost = {one.episode.group for one in played} - {one.episode.group for one in whole}
    if lost:
        logger.warning("%d groups were left out: all their episodes are broken", len(lost))
    kept = trainable(played)
    counts: dict[str, Any] = {
        "group/all_broken": len(lost),
        "episode/without_tokens": len(whole) - len(kept),
        "group/count": 0,
        "group/zero_variance": 0,
    }
    if not kept:
        return [], counts
    returns = torch.tensor([worth(one, config) for one in kept], dtype=torch.float64)
    group = torch.tensor([one.episode.group for one in kept])
    rows = torch.tensor([len(one.trajectory.turns) for one in kept])
    counts["group/count"] = int(torch.unique(group).numel())
    counts["group/zero_variance"] = zero_variance_groups(returns, group)
    advantages = group_advantages(
        _less_kl(returns, kept, config, kl),
        group,
        baseline=config.baseline,
        scale=config.scale,
        rows=rows,
        baseline_unit=config.baseline_unit,
    )
    trajectory = torch.repeat_interleave(torch.arange(len(kept)), rows)
    by_turn = turn_advantages(
        advantages,
        trajectory,
        torch.tensor([turn.valid for one in kept for turn in one.trajectory.turns]),
        invalid_penalty=config.invalid_penalty,
    )
    if config.step_weight:
        by_step, figures = _by_step(kept, trajectory, config)
        by_turn = by_turn + config.step_weight * by_step
        counts |= figures
    if config.overlong_buffer:
        lengths = [len(completion.token_ids) for one in kept for completion in one.completions]
        by_turn = by_turn - config.overlong_penalty * overlong_penalties(
            torch.tensor(lengths), longest=max_new_tokens, buffer=config.overlong_buffer
        )
    by_episode = [part.tolist() for part in torch.split(by_turn, rows.tolist())]
    return make_samples(kept, by_episode, grammars), counts


def worth(played: Played, config: GRPOConfig) -> float:
    """What an episode is worth, as ``config.returns`` has it."""
    trajectory = played.trajectory
    return float(trajectory.solved) if config.returns == "success" else trajectory.total_reward


def _less_kl(
    returns: Tensor, kept: Sequence[Played], config: GRPOConfig, kl: Mapping[str, float] | None
) -> Tensor:
    """The returns that are compared: with ``kl_in="reward"`` less the KL."""
    if config.kl_in != "reward" or not config.kl_coef:
        return returns
    missing = [one.episode.ticket for one in kept if kl is None or one.episode.ticket not in kl]
    if kl is None or missing:
        raise ValueError(
            f"kl_in='reward' needs the KL of each episode, there is none of {missing[0]}; pass "
            "kl=learner.episode_kl(...)"
        )
    return returns - config.kl_coef * torch.tensor([kl[one.episode.ticket] for one in kept]).double()


def _by_step(kept: Sequence[Played], trajectory: Tensor, config: GRPOConfig) -> tuple[Tensor, dict[str, Any]]:
    """Advantages of single steps, and how many states were shared."""
    turns = [(one, turn) for one in kept for turn in one.trajectory.turns]
    if config.returns == "success":
        rewards = [float(one.trajectory.solved and turn is one.trajectory.turns[-1]) for one, turn in turns]
    else:
        rewards = [turn.reward for _, turn in turns]
    returns = discounted_returns(torch.tensor(rewards), trajectory, gamma=config.gamma)
    state = anchor_groups(
        [turn.observation for _, turn in turns],
        [one.episode.group for one, _ in turns],
        similarity=config.state_similarity,
    )
    _, seen = torch.unique(state, return_counts=True)
    figures = {"group/states": len(seen), "group/shared_states": int((seen > 1).sum())}
    return step_advantages(returns, state, scale=config.scale), figures
