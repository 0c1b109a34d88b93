"""One held-out world with one seed, phase by phase: frozen policy, its own bank, GRPO with both."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from skill_gym.agents.checkpoint import latest
from skill_gym.agents.env_stack import EnvStack
from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.policy import Policy, Sampling
from skill_gym.agents.random_start import save_random_policy
from skill_gym.agents.rollout import Played
from skill_gym.agents.sections import TrainConfig
from skill_gym.agents.trainer import Trainer
from skill_gym.benchmarks.engine import Engine
from skill_gym.benchmarks.evaluate import evaluate
from skill_gym.benchmarks.evaluation import Evaluation, paired_difference
from skill_gym.benchmarks.laptop import (
    EXPERIENCE_SPLIT,
    TEST_SPLIT,
    LaptopSize,
    Variant,
    laptop_config,
)
from skill_gym.benchmarks.phases import Phases
from skill_gym.benchmarks.progress import EpisodeBar, TrainingBar
from skill_gym.benchmarks.raw_trajectories import RawTrajectoryTeacher
from skill_gym.benchmarks.run_result import Arm, RunResult, phase_title
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.distillation import distil
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.skillbanks.teacher import Teacher
from skill_gym.trajectory import Trajectory, read_trajectories, write_trajectories

logger = logging.getLogger(__name__)

SAMPLES = 40
"""Episodes of an evaluation that are kept whole, for the reader."""


class LaptopRun:
    """Plays, distils and trains in one world; what an earlier call has done is read, not done again.

    Args:
        folder: Of this world and seed; variants share the phases that they have in common.
        size: How much is played.
        world: Which world.
        seed: Of everything that is drawn.
        engine: Who samples.
        training_folder: Of the training and what is measured after it; None for ``folder``. Runs that differ
            in how they train then share all that comes before.
        tell: Takes a line on what is being done.
    """

    def __init__(
        self,
        folder: Path,
        size: LaptopSize,
        *,
        world: int,
        seed: int,
        engine: Engine,
        training_folder: Path | None = None,
        tell: Callable[[str], None] = logger.info,
    ) -> None:
        self.folder, self.size, self.world, self.seed, self.engine = folder, size, world, seed, engine
        self._tell = tell
        self._before = Phases(folder)
        self._trained = self._before if training_folder is None else Phases(training_folder)
        self._steps: Iterator[str] = iter(())

    def run(self, variant: Variant) -> RunResult:
        """All phases of a variant.

        Raises:
            PolicyError: The sampler does not start.
            LearnerError: An update was refused; the training's last checkpoint is whole.
        """
        config = self._config(variant)
        start, model = "cold", config.model.path
        if variant == "no-cold-start":
            start, model = "random", str(self._random_policy(config))
        way = {"no-hierarchy": "flat", "raw-trajectories": "raw"}.get(variant, "skills")
        nothing = SkillBank.empty()
        arms: dict[Arm, Evaluation] = {}
        names: dict[Arm, str] = {}
        others: list[str] = []

        def measure(arm: Arm, name: str, weights: str, bank: SkillBank) -> None:
            names[arm] = name
            evaluation = arms[arm] = self._measure(name, weights, bank, config)
            versus = "" if arm == "frozen" else f", {paired_difference(arms['frozen'], evaluation)} to frozen"
            self._tell(f"      {evaluation.success()}{versus}")

        total = 3 if variant == "no-skills" else 7
        self._steps = (f"[{number}/{total}]" for number in range(1, total + 1))
        measure("frozen", f"{start}-none", model, nothing)
        first, collected = nothing, None
        if variant != "no-skills":
            experience, bank = f"{start}-collect", f"{start}-{'raw-' if way == 'raw' else ''}bank"
            others += [experience, bank]
            collected = self._collect(experience, model, config)
            first = self._distil(bank, experience, model, config, way)
            measure("frozen with skills", f"{start}-{way}", model, first)
        others.append(f"train-{variant}")
        trained, last = self._train(f"train-{variant}", model, first, config, way)
        if variant != "no-skills":
            measure("trained with skills", f"trained-{variant}-skills", trained, last)
        measure("trained without skills", f"trained-{variant}-none", trained, nothing)
        seconds = self._before.seconds | self._trained.seconds
        in_order = [name for name in seconds if name in {*others, *names.values()}]
        metrics = read_metrics(self._run_folder(variant) / "metrics.jsonl")
        return RunResult(
            variant=variant,
            world=self.world,
            seed=self.seed,
            arms=arms,
            metrics=metrics,
            first_bank=first,
            last_bank=last,
            collected=collected,
            phases={name: self._cost(name, metrics) for name in in_order},
            samples={arm: self._samples(name) for arm, name in names.items()},
        )

    def _announce(self, name: str) -> None:
        earlier = " (done earlier)" if self._phases(name).done(name) else ""
        self._tell(f"{next(self._steps)} {phase_title(name)}{earlier}")

    def _phases(self, name: str) -> Phases:
        return self._trained if name.startswith("train") else self._before

    def _episodes(self, name: str) -> Path:
        return self._phases(name).folder / f"{name}.jsonl"

    def _config(self, variant: Variant) -> TrainConfig:
        return laptop_config(
            self.size,
            world=self.world,
            seed=self.seed,
            folder=self._run_folder(variant),
            variant=variant,
            backend=self.engine.backend,
        )

    def _run_folder(self, variant: Variant) -> Path:
        return self._trained.folder / f"train-{variant}"

    def _random_policy(self, config: TrainConfig) -> Path:
        folder = self.folder / "random-policy"
        if not folder.is_dir():
            save_random_policy(config.model.path, folder, seed=self.seed)
        return folder

    def _measure(self, name: str, model: str, bank: SkillBank, config: TrainConfig) -> Evaluation:
        """Plays the test games once; the policy's weights and the bank stay as they are."""

        def work() -> Evaluation:
            return self._play(name, model, bank, config, TEST_SPLIT, self.size.games, keep=SAMPLES)

        self._announce(name)
        return self._phases(name).do(name, work, save=Evaluation.to_json, load=Evaluation.from_json)

    def _collect(self, name: str, model: str, config: TrainConfig) -> Evaluation:
        """Plays the games that the first bank is distilled from, without skills."""

        def work() -> Evaluation:
            return self._play(name, model, SkillBank.empty(), config, EXPERIENCE_SPLIT, self.size.collect)

        self._announce(name)
        evaluation = self._phases(name).do(name, work, save=Evaluation.to_json, load=Evaluation.from_json)
        self._tell(f"      {evaluation.success()} of {self.size.collect} episodes to learn from")
        return evaluation

    def _play(
        self,
        name: str,
        model: str,
        bank: SkillBank,
        config: TrainConfig,
        split: str,
        games: int,
        *,
        keep: int | None = None,
    ) -> Evaluation:
        policy = self.engine.policy(model)
        stack = EnvStack(
            replace(config, validation=replace(config.validation, split=split)),
            count_tokens=getattr(policy, "count_tokens", None),
            policy_name=policy.name,
        )
        make_env = stack(bank, "validation")
        probe = make_env()
        tasks = [task.id for task in probe.get_wrapper_attr("tasks")[:games]]
        probe.close()
        episodes: dict[str, Trajectory] = {}
        with EpisodeBar(len(tasks), name) as bar:

            def played(one: Played) -> None:
                episodes[one.episode.task_id] = one.trajectory
                bar.played(one)

            evaluation = evaluate(
                make_env,
                policy,
                tasks=tasks,
                slots=config.sampler.slots,
                sampling=Sampling(
                    temperature=config.validation.temperature, max_new_tokens=config.sampler.max_new_tokens
                ),
                seed=self.seed,
                on_played=played,
            )
        write_trajectories(
            self._phases(name).folder / f"{name}.jsonl", (episodes[task] for task in tasks[:keep])
        )
        return evaluation

    def _distil(self, name: str, episodes: str, model: str, config: TrainConfig, way: str) -> SkillBank:
        def work() -> SkillBank:
            teacher = self._teacher(way, self.engine.policy(model), config)
            trajectories = list(read_trajectories(self._episodes(episodes)))
            most = len(trajectories) if way == "raw" else config.evolution.max_new_skills
            return distil(SkillBank.empty(), trajectories, teacher, max_new=most).bank

        self._announce(name)
        bank = self._phases(name).do(name, work, save=SkillBank.dumps, load=SkillBank.loads)
        self._tell(f"      {len(bank)} entries")
        return bank

    @staticmethod
    def _teacher(way: str, policy: Policy, config: TrainConfig) -> Teacher:
        if way != "raw":
            return RuleTeacher()
        return RawTrajectoryTeacher(
            max_tokens=config.bank.max_tokens, count_tokens=getattr(policy, "count_tokens", None)
        )

    def _train(
        self, name: str, model: str, first: SkillBank, config: TrainConfig, way: str
    ) -> tuple[str, SkillBank]:
        """GRPO; gives the trained policy's folder and the bank that the training ended with."""
        folder = Path(config.run.folder)
        bank_file = folder.with_name(f"{name}-first-bank.json")
        first.save(bank_file)
        config = replace(
            config,
            model=replace(config.model, path=model),
            bank=replace(config.bank, path=str(bank_file)),
        )

        def work() -> SkillBank:
            checkpoint = latest(folder)
            if checkpoint is None and folder.exists():
                # Cut off before its first checkpoint: nothing to go on from.
                shutil.rmtree(folder)
            policy = self.engine.lend(model)
            with (
                Trainer(
                    config,
                    resume=checkpoint is not None,
                    policy=policy,
                    teacher=self._teacher(way, policy, config),
                ) as trainer,
                TrainingBar(config.run.iterations, done=trainer.iteration, label=name) as trainer.progress,
            ):
                trainer.train()
                return trainer.bank

        self._announce(name)
        last = self._phases(name).do(name, work, save=SkillBank.dumps, load=SkillBank.loads)
        checkpoint = latest(folder)
        if checkpoint is None:
            raise FileNotFoundError(f"{folder} has lost its checkpoint; remove {name}.json to train again")
        self._tell(f"      {config.run.iterations} iterations; bank entries: {len(first)} to {len(last)}")
        return str(checkpoint / "model"), last

    def _samples(self, name: str) -> dict[str, Trajectory]:
        return {one.task.id: one for one in read_trajectories(self._episodes(name))}

    def _cost(self, name: str, metrics: Sequence[Mapping[str, Any]]) -> tuple[float, int]:
        """Seconds and tokens said; a training that was cut off counts with all of its iterations."""
        phases = self._phases(name)
        seconds = phases.seconds[name]
        if name.startswith("train-"):
            spent = sum(float(row.get("time/iteration", 0)) for row in metrics)
            return max(seconds, spent), sum(int(row.get("rollout/new_tokens", 0)) for row in metrics)
        record = json.loads(phases.path(name).read_text(encoding="utf-8"))
        return seconds, sum(int(result["reply_tokens"]) for result in record.get("results", ()))
