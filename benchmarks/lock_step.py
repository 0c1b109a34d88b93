"""The released loop's way of playing: a batch of environments steps together until the last one is done."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gymnasium as gym

from skill_gym.agents.policy import Completion, Policy, PolicyError, Request, Sampling
from skill_gym.agents.slot import Episode, Played, Slot
from skill_gym.trajectory import Trajectory
from skill_gym.wrappers.record_trajectory import RecordTrajectory


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch took.

    Attributes:
        played: Its episodes, in their order; replies after an episode's end are not among them.
        steps: Rounds of the loop: as many as the longest episode has turns.
        asked: Replies that were generated: rounds times rows.
        tokens: Tokens of all replies.
        wasted: Tokens of replies for episodes that had ended.
    """

    played: tuple[Played, ...]
    steps: int
    asked: int
    tokens: int
    wasted: int


def play_in_lock_step(
    make_env: Callable[[], gym.Env[str, str]],
    policy: Policy,
    episodes: Sequence[Episode],
    *,
    rows: int,
    sampling: Sampling,
    on_step: Callable[[], None] | None = None,
) -> Iterator[Batch]:
    """Plays episodes batch by batch, as SkillRL's released rollout loop does.

    Restated from ``agent_system/multi_turn_rollout/rollout_loop.py`` (Apache-2.0): each round every row is
    prompted, all replies are waited for, and all environments step; the batch is over when all its rows are
    done, and only then the next one begins. A row whose episode has ended goes on being prompted and
    generated for; its game answers with its last result again, as TextWorld's batches do, its prompt tells
    the last steps as ever, and what is said there is masked out afterwards. The released loop also stops at
    a step limit, which here the environments have.

    Seeds and prompts of an episode's replies are those of ``Rollout``, so a policy that is repeatable plays
    the same episodes.

    Args:
        make_env: Makes an environment, one for each row.
        policy: Who plays.
        episodes: What is to be played, in this order.
        rows: Episodes of a batch, at least 1.
        sampling: How replies are drawn; the seed is replaced by one for each episode and step.
        on_step: Called when the rows of a batch were reset or stepped, all at once.

    Raises:
        PolicyError: The policy answers a request with an error; the loop knows no broken episodes.
        ValueError: Fewer than one row.
    """
    if rows < 1:
        raise ValueError(f"rows must be at least 1, got {rows}")
    made = [_Row(make_env(), policy.name) for _ in range(min(rows, len(episodes)))]
    try:
        for first in range(0, len(episodes), rows):
            batch = episodes[first : first + rows]
            yield _play(made[: len(batch)], batch, policy, sampling, on_step or (lambda: None))
    finally:
        for row in made:
            row.close()


def _play(
    rows: Sequence["_Row"],
    episodes: Sequence[Episode],
    policy: Policy,
    sampling: Sampling,
    on_step: Callable[[], None],
) -> Batch:
    for row, episode in zip(rows, episodes, strict=True):
        row.begin(episode)
    on_step()
    steps = asked = tokens = wasted = 0
    while not all(row.over for row in rows):
        replies = _answers(policy, [row.request(sampling) for row in rows])
        for row, reply in zip(rows, replies, strict=True):
            tokens += len(reply.token_ids)
            wasted += len(reply.token_ids) if row.over else 0
            row.step(reply)
        on_step()
        steps += 1
        asked += len(rows)
    return Batch(tuple(row.played for row in rows), steps, asked, tokens, wasted)


def _answers(policy: Policy, requests: Sequence[Request]) -> list[Completion]:
    """Asks all at once and waits for the last reply."""
    for request in requests:
        policy.submit(request)
    found: dict[str, Completion] = {}
    while len(found) < len(requests):
        for completion in policy.poll():
            if completion.finish_reason == "error":
                raise PolicyError(f"no reply to {completion.ticket}: {completion.text}")
            found[completion.ticket] = completion
    return [found[request.ticket] for request in requests]


class _Row:
    """One environment of the batch; it is asked on after its episode has ended."""

    def __init__(self, env: gym.Env[str, str], policy_name: str) -> None:
        self._policy_name = policy_name
        self._env = _GoesOn(env)
        self._slot = Slot(self._env, policy_name)
        self.begin, self.request, self.close = self._slot.begin, self._slot.request, self._env.close

    @property
    def over(self) -> bool:
        """Whether the episode has ended."""
        return self._env.trajectory is not None

    @property
    def played(self) -> Played:
        """The episode, which has ended."""
        trajectory = self._env.trajectory
        if trajectory is None:
            raise RuntimeError(f"episode {self._slot.episode.ticket} has not ended")
        if not trajectory.policy:
            trajectory = replace(trajectory, policy=self._policy_name)
        said = self._slot.completions[: len(trajectory.turns)]
        return Played(self._slot.episode, trajectory, tuple(said))

    def step(self, reply: Completion) -> None:
        """Says the reply; after the end it leads nowhere."""
        self._slot.step(reply)


class _GoesOn(gym.Wrapper[str, str, str, str]):
    """Never tells of an episode's end: prompts go on, made from a game that repeats its last result."""

    def __init__(self, env: gym.Env[str, str]) -> None:
        super().__init__(env if env.has_wrapper_attr("abandon") else RecordTrajectory(env))
        self.trajectory: Trajectory | None = None
        layer: Any = self
        while layer.env is not env.unwrapped and not isinstance(layer.env, gym.wrappers.TimeLimit):
            layer = layer.env
        layer.env = _LastResultAgain(layer.env)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        self.trajectory = None
        return self.env.reset(seed=seed, options=options)

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        observation, reward, _, _, info = self.env.step(action)
        self.trajectory = info.get("trajectory", self.trajectory)
        return observation, float(reward), False, False, info


class _LastResultAgain(gym.Wrapper[str, str, str, str]):
    """A game that has ended gives its last result again, whatever it is told."""

    def __init__(self, env: gym.Env[str, str]) -> None:
        super().__init__(env)
        self._last: tuple[str, float, bool, bool, dict[str, Any]] | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        self._last = None
        return self.env.reset(seed=seed, options=options)

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        if self._last is not None:
            return self._last
        observation, reward, terminated, truncated, info = self.env.step(action)
        result = observation, float(reward), terminated, truncated, info
        if terminated or truncated:
            self._last = result
        return result
