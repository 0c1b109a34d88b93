"""Practice in ALFWorld's worlds: habits of the world at hand, of another one, of other things, or nothing."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from skill_gym.alfworld.habit_sentences import say_empty, say_place, say_second
from skill_gym.alfworld.worlds import WORLDS, WorldHabits, true_habits
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.practice import Practice, some, some_lessons
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.skill import Skill
from skill_gym.trajectory import Task

PAIR = own_category("pick_two_obj_and_place")


@dataclass(frozen=True, slots=True, kw_only=True)
class HabitPractice(Practice):
    """How often which bank is shown; what the shares leave is the right bank of the world at hand.

    A policy that sees only right skills learns to trust blindly, one that never needs them to ignore them.

    Attributes:
        none: Share of episodes without skills.
        wrong: Share with habits of another world.
        irrelevant: Share with habits of things that the goal does not name.
        household: Share of games in no world, where every skill is hearsay.
        partial: Among those with skills: share whose bank lacks a random part.
        flat: Among those with skills: share that shows many lines at once, the goal's among them, as an agent
            without retrieval would see them.
        flat_lines: Most lines then.
        lessons: Among those with skills: share with a few entries of the starter bank beside them.
    """

    none: float = 0.3
    wrong: float = 0.1
    irrelevant: float = 0.12
    household: float = 0.1
    partial: float = 0.2
    flat: float = 0.2
    flat_lines: int = 14
    lessons: float = 0.2

    def __post_init__(self) -> None:
        shares = (self.none, self.wrong, self.irrelevant)
        if min(shares) < 0 or sum(shares) > 1:
            raise ValueError(
                f"none, wrong and irrelevant must be shares with a sum of at most 1, got {shares}"
            )
        Practice.__post_init__(self)
        if self.flat_lines < 1:
            raise ValueError(f"flat_lines must be at least 1, got {self.flat_lines}")

    def options(self, split: str, rng: random.Random) -> dict[str, Any]:
        """A world of the split's own range, or none; official games lie in none."""
        if not split.startswith("generated"):
            return {"world": None}
        worlds = WORLDS["train" if split == "generated" else "validation"]
        return {"world": None if rng.random() < self.household else rng.choice(worlds)}

    def retriever(
        self, task: Task, options: dict[str, Any], starter: SkillBank, rng: random.Random
    ) -> ByTaskType:
        """Draws the habits, and lessons beside them, that one episode shows."""
        world, goal = options["world"], task.goal
        draw = rng.random()
        if draw < self.none:
            return ByTaskType(SkillBank.empty())
        draw -= self.none
        if draw < self.wrong or world is None:
            told = true_habits(rng.choice(WORLDS["train"]))
        else:
            told = true_habits(world)
        bank = habit_bank(told)
        if self.wrong <= draw < self.wrong + self.irrelevant:
            return ByTaskType(_lines(bank, goal, self.flat_lines, rng, with_goal=False))
        if rng.random() < self.partial:
            bank = some_lessons(bank, rng.uniform(0.2, 0.8), rng)
        if rng.random() < self.flat:
            bank = _lines(bank, goal, self.flat_lines, rng, with_goal=True)
        if rng.random() < self.lessons:
            bank = _with_lessons(bank, starter, rng)
        return ByTaskType(bank, top_k=None)

    def mistake(self, commands: Sequence[str], rng: random.Random) -> str | None:
        """A place that is not there: another number of a known kind."""
        places = [command for command in commands if command.startswith("go to ")]
        if not places:
            return None
        name, _, number = rng.choice(places).rpartition(" ")
        return f"{name} {int(number) + rng.randint(1, 3)}" if number.isdigit() else name


def habit_bank(habits: WorldHabits) -> SkillBank:
    """The bank of one who knows all of a world's habits."""
    skills = [
        Skill(f"place_{kind}", kind, say_place(kind, places), keywords=(kind,))
        for kind, places in habits.places.items()
    ]
    skills += [Skill(f"empty_{kind}", kind, say_empty(kind)) for kind in habits.empty]
    second = Skill("second", "second of two", say_second(habits.second), category=PAIR)
    return SkillBank(general=tuple(skills), task_specific={PAIR: (second,)})


def _lines(bank: SkillBank, goal: str, most: int, rng: random.Random, *, with_goal: bool) -> SkillBank:
    """Some habits in random order, without keywords; those of the goal among them or not."""
    own = [skill for skill in bank.general if skill.keywords and skill.suits(goal)]
    others = [skill for skill in bank.general if skill not in own]
    chosen = rng.sample(others, min(len(others), rng.randint(1, most)))
    chosen += own if with_goal else []
    rng.shuffle(chosen)
    return replace(bank, general=tuple(replace(skill, keywords=()) for skill in chosen))


def _with_lessons(bank: SkillBank, starter: SkillBank, rng: random.Random) -> SkillBank:
    share = rng.uniform(0.05, 0.3)
    names = {*bank.task_specific, *starter.task_specific}
    general = [*bank.general, *some(starter.general, share, rng)]
    rng.shuffle(general)
    return replace(
        bank,
        general=tuple(general),
        task_specific={
            name: (*bank.task_specific.get(name, ()), *some(starter.task_specific.get(name, ()), share, rng))
            for name in sorted(names)
        },
        mistakes=tuple(mistake for mistake in starter.mistakes if rng.random() < share),
    )
