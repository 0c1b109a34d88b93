"""One player's episodes on the virtual clock: in lock-step, from a queue, and in iterations."""

from dataclasses import dataclass
from statistics import fmean
from typing import Any

import gymnasium as gym

from skill_gym.agents.policy import Sampling
from skill_gym.agents.rollout import Episode
from skill_gym.agents.scripted import ExpertPolicy
from skill_gym.benchmarks import suite
from skill_gym.benchmarks.latency_engine import LATENCIES, LatencyEngine, ReplyLengths
from skill_gym.benchmarks.rollout_drivers import Drive, MakeEnv, TimedEnv, drive_in_lock_step, drive_queue
from skill_gym.benchmarks.rollout_quota import Iterations, Quota, drive_by_quota
from skill_gym.skillbanks.bank import SkillBank

ENV = "skill_gym/ALFWorld-v0"
SIBLINGS = 8
"""Episodes of a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What every player plays.

    Attributes:
        slots: Episodes at once, a multiple of ``SIBLINGS``; as many make an iteration.
        batches: Lock-step's; the queue has as many episodes.
        iterations: Measured ones.
        env_ms: Virtual milliseconds of a reset or step.
        data: Folder with the official games; None generates.
        bank: File of the bank in the prompts; None is the starter.
    """

    slots: int
    batches: int
    iterations: int
    env_ms: float
    data: str | None = None
    bank: str | None = None

    def __post_init__(self) -> None:
        if self.slots < SIBLINGS or self.slots % SIBLINGS:
            raise ValueError(f"slots must be a multiple of {SIBLINGS}, got {self.slots}")


@dataclass(frozen=True, slots=True)
class Level:
    """One player's episodes by all drivers.

    Attributes:
        lock_step: The released loop's way.
        queue: ``Rollout`` over the same episodes, until the last one has ended.
        quota: ``Rollout`` in iterations.
    """

    lock_step: Drive
    queue: Drive
    quota: Iterations

    @property
    def turns(self) -> list[int]:
        """Lengths of the queue's episodes."""
        return [one.turns for one in self.queue.results.values()]

    @property
    def success(self) -> float:
        """Share of solved episodes."""
        return fmean(one.solved for one in self.queue.results.values())

    @property
    def ceiling(self) -> float:
        """Longest episode of a batch, on average over batches, over the mean episode."""
        return fmean(self.lock_step.longest) / fmean(self.turns)

    @property
    def same(self) -> float:
        """Share of the queue's episodes that were the same in lock-step and, if played, in iterations."""
        theirs = self.lock_step.results
        alike = [self.queue.results[ticket] == one for ticket, one in theirs.items()]
        alike += [theirs[ticket] == one for ticket, one in self.quota.results.items() if ticket in theirs]
        return fmean(alike)

    def ratios(self, latency: str) -> tuple[float, float]:
        """Lock-step's virtual time over that of the queue and of the iterations, for the same tokens.

        Of the iterations it is the time for as many tokens as the queue's episodes have: no token of theirs
        is wasted, and so their time does not depend on which episodes happened to be trained on.
        """
        cost = LATENCIES[latency]
        theirs, ours = cost.seconds(self.lock_step.work), cost.seconds(self.queue.work)
        rate = cost.seconds(self.quota.work) / self.quota.work.tokens
        return theirs / ours, theirs / (rate * self.queue.work.tokens)

    def shares(self, latency: str) -> tuple[float, float]:
        """The ratios over the ceiling."""
        queue, quota = self.ratios(latency)
        return queue / self.ceiling, quota / self.ceiling


def play_level(setting: Setting, failure_rate: float, lengths: ReplyLengths) -> Level:
    """A player's episodes by all three drivers, each with an engine of its own.

    Args:
        setting: What is played.
        failure_rate: How often the player says a random admissible command instead of the expert's.
        lengths: Of its replies.
    """
    quota = Quota(groups=setting.slots // SIBLINGS, iterations=setting.iterations)
    in_queue = setting.slots * setting.batches
    # Besides what they train on, iterations have episodes under way, and whole ones that wait for siblings.
    most = max(in_queue, setting.slots * (quota.warm_up + quota.iterations + quota.max_age))
    make_env = _make_env(setting)
    episodes = _episodes(make_env, most)
    seconds = setting.env_ms / 1000

    def engine() -> LatencyEngine:
        return LatencyEngine(ExpertPolicy(failure_rate), slots=setting.slots, lengths=lengths)

    def timed(clock: LatencyEngine) -> MakeEnv:
        return lambda: TimedEnv(make_env(), clock, seconds)

    slots, sampling = setting.slots, Sampling()
    first, second, third = engine(), engine(), engine()

    def stepped() -> None:
        first.wait(seconds)

    queue = episodes[:in_queue]
    return Level(
        drive_in_lock_step(make_env, first, queue, slots=slots, sampling=sampling, on_step=stepped),
        drive_queue(timed(second), second, queue, slots=slots, sampling=sampling),
        drive_by_quota(timed(third), third, episodes, quota, slots=slots, sampling=sampling),
    )


def _make_env(setting: Setting) -> MakeEnv:
    bank = SkillBank.starter(ENV) if setting.bank is None else SkillBank.load(setting.bank)
    data: dict[str, Any] = {} if setting.data is None else {"data": setting.data}
    split = "generated" if setting.data is None else "train"

    def make() -> gym.Env[str, str]:
        return suite.make(ENV, bank=bank, layout="step", expert="explorer", split=split, **data)

    return make


def _episodes(make_env: MakeEnv, count: int) -> list[Episode]:
    env = make_env()
    tasks = [task.id for task in env.get_wrapper_attr("tasks")[: -(-count // SIBLINGS)]]
    env.close()
    if len(tasks) * SIBLINGS < count:
        raise ValueError(f"{count} episodes need {-(-count // SIBLINGS)} tasks, the split has {len(tasks)}")
    return [
        Episode(f"{group}.{sibling}", task, seed=1000 * group + sibling, group=group)
        for group, task in enumerate(tasks)
        for sibling in range(SIBLINGS)
    ]
