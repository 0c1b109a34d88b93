"""Samples through a model, packed as the settings say: log-probabilities of what was said."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.packing import MicroBatch, Sample, micro_batches, tree_batches
from skill_gym.agents.prefix_tree_attention import attending_over_trees, check_exact
from skill_gym.agents.reply_logprobs import reply_logprobs


class ForwardPass:
    """Cuts samples into batches and runs them.

    Args:
        config: ``packing``, ``tree_attention``, ``micro_batch_tokens`` and ``bf16``.
        temperature: That of the sampling; log-probabilities are those of the tempered distribution.
    """

    def __init__(self, config: GRPOConfig, *, temperature: float = 1.0) -> None:
        self._config = config
        self._temperature = temperature
        self._trees = config.packing == "tree"

    def check(self, model: Any) -> None:
        """Makes sure that a model gives the same in a tree.

        Raises:
            TreeAttentionError: It does not; the message says what to set.
        """
        if self._trees:
            check_exact(model, self._config.tree_attention)

    def ready(self, model: Any) -> AbstractContextManager[None]:
        """In what forward and backward passes of a model belong."""
        return attending_over_trees(model) if self._trees else nullcontext()

    def batches(self, samples: Sequence[Sample], *, max_tokens: int | None = None) -> Iterator[MicroBatch]:
        """The samples in batches of ``max_tokens``, by default ``micro_batch_tokens``."""
        budget = max_tokens or self._config.micro_batch_tokens
        pack = tree_batches if self._trees else micro_batches
        return pack(samples, max_tokens=budget)

    def read(self, model: Any, batch: MicroBatch) -> tuple[Tensor, Tensor]:
        """Log-probability and entropy of each reply token of a batch; inside ``ready``."""
        device = next(iter(model.parameters())).device
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=self._config.bf16):
            return reply_logprobs(
                model, batch, temperature=self._temperature, attention=self._config.tree_attention
            )

    @torch.no_grad()
    def logprobs(self, model: Any, samples: Sequence[Sample]) -> list[Tensor]:
        """Log-probabilities of each sample's reply tokens, without gradient, on the CPU."""
        result = torch.zeros(sum(sample.replies for sample in samples))
        with self.ready(model):
            # Without a gradient nothing is kept from layer to layer.
            for batch in self.batches(samples, max_tokens=2 * self._config.micro_batch_tokens):
                result[batch.index] = self.read(model, batch)[0].float().cpu()
        return list(torch.split(result, [sample.replies for sample in samples]))
