"""Who examines what is distilled: the environment's commands, and what the episodes themselves asked."""

import gymnasium as gym

from skill_gym.benchmarks.distill_sources import Sources
from skill_gym.registration import env_class
from skill_gym.skillbanks.guard import Guard
from skill_gym.skillbanks.lint import Lint
from skill_gym.skillbanks.lint_answers import BenchmarkAnswers
from skill_gym.trajectory import Task


def guard(sources: Sources) -> tuple[Guard, str]:
    """The guard, and what it cannot examine; "" for nothing."""
    tasks = [episode.task for episode in sources.trajectories]
    tasks += [Task(record.id, record.id, record.env_id, "", "", record.goal) for record in sources.memories]
    answers = BenchmarkAnswers(tasks)
    try:
        metadata = env_class(sources.env_id).metadata
    except (gym.error.Error, ImportError, ValueError) as error:
        return Guard(Lint(answers=answers)), f"commands in skills are not checked: {error}"
    return Guard(Lint(metadata=metadata, answers=answers)), ""
