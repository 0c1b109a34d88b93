"""What an episode of practice shows: a part of the starter bank or nothing; how it goes astray at times."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.skill import Skill
from skill_gym.trajectory import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """How often demonstrations show which skills, in any environment.

    A subclass may vary an environment's own arguments, skills and mistakes. Equal random numbers must give
    equal episodes.

    Attributes:
        none: Share of episodes without skills.
        lessons: Share, among the others, that shows entries of the starter bank.
    """

    none: float = 0.3
    lessons: float = 1.0

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            if setting.type is float and not 0 <= value <= 1:
                raise ValueError(f"{setting.name} must be a share in [0, 1], got {value}")

    def options(self, split: str, rng: random.Random) -> dict[str, Any]:
        """Draws arguments of the environment for one episode of the split."""
        return {}

    def retriever(
        self, task: Task, options: dict[str, Any], starter: SkillBank, rng: random.Random
    ) -> ByTaskType:
        """Draws what one episode shows.

        Args:
            task: What is played.
            options: What ``options`` has drawn for it.
            starter: Where lessons come from.
            rng: Of all draws.
        """
        if rng.random() < self.none or rng.random() >= self.lessons:
            return ByTaskType(SkillBank.empty())
        return ByTaskType(some_lessons(starter, rng.uniform(0.2, 1.0), rng))

    def mistake(self, commands: Sequence[str], rng: random.Random) -> str | None:
        """Draws a mistake that only this environment's beginners make, None where there is none.

        Args:
            commands: What is admissible now.
            rng: Of all draws.
        """
        return None


def some_lessons(bank: SkillBank, share: float, rng: random.Random) -> SkillBank:
    """A random share of the bank's entries, in random order."""
    return replace(
        bank,
        general=some(bank.general, share, rng),
        task_specific={name: some(skills, share, rng) for name, skills in bank.task_specific.items()},
        mistakes=tuple(mistake for mistake in bank.mistakes if rng.random() < share),
    )


def some(skills: Iterable[Skill], share: float, rng: random.Random) -> tuple[Skill, ...]:
    """A random share of the skills, in random order."""
    kept = [skill for skill in skills if rng.random() < share]
    rng.shuffle(kept)
    return tuple(kept)
