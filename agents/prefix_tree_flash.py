"""Attention over a prefix tree on GPUs by variable-length FlashAttention (Dao 2023): a launch for each level.

All runs on themselves are one launch over the whole row; so what nobody shares costs no more than sequences
laid end to end. Then, level by level, all that follow the runs of a level meet them in one launch. A query's
parts are put together by their log-sum-exp, as in the cascade for CPUs. Keys of grouped heads are read as
they are, and not repeated.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from skill_gym.agents.prefix_tree_cascade import Run


class Launch(NamedTuple):
    """Pieces of queries that each see a piece of keys.

    Attributes:
        queries: Places among all queries, piece after piece, shape [query]; None for all.
        keys: Places among all keys, shape [key]; None for all.
        query_starts: Where each piece's queries begin, and the end, int32, shape [piece + 1].
        key_starts: Same for the keys.
        most_queries: Of a piece.
        most_keys: Of a piece.
        causal: Whether a query sees only the keys up to its own place in the piece.
    """

    queries: Tensor | None
    keys: Tensor | None
    query_starts: Tensor
    key_starts: Tensor
    most_queries: int
    most_keys: int
    causal: bool


def launches(tree: Sequence[Run], device: torch.device, past: int = 0) -> list[Launch]:
    """What is launched for a tree: first all runs on themselves, then a level after the other.

    Args:
        tree: The runs of all tokens, in order.
        device: Where the kernel runs.
        past: How many of the tokens trunks have read; they are keys and no queries.
    """
    levels: list[list[Run]] = []
    above: list[Run] = []
    for run in tree:
        while above and above[-1].seen_until <= run.start:
            above.pop()
        if run.seen_until > run.end:
            if len(above) == len(levels):
                levels.append([])
            levels[len(above)].append(run)
            above.append(run)
    read = [run.end - run.start for run in tree if run.start >= past]
    whole = torch.arange(past, past + sum(read), device=device) if past else None
    own = _starts(read, device)
    found = [Launch(None, whole, own, own, max(read), max(read), causal=True)]
    for level in levels:
        seen, see = [one.end - one.start for one in level], [one.seen_until - one.end for one in level]
        found.append(
            Launch(
                torch.cat([torch.arange(one.end - past, one.seen_until - past) for one in level]).to(device),
                torch.cat([torch.arange(one.start, one.end) for one in level]).to(device),
                _starts(see, device),
                _starts(seen, device),
                max(see),
                max(seen),
                causal=False,
            )
        )
    return found


class Kernel(Protocol):
    """Attention over pieces of various lengths, with its log-sum-exp, and its backward pass."""

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, launch: Launch, scale: float
    ) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """Result, shape [query, head, channel]; log-sum-exp, float32, shape [head, query]; what it keeps."""
        ...

    def backward(
        self,
        gradient: Tensor,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        result: Tensor,
        norms: Tensor,
        kept: tuple[Tensor, ...],
        launch: Launch,
        scale: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of query, key and value for a result and log-sum-exp that may count further keys, too."""
        ...


class TorchKernel:
    """The FlashAttention that comes with PyTorch: for half precision on NVIDIA GPUs from Ampere on."""

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, launch: Launch, scale: float
    ) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """See ``Kernel``."""
        result, norms, random, unused, _ = torch.ops.aten._flash_attention_forward(
            query, key, value, *launch[2:6], 0.0, launch.causal, False, scale=scale
        )
        return result, norms, (random, unused)

    def backward(
        self,
        gradient: Tensor,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        result: Tensor,
        norms: Tensor,
        kept: tuple[Tensor, ...],
        launch: Launch,
        scale: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See ``Kernel``."""
        found: tuple[Tensor, Tensor, Tensor] = torch.ops.aten._flash_attention_backward(
            gradient,
            query,
            key,
            value,
            result,
            norms,
            *launch[2:6],
            0.0,
            launch.causal,
            *kept,
            scale=scale,
        )
        return found


TORCH = TorchKernel()


def flash_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    plan: Sequence[Launch],
    *,
    scale: float,
    kernel: Kernel = TORCH,
) -> Tensor:
    """Each token of a tree attends to itself and the tokens before it in its sequences.

    Args:
        query: Shape [token, head, channel]; of the last tokens, where trunks have read the first.
        key: Shape [token of the whole row, key head, channel]; the number of heads is a multiple of that of
            key heads.
        value: Same shape.
        plan: Of ``launches``.
        scale: Factor on the products of queries and keys.
        kernel: What computes a launch.

    Returns:
        Of the shape of ``query``.
    """
    attended: Tensor = _Flash.apply(query, key, value, plan, scale, kernel)  # type: ignore[no-untyped-call]
    return attended


class _Flash(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        plan: Sequence[Launch],
        scale: float,
        kernel: Kernel,
    ) -> Tensor:
        kept = []
        # Many parts may meet in a query: they are added up in at least single precision.
        wide = torch.promote_types(query.dtype, torch.float32)
        total, norms = query.new_empty(0), query.new_empty(0)
        for launch, (queries, keys, values) in _pieces(plan, query, key, value):
            part, norm, random = kernel.forward(queries, keys, values, launch, scale)
            kept.append(random)
            if launch.queries is None:
                total, norms = part.to(wide), norm
                continue
            at = launch.queries
            known = norms[:, at]
            both = torch.logaddexp(known, norm)
            total[at] = total[at] * _weight(known - both) + part * _weight(norm - both)
            norms[:, at] = both
        result = total.to(query.dtype)
        ctx.save_for_backward(query, key, value, result, norms)
        ctx.plan, ctx.scale, ctx.kernel, ctx.kept = plan, scale, kernel, kept
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None, None]:
        query, key, value, result, norms = ctx.saved_tensors
        wide = torch.promote_types(query.dtype, torch.float32)
        found = [torch.zeros_like(one, dtype=wide) for one in (query, key, value)]
        gradient = gradient.contiguous()
        for place, (launch, inputs) in enumerate(_pieces(ctx.plan, query, key, value)):
            at = launch.queries
            # With the whole result and norm of a query, each part of its keys gets its share exactly.
            parts = ctx.kernel.backward(
                _at(gradient, at),
                *inputs,
                _at(result, at),
                norms if at is None else norms[:, at].contiguous(),
                ctx.kept[place],
                launch,
                ctx.scale,
            )
            for total, where, part in zip(found, (at, launch.keys, launch.keys), parts, strict=True):
                # No place stands twice in a launch.
                total[slice(None) if where is None else where] += part
        to_query, to_key, to_value = (
            total.to(one.dtype) for total, one in zip(found, (query, key, value), strict=True)
        )
        return to_query, to_key, to_value, None, None, None


def _pieces(
    plan: Sequence[Launch], query: Tensor, key: Tensor, value: Tensor
) -> Iterator[tuple[Launch, tuple[Tensor, Tensor, Tensor]]]:
    for launch in plan:
        yield launch, (_at(query, launch.queries), _at(key, launch.keys), _at(value, launch.keys))


def _at(row: Tensor, places: Tensor | None) -> Tensor:
    return row if places is None else row[places]


def _weight(difference: Tensor) -> Tensor:
    """A part's share, from [head, query] to what multiplies [query, head, channel]."""
    return difference.exp().transpose(0, 1)[..., None]


def _starts(lengths: Sequence[int], device: torch.device) -> Tensor:
    return torch.tensor([0, *lengths]).cumsum(0).to(device=device, dtype=torch.int32)
