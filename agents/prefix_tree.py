"""Sequences that begin alike as trees: each shared token once, with one number that tells who sees it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from skill_gym.agents.prefix_tree_cuts import Ids, cut

PASS_TOKENS = 128
"""About what one more pass through a model costs, in tokens: all gradients are added up once more."""


@dataclass(frozen=True, slots=True)
class PrefixTree:
    """Some sequences, their common beginnings merged, in one row: a token stands before all that follow it.

    Token ``q`` sees token ``k`` exactly when ``k <= q < ends[k]``: then ``k`` is ``q`` itself or stands
    before it in a sequence of ``q``'s. So a model that is told depths as positions and attends by this rule
    gives each token what it gives it in the sequence alone.

    A tree may go on from trunks: then its row begins with their tokens, which have been read before it.

    Attributes:
        token_ids: Shape [token].
        depths: Place of each token in its sequences, from 0, shape [token].
        ends: One past the last token that sees it, shape [token].
        members: Which of all sequences are in this tree, shape [sequence]; none in a trunk.
        paths: For each member the places of its tokens in the row, shape [its length].
        past: How many tokens of the row trunks have read; every later one sees them all.
    """

    token_ids: Ids
    depths: Ids
    ends: Ids
    members: Ids
    paths: tuple[Ids, ...]
    past: int = 0

    def __len__(self) -> int:
        """Tokens that are read for it."""
        return len(self.token_ids) - self.past

    @property
    def is_trunk(self) -> bool:
        """Whether it is only read for what goes on from it."""
        return not len(self.members)


def prefix_trees(
    sequences: Sequence[Ids], *, max_tokens: int, pass_tokens: int = PASS_TOKENS
) -> Iterator[PrefixTree]:
    """Merges sequences into as few tokens as trees of at most ``max_tokens`` allow.

    In alphabetical order each sequence shares most with its neighbour. What fits goes into one tree, where
    every shared token is there once. What does not is cut, and what the parts begin with alike is a trunk: a
    tree without members that stands before them and is read once (see ``cut``). To be read along the way are
    at any time one tree and the trunks that it goes on from: its whole row.

    Args:
        sequences: At least one token each.
        max_tokens: Budget of a row, at least 1; a longer sequence gets a tree of its own.
        pass_tokens: What one more pass costs, in tokens: beginnings that are no longer are repeated.

    Yields:
        Trees that hold every sequence once, and trunks. Each goes on from the trunks before it that are not
        longer than its past; those that are longer are done with.
    """
    if max_tokens < 1:
        raise ValueError(f"max_tokens must be at least 1, got {max_tokens}")
    if not all(len(sequence) for sequence in sequences):
        raise ValueError("sequences need at least one token each, got an empty one; leave it out")
    if not sequences:
        return
    order, common = in_order(sequences)
    shared = np.array(common)
    lengths = np.array([len(sequences[one]) for one in order])
    for piece in cut(lengths, shared, max_tokens=max_tokens, pass_tokens=pass_tokens):
        members = [order[place] for place in piece.members]
        if piece.trunk:
            yield _trunk(sequences[members[0]][: piece.trunk], piece.past)
        else:
            yield _tree(sequences, members, piece.shared.tolist(), piece.past)


def in_order(sequences: Sequence[Ids]) -> tuple[list[int], list[int]]:
    """Indices in alphabetical order, and how many tokens each shares with the one before (the first 0)."""
    # As unsigned big-endian bytes, tokens compare like numbers, many at once.
    order = sorted(range(len(sequences)), key=lambda one: sequences[one].astype(">u4").tobytes())
    return order, [0, *(_shared(sequences[a], sequences[b]) for a, b in pairwise(order))][: len(order)]


def _shared(first: Ids, second: Ids) -> int:
    """Number of tokens that both begin with."""
    length = min(len(first), len(second))
    different = np.flatnonzero(first[:length] != second[:length])
    return int(different[0]) if len(different) else length


def _trunk(token_ids: Ids, past: int) -> PrefixTree:
    size = len(token_ids)
    return PrefixTree(token_ids, np.arange(size), np.full(size, size), np.array([], dtype=np.int64), (), past)


def _tree(sequences: Sequence[Ids], members: Sequence[int], shared: Sequence[int], past: int) -> PrefixTree:
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
    return PrefixTree(token_ids, depths, ends, np.array(members, dtype=np.int64), tuple(paths), past)
