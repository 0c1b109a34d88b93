"""Credit for single steps: siblings that stood in the same state are compared with each other (GiGPO)."""

from collections.abc import Sequence
from difflib import SequenceMatcher

import torch
from torch import Tensor

from skill_gym.agents.advantages import EPSILON, Scale


def discounted_returns(rewards: Tensor, trajectory: Tensor, *, gamma: float = 0.95) -> Tensor:
    """What each turn and those after it brought: ``G_t = r_t + gamma G_{t+1}`` (GiGPO, eq. 7).

    Args:
        rewards: Of each turn, in order, shape [turn].
        trajectory: Index of each turn's trajectory, equal for neighbours, shape [turn].
        gamma: In [0, 1].

    Returns:
        Shape [turn], float64.
    """
    if not 0 <= gamma <= 1:
        raise ValueError(f"gamma must be in [0, 1], got {gamma}")
    returns = rewards.double().clone()
    for turn in range(len(returns) - 2, -1, -1):
        if trajectory[turn] == trajectory[turn + 1]:
            returns[turn] += gamma * returns[turn + 1]
    return returns


def anchor_groups(observations: Sequence[str], group: Sequence[int], *, similarity: float = 1.0) -> Tensor:
    """Numbers the states: turns of a task's siblings that saw the same have the same number (GiGPO, eq. 6).

    Args:
        observations: What the environment said before each turn, without prompt, shape [turn].
        group: Group of each turn's episode, shape [turn].
        similarity: 1 wants equal texts; below it a text joins the first state of its group whose first text
            is at least so similar (``difflib.SequenceMatcher.ratio``), in (0, 1].

    Returns:
        Number of each turn's state, shape [turn], int64.
    """
    if not 0 < similarity <= 1:
        raise ValueError(f"similarity must be in (0, 1], got {similarity}; 1 compares for equality")
    numbers: dict[tuple[int, str], int] = {}
    firsts: dict[int, list[tuple[str, int]]] = {}
    states = []
    for observation, own in zip(observations, group, strict=True):
        key = (own, observation)
        if key not in numbers:
            known = firsts.setdefault(own, [])
            alike = None if similarity == 1 else _alike(observation, known, similarity)
            if alike is None:
                alike = sum(map(len, firsts.values()))
                known.append((observation, alike))
            numbers[key] = alike
        states.append(numbers[key])
    return torch.tensor(states, dtype=torch.int64)


def step_advantages(returns: Tensor, state: Tensor, *, scale: Scale = "std") -> Tensor:
    """Return of each turn relative to those of all turns in the same state (GiGPO, eq. 8).

    Args:
        returns: From ``discounted_returns``, shape [turn].
        state: From ``anchor_groups``, shape [turn].
        scale: ``std`` divides by the state's unbiased standard deviation plus ``EPSILON``; ``none`` does not.

    Returns:
        In float64, shape [turn]; exactly 0 for a state that was seen once or whose returns are equal.
    """
    values = returns.double()
    _, index, count = torch.unique(state, return_inverse=True, return_counts=True)
    zeros = torch.zeros(count.numel(), dtype=torch.float64)
    mean = zeros.index_add(0, index, values) / count
    centred = values - mean[index]
    # Compared, not computed: rounding must not turn equal returns into a gradient.
    highest = torch.full_like(zeros, -torch.inf).scatter_reduce(0, index, values, "amax")
    lowest = torch.full_like(zeros, torch.inf).scatter_reduce(0, index, values, "amin")
    if scale == "std":
        variance = zeros.index_add(0, index, centred.square()) / (count - 1).clamp(min=1)
        centred = centred / (variance.sqrt() + EPSILON)[index]
    elif scale != "none":
        raise ValueError(f"scale must be 'std' or 'none', got {scale!r}")
    return torch.where((highest == lowest)[index], torch.zeros_like(centred), centred)


def _alike(text: str, known: Sequence[tuple[str, int]], similarity: float) -> int | None:
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(text)
    for first, number in known:
        matcher.set_seq1(first)
        # The cheap bounds come first; most pairs fail them.
        if (
            matcher.real_quick_ratio() >= similarity
            and matcher.quick_ratio() >= similarity
            and matcher.ratio() >= similarity
        ):
            return number
    return None
