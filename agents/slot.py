"""One place of a rollout: an environment and the episode that is being played in it."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import gymnasium as gym

from skill_gym.agents.policy import Completion, Message, Request, Sampling, Structure
from skill_gym.text_env import TextEnv
from skill_gym.trajectory import Boundary, Task, Trajectory
from skill_gym.wrappers.record_trajectory import RecordTrajectory
from skill_gym.wrappers.reply_pattern import reply_pattern

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode to be played.

    Attributes:
        ticket: Name of the episode, unique in a rollout.
        task_id: Which task.
        seed: At least 0; with the step it decides how each reply is drawn. Members of a group differ in it.
        group: Episodes of one task that are compared with each other (GRPO).
        options: Further options of the reset, such as an arm's (``Arm.options``): the same for all members of
            a group.
    """

    ticket: str
    task_id: str
    seed: int
    group: int = 0
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Played:
    """An episode, what came of it, and one completion for each of its turns."""

    episode: Episode
    trajectory: Trajectory
    completions: tuple[Completion, ...]


def reply_seed(episode_seed: int, step: int) -> int:
    """Seed of one reply, in [0, 2**31); the same on every machine and for every number of slots."""
    digest = sha256(f"{episode_seed}:{step}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


class Slot:
    """Plays one episode after another in one environment.

    Args:
        env: Any text environment; one that does not record trajectories gets RecordTrajectory.
        policy_name: Goes into the trajectories of an environment that got it here.

    Attributes:
        layout: ``transcript``: the conversation grows; ``step``: each observation is a whole prompt.
        episode: The episode being played.
        completions: Its replies so far that the environment has taken.
        stop: Texts that end a reply, as the environment names them, where the sampling names none.
        waits: Whether a step waits for something outside of the process, so that a thread should take it.
    """

    episode: Episode

    def __init__(self, env: gym.Env[str, str], policy_name: str) -> None:
        recorded = env.has_wrapper_attr("abandon")
        self.env = env if recorded else RecordTrajectory(env, policy_name=policy_name)
        self.layout = str(env.get_wrapper_attr("layout")) if env.has_wrapper_attr("layout") else "step"
        self.waits = bool(getattr(env.unwrapped, "waits", False))
        self.stop = tuple(env.metadata.get("stop", ()))

    def begin(self, episode: Episode) -> None:
        """Resets the environment to the episode's task."""
        self.episode = episode
        self.completions: list[Completion] = []
        self.messages: list[Message] = []
        options = {**episode.options, "task": episode.task_id}
        observation, self.info = self.env.reset(seed=episode.seed, options=options)
        self._hear(observation)

    @property
    def place(self) -> str:
        """Equal where the conversation that the next reply is asked for is equal: 64 hex digits."""
        said = [[message["role"], message["content"]] for message in self.messages]
        return sha256(json.dumps(said).encode()).hexdigest()

    def replay(self, episode: Episode, replies: Sequence[Completion], place: str) -> bool:
        """Begins an episode and says its replies again; False when that does not lead to the same place."""
        try:
            self.begin(episode)
            return not any(self.step(reply) is not None for reply in replies) and self.place == place
        except Exception:
            logger.warning("episode %s cannot be taken up again", episode.ticket, exc_info=True)
            return False

    def request(self, sampling: Sampling) -> Request:
        """The question for the next reply."""
        step = len(self.completions)
        growing = self.layout == "transcript" and step > 0
        return Request(
            ticket=f"{self.episode.ticket}#{step}",
            messages=tuple(self.messages),
            info={**self.info, "step": step},
            sampling=replace(
                sampling,
                seed=reply_seed(self.episode.seed, step),
                stop=sampling.stop or self.stop,
                pattern=self._pattern(sampling.structure),
            ),
            previous=self.completions[-1] if growing else None,
        )

    def step(self, completion: Completion) -> Trajectory | None:
        """Says the reply to the environment; the trajectory when that ended the episode."""
        observation, _, terminated, truncated, self.info = self.env.step(completion.text)
        self.completions.append(completion)
        if terminated or truncated:
            trajectory: Trajectory = self.info["trajectory"]
            return trajectory
        self.messages.append({"role": "assistant", "content": completion.text})
        self._hear(observation)
        return None

    def abandon(self, boundary: Boundary, error: BaseException | str) -> Trajectory:
        """Closes the episode as broken."""
        abandon: Callable[[Boundary, BaseException | str], Trajectory] = self.env.get_wrapper_attr("abandon")
        return abandon(boundary, error)

    def never_begun(self, error: Exception) -> Trajectory:
        """The record of an episode whose reset failed; the environment may not even know its task."""
        inner = self.env.unwrapped
        task_id = self.episode.task_id
        env_id = inner.spec.id if inner.spec is not None else type(inner).__name__
        task = Task(task_id, f"{env_id}:unknown:{task_id}", env_id, "", "", "")
        if isinstance(inner, TextEnv):
            try:
                task = inner.find_task(task_id)
            except Exception:
                logger.debug("no task %r", task_id, exc_info=True)
        meta = {"final_observation": "", "error": f"{type(error).__name__}: {error}"}
        return Trajectory(task, (), "broken", seed=self.episode.seed, boundary="env", meta=meta)

    def _pattern(self, structure: Structure) -> str | None:
        if structure == "none":
            return None
        commands = self.info.get("admissible_commands", ()) if structure == "admissible" else ()
        think = self.env.has_wrapper_attr("think") and bool(self.env.get_wrapper_attr("think"))
        return reply_pattern(self.env.metadata.get("reply_tags", ()), think=think, commands=commands)

    def _hear(self, observation: str) -> None:
        if self.layout == "step":
            self.messages.clear()
        self.messages.append({"role": "user", "content": observation})
