"""Masks of replies that were held to a grammar: a bit for each token, unpacked where they count."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class TokenMasks:
    """What was allowed in the place of each reply token; many places share a mask.

    Attributes:
        rows: Masks, each once, packed as in ``HeldReply.allowed``, uint8, shape [mask, byte].
        index: Mask of each reply token, int64, shape [reply].
    """

    rows: Tensor
    index: Tensor

    @classmethod
    def of(cls, masks: Sequence[bytes]) -> "TokenMasks | None":
        """Of the masks of all reply tokens, ``b""`` for a free one; None when all are free."""
        numbers = {mask: number for number, mask in enumerate(dict.fromkeys(masks))}
        width = max(map(len, numbers), default=0)
        if not width:
            return None
        rows = b"".join(mask or b"\xff" * width for mask in numbers)
        return cls(
            torch.frombuffer(bytearray(rows), dtype=torch.uint8).view(len(numbers), width),
            torch.tensor([numbers[mask] for mask in masks], dtype=torch.int64),
        )


def masked(logits: Tensor, rows: Tensor) -> Tensor:
    """The logits with minus infinity for what is not allowed, as the engine's.

    Args:
        logits: Shape [position, vocabulary].
        rows: Packed mask of each position, uint8, shape [position, byte], on the same device.
    """
    bits = (rows[:, :, None] >> torch.arange(8, dtype=torch.uint8, device=rows.device)) & 1
    allowed = bits.flatten(1)[:, : logits.shape[1]].bool()
    return logits.masked_fill(~allowed, float("-inf"))
