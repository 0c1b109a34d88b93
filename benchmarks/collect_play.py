"""What a collection plays: every task of a split, so many times, each attempt with a seed of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import gymnasium as gym

from skill_gym.agents.policy import Policy, Sampling
from skill_gym.agents.rollout import Episode, Played, play
from skill_gym.benchmarks.evaluate import episode_seed
from skill_gym.benchmarks.trajectory_log import Key, TrajectoryLog
from skill_gym.trajectory import Task


@dataclass(frozen=True, slots=True)
class Attempt:
    """One episode that is to be played.

    Attributes:
        task: What is played.
        number: Which attempt at it, from 0.
        seed: Of its replies; that of an evaluation for the first attempt.
    """

    task: Task
    number: int
    seed: int

    @property
    def key(self) -> Key:
        """Which episode it is, as its trajectory says."""
        return self.task.key, self.seed


def attempts(tasks: Sequence[Task], count: int, seed: int) -> list[Attempt]:
    """All episodes, those of one task side by side.

    Args:
        tasks: What is played.
        count: Attempts at each task, at least 1.
        seed: Of the collection.
    """
    if count < 1:
        raise ValueError(f"attempts must be at least 1, got {count}")
    return [Attempt(task, number, _seed(seed, task, number)) for task in tasks for number in range(count)]


def play_missing(
    make_env: Callable[[], gym.Env[str, str]],
    policy: Policy,
    wanted: Sequence[Attempt],
    log: TrajectoryLog,
    broken: TrajectoryLog,
    *,
    slots: int,
    sampling: Sampling,
    on_played: Callable[[Played], None],
) -> None:
    """Plays the attempts that are not in the log yet, and adds each as it ends.

    A broken episode goes into its own file; as it is not in the log, the next run plays it again.

    Args:
        make_env: Makes an environment with the whole stack.
        policy: Who plays.
        wanted: All attempts.
        log: Episodes that have ended.
        broken: Episodes that broke in this run.
        slots: Episodes under way at a time.
        sampling: How replies are drawn.
        on_played: Called with each episode after it was written.
    """
    episodes = [
        Episode(ticket=f"{attempt.task.id}@{attempt.number}", task_id=attempt.task.id, seed=attempt.seed)
        for attempt in wanted
        if attempt.key not in log
    ]
    if not episodes:
        return
    with play(make_env, policy, episodes, slots=min(slots, len(episodes)), sampling=sampling) as rollout:
        for played in rollout:
            (broken if played.trajectory.ended == "broken" else log).append(played.trajectory)
            on_played(played)


def _seed(seed: int, task: Task, number: int) -> int:
    if number == 0:
        return episode_seed(seed, task)
    return int.from_bytes(sha256(f"{seed}:{task.key}:{number}".encode()).digest()[:4], "big") >> 1
