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

_STREAM = 0xA4
"""Keeps the draws of arms apart from other draws with the same seeds."""


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
        fitting = fitting_candidates(retriever, (*self.candidates, *self.held_back), task)
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
            "held_back": [name for name in fitting.ids if name not in shown],
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


def draw_arm(
    *seed: int,
    candidates: Sequence[Skill | Mistake] = (),
    watched: Sequence[str] = (),
    probabilities: tuple[float, float] = (0.5, 0.9),
    per_group: int | None = None,
) -> Arm:
    """Draws the arm of one group; every member of the group plays it.

    Each entry is drawn for by itself, so that a group is evidence of every entry in it.

    Args:
        *seed: Numbers that decide the arm, each at least 0: of the run, the iteration and the group.
        candidates: Entries on trial.
        watched: Ids of the bank's entries that may be withheld.
        probabilities: With which a candidate is shown, and a watched entry kept; both in (0, 1).
        per_group: Draw for at most so many candidates, which ones being drawn first, so that many bad ones
            cannot spoil a group together; None for all.

    Raises:
        ValueError: A probability is not in (0, 1), or ``per_group`` is below 1.
    """
    for probability in probabilities:
        if not 0 < probability < 1:
            raise ValueError(f"probabilities must lie between 0 and 1, got {probability}")
    if per_group is not None and per_group < 1:
        raise ValueError(f"per_group must be at least 1 or None, got {per_group}")
    rng = np.random.default_rng([*seed, _STREAM])
    chosen = sorted(int(index) for index in rng.permutation(len(candidates))[:per_group])
    on_trial = [candidates[index] for index in chosen]
    shown = rng.random(len(on_trial)) < probabilities[0]
    kept = rng.random(len(watched)) < probabilities[1]
    return Arm(
        candidates=tuple(entry for entry, yes in zip(on_trial, shown, strict=True) if yes),
        held_back=tuple(entry for entry, yes in zip(on_trial, shown, strict=True) if not yes),
        withheld=tuple(name for name, yes in zip(watched, kept, strict=True) if not yes),
        kept=tuple(name for name, yes in zip(watched, kept, strict=True) if yes),
        probabilities=probabilities,
    )


def fitting_candidates(retriever: Retriever, candidates: Sequence[Skill | Mistake], task: Task) -> Retrieved:
    """Which candidates a retriever would show for a task, given the categories of its bank.

    A candidate of a category that the bank fills for other tasks only must not be found by standing in for
    one that the candidates lack: one skill of each of the bank's categories is there to prevent it.

    Raises:
        BankError: A candidate has the id of an entry of the bank.
    """
    if not candidates:
        return Retrieved()
    bank = retriever.bank
    for entry in candidates:
        if entry.id in bank:
            raise BankError(
                f"the candidate {entry.id!r} has the id of an entry of bank {bank.version}; "
                "give it a fresh id"
            )
    (found,) = retriever.with_bank(_outline(bank).with_skills(candidates)).retrieve([task])
    ours = {entry.id for entry in candidates}
    return replace(
        found,
        general=tuple(skill for skill in found.general if skill.id in ours),
        task_specific=tuple(skill for skill in found.task_specific if skill.id in ours),
        mistakes=tuple(mistake for mistake in found.mistakes if mistake.id in ours),
    )


def _outline(bank: SkillBank) -> SkillBank:
    """One skill of each category: by them a retriever tells which category a task belongs to."""
    first = {
        name: (next((skill for skill in skills if not skill.evolved), skills[0]),)
        for name, skills in bank.task_specific.items()
        if skills
    }
    return SkillBank(task_specific=first)
