"""What goes wrong in the middle of a training: the run ends or goes on, and its last checkpoint is whole."""

import json
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import pytest
import torch
from toy_training import COLOUR_ID, ColourEnv, toy_config, toy_model, toy_trainer

from skill_gym.agents.checkpoint import latest
from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.models import ModelError
from skill_gym.agents.refused_step import LearnerError
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.text_env import Outcome

FRAGILE_ID = "skill_gym_tests/Fragile-v0"


class FragileEnv(ColourEnv):
    """Breaks whenever a task of these colours is played."""

    breaks: ClassVar[set[str]] = set()

    def advance(self, command: str) -> Outcome:
        if self.task is not None and self.task.goal in self.breaks:
            raise ConnectionError("the world is gone")
        return super().advance(command)


if FRAGILE_ID not in gym.registry:
    gym.register(FRAGILE_ID, entry_point="test_training_faults:FragileEnv", max_episode_steps=3)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return toy_model(tmp_path_factory.mktemp("model"))


def config(run, model, *settings: Any):
    quiet = ("validation.every=0", "evolution.enable_dynamic_update=false", "env.max_steps=3")
    return toy_config(run, model, f"env.id={COLOUR_ID}", *quiet, "run.checkpoint_every=1", *settings)


def weights(trainer):
    return {name: value.clone() for name, value in trainer.learner.model.state_dict().items()}


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_its_last_checkpoint(tmp_path, model):
    seen = {}

    def spoil(number, metrics):
        seen[number] = weights(trainer)
        if number == 2:
            next(iter(trainer.learner.reference.parameters())).data.fill_(float("nan"))

    run = tmp_path / "run"
    with toy_trainer(config(run, model, "run.iterations=4"), progress=spoil) as trainer:
        with pytest.raises(LearnerError, match=r"the loss is nan; .* the batch is in"):
            trainer.train()
        assert trainer.iteration == 2
        assert all(torch.equal(value, seen[2][name]) for name, value in weights(trainer).items())
    assert latest(run).name == "iteration-000002"
    assert [row["iteration"] for row in read_metrics(run / "metrics.jsonl")] == [1, 2]
    (batch,) = (run / "refused").glob("*.npz")
    assert np.isfinite(np.load(batch)["advantages_0"]).all()

    # With a whole reference the run goes on to where an unbroken one would be.
    with toy_trainer(config(run, model, "run.iterations=4"), resume=True) as resumed:
        resumed.train()
    with toy_trainer(config(tmp_path / "whole", model, "run.iterations=4")) as whole:
        whole.train()
    assert all(torch.equal(value, weights(whole)[name]) for name, value in weights(resumed).items())


def test_a_group_whose_episodes_all_broke_is_left_out(tmp_path, model, monkeypatch):
    monkeypatch.setattr(FragileEnv, "breaks", {"red"})
    settings = (f"env.id={FRAGILE_ID}", "run.iterations=1")
    with toy_trainer(config(tmp_path / "run", model, *settings)) as trainer:
        before = weights(trainer)
        trainer.train()
        assert any(not torch.equal(value, before[name]) for name, value in weights(trainer).items())
    (row,) = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert (row["group/all_broken"], row["group/count"]) == (1, 2)
    assert (row["episode/broken"], row["episode/broken/env"], row["episode/count"]) == (4, 4, 8)
    assert row["warning/broken_episodes"] == 1
    assert any("4 of 12 episodes broke (4 at the env)" in text for text in row["warnings"])


def test_an_iteration_whose_episodes_all_broke_changes_no_weight(tmp_path, model, monkeypatch):
    monkeypatch.setattr(FragileEnv, "breaks", {"red", "blue", "green"})
    settings = (f"env.id={FRAGILE_ID}", "run.iterations=2")
    with toy_trainer(config(tmp_path / "run", model, *settings)) as trainer:
        before = weights(trainer)
        trainer.train()
        assert all(torch.equal(value, before[name]) for name, value in weights(trainer).items())
        assert trainer.iteration == 2
    rows = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert [row["episode/count"] for row in rows] == [0, 0]
    assert [row["warning/broken_episodes"] for row in rows] == [1, 1]
    assert json.loads((latest(tmp_path / "run") / "state.json").read_text())["iteration"] == 2


def test_a_tokenizer_without_a_chat_template_is_refused(tmp_path, model):
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in model.iterdir():
        if file.name == "chat_template.jinja":
            continue
        content = file.read_bytes()
        if file.name == "tokenizer_config.json":
            kept = {name: value for name, value in json.loads(content).items() if name != "chat_template"}
            content = json.dumps(kept).encode()
        (bare / file.name).write_bytes(content)
    with pytest.raises(ModelError, match="no chat template; use an instruct model"):
        toy_trainer(config(tmp_path / "run", bare))
    assert not (tmp_path / "run" / "config.yaml").exists()
    assert SkillBank.empty().version not in {one.stem for one in (tmp_path / "run" / "banks").iterdir()}
