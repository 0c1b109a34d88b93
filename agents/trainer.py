"""The loop of SkillRL, told straight down the page: rollout, update, validate, evolve, checkpoint."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from skill_gym.agents.adapter import load_trained_state
from skill_gym.agents.canaries import Canaries
from skill_gym.agents.checkpoint import CheckpointError, latest, load_checkpoint, save_checkpoint
from skill_gym.agents.config import to_dict, write_config
from skill_gym.agents.credit import credit_samples, trainable
from skill_gym.agents.early_warnings import EarlyWarnings
from skill_gym.agents.env_stack import EnvStack, MakeEnv, Role
from skill_gym.agents.grammar import open_grammars
from skill_gym.agents.metrics import MetricsWriter, episode_metrics, learner_metrics, rollout_metrics
from skill_gym.agents.models import load_tokenizer, resolve_model
from skill_gym.agents.packing import make_samples
from skill_gym.agents.prompt_probe import probe_prompts
from skill_gym.agents.ranks import ALONE, Ranks
from skill_gym.agents.reply_metrics import reply_metrics
from skill_gym.agents.rollout import Played
from skill_gym.agents.run_bank import RunBank
from skill_gym.agents.run_folder import RunFolder
from skill_gym.agents.run_learner import open_run_learner
from skill_gym.agents.run_teacher import RunTeacher, open_run_teacher
from skill_gym.agents.sections import TrainConfig
from skill_gym.agents.skill_trials import SkillTrials
from skill_gym.agents.stage import Stage
from skill_gym.agents.trainable_policy import TrainablePolicy, open_trainable
from skill_gym.agents.training_groups import TrainingGroups
from skill_gym.agents.validation import Validation
from skill_gym.agents.wandb_run import open_wandb_run
from skill_gym.agents.weight_sync import WeightSync
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.leaks import ids_from_tasks
from skill_gym.skillbanks.retrieval import Retriever
from skill_gym.skillbanks.teacher import Teacher
from skill_gym.trajectory import Task

Progress = Callable[[int, Mapping[str, Any]], None]


class Trainer:
    """Trains a policy with skills; ``train`` is the loop.

    Used as a context manager, it closes its files at the end.

    Args:
        config: Everything that the run depends on.
        resume: Goes on from the last checkpoint of ``run.folder``.
        make_env: ``make_env(bank, role)`` gives a function that makes an environment; None builds the suite's
            stack from ``config``.
        policy: Who samples; None opens vLLM or transformers as ``config.sampler`` says.
        teacher: Who proposes new skills; None opens the one that ``config.teacher`` names.
        progress: Called after each iteration with its number and metrics.
        ranks: Who learns together; this is the first, the others follow with a learner of their own.

    Attributes:
        banks: The bank in force, and what changes it.
        progress: As the argument; may be set before ``train``.
        iteration: Iterations done.
        groups: Plays the groups, and knows which are under way.
        warnings: Signs of trouble in the metrics.

    Raises:
        BankError: There is no such bank, or the run's store cannot be written.
        RunFolderError: The folder cannot be written, or holds a run already; raised before any work.
        CheckpointError: There is nothing to resume, or it was run with other settings.
        TeacherError: The teacher's key or address is missing.
        ConfigError: There are fewer validation tasks than ``validation.fresh`` wants, prompts do not fit the
            sampler's context, or W&B refuses the run.
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
        ranks: Ranks = ALONE,
    ) -> None:
        self.config = config
        # Said before a folder is made or a model is read.
        last = _last_checkpoint(Path(config.run.folder)) if resume else None
        self.folder = RunFolder(Path(config.run.folder), resume=resume)
        board = open_wandb_run(config, self.folder.path)
        self._teacher = RunTeacher(teacher) if teacher else open_run_teacher(config.teacher, self.folder.path)
        self.banks = RunBank(config, self.folder, self._teacher, resume=resume)
        self.iteration = 0
        self.progress = progress
        self._seconds: dict[str, float] = {}
        self._resumed: Mapping[str, Any] = {}
        model_folder = resolve_model(config.model.path)
        self._tokenizer = load_tokenizer(model_folder)
        self.learner = open_run_learner(config, ranks=ranks, dump_folder=self.folder.path / "refused")
        if last is not None:
            self._restore(last)
        self._owns_policy = policy is None
        self.policy = policy or open_trainable(config, model_folder, self.learner.model)
        weights = Path(config.sampler.weights_folder or self.folder.path / "weights")
        self._grammars = open_grammars(config.sampler.structure, self.policy, self.learner.model)
        self._sync = WeightSync(self.policy, weights)
        self.stage = Stage(config, make_env or self._env_stack(), self.policy, self.folder)
        self.validation = Validation(config, self.stage)
        self._tasks = self.stage.tasks(self.bank, "training")
        self.groups = TrainingGroups(config, self.stage, self._tasks, self._arms)
        self._canaries = Canaries(config, self.stage, self._tasks)
        if config.validation.every:
            # Said now, not after hours.
            self.validation.tasks(config.run.iterations, self.bank)
        if not resume:
            probe_prompts(config, self.stage.make_env, self._tasks, self.bank, self.policy)
        self._sync_weights()
        if resume:
            self.groups.restore(self._resumed["groups"], self.folder.load_bank)
        write_config(config, self.folder.path / "config.yaml")
        self.metrics = MetricsWriter(
            self.folder.path,
            keep_until=self.iteration if resume else None,
            board=board,
        )
        self.warnings = EarlyWarnings(config)
        self.warnings.recall(self.metrics.kept)
        if not resume:
            self.folder.save_bank(self.bank)
            # So that a run killed in its first iterations can go on, too.
            self._checkpoint()

    @property
    def bank(self) -> SkillBank:
        """The bank in force; a new version takes effect at the next iteration."""
        return self.banks.bank

    @property
    def trials(self) -> SkillTrials | None:
        """Skills on trial; None where evolution's skills enter the bank at once."""
        return self.banks.trials

    def train(self) -> None:
        """Runs until ``run.iterations`` iterations are done.

        Raises:
            LearnerError: An update was refused; the last checkpoint is whole.
            StoreError: The run's bank store cannot be written; the last checkpoint is whole.
        """
        if self.iteration == 0 and self.config.validation.before_training:
            self.metrics.write(0, {**self._validate(evolving=False), **self.banks.metrics()})
        while self.iteration < self.config.run.iterations:
            self._iterate()

    def _iterate(self) -> None:
        began = time.perf_counter()
        self._seconds = {}
        number = self.iteration + 1

        self.banks.review()
        with self._timed("rollout"):
            taken = self.groups.take(number, self.bank)
            played = taken.played
        with self._timed("update"):
            self._sync.make_room()
            samples, credit = credit_samples(
                played,
                self.config.grpo,
                max_new_tokens=self.config.sampler.max_new_tokens,
                kl=self._kl(played),
                grammars=self._grammars,
            )
            figures = self.learner.update(samples)
        self.iteration = number
        with self._timed("sync"):
            self._sync_weights()

        validation: dict[str, Any] = {}
        if self.validation.due(number):
            with self._timed("validation"):
                validation = self._validate(evolving=True)
        if self.trials is not None:
            with self._timed("trials"):
                validation |= self.banks.rule(number, played, self._canaries.fall)
        metrics = {
            **episode_metrics(one.trajectory for one in played),
            **reply_metrics(
                played,
                iteration=number,
                max_new_tokens=self.config.sampler.max_new_tokens,
                context_length=getattr(self.policy, "context_length", None),
            ),
            **credit,
            **taken.figures,
            **learner_metrics(figures),
            **rollout_metrics(taken.stats),
            "rollout/engine_restarts": getattr(self.policy, "restarts", 0),
            **validation,
            **self.banks.metrics(),
            **self._teacher.metrics(),
            "time/iteration": time.perf_counter() - began,
            **{f"time/{phase}": seconds for phase, seconds in self._seconds.items()},
        }
        metrics |= self.warnings.metrics(metrics)
        self.metrics.write(number, metrics)
        # After the metrics: a run killed in between plays the iteration again and writes the same line again.
        if number % self.config.run.checkpoint_every == 0 or number >= self.config.run.iterations:
            self._checkpoint()
        if self.progress is not None:
            self.progress(number, metrics)

    def _kl(self, played: Sequence[Played]) -> dict[str, float] | None:
        """KL of each episode, where it is taken off the return."""
        if self.config.grpo.kl_in != "reward" or not self.config.grpo.kl_coef:
            return None
        kept = trainable(played)
        samples = make_samples(kept, [[0.0] * len(one.completions) for one in kept], self._grammars)
        kl = dict.fromkeys((one.episode.ticket for one in kept), 0.0)
        for sample, value in zip(samples, self.learner.episode_kl(samples), strict=True):
            kl[kept[sample.trajectory].episode.ticket] += value
        return kl

    def _arms(self, number: int, tasks: Sequence[Task], first: int) -> Sequence[Mapping[str, Any]]:
        return self.banks.arms(number, tasks, lambda: self.stage.retriever(self.bank), first=first)

    def _validate(self, *, evolving: bool) -> dict[str, Any]:
        """Plays the validation tasks with the present bank; only then may the bank evolve."""
        frozen = self.config.validation.bank == "frozen"
        bank = self.banks.first if frozen else self.bank
        trajectories = self.validation.play(self.iteration, bank)
        # Without validation.fresh the same tasks are played again that skills came from; a reader must know.
        leaked = ids_from_tasks(bank, [one.task.key for one in trajectories])
        if evolving:
            self.banks.evolve(self.iteration, trajectories, self.stage.guard)
        return {
            **episode_metrics(trajectories, prefix="validation/"),
            "validation/leaked_skills": len(leaked),
        }

    def _env_stack(self) -> EnvStack:
        count_tokens = getattr(self.policy, "count_tokens", None)

        def choose(retriever: Retriever, role: Role) -> Retriever:
            return self.banks.choose(retriever, role, iteration=self.iteration, count_tokens=count_tokens)

        return EnvStack(self.config, count_tokens=count_tokens, policy_name=self.policy.name, choose=choose)

    def _sync_weights(self) -> None:
        self._sync.send(self.learner.model, self.iteration)

    def _checkpoint(self) -> None:
        save_checkpoint(
            self.folder.checkpoints,
            iteration=self.iteration,
            model=self.learner.model,
            tokenizer=self._tokenizer,
            learner=self.learner.state_dict(),
            state={"groups": self.groups.to_json(), **self.banks.to_json()},
            config=to_dict(self.config),
            keep_last=self.config.run.keep_last,
        )

    def _restore(self, folder: Path) -> None:
        checkpoint = load_checkpoint(folder, config=to_dict(self.config))
        load_trained_state(self.learner.model, checkpoint.model)
        self.learner.load_state_dict(checkpoint.learner)
        self.iteration = checkpoint.iteration
        # Groups are played on a stage, which is not there yet.
        self._resumed = checkpoint.state
        self.banks.restore(checkpoint.state, self.iteration)

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._seconds[phase] = time.perf_counter() - began

    def close(self) -> None:
        """Closes the run's files, and the policy's engine unless the policy was given."""
        self.groups.close()
        self._sync.close()
        self.metrics.close()
        self.banks.close()
        self._teacher.close()
        close = getattr(self.policy, "close", None)
        if self._owns_policy and callable(close):
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _last_checkpoint(folder: Path) -> Path:
    found = latest(folder)
    if found is None:
        raise CheckpointError(f"{folder} has no checkpoint to resume from; start without resume")
    return found
