"""Deals samples to the ranks: as many tokens for each as can be, what begins alike together."""

from collections.abc import Sequence

from skill_gym.agents.prefix_tree import in_order
from skill_gym.agents.prefix_tree_cuts import Ids


def shares(sequences: Sequence[Ids], count: int, *, merged: bool = True) -> list[list[int]]:
    """Cuts sequences, in alphabetical order, into shares whose largest is as small as it can be.

    Neighbours of that order share the most tokens, and each cut costs what its neighbours share, so that few
    tokens are computed on two ranks. The result depends on the arguments only: every rank finds the same.

    Args:
        sequences: At least one token each.
        count: Number of shares, at least 1.
        merged: Whether what a share's sequences begin with alike is computed once.

    Returns:
        Indices of each share's sequences; some shares are empty where there are few sequences.
    """
    if count == 1:
        return [list(range(len(sequences)))]
    order, shared = in_order(sequences)
    lengths = [len(sequences[one]) for one in order]
    if not merged:
        shared = [0] * len(order)
    # The smallest budget under which the sequences, dealt one share after the other, fit.
    low, high = max(lengths, default=0), sum(lengths)
    while low < high:
        middle = (low + high) // 2
        if len(_deal(lengths, shared, middle)) <= count:
            high = middle
        else:
            low = middle + 1
    cuts = [*_deal(lengths, shared, low), *[len(order)] * count][: count + 1]
    return [order[start:end] for start, end in zip(cuts, [*cuts[1:], len(order)], strict=True)][:count]


def _deal(lengths: Sequence[int], shared: Sequence[int], budget: int) -> list[int]:
    """Where each share begins when each takes what its budget allows."""
    begins: list[int] = []
    left = 0
    for one, (length, common) in enumerate(zip(lengths, shared, strict=True)):
        if begins and length - common <= left:
            left -= length - common
        else:
            begins.append(one)
            left = budget - length
    return begins
