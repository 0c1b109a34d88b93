"""The GRPO objective, token by token, on flat tensors: padding never enters, micro-batches add up exactly."""

from typing import Literal

import torch
from torch import Tensor

Aggregation = Literal["token-mean", "sequence-mean", "trajectory-mean", "constant"]
Objective = Literal["clip", "sequence", "cispo"]

RATIO_LIMIT = 20.0
"""Largest log-ratio that the surrogate sees: exp() stays finite, so that A = 0 gives 0 and not NaN."""


def policy_loss(
    logprobs: Tensor,
    old_logprobs: Tensor,
    advantages: Tensor,
    *,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    dual_clip: float | None = 3.0,
) -> Tensor:
    """Clipped surrogate loss of each token.

    ``max(-A r, -A clip(r, 1 - clip_low, 1 + clip_high))`` with ``r = exp(logprobs - old_logprobs)`` (PPO,
    Schulman et al. 2017, eq. 7; unequal clips: DAPO, Yu et al. 2025); for A < 0 at most ``-A dual_clip``
    (Ye et al. 2020, eq. 5).

    Args:
        logprobs: Under the weights being trained, shape [token].
        old_logprobs: Under the weights that sampled, shape [token]; no gradient flows here.
        advantages: Shape [token].
        clip_low: In [0, 1].
        clip_high: At least 0.
        dual_clip: Greater than 1, or None for none.

    Returns:
        Loss of each token, to be minimised, shape [token].
    """
    ratio = (logprobs - old_logprobs.detach()).clamp(-RATIO_LIMIT, RATIO_LIMIT).exp()
    loss = torch.maximum(-advantages * ratio, -advantages * ratio.clamp(1 - clip_low, 1 + clip_high))
    if dual_clip is None:
        return loss
    return torch.where(advantages < 0, torch.minimum(loss, -advantages * dual_clip), loss)


def sequence_loss(
    logprobs: Tensor,
    old_logprobs: Tensor,
    advantages: Tensor,
    sequence: Tensor,
    *,
    clip_low: float = 3e-4,
    clip_high: float = 4e-4,
) -> Tensor:
    """Clipped surrogate with one ratio for a whole sequence (GSPO, Zheng et al. 2025, eq. 5 and 7).

    ``max(-A s, -A clip(s, 1 - clip_low, 1 + clip_high))`` with ``s = exp(mean of logprobs - old_logprobs)``
    over the sequence's tokens; each token carries its sequence's loss, so that the weights of
    ``sequence-mean`` give the paper's objective. The clips are narrow since the mean moves little.

    Args:
        logprobs: Under the weights being trained, shape [token].
        old_logprobs: Under the weights that sampled, shape [token]; no gradient flows here.
        advantages: Shape [token], the same through a sequence.
        sequence: Sequence of each token, shape [token]; all tokens of a sequence have to be there.
        clip_low: In [0, 1].
        clip_high: At least 0.

    Returns:
        Loss of each token, to be minimised, shape [token].
    """
    ratio = sequence_log_ratio(logprobs - old_logprobs.detach(), sequence).exp()
    return torch.maximum(-advantages * ratio, -advantages * ratio.clamp(1 - clip_low, 1 + clip_high))


def sequence_log_ratio(log_ratio: Tensor, sequence: Tensor) -> Tensor:
    """Each token's mean log-ratio over its sequence, bounded by ``RATIO_LIMIT``; both of shape [token]."""
    _, index, count = torch.unique(sequence, return_inverse=True, return_counts=True)
    total = torch.zeros(count.numel(), dtype=log_ratio.dtype, device=log_ratio.device)
    mean = total.index_add(0, index, log_ratio) / count
    ratio: Tensor = mean.clamp(-RATIO_LIMIT, RATIO_LIMIT)[index]
    return ratio


