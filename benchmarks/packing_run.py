"""One mini-batch through a model, forward and backward: tokens, time, memory and gradient by its packing."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from skill_gym.agents.packing import Sample
from skill_gym.agents.random_pass import Packing, RandomPass
from skill_gym.benchmarks.process import in_new_process, memory_mb

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
    model = RandomPass(shape)
    made = _load(samples)
    # The first pass sets up what every later one uses again.
    model.run(made[:1], packing, max_tokens)
    model.forget()
    before, began = memory_mb("VmRSS"), time.process_time()
    tokens = model.run(made, packing, max_tokens)
    seconds = time.process_time() - began
    peak = memory_mb("VmHWM") - before
    np.save(gradient, model.gradient())
    return [tokens, seconds, peak]


def relative_difference(first: Path, second: Path) -> float:
    """Norm of the difference of two saved gradients, over that of the second."""
    ours, theirs = np.load(first), np.load(second)
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def _load(path: str) -> list[Sample]:
    with np.load(path) as arrays:
        rows = range(len(arrays.files) // 2)
        pairs = [(arrays[f"token_ids_{row}"], arrays[f"positions_{row}"]) for row in rows]
    samples = []
    for row, (ids, places) in enumerate(pairs):
        zeros = np.zeros(len(places), dtype=np.float32)
        samples.append(Sample(ids, places, zeros, zeros, np.full(len(places), row), row))
    return samples
