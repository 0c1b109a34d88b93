"""Killed at any moment, a run goes on from its last checkpoint as if nothing had happened."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_training import toy_config, toy_model, toy_trainer

from skill_gym.agents.checkpoint import CheckpointError, ConfigMismatch, latest
from skill_gym.agents.metrics import read_metrics

TESTS = Path(__file__).resolve().parent
TIMES = (
    "time/",
    "rollout/env_seconds",
    "rollout/policy_seconds",
    "rollout/tokens_per_second",
    "rollout/occupancy",
)
TIMES += ("learner/seconds", "learner/tokens_per_second")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return toy_model(tmp_path_factory.mktemp("model"))


def train(config, **arguments):
    with toy_trainer(config, **arguments) as trainer:
        trainer.train()
        return trainer


def timeless(folder):
    rows = read_metrics(folder / "metrics.jsonl")
    return [{name: value for name, value in row.items() if not name.startswith(TIMES)} for row in rows]


def test_killed_in_the_middle_the_run_ends_like_an_unbroken_one(tmp_path, model):
    whole = train(toy_config(tmp_path / "whole", model))
    # Dies in iteration 4, after the checkpoint of the second and the metrics of the third.
    killed = subprocess.run(
        [sys.executable, str(TESTS / "toy_training.py"), str(tmp_path / "killed"), str(model), "3"],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    assert latest(tmp_path / "killed").name == "iteration-000002"
    assert [row["iteration"] for row in read_metrics(tmp_path / "killed" / "metrics.jsonl")] == [1, 2, 3]

    resumed = train(toy_config(tmp_path / "killed", model), resume=True)

    assert timeless(tmp_path / "killed") == timeless(tmp_path / "whole")
    assert resumed.bank == whole.bank
    assert resumed.bank.version == whole.bank.version
    assert resumed.bank.generation > 0
    mine, theirs = resumed.learner.model.state_dict(), whole.learner.model.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    for file in sorted((tmp_path / "whole" / "trajectories").iterdir()):
        other = tmp_path / "killed" / "trajectories" / file.name
        assert sorted(other.read_text().splitlines()) == sorted(file.read_text().splitlines())


def test_the_restored_state_is_equal_bit_for_bit(tmp_path, model):
    first = train(toy_config(tmp_path / "run", model, "run.iterations=2"))
    draws = random.random(), np.random.rand(), torch.rand(3)
    with toy_trainer(toy_config(tmp_path / "run", model, "run.iterations=9"), resume=True) as second:
        again = random.random(), np.random.rand(), torch.rand(3)
    assert draws[:2] == again[:2]
    assert torch.equal(draws[2], again[2])
    assert (second.iteration, second.groups.cursor) == (first.iteration, first.groups.cursor) == (2, 6)
    assert second.learner.steps == first.learner.steps > 0
    assert second.bank == first.bank
    for mine, theirs in zip(second.learner.model.parameters(), first.learner.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    before, after = (one.learner.state_dict()["optimizer"]["state"] for one in (first, second))
    assert before.keys() == after.keys()
    assert len(before) > 0
    for name, state in before.items():
        assert all(torch.equal(state[key], after[name][key]) for key in state)


def test_a_run_goes_on_to_more_iterations(tmp_path, model):
    train(toy_config(tmp_path / "run", model, "run.iterations=1"))
    train(toy_config(tmp_path / "run", model, "run.iterations=2"), resume=True)
    train(toy_config(tmp_path / "whole", model, "run.iterations=2"))
    assert timeless(tmp_path / "run") == timeless(tmp_path / "whole")


def test_another_configuration_is_refused(tmp_path, model):
    train(toy_config(tmp_path / "run", model, "run.iterations=1", "validation.every=0"))
    with pytest.raises(ConfigMismatch, match=r"grpo\.clip_low: was 0\.2, is 0\.1"):
        toy_trainer(
            toy_config(tmp_path / "run", model, "validation.every=0", "grpo.clip_low=0.1"), resume=True
        )


def test_nothing_to_resume_is_said(tmp_path, model):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        toy_trainer(toy_config(tmp_path / "new", model), resume=True)
    # Neither is a model read for it, nor a folder made.
    with pytest.raises(CheckpointError, match="no checkpoint"):
        toy_trainer(toy_config(tmp_path / "new", tmp_path / "no-model"), resume=True)
    assert not (tmp_path / "new").exists()
