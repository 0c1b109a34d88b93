"""Episodes whose prompts are counted, and the experience of the same player that memories hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skill_gym.agents.policy import Sampling
from skill_gym.agents.rollout import Episode, play
from skill_gym.agents.scripted import ExpertPolicy
from skill_gym.benchmarks.evaluate import episode_seed
from skill_gym.benchmarks.labelled_goals import Environment
from skill_gym.benchmarks.memory_block import NOTHING
from skill_gym.trajectory import Task, Trajectory

ERRING = 0.5
"""How often the player errs while it gathers experience, so that some episodes fail."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the episodes of an environment come from.

    Attributes:
        env_id: The environment.
        expert: The scripted player, which knows what it has read and nothing else.
        data: File or folder below the data folder.
        counted: Split of real data whose episodes are counted.
        lived: Split of real data that experience comes from; the same one where there is no other.
        experience: Further arguments while experience is gathered.
    """

    env_id: str
    expert: str
    data: str
    counted: str
    lived: str
    experience: Mapping[str, Any] = field(default_factory=dict)

    def arguments(self, data: Path | None) -> dict[str, Any]:
        """For ``gym.make``: what the counted episodes are played in."""
        return self._where(data, self.counted, "generated_test")

    def counted_episodes(self, data: Path | None, count: int) -> list[Trajectory]:
        """The player's episodes of the split's first tasks."""
        return self._played(self.arguments(data), count, 0.0, last=False)

    def experience_episodes(self, data: Path | None, count: int) -> list[Trajectory]:
        """The erring player's episodes of other tasks: the split's last ones."""
        arguments = self._where(data, self.lived, "generated_validation") | dict(self.experience)
        return self._played(arguments, count, ERRING, last=True)

    def _where(self, data: Path | None, real: str, generated: str) -> dict[str, Any]:
        if data is None:
            return {"split": generated}
        return {"split": real, "data": str(data / self.data)}

    def _played(
        self, arguments: Mapping[str, Any], count: int, failure_rate: float, *, last: bool
    ) -> list[Trajectory]:
        def make() -> Any:
            return NOTHING.make(self.env_id, "step", expert=self.expert, **arguments)

        probe = make()
        tasks = probe.get_wrapper_attr("tasks")
        places = range(len(tasks) - min(count, len(tasks)), len(tasks)) if last else range(len(tasks))[:count]
        chosen: list[Task] = [tasks[place] for place in places]
        probe.close()
        episodes = [Episode(task.id, task.id, episode_seed(0, task)) for task in chosen]
        policy = ExpertPolicy(failure_rate)
        played = {
            one.episode.task_id: one.trajectory
            for one in play(make, policy, episodes, slots=1, sampling=Sampling(temperature=0))
        }
        broken = [one for one in played.values() if one.ended == "broken"]
        if broken:
            raise RuntimeError(f"{broken[0].task.key} broke: {broken[0].meta.get('error')}")
        return [played[task.id] for task in chosen]


SCENES: Mapping[Environment, Scene] = {
    "ALFWorld": Scene(
        "skill_gym/ALFWorld-v0",
        "explorer",
        "alfworld",
        "valid_seen",
        "valid_train",
        # In 50 turns the explorer solves every game, errors and all.
        {"max_episode_steps": 20},
    ),
    "WebShop": Scene("skill_gym/WebShop-v0", "shopper", "webshop", "test", "train"),
    "Search": Scene("skill_gym/Search-v0", "seeker", "search/hotpot.json", "test", "test"),
}
