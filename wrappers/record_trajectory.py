"""Records what was played: one frozen trajectory per episode, in info and, on request, in a file."""

from pathlib import Path
from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from skill_gym.trajectory import Boundary, Trajectory
from skill_gym.wrappers.episode_recorder import played_task, recorder_for


class RecordTrajectory(gym.Wrapper[str, str, str, str], RecordConstructorArgs):
    """Puts the episode's Trajectory into ``info["trajectory"]`` at its end, and appends it to a file.

    The outermost wrapper of the stack. ``ended`` is "solved" (terminated and won), "failed" (terminated
    without success), "truncated" or, where the environment reports ``info["broken"]``, "broken" at the
    boundary "retriever"; other broken episodes are closed by ``abandon``. An episode that is reset before its
    end leaves no record.

    ``meta`` holds ``final_observation`` (the last text), and where they apply ``error``, ``layout``,
    ``invalid_reasons`` (turn number as text -> why the reply was not valid), ``task_type_source``,
    ``dropped_skill_ids`` and ``bank_arm`` (which skills were drawn to be shown or not: ``Arm.apply``).

    Args:
        env: A TextEnv, or wrappers around one.
        path: JSON-lines file that each finished episode is appended to, flushed to the disk; a torn last line
            of a killed writer is cut off first and logged. None keeps no file.
        policy_name: Name of the player, for the record; ``policy_name`` can be set later as well.

    Raises:
        TypeError: There is no TextEnv inside.
        ValueError: The path cannot be written to.

    Example:
        >>> import gymnasium as gym
        >>> import skill_gym
        >>> from skill_gym.wrappers import RecordTrajectory
        >>> env = RecordTrajectory(gym.make("skill_gym/ALFWorld-v0", max_episode_steps=1))
        >>> observation, info = env.reset(seed=0)
        >>> _, _, _, _, info = env.step("look")
        >>> info["trajectory"].ended, len(info["trajectory"].turns)
        ('truncated', 1)
    """

    def __init__(
        self, env: gym.Env[str, str], path: str | Path | None = None, *, policy_name: str = ""
    ) -> None:
        path = None if path is None else str(path)
        RecordConstructorArgs.__init__(self, path=path, policy_name=policy_name)
        gym.Wrapper.__init__(self, env)
        self.recorder = recorder_for(env, path, policy_name=policy_name)

    @property
    def policy_name(self) -> str:
        """Name of the player, written into the trajectories."""
        return self.recorder.policy_name

    @policy_name.setter
    def policy_name(self, name: str) -> None:
        self.recorder.policy_name = name

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Starts an episode; ``seed`` is kept as the trajectory's seed."""
        prompt, info = self.env.reset(seed=seed, options=options)
        self.recorder.begin(played_task(self.env), prompt, info, seed=seed)
        return prompt, info

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Carries a reply out; at the end of the episode ``info["trajectory"]`` is its record."""
        prompt, reward, terminated, truncated, info = self.env.step(action)
        trajectory = self.recorder.add(action, prompt, float(reward), terminated, truncated, info)
        if trajectory is not None:
            info = {**info, "trajectory": trajectory}
        return prompt, float(reward), terminated, truncated, info

    def abandon(self, boundary: Boundary, error: BaseException | str) -> Trajectory:
        """Closes the episode under way as broken, for a rollout whose environment or policy failed.

        Raises:
            RuntimeError: No episode is under way.
        """
        return self.recorder.abandon(boundary, error)
