"""Sequences that begin alike as trees: each shared token once, with one number that tells who sees it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PrefixTree:
    """Some sequences, their common beginnings merged, in one row: a token stands before all that follow it.

    Token ``q`` sees token ``k`` exactly when ``k <= q < ends[k]``: then ``k`` is ``q`` itself or stands
    before it in a sequence of ``q``'s. So a model that is told depths as positions and attends by this rule
    gives each token what it gives it in the sequence alone.

    Attributes:
        token_ids: Shape [token].
        depths: Place of each token in its sequences, from 0, shape [token].
        ends: One past the last token that sees it, shape [token].
        members: Which of all sequences are in this tree, shape [sequence].
        paths: For each member the places of its tokens in the row, shape [its length].
    """

    token_ids: Ids
    depths: Ids
    ends: Ids
    members: Ids
    paths: tuple[Ids, ...]

    def __len__(self) -> int:
        return len(self.token_ids)


def prefix_trees(sequences: Sequence[Ids], *, max_tokens: int) -> Iterator[PrefixTree]:
    """Merges sequences into as few tokens as trees of at most ``max_tokens`` allow.

    In alphabetical order each sequence shares most with its neighbour. Where this order is cut, the next tree
    begins with a whole sequence again; the cuts are those that repeat the fewest tokens in all, and among
    equals those that make larger trees. Without a cut every shared token is there once.

    Args:
        sequences: At least one token each.
        max_tokens: Budget of a tree, at least 1; a longer sequence gets a tree of its own.

    Yields:
        Trees that hold every sequence once; the largest first, so that memory is known early.
    """
    if max_tokens < 1:
        raise ValueError(f"max_tokens must be at least 1, got {max_tokens}")
    if not all(len(sequence) for sequence in sequences):
        raise ValueError("sequences need at least one token each, got an empty one; leave it out")
    if not sequences:
        return
    # As unsigned big-endian bytes, tokens compare like numbers, many at once.
    order = sorted(range(len(sequences)), key=lambda one: sequences[one].astype(">u4").tobytes())
    shared = [0, *(_shared(sequences[a], sequences[b]) for a, b in pairwise(order))]
    lengths = np.array([len(sequences[one]) for one in order], dtype=np.int64)
    parts = _cuts(lengths, np.array(shared, dtype=np.int64), max_tokens)
    for start, end, _ in sorted(parts, key=lambda part: -part[2]):
        yield _tree(sequences, order[start:end], [0, *shared[start + 1 : end]])


def _shared(first: Ids, second: Ids) -> int:
    """Number of tokens that both begin with."""
    length = min(len(first), len(second))
    different = np.flatnonzero(first[:length] != second[:length])
    return int(different[0]) if len(different) else length


def _cuts(lengths: Ids, shared: Ids, max_tokens: int) -> list[tuple[int, int, int]]:
    """The parts (start, end, tokens) of the order that repeat the fewest tokens; by dynamic programming."""
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
        costs = best[first : last + 1] + shared[first : last + 1]
        chosen = int(np.argmin(costs))
        best[last + 1], begins[last] = costs[chosen], first + chosen
    parts = []
    end = len(lengths)
    while end:
        start = int(begins[end - 1])
        parts.append((start, end, int(new[end - 1] + head[start])))
        end = start
    return parts[::-1]


def _tree(sequences: Sequence[Ids], members: Sequence[int], shared: Sequence[int]) -> PrefixTree:
    path = np.zeros(max(len(sequences[one]) for one in members), dtype=np.int64)
    size = sum(len(sequences[one]) - common for one, common in zip(members, shared, strict=True))
    token_ids, depths = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    ends = np.full(size, size, dtype=np.int64)
    paths = []
    offset = depth = 0
    for one, common in zip(members, shared, strict=True):
        own = sequences[one]
        # What the one before has beyond the common tokens is seen by nobody any more.
        ends[path[common:depth]] = offset
        depth = len(own)
        after = offset + depth - common
        path[common:depth] = np.arange(offset, after)
        token_ids[offset:after] = own[common:]
        depths[offset:after] = np.arange(common, depth)
        paths.append(path[:depth].copy())
        offset = after
    return PrefixTree(token_ids, depths, ends, np.array(members, dtype=np.int64), tuple(paths))
