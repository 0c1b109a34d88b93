"""Killed at random moments, twenty in all, a run ends as if nothing had happened."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from test_resume import timeless
from toy_training import toy_config, toy_model, toy_trainer

from skill_gym.agents.checkpoint import latest

TESTS = Path(__file__).resolve().parent
SETTINGS = ("run.checkpoint_every=1", "validation.every=5")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kills", "more"),
    [
        (12, ()),
        (
            8,
            (
                "rollout.carry_over=true",
                "grpo.correction=truncated",
                "sampler.slots=5",
                "env.id=skill_gym_tests/Colour-v0",
            ),
        ),
    ],
    ids=["whole iterations", "carried over"],
)
def test_kills_change_nothing(tmp_path, kills, more):
    # A kill comes every two iterations or so.
    model = toy_model(tmp_path / "model")
    settings = (f"run.iterations={kills * 5 // 2}", *SETTINGS, *more)
    script = TESTS / "toy_kills.py"
    killed = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "killed"), str(model), str(kills), "3", *settings],
        env={**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert killed.returncode == 0, killed.stderr[-2000:]
    assert int(killed.stdout.split()[-1]) == kills, "the run ended before it was killed so often"
    with toy_trainer(toy_config(tmp_path / "whole", model, *settings)) as trainer:
        trainer.train()
    assert timeless(tmp_path / "killed") == timeless(tmp_path / "whole")
    for name in ("state", "config"):
        mine, theirs = (
            json.loads((latest(tmp_path / run) / "state.json").read_text())[name]
            for run in ("killed", "whole")
        )
        mine.pop("run", None), theirs.pop("run", None)
        assert mine == theirs
    mine, theirs = (
        load_file(latest(tmp_path / run) / "model" / "model.safetensors") for run in ("killed", "whole")
    )
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
