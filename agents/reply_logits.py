"""Logits where replies stand, and nowhere else: the head of a model is its widest layer."""

from typing import Any

from torch import Tensor

from skill_gym.agents.packing import MicroBatch

# Models that change the head's output: for these the model's own forward is used, at full width.
_OWN_HEADS = ("final_logit_softcapping", "logit_scale", "logits_scaling")


def reply_logits(model: Any, batch: MicroBatch) -> Tensor:
    """Runs a causal language model and predicts the reply tokens.

    Sequences are padded at the right and attention is causal, so no mask is needed: nothing that counts
    comes after padding. Without a mask, attention takes its fast path.

    Args:
        model: A Hugging Face causal language model.
        batch: Its tensors may lie on another device.

    Returns:
        Shape [reply, vocabulary].
    """
    device = next(iter(model.parameters())).device
    input_ids = batch.input_ids.to(device)
    rows, columns = batch.rows.to(device), batch.columns.to(device)
    if any(getattr(model.config, name, None) not in (None, 1, 1.0) for name in _OWN_HEADS):
        whole: Tensor = model(input_ids=input_ids, use_cache=False).logits
        return whole[rows, columns]
    hidden = model.base_model(input_ids=input_ids, use_cache=False).last_hidden_state
    logits: Tensor = model.get_output_embeddings()(hidden[rows, columns])
    return logits
