"""Slow references of the algorithms, written from the papers one token at a time, to hold ours against.

The references know plain Python floats only; gradients are compared with central finite differences of them.
"""

import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from skill_gym.agents.advantages import group_advantages, turn_advantages
from skill_gym.agents.algorithms import ALGORITHMS
from skill_gym.agents.anchor_states import anchor_groups, discounted_returns, step_advantages
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.importance import importance_weights
from skill_gym.agents.kl import kl_to_reference
from skill_gym.agents.losses import token_weights
from skill_gym.agents.objective import surrogate

STEP = 1e-6
"""Of the finite differences."""


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A turn of an episode: what was seen, what it brought, and its reply's tokens' log-probabilities."""

    state: str
    reward: float
    valid: bool
    old: tuple[float, ...]
    reference: tuple[float, ...]
    sampler: tuple[float, ...]


Episode = tuple[SpokenTurn, ...]
Batch = Sequence[tuple[int, Episode]]


def draw_batch(seed: int, *, groups: int = 4, siblings: int = 5) -> list[tuple[int, Episode]]:
    """Groups of episodes with shared states, failures, invalid turns and a group of equal returns."""
    rng = random.Random(seed)
    batch = []
    for group in range(groups):
        for _ in range(siblings):
            turns = []
            count = rng.randint(1, 4)
            for turn in range(count):
                last = turn == count - 1
                length = rng.randint(1, 6)
                old = tuple(-rng.expovariate(0.7) for _ in range(length))
                turns.append(
                    SpokenTurn(
                        state=f"room {rng.randint(0, 2)}",
                        reward=float(last and group != 0 and rng.random() < 0.5),
                        valid=rng.random() < 0.8,
                        old=old,
                        reference=tuple(value + rng.gauss(0, 0.3) for value in old),
                        sampler=tuple(value + rng.gauss(0, 0.4) for value in old),
                    )
                )
            batch.append((group, tuple(turns)))
    return batch


def draw_logprobs(batch: Batch, seed: int) -> list[float]:
    """New log-probabilities, far enough from the old ones that clips hold some tokens."""
    rng = random.Random(seed)
    return [value + rng.gauss(0, 0.25) for _, episode in batch for turn in episode for value in turn.old]


def slow_loss(batch: Batch, logprobs: Sequence[float], config: GRPOConfig, frozen: Sequence[float]) -> float:
    """The objective from the papers' formulas.

    Args:
        batch: Episodes with their group.
        logprobs: New log-probability of each reply token, in order.
        config: The algorithm.
        frozen: The same, where no gradient flows (CISPO's weight): they stay when ``logprobs`` move.
    """
    advantages = _slow_advantages(batch, config)
    turns = [(episode, turn) for episode, (_, one) in enumerate(batch) for turn in one]
    tokens = sum(len(turn.old) for _, turn in turns)
    loss, at = 0.0, 0
    for (episode, turn), advantage in zip(turns, advantages, strict=True):
        new = logprobs[at : at + len(turn.old)]
        still = frozen[at : at + len(turn.old)]
        at += len(turn.old)
        mean = math.exp(sum(a - b for a, b in zip(new, turn.old, strict=True)) / len(new))
        whole = math.exp(sum(a - b for a, b in zip(turn.old, turn.sampler, strict=True)))
        for own, held, old, reference, sampler in zip(
            new, still, turn.old, turn.reference, turn.sampler, strict=True
        ):
            value = _slow_token(own, held, old, mean, advantage, config)
            value *= _slow_correction(
                whole if config.correction_unit == "reply" else math.exp(old - sampler), config
            )
            if config.kl_coef and config.kl_in == "loss":
                value += config.kl_coef * _slow_kl(own, reference, config)
            loss += value * _slow_weight(batch, episode, turn, len(turns), tokens, config)
    return loss


def _slow_advantages(batch: Batch, config: GRPOConfig) -> list[float]:
    returns = []
    for _, episode in batch:
        worth = sum(turn.reward for turn in episode)
        if config.kl_in == "reward":
            for turn in episode:
                for old, reference in zip(turn.old, turn.reference, strict=True):
                    worth -= config.kl_coef * _slow_kl(old, reference, config)
        returns.append(worth)
    by_turn: list[float] = []
    states: dict[tuple[int, str], list[float]] = {}
    to_go: list[float] = []
    for group, episode in batch:
        for place, turn in enumerate(episode):
            value = sum(config.gamma**later * one.reward for later, one in enumerate(episode[place:]))
            to_go.append(value)
            states.setdefault((group, turn.state), []).append(value)
    step = iter(to_go)
    for number, (group, episode) in enumerate(batch):
        others = [
            value
            for other, (own, _) in enumerate(batch)
            if own == group and other != number
            for value in [returns[other]]
        ]
        everyone = [*others, returns[number]]
        centre = statistics.fmean(others if config.baseline == "leave-one-out" else everyone)
        advantage = returns[number] - centre
        if config.scale == "std":
            advantage /= statistics.stdev(everyone) + 1e-6
        if len(set(everyone)) == 1:
            advantage = 0.0
        for turn in episode:
            value = advantage - (0.0 if turn.valid else config.invalid_penalty)
            if config.step_weight:
                alike, own = states[group, turn.state], next(step)
                if len(set(alike)) > 1:
                    part = own - statistics.fmean(alike)
                    if config.scale == "std":
                        part /= statistics.stdev(alike) + 1e-6
                    value += config.step_weight * part
            by_turn.append(value)
    return by_turn


def _slow_token(
    own: float, frozen: float, old: float, mean_ratio: float, advantage: float, config: GRPOConfig
) -> float:
    low, high = 1 - config.clip_low, 1 + config.clip_high
    if config.objective == "cispo":
        return -advantage * min(max(math.exp(frozen - old), low), high) * own
    ratio = mean_ratio if config.objective == "sequence" else math.exp(own - old)
    gain = min(advantage * ratio, advantage * min(max(ratio, low), high))
    if config.dual_clip is not None and config.objective == "clip" and advantage < 0:
        gain = max(gain, advantage * config.dual_clip)
    return -gain


def _slow_correction(ratio: float, config: GRPOConfig) -> float:
    if config.correction == "truncated":
        return min(ratio, config.correction_limit)
    if config.correction == "masked":
        return ratio if 1 / config.correction_limit <= ratio <= config.correction_limit else 0.0
    return 1.0


def _slow_kl(own: float, reference: float, config: GRPOConfig) -> float:
    ratio = math.exp(reference - own)
    return {
        "k1": own - reference,
        "k2": (own - reference) ** 2 / 2,
        "k3": ratio - (reference - own) - 1,
    }[config.kl_estimator]


def _slow_weight(
    batch: Batch, episode: int, turn: SpokenTurn, turns: int, tokens: int, config: GRPOConfig
) -> float:
    own = sum(len(one.old) for one in batch[episode][1])
    return {
        "token-mean": 1 / tokens,
        "sequence-mean": 1 / turns / len(turn.old),
        "trajectory-mean": 1 / len(batch) / own,
        "constant": 1 / len(batch) / config.loss_tokens,
    }[config.aggregation]


def our_loss(batch: Batch, logprobs: torch.Tensor, config: GRPOConfig) -> torch.Tensor:
    """The same from the functions that training uses; arguments as in ``slow_loss``."""
    turns = [(number, group, turn) for number, (group, one) in enumerate(batch) for turn in one]

    def flat(name: str) -> torch.Tensor:
        return torch.tensor(
            [value for *_, turn in turns for value in getattr(turn, name)], dtype=torch.float64
        )

    old, reference, sampler = flat("old"), flat("reference"), flat("sampler")
    lengths = torch.tensor([len(turn.old) for *_, turn in turns])
    reply = torch.repeat_interleave(torch.arange(len(turns)), lengths)
    trajectory = torch.tensor([number for number, *_ in turns])
    returns = torch.tensor([sum(turn.reward for turn in one) for _, one in batch], dtype=torch.float64)
    if config.kl_in == "reward":
        kl = kl_to_reference(old, reference, estimator=config.kl_estimator)
        returns = returns - config.kl_coef * torch.zeros(len(batch), dtype=torch.float64).index_add(
            0, trajectory[reply], kl
        )
    by_turn = turn_advantages(
        group_advantages(
            returns, torch.tensor([group for group, _ in batch]), baseline=config.baseline, scale=config.scale
        ),
        trajectory,
        torch.tensor([turn.valid for *_, turn in turns]),
        invalid_penalty=config.invalid_penalty,
    )
    if config.step_weight:
        to_go = discounted_returns(
            torch.tensor([turn.reward for *_, turn in turns]), trajectory, gamma=config.gamma
        )
        states = anchor_groups([turn.state for *_, turn in turns], [group for _, group, _ in turns])
        by_turn = by_turn + config.step_weight * step_advantages(to_go, states, scale=config.scale)
    correction = importance_weights(
        old, sampler, reply,
        correction=config.correction, limit=config.correction_limit, unit=config.correction_unit,
    )  # fmt: skip
    losses = correction * surrogate(config, logprobs, old, by_turn[reply], reply)
    if config.kl_coef and config.kl_in == "loss":
        losses = losses + config.kl_coef * kl_to_reference(logprobs, reference, estimator=config.kl_estimator)
    weights = token_weights(
        reply, trajectory[reply], aggregation=config.aggregation, loss_tokens=config.loss_tokens
    )
    return (weights.double() * losses).sum()


def differences(config: GRPOConfig, seed: int) -> tuple[float, float]:
    """Relative differences of loss and gradient between ours and the reference, on one drawn batch."""
    batch = draw_batch(seed)
    values = draw_logprobs(batch, seed + 1000)
    logprobs = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    ours = our_loss(batch, logprobs, config)
    (gradient,) = torch.autograd.grad(ours, logprobs)
    theirs = slow_loss(batch, values, config, values)
    numeric = []
    for place in range(len(values)):
        moved = []
        for sign in (1, -1):
            shifted = list(values)
            shifted[place] += sign * STEP
            moved.append(slow_loss(batch, shifted, config, values))
        numeric.append((moved[0] - moved[1]) / (2 * STEP))
    wanted = torch.tensor(numeric, dtype=torch.float64)
    loss_difference = abs(float(ours.detach()) - theirs) / max(1e-3, abs(theirs))
    return loss_difference, float((gradient - wanted).abs().max() / wanted.abs().max())


VARIANTS: tuple[tuple[str, dict[str, object]], ...] = (
    *((name, dict(settings)) for name, settings in ALGORITHMS.items()),
    ("grpo, KL k1", {"kl_estimator": "k1", "kl_coef": 0.1}),
    ("grpo, KL k2", {"kl_estimator": "k2", "kl_coef": 0.1}),
    ("grpo, KL k3", {"kl_estimator": "k3", "kl_coef": 0.1}),
    ("grpo, by trajectory", {"aggregation": "trajectory-mean"}),
    ("grpo, truncated by token", {"correction": "truncated", "correction_limit": 1.3}),
    ("grpo, masked by token", {"correction": "masked", "correction_limit": 1.3}),
    (
        "cispo, truncated by reply",
        {**ALGORITHMS["cispo"], "correction": "truncated", "correction_unit": "reply"},
    ),
    ("gspo, masked by reply", {**ALGORITHMS["gspo"], "correction": "masked", "correction_unit": "reply"}),
    ("gigpo, no division", {**ALGORITHMS["gigpo"], "scale": "none"}),
    ("cispo, tight clip", {**ALGORITHMS["cispo"], "clip_low": 0.1, "clip_high": 0.1}),
)
