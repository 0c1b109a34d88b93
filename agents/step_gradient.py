"""The arithmetic of one optimiser step: a mini-batch's loss and gradient, micro-batch by micro-batch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skill_gym.agents.forward_pass import ForwardPass
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.importance import importance_weights
from skill_gym.agents.kl import kl_to_reference
from skill_gym.agents.losses import token_weights
from skill_gym.agents.objective import held_back, surrogate
from skill_gym.agents.packing import Sample
from skill_gym.agents.step_figures import StepFigures


@dataclass(frozen=True, slots=True)
class MiniBatch:
    """Samples of one optimiser step that can move a weight, and what the loss needs of their reply tokens.

    Attributes:
        samples: In the order of the tensors.
        weights: Of each reply token in the loss, over the whole mini-batch, shape [reply].
        turns: Of each reply token, shape [reply].
        advantages: Shape [reply].
        sampler: Log-probabilities under the sampler, shape [reply].
        before: Log-probabilities before the update, shape [reply]; None for the present ones.
        reference: Log-probabilities of the reference, shape [reply]; None for no reference.
        replies: Reply tokens of all samples of the step that can move a weight.
        weight: Their weights' sum.
    """

    samples: Sequence[Sample]
    weights: Tensor
    turns: Tensor
    advantages: Tensor
    sampler: Tensor
    before: Tensor | None
    reference: Tensor | None
    replies: int
    weight: float

    def part(self, chosen: Sequence[int]) -> "MiniBatch":
        """Some of the samples, by index; what they add to loss and figures adds up over the parts."""
        starts = np.cumsum([0] + [sample.replies for sample in self.samples])
        places = [np.arange(starts[one], starts[one + 1]) for one in chosen]
        # Empty where nothing is chosen.
        chain = np.concatenate([np.zeros(0, dtype=np.int64), *places])
        index = torch.from_numpy(chain).to(self.weights.device)
        return replace(
            self,
            samples=[self.samples[one] for one in chosen],
            weights=self.weights[index],
            turns=self.turns[index],
            advantages=self.advantages[index],
            sampler=self.sampler[index],
            before=None if self.before is None else self.before[index],
            reference=None if self.reference is None else self.reference[index],
        )


def mini_batch(
    samples: Sequence[Sample],
    config: GRPOConfig,
    *,
    old: Sequence[Tensor] | None = None,
    theirs: Sequence[Tensor] | None = None,
    device: torch.device,
) -> MiniBatch:
    """Makes the tensors of a mini-batch; samples that cannot move a weight count in the weights only.

    Args:
        samples: At least one.
        config: How tokens are weighed.
        old: Log-probabilities before the update, by sample; None for the present ones.
        theirs: Log-probabilities of the reference, by sample; None for no reference.
        device: Where the tensors go.
    """
    counts = [sample.replies for sample in samples]
    turns = torch.from_numpy(np.concatenate([sample.turns for sample in samples]))
    trajectories = torch.from_numpy(np.repeat([sample.trajectory for sample in samples], counts))
    weights = token_weights(
        turns, trajectories, aggregation=config.aggregation, loss_tokens=config.loss_tokens
    )
    keep = torch.from_numpy(np.repeat([moves(sample, config) for sample in samples], counts))

    def kept(values: Tensor) -> Tensor:
        return values[keep].to(device)

    weights = kept(weights)
    return MiniBatch(
        [sample for sample in samples if moves(sample, config)],
        weights,
        kept(turns),
        kept(torch.from_numpy(np.concatenate([sample.advantages for sample in samples]))),
        kept(torch.from_numpy(np.concatenate([sample.logprobs for sample in samples]))),
        None if old is None else kept(torch.cat(list(old))),
        None if theirs is None else kept(torch.cat(list(theirs))),
        len(weights),
        float(weights.sum()),
    )


def moves(sample: Sample, config: GRPOConfig) -> bool:
    """Whether a sample can move a weight; else its advantages are 0, and no KL or entropy term is there."""
    kl = config.kl_coef > 0 and config.kl_in == "loss"
    return kl or config.entropy_coef > 0 or bool(sample.advantages.any())


def add_gradient(model: Any, forward: ForwardPass, config: GRPOConfig, batch: MiniBatch) -> StepFigures:
    """Adds the gradient of a mini-batch's loss to what the model's parameters have.

    Args:
        model: Ready for ``forward``.
        forward: Cuts the samples and runs them.
        config: What the loss is.
        batch: The samples; none of them is fine.

    Returns:
        The loss and its figures; a loss that is not finite ends the work, and its gradient is not added.
    """
    figures = StepFigures()
    for micro, logprobs, entropy, tokens in forward.read(model, batch.samples):
        index = micro.index.to(batch.weights.device)
        old = logprobs.detach() if batch.before is None else batch.before[index]
        weight, advantage, turn = batch.weights[index], batch.advantages[index], batch.turns[index]
        sampler = batch.sampler[index]
        correction = importance_weights(
            old,
            sampler,
            turn,
            correction=config.correction,
            limit=config.correction_limit,
            unit=config.correction_unit,
        )
        surrogates = correction * surrogate(config, logprobs, old, advantage, turn)
        loss = (weight * (surrogates - config.entropy_coef * entropy)).sum()
        kl = torch.zeros_like(surrogates)
        if batch.reference is not None:
            kl = kl_to_reference(logprobs, batch.reference[index], estimator=config.kl_estimator)
            if config.kl_in == "loss":
                loss = loss + config.kl_coef * (weight * kl).sum()
        figures.add("loss", loss)
        if not math.isfinite(figures.values["loss"]):
            break
        loss.backward()  # type: ignore[no-untyped-call]
        figures.tokens += tokens
        held = held_back(config, logprobs.detach(), old, advantage, turn)
        figures.add("policy_loss", (weight * surrogates).sum())
        figures.add("kl", (weight * kl).sum())
        figures.add("entropy", (weight * entropy).sum() / batch.weight)
        figures.add("clip_fraction", held.float().sum() / batch.replies)
        # Before the first step, so that it is the engines that differ and not the weights.
        ours = logprobs.detach() if config.old_logprobs == "sampler" else old
        figures.add("mismatch_mean", (ours - sampler).abs().sum() / batch.replies)
        figures.peak("mismatch_max", (ours - sampler).abs())
        moved = logprobs.detach() - old
        figures.peak("ratio_max", moved.exp())
        figures.peak("ratio_min", moved.exp())
        # Schulman's k3, from the weights before the update to the present ones.
        figures.add("approx_kl", (moved.exp() - 1 - moved).sum() / batch.replies)
        if config.correction != "none":
            figures.add("correction_mean", correction.sum() / batch.replies)
    return figures
