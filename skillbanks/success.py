"""How often a task type succeeds, with its uncertainty."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from skill_gym.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class SuccessRate:
    """A count of successes.

    Attributes:
        solved: Number of solved episodes.
        episodes: Number of episodes that ended by themselves or by the step limit; broken ones do not count.
    """

    solved: int
    episodes: int

    @property
    def rate(self) -> float:
        """Share in [0, 1]; nan without episodes."""
        return self.solved / self.episodes if self.episodes else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """95% score interval (Wilson 1927); (0, 1) without episodes."""
        if not self.episodes:
            return (0.0, 1.0)
        z, n = 1.959963984540054, self.episodes
        centre = (self.rate + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(self.rate * (1 - self.rate) / n + z * z / (4 * n * n))
        return (max(0.0, centre - half), min(1.0, centre + half))


def success_by_task_type(trajectories: Iterable[Trajectory]) -> dict[str, SuccessRate]:
    """Success of each task type that occurs, sorted by name; broken episodes are left out."""
    counts: dict[str, list[bool]] = {}
    for trajectory in trajectories:
        if trajectory.ended != "broken":
            counts.setdefault(trajectory.task.task_type, []).append(trajectory.solved)
    return {name: SuccessRate(sum(counts[name]), len(counts[name])) for name in sorted(counts)}
