"""Which task comes when, and with which seed: functions of the run's seed and of where the run stands."""

import numpy as np


class TaskOrder:
    """Tasks in a seeded order without replacement, epoch after epoch.

    The order depends on count, seed and position alone, so that a cursor is all that a checkpoint needs.

    Args:
        count: Number of tasks, at least 1.
        seed: At least 0.
    """

    def __init__(self, count: int, seed: int) -> None:
        if count < 1:
            raise ValueError("there are no tasks to play; check env.split, env.task_types and env.options")
        self.count = count
        self.seed = seed

    def take(self, cursor: int, size: int) -> list[int]:
        """Indices of ``size`` tasks from a position on; a task may come twice only across an epoch's end."""
        return [self._epoch(at // self.count)[at % self.count] for at in range(cursor, cursor + size)]

    def _epoch(self, number: int) -> list[int]:
        order = np.random.default_rng([self.seed, number]).permutation(self.count)
        return [int(index) for index in order]


def episode_seed(*parts: int) -> int:
    """A seed in [0, 2**31) for an episode, from numbers that name it (run seed, iteration, task, sibling)."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0] >> 1)
