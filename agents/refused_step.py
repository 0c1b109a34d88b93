"""An optimiser step that was not taken: its batch is kept for whoever looks for the reason."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from skill_gym.agents.packing import Sample


class LearnerError(RuntimeError):
    """An optimiser step was refused; the message says why and where the batch was saved."""


def refused_step(step: int, reason: str, samples: Sequence[Sample], folder: Path | None) -> LearnerError:
    """Saves a batch, and makes the error that says what happened.

    Args:
        step: Number of the step, from 0.
        reason: What was not finite.
        samples: The batch.
        folder: Where it goes, as ``refused-step-N.npz``; None saves nothing.
    """
    where = "pass dump_folder to keep such batches"
    if folder is not None:
        path = folder / f"refused-step-{step}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {
            f"{name}_{number}": getattr(sample, name)
            for number, sample in enumerate(samples)
            for name in ("token_ids", "positions", "advantages", "logprobs")
        }
        np.savez_compressed(path, **arrays)
        where = f"the batch is in {path}"
    return LearnerError(
        f"optimiser step {step}: {reason}; the weights are as before this step, {where}; "
        "lower grpo.lr or max_grad_norm, or look for extreme rewards"
    )
