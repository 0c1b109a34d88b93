"""Which skills a group plays with: drawn by chance, so that what they are worth can be told from luck."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.retrieval import Retrieved, Retriever
from skill_gym.skillbanks.skill import BankError, Mistake, Skill
from skill_gym.trajectory import Task

ARM_OPTIONS = ("candidates", "held_back", "withheld", "kept", "probabilities")
"""Keys of ``reset(options=...)`` that make an arm; ``withheld`` and ``candidates`` are what a prompt shows,
the rest is for the record."""


@dataclass(frozen=True, slots=True)
class Arm:
    """What one group plays with, beside its bank or less than its bank.

    Attributes:
        candidates: Entries that no bank has yet and that are shown where they fit.
        held_back: Candidates that were drawn not to be shown.
        withheld: Ids of the bank's entries that are not shown.
        kept: Ids of the bank's entries that might have been withheld, too, and are shown.
        probabilities: With which a candidate is shown, and an entry of the bank kept.
    """

    candidates: tuple[Skill | Mistake, ...] = ()
    held_back: tuple[Skill | Mistake, ...] = ()
    withheld: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    probabilities: tuple[float, float] = (0.5, 0.9)

    def __bool__(self) -> bool:
        return bool(self.candidates or self.held_back or self.withheld or self.kept)

    def options(self) -> dict[str, Any]:
        """For ``SkillAugmentedEnv.reset(options=...)``; empty for an arm without a draw."""
        return {name: getattr(self, name) for name in ARM_OPTIONS} if self else {}

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> "Arm":
        """Reads the arm among the options of a reset.

        Raises:
            TypeError: A candidate is no entry of a bank, or an id is no text.
        """
        given = {name: tuple(options[name]) for name in ARM_OPTIONS if name in options}
        for name in ("candidates", "held_back"):
            for entry in given.get(name, ()):
                if not isinstance(entry, Skill | Mistake):
                    raise TypeError(
                        f"options[{name!r}] must hold Skills and Mistakes, got {type(entry).__name__}"
                    )
        for name in ("withheld", "kept"):
            if isinstance(options.get(name), str) or not all(
                isinstance(one, str) for one in given.get(name, ())
            ):
                raise TypeError(f"options[{name!r}] must be a sequence of ids, got {options[name]!r}")
        return cls(**given)

    def apply(
        self, retriever: Retriever, task: Task, retrieved: Retrieved
    ) -> tuple[Retrieved, dict[str, Any]]:
        """The skills of the arm for a task, and the record of what was drawn for it.

        A candidate fits where the retriever finds it in a bank of the candidates with the categories of the
        bank in force; it comes first in its section. No other entry takes the place of a withheld one, so
        that arms differ in the drawn entries only.

        Args:
            retriever: How skills are found.
            task: What is played.
            retrieved: The skills of the bank for it.

        Returns:
            The skills to show, and the record for ``Trajectory.meta["bank_arm"]``: ids by what was drawn, of
            entries that fit the task only. Others tell nothing of their worth.

        Raises:
            BankError: A candidate has the id of an entry of the bank.
        """
        on_trial = (*self.candidates, *self.held_back)
        for entry in on_trial:
            if entry.id in retriever.bank:
                raise BankError(
                    f"the candidate {entry.id!r} has the id of an entry of bank {retriever.bank.version}; "
                    "give it a fresh id"
                )
        fitting = Retrieved()
        if on_trial:
            (fitting,) = retriever.with_bank(_outline(retriever.bank).with_skills(on_trial)).retrieve([task])
        ours = {entry.id for entry in on_trial}
        shown = {entry.id for entry in self.candidates}
        gone = set(self.withheld)

        def section(new: Sequence[Any], old: Sequence[Any]) -> tuple[Any, ...]:
            return (
                *(entry for entry in new if entry.id in shown),
                *(entry for entry in old if entry.id not in gone),
            )

        found = set(retrieved.ids)
        record = {
            "candidates": [name for name in fitting.ids if name in shown],
            "held_back": [name for name in fitting.ids if name in ours - shown],
            "withheld": [name for name in self.withheld if name in found],
            "kept": [name for name in self.kept if name in found],
            "probabilities": list(self.probabilities),
        }
        result = replace(
            retrieved,
            general=section(fitting.general, retrieved.general),
            task_specific=section(fitting.task_specific, retrieved.task_specific),
            mistakes=section(fitting.mistakes, retrieved.mistakes),
            category=retrieved.category or fitting.category,
        )
        return result, record


def draw_arms(
    groups: int,
    *,
    seed: int,
    iteration: int,
    candidates: Sequence[Skill | Mistake] = (),
    watched: Sequence[str] = (),
    probabilities: tuple[float, float] = (0.5, 0.9),
    per_group: int | None = None,
) -> list[Arm]:
    """Draws an arm for each group of an iteration; every member of a group plays the same one.

    Each entry is drawn for by itself, so that every group is evidence of every entry in it.

    Args:
        groups: Number of groups.
        seed: Of the run; with the iteration and the group's number it decides the arm.
        iteration: At least 0.
        candidates: Entries on trial.
        watched: Ids of the bank's entries that may be withheld.
        probabilities: With which a candidate is shown, and a watched entry kept; both in (0, 1).
        per_group: Draw for at most so many candidates in a group, which ones being drawn first, so that many
            bad ones cannot spoil it together; None for all.

    Raises:
        ValueError: A probability is not in (0, 1), or ``per_group`` is below 1.
    """
    for probability in probabilities:
        if not 0 < probability < 1:
            raise ValueError(f"probabilities must lie between 0 and 1, got {probability}")
    if per_group is not None and per_group < 1:
        raise ValueError(f"per_group must be at least 1 or None, got {per_group}")
    show, keep = probabilities
    arms = []
    for group in range(groups):
        rng = np.random.default_rng([seed, iteration, group, 0xA4])
        on_trial = [candidates[index] for index in _some(rng, len(candidates), per_group)]
        lucky = rng.random(len(on_trial)) < show
        kept = rng.random(len(watched)) < keep
        arms.append(
            Arm(
                candidates=tuple(entry for entry, yes in zip(on_trial, lucky, strict=True) if yes),
                held_back=tuple(entry for entry, yes in zip(on_trial, lucky, strict=True) if not yes),
                withheld=tuple(name for name, yes in zip(watched, kept, strict=True) if not yes),
                kept=tuple(name for name, yes in zip(watched, kept, strict=True) if yes),
                probabilities=probabilities,
            )
        )
    return arms


def _outline(bank: SkillBank) -> SkillBank:
    """One skill of each category: by them a retriever tells which category a task belongs to."""
    first = {
        name: (next((skill for skill in skills if not skill.evolved), skills[0]),)
        for name, skills in bank.task_specific.items()
        if skills
    }
    return SkillBank(task_specific=first)


def _some(rng: np.random.Generator, count: int, limit: int | None) -> list[int]:
    chosen = rng.permutation(count)[: count if limit is None else limit]
    return sorted(int(index) for index in chosen)
