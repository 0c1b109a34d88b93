"""One mini-batch through a model, forward and backward: tokens, time, memory and gradient by its packing."""

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from skill_gym.agents.packing import Sample, micro_batches, tree_batches
from skill_gym.agents.prefix_tree_attention import attending_over_trees
from skill_gym.agents.reply_logprobs import reply_logprobs
from skill_gym.benchmarks.process import in_new_process, memory_mb

Packing = Literal["padded", "tree"]
PACKINGS: tuple[Packing, ...] = ("padded", "tree")


class Run(NamedTuple):
    """What a mini-batch took.

    Attributes:
        tokens: That went through the model, padding included.
        seconds: CPU time.
        peak_mb: Peak of memory, above what the process held before.
    """

    tokens: int
    seconds: float
    peak_mb: float


def tokens_of(samples: Sequence[Sample], packing: Packing, max_tokens: int) -> int:
    """Tokens that go through the model, padding included."""
    pack = tree_batches if packing == "tree" else micro_batches
    return sum(batch.input_ids.numel() for batch in pack(samples, max_tokens=max_tokens))


def run_apart(
    samples: Sequence[Sample], packing: Packing, shape: Mapping[str, int], max_tokens: int, gradient: Path
) -> Run:
    """Runs the samples in a process of its own.

    Args:
        samples: The mini-batch.
        packing: How it is packed.
        shape: Of a Llama with random weights, see ``LlamaConfig``.
        max_tokens: Budget of a batch or tree.
        gradient: Where the gradient is saved, ``.npy``.
    """
    file = gradient.with_suffix(".npz")
    names = ("token_ids", "positions")
    np.savez(
        file, **{f"{name}_{row}": getattr(one, name) for row, one in enumerate(samples) for name in names}
    )
    here = "skill_gym.benchmarks.packing_run"
    return Run(*in_new_process(here, "run", str(file), str(gradient), packing, dict(shape), max_tokens))


def run(
    samples: str, gradient: str, packing: Packing, shape: Mapping[str, int], max_tokens: int
) -> list[Any]:
    """The process's side of ``run_apart``."""
    torch.set_num_threads(1)
    model = random_llama(shape)
    made = _load(samples)
    weights = torch.from_numpy(np.random.default_rng(0).normal(size=sum(one.replies for one in made)))
    pack = tree_batches if packing == "tree" else micro_batches
    tokens = 0
    with attending_over_trees(model) if packing == "tree" else nullcontext():
        # The first pass sets up what every later one uses again.
        for batch in pack(made[:1], max_tokens=max_tokens):
            torch.autograd.backward(reply_logprobs(model, batch)[0].sum())
        model.zero_grad(set_to_none=False)
        before, began = memory_mb("VmRSS"), time.process_time()
        for batch in pack(made, max_tokens=max_tokens):
            logprobs, _ = reply_logprobs(model, batch)
            torch.autograd.backward((weights[batch.index] * logprobs).sum())
            tokens += batch.input_ids.numel()
        seconds = time.process_time() - began
    np.save(gradient, torch.cat([one.grad.flatten() for one in model.parameters()]).numpy())
    return [tokens, seconds, memory_mb("VmHWM") - before]


def relative_difference(first: Path, second: Path) -> float:
    """Norm of the difference of two saved gradients, over that of the second."""
    ours, theirs = np.load(first), np.load(second)
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def random_llama(shape: Mapping[str, int]) -> Any:
    """A model with random weights in float32 and a tied head; ``shape`` as in ``LlamaConfig``."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**shape, max_position_embeddings=32_768, tie_word_embeddings=True))


def _load(path: str) -> list[Sample]:
    with np.load(path) as arrays:
        rows = range(len(arrays.files) // 2)
        pairs = [(arrays[f"token_ids_{row}"], arrays[f"positions_{row}"]) for row in rows]
    samples = []
    for row, (ids, places) in enumerate(pairs):
        zeros = np.zeros(len(places), dtype=np.float32)
        samples.append(Sample(ids, places, zeros, zeros, np.full(len(places), row), row))
    return samples
