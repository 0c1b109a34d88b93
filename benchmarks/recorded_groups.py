"""Groups of siblings, played by a scripted player that errs, as training samples of a real tokenizer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.packing import Sample, make_samples
from skill_gym.agents.policy import Sampling
from skill_gym.agents.rollout import Episode, Played, play
from skill_gym.agents.scripted import ExpertPolicy
from skill_gym.benchmarks import suite
from skill_gym.benchmarks.speaking_policy import SpeakingPolicy
from skill_gym.registration import env_class
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.wrappers.task_prompt import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupConfig:
    """What is played.

    Attributes:
        env_id: Which environment.
        env: Its keyword arguments.
        bank: Whose skills stand in the prompts.
        tasks: Groups.
        siblings: Episodes of a group.
        failure_rate: How often the player says a random admissible command instead of its own.
        first_task: Number of the first task; the others follow at even distances.
    """

    env_id: str
    env: dict[str, Any]
    bank: SkillBank
    tasks: int = 4
    siblings: int = 8
    failure_rate: float = 0.5
    first_task: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Siblings of one task, in one layout."""

    played: tuple[Played, ...]

    def samples(self, *, siblings: int | None = None, turns: int | None = None) -> list[Sample]:
        """Training samples of the first siblings' first turns; all if not given."""
        some = [replace(one, completions=one.completions[:turns]) for one in self.played[:siblings]]
        return make_samples(some, [[1.0] * len(one.completions) for one in some])


def record_groups(config: GroupConfig, layout: Layout, chat: ChatTokens) -> list[Group]:
    """Plays the groups; the same episodes in every layout, because the player does not read the prompt."""
    make_env = partial(
        suite.make,
        config.env_id,
        bank=config.bank,
        layout=layout,
        expert=env_class(config.env_id).metadata["experts"][0],
        count_tokens=chat.count_tokens,
        **config.env,
    )
    probe = make_env()
    tasks = [task.id for task in probe.get_wrapper_attr("tasks")]
    probe.close()
    step = max(1, (len(tasks) - config.first_task) // config.tasks)
    chosen = tasks[config.first_task :: step][: config.tasks]
    episodes = [
        Episode(f"{group}/{seed}", task, seed=seed, group=group)
        for group, task in enumerate(chosen)
        for seed in range(config.siblings)
    ]
    policy = SpeakingPolicy(ExpertPolicy(config.failure_rate), chat)
    by_ticket = {
        one.episode.ticket: one for one in play(make_env, policy, episodes, slots=8, sampling=Sampling())
    }
    groups = []
    for group in range(len(chosen)):
        siblings = [by_ticket[episode.ticket] for episode in episodes if episode.group == group]
        groups.append(Group(tuple(siblings)))
    return groups


def success(groups: Sequence[Group]) -> float:
    """Share of solved episodes."""
    solved = [one.trajectory.solved for group in groups for one in group.played]
    return sum(solved) / len(solved)


def mean_turns(groups: Sequence[Group]) -> float:
    """Turns of an episode."""
    turns = [len(one.trajectory.turns) for group in groups for one in group.played]
    return sum(turns) / len(turns)
