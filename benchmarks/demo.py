"""The main job in one command: evaluate, train with skills, evolve the bank, evaluate again, report."""

import json
import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from skill_gym.agents.config import TrainConfig, load_config
from skill_gym.agents.policy import Policy, Sampling
from skill_gym.agents.rollout import Played
from skill_gym.agents.sampler import Backend, choose_backend
from skill_gym.agents.trainer import Trainer
from skill_gym.benchmarks import suite
from skill_gym.benchmarks.claim import machine
from skill_gym.benchmarks.evaluate import evaluate
from skill_gym.benchmarks.evaluation import Evaluation
from skill_gym.benchmarks.progress import EpisodeBar, TrainingBar
from skill_gym.benchmarks.report import RunStory, write_report
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.trajectory import Trajectory

logger = logging.getLogger(__name__)

TEST_SPLIT = "generated_test"
"""Neither training nor evolution reads it."""

SETTINGS = (
    "model.path=tiny",
    "env.max_steps=30",
    "env.options={generator: {room_scale: 0.4, object_scale: 0.5}}",
    "bank.max_tokens=400",
    "sampler.max_new_tokens=24",
    "rollout.tasks_per_iteration=8",
    "rollout.group_size=8",
    "grpo.lr=1e-4",
    "grpo.mini_batch_size=32",
    "validation.every=2",
    "validation.tasks=48",
    "validation.temperature=1.0",
    "evolution.enable_dynamic_update=true",
    "evolution.update_threshold=0.6",
    "run.checkpoint_every=2",
)
"""What differs from the defaults: a small policy in small rooms, short replies, minutes instead of days."""


def run_demo(
    folder: Path,
    *,
    games: int = 120,
    iterations: int = 5,
    backend: Backend = "auto",
    seed: int = 0,
    settings: Sequence[str] = (),
) -> Path:
    """Runs the loop and writes a report.

    Args:
        folder: Where the run goes; a former run of the demo there is replaced.
        games: Held-out games that are played before and after.
        iterations: GRPO iterations.
        backend: Who samples.
        seed: Of everything that is drawn.
        settings: Further settings as for ``skill-gym train``, ``section.key=value`` each.

    Returns:
        The report's path.

    Raises:
        FileExistsError: The folder holds something else than a run of the demo.
    """
    if games < 1 or iterations < 1:
        raise ValueError(f"games and iterations must be at least 1, got {games} and {iterations}")
    _clear(folder)
    config = load_config(
        None,
        [
            *SETTINGS,
            f"sampler.backend={backend}",
            f"run.folder={folder}",
            f"run.seed={seed}",
            f"run.iterations={iterations}",
            *settings,
        ],
    )
    seconds: dict[str, float] = {}
    sampler = choose_backend(backend)
    print(f"skill-gym demo: {sampler} samples; {games} held-out games, {iterations} GRPO iterations")
    with _timed(seconds, "start the engine"):
        trainer = Trainer(config)
    with trainer:
        first_bank = trainer.bank
        shown: dict[str, dict[str, Trajectory]] = {}

        def measure(name: str, bank: SkillBank) -> Evaluation:
            shown[name] = {}
            with _timed(seconds, name):
                evaluation = _evaluate(trainer.policy, bank, config, games, name, seed, shown[name])
            evaluation.save(folder / f"{name.replace(' ', '_')}.json")
            print(f"  {name}: {evaluation.success()}")
            return evaluation

        before = measure("before training", first_bank)
        bare = measure("before training without skills", SkillBank.empty())
        with _timed(seconds, "train, validate, evolve"), TrainingBar(iterations) as bar:
            trainer.progress = bar
            trainer.train()
        after = measure("after training", trainer.bank)
        story = RunStory(
            title="skill-gym demo",
            machine={**machine(), "sampler": sampler},
            before=before,
            after=after,
            others={"Before training, without skills": bare},
            metrics=_read_metrics(folder),
            first_bank=first_bank,
            last_bank=trainer.bank,
            seconds=seconds,
            episodes=_episodes(before, after, shown),
            notes=(
                "A policy of 3.5 million parameters trained for minutes: the figures show that the loop runs "
                "and in which direction it goes, not what the method reaches.",
                f"Episodes end after {config.env.max_steps} turns; rooms are smaller than the official ones "
                f"({config.env.options}).",
                f"Evolution reads {config.validation.split} only; success is measured on {TEST_SPLIT}.",
                f"Replies of the evaluations are drawn at temperature {config.validation.temperature}, with "
                "seeds that depend on the game only.",
            ),
        )
    return write_report(folder, story)


def _evaluate(
    policy: Policy,
    bank: SkillBank,
    config: TrainConfig,
    games: int,
    label: str,
    seed: int,
    shown: dict[str, Trajectory],
) -> Evaluation:
    make_env = partial(
        suite.make,
        config.env.id,
        bank=bank,
        layout=config.env.layout,
        max_tokens=config.bank.max_tokens,
        count_tokens=getattr(policy, "count_tokens", None),
        policy_name=policy.name,
        max_episode_steps=config.env.max_steps,
        split=TEST_SPLIT,
        **{**config.env.options, "size": games},
    )
    with EpisodeBar(games, label) as bar:

        def played(one: Played) -> None:
            shown[one.trajectory.task.id] = one.trajectory
            bar.played(one)

        return evaluate(
            make_env,
            policy,
            slots=config.sampler.slots,
            sampling=Sampling(
                temperature=config.validation.temperature, max_new_tokens=config.sampler.max_new_tokens
            ),
            seed=seed,
            on_played=played,
        )


def _episodes(
    before: Evaluation, after: Evaluation, shown: dict[str, dict[str, Trajectory]]
) -> list[tuple[str, Trajectory]]:
    """The first game that was gained, before and after; without one, the first game."""
    pairs = list(zip(before.results, after.results, strict=True))
    gained = [first.task_id for first, second in pairs if second.solved and not first.solved]
    chosen = (gained or [before.results[0].task_id])[0]
    return [(name.capitalize(), shown[name][chosen]) for name in ("before training", "after training")]


def _read_metrics(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _clear(folder: Path) -> None:
    """Removes a former demo, which can be told by its marker; anything else stays."""
    marker = folder / ".skill-gym-demo"
    if folder.exists() and any(folder.iterdir()):
        if not marker.is_file():
            raise FileExistsError(f"{folder} holds something else than a demo; pass another --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    marker.touch()


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - start
