"""Log-probabilities of the reply tokens, with the logits of only some positions at a time.

For a vocabulary of 150,000 the logits of 8,000 tokens are 5 GB, several times over in a backward pass: more
than all else that a small model needs. Here they exist for a few positions at once, and are made again for
the gradient.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from skill_gym.agents.packing import MicroBatch
from skill_gym.agents.prefix_tree_attention import TreeAttention
from skill_gym.agents.prefix_tree_trunk import Trunk
from skill_gym.agents.reply_logits import has_own_head, head, reading_outputs
from skill_gym.agents.token_masks import masked

LOGITS = 10 * 2**20
"""Most logits at once: 40 MB in float32, and about five times that with what is made of them.

More than 32 MiB, from where on glibc gives every block back as soon as it is free: of slices just below, an
update on a CPU kept up to a gigabyte.
"""


def reply_logprobs(
    model: Any,
    batch: MicroBatch,
    *,
    temperature: float = 1.0,
    attention: TreeAttention = "auto",
    most_logits: int = LOGITS,
    trunks: Sequence[Trunk] = (),
) -> tuple[Tensor, Tensor]:
    """Log-probability of each reply token, and the entropy of the distribution that it was drawn from.

    Where several samples have read the same, they share one distribution, whatever each says next. A reply
    that was held to a grammar was drawn from the tokens that it allowed: so both are of those alone.

    Args:
        model: A Hugging Face causal language model; one with a head of its own (``has_own_head``) gives
            logits for all positions.
        batch: Its tensors may lie on another device.
        temperature: That of the sampling, greater than 0.
        attention: How a prefix tree is attended over.
        most_logits: Bound of the logits that exist at once, in numbers; at least one position's.
        trunks: What a prefix tree goes on from, see ``walk``.

    Returns:
        Two tensors in nats, float32 or wider, shape [reply].
    """
    outputs = reading_outputs(model, batch, attention=attention, trunks=trunks)
    width = outputs.shape[1]
    masks = batch.masks
    # Replies of several grammars may have read the same; then their distributions differ.
    kinds = 1 if masks is None else len(masks.rows)
    own = batch.rows * width + batch.columns
    own = own if masks is None else own * kinds + masks.index
    places, place = torch.unique(own, return_inverse=True)
    read = outputs.flatten(0, 1)[(places // kinds).to(outputs.device)]
    order = torch.argsort(place, stable=True)
    sorted_places, targets = place[order], batch.targets[order].to(outputs.device)
    vocabulary = int(model.get_output_embeddings().weight.shape[0])
    size = max(1, most_logits // vocabulary)
    logprobs, entropies = [], []
    for start in range(0, len(places), size):
        first, last = torch.searchsorted(sorted_places, torch.tensor([start, start + size])).tolist()
        arguments = (
            model,
            read[start : start + size],
            (sorted_places[first:last] - start).to(outputs.device),
            targets[first:last],
            temperature,
            None if masks is None else masks.rows[places[start : start + size] % kinds].to(outputs.device),
        )
        if len(places) <= size or not torch.is_grad_enabled():
            chosen, entropy = _distributions(*arguments)
        else:
            chosen, entropy = checkpoint(
                _distributions, *arguments, use_reentrant=False, preserve_rng_state=False
            )
        logprobs.append(chosen)
        entropies.append(entropy)
    # Back into the batch's order.
    back = torch.argsort(order).to(outputs.device)
    return torch.cat(logprobs)[back], torch.cat(entropies)[back]


def _distributions(
    model: Any, read: Tensor, place: Tensor, targets: Tensor, temperature: float, masks: Tensor | None
) -> tuple[Tensor, Tensor]:
    """As ``reply_logprobs``, for tokens that are predicted at ``place`` of the positions that were read.

    ``masks`` are those of the positions, packed; None where every token is allowed.
    """
    logits = read if has_own_head(model) else head(model, read)
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if temperature != 1:
        wide = wide / temperature
    if masks is not None:
        wide = masked(wide, masks)
    distribution = torch.log_softmax(wide, dim=-1)
    # What is not allowed has probability 0 and adds nothing, though its logarithm is infinite.
    finite = distribution if masks is None else distribution.masked_fill(distribution.isinf(), 0.0)
    entropy = -(distribution.exp() * finite).sum(-1)
    return distribution[place, targets], entropy[place]
