"""The loss of imitation, and how many replies a model would have got right."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from skill_gym.agents.packing import MicroBatch, Sample, micro_batches
from skill_gym.agents.reply_logits import reply_logits


def imitation_loss(
    model: Any, batch: MicroBatch, samples: Sequence[Sample], *, bf16: bool = False
) -> tuple[Tensor, NDArray[np.float64]]:
    """Cross-entropy of the learnt tokens, each times its weight (the sample's ``advantages``).

    Args:
        model: A causal language model.
        batch: One of the micro-batches of ``samples``.
        samples: All samples that the batch was cut from.
        bf16: Autocast to bfloat16.

    Returns:
        The weighted sum of the losses; and four sums over what was said (not read): of the losses, of the
        tokens, of the replies right in every token, and of the replies.
    """
    device = next(iter(model.parameters())).device
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
        logits = reply_logits(model, batch)
    index = batch.index.numpy()
    weights = np.concatenate([sample.advantages for sample in samples])[index]
    turns = np.concatenate([sample.turns + 100_000 * row for row, sample in enumerate(samples)])[index]
    said = np.concatenate([sample.turns >= 0 for sample in samples])[index]
    losses = cross_entropy(logits.float(), batch.targets.to(logits.device), reduction="none")
    right = (logits.detach().argmax(dim=-1).cpu() == batch.targets).numpy()
    _, reply = np.unique(turns[said], return_inverse=True)
    replies = int(reply.max()) + 1 if len(reply) else 0
    wrong = np.bincount(reply, weights=~right[said], minlength=replies)
    counted = np.array([losses.detach().cpu().numpy()[said].sum(), said.sum(), (wrong == 0).sum(), replies])
    return (losses * torch.from_numpy(weights).to(losses.device)).sum(), counted


@torch.no_grad()
def accuracy(
    model: Any, samples: Sequence[Sample], *, max_tokens: int = 4096, bf16: bool = False
) -> dict[str, float]:
    """``held_out_loss`` a reply token, ``held_out_reply_accuracy``: share of replies right in every token."""
    was_training = model.training
    model.eval()
    sums = np.zeros(4)
    for batch in micro_batches(samples, max_tokens=max_tokens):
        sums += imitation_loss(model, batch, samples, bf16=bf16)[1]
    model.train(was_training)
    loss, right = float(sums[0] / max(sums[1], 1)), float(sums[2] / max(sums[3], 1))
    return {"held_out_loss": loss, "held_out_reply_accuracy": right}
