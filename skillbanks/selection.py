"""Which of the skills that fit a task are shown: those worth most, under the token budget."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import combinations
from statistics import NormalDist
from typing import Any, Literal, TypeAlias

import numpy as np

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.rendering import about_tokens, render
from skill_gym.skillbanks.retrieval import Retrieved, Retriever
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.utility import Utility
from skill_gym.trajectory import Task

Explore = Literal["thompson", "ucb"]
_Section: TypeAlias = tuple[Skill | Mistake, ...]

_EXACT = 8_000_000
"""Largest table (entries times tokens) of the exact knapsack; above it the densest entries are taken."""


@dataclass(frozen=True, slots=True)
class ByUtility:
    """Retrieval that trades how well skills fit against what they have been worth.

    The value of an entry is its relevance times its gain: the relevance falls with its rank in its section
    from 1 to one half, as in ``render``; the gain is ``unproven`` plus its effect on success by the
    posteriors of ``Utility``. Entries without a positive value are left out; of the others those are shown
    that are worth most together within the budget (a knapsack, solved exactly but for huge ones), in the
    retriever's order.

    Give the retriever wider limits than one would show: only what it finds can be chosen.

    Attributes:
        retriever: Finds what fits.
        utility: What skills are worth.
        explore: ``thompson`` draws each effect from its posterior; ``ucb`` takes ``deviations`` standard
            deviations above its mean; None its mean.
        deviations: Of ``ucb``.
        unproven: Gain of a skill of which nothing is known, at least 0: what a retriever's choice is worth by
            itself.
        max_tokens: Budget of the block, at least 0; the same as the SkillAugmentedEnv's.
        count_tokens: The policy's tokenizer.
        seed: Of Thompson's draws.
        round: Number of the draw, such as the iteration: within a round a task gets the same skills whenever
            it is asked for, so that siblings share them.
        unjudged: Ids whose gain is ``unproven`` whatever was seen, such as of candidates: a trial that is
            going badly must go on all the same.
    """

    retriever: Retriever
    utility: Utility
    explore: Explore | None = None
    deviations: float = 1.0
    unproven: float = 0.1
    max_tokens: int = 2000
    count_tokens: Callable[[str], int] = about_tokens
    seed: int = 0
    round: int = 0
    unjudged: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.explore not in ("thompson", "ucb", None):
            raise ValueError(f"explore must be 'thompson', 'ucb' or None, got {self.explore!r}")
        for name in ("deviations", "unproven", "max_tokens"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")

    @property
    def bank(self) -> SkillBank:
        """The retriever's bank."""
        return self.retriever.bank

    def with_bank(self, bank: SkillBank) -> "ByUtility":
        """The same choice from another bank."""
        return replace(self, retriever=self.retriever.with_bank(bank))

    def with_round(self, number: int) -> "ByUtility":
        """The same choice with other draws."""
        return replace(self, round=number)

    def retrieve(self, tasks: Sequence[Task]) -> list[Retrieved]:
        """The skills for each task, in the tasks' order."""
        found = self.retriever.retrieve(tasks)
        return [self._choose(task, one) for task, one in zip(tasks, found, strict=True)]

    def gain(self, skill_id: str, task: Task) -> float:
        """What showing a skill is thought to add to the success on a task."""
        if skill_id in self.unjudged:
            return self.unproven
        effect = self.utility.of(skill_id, task.task_type)
        if self.explore is None:
            return self.unproven + effect.mean
        deviations = self.deviations
        if self.explore == "thompson":
            deviations = _normal(f"{self.seed}:{self.round}:{task.key}:{skill_id}")
        return self.unproven + effect.upper(deviations)

    def _choose(self, task: Task, found: Retrieved) -> Retrieved:
        sections: Sequence[_Section] = (found.general, found.task_specific, found.mistakes)
        values = {
            entry.id: (1 - rank / (2 * len(entries))) * self.gain(entry.id, task)
            for entries in sections
            for rank, entry in enumerate(entries)
        }
        worthy = _only(found, {name for name, value in values.items() if value > 0})
        if self._fits(worthy):
            return worthy
        return self._fill(worthy, values)

    def _fill(self, worthy: Retrieved, values: dict[str, float]) -> Retrieved:
        """The entries worth most together whose text fits; each set of sections pays for its headings."""
        room = self.max_tokens
        parts = _Parts(worthy, self.count_tokens)
        while room > 0:
            best: list[str] = []
            for sections in parts.section_sets():
                names, budget = parts.names(sections), room - parts.headings(sections)
                taken = knapsack([values[one] for one in names], [parts.costs[one] for one in names], budget)
                best = max(best, [names[index] for index in taken], key=lambda some: _total(some, values))
            chosen = _only(worthy, set(best))
            over = self._cost(chosen) - self.max_tokens
            if over <= 0:
                return chosen
            # A tokenizer may need more for the whole than for its lines: the finished text counts.
            room -= over
        return _only(worthy, set())

    def _cost(self, retrieved: Retrieved) -> int:
        return render(retrieved, max_tokens=10**9, count_tokens=self.count_tokens).tokens

    def _fits(self, retrieved: Retrieved) -> bool:
        return self._cost(retrieved) <= self.max_tokens


