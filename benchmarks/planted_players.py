"""Where planted skills are tried: stages with scripted players whose weaknesses are known."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from skill_gym.dice import Dice
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.rendering import render
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.skill import Skill
from skill_gym.trajectory import Task

TRUST = 0.5
"""Share of the episodes in which a player follows a line that leads it astray; each line has its own luck."""
LUCKS = 3
"""Different courses that chance may take in a task; an episode draws one of them."""


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that a skill can be about, as the stage knows it; nobody who judges skills sees it.

    Attributes:
        name: Unique in its stage.
        category: Category under which its skills are filed, None for general ones.
        keywords: Words of goals that call for its skills.
        moves: Whether the change of the stage makes what is true of it worthless.
    """

    name: str
    category: str | None = None
    keywords: tuple[str, ...] = ()
    moves: bool = False


class Stage(ABC):
    """Tasks of a real environment and a player that reads skills, both from a seed.

    The player is an expert with weaknesses that certain texts mend, and with a trust that other texts abuse.
    It also slips now and then; a task's luck decides when, so that an episode is told by task, understood
    text, luck and time alone, and equal episodes are played once.

    Attributes:
        name: Of the stage.
        metadata: The environment's, as a lint reads it.
        tasks: All tasks, in a fixed order.
        topics: What skills can be about.
        faults: Names of the player's weaknesses.
    """

    name: str
    metadata: Mapping[str, object]
    tasks: Sequence[Task]
    topics: Sequence[Topic]
    faults: tuple[str, ...]

    def __init__(self) -> None:
        self._played: dict[Hashable, bool] = {}
        self.episodes_played = 0

    @abstractmethod
    def understand(self, task: Task, lines: Sequence[str]) -> Hashable:
        """What the player takes from the lines that matters for the task; equal things are equal."""

    @abstractmethod
    def affected(self, task: Task) -> bool:
        """Whether the change of the stage concerns the task."""

    @abstractmethod
    def play(self, task: Task, understood: Hashable, luck: Dice, *, changed: bool) -> bool:
        """Plays one episode to its end."""

    def success(self, task: Task, lines: Sequence[str], luck: int, *, changed: bool = False) -> bool:
        """Whether an episode succeeds.

        Args:
            task: One of ``tasks``.
            lines: What the player is shown, upper lines first.
            luck: From 0 to ``LUCKS`` - 1.
            changed: Whether the stage has changed by now.
        """
        changed = changed and self.affected(task)
        understood = self.understand(task, lines)
        key = (task.id, understood, luck, changed)
        if key not in self._played:
            dice = Dice(f"{self.name} {task.id} luck {luck}")
            self._played[key] = self.play(task, understood, dice, changed=changed)
            self.episodes_played += 1
        return self._played[key]


class Shelf:
    """The lines that a bank shows for tasks, through retrieval and rendering; looked up once for each goal.

    Args:
        bank: The bank.
        max_tokens: Budget of the skill block.
    """

    def __init__(self, bank: SkillBank, *, max_tokens: int = 2000) -> None:
        self.bank = bank
        self._retriever = ByTaskType(bank, top_k=None)
        self._max_tokens = max_tokens
        self._shown: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {}

    def lines(self, task: Task) -> tuple[str, ...]:
        """The skill block for a task, line by line."""
        return self._look_up(task)[0]

    def ids(self, task: Task) -> tuple[str, ...]:
        """Ids of the skills in it."""
        return self._look_up(task)[1]

    def _look_up(self, task: Task) -> tuple[tuple[str, ...], tuple[str, ...]]:
        key = (task.task_type, task.goal)
        if key not in self._shown:
            (retrieved,) = self._retriever.retrieve([task])
            block = render(retrieved, max_tokens=self._max_tokens)
            self._shown[key] = (tuple(block.text.split("\n")), block.skill_ids)
        return self._shown[key]


def shelf_with(bank: SkillBank, skill: Skill) -> Shelf:
    """The bank with one skill more."""
    return Shelf(bank.with_skills([skill]))


@lru_cache(maxsize=4096)
def suits(skill: Skill, task: Task) -> bool:
    """Whether the skill would be shown for the task, if it were alone in a bank."""
    return bool(Shelf(SkillBank.empty().with_skills([skill])).ids(task))
