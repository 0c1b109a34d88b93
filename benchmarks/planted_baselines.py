"""What else one may do with candidates: know the truth, append everything, follow averages, show nothing."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol

from skill_gym.benchmarks.planted_candidates import Candidate
from skill_gym.benchmarks.planted_players import Shelf
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Skill
from skill_gym.trajectory import Task


class Rule(Protocol):
    """Decides what is shown for a task."""

    def receive(self, candidates: Sequence[Candidate], *, changed: bool) -> None:
        """A new cycle, with the candidates that arrive in it."""
        ...

    def lines(self, task: Task) -> Sequence[str]:
        """What is shown."""
        ...

    def learn(self, task: Task, success: bool) -> None:
        """An episode's outcome."""
        ...


class Oracle:
    """Knows the labels: what is helpful at the time, from its arrival on, and nothing else.

    Args:
        labels: Id -> label by what was measured.
    """

    def __init__(self, labels: Mapping[str, str | None]) -> None:
        self._labels = labels
        self._skills: list[Skill] = []
        self._shelf = Shelf(SkillBank.empty())

    def receive(self, candidates: Sequence[Candidate], *, changed: bool) -> None:
        """As ``Rule.receive``."""
        self._skills += [
            one.skill for one in candidates if self._labels[one.skill.id] in ("helpful", "stale")
        ]
        kept = [one for one in self._skills if not (changed and self._labels[one.id] == "stale")]
        self._shelf = Shelf(SkillBank.empty().with_skills(kept))

    def lines(self, task: Task) -> Sequence[str]:
        """As ``Rule.lines``."""
        return self._shelf.lines(task)

    def learn(self, task: Task, success: bool) -> None:
        """It has nothing to learn."""


class AppendEverything:
    """The released rule of SkillRL: every proposal enters the bank for good and is shown for every task.

    Evolved skills are general there, none of them is left out, and no budget cuts the block (released
    ``skills_only_memory.py``, template mode; see ``retrieval.ByTaskType`` for how ours differ). It is spared
    the overlong prompts that this leads to: its player reads everything.
    """

    def __init__(self) -> None:
        self._lines: tuple[str, ...] = ()

    def receive(self, candidates: Sequence[Candidate], *, changed: bool) -> None:
        """As ``Rule.receive``."""
        del changed
        self._lines += tuple(
            " ".join(f"- {one.skill.title}: {one.skill.principle}".split()) for one in candidates
        )

    def lines(self, task: Task) -> Sequence[str]:
        """As ``Rule.lines``."""
        del task
        return self._lines

    def learn(self, task: Task, success: bool) -> None:
        """It learns nothing."""


class MovingAverage:
    """Appends everything, shows it where it fits, and drops what mostly occurs where episodes fail.

    A skill goes when the mean success of the last 50 episodes that it was shown in lies a tenth below that
    of the last 500 episodes at all. This is co-occurrence: hard tasks fail with any skill.
    """

    window, least, margin = 50, 30, 0.1

    def __init__(self) -> None:
        self._bank = SkillBank.empty()
        self._shelf = Shelf(self._bank)
        self._all: deque[bool] = deque(maxlen=500)
        self._of: dict[str, deque[bool]] = {}

    def receive(self, candidates: Sequence[Candidate], *, changed: bool) -> None:
        """As ``Rule.receive``; decides over what was learnt in the last cycle."""
        del changed
        overall = sum(self._all) / max(1, len(self._all))
        bad = [
            name
            for name, seen in self._of.items()
            if len(seen) >= self.least and sum(seen) / len(seen) < overall - self.margin
        ]
        for name in bad:
            del self._of[name]
        bank = self._bank.without(bad).with_skills([one.skill for one in candidates])
        self._of |= {one.skill.id: deque(maxlen=self.window) for one in candidates}
        if bank is not self._bank:
            self._bank, self._shelf = bank, Shelf(bank)

    @property
    def bank(self) -> SkillBank:
        """What is left."""
        return self._bank

    def lines(self, task: Task) -> Sequence[str]:
        """As ``Rule.lines``."""
        return self._shelf.lines(task)

    def learn(self, task: Task, success: bool) -> None:
        """As ``Rule.learn``."""
        self._all.append(success)
        for name in self._shelf.ids(task):
            self._of[name].append(success)


class NoSkills:
    """Shows nothing."""

    def receive(self, candidates: Sequence[Candidate], *, changed: bool) -> None:
        """As ``Rule.receive``."""

    def lines(self, task: Task) -> Sequence[str]:
        """Nothing."""
        del task
        return ()

    def learn(self, task: Task, success: bool) -> None:
        """It learns nothing."""
