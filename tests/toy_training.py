"""A training run of seconds on a toy environment; run as a script, it kills itself in the middle.

``python toy_training.py RUN_FOLDER MODEL_FOLDER LAST_ITERATION [SETTING ...]`` ends by SIGKILL in the update
after that iteration.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
from tiny_model import save_tiny_model, word_tokenizer
from toy_env import COLOURS, TOY_ID

from skill_gym.agents.config import load_config
from skill_gym.agents.sections import TrainConfig
from skill_gym.agents.trainer import Trainer
from skill_gym.skillbanks.skill import Provenance
from skill_gym.skillbanks.teacher import Proposal, TeacherAnswer, TeacherRequest
from skill_gym.text_env import Outcome, TextEnv
from skill_gym.trajectory import Task

COLOUR_ID = "skill_gym_tests/Colour-v0"

Metrics = Mapping[str, Any]


class ColourEnv(TextEnv):
    """Say the colour of the task; three tries. Even a tiny random model can learn it."""

    metadata: ClassVar[dict[str, Any]] = {
        "render_modes": ["ansi"],
        "reply_tags": ("action",),
        "role": "",
        "instructions": "",
    }

    def __init__(self, split: str = "train", render_mode: str | None = None) -> None:
        super().__init__(render_mode=render_mode)
        self.tasks = tuple(
            Task(f"{split}/{colour}", f"{COLOUR_ID}:{split}:{colour}", COLOUR_ID, split, "say", colour)
            for colour in COLOURS[:3]
        )
        self._won = False

    def begin(self, task: Task) -> Outcome:
        self.task, self._won = task, False
        return Outcome(task.goal)

    def advance(self, command: str) -> Outcome:
        self._won = self.task is not None and command == f"say {self.task.goal}"
        return Outcome("right" if self._won else "wrong", float(self._won), self._won)

    def admissible_commands(self) -> tuple[str, ...]:
        return tuple(f"say {colour}" for colour in COLOURS[:3])

    @property
    def won(self) -> bool:
        return self._won

    def find_task(self, task_id: str) -> Task:
        return next(task for task in self.tasks if task.id == task_id)


if COLOUR_ID not in gym.registry:
    gym.register(COLOUR_ID, entry_point="toy_training:ColourEnv", max_episode_steps=3)


class ToyTeacher:
    """Proposes one new skill for the type of the first failure, whatever happened."""

    name = "toy"

    def ask(self, request: TeacherRequest) -> TeacherAnswer:
        first = request.trajectories[0]
        provenance = Provenance((first.task.key,), (first.task.split,), self.name, request.bank.version)
        # The whole goal would be an answer to the benchmark, which the guard refuses.
        text = f"Advice {len(request.bank)}: {' '.join(first.task.goal.split()[-3:])}"
        return TeacherAnswer((Proposal("Advice", text, first.task.task_type, provenance=provenance),))


def toy_trainer(config: TrainConfig, **arguments: Any) -> Trainer:
    """A trainer with the toy teacher, unless the configuration names a model."""
    teacher = ToyTeacher() if config.teacher.name == "rules" else None
    return Trainer(config, teacher=teacher, **arguments)


class _Reached(Exception):
    pass


def train_until(trainer: Trainer, reached: Callable[[Sequence[Metrics]], bool]) -> list[Metrics]:
    """Trains until the metrics of all iterations so far show what is wanted, or to the end; gives them."""
    rows: list[Metrics] = []

    def look(_: int, metrics: Metrics) -> None:
        rows.append(metrics)
        if reached(rows):
            raise _Reached

    trainer.progress = look
    with suppress(_Reached):
        trainer.train()
    return rows


def toy_model(folder: Path) -> Path:
    """A model with one token for each command of both toy environments."""
    commands = ["look", "go to cellar", "go to hall"]
    for colour in COLOURS:
        commands += [f"take {colour} key", f"open {colour} box", f"look in {colour} box", f"say {colour}"]
    replies = [f"<action>{command}</action>" for command in commands]
    return save_tiny_model(folder, tokenizer=word_tokenizer(COLOURS, replies), hidden=32)


def toy_config(run: Path, model: Path, *settings: str) -> TrainConfig:
    return load_config(
        None,
        [
            f"run.folder={run}",
            f"model.path={model}",
            f"env.id={TOY_ID}",
            "env.split=train",
            "env.max_steps=4",
            "validation.split=validation",
            "validation.every=2",
            "validation.tasks=4",
            "sampler.backend=transformers",
            "sampler.max_new_tokens=1",
            "rollout.tasks_per_iteration=3",
            "rollout.group_size=4",
            "grpo.lr=1e-3",
            "grpo.mini_batch_size=5",
            "evolution.enable_dynamic_update=true",
            "evolution.min_episodes=1",
            "bank.path=empty",
            "run.iterations=6",
            "run.checkpoint_every=2",
            *settings,
        ],
    )


if __name__ == "__main__":
    run, model, last = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    trainer = toy_trainer(toy_config(run, model, *sys.argv[4:]))
    update = trainer.learner.update

    def update_or_die(samples: Any) -> dict[str, float]:
        if trainer.iteration == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return update(samples)

    trainer.learner.update = update_or_die  # type: ignore[method-assign]
    trainer.train()
