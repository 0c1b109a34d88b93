"""Samples through a model, packed as the settings say: log-probabilities of what was said."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.packing import MicroBatch, Sample, micro_batches, tree_batches
from skill_gym.agents.prefix_tree_attention import attending_over_trees
from skill_gym.agents.prefix_tree_check import check_exact
from skill_gym.agents.prefix_tree_walk import walk
from skill_gym.agents.reply_logprobs import reply_logprobs


class Reading(NamedTuple):
    """What a model makes of a batch.

    Attributes:
        batch: Which one.
        logprobs: Of each reply token, in nats, shape [reply].
        entropy: Of the distribution that it was drawn from, shape [reply].
        tokens: That went through the model for it, padding and its trunks included.
    """

    batch: MicroBatch
    logprobs: Tensor
    entropy: Tensor
    tokens: int


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
            # In the precision of the training: not every kernel has another.
            with self._autocast(model):
                check_exact(model, self._config.tree_attention)

    def ready(self, model: Any) -> AbstractContextManager[None]:
        """In what forward and backward passes of a model belong."""
        return attending_over_trees(model) if self._trees else nullcontext()

    def read(
        self, model: Any, samples: Sequence[Sample], *, max_tokens: int | None = None
    ) -> Iterator[Reading]:
        """Runs samples batch by batch; inside ``ready``.

        Args:
            model: Which one.
            samples: At least one reply token each.
            max_tokens: Budget of a batch, by default ``micro_batch_tokens``.

        Yields:
            What was read. Where gradients are wanted it has to be carried back before the next is asked for,
            see ``walk``.
        """
        budget = max_tokens or self._config.micro_batch_tokens
        pack = tree_batches if self._trees else micro_batches
        attention = self._config.tree_attention
        autocast = partial(self._autocast, model)
        batches = pack(samples, max_tokens=budget)
        for batch, trunks, tokens in walk(model, batches, attention=attention, within=autocast):
            with autocast():
                logprobs, entropy = reply_logprobs(
                    model, batch, temperature=self._temperature, attention=attention, trunks=trunks
                )
            yield Reading(batch, logprobs, entropy, tokens)

    @torch.no_grad()
    def logprobs(self, model: Any, samples: Sequence[Sample]) -> list[Tensor]:
        """Log-probabilities of each sample's reply tokens, without gradient, on the CPU."""
        result = torch.zeros(sum(sample.replies for sample in samples))
        with self.ready(model):
            # Without a gradient nothing is kept from layer to layer, but keys and values of trunks.
            for one in self.read(model, samples, max_tokens=2 * self._config.micro_batch_tokens):
                result[one.batch.index] = one.logprobs.float().cpu()
        return list(torch.split(result, [sample.replies for sample in samples]))

    def _autocast(self, model: Any) -> AbstractContextManager[None]:
        device = next(iter(model.parameters())).device
        return torch.autocast(device.type, dtype=torch.bfloat16, enabled=self._config.bf16)
