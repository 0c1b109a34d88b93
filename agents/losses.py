"""The GRPO objective, token by token, on flat tensors: padding never enters, micro-batches add up exactly."""

from typing import Literal

import torch
from torch import Tensor

Aggregation = Literal["token-mean", "sequence-mean", "trajectory-mean"]

RATIO_LIMIT = 20.0
"""Largest log-ratio that the surrogate sees: exp() stays finite, so that A = 0 gives 0 and not NaN."""

KL_LIMIT = 10.0
"""Largest log-ratio that the KL estimate sees; beyond it exp() would drown everything else."""


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


def kl_to_reference(logprobs: Tensor, reference_logprobs: Tensor, *, limit: float = KL_LIMIT) -> Tensor:
    """Low-variance estimate k3 of KL(policy || reference) for each token (Schulman 2020; GRPO, eq. 4).

    ``exp(x) - x - 1`` with ``x = reference_logprobs - logprobs``, clamped to [-limit, limit] before exp.

    Args:
        logprobs: Shape [token].
        reference_logprobs: Shape [token]; no gradient flows here.
        limit: Greater than 0.

    Returns:
        At least 0, shape [token].
    """
    log_ratio = (reference_logprobs.detach() - logprobs).clamp(-limit, limit)
    return log_ratio.exp() - log_ratio - 1


def token_weights(turn: Tensor, trajectory: Tensor, *, aggregation: Aggregation = "token-mean") -> Tensor:
    """Weight of each token in the loss of one mini-batch.

    Taken over the whole mini-batch, then cut along with it: the weighted sums of any micro-batches add up
    to the mini-batch's loss and gradient.

    Args:
        turn: Index of each token's reply, shape [token].
        trajectory: Index of each token's episode, shape [token].
        aggregation: ``token-mean`` weighs all tokens alike, ``sequence-mean`` all replies, whatever
            sequences they were packed into, ``trajectory-mean`` all episodes.

    Returns:
        Weights in float32 that sum to 1, shape [token].
    """
    if aggregation == "token-mean":
        return torch.full(turn.shape, 1.0 / max(1, turn.numel()), device=turn.device)
    if aggregation not in ("sequence-mean", "trajectory-mean"):
        raise ValueError(
            f"aggregation must be token-mean, sequence-mean or trajectory-mean, got {aggregation!r}"
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
