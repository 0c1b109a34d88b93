"""A random model that mini-batches are run through, forward and backward, to see what they take."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from skill_gym.agents.losses import logprobs_and_entropy
from skill_gym.agents.packing import Sample, micro_batches, tree_batches
from skill_gym.agents.prefix_tree_attention import attending_over_trees
from skill_gym.agents.prefix_tree_walk import walk
from skill_gym.agents.reply_logits import reply_logits
from skill_gym.agents.reply_logprobs import reply_logprobs

Packing = Literal["padded", "tree"]


def tokens_of(samples: Sequence[Sample], packing: Packing, max_tokens: int) -> int:
    """Tokens that go through a model, padding included."""
    pack = tree_batches if packing == "tree" else micro_batches
    return sum(batch.input_ids.numel() for batch in pack(samples, max_tokens=max_tokens))


class RandomPass:
    """A Llama with random weights in float32 and a tied head, on one thread of a CPU.

    Args:
        shape: See ``LlamaConfig``.
    """

    def __init__(self, shape: Mapping[str, int]) -> None:
        from transformers import LlamaConfig, LlamaForCausalLM

        torch.set_num_threads(1)
        torch.manual_seed(0)
        config = LlamaConfig(**shape, max_position_embeddings=32_768, tie_word_embeddings=True)
        self._model: Any = LlamaForCausalLM(config)
        self.forget()

    def forget(self) -> None:
        """Sets the gradient to zero; its memory stays."""
        for one in self._model.parameters():
            one.grad = torch.zeros_like(one)

    def run(
        self, samples: Sequence[Sample], packing: Packing, max_tokens: int, *, all_logits: bool = False
    ) -> int:
        """Adds the gradient of randomly weighted log-probabilities and entropies.

        Args:
            samples: The mini-batch.
            packing: How it is packed.
            max_tokens: Budget of a batch or tree.
            all_logits: Whether the logits of all reply tokens of a batch exist at once.

        Returns:
            Tokens that went through the model.
        """
        count = sum(one.replies for one in samples)
        weights = torch.from_numpy(np.random.default_rng(0).normal(size=count)).float()
        pack = tree_batches if packing == "tree" else micro_batches
        tokens = 0
        with attending_over_trees(self._model) if packing == "tree" else nullcontext():
            for batch, trunks, read in walk(self._model, pack(samples, max_tokens=max_tokens)):
                if all_logits:
                    logits = reply_logits(self._model, batch, trunks=trunks)
                    logprobs, entropy = logprobs_and_entropy(logits, batch.targets)
                else:
                    logprobs, entropy = reply_logprobs(self._model, batch, trunks=trunks)
                torch.autograd.backward((weights[batch.index] * (logprobs + 0.1 * entropy)).sum())
                tokens += read
        return tokens

    def gradient(self) -> NDArray[np.float32]:
        """Of all parameters, shape [parameter]."""
        flat: NDArray[np.float32] = torch.cat(
            [one.grad.flatten() for one in self._model.parameters()]
        ).numpy()
        return flat
