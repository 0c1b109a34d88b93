"""Logits where replies stand, and nowhere else: the head of a model is its widest layer."""

from typing import Any

from torch import Tensor

from skill_gym.agents.packing import MicroBatch
from skill_gym.agents.prefix_tree_attention import TreeAttention, TreeShape

# Models that change the head's output: for these the model's own forward is used, at full width.
_OWN_HEADS = ("final_logit_softcapping", "logit_scale", "logits_scaling")


def reply_logits(model: Any, batch: MicroBatch, *, attention: TreeAttention = "auto") -> Tensor:
    """Runs a causal language model and predicts the reply tokens.

    Sequences are padded at the right and attention is causal, so no mask is needed: nothing that counts
    comes after padding. Without a mask, attention takes its fast path. A prefix tree needs
    ``attending_over_trees``.

    Args:
        model: A Hugging Face causal language model.
        batch: Its tensors may lie on another device.
        attention: How a prefix tree is attended over.

    Returns:
        Shape [reply, vocabulary].
    """
    outputs = reading_outputs(model, batch, attention=attention)
    rows, columns = batch.rows.to(outputs.device), batch.columns.to(outputs.device)
    read = outputs[rows, columns]
    return read if has_own_head(model) else head(model, read)


def has_own_head(model: Any) -> bool:
    """Whether there is more between the last layer and the logits than the head's weights."""
    config = model.config
    return any(getattr(config, name, None) not in (None, 1, 1.0) for name in _OWN_HEADS)


def head(model: Any, hidden: Tensor) -> Tensor:
    """Logits, shape [position, vocabulary], of the last layer's outputs, shape [position, channel]."""
    logits: Tensor = model.get_output_embeddings()(hidden)
    return logits


def reading_outputs(model: Any, batch: MicroBatch, *, attention: TreeAttention = "auto") -> Tensor:
    """What the model makes of every token: its last layer's output, or logits if it has a head of its own.

    Returns:
        Shape [sequence, token, channel or vocabulary].
    """
    device = next(iter(model.parameters())).device
    given: dict[str, Any] = {"input_ids": batch.input_ids.to(device), "use_cache": False}
    if batch.tree is not None:
        shape = TreeShape.of(batch.tree, device, attention)
        given |= {"position_ids": shape.depths[None], "tree": shape}
    if has_own_head(model):
        logits: Tensor = model(**given).logits
        return logits
    # An adapter's layers lie inside the model that it wraps.
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    hidden: Tensor = inner.base_model(**given).last_hidden_state
    return hidden
