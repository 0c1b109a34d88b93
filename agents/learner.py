"""One call of the learner: samples in, a few optimiser steps, figures out."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skill_gym.agents.adapter import has_adapter, without_adapter
from skill_gym.agents.forward_pass import ForwardPass
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.kl import kl_to_reference
from skill_gym.agents.packing import Sample
from skill_gym.agents.step_figures import over_steps
from skill_gym.agents.step_gradient import add_gradient, mini_batch, moves


class LearnerError(RuntimeError):
    """An optimiser step was refused; the message says why and where the batch was saved."""


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
        self._pass = ForwardPass(self.config, temperature=temperature)
        self._seed = seed
        self._dump_folder = dump_folder
        model.train(self.config.gradient_checkpointing)
        if self.config.gradient_checkpointing:
            model.gradient_checkpointing_enable()
        if self.reference is model and not has_adapter(model):
            raise ValueError("a model is its own reference only with an adapter; pass a second model")
        if self.reference is not None and self.reference is not model:
            self.reference.eval().requires_grad_(False)
        for one in (model, self.reference):
            if one is not None:
                self._pass.check(one)
        self._optimizer = torch.optim.AdamW(
            model.parameters(), lr=self.config.lr, weight_decay=self.config.weight_decay
        )

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        parameter: Tensor = next(iter(self.model.parameters()))
        return parameter.device

    def state_dict(self) -> dict[str, Any]:
        """Optimiser and step count; the model's weights are saved with the model."""
        return {"steps": self.steps, "optimizer": self._optimizer.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes back what ``state_dict`` gave."""
        self.steps = int(state["steps"])
        self._optimizer.load_state_dict(state["optimizer"])

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
        """
        began = time.perf_counter()
        samples = [sample for sample in samples if sample.replies]
        plan = list(self._plan(samples))
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
        with self._as_reference():
            theirs = self._pass.logprobs(self.reference, samples)
        pairs = zip(self._pass.logprobs(self.model, samples), theirs, strict=True)
        estimator = self.config.kl_estimator
        return [float(kl_to_reference(ours, other, estimator=estimator).sum()) for ours, other in pairs]

    def _as_reference(self) -> AbstractContextManager[None]:
        """In what the reference's passes belong: the trained model's own go without its adapter."""
        return without_adapter(self.model) if self.reference is self.model else nullcontext()

    def _plan(self, samples: Sequence[Sample]) -> Iterator[list[int]]:
        """Indices of each mini-batch, shuffled anew each epoch; depends on seed and step only."""
        generator = np.random.default_rng([self._seed, self.steps])
        groups = np.array([sample.group for sample in samples])
        for _ in range(self.config.ppo_epochs):
            order = generator.permutation(len(samples))
            if self.config.mini_batches == "by_task":
                # Tasks in the order of their first samples.
                first: dict[int, int] = {}
                for one in order:
                    first.setdefault(int(groups[one]), len(first))
                order = np.array(sorted(order, key=lambda one: first[int(groups[one])]), dtype=np.int64)
            for start in range(0, len(samples), self.config.mini_batch_size):
                yield [int(one) for one in order[start : start + self.config.mini_batch_size]]

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
        values = iter(
            self._pass.logprobs(model, [sample for sample in samples if moves(sample, self.config)])
        )
        return [
            next(values) if moves(sample, self.config) else torch.zeros(sample.replies) for sample in samples
        ]

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
        self._optimizer.zero_grad(set_to_none=True)
        figures = add_gradient(self.model, self._pass, config, batch)
        if not math.isfinite(figures.values["loss"]):
            raise self._refusal(f"the loss is {figures.values['loss']}", samples)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.max_grad_norm)
        if not bool(torch.isfinite(norm)):
            raise self._refusal(f"the gradient's norm is {float(norm)}", samples)
        rate = config.lr * min(1.0, (self.steps + 1) / max(1, config.warmup_steps))
        for parameters in self._optimizer.param_groups:
            parameters["lr"] = rate
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.steps += 1
        return {**figures.values, "grad_norm": float(norm), "lr": rate}, figures.tokens

    def _refusal(self, reason: str, samples: Sequence[Sample]) -> LearnerError:
        """Clears the gradients, saves the batch, and says what happened."""
        self._optimizer.zero_grad(set_to_none=True)
        where = "pass dump_folder to keep such batches"
        if self._dump_folder is not None:
            path = self._dump_folder / f"refused-step-{self.steps}.npz"
            path.parent.mkdir(parents=True, exist_ok=True)
            arrays = {
                f"{name}_{number}": getattr(sample, name)
                for number, sample in enumerate(samples)
                for name in ("token_ids", "positions", "advantages", "logprobs")
            }
            np.savez_compressed(path, **arrays)
            where = f"the batch is in {path}"
        return LearnerError(
            f"optimiser step {self.steps}: {reason}; the weights are as before this step, {where}; "
            "lower grpo.lr or max_grad_norm, or look for extreme rewards"
        )
