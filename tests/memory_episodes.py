"""Episodes that scripted players play in real environments, for tests of memories."""

from collections.abc import Iterator, Sequence
from functools import cache, partial

import gymnasium as gym

from skill_gym.agents.policy import Policy, Sampling
from skill_gym.agents.rollout import Episode, play
from skill_gym.benchmarks import suite
from skill_gym.benchmarks.players import open_player
from skill_gym.registration import env_class
from skill_gym.trajectory import Task, Trajectory

ALFWORLD, WEBSHOP, SEARCH = "skill_gym/ALFWorld-v0", "skill_gym/WebShop-v0", "skill_gym/Search-v0"
ENVIRONMENTS = (ALFWORLD, WEBSHOP, SEARCH)


@cache
def episodes(
    env_id: str, count: int, failure_rate: float = 0.0, player: str = "expert"
) -> tuple[Trajectory, ...]:
    """The first tasks of the generated split, played once each."""
    policy: Policy = open_player(player, failure_rate=failure_rate)
    expert = {"expert": env_class(env_id).metadata["experts"][0]} if player == "expert" else {}
    make = partial(suite.make, env_id, policy_name=policy.name, **expert)
    probe = make()
    tasks = list(probe.get_wrapper_attr("tasks")[:count])
    probe.close()
    wanted = [Episode(task.id, task.id, seed=7) for task in tasks]
    played = play(make, policy, wanted, slots=1, sampling=Sampling(temperature=0.0))
    return tuple(one.trajectory for one in played)


class Replayer:
    """Plays commands in a fresh environment and says whether they win."""

    def __init__(self, env_id: str) -> None:
        self._env = gym.make(env_id)

    def wins(self, task: Task, commands: Sequence[str]) -> bool:
        """Whether the commands, and nothing else, solve the task."""
        self._env.reset(options={"task": task.id})
        for command in commands:
            _, _, terminated, truncated, info = self._env.step(command)
            if terminated or truncated:
                return bool(info["won"])
        return False

    def close(self) -> None:
        self._env.close()


def texts_of(record: object) -> Iterator[str]:
    """All texts of a record's JSON object that have to be abstract: all but goal, ids and extra."""
    if isinstance(record, str):
        yield record
    elif isinstance(record, dict):
        for key, value in record.items():
            if key not in ("memory_id", "origin_env_id", "extra", "task_meta", "tags"):
                yield from texts_of(value)
    elif isinstance(record, list):
        for value in record:
            yield from texts_of(value)
