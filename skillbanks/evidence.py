"""What was seen of each skill on each type of task: counts and group-level sums that can be added up."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

__all__ = ["Evidence", "EvidenceBook", "Outcomes"]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Success of the groups of one arm.

    Siblings of a group share task, prompt and policy, so that their outcomes depend on each other: variance
    is taken between groups, over their mean successes.

    Attributes:
        groups: Number of groups.
        episodes: Number of their episodes.
        successes: Sum of the episodes' successes, each in [0, 1].
        total: Sum of the groups' mean successes.
        squares: Sum of the squares of the groups' mean successes.
    """

    groups: int = 0
    episodes: int = 0
    successes: float = 0.0
    total: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float:
        """Mean success of a group; nan without groups."""
        return self.total / self.groups if self.groups else math.nan

    @property
    def variance(self) -> float:
        """Variance between groups (unbiased); nan with fewer than two."""
        if self.groups < 2:
            return math.nan
        return max(0.0, (self.squares - self.total**2 / self.groups) / (self.groups - 1))

    def with_group(self, outcomes: Sequence[float]) -> "Outcomes":
        """With one more group.

        Raises:
            ValueError: There are no outcomes, or one outside [0, 1].
        """
        mean = _mean(outcomes)
        return Outcomes(
            self.groups + 1,
            self.episodes + len(outcomes),
            self.successes + math.fsum(outcomes),
            self.total + mean,
            self.squares + mean * mean,
        )

    def __add__(self, other: "Outcomes") -> "Outcomes":
        return Outcomes(*(getattr(self, name) + getattr(other, name) for name in Outcomes.__slots__))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one skill on one type of task.

    Attributes:
        shown: Groups that were drawn to play with it.
        withheld: Groups that were drawn to play without it, though it fits their task.
        pairs: Pairs of the same task with it and without it; ``differences`` are over these.
        differences: Sum of the pairs' differences in success (with less without).
        difference_squares: Sum of their squares.
        usage: Episodes that it was shown in, drawn or not.
        last_use: Number of the iteration of the last of them; None before the first.
        helpful: Pairs that went better with it than without, and drawn groups with it that did better than
            those without it so far on average.
        harmful: The same for worse.
    """

    shown: Outcomes = field(default_factory=Outcomes)
    withheld: Outcomes = field(default_factory=Outcomes)
    pairs: int = 0
    differences: float = 0.0
    difference_squares: float = 0.0
    usage: int = 0
    last_use: int | None = None
    helpful: int = 0
    harmful: int = 0

    def __add__(self, other: "Evidence") -> "Evidence":
        """Both together; of the same skill, from different runs or workers."""
        sums = {
            name: getattr(self, name) + getattr(other, name)
            for name in Evidence.__slots__
            if name != "last_use"
        }
        uses = [one.last_use for one in (self, other) if one.last_use is not None]
        return Evidence(**sums, last_use=max(uses, default=None))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Evidence":
        """Reads what ``to_json`` wrote.

        Raises:
            ValueError: A field is missing or unknown.
        """
        try:
            arms = {name: Outcomes(**row[name]) for name in ("shown", "withheld")}
            return cls(**{**row, **arms})
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"this is no evidence of a skill ({error}); it needs the fields {', '.join(cls.__slots__)}"
            ) from error


class EvidenceBook:
    """The evidence of all skills, by id and task type.

    Only what was drawn by chance counts as evidence of an effect (``observe_group``, ``observe_pair``); mere
    use is counted apart (``observe_use``), since skills are shown where they fit and an easy task succeeds
    with any.

    Args:
        rows: (skill id, task type) -> evidence, to begin with.
    """

    def __init__(self, rows: Mapping[tuple[str, str], Evidence] | None = None) -> None:
        self._rows: dict[str, dict[str, Evidence]] = {}
        for (skill_id, task_type), row in (rows or {}).items():
            self._put(skill_id, task_type, row)

    def get(self, skill_id: str, task_type: str | None = None) -> Evidence:
        """Of a skill on one type of task; with None on all of them together."""
        rows = self._rows.get(skill_id, {})
        if task_type is not None:
            return rows.get(task_type, Evidence())
        return sum((rows[name] for name in sorted(rows)), Evidence())

    def task_types(self, skill_id: str) -> tuple[str, ...]:
        """Types of task that anything is known on, sorted."""
        return tuple(sorted(self._rows.get(skill_id, {})))

    def observe_group(self, task_type: str, outcomes: Sequence[float], arms: Mapping[str, bool]) -> None:
        """A group whose arm was drawn.

        Args:
            task_type: Of its task.
            outcomes: Success of each sibling, in [0, 1].
            arms: Skill id -> whether it was shown; only skills that a draw was made for.
        """
        for skill_id, shown in arms.items():
            row = self.get(skill_id, task_type)
            if shown:
                without = row.withheld.mean  # Nan compares as neither better nor worse.
                row = replace(
                    row,
                    shown=row.shown.with_group(outcomes),
                    helpful=row.helpful + (_mean(outcomes) > without),
                    harmful=row.harmful + (_mean(outcomes) < without),
                )
            else:
                row = replace(row, withheld=row.withheld.with_group(outcomes))
            self._put(skill_id, task_type, row)

    def observe_pair(
        self, skill_id: str, task_type: str, shown: Sequence[float], withheld: Sequence[float]
    ) -> None:
        """The same task, played with a skill and without it; outcomes as in ``observe_group``."""
        difference = _mean(shown) - _mean(withheld)
        row = self.get(skill_id, task_type)
        row = replace(
            row,
            pairs=row.pairs + 1,
            differences=row.differences + difference,
            difference_squares=row.difference_squares + difference * difference,
            helpful=row.helpful + (difference > 0),
            harmful=row.harmful + (difference < 0),
        )
        self._put(skill_id, task_type, row)

    def observe_use(
        self, task_type: str, skill_ids: Iterable[str], *, episodes: int = 1, when: int | None = None
    ) -> None:
        """Skills that episodes were played with, for whatever reason.

        Args:
            task_type: Of the episodes' task.
            skill_ids: Shown skills.
            episodes: Number of episodes.
            when: Number of the iteration.
        """
        for skill_id in skill_ids:
            row = self.get(skill_id, task_type)
            uses = [number for number in (row.last_use, when) if number is not None]
            row = replace(row, usage=row.usage + episodes, last_use=max(uses, default=None))
            self._put(skill_id, task_type, row)

    def merge(self, other: "EvidenceBook") -> None:
        """Adds another book's evidence, such as another worker's."""
        for key, row in other:
            self._put(*key, self.get(*key) + row)

    def forget(self, skill_ids: Iterable[str]) -> None:
        """Drops everything on these skills, as when a text was revised under the same id."""
        for skill_id in skill_ids:
            self._rows.pop(skill_id, None)

    def to_rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """As ``BankStore.save_evidence`` takes it."""
        return {key: row.to_json() for key, row in self}

    @classmethod
    def from_rows(cls, rows: Mapping[tuple[str, str], Mapping[str, Any]]) -> "EvidenceBook":
        """Reads ``to_rows``, such as from ``BankStore.load_evidence``."""
        return cls({key: Evidence.from_json(row) for key, row in rows.items()})

    def to_json(self) -> list[dict[str, Any]]:
        """As plain JSON, for a checkpoint."""
        return [{"skill": skill, "task_type": kind, **row.to_json()} for (skill, kind), row in self]

    @classmethod
    def from_json(cls, rows: Iterable[Mapping[str, Any]]) -> "EvidenceBook":
        """Reads what ``to_json`` wrote."""
        found = {}
        for row in rows:
            rest = {name: value for name, value in row.items() if name not in ("skill", "task_type")}
            found[str(row["skill"]), str(row["task_type"])] = Evidence.from_json(rest)
        return cls(found)

    def __iter__(self) -> Iterator[tuple[tuple[str, str], Evidence]]:
        for skill_id in sorted(self._rows):
            for task_type in self.task_types(skill_id):
                yield (skill_id, task_type), self._rows[skill_id][task_type]

    def __len__(self) -> int:
        return sum(len(rows) for rows in self._rows.values())

    def _put(self, skill_id: str, task_type: str, row: Evidence) -> None:
        self._rows.setdefault(skill_id, {})[task_type] = row


def _mean(outcomes: Sequence[float]) -> float:
    if not outcomes:
        raise ValueError("a group has no outcomes; leave out groups whose episodes all broke")
    for outcome in outcomes:
        if not 0 <= outcome <= 1:
            raise ValueError(f"outcomes must lie in [0, 1], got {outcome}; pass successes, not returns")
    return math.fsum(outcomes) / len(outcomes)
