"""The loop of SkillRL, told straight down the page: rollout, update, validate, evolve, checkpoint."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import torch
from torch import Tensor

from skill_gym.agents.checkpoint import CheckpointError, latest, load_checkpoint, save_checkpoint
from skill_gym.agents.config import to_dict, write_config
from skill_gym.agents.credit import credit_samples
from skill_gym.agents.env_stack import EnvStack, MakeEnv, Role, open_bank
from skill_gym.agents.learner import Learner
from skill_gym.agents.metrics import MetricsWriter, episode_metrics, learner_metrics, rollout_metrics
from skill_gym.agents.models import load_model, load_tokenizer, resolve_model
from skill_gym.agents.policy import Policy, Sampling
from skill_gym.agents.rollout import Episode, Played, RolloutStats, play
from skill_gym.agents.run_folder import RunFolder
from skill_gym.agents.sampler import open_sampler
from skill_gym.agents.schedule import TaskOrder, episode_seed
from skill_gym.agents.sections import ConfigError, TrainConfig
from skill_gym.agents.skill_trials import SkillTrials, canaries_fell
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.evolution import evolve
from skill_gym.skillbanks.retrieval import Retriever
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.skillbanks.teacher import Teacher
from skill_gym.skillbanks.trust_region import canary_tasks
from skill_gym.trajectory import Task

logger = logging.getLogger(__name__)

Progress = Callable[[int, Mapping[str, Any]], None]
_VALIDATION = 1_000_003  # Keeps the seeds of validation episodes apart from those of training.
_CANARY = 1_000_033  # And those of canaries from both.


@runtime_checkable
class TrainablePolicy(Policy, Protocol):
    """A policy that takes new weights."""

    weights_version: int

    def load_weights(self, state: Mapping[str, Tensor], version: int) -> None:
        """Takes a whole state dict, which completions name by ``version`` from then on."""
        ...


class Trainer:
    """Trains a policy with skills; ``train`` is the loop.

    Used as a context manager, it closes its files at the end.

    Args:
        config: Everything that the run depends on.
        resume: Goes on from the last checkpoint of ``run.folder``.
        make_env: ``make_env(bank, role)`` gives a function that makes an environment; None builds the suite's
            stack from ``config``.
        policy: Who samples; None opens vLLM or transformers as ``config.sampler`` says.
        teacher: Who proposes new skills.
        progress: Called after each iteration with its number and metrics.

    Attributes:
        bank: The bank in force; a new version takes effect at the next iteration.
        progress: As the argument; may be set before ``train``.
        iteration: Iterations done.
        cursor: Tasks handed out so far.
        trials: Skills on trial; None where evolution's skills enter the bank at once.

    Raises:
        RunFolderError: The folder cannot be written, or holds a run already; raised before any work.
        CheckpointError: There is nothing to resume, or it was run with other settings.
        ConfigError: There are fewer validation tasks than ``validation.fresh`` wants.
    """

    def __init__(
        self,
        config: TrainConfig,
        *,
        resume: bool = False,
        make_env: Callable[[SkillBank, Role], MakeEnv] | None = None,
        policy: TrainablePolicy | None = None,
        teacher: Teacher | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.config = config
        self.folder = RunFolder(Path(config.run.folder), resume=resume)
        self.bank = self._first_bank = open_bank(config.bank, config.env.id)
        self.iteration = 0
        self.cursor = 0
        self.trials = SkillTrials(config.trials, seed=config.run.seed) if config.trials.enable else None
        self.teacher = teacher or RuleTeacher()
        self.progress = progress
        self._seconds: dict[str, float] = {}
        model_folder = resolve_model(config.model.path)
        device = _device(config.model.device)
        self._tokenizer = load_tokenizer(model_folder)
        model = load_model(model_folder, config.model.dtype).to(device)
        reference = _reference(config).to(device) if config.grpo.kl_coef > 0 else None
        self.learner = Learner(
            model,
            reference,
            config.grpo,
            temperature=config.sampler.temperature,
            seed=config.run.seed,
            dump_folder=self.folder.path / "refused",
        )
        if resume:
            self._restore()
        self._owns_policy = policy is None
        self.policy = policy or _open_policy(config, model_folder, model)
        self._make_env = make_env or EnvStack(
            config,
            count_tokens=getattr(self.policy, "count_tokens", None),
            policy_name=self.policy.name,
            choose=None if self.trials is None else self._choose,
        )
        self._tasks = self._list_tasks("training")
        self._order = TaskOrder(len(self._tasks), config.run.seed + config.env.seed)
        if config.validation.every:
            # Said now, not after hours.
            self._validation_tasks(config.run.iterations)
        self._sync_weights()
        write_config(config, self.folder.path / "config.yaml")
        self.metrics = MetricsWriter(self.folder.path, keep_until=self.iteration if resume else None)
        if not resume:
            self.folder.save_bank(self.bank)
            # So that a run killed in its first iterations can go on, too.
            self._checkpoint()

    def train(self) -> None:
        """Runs until ``run.iterations`` iterations are done.

        Raises:
            LearnerError: An update was refused; the last checkpoint is whole.
        """
        if self.iteration == 0 and self.config.validation.before_training:
            self.metrics.write(0, {**self._validate(evolving=False), **self._bank_metrics()})
        while self.iteration < self.config.run.iterations:
            self._iterate()

    def _iterate(self) -> None:
        began = time.perf_counter()
        self._seconds = {}
        number = self.iteration + 1

        with self._timed("rollout"):
            played, stats = self._play(self._groups(number), "training", f"iteration-{number:06d}")
        samples, credit = credit_samples(played, self.config.grpo)
        with self._timed("update"):
            figures = self.learner.update(samples)
        self.iteration = number
        self.cursor += self.config.rollout.tasks_per_iteration
        with self._timed("sync"):
            self._sync_weights()

        every = self.config.validation.every
        validation: dict[str, Any] = {}
        if every and number % every == 0:
            with self._timed("validation"):
                validation = self._validate(evolving=True)
        if self.trials is not None:
            with self._timed("trials"):
                validation |= self._rule(self.trials, played)
        metrics = {
            **episode_metrics(one.trajectory for one in played),
            **credit,
            **learner_metrics(figures),
            **rollout_metrics(stats),
            **validation,
            **self._bank_metrics(),
            "time/iteration": time.perf_counter() - began,
            **{f"time/{phase}": seconds for phase, seconds in self._seconds.items()},
        }
        self.metrics.write(number, metrics)
        # After the metrics: a run killed in between plays the iteration again and writes the same line again.
        if number % self.config.run.checkpoint_every == 0 or number >= self.config.run.iterations:
            self._checkpoint()
        if self.progress is not None:
            self.progress(number, metrics)

    def _groups(self, number: int) -> list[Episode]:
        """The iteration's episodes: groups of siblings on the same task."""
        rollout, seed = self.config.rollout, self.config.run.seed
        indices = self._order.take(self.cursor, rollout.tasks_per_iteration)
        arms = self._arms(number, [self._tasks[index] for index in indices])
        return [
            Episode(
                ticket=f"{number}.{group}.{sibling}",
                task_id=self._tasks[index].id,
                seed=episode_seed(seed, number, index, group, sibling),
                group=group,
                options=arms[group],
            )
            for group, index in enumerate(indices)
            for sibling in range(rollout.group_size)
        ]

    def _arms(self, number: int, tasks: Sequence[Task]) -> list[dict[str, Any]]:
        """Which skills each group plays with beside the bank's, or without; drawn once for all siblings."""
        if self.trials is None:
            return [{} for _ in tasks]
        env = self._make_env(self.bank, "training")()
        try:
            retriever: Retriever = env.get_wrapper_attr("retriever")
        finally:
            env.close()
        return [self.trials.arm(number, group, task, retriever).options() for group, task in enumerate(tasks)]

    def _choose(self, retriever: Retriever, role: Role) -> Retriever:
        if self.trials is None:
            return retriever
        return self.trials.choose(
            retriever,
            iteration=self.iteration,
            exploring=role == "training",
            max_tokens=self.config.bank.max_tokens,
            count_tokens=getattr(self.policy, "count_tokens", None),
        )

    def _rule(self, trials: SkillTrials, played: Sequence[Played]) -> dict[str, Any]:
        """Hears what the iteration says of the skills on trial; the bank may change by it."""
        trials.observe(self.iteration, played)
        ruling = trials.rule(self.bank)
        metrics: dict[str, Any] = {**trials.metrics(), "trials/rolled_back": 0}
        if ruling.bank.version != self.bank.version:
            if self._canaries_fall(ruling.bank):
                metrics["trials/rolled_back"] = 1
                logger.warning("success on the canaries fell: the bank stays at %s", self.bank.version)
            else:
                self.bank = ruling.bank
                self.folder.save_bank(self.bank)
        if ruling.decisions or ruling.retired:
            undone = {"rolled_back": bool(metrics["trials/rolled_back"])}
            self.folder.save_ruling(self.iteration, {**ruling.to_dict(), **undone})
        return metrics

    def _canaries_fall(self, bank: SkillBank) -> bool:
        """Whether the canary tasks go significantly worse with a bank than with the one in force."""
        count, seed = self.config.trials.canaries, self.config.run.seed
        if not count:
            return False
        tasks = canary_tasks(self._tasks, count, seed=seed)

        def played(name: str, one: SkillBank) -> list[Played]:
            episodes = [
                Episode(f"c{self.iteration}.{name}.{index}", task.id, episode_seed(seed, _CANARY, index))
                for index, task in enumerate(tasks)
            ]
            return self._play(episodes, "training", f"canaries-{name}-{self.iteration:06d}", bank=one)[0]

        return canaries_fell(played("before", self.bank), played("after", bank))

    def _play(
        self, episodes: Sequence[Episode], role: Role, name: str, *, bank: SkillBank | None = None
    ) -> tuple[list[Played], RolloutStats]:
        """Plays episodes under one bank version; returns them in the order in which they were asked for."""
        sampler = self.config.sampler
        sampling = Sampling(
            temperature=sampler.temperature if role == "training" else self.config.validation.temperature,
            top_p=sampler.top_p,
            max_new_tokens=sampler.max_new_tokens,
        )
        with self.folder.recording(name) as record:
            rollout = play(
                self._make_env(self.bank if bank is None else bank, role),
                self.policy,
                episodes,
                slots=min(sampler.slots, len(episodes)),
                sampling=sampling,
                on_played=record,
            )
            by_ticket = {one.episode.ticket: one for one in rollout}
        return [by_ticket[episode.ticket] for episode in episodes], rollout.stats

    def _validate(self, *, evolving: bool) -> dict[str, Any]:
        """Plays each validation task once with the present bank; only then may the bank evolve."""
        config = self.config.validation
        tasks = self._validation_tasks(self.iteration)
        episodes = [
            Episode(
                f"v{self.iteration}.{index}", task.id, episode_seed(self.config.run.seed, _VALIDATION, index)
            )
            for index, task in enumerate(tasks)
        ]
        bank = self._first_bank if config.bank == "frozen" else self.bank
        played, _ = self._play(episodes, "validation", f"validation-{self.iteration:06d}", bank=bank)
        trajectories = [one.trajectory for one in played]
        if evolving and self.config.evolution.enable_dynamic_update:
            evolution = evolve(
                self.bank if self.trials is None else self.trials.known(self.bank),
                trajectories,
                self.teacher,
                self.config.evolution,
                seed=episode_seed(self.config.run.seed, self.iteration),
            )
            self.folder.save_evolution(self.iteration, evolution.to_dict())
            bank = evolution.bank if self.trials is None else self.trials.propose(self.bank, evolution)
            if bank.version != self.bank.version:
                logger.info("evolution: the bank goes from %s to %s", self.bank.version, bank.version)
                self.bank = bank
                self.folder.save_bank(self.bank)
        return episode_metrics(trajectories, prefix="validation/")

    def _validation_tasks(self, iteration: int) -> Sequence[Task]:
        """The tasks of the validation after an iteration.

        Raises:
            ConfigError: The split has not so many.
        """
        config = self.config.validation
        first, tasks = config.first, self._list_tasks("validation")
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

    def _list_tasks(self, role: Role) -> Sequence[Task]:
        env = self._make_env(self.bank, role)()
        try:
            tasks: Sequence[Task] = env.get_wrapper_attr("tasks")
        finally:
            env.close()
        return tasks

    def _sync_weights(self) -> None:
        self.policy.load_weights(self.learner.model.state_dict(), self.iteration)

    def _checkpoint(self) -> None:
        save_checkpoint(
            self.folder.checkpoints,
            iteration=self.iteration,
            model=self.learner.model,
            tokenizer=self._tokenizer,
            learner=self.learner.state_dict(),
            state={
                "cursor": self.cursor,
                "bank": _bank_record(self.bank),
                "first_bank": _bank_record(self._first_bank),
                "trials": None if self.trials is None else self.trials.to_json(),
            },
            config=to_dict(self.config),
            keep_last=self.config.run.keep_last,
        )

    def _restore(self) -> None:
        folder = latest(self.folder.path)
        if folder is None:
            raise CheckpointError(
                f"{self.folder.path} has no checkpoint to resume from; start without resume"
            )
        checkpoint = load_checkpoint(folder, config=to_dict(self.config))
        self.learner.model.load_state_dict(checkpoint.model)
        self.learner.load_state_dict(checkpoint.learner)
        self.iteration = checkpoint.iteration
        self.cursor = int(checkpoint.state["cursor"])
        self.bank = _bank_of(checkpoint.state["bank"])
        self._first_bank = _bank_of(checkpoint.state["first_bank"])
        if self.trials is not None:
            self.trials.restore(checkpoint.state["trials"])

    def _bank_metrics(self) -> dict[str, Any]:
        return {
            "bank/size": len(self.bank),
            "bank/generation": self.bank.generation,
            "bank/version": self.bank.version,
        }

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._seconds[phase] = time.perf_counter() - began

    def close(self) -> None:
        """Closes the run's files, and the policy's engine unless the policy was given."""
        self.metrics.close()
        close = getattr(self.policy, "close", None)
        if self._owns_policy and callable(close):
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_policy(config: TrainConfig, folder: Path, model: Any) -> TrainablePolicy:
    sampler = config.sampler
    policy = open_sampler(
        folder,
        backend=sampler.backend,
        model=model,
        context_length=sampler.context_length,
        slots=sampler.slots,
        seed=config.run.seed,
    )
    if not isinstance(policy, TrainablePolicy):
        raise TypeError(
            f"the policy {policy.name} takes no weights; use sampler.backend=vllm or transformers"
        )
    return policy


def _reference(config: TrainConfig) -> Any:
    return load_model(resolve_model(config.model.reference or config.model.path), config.model.dtype)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def _bank_record(bank: SkillBank) -> dict[str, Any]:
    return {"json": bank.dumps(), "version": bank.version}


def _bank_of(record: Mapping[str, Any]) -> SkillBank:
    bank = SkillBank.loads(record["json"], "checkpoint")
    if bank.version != record["version"]:
        raise CheckpointError(
            f"the bank read back is {bank.version}, the checkpoint's was {record['version']}; "
            "resume with the skill-gym version that wrote it"
        )
    return bank
