"""What can be set about learning: the objective, its optimiser, and how samples go through the model."""

from dataclasses import dataclass
from typing import Literal

from skill_gym.agents.advantages import Baseline, BaselineUnit, Scale
from skill_gym.agents.importance import Correction, CorrectionUnit
from skill_gym.agents.kl import KLEstimator
from skill_gym.agents.losses import Aggregation, Objective
from skill_gym.agents.prefix_tree_attention import TreeAttention


@dataclass(frozen=True, slots=True, kw_only=True)
class GRPOConfig:
    """Group relative policy optimisation and its kin; the defaults are those of SkillRL's ALFWorld script.

    ``algorithms.ALGORITHMS`` has the settings that make Dr. GRPO, DAPO, GSPO, GiGPO, RLOO and CISPO of it.

    Attributes:
        objective: ``clip``: PPO's, a ratio a token; ``sequence``: GSPO's, a ratio a reply; ``cispo``.
        lr: Learning rate after the warm-up, constant.
        warmup_steps: Optimiser steps over which the rate rises linearly to ``lr``.
        weight_decay: Of AdamW.
        max_grad_norm: Gradients are scaled down to this norm.
        clip_low: Lower clip of the ratio, below 1.
        clip_high: Upper clip of the ratio.
        dual_clip: Bound on the loss where the advantage is negative; None for none.
        kl_coef: Weight of the KL to the reference; 0 needs no reference model.
        kl_estimator: ``k1``, ``k2`` or ``k3``, see ``kl_to_reference``.
        kl_in: The KL is a term of the ``loss``, or is taken off the ``reward``: off each episode's return,
            summed over its reply tokens under the weights before the first step.
        entropy_coef: Weight of the entropy bonus.
        invalid_penalty: Taken off the advantage of a turn whose reply was not valid.
        returns: What an episode is worth: its ``score`` (the sum of its rewards), or only its ``success``, 1
            or 0, as SkillRL has it for WebShop, where a purchase may be partly right.
        baseline: What a return is compared with: the group's mean, or the mean of the others.
        scale: Whether a group's returns are divided by their standard deviation.
        baseline_unit: What counts once in a group's mean: a trajectory, or (as released) a turn.
        step_weight: Weight of the advantages of single steps, among siblings in the same state (GiGPO); 0 for
            none.
        gamma: Discount of the returns of single steps.
        state_similarity: Similarity of observations that makes them the same state; 1 for equality.
        overlong_buffer: Tokens before ``sampler.max_new_tokens`` in which a reply begins to be punished
            (DAPO); 0 for none.
        overlong_penalty: Most that is taken off the advantage of a turn for the length of its reply.
        aggregation: What weighs the same in the loss: tokens, replies or trajectories; ``constant`` divides
            an episode's sum by ``loss_tokens``.
        loss_tokens: Divisor of ``constant``.
        correction: What is done about replies that were sampled by other weights or another engine, see
            ``importance_weights``.
        correction_limit: Bound of the correction's weight, above 1.
        correction_unit: What has a weight: a ``token``, or a ``reply``.
        ppo_epochs: Times that the samples of an iteration are gone through.
        mini_batch_size: Sequences for one optimiser step (episodes in the transcript layout, turns in
            the step layout).
        mini_batches: ``shuffled``: sequences of all tasks in each; ``by_task``: tasks in random order, the
            sequences of one stay together, and so share most of their tokens.
        packing: ``tree``: what sequences begin with alike goes through the model once; ``padded``: each by
            itself. Both give the same gradients.
        tree_attention: How a tree is attended over; ``auto`` is FlexAttention on GPUs, PyTorch's own kernel
            on CPUs; ``flash`` is variable-length FlashAttention on GPUs; see ``prefix_tree_attention``.
        micro_batch_tokens: Tokens whose activations exist at once; bounds memory, changes no result. Where a
            tree is larger it is cut; what the parts share still goes through once and waits for them.
        old_logprobs: ``recompute`` with the weights before the first step, or the ``sampler``'s own.
        bf16: Autocast to bfloat16; for GPUs.
        gradient_checkpointing: Less memory for about a third more time.
    """

    objective: Objective = "clip"
    lr: float = 1e-6
    warmup_steps: int = 0
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    clip_low: float = 0.2
    clip_high: float = 0.2
    dual_clip: float | None = 3.0
    kl_coef: float = 0.01
    kl_estimator: KLEstimator = "k3"
    kl_in: Literal["loss", "reward"] = "loss"
    entropy_coef: float = 0.001
    invalid_penalty: float = 0.1
    returns: Literal["score", "success"] = "score"
    baseline: Baseline = "mean"
    scale: Scale = "std"
    baseline_unit: BaselineUnit = "trajectory"
    step_weight: float = 0.0
    gamma: float = 0.95
    state_similarity: float = 1.0
    overlong_buffer: int = 0
    overlong_penalty: float = 1.0
    aggregation: Aggregation = "token-mean"
    loss_tokens: int = 512
    correction: Correction = "none"
    correction_limit: float = 2.0
    correction_unit: CorrectionUnit = "token"
    ppo_epochs: int = 1
    mini_batch_size: int = 128
    mini_batches: Literal["shuffled", "by_task"] = "shuffled"
    packing: Literal["tree", "padded"] = "tree"
    tree_attention: TreeAttention = "auto"
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
            "step_weight",
            "overlong_buffer",
            "overlong_penalty",
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        for name in ("ppo_epochs", "mini_batch_size", "micro_batch_tokens", "loss_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("lr", "max_grad_norm"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be greater than 0, got {getattr(self, name)}")
        if not 0 <= self.clip_low <= 1:
            raise ValueError(f"clip_low must be in [0, 1], got {self.clip_low}")
        if not 0 <= self.gamma <= 1:
            raise ValueError(f"gamma must be in [0, 1], got {self.gamma}")
        if not 0 < self.state_similarity <= 1:
            raise ValueError(f"state_similarity must be in (0, 1], got {self.state_similarity}")
        if not self.correction_limit > 1:
            raise ValueError(f"correction_limit must be greater than 1, got {self.correction_limit}")
        if self.dual_clip is not None and self.dual_clip <= 1:
            raise ValueError(f"dual_clip must be greater than 1, got {self.dual_clip}; null for none")
