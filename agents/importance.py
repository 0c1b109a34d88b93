"""Corrects for replies that were sampled by other weights, or by another engine, than are being trained."""

from typing import Literal

import torch
from torch import Tensor

Correction = Literal["none", "truncated", "masked"]
CorrectionUnit = Literal["token", "reply"]

_LIMIT = 20.0


def importance_weights(
    trainer: Tensor,
    sampler: Tensor,
    reply: Tensor,
    *,
    correction: Correction = "truncated",
    limit: float = 2.0,
    unit: CorrectionUnit = "token",
) -> Tensor:
    """Weight of each token, ``exp(trainer - sampler)`` under a bound; no gradient flows through it.

    The trainer's log-probabilities before the first step and the sampler's differ by number formats, kernels
    and, for episodes that were begun under earlier weights, by the weights. ``truncated`` bounds the weight
    from above (truncated importance sampling, Ionides 2008; for this mismatch Yao et al. 2025). ``masked``
    gives weight 0 to what lies outside of [1 / limit, limit] (Ling team 2025, IcePop; Liu et al. 2025).

    Args:
        trainer: Log-probabilities by the trainer, shape [token].
        sampler: Log-probabilities by the sampler, shape [token].
        reply: Reply of each token, shape [token].
        correction: ``none`` gives ones.
        limit: Greater than 1.
        unit: ``token``: each token has its own ratio; ``reply``: the product over its reply's tokens, exact
            for a reply's distribution and of far higher variance.

    Returns:
        At least 0, shape [token].

    Raises:
        ValueError: An option is unknown or out of range.
    """
    if correction not in ("none", "truncated", "masked"):
        raise ValueError(f"correction must be none, truncated or masked, got {correction!r}")
    if correction == "none":
        return torch.ones_like(sampler)
    if not limit > 1:
        raise ValueError(f"limit must be greater than 1, got {limit}; correction='none' corrects nothing")
    log_ratio = (trainer - sampler).detach()
    if unit == "reply":
        _, index = torch.unique(reply, return_inverse=True)
        total = torch.zeros(int(index.max()) + 1 if len(index) else 0, dtype=log_ratio.dtype)
        log_ratio = total.to(log_ratio.device).index_add(0, index, log_ratio)[index]
    elif unit != "token":
        raise ValueError(f"unit must be token or reply, got {unit!r}")
    ratio = log_ratio.clamp(-_LIMIT, _LIMIT).exp()
    if correction == "truncated":
        return ratio.clamp(max=limit)
    return torch.where((ratio >= 1 / limit) & (ratio <= limit), ratio, torch.zeros_like(ratio))
