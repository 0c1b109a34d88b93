"""Where sequences in alphabetical order are cut into trees, and which beginnings are trunks of several."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


class Piece(NamedTuple):
    """What goes through a model at once: the sequences of a tree, or a trunk of trees that follow.

    Attributes:
        members: Places in the order, shape [sequence]; of a trunk one sequence that begins with it.
        shared: Tokens that each member shares with the one before it, 0 for the first, shape [sequence].
        past: Tokens that all members begin with and that trunks before have read.
        trunk: Length of the beginning that a trunk reads up to; 0 for a tree.
        tokens: How many go through the model.
    """

    members: Ids
    shared: Ids
    past: int
    trunk: int
    tokens: int


def cut(lengths: Ids, shared: Ids, *, max_tokens: int, pass_tokens: int) -> list[Piece]:
    """Cuts so that few tokens are read twice, and no tree with its trunks has more than ``max_tokens``.

    Where all fit into one tree there is one. Otherwise what they all begin with becomes a trunk, and behind
    it, where they branch, branches that fit go together into trees, and one that does not is cut in the same
    way, with a trunk of its own. A piece goes on from the last trunk that is no longer than its past.

    Args:
        lengths: Of the sequences in alphabetical order, shape [sequence].
        shared: Tokens that each shares with the one before it, 0 for the first, shape [sequence].
        max_tokens: Budget of a tree, its trunks included; a longer sequence gets a tree of its own.
        pass_tokens: What a piece costs besides its tokens, in tokens. A branch that begins with no more
            common tokens gets no trunk: they are repeated.

    Returns:
        Pieces, each behind its trunk; the trees of a trunk from the largest to the smallest.
    """
    without = _parts(np.arange(len(lengths)), lengths, shared, 0, max_tokens, pass_tokens)
    nested = list(_nested(lengths, shared, max_tokens, pass_tokens))
    return min(without, nested, key=lambda pieces: sum(piece.tokens + pass_tokens for piece in pieces))


def _nested(lengths: Ids, shared: Ids, max_tokens: int, pass_tokens: int) -> Iterator[Piece]:
    new = np.cumsum(lengths - shared)
    # Branches that are to be cut: from where to where in the order, what is read, and their trunk.
    left = [(0, len(lengths), 0, 0)]
    while left:
        start, end, read, past = left.pop()
        if past > read:
            yield Piece(np.array([start]), np.array([0]), read, past, past - read)
        borders = start + 1 + np.flatnonzero(shared[start + 1 : end] <= past + pass_tokens)
        fitting = []
        for first, last in pairwise([start, *borders.tolist(), end]):
            size = new[last - 1] - new[first] + lengths[first]
            if size <= max_tokens or last - first == 1:
                fitting.append(np.arange(first, last))
            else:
                left.append((first, last, past, int(shared[first + 1 : last].min())))
        if fitting:
            yield from _parts(np.concatenate(fitting), lengths, shared, past, max_tokens, pass_tokens)


def _parts(
    members: Ids, lengths: Ids, shared: Ids, past: int, max_tokens: int, pass_tokens: int
) -> list[Piece]:
    """Cuts some of the order into trees that go on from the same trunk, the largest first."""
    # Two that have others between them share what all between share.
    behind = np.append(0, members[:-1] + 1)
    common = np.array([shared[a : b + 1].min() for a, b in zip(behind, members, strict=True)], dtype=np.int64)
    common[0] = past
    parts = _cheapest(lengths[members] - past, common - past, max_tokens - past, pass_tokens)
    return [
        Piece(members[start:end], np.append(0, common[start + 1 : end]), past, 0, tokens)
        for start, end, tokens in sorted(parts, key=lambda part: -part[2])
    ]


def _cheapest(lengths: Ids, shared: Ids, max_tokens: int, pass_tokens: int) -> list[tuple[int, int, int]]:
    """The parts (start, end, tokens) of the order that cost least; by dynamic programming."""
    new = np.cumsum(lengths - shared)
    # Tokens of a part that begins at i and ends with j: new[j] + head[i].
    head = lengths - new
    best = np.zeros(len(lengths) + 1, dtype=np.int64)
    begins = np.zeros(len(lengths), dtype=np.int64)
    first = 0
    for last in range(len(lengths)):
        while first < last and new[last] + head[first] > max_tokens:
            first += 1
        # A part that begins at i repeats the tokens that i shares with what stands before it.
        costs = best[first : last + 1] + shared[first : last + 1] + pass_tokens
        chosen = int(np.argmin(costs))
        best[last + 1], begins[last] = costs[chosen], first + chosen
    parts = []
    end = len(lengths)
    while end:
        start = int(begins[end - 1])
        parts.append((start, end, int(new[end - 1] + head[start])))
        end = start
    return parts[::-1]