class _Parts:
    """What the lines and headings of a block cost, each by itself."""

    def __init__(self, found: Retrieved, count_tokens: Callable[[str], int]) -> None:
        self.costs: dict[str, int] = {}
        self._sections: list[_Section] = [found.general, found.task_specific, found.mistakes]
        self._title, self._headings = 0, [0, 0, 0]
        for number, entries in enumerate(self._sections):
            for entry in entries:
                text = render(_only(found, {entry.id}), max_tokens=10**9).text
                title, heading, line = text.split("\n")
                self.costs[entry.id] = count_tokens(f"{line}\n")
                self._headings[number] = count_tokens(f"{heading}\n")
                self._title = count_tokens(f"{title}\n")

    def section_sets(self) -> list[tuple[int, ...]]:
        """Every choice of sections that have entries."""
        present = [number for number, entries in enumerate(self._sections) if entries]
        return [some for size in range(1, len(present) + 1) for some in combinations(present, size)]

    def names(self, sections: tuple[int, ...]) -> list[str]:
        """Ids of their entries."""
        return [entry.id for number in sections for entry in self._sections[number]]

    def headings(self, sections: tuple[int, ...]) -> int:
        """What the block's title and their headings cost."""
        return self._title + sum(self._headings[number] for number in sections)


def _total(names: Sequence[str], values: dict[str, float]) -> float:
    return math.fsum(values[name] for name in names)


def knapsack(values: Sequence[float], costs: Sequence[int], budget: int) -> list[int]:
    """Indices, ascending, of the entries worth most together at a cost within the budget.

    Exact (dynamic programming over the budget) unless entries times budget exceed some millions; then the
    entries of most value per token are taken as long as they fit.

    Args:
        values: Worth of each entry; those of 0 or less are never taken.
        costs: Cost of each, at least 0.
        budget: Most that the chosen ones may cost together.
    """
    worthy = [
        index
        for index, (value, cost) in enumerate(zip(values, costs, strict=True))
        if value > 0 and cost <= budget
    ]
    if not worthy:
        return []
    if sum(costs[index] for index in worthy) <= budget:
        return worthy
    if len(worthy) * budget > _EXACT:
        return _greedy(values, costs, budget, worthy)
    best = np.zeros(budget + 1)
    better = np.zeros((len(worthy), budget + 1), dtype=bool)
    for row, index in enumerate(worthy):
        cost = costs[index]
        with_it = best[: budget + 1 - cost] + values[index]
        better[row, cost:] = with_it > best[cost:]
        best[cost:] = np.maximum(best[cost:], with_it)
    chosen, left = [], budget
    for row in range(len(worthy) - 1, -1, -1):
        if better[row, left]:
            chosen.append(worthy[row])
            left -= costs[worthy[row]]
    return chosen[::-1]


def _greedy(values: Sequence[float], costs: Sequence[int], budget: int, worthy: list[int]) -> list[int]:
    chosen = []
    for index in sorted(worthy, key=lambda one: (-values[one] / max(1, costs[one]), one)):
        if costs[index] <= budget:
            chosen.append(index)
            budget -= costs[index]
    return sorted(chosen)


def _only(found: Retrieved, names: set[str]) -> Retrieved:
    def kept(entries: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(entry for entry in entries if entry.id in names)

    return replace(
        found,
        general=kept(found.general),
        task_specific=kept(found.task_specific),
        mistakes=kept(found.mistakes),
    )


def _normal(name: str) -> float:
    """A standard normal number that the name decides."""
    digits = int.from_bytes(sha256(name.encode()).digest()[:6], "big")
    return NormalDist().inv_cdf((digits + 0.5) / 2**48)
