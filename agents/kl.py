"""How far the policy has gone from its reference: estimates of the KL divergence from sampled tokens."""

from typing import Literal

import torch
from torch import Tensor

KLEstimator = Literal["k1", "k2", "k3"]

KL_LIMIT = 10.0
"""Largest log-ratio that an estimate sees; beyond it exp() would drown everything else."""


def kl_to_reference(
    logprobs: Tensor,
    reference_logprobs: Tensor,
    *,
    estimator: KLEstimator = "k3",
    limit: float = KL_LIMIT,
) -> Tensor:
    """Estimate of KL(policy || reference) for each token that the policy sampled (Schulman 2020).

    With ``x = reference_logprobs - logprobs``, clamped to [-limit, limit] first: k1 is ``-x``, unbiased and
    noisy; k2 is ``x² / 2``; k3 is ``exp(x) - x - 1`` (GRPO, eq. 4), unbiased and never negative.

    As a loss they differ in another way, since the gradient of an estimate is no estimate of the gradient:
    on-policy the expected gradient of k1 is zero, that of k2 is the KL's own, and that of k3 is that of the
    KL the other way round. In the reward k1 is the usual choice.

    Args:
        logprobs: Shape [token].
        reference_logprobs: Shape [token]; no gradient flows here.
        estimator: ``k1``, ``k2`` or ``k3``.
        limit: Greater than 0.

    Returns:
        In nats, at least 0 but for k1, shape [token].

    Raises:
        ValueError: There is no such estimator.
    """
    log_ratio = (reference_logprobs.detach() - logprobs).clamp(-limit, limit)
    if estimator == "k1":
        return -log_ratio
    if estimator == "k2":
        return log_ratio.square() / 2
    if estimator == "k3":
        return torch.expm1(log_ratio) - log_ratio
    raise ValueError(f"estimator must be k1, k2 or k3, got {estimator!r}")
