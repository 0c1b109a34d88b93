"""Collects the turns of an episode into its trajectory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym

from skill_gym.text_env import TextEnv
from skill_gym.trajectory import Boundary, Ended, Task, Trajectory, Turn
from skill_gym.wrappers.trajectory_file import TrajectoryFile


class EpisodeRecorder:
    """Collects the turns of one episode from what reset and step return.

    Works above any part of the stack: without a TaskPrompt the prompt is the observation, without a
    TaggedAction the reply is the command.

    Args:
        file: Where finished episodes go, None for nowhere.
        policy_name: Goes into the trajectories.
        layout: Layout of the prompts ("step" or "transcript"), kept in ``meta["layout"]``; None without one.
        measures: Names in the last info whose values are kept in ``meta["measures"]``, where they are there.
    """

    def __init__(
        self,
        file: TrajectoryFile | None = None,
        *,
        policy_name: str = "",
        layout: str | None = None,
        measures: Sequence[str] = (),
    ) -> None:
        self.file = file
        self.policy_name = policy_name
        self.layout = layout
        self.measures = tuple(measures)
        self._task: Task | None = None

    @property
    def under_way(self) -> bool:
        """Whether an episode has begun and not ended."""
        return self._task is not None

    def begin(self, task: Task, prompt: str, info: Mapping[str, Any], *, seed: int | None) -> None:
        """Starts an episode; an unfinished one is forgotten, as Gymnasium's reset does."""
        self._task = task
        self._seed = seed
        self._turns: list[Turn] = []
        self._reasons: dict[str, str] = {}
        self._see(prompt, info)

    def add(
        self,
        reply: str,
        prompt: str,
        reward: float,
        terminated: bool,
        truncated: bool,
        info: Mapping[str, Any],
    ) -> Trajectory | None:
        """Adds what step returned; the trajectory when that was the episode's end, else None."""
        if self._task is None:
            return None
        before = self._info
        command = str(info.get("command", reply))
        admissible = tuple(before.get("admissible_commands", ()))
        readable = bool(info.get("is_action_valid", True))
        known = bool(info.get("is_admissible", not admissible or command in admissible))
        if reason := info.get("invalid_reason"):
            self._reasons[str(len(self._turns))] = str(reason)
        turn = Turn(
            observation=str(before.get("observation", self._prompt)),
            prompt=self._prompt,
            reply=reply,
            command=command,
            valid=readable and known,
            reward=float(reward),
            admissible=admissible,
            skill_ids=tuple(before.get("skill_ids", ())),
        )
        self._turns.append(turn)
        self._see(prompt, info)
        if truncated and info.get("broken"):
            return self._close("broken", boundary="retriever", error=str(info["broken"]))
        if terminated:
            return self._close("solved" if info.get("won") else "failed")
        return self._close("truncated") if truncated else None

    def abandon(self, boundary: Boundary, error: BaseException | str) -> Trajectory:
        """Closes the episode under way as broken.

        Raises:
            RuntimeError: No episode is under way.
        """
        if self._task is None:
            raise RuntimeError("no episode is under way; abandon() closes one that reset() has begun")
        text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        return self._close("broken", boundary=boundary, error=text)

    def _see(self, prompt: str, info: Mapping[str, Any]) -> None:
        self._prompt = prompt
        self._info = dict(info)

    def _close(
        self, ended: Ended, *, boundary: Boundary | None = None, error: str | None = None
    ) -> Trajectory:
        if self._task is None:
            raise RuntimeError("no episode is under way")
        info = self._info
        meta: dict[str, Any] = {"final_observation": str(info.get("observation", self._prompt))}
        if error is not None:
            meta["error"] = error
        if self.layout is not None:
            meta["layout"] = self.layout
        if measured := {name: info[name] for name in self.measures if name in info}:
            meta["measures"] = measured
        if self._reasons:
            meta["invalid_reasons"] = self._reasons
        if "task_type_source" in info:
            meta["task_type_source"] = str(info["task_type_source"])
        if "bank_arm" in info:
            meta["bank_arm"] = dict(info["bank_arm"])
        if info.get("dropped_skill_ids"):
            meta["dropped_skill_ids"] = list(info["dropped_skill_ids"])
        trajectory = Trajectory(
            task=self._task,
            turns=tuple(self._turns),
            ended=ended,
            bank_version=str(info.get("bank_version", "")),
            seed=self._seed,
            policy=self.policy_name,
            boundary=boundary,
            meta=meta,
        )
        self._task = None
        if self.file is not None:
            self.file.append(trajectory)
        return trajectory


def recorder_for(
    env: gym.Env[str, str], path: str | Path | None, *, policy_name: str = ""
) -> EpisodeRecorder:
    """A recorder for what ``env`` shows.

    Raises:
        TypeError: There is no TextEnv inside.
        ValueError: The path cannot be written to.
    """
    if not isinstance(env.unwrapped, TextEnv):
        raise TypeError(
            f"expected a TextEnv inside, got {type(env.unwrapped).__name__}; trajectories need its task"
        )
    layout = str(env.get_wrapper_attr("layout")) if env.has_wrapper_attr("layout") else None
    file = None if path is None else TrajectoryFile(path)
    measures = env.metadata.get("measures", ())
    return EpisodeRecorder(file, policy_name=policy_name, layout=layout, measures=measures)


def played_task(env: gym.Env[str, str]) -> Task:
    """The task that the TextEnv inside is playing.

    Raises:
        RuntimeError: Before the first reset.
    """
    task = getattr(env.unwrapped, "task", None)
    if not isinstance(task, Task):
        raise RuntimeError("no task is being played; call reset() first")
    return task
