"""The banks that demonstrations show: habits of the world at hand, of another one, other things, nothing."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace

from skill_gym.alfworld.habit_sentences import say_empty, say_place, say_second
from skill_gym.alfworld.worlds import WORLDS, WorldHabits, true_habits
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.skill import Skill

PAIR = own_category("pick_two_obj_and_place")


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeConfig:
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
        for name in ("household", "partial", "flat", "lessons"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be a share in [0, 1], got {getattr(self, name)}")
        if self.flat_lines < 1:
            raise ValueError(f"flat_lines must be at least 1, got {self.flat_lines}")


def habit_bank(habits: WorldHabits) -> SkillBank:
    """The bank of one who knows all of a world's habits."""
    skills = [
        Skill(f"place_{kind}", kind, say_place(kind, places), keywords=(kind,))
        for kind, places in habits.places.items()
    ]
    skills += [Skill(f"empty_{kind}", kind, say_empty(kind)) for kind in habits.empty]
    second = Skill("second", "second of two", say_second(habits.second), category=PAIR)
    return SkillBank(general=tuple(skills), task_specific={PAIR: (second,)})


def practice(
    world: int | None, goal: str, starter: SkillBank, config: PracticeConfig, rng: random.Random
) -> ByTaskType:
    """Draws what one episode shows.

    Args:
        world: The world at hand, None for an ordinary household.
        goal: The task's goal.
        starter: Where lessons come from.
        config: Shares.
        rng: Of all draws.
    """
    draw = rng.random()
    if draw < config.none:
        return ByTaskType(SkillBank.empty())
    draw -= config.none
    if draw < config.wrong or world is None:
        told = true_habits(rng.choice(WORLDS["train"]))
    else:
        told = true_habits(world)
    bank = habit_bank(told)
    if config.wrong <= draw < config.wrong + config.irrelevant:
        return ByTaskType(_lines(bank, goal, config, rng, with_goal=False))
    if rng.random() < config.partial:
        bank = _part(bank, rng)
    if rng.random() < config.flat:
        bank = _lines(bank, goal, config, rng, with_goal=True)
    if rng.random() < config.lessons:
        bank = _with_lessons(bank, starter, rng)
    return ByTaskType(bank, top_k=None)


def _lines(
    bank: SkillBank, goal: str, config: PracticeConfig, rng: random.Random, *, with_goal: bool
) -> SkillBank:
    """Some habits in random order, without keywords; those of the goal among them or not."""
    own = [skill for skill in bank.general if skill.keywords and skill.suits(goal)]
    others = [skill for skill in bank.general if skill not in own]
    chosen = rng.sample(others, min(len(others), rng.randint(1, config.flat_lines)))
    chosen += own if with_goal else []
    rng.shuffle(chosen)
    return replace(bank, general=tuple(replace(skill, keywords=()) for skill in chosen))


def _part(bank: SkillBank, rng: random.Random) -> SkillBank:
    share = rng.uniform(0.2, 0.8)
    return replace(
        bank,
        general=_some(bank.general, share, rng),
        task_specific={name: _some(skills, share, rng) for name, skills in bank.task_specific.items()},
    )


def _with_lessons(bank: SkillBank, starter: SkillBank, rng: random.Random) -> SkillBank:
    share = rng.uniform(0.05, 0.3)
    names = {*bank.task_specific, *starter.task_specific}
    general = [*bank.general, *_some(starter.general, share, rng)]
    rng.shuffle(general)
    return replace(
        bank,
        general=tuple(general),
        task_specific={
            name: (*bank.task_specific.get(name, ()), *_some(starter.task_specific.get(name, ()), share, rng))
            for name in sorted(names)
        },
        mistakes=tuple(mistake for mistake in starter.mistakes if rng.random() < share),
    )


def _some(skills: Iterable[Skill], share: float, rng: random.Random) -> tuple[Skill, ...]:
    kept = [skill for skill in skills if rng.random() < share]
    rng.shuffle(kept)
    return tuple(kept)
