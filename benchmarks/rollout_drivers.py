"""The same episodes by two drivers, in lock-step and from a queue without a barrier, and what each took."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import gymnasium as gym

from skill_gym.agents.policy import Completion, Policy, Request, Sampling
from skill_gym.agents.rollout import Episode, Played, Rollout
from skill_gym.benchmarks.latency_engine import LatencyEngine, Work
from skill_gym.benchmarks.lock_step import play_in_lock_step

MakeEnv = Callable[[], gym.Env[str, str]]


@dataclass(frozen=True, slots=True)
class Result:
    """What is kept of an episode.

    Attributes:
        digest: Of the whole trajectory, as ``repr`` shows it.
        turns: Its length.
        solved: Whether the task was done.
        tokens: Of its replies.
    """

    digest: str
    turns: int
    solved: bool
    tokens: int

    @classmethod
    def of(cls, played: Played) -> "Result":
        """Keeps what is compared."""
        trajectory = played.trajectory
        return cls(
            sha256(repr(trajectory).encode()).hexdigest(),
            len(trajectory.turns),
            trajectory.solved,
            sum(len(reply.token_ids) for reply in played.completions),
        )


@dataclass(frozen=True, slots=True)
class Drive:
    """What a driver did.

    Attributes:
        results: Its episodes by ticket.
        work: What the engine did for them.
        wasted: Tokens generated for episodes that had ended.
        asked: Replies generated.
        occupancy: Share of slots with a request under way for an episode that has not ended, until no
            episode waits for a slot; in [0, 1].
        longest: Turns of the longest episode of each batch; empty where there are no batches.
    """

    results: Mapping[str, Result]
    work: Work
    wasted: int
    asked: int
    occupancy: float
    longest: Sequence[int] = ()


class TimedEnv(gym.Wrapper[str, str, str, str]):
    """Lets the engine stand still while this environment resets or steps, as it does in one process.

    Args:
        env: Any text environment.
        engine: Whose clock goes on.
        seconds: Of a reset or step.
    """

    def __init__(self, env: gym.Env[str, str], engine: LatencyEngine, seconds: float) -> None:
        super().__init__(env)
        self._engine, self._seconds = engine, seconds

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Resets, which takes time."""
        self._engine.wait(self._seconds)
        return self.env.reset(seed=seed, options=options)

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Steps, which takes time."""
        self._engine.wait(self._seconds)
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, float(reward), terminated, truncated, info


class WatchedPolicy:
    """Counts what a policy is asked and what it answers.

    Args:
        policy: Anyone.

    Attributes:
        name: The policy's.
        work: Its polls as steps, and the tokens of finished replies.
    """

    def __init__(self, policy: Policy) -> None:
        self.name = policy.name
        self.work = Work()
        self._policy = policy
        self._under_way = 0

    def submit(self, request: Request) -> None:
        """Takes a request."""
        self._policy.submit(request)
        self._under_way += 1

    def poll(self) -> list[Completion]:
        """One step of the policy."""
        completions = self._policy.poll()
        done = self.work
        self.work = replace(
            done,
            steps=done.steps + 1,
            running=done.running + self._under_way,
            tokens=done.tokens + sum(len(completion.token_ids) for completion in completions),
        )
        self._under_way -= len(completions)
        return completions


def drive_in_lock_step(
    make_env: MakeEnv,
    engine: LatencyEngine | WatchedPolicy,
    episodes: Sequence[Episode],
    *,
    slots: int,
    sampling: Sampling,
    on_step: Callable[[], None] | None = None,
) -> Drive:
    """The released loop's way; ``on_step`` is called whenever all environments of a batch have stepped."""
    results: dict[str, Result] = {}
    longest = []
    asked = wasted = 0
    for batch in play_in_lock_step(
        make_env, engine, episodes, rows=slots, sampling=sampling, on_step=on_step
    ):
        results |= {one.episode.ticket: Result.of(one) for one in batch.played}
        longest.append(batch.steps)
        asked += batch.asked
        wasted += batch.wasted
    done = engine.work
    useful = (done.tokens - wasted) / done.tokens
    return Drive(results, done, wasted, asked, useful * done.occupancy(slots), longest)


def drive_queue(
    make_env: MakeEnv,
    engine: LatencyEngine | WatchedPolicy,
    episodes: Sequence[Episode],
    *,
    slots: int,
    sampling: Sampling,
) -> Drive:
    """``Rollout`` until the queue is empty and the last episode has ended."""
    until_empty: list[Work] = []

    def queue() -> Iterator[Episode]:
        yield from episodes
        # Here somebody wants an episode for a free slot, and there is none.
        until_empty.append(engine.work)

    results, asked = {}, 0
    for played in Rollout(make_env, engine, queue(), slots=slots, sampling=sampling):
        results[played.episode.ticket] = Result.of(played)
        asked += len(played.completions)
    done = engine.work
    wasted = done.tokens - sum(one.tokens for one in results.values())
    return Drive(results, done, wasted, asked, until_empty[0].occupancy(slots))
