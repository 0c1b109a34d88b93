"""Tasks that are played before and after a new version of the bank: if they go worse, it is undone."""

from collections.abc import Sequence

from skill_gym.agents.rollout import Episode, Played
from skill_gym.agents.schedule import episode_seed
from skill_gym.agents.sections import TrainConfig
from skill_gym.agents.stage import Stage
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.trust_region import canary_tasks, compare_canaries
from skill_gym.trajectory import Task

_CANARY = 1_000_033  # Keeps the seeds of canaries apart from those of training and validation.


class Canaries:
    """Plays the canary tasks under two versions of a bank.

    Args:
        config: How many canaries; 0 never falls.
        stage: Where they are played.
        tasks: Training tasks, of which they are drawn.
    """

    def __init__(self, config: TrainConfig, stage: Stage, tasks: Sequence[Task]) -> None:
        self.config = config
        self.stage = stage
        self.tasks = tasks

    def fall(self, iteration: int, before: SkillBank, after: SkillBank) -> bool:
        """Whether success is significantly worse with the bank after than with the one before."""
        count, seed = self.config.trials.canaries, self.config.run.seed
        if not count:
            return False
        tasks = canary_tasks(self.tasks, count, seed=seed)

        def played(name: str, bank: SkillBank) -> list[Played]:
            episodes = [
                Episode(f"c{iteration}.{name}.{index}", task.id, episode_seed(seed, _CANARY, index))
                for index, task in enumerate(tasks)
            ]
            return self.stage.play(episodes, "training", f"canaries-{name}-{iteration:06d}", bank)[0]

        return canaries_fell(played("before", before), played("after", after))


def canaries_fell(before: Sequence[Played], after: Sequence[Played]) -> bool:
    """Whether the same tasks went significantly worse afterwards; those that broke are left out."""
    won, now = (
        {
            one.trajectory.task.id: float(one.trajectory.solved)
            for one in played
            if one.trajectory.ended != "broken"
        }
        for played in (before, after)
    )
    both = sorted(won.keys() & now.keys())
    region = compare_canaries({name: won[name] for name in both}, {name: now[name] for name in both})
    return region.verdict == "rollback"
