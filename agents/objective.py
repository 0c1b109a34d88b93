"""The loss of each token under a configuration: which surrogate, and which tokens it holds back."""

from torch import Tensor

from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.losses import cispo_loss, clipped, policy_loss, sequence_log_ratio, sequence_loss


def surrogate(
    config: GRPOConfig, logprobs: Tensor, old_logprobs: Tensor, advantages: Tensor, reply: Tensor
) -> Tensor:
    """The surrogate loss of each token, without KL, entropy and weights.

    Args:
        config: ``objective``, ``clip_low``, ``clip_high`` and ``dual_clip`` count.
        logprobs: Under the weights being trained, shape [token].
        old_logprobs: Under the weights before the first step, shape [token].
        advantages: Shape [token].
        reply: Reply of each token, shape [token]; all tokens of a reply have to be there.

    Returns:
        To be minimised, shape [token].
    """
    low, high = config.clip_low, config.clip_high
    if config.objective == "sequence":
        return sequence_loss(logprobs, old_logprobs, advantages, reply, clip_low=low, clip_high=high)
    if config.objective == "cispo":
        return cispo_loss(logprobs, old_logprobs, advantages, clip_low=low, clip_high=high)
    return policy_loss(
        logprobs, old_logprobs, advantages, clip_low=low, clip_high=high, dual_clip=config.dual_clip
    )


def held_back(
    config: GRPOConfig, logprobs: Tensor, old_logprobs: Tensor, advantages: Tensor, reply: Tensor
) -> Tensor:
    """Which tokens' weight or gradient the clip bounds; arguments as in ``surrogate``.

    Returns:
        Bool, shape [token].
    """
    low, high = config.clip_low, config.clip_high
    if config.objective == "sequence":
        mean = sequence_log_ratio(logprobs - old_logprobs, reply)
        return clipped(mean, mean * 0, advantages, clip_low=low, clip_high=high)
    if config.objective == "cispo":
        ratio = (logprobs - old_logprobs).exp()
        return (ratio < 1 - low) | (ratio > 1 + high)
    return clipped(logprobs, old_logprobs, advantages, clip_low=low, clip_high=high)
