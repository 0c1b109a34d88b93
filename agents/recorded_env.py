"""A recorded episode as an environment: it says again what was said, so that prompts can be written anew."""

from collections.abc import Mapping
from typing import Any

from skill_gym.registration import env_class
from skill_gym.text_env import Outcome, TextEnv
from skill_gym.trajectory import Task, Trajectory

REPLY_FORMATS = ("Think in <think>", "Reply with ")
"""How the sentence begins that ends role and instructions, see ``TaskPrompt.reply_format``."""


class RecordedEnv(TextEnv):
    """Tells a trajectory's observations and admissible commands turn by turn, whatever it is told.

    The wrappers above it write the prompts that an agent would have been shown, in another layout or with
    other skills, without the environment's data: role, instructions and reply tags are all that is needed of
    the environment, and its class has them.

    Args:
        trajectory: The episode, with at least one turn.
        metadata: Of the environment's class.
    """

    def __init__(self, trajectory: Trajectory, metadata: Mapping[str, Any]) -> None:
        super().__init__()
        if not trajectory.turns:
            raise ValueError(
                f"the episode of {trajectory.task.key} has no turns, so there is nothing to show"
            )
        self.metadata = dict(metadata)  # type: ignore[misc]
        self.tasks = (trajectory.task,)
        self._trajectory = trajectory
        self._turn = 0

    def begin(self, task: Task) -> Outcome:
        """The first observation."""
        self._turn = 0
        return Outcome(self._trajectory.turns[0].observation)

    def advance(self, command: str) -> Outcome:
        """The next observation; after the last turn the final one."""
        turns = self._trajectory.turns
        reward = turns[self._turn].reward
        self._turn += 1
        if self._turn < len(turns):
            return Outcome(turns[self._turn].observation, reward)
        return Outcome(str(self._trajectory.meta.get("final_observation", "")), reward, True)

    def admissible_commands(self) -> tuple[str, ...]:
        """The commands that were admissible then."""
        turns = self._trajectory.turns
        return turns[self._turn].admissible if self._turn < len(turns) else ()

    @property
    def won(self) -> bool:
        """Whether the recorded episode was won, after its last turn."""
        return self._turn >= len(self._trajectory.turns) and self._trajectory.solved

    def find_task(self, task_id: str) -> Task:
        """The episode's task, the only one."""
        if task_id != self.tasks[0].id:
            raise ValueError(f"the recorded episode is of task {self.tasks[0].id!r}, not of {task_id!r}")
        return self.tasks[0]


def recorded_metadata(trajectory: Trajectory) -> Mapping[str, Any]:
    """What the episode's environment said of itself: its class's metadata, with the instructions as shown.

    Instructions may depend on an environment's arguments, such as the number of turns of a Search. They are
    read from the recorded prompt where it has the role before them and the reply format behind.

    Raises:
        ValueError: The environment is not installed.
    """
    metadata = env_metadata(trajectory.task.env_id)
    _, found, rest = trajectory.turns[0].prompt.partition(f"{metadata.get('role', '')}\n")
    lines = rest.split("\n\n")[0].splitlines()
    if not metadata.get("role") or not found or not lines or not lines[-1].startswith(REPLY_FORMATS):
        return metadata
    return {**metadata, "instructions": "\n".join(lines[:-1])}


def env_metadata(env_id: str) -> Mapping[str, Any]:
    """What an environment's class says of itself.

    Raises:
        ValueError: No such environment is installed.
    """
    import gymnasium as gym

    try:
        return env_class(env_id).metadata
    except (gym.error.Error, ImportError, AttributeError) as error:
        raise ValueError(
            f"{env_id} is not installed, so prompts cannot be written anew without its instructions "
            f"({error}); install it, or keep the recorded prompts (--prompts recorded)"
        ) from error
