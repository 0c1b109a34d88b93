"""Batches through a model in order; trunks are read on the way, and learn after what goes on from them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from skill_gym.agents.packing import MicroBatch
from skill_gym.agents.prefix_tree_attention import TreeAttention
from skill_gym.agents.prefix_tree_trunk import Trunk
from skill_gym.agents.reply_logits import reading_trunk


class Stop(NamedTuple):
    """A batch whose turn it is.

    Attributes:
        batch: With samples in it.
        trunks: What it goes on from, the one at the root first.
        tokens: That go through the model for it, with those of trunks that were read just now.
    """

    batch: MicroBatch
    trunks: tuple[Trunk, ...]
    tokens: int


def walk(
    model: Any,
    batches: Iterable[MicroBatch],
    *,
    attention: TreeAttention = "auto",
    within: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> Iterator[Stop]:
    """Goes through batches one by one.

    Where gradients are wanted, what is made of a batch has to be carried back before the next is asked for,
    and the walk has to be gone to its end: there the trunks' own backward passes are.

    Args:
        model: A Hugging Face causal language model; inside ``attending_over_trees`` for trees.
        batches: As ``tree_batches`` or ``micro_batches`` gives them.
        attention: How trees are attended over.
        within: Makes a context for the forward passes of trunks.

    Yields:
        The batches with samples, in their order.
    """
    path: list[Trunk] = []
    tokens = 0
    for batch in batches:
        past = 0 if batch.tree is None else batch.tree.past
        while sum(map(len, path)) > past:
            path.pop().learn()
        tokens += batch.input_ids.numel()
        if batch.tree is not None and batch.tree.is_trunk:
            with within():
                path.append(reading_trunk(model, batch.tree, path, attention=attention))
        else:
            yield Stop(batch, tuple(path), tokens)
            tokens = 0
    while path:
        path.pop().learn()
