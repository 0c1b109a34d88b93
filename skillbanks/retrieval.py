"""Which skills fit a task."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, Self

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.categories import CATEGORIES, bank_categories
from skill_gym.skillbanks.goals import Goal, read_goal
from skill_gym.skillbanks.search_goals import SEARCH_TYPES, read_search_goal
from skill_gym.skillbanks.shop_goals import SHOP_TYPES, read_shop_goal
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.trajectory import Task

TaskTypeSource = Literal["environment", "template", "goal", "similarity", "none"]

_log = logging.getLogger(__name__)
_told: set[tuple[str, str]] = set()


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The skills for one task, in order of importance.

    Attributes:
        general: For every task.
        task_specific: Of the task's type.
        mistakes: To avoid.
        category: The bank's category that fits best; None when the type is unknown or the bank lacks it.
        task_type_source: Where the task type comes from: the ``environment``, a sentence ``template``, scored
            cues in a person's ``goal``, the ``similarity`` of skills to the goal, or ``none``.
        confidence: In [0, 1]: 1 for the environment and for templates, 0 for none.
        similarities: Cosine of the goal with each entry, by id, where embeddings chose them.
    """

    general: tuple[Skill, ...] = ()
    task_specific: tuple[Skill, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    category: str | None = None
    task_type_source: TaskTypeSource = "none"
    confidence: float = 0.0
    similarities: Mapping[str, float] = field(default_factory=dict, compare=False, repr=False)

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all entries: general, task-specific, mistakes."""
        skills = (*self.general, *self.task_specific)
        return (*(skill.id for skill in skills), *(mistake.id for mistake in self.mistakes))


class Retriever(Protocol):
    """Finds the skills for tasks; the seam between a bank and who shows its skills."""

    @property
    def bank(self) -> SkillBank:
        """The bank that the skills come from."""
        ...

    def retrieve(self, tasks: Sequence[Task]) -> list[Retrieved]:
        """The skills for each task, in the tasks' order; always asked for a batch."""
        ...

    def with_bank(self, bank: SkillBank) -> Self:
        """The same retrieval from another bank, as after an evolution step."""
        ...


@dataclass(frozen=True, slots=True)
class ByTaskType:
    """Retrieval by task type (SkillRL's template mode): general skills, the type's category, its mistakes.

    The task type is the environment's own where it names one that is known; otherwise it is read from the
    goal: by ``read_goal`` for a bank with ALFWorld's categories, ``read_shop_goal`` for one with WebShop's,
    ``read_search_goal`` for one with Search's. Where it stays unknown only what holds for every task is
    returned.

    Static skills come in file order. Skills that evolution added (``Skill.evolved``) come first, newest
    first, but take at most half of a list, so that they never crowd the static ones out; what static skills
    leave free they fill. Mistakes of the category come before those of no category; others are left out.

    Skills with keywords are for the goals that have one of them, and are left out for others. They come
    before the rest of their list, newest first, and count against no limit: a bank may know a hundred things
    of a hundred objects, of which a goal names one or two.

    Args:
        bank: The bank.
        top_k: Number of general skills (SkillRL's ``top_k``), None for all.
        task_specific_top_k: Number of the type's skills, None for all.
        max_mistakes: Number of mistakes, None for all.
        by_keywords: Whether keywords count; if not, such skills are like all others.
        hierarchy: Whether the bank is more than a list. Without it (an ablation) every entry is retrieved for
            every task, all skills as general ones; types, keywords and limits do not count, and only the
            token budget of who shows them makes a choice.

    Raises:
        ValueError: A limit is negative.
    """

    bank: SkillBank
    top_k: int | None = 6
    task_specific_top_k: int | None = None
    max_mistakes: int | None = 5
    by_keywords: bool = True
    hierarchy: bool = True

    def __post_init__(self) -> None:
        for name in ("top_k", "task_specific_top_k", "max_mistakes"):
            limit = getattr(self, name)
            if limit is not None and limit < 0:
                raise ValueError(f"{name} must be at least 0, got {limit}; pass {name}=None to keep all")

    def with_bank(self, bank: SkillBank) -> "ByTaskType":
        """The same limits on another bank."""
        return replace(self, bank=bank)

    def retrieve(self, tasks: Sequence[Task]) -> list[Retrieved]:
        """The skills for each task, in the tasks' order; equal types and goals are looked up once."""
        found: dict[tuple[str, str], Retrieved] = {}
        for task in tasks:
            if (task.task_type, task.goal) not in found:
                found[task.task_type, task.goal] = self._for_task(task)
        return [found[task.task_type, task.goal] for task in tasks]

    def _for_task(self, task: Task) -> Retrieved:
        if not self.hierarchy:
            return Retrieved(general=_foremost(self.bank.skills, None), mistakes=self.bank.mistakes)
        task_type, source, confidence = task_type_of(self.bank, task)
        if source == "none":
            _tell_unknown(task.env_id, task.task_type, task.goal)
        names = bank_categories(self.bank, task_type) if task_type is not None else ()
        skills = tuple(skill for name in names for skill in self.bank.task_specific[name])
        # Mistakes may name the category or the task type itself.
        places = {*names, task_type} - {None}
        own = [mistake for mistake in self.bank.mistakes if mistake.category in places]
        common = [mistake for mistake in self.bank.mistakes if mistake.category is None]
        return Retrieved(
            general=self._choose(self.bank.general, self.top_k, task.goal),
            task_specific=self._choose(skills, self.task_specific_top_k, task.goal),
            mistakes=tuple([*own, *common][: self.max_mistakes]),
            category=names[0] if names else None,
            task_type_source=source,
            confidence=confidence,
        )

    def _choose(self, skills: Sequence[Skill], limit: int | None, goal: str) -> tuple[Skill, ...]:
        if not self.by_keywords:
            return _foremost(skills, limit)
        suited = [skill for skill in reversed(skills) if skill.keywords and skill.suits(goal)]
        return (*suited, *_foremost([skill for skill in skills if not skill.keywords], limit))


def task_type_of(bank: SkillBank, task: Task) -> tuple[str | None, TaskTypeSource, float]:
    """A task's type, its source and confidence: the environment's type, else the goal's by its rules."""
    known = (*CATEGORIES, *SHOP_TYPES, *SEARCH_TYPES, *bank.task_specific)
    if task.task_type in known:
        return task.task_type, "environment", 1.0
    read = _goal_rules(bank)
    goal = read(task.goal) if read is not None else None
    if goal is not None and goal.task_type is not None:
        return goal.task_type, goal.source, goal.confidence
    return None, "none", 0.0


def _tell_unknown(env_id: str, task_type: str, goal: str) -> None:
    """Says it once in a process for an environment and a type of its own; ``task_type_source`` says each."""
    if (env_id, task_type) not in _told:
        _told.add((env_id, task_type))
        _log.warning(
            "no task type for %r (%s says %r): general skills only, as for all others like it",
            goal,
            env_id,
            task_type,
        )


def _goal_rules(bank: SkillBank) -> Callable[[str], Goal] | None:
    """How goals are read: by the rules of the environment that the bank is for, which suit no other."""
    if any(bank_categories(bank, task_type) for task_type in CATEGORIES):
        return read_goal
    # A bank for anything may call a category "other".
    own = {name for name, skills in bank.task_specific.items() if skills} - {"other"}
    if own & set(SHOP_TYPES):
        return read_shop_goal
    return read_search_goal if own & set(SEARCH_TYPES) else None


def _foremost(skills: Sequence[Skill], limit: int | None) -> tuple[Skill, ...]:
    limit = len(skills) if limit is None else limit
    evolved = [skill for skill in reversed(skills) if skill.evolved]
    static = [skill for skill in skills if not skill.evolved]
    # Evolved skills get half of the list, or whatever the static ones leave free.
    share = max(limit // 2, limit - len(static))
    chosen = evolved[:share]
    return (*chosen, *static[: limit - len(chosen)])