def cispo_loss(
    logprobs: Tensor,
    old_logprobs: Tensor,
    advantages: Tensor,
    *,
    clip_low: float = 1.0,
    clip_high: float = 4.0,
) -> Tensor:
    """REINFORCE weighed by a clipped ratio that no gradient flows through (CISPO, MiniMax 2025, eq. 4 and 5).

    ``-A clip(r, 1 - clip_low, 1 + clip_high) logprobs``: the clip bounds a token's weight, and no token loses
    its gradient. ``clip_low=1`` is no lower bound, as in the paper.

    Args:
        logprobs: Under the weights being trained, shape [token].
        old_logprobs: Under the weights that sampled, shape [token]; no gradient flows here.
        advantages: Shape [token].
        clip_low: In [0, 1].
        clip_high: At least 0.

    Returns:
        Loss of each token, to be minimised, shape [token].
    """
    ratio = (logprobs.detach() - old_logprobs).clamp(-RATIO_LIMIT, RATIO_LIMIT).exp()
    return -advantages * ratio.clamp(1 - clip_low, 1 + clip_high) * logprobs


def clipped(
    logprobs: Tensor,
    old_logprobs: Tensor,
    advantages: Tensor,
    *,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
) -> Tensor:
    """Which tokens the clip holds back (their ratio has moved too far the way the advantage pushes).

    Returns:
        Bool, shape [token].
    """
    ratio = (logprobs - old_logprobs).exp()
    return ((advantages > 0) & (ratio > 1 + clip_high)) | ((advantages < 0) & (ratio < 1 - clip_low))


def token_weights(
    turn: Tensor,
    trajectory: Tensor,
    *,
    aggregation: Aggregation = "token-mean",
    loss_tokens: int = 512,
) -> Tensor:
    """Weight of each token in the loss of one mini-batch.

    Taken over the whole mini-batch, then cut along with it: the weighted sums of any micro-batches add up
    to the mini-batch's loss and gradient.

    Args:
        turn: Index of each token's reply, shape [token].
        trajectory: Index of each token's episode, shape [token].
        aggregation: ``token-mean`` weighs all tokens alike, ``sequence-mean`` all replies, whatever
            sequences they were packed into, ``trajectory-mean`` all episodes. ``constant`` divides the sum
            over an episode's tokens by ``loss_tokens``, whatever its length, and takes the mean over
            episodes: no length is favoured (Dr. GRPO, Liu et al. 2025).
        loss_tokens: Divisor of ``constant``, at least 1.

    Returns:
        Weights in float32, shape [token]; their sum is 1 but for ``constant``.

    Raises:
        ValueError: There is no such aggregation.
    """
    if aggregation == "token-mean":
        return torch.full(turn.shape, 1.0 / max(1, turn.numel()), device=turn.device)
    if aggregation == "constant":
        episodes = max(1, torch.unique(trajectory).numel())
        return torch.full(turn.shape, 1.0 / (episodes * loss_tokens), device=turn.device)
    if aggregation not in ("sequence-mean", "trajectory-mean"):
        raise ValueError(
            f"aggregation must be token-mean, sequence-mean, trajectory-mean or constant, got {aggregation!r}"
        )
    unit = turn if aggregation == "sequence-mean" else trajectory
    _, index, count = torch.unique(unit, return_inverse=True, return_counts=True)
    weights: Tensor = 1.0 / (count[index].float() * max(1, count.numel()))
    return weights


def logprobs_and_entropy(
    logits: Tensor, token_ids: Tensor, *, temperature: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Log-probability of each sampled token, and the entropy of the distribution that it was drawn from.

    Args:
        logits: Shape [token, vocabulary].
        token_ids: Shape [token].
        temperature: That of the sampling, greater than 0.

    Returns:
        Two tensors in float32 and nats, shape [token].
    """
    distribution = torch.log_softmax(logits.float() / temperature, dim=-1)
    chosen = distribution.gather(-1, token_ids[:, None]).squeeze(-1)
    return chosen, -(distribution.exp() * distribution).sum(-1)
