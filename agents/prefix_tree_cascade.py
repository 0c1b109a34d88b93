"""Attention over a prefix tree without a mask: all that follow a run of tokens meet it in one call.

All descendants of a run stand behind it in one piece, and each sees the whole run. So a tree takes two calls
of an ordinary attention kernel for each run: the run on itself, causal, and its descendants on the run. A
query's parts are put together by their log-sum-exp, as in FlashAttention (Dao et al. 2022) and in cascade
inference (Ye et al. 2024).
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

_FORWARD = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_BACKWARD = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


class Run(NamedTuple):
    """Tokens in a row that the same later tokens see.

    Attributes:
        start: First token.
        end: One past the last.
        seen_until: One past the last of its descendants, which begin at ``end``; ``end`` if there is none.
    """

    start: int
    end: int
    seen_until: int


def runs(ends: NDArray[np.int64], past: int = 0) -> list[Run]:
    """The runs of a prefix tree, in order; what trunks have read is one of its own.

    Args:
        ends: See ``PrefixTree``, shape [token].
        past: How many of the tokens trunks have read.
    """
    borders = np.flatnonzero(np.diff(ends)) + 1
    if 0 < past < len(ends):
        borders = np.union1d(borders, past)
    starts, stops = np.append(0, borders), np.append(borders, len(ends))
    return [Run(*one) for one in zip(starts.tolist(), stops.tolist(), ends[starts].tolist(), strict=True)]


def cascade_attention(
    query: Tensor, key: Tensor, value: Tensor, tree: Sequence[Run], *, scale: float
) -> Tensor:
    """Each token of a tree attends to itself and the tokens before it in its sequences; on CPUs.

    Nothing of the size of tokens times tokens is kept for the backward pass.

    Args:
        query: Shape [1, head, token, channel]; of the last tokens, where trunks have read the first.
        key: Shape [1, head, token of the whole row, channel].
        value: Same shape.
        tree: The runs of the row.
        scale: Factor on the products of queries and keys.

    Returns:
        Of the shape of ``query``.
    """
    attended: Tensor = _Cascade.apply(query, key, value, tree, scale)  # type: ignore[no-untyped-call]
    return attended


class _Cascade(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, tree: Sequence[Run], scale: float
    ) -> Tensor:
        result = torch.empty_like(query)
        norms = torch.empty(query.shape[:3], dtype=torch.promote_types(query.dtype, torch.float32))
        for queries, keys, causal in _calls(tree, key.shape[2] - query.shape[2]):
            part, norm = _FORWARD(
                query[:, :, queries], key[:, :, keys], value[:, :, keys], 0.0, causal, scale=scale
            )
            if causal:
                result[:, :, queries], norms[:, :, queries] = part, norm
                continue
            both = torch.logaddexp(norms[:, :, queries], norm)
            known = result[:, :, queries] * (norms[:, :, queries] - both).exp()[..., None].to(part.dtype)
            result[:, :, queries] = known.add_(part * (norm - both).exp()[..., None].to(part.dtype))
            norms[:, :, queries] = both
        ctx.save_for_backward(query, key, value, result, norms)
        ctx.tree, ctx.scale = tree, scale
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        query, key, value, result, norms = ctx.saved_tensors
        found = torch.zeros_like(query), torch.zeros_like(key), torch.zeros_like(value)
        for queries, keys, causal in _calls(ctx.tree, key.shape[2] - query.shape[2]):
            # With the whole result and norm of a query, each part of its keys gets its share exactly.
            parts = _BACKWARD(
                gradient[:, :, queries],
                query[:, :, queries],
                key[:, :, keys],
                value[:, :, keys],
                result[:, :, queries],
                norms[:, :, queries],
                0.0,
                causal,
                scale=ctx.scale,
            )
            for total, where, part in zip(found, (queries, keys, keys), parts, strict=True):
                total[:, :, where] += part
        return (*found, None, None)


def _calls(tree: Sequence[Run], past: int) -> Iterator[tuple[slice, slice, bool]]:
    """Queries, keys, and whether they are the same run: every run on itself first, then all descendants."""
    for run in tree:
        if run.start >= past:
            yield slice(run.start - past, run.end - past), slice(run.start, run.end), True
    for run in tree:
        if run.seen_until > run.end:
            yield slice(run.end - past, run.seen_until - past), slice(run.start, run.end), False
