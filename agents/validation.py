"""How good the policy is by now: tasks that it is not trained on, each played once."""

from collections.abc import Sequence

from skill_gym.agents.rollout import Episode
from skill_gym.agents.schedule import episode_seed
from skill_gym.agents.sections import ConfigError, TrainConfig
from skill_gym.agents.stage import Stage
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.trajectory import Task, Trajectory

_VALIDATION = 1_000_003  # Keeps the seeds of validation episodes apart from those of training.


class Validation:
    """Plays the validation tasks.

    Args:
        config: Which tasks, and how often.
        stage: Where they are played.
    """

    def __init__(self, config: TrainConfig, stage: Stage) -> None:
        self.config = config
        self.stage = stage

    def due(self, iteration: int) -> bool:
        """Whether an iteration is followed by a validation."""
        every = self.config.validation.every
        return every > 0 and iteration % every == 0

    def play(self, iteration: int, bank: SkillBank) -> list[Trajectory]:
        """The validation after an iteration; 0 is before the first."""
        seed = self.config.run.seed
        episodes = [
            Episode(f"v{iteration}.{index}", task.id, episode_seed(seed, _VALIDATION, index))
            for index, task in enumerate(self.tasks(iteration, bank))
        ]
        played, _ = self.stage.play(episodes, "validation", f"validation-{iteration:06d}", bank)
        return [one.trajectory for one in played]

    def tasks(self, iteration: int, bank: SkillBank) -> Sequence[Task]:
        """The tasks of the validation after an iteration.

        Raises:
            ConfigError: The split has not so many.
        """
        config = self.config.validation
        first, tasks = config.first, self.stage.tasks(bank, "validation")
        if config.tasks is None:
            return tasks[first:]
        if config.fresh and config.every:
            first += iteration // config.every * config.tasks
        last = first + config.tasks
        if first >= len(tasks) or (config.fresh and last > len(tasks)):
            raise ConfigError(
                f"validation needs the tasks {first} to {last} of {config.split}, which has {len(tasks)}; "
                f"set validation.options={{size: {last}}}, or validation.fresh=false"
            )
        return tasks[first:last]
