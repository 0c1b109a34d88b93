"""Logits where replies stand, and nowhere else: the head of a model is its widest layer."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from skill_gym.agents.packing import MicroBatch
from skill_gym.agents.prefix_tree import PrefixTree
from skill_gym.agents.prefix_tree_attention import TreeAttention, TreeShape
from skill_gym.agents.prefix_tree_trunk import Trunk

# Models that change the head's output: for these the model's own forward is used, at full width.
_OWN_HEADS = ("final_logit_softcapping", "logit_scale", "logits_scaling")


def reply_logits(
    model: Any, batch: MicroBatch, *, attention: TreeAttention = "auto", trunks: Sequence[Trunk] = ()
) -> Tensor:
    """Runs a causal language model and predicts the reply tokens.

    Sequences are padded at the right and attention is causal, so no mask is needed: nothing that counts
    comes after padding. Without a mask, attention takes its fast path. A prefix tree needs
    ``attending_over_trees``.

    Args:
        model: A Hugging Face causal language model.
        batch: Its tensors may lie on another device.
        attention: How a prefix tree is attended over.
        trunks: What it goes on from, see ``walk``.

    Returns:
        Shape [reply, vocabulary].
    """
    outputs = reading_outputs(model, batch, attention=attention, trunks=trunks)
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


def reading_outputs(
    model: Any, batch: MicroBatch, *, attention: TreeAttention = "auto", trunks: Sequence[Trunk] = ()
) -> Tensor:
    """What the model makes of every token: its last layer's output, or logits if it has a head of its own.

    Args:
        model: See ``reply_logits``.
        batch: Its tensors may lie on another device.
        attention: How a prefix tree is attended over.
        trunks: What it goes on from, with as many tokens together as its past.

    Returns:
        Shape [sequence, token, channel or vocabulary]; of a tree for its whole row.
    """
    device = next(iter(model.parameters())).device
    shape = None if batch.tree is None else TreeShape.of(batch.tree, device, attention, trunks)
    outputs = [trunk.outputs for trunk in trunks]
    # All that a tree's members have may be in its trunks.
    if batch.input_ids.numel():
        outputs.append(_outputs(model, batch.input_ids.to(device), shape))
    return torch.cat(outputs, dim=1) if trunks else outputs[0]


def reading_trunk(
    model: Any, tree: PrefixTree, trunks: Sequence[Trunk] = (), *, attention: TreeAttention = "auto"
) -> Trunk:
    """Reads a trunk, which may itself go on from others; see ``reading_outputs``."""
    device = next(iter(model.parameters())).device
    shape = TreeShape.of(tree, device, attention, trunks)
    outputs = _outputs(model, torch.from_numpy(tree.token_ids[None, tree.past :]).to(device), shape)
    return Trunk(outputs, shape.taken())


def _outputs(model: Any, input_ids: Tensor, shape: TreeShape | None) -> Tensor:
    given: dict[str, Any] = {"input_ids": input_ids, "use_cache": False}
    if shape is not None:
        given |= {"position_ids": shape.depths[None, -input_ids.shape[1] :], "tree": shape}
    if has_own_head(model):
        logits: Tensor = model(**given).logits
        return logits
    # An adapter's layers lie inside the model that it wraps.
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    hidden: Tensor = inner.base_model(**given).last_hidden_state
    return hidden
