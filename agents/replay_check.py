"""Plays a recorded episode's commands again, to see that they do solve its task."""

from collections.abc import Mapping
from typing import Any

import gymnasium as gym

from skill_gym.registration import register_suite
from skill_gym.text_env import TextEnv
from skill_gym.trajectory import Trajectory


class ReplayCheck:
    """Confirms episodes by their environment; one is made for each split and kept.

    Args:
        arguments: Of the environment, such as ``data``, ``world`` or ``generator``: those of the play.
    """

    def __init__(self, arguments: Mapping[str, Any] | None = None) -> None:
        self.arguments = dict(arguments or {})
        self._envs: dict[tuple[str, str], gym.Env[str, str]] = {}

    def fault(self, trajectory: Trajectory) -> str | None:
        """What does not agree, None when every observation and the success are confirmed.

        Raises:
            gymnasium.error.Error: No such environment.
            ValueError: The environment refuses its arguments.
        """
        env = self._env(trajectory.task.env_id, trajectory.task.split)
        inner: TextEnv = env.unwrapped  # type: ignore[assignment]
        try:
            task = inner.find_task(trajectory.task.id)
        except ValueError:
            return "no such task in the data given"
        if task.key != trajectory.task.key:
            return "the task is another one in the data given"
        observation, info = env.reset(options={"task": task.id})
        over = False
        for turn in trajectory.turns:
            if over:
                return "it ends earlier"
            if observation != turn.observation:
                return "an observation differs"
            observation, _, terminated, truncated, info = env.step(turn.command)
            over = terminated or truncated
        return None if info["won"] else "the task is not solved"

    def close(self) -> None:
        """Closes the environments."""
        for env in self._envs.values():
            env.close()

    def _env(self, env_id: str, split: str) -> gym.Env[str, str]:
        if (env_id, split) not in self._envs:
            register_suite()
            self._envs[env_id, split] = gym.make(
                env_id, disable_env_checker=True, **{"split": split, **self.arguments}
            )
        return self._envs[env_id, split]
