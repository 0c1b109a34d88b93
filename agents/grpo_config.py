"""What can be set about learning: the objective, its optimiser, and how samples go through the model."""

from dataclasses import dataclass
from typing import Literal

from skill_gym.agents.advantages import BaselineUnit, Scale
from skill_gym.agents.losses import Aggregation


@dataclass(frozen=True, slots=True, kw_only=True)
class GRPOConfig:
    """Group relative policy optimisation; the defaults are those of SkillRL's ALFWorld script.

    Attributes:
        lr: Learning rate after the warm-up, constant.
        warmup_steps: Optimiser steps over which the rate rises linearly to ``lr``.
        weight_decay: Of AdamW.
        max_grad_norm: Gradients are scaled down to this norm.
        clip_low: Lower clip of the ratio, below 1.
        clip_high: Upper clip of the ratio.
        dual_clip: Bound on the loss where the advantage is negative; None for none.
        kl_coef: Weight of the KL to the reference; 0 needs no reference model.
        entropy_coef: Weight of the entropy bonus.
        invalid_penalty: Taken off the advantage of a turn whose reply was not valid.
        returns: What an episode is worth: its ``score`` (the sum of its rewards), or only its ``success``, 1
            or 0, as SkillRL has it for WebShop, where a purchase may be partly right.
        scale: Whether a group's returns are divided by their standard deviation.
        baseline_unit: What counts once in a group's mean: a trajectory, or (as released) a turn.
        aggregation: What weighs the same in the loss: tokens, replies or trajectories.
        ppo_epochs: Times that the samples of an iteration are gone through.
        mini_batch_size: Sequences for one optimiser step (episodes in the transcript layout, turns in
            the step layout).
        micro_batch_tokens: Tokens that go through the model at once; bounds memory, changes no result.
        old_logprobs: ``recompute`` with the weights before the first step, or the ``sampler``'s own.
        bf16: Autocast to bfloat16; for GPUs.
        gradient_checkpointing: Less memory for about a third more time.
    """

    lr: float = 1e-6
    warmup_steps: int = 0
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    clip_low: float = 0.2
    clip_high: float = 0.2
    dual_clip: float | None = 3.0
    kl_coef: float = 0.01
    entropy_coef: float = 0.001
    invalid_penalty: float = 0.1
    returns: Literal["score", "success"] = "score"
    scale: Scale = "std"
    baseline_unit: BaselineUnit = "trajectory"
    aggregation: Aggregation = "token-mean"
    ppo_epochs: int = 1
    mini_batch_size: int = 128
    micro_batch_tokens: int = 8192
    old_logprobs: Literal["recompute", "sampler"] = "recompute"
    bf16: bool = False
    gradient_checkpointing: bool = False

    def __post_init__(self) -> None:
        for name in (
            "warmup_steps",
            "weight_decay",
            "kl_coef",
            "entropy_coef",
            "invalid_penalty",
            "clip_high",
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        for name in ("ppo_epochs", "mini_batch_size", "micro_batch_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("lr", "max_grad_norm"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be greater than 0, got {getattr(self, name)}")
        if not 0 <= self.clip_low <= 1:
            raise ValueError(f"clip_low must be in [0, 1], got {self.clip_low}")
        if self.dual_clip is not None and self.dual_clip <= 1:
            raise ValueError(f"dual_clip must be greater than 1, got {self.dual_clip}; null for none")
