"""A trunk: tokens that are read once, and the trees that go on from them, forward and backward."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

KeyValues = Mapping[Any, tuple[Tensor, Tensor]]
"""By attention layer, each of shape [1, key head, token, channel]."""


class Trunk:
    """What a model made of a trunk's tokens, as leaves of the graphs of the trees that go on from it.

    A tree's backward pass ends at these leaves and leaves its gradient there; once all have, ``learn`` takes
    the sum through the trunk. So at any time the activations of one tree and of its trunks exist, no more.

    Args:
        outputs: What the model made of the trunk's own tokens, shape [1, token, channel or vocabulary].
        layers: Their keys and values.
    """

    def __init__(self, outputs: Tensor, layers: KeyValues) -> None:
        self._made = [outputs, *(one for pair in layers.values() for one in pair)]
        self._leaves = [_leaf(one) for one in self._made]
        keys, values = self._leaves[1::2], self._leaves[2::2]
        self._layers = dict(zip(layers, zip(keys, values, strict=True), strict=True))

    def __len__(self) -> int:
        return self._made[0].shape[1]

    @property
    def outputs(self) -> Tensor:
        """Of the model, shape [1, token, channel or vocabulary]."""
        return self._leaves[0].to(self._made[0].dtype)

    def before(self, layer: Any, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Puts a layer's keys and values of the trunk before those of later tokens."""
        keys, values = self._layers[layer]
        return (
            torch.cat((keys.to(key.dtype), key), dim=2),
            torch.cat((values.to(value.dtype), value), dim=2),
        )

    def learn(self) -> None:
        """Takes the gradients that have come back from the trees through the trunk; to be called once."""
        reached, gradients = [], []
        for made, leaf in zip(self._made, self._leaves, strict=True):
            if leaf.grad is not None:
                reached.append(made)
                gradients.append(leaf.grad.to(made.dtype))
        if reached:
            torch.autograd.backward(reached, gradients)


def _leaf(made: Tensor) -> Tensor:
    if not made.requires_grad:
        return made
    # In bfloat16 the sum over many trees would be rounded with every one of them.
    wide = torch.promote_types(made.dtype, torch.float32)
    return made.detach().to(wide).requires_grad_()
