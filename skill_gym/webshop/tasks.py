"""The tasks of a split: goals by their index, made into records when they are asked for."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from skill_gym.trajectory import Task
from skill_gym.webshop.catalogue import Catalogue
from skill_gym.webshop.goals import GoalKind, ShopGoal
from skill_gym.webshop.partitions import PartitionName, SplitName, partition
from skill_gym.webshop.task_types import TASK_TYPES, task_type

ENV_ID = "skill_gym/WebShop-v0"
HELD = 256
"""Tasks and goals that a list keeps in memory."""


class ShopTasks(Sequence[Task]):
    """Tasks in a fixed order; environments of a process that play the same ones share the list.

    Args:
        catalogue: The shop.
        kind: Synthetic or human goals; they are numbered apart, and their keys have different sources.
        split: Name that the tasks bear.
        choice: Which goals: a partition and the split of it, or so many from the first on.
        task_types: Only these; None for all.

    Raises:
        ValueError: Unknown task types, more goals wanted than there are, or no task is left.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        kind: GoalKind,
        split: str,
        choice: tuple[PartitionName, SplitName] | int,
        task_types: Sequence[str] | None = None,
    ) -> None:
        types = None if task_types is None else _known(task_types)
        self._made_from = (catalogue, kind, split, choice, types)
        self.goals = catalogue.goals(kind)
        self.indices = _indices(catalogue, kind, choice, types)
        self.split = split
        # Groups play the same goal many times, and a reset asks for it twice.
        self.goal = lru_cache(HELD)(self.goals.__getitem__)
        """The goal of that index."""
        self._task = lru_cache(HELD)(self._made)

    def __reduce__(self) -> tuple[Any, ...]:
        return ShopTasks, self._made_from

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, index: int) -> Task: ...
    @overload
    def __getitem__(self, index: slice) -> list[Task]: ...
    def __getitem__(self, index: int | slice) -> Task | list[Task]:
        if isinstance(index, slice):
            return [self._task(int(goal)) for goal in self.indices[index]]
        return self._task(int(self.indices[index]))

    def find(self, task_id: object) -> Task | None:
        """The task of that id; None when it is not among these."""
        index = _number(task_id)
        if index is None or not (self.indices == index).any():
            return None
        return self._task(index)

    def near(self, task_id: object) -> str:
        """Up to three ids, nearest in number first, for an error message."""
        nearest = np.argsort(np.abs(self.indices - (_number(task_id) or 0)), kind="stable")[:3]
        return ", ".join(str(self.indices[place]) for place in nearest)

    def _made(self, index: int) -> Task:
        goal = self.goal(index)
        key = f"{ENV_ID}:{self.goals.source}:{index}"
        return Task(str(index), key, ENV_ID, self.split, _type(goal), goal.instruction_text)


@lru_cache(maxsize=16)
def _indices(
    catalogue: Catalogue,
    kind: GoalKind,
    choice: tuple[PartitionName, SplitName] | int,
    task_types: tuple[str, ...] | None,
) -> NDArray[np.int64]:
    goals = catalogue.goals(kind)
    if isinstance(choice, tuple):
        indices = partition(goals, *choice)
    elif choice > len(goals):
        raise ValueError(
            f"size must be at most {len(goals):,}, the number of {kind} goals of this shop, got {choice:,}; "
            f"pass size={len(goals)}, or make a larger shop with "
            f"generator={{'products': {choice}, 'goals': {choice}}}"
        )
    else:
        indices = np.arange(choice)
    if task_types is not None:
        indices = np.array([one for one in indices if _type(goals[int(one)]) in task_types], dtype=np.int64)
        if not len(indices):
            raise ValueError(f"there is no task of type {', '.join(task_types)} here; name others")
    indices.flags.writeable = False
    return indices


def _known(task_types: Sequence[str]) -> tuple[str, ...]:
    if not isinstance(task_types, Iterable):
        raise ValueError(f"task_types must be None or a list of {', '.join(TASK_TYPES)}, got {task_types!r}")
    given = (task_types,) if isinstance(task_types, str) else tuple(task_types)
    for name in given:
        if name not in TASK_TYPES:
            raise ValueError(f"unknown task type {name!r}; there are {', '.join(TASK_TYPES)}")
    if not given:
        raise ValueError("task_types is empty; name at least one, or pass None for all")
    return tuple(name for name in TASK_TYPES if name in given)


def _type(goal: ShopGoal) -> str:
    return task_type(goal.instruction_text, query=goal.query, product_category=goal.product_category)


def _number(task_id: object) -> int | None:
    """The goal's index that an id means, None when it is not written as one."""
    if not (isinstance(task_id, str) and task_id.isascii() and task_id.isdigit() and len(task_id) < 18):
        return None
    number = int(task_id)
    return number if str(number) == task_id else None
