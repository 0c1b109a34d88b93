"""Whether a model gives the tokens of prefix trees what it gives them sequence by sequence."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skill_gym.agents.packing import Sample, tree_batches
from skill_gym.agents.prefix_tree_attention import (
    TreeAttention,
    TreeAttentionError,
    attending_over_trees,
    cannot,
    choose_attention,
)
from skill_gym.agents.prefix_tree_walk import walk
from skill_gym.agents.reply_logits import has_own_head, head, reading_outputs


def check_exact(model: Any, attention: TreeAttention = "auto") -> None:
    """Runs a few sequences as a tree and one by one, so that a model that cannot do it is found out.

    Models with convolutions, recurrent layers or position biases carry something from token to token by
    another way than attention, and would learn from wrong neighbours without an error.

    Raises:
        TreeAttentionError: The model gives its tokens something else in a tree.
    """
    samples = _samples(min(1000, int(model.config.get_text_config().vocab_size)))
    device = next(iter(model.parameters())).device
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            with attending_over_trees(model):
                together = _in_trees(model, samples, attention)
            alone = torch.cat([_alone(model, sample.token_ids[None, :-1]) for sample in samples])
    except TreeAttentionError:
        raise
    except (TypeError, ValueError) as error:
        raise TreeAttentionError(cannot(model, str(error))) from error
    except RuntimeError as error:
        if (chosen := choose_attention(device, attention)) not in ("flex", "flash"):
            raise
        raise TreeAttentionError(
            f"{chosen} attention does not run here ({error}); set grpo.tree_attention=dense"
        ) from error
    finally:
        model.train(was_training)
    # The mean, not the largest: of millions of logits that are rounded to 8 bits, some are far off.
    difference, size = float((together - alone).square().mean().sqrt()), float(alone.std())
    exact = next(iter(model.parameters())).dtype in (torch.float32, torch.float64)
    exact = exact and not torch.is_autocast_enabled(device.type)
    # Rounding to bfloat16 makes 0.02 in SmolLM2 with its 30 layers; what neighbours do is a good deal more.
    if not difference <= (1e-3 if exact else 0.06) * size:
        raise TreeAttentionError(
            cannot(model, f"logits differ by {difference:.2g} on average, their own spread is {size:.2g}")
        )


def _samples(vocabulary: int) -> list[Sample]:
    """Four sequences with a common beginning, all of whose tokens are predicted."""
    rng = np.random.default_rng(0)
    trunk = rng.integers(0, vocabulary, 6)
    positions = np.arange(1, 11)
    nothing = np.zeros(len(positions), dtype=np.float32)
    return [
        Sample(np.append(trunk, rng.integers(0, vocabulary, 5)), positions, nothing, nothing, positions, 0)
        for _ in range(4)
    ]


def _in_trees(model: Any, samples: Sequence[Sample], attention: TreeAttention) -> Tensor:
    """Logits by token to be predicted: in two trees of two sequences, and a trunk of both."""
    places, logits = [], []
    batches = tree_batches(samples, max_tokens=14, pass_tokens=0)
    for batch, trunks, _ in walk(model, batches, attention=attention):
        outputs = reading_outputs(model, batch, attention=attention, trunks=trunks)
        read = outputs[0, batch.columns.to(outputs.device)]
        logits.append(read if has_own_head(model) else head(model, read))
        places.append(batch.index)
    order = torch.argsort(torch.cat(places))
    return torch.cat(logits).float()[order.to(logits[0].device)]


def _alone(model: Any, token_ids: NDArray[np.int64]) -> Tensor:
    """Logits by token, without a tree."""
    device = next(iter(model.parameters())).device
    logits: Tensor = model(input_ids=torch.from_numpy(token_ids).to(device), use_cache=False).logits
    return logits[0].float()
