"""A checkpoint is there whole or not at all, and gives back everything bit for bit."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_model import tiny_model, tiny_tokenizer

from skill_gym.agents.checkpoint import (
    CheckpointError,
    ConfigMismatch,
    find_checkpoints,
    latest,
    load_checkpoint,
    save_checkpoint,
)

CONFIG = {"grpo": {"lr": 1e-6}, "run": {"iterations": 3}, "env": {"options": {"size": 5}}}


@pytest.fixture(scope="module")
def model():
    return tiny_model(300, hidden=32)


def save(folder: Path, model, *, iteration=1, config=CONFIG, keep_last=0, learner=None):
    return save_checkpoint(
        folder / "checkpoints",
        iteration=iteration,
        model=model,
        tokenizer=tiny_tokenizer(),
        learner=learner or {"steps": iteration},
        state={"cursor": 16 * iteration},
        config=config,
        keep_last=keep_last,
    )


def draws():
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_state_weights_and_random_generators_come_back(tmp_path, model):
    save(tmp_path, model, learner={"steps": 7, "optimizer": {"moment": torch.tensor([1 / 3])}})
    expected = draws()
    draws()
    back = load_checkpoint(latest(tmp_path), config=CONFIG)
    assert draws() == expected
    assert back.iteration == 1
    assert back.state == {"cursor": 16}
    assert back.learner["steps"] == 7
    assert torch.equal(back.learner["optimizer"]["moment"], torch.tensor([1 / 3]))
    assert all(torch.equal(back.model[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("there", [1, 3])
def test_a_run_on_gpus_goes_on_on_fewer_or_more(tmp_path, model, monkeypatch, there):
    states = [torch.full((2,), number, dtype=torch.uint8) for number in range(2)]
    restored = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: states)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    monkeypatch.setattr(
        torch.cuda, "set_rng_state", lambda state, device: restored.append((device, int(state[0])))
    )
    save(tmp_path, model)
    load_checkpoint(latest(tmp_path), config=CONFIG)
    assert restored == list(enumerate(range(min(there, 2))))


def test_the_model_in_a_checkpoint_can_be_loaded_on_its_own(tmp_path, model):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = save(tmp_path, model) / "model"
    assert AutoTokenizer.from_pretrained(folder).chat_template
    loaded = AutoModelForCausalLM.from_pretrained(folder)
    assert all(torch.equal(loaded.state_dict()[name], value) for name, value in model.state_dict().items())


def test_a_torn_checkpoint_is_passed_over(tmp_path, model):
    whole = save(tmp_path, model, iteration=1)
    torn = save(tmp_path, model, iteration=2)
    (torn / "state.json").unlink()
    (tmp_path / "checkpoints" / ".torn-iteration-000003").mkdir()
    assert latest(tmp_path) == whole
    assert latest(tmp_path / "nowhere") is None


def test_a_writer_that_fails_leaves_no_checkpoint(tmp_path, model, monkeypatch):
    monkeypatch.setattr(torch, "save", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(CheckpointError, match="no space left"):
        save(tmp_path, model)
    assert latest(tmp_path) is None


def test_only_the_last_ones_are_kept(tmp_path, model):
    for iteration in (1, 2, 3):
        save(tmp_path, model, iteration=iteration, keep_last=2)
    assert [one.name for one in find_checkpoints(tmp_path / "checkpoints")] == [
        "iteration-000002",
        "iteration-000003",
    ]


def test_the_same_iteration_may_be_written_again(tmp_path, model):
    save(tmp_path, model, learner={"steps": 1})
    save(tmp_path, model, learner={"steps": 2})
    assert load_checkpoint(latest(tmp_path), config=CONFIG).learner["steps"] == 2


@pytest.mark.parametrize(
    ("change", "name"),
    [({"grpo": {"lr": 1e-5}}, "grpo.lr"), ({"env": {"options": {"size": 6}}}, "env.options")],
)
def test_another_configuration_is_refused_by_name(tmp_path, model, change, name):
    folder = save(tmp_path, model)
    with pytest.raises(ConfigMismatch, match=name):
        load_checkpoint(folder, config={**CONFIG, **change})


def test_the_number_of_iterations_may_change(tmp_path, model):
    folder = save(tmp_path, model)
    assert load_checkpoint(folder, config={**CONFIG, "run": {"iterations": 9}}).iteration == 1


def test_damage_is_said(tmp_path, model):
    folder = save(tmp_path, model)
    (folder / "tensors.pt").write_bytes(b"not a zip")
    with pytest.raises(CheckpointError, match="older one"):
        load_checkpoint(folder, config=CONFIG)
    record = json.loads((folder / "state.json").read_text())
    (save(tmp_path, model) / "state.json").write_text(json.dumps({**record, "format": 99}))
    with pytest.raises(CheckpointError, match="format 99"):
        load_checkpoint(folder, config=CONFIG)
