"""Where a run's episodes are played: one phase at a time, under one version of the bank."""

from collections.abc import Callable, Iterator, Sequence

from skill_gym.agents.env_stack import MakeEnv, Role
from skill_gym.agents.policy import Policy, Sampling
from skill_gym.agents.rollout import Episode, Played, Rollout, RolloutStats, play
from skill_gym.agents.run_folder import RunFolder
from skill_gym.agents.sections import TrainConfig
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.guard import Guard
from skill_gym.skillbanks.lint import Lint
from skill_gym.skillbanks.lint_answers import BenchmarkAnswers
from skill_gym.skillbanks.retrieval import Retriever
from skill_gym.text_env import TextEnv
from skill_gym.trajectory import Task


class Stage:
    """Plays episodes and records them in the run folder.

    Args:
        config: How the policy samples.
        make_env: ``make_env(bank, role)`` gives a function that makes an environment.
        policy: Who plays.
        folder: Of the run.
    """

    def __init__(
        self,
        config: TrainConfig,
        make_env: Callable[[SkillBank, Role], MakeEnv],
        policy: Policy,
        folder: RunFolder,
    ) -> None:
        self.config = config
        self.make_env = make_env
        self.policy = policy
        self.folder = folder

    def play(
        self, episodes: Sequence[Episode], role: Role, name: str, bank: SkillBank
    ) -> tuple[list[Played], RolloutStats]:
        """Plays episodes and writes ``trajectories/<name>.jsonl``; returns them in the order asked for."""
        with self.folder.recording(name) as record:
            rollout = play(
                self.make_env(bank, role),
                self.policy,
                episodes,
                slots=min(self.config.sampler.slots, len(episodes)),
                sampling=self._sampling(role),
                on_played=record,
            )
            by_ticket = {one.episode.ticket: one for one in rollout}
        return [by_ticket[episode.ticket] for episode in episodes], rollout.stats

    def rollout(self, make_env: MakeEnv, episodes: Iterator[Episode], role: Role, slots: int) -> Rollout:
        """A rollout of the role's sampling, for episodes that are handed out one by one."""
        return Rollout(make_env, self.policy, episodes, slots=slots, sampling=self._sampling(role))

    def tasks(self, bank: SkillBank, role: Role) -> Sequence[Task]:
        """All tasks of the role's split."""
        env = self.make_env(bank, role)()
        try:
            tasks: Sequence[Task] = env.get_wrapper_attr("tasks")
        finally:
            env.close()
        return tasks

    def _sampling(self, role: Role) -> Sampling:
        sampler = self.config.sampler
        return Sampling(
            temperature=sampler.temperature if role == "training" else self.config.validation.temperature,
            top_p=sampler.top_p,
            max_new_tokens=sampler.max_new_tokens,
            structure=sampler.structure,
        )

    def guard(self, bank: SkillBank) -> Guard:
        """Who examines proposals: against the commands of the environment, and what validation asks."""
        env = self.make_env(bank, "validation")()
        try:
            inner = env.unwrapped
            if not isinstance(inner, TextEnv):
                return Guard()
            gold = {task.id: inner.gold_answers(task) for task in inner.tasks}
            answers = BenchmarkAnswers(inner.tasks, answers=gold)
            return Guard(Lint(metadata=inner.metadata, answers=answers))
        finally:
            env.close()

    def retriever(self, bank: SkillBank) -> Retriever:
        """Who chooses skills while training."""
        env = self.make_env(bank, "training")()
        try:
            retriever: Retriever = env.get_wrapper_attr("retriever")
        finally:
            env.close()
        return retriever
