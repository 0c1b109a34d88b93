"""Which part of a bank an episode is shown: all that fits, a part of it, with distractors, or nothing."""

import random
from dataclasses import dataclass, fields, replace
from typing import Literal, NamedTuple

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.categories import bank_categories
from skill_gym.skillbanks.practice import some_lessons
from skill_gym.skillbanks.retrieval import task_type_of
from skill_gym.skillbanks.skill import Skill
from skill_gym.trajectory import Task

Kind = Literal["whole", "partial", "distracted", "none"]

MOST_DISTRACTORS = 4
"""Entries of other tasks that are shown at most."""


class DrawnBank(NamedTuple):
    """What one episode's skills are retrieved from.

    Attributes:
        kind: How it differs from the whole bank.
        bank: The bank that was drawn.
    """

    kind: Kind
    bank: SkillBank


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillVariation:
    """How often which part of a bank is shown; what the shares leave is the whole bank.

    A policy that always reads the same block learns the block, not to read: it must also act without skills,
    with some of them missing (as after a retirement), and beside skills that do not concern its task.

    Attributes:
        none: Share of episodes without skills.
        partial: Share whose bank lacks a random part, in another order.
        distracted: Share that is shown entries of other tasks, too.
    """

    none: float = 0.2
    partial: float = 0.3
    distracted: float = 0.2

    def __post_init__(self) -> None:
        shares = {setting.name: getattr(self, setting.name) for setting in fields(self)}
        if min(shares.values()) < 0 or sum(shares.values()) > 1:
            raise ValueError(f"expected shares of at least 0 with a sum of at most 1, got {shares}")

    def draw(self, bank: SkillBank, task: Task, rng: random.Random) -> DrawnBank:
        """Draws what one episode's skills are retrieved from; equal random numbers give equal banks.

        Args:
            bank: The whole bank; an empty one stays empty.
            task: What is played.
            rng: Of all draws.
        """
        draw = rng.random()
        if not len(bank) or draw < self.none:
            return DrawnBank("none", SkillBank.empty())
        draw -= self.none
        if draw < self.partial:
            return DrawnBank("partial", some_lessons(bank, rng.uniform(0.2, 0.8), rng))
        if draw < self.partial + self.distracted:
            foreign = _of_other_tasks(bank, task)
            if foreign:
                chosen = rng.sample(foreign, min(len(foreign), rng.randint(1, MOST_DISTRACTORS)))
                return DrawnBank("distracted", _with_distractors(bank, chosen, rng))
        return DrawnBank("whole", bank)


def _of_other_tasks(bank: SkillBank, task: Task) -> list[Skill]:
    """Skills that would not be shown for the task: of another category, or for other goals."""
    task_type, _, _ = task_type_of(bank, task)
    own = (None, *(() if task_type is None else bank_categories(bank, task_type)))
    return [skill for skill in bank.skills if skill.category not in own or not skill.suits(task.goal)]


def _with_distractors(bank: SkillBank, chosen: list[Skill], rng: random.Random) -> SkillBank:
    """The bank with the chosen skills among its general ones, where every task is shown them."""
    ids = {skill.id for skill in chosen}
    general = [skill for skill in bank.general if skill.id not in ids]
    for skill in chosen:
        # Among the first: retrieval shows only so many.
        place = rng.randint(0, min(len(general), MOST_DISTRACTORS))
        general.insert(place, replace(skill, category=None, keywords=()))
    return replace(
        bank,
        general=tuple(general),
        task_specific={
            name: tuple(skill for skill in skills if skill.id not in ids)
            for name, skills in bank.task_specific.items()
        },
    )
