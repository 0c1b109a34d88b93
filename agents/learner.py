"""One call of the learner: samples in, a few optimiser steps, figures out."""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skill_gym.agents.adapter import has_adapter, without_adapter
from skill_gym.agents.forward_pass import ForwardPass
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.kl import kl_to_reference
from skill_gym.agents.mini_batch_plan import mini_batch_plan
from skill_gym.agents.offload import on_device
from skill_gym.agents.packing import Sample
from skill_gym.agents.ranks import ALONE, Ranks
from skill_gym.agents.refused_step import LearnerError, refused_step
from skill_gym.agents.sharded_adamw import ShardedAdamW
from skill_gym.agents.shares import shares
from skill_gym.agents.step_figures import StepFigures, over_steps
from skill_gym.agents.step_gradient import add_gradient, mini_batch, moves


class Learner:
    """Trains a causal language model on samples by GRPO.

    Args:
        model: The model to train, in place; any Hugging Face causal language model, dropout off.
        reference: Frozen model of the KL term; needed when ``kl_coef`` is above 0. A model with a LoRA
            adapter may be its own: the reference is then the model without the adapter.
        config: What to do.
        temperature: That of the sampling; log-probabilities are those of the tempered distribution.
        seed: Seed of the order of mini-batches.
        dump_folder: Where the batch of a refused step is saved; None saves nothing.
        ranks: Who learns together. Each has a learner of its own with equal arguments; the first is asked,
            the others ``follow``. All get the same weights and figures as one alone would.
        offload_reference: Whether the reference lies in main memory but while it is needed.

    Attributes:
        steps: Optimiser steps done.

    Raises:
        TreeAttentionError: The model, or the reference, cannot be run on prefix trees.
    """

    def __init__(
        self,
        model: Any,
        reference: Any | None = None,
        config: GRPOConfig | None = None,
        *,
        temperature: float = 1.0,
        seed: int = 0,
        dump_folder: Path | None = None,
        ranks: Ranks = ALONE,
        offload_reference: bool = False,
    ) -> None:
        self.config = config or GRPOConfig()
        if self.config.kl_coef > 0 and reference is None:
            raise ValueError("kl_coef is above 0 but there is no reference model; pass one or set kl_coef=0")
        if not temperature > 0:
            raise ValueError(f"temperature must be greater than 0 to learn from samples, got {temperature}")
        if temperature != 1 and self.config.old_logprobs == "sampler":
            raise ValueError(
                f"old_logprobs='sampler' needs sampling at temperature 1, got {temperature}: samplers return "
                "untempered log-probabilities; use old_logprobs='recompute'"
            )
        if temperature != 1 and self.config.correction != "none":
            raise ValueError(
                f"correction={self.config.correction!r} needs sampling at temperature 1, got {temperature}: "
                "samplers return untempered log-probabilities; use correction='none'"
            )
        self.model = model
        self.reference = reference if self.config.kl_coef > 0 else None
        self.steps = 0
        self.ranks = ranks
        self._offload = offload_reference and self.reference is not None
        self._pass = ForwardPass(self.config, temperature=temperature)
        self._seed = seed
        self._dump_folder = dump_folder
        model.train(self.config.gradient_checkpointing)
        if self.config.gradient_checkpointing:
            # The other way, transformers' own before version 5, makes keys and values without a gradient:
            # what trees have to say to their trunks would be lost.
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        if self.reference is model and not has_adapter(model):
            raise ValueError("a model is its own reference only with an adapter; pass a second model")
        if self.reference is not None and self.reference is not model:
            self.reference.eval().requires_grad_(False)
        self._pass.check(model)
        if self.reference is not None:
            with self._as_reference():
                self._pass.check(self.reference)
        self._optimizer = ShardedAdamW(model.parameters(), ranks=ranks, weight_decay=self.config.weight_decay)

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        parameter: Tensor = next(iter(self.model.parameters()))
        return parameter.device

    def follow(self) -> None:
        """On any rank but the first: does its share of what the first is asked, until it stops.

        Raises:
            RanksError: Another rank has failed, or the first has ended without a word.
        """
        while (word := self.ranks.told()) is not None:
            name, arguments = word
            try:
                getattr(self, name)(*arguments)
            except LearnerError:
                # All have refused it; the first rank decides what comes next.
                continue
            finally:
                if self.device.type == "cuda":
                    # An engine on the same GPU may need the room until the next word.
                    torch.cuda.empty_cache()

    def _lead(self, name: str, *arguments: Any) -> None:
        """Has the other ranks call a method of theirs, as the first one's is."""
        if self.ranks.first:
            self.ranks.tell((name, arguments))

    def state_dict(self) -> dict[str, Any]:
        """Optimiser and step count; the model's weights are saved with the model."""
        self._lead("state_dict")
        return {"steps": self.steps, "optimizer": self._optimizer.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes back what ``state_dict`` gave, of any number of ranks; the model has its weights already."""
        self._lead("load_state_dict", {"steps": state["steps"], "optimizer": {}})
        self.steps = int(state["steps"])
        self._optimizer.load_state_dict(state["optimizer"], steps=self.steps)

    def update(self, samples: Sequence[Sample]) -> dict[str, float]:
        """Goes through the samples ``ppo_epochs`` times, one optimiser step a mini-batch.

        Samples that cannot move a weight (advantage 0 throughout, no KL and no entropy term) count in
        the normaliser but are not run.

        Returns:
            ``loss``, ``policy_loss``, ``kl``, ``entropy``, ``clip_fraction``, ``ratio_max``, ``ratio_min``,
            ``approx_kl`` (of the update's own steps, per token), ``grad_norm``, ``lr``, ``mismatch_mean`` and
            ``mismatch_max`` (log-probabilities, trainer against sampler; meaningful at temperature 1 only),
            ``correction_mean`` (weight of a token, with a correction), ``optimizer_steps``, ``tokens`` that
            were learnt from (those of shared beginnings once, padding included), ``token_reuse`` (tokens of
            the samples for each of them), ``reply_tokens``, ``unmoved_samples``, ``seconds``,
            ``tokens_per_second``; means are over mini-batches.

        Raises:
            LearnerError: Loss or gradient is not finite; that step's weights are left as they were.
            RanksError: Another rank has failed; none can go on.
        """
        self._lead("update", samples)
        began = time.perf_counter()
        samples = [sample for sample in samples if sample.replies]
        plan = list(mini_batch_plan(samples, self.config, seed=(self._seed, self.steps)))
        old = self._old_logprobs(samples, plan)
        # For all at once: they never change, and together the samples share most.
        with self._as_reference():
            reference = None if self.reference is None else self._moving_logprobs(self.reference, samples)
        rows: list[dict[str, float]] = []
        tokens = needed = 0
        for chosen in plan:
            batch = [samples[one] for one in chosen]
            with self._pass.ready(self.model):
                row, seen = self._step(
                    batch,
                    None if old is None else [old[one] for one in chosen],
                    None if reference is None else [reference[one] for one in chosen],
                )
            tokens += seen
            needed += sum(int(one.positions[-1]) for one in batch if moves(one, self.config))
            if row:
                rows.append(row)
        seconds = time.perf_counter() - began
        return {
            **over_steps(rows),
            "optimizer_steps": float(len(rows)),
            "tokens": float(tokens),
            "token_reuse": needed / tokens if tokens else 1.0,
            "reply_tokens": float(sum(sample.replies for sample in samples)),
            "unmoved_samples": float(sum(not moves(sample, self.config) for sample in samples)),
            "seconds": seconds,
            "tokens_per_second": tokens / seconds,
        }

    def episode_kl(self, samples: Sequence[Sample]) -> list[float]:
        """KL to the reference under the present weights, summed over each sample's reply tokens.

        For ``kl_in="reward"``: to be called before ``update``.

        Raises:
            ValueError: There is no reference model.
        """
        if self.reference is None:
            raise ValueError("the KL needs a reference model and kl_coef above 0")
        self._lead("episode_kl", samples)
        with self._as_reference():
            theirs = self._logprobs(self.reference, samples)
        pairs = zip(self._logprobs(self.model, samples), theirs, strict=True)
        estimator = self.config.kl_estimator
        return [float(kl_to_reference(ours, other, estimator=estimator).sum()) for ours, other in pairs]

    def _as_reference(self) -> AbstractContextManager[None]:
        """In what the reference's passes belong: the trained model's own go without its adapter."""
        if self.reference is self.model:
            return without_adapter(self.model)
        return on_device(self.reference, self.device) if self._offload else nullcontext()

    def _old_logprobs(self, samples: Sequence[Sample], plan: Sequence[Sequence[int]]) -> list[Tensor] | None:
        """Log-probabilities before the update by sample, or None when there is one step only.

        In the first step they equal the current ones, so that a single step needs no pass of its own.
        """
        if self.config.old_logprobs == "sampler":
            return [torch.from_numpy(sample.logprobs) for sample in samples]
        if len(plan) < 2:
            return None
        return self._moving_logprobs(self.model, samples)

    def _moving_logprobs(self, model: Any, samples: Sequence[Sample]) -> list[Tensor]:
        """Log-probabilities by sample; zeros for those that move nothing, which are not run."""
        moving = [moves(sample, self.config) for sample in samples]
        values = iter(self._logprobs(model, list(compress(samples, moving))))
        return [
            next(values) if moved else torch.zeros(sample.replies)
            for sample, moved in zip(samples, moving, strict=True)
        ]

    def _logprobs(self, model: Any, samples: Sequence[Sample]) -> list[Tensor]:
        """Log-probabilities by sample; each rank computes its share."""
        dealt = self._shares(samples)
        mine = [samples[one] for one in dealt[self.ranks.rank]]
        # As arrays: each of torch's views would travel with the memory of them all.
        parts = self.ranks.together(lambda: [one.numpy() for one in self._pass.logprobs(model, mine)])
        places = np.argsort([one for share in dealt for one in share])
        found = [values for part in parts for values in part]
        return [torch.from_numpy(found[place]) for place in places]

    def _shares(self, samples: Sequence[Sample]) -> list[list[int]]:
        """Indices of each rank's samples."""
        merged = self.config.packing == "tree"
        return shares([one.token_ids[: one.positions[-1]] for one in samples], self.ranks.size, merged=merged)

    def _step(
        self, samples: Sequence[Sample], old: Sequence[Tensor] | None, theirs: Sequence[Tensor] | None
    ) -> tuple[dict[str, float], int]:
        """One optimiser step; returns its figures (empty when nothing could move) and the tokens read.

        Args:
            samples: A mini-batch.
            old: Log-probabilities before the update, by sample; None for the present ones.
            theirs: Log-probabilities of the reference, by sample; None for no reference.
        """
        config = self.config
        if not any(moves(sample, config) for sample in samples):
            return {}, 0
        batch = mini_batch(samples, config, old=old, theirs=theirs, device=self.device)
        mine = batch.part(self._shares(batch.samples)[self.ranks.rank])
        self._optimizer.clear()
        figures = StepFigures.together(
            self.ranks.together(lambda: add_gradient(self.model, self._pass, config, mine))
        )
        if not math.isfinite(figures.values["loss"]):
            raise self._refusal(f"the loss is {figures.values['loss']}", samples)
        norm = self._optimizer.norm()
        if not math.isfinite(norm):
            raise self._refusal(f"the gradient's norm is {norm}", samples)
        rate = config.lr * min(1.0, (self.steps + 1) / max(1, config.warmup_steps))
        self._optimizer.step(lr=rate, scale=min(1.0, config.max_grad_norm / (norm + 1e-6)))
        self.steps += 1
        return {**figures.values, "grad_norm": norm, "lr": rate}, figures.tokens

    def _refusal(self, reason: str, samples: Sequence[Sample]) -> LearnerError:
        self._optimizer.clear()
        return refused_step(self.steps, reason, samples, self._dump_folder)
