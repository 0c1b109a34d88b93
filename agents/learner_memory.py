"""How much of a device's memory weights, gradients and optimiser state need, before activations."""

import logging
from typing import Any

import torch

from skill_gym.agents.ranks import RanksError

logger = logging.getLogger(__name__)

GB = 1e9


def learner_bytes(
    weights: int, *, trained: int | None = None, ranks: int = 1, weight_bytes: int = 4
) -> float:
    """Bytes on each rank at the optimiser's step, when all is there at once.

    All ranks have all weights, and a gradient of those trained in float32. Each has its part of Adam's two
    moments and, where the trained weights have less than float32, of the masters.

    Args:
        weights: Number of the model's weights.
        trained: Number of those that are trained; None for all. Those of an adapter are float32.
        ranks: That learn together.
        weight_bytes: Of one weight: 4 in float32, 2 in bfloat16.
    """
    if trained is None:
        masters = 0 if weight_bytes == 4 else 4
        return weights * (weight_bytes + 4 + (8 + masters) / ranks)
    return weights * weight_bytes + trained * (4 + 4 + 8 / ranks)


def check_room(model: Any, ranks: int, device: torch.device) -> None:
    """Makes sure, before hours are spent, that what a model's training needs at least is there.

    Raises:
        RanksError: The GPU has less memory; the message says what to set.
    """
    parameters = list(model.parameters())
    trained = [one for one in parameters if one.requires_grad]
    count, size = sum(one.numel() for one in parameters), parameters[0].element_size()
    whole = len(trained) == len(parameters)
    need = learner_bytes(
        count if whole else sum(one.numel() for one in parameters if not one.requires_grad),
        trained=None if whole else sum(one.numel() for one in trained),
        ranks=ranks,
        weight_bytes=size,
    )
    logger.info("weights, gradients and optimiser state: %.1f GB a rank before activations", need / GB)
    if device.type != "cuda":
        return
    there = torch.cuda.get_device_properties(device).total_memory
    if need > there:
        raise RanksError(
            f"training {count / 1e9:.1f} billion weights on {ranks} GPUs needs {need / GB:.0f} GB on each, "
            f"before activations, and they have {there / GB:.0f}; use more GPUs (torchrun --nproc-per-node), "
            "model.dtype=bfloat16 (its masters stay in float32) or model.lora_rank=16"
        )
