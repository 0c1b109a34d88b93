"""The attention of models that run no prefix trees: what runs here, and what is missing where it does not."""

import importlib.util
from pathlib import Path

import pytest
import torch
from tiny_model import save_tiny_model, tiny_tokenizer
from toy_training import toy_config, toy_trainer

from skill_gym.agents.model_attention import model_attention
from skill_gym.agents.model_error import ModelError
from skill_gym.agents.models import load_model
from skill_gym.agents.transformers_policy import TransformersPolicy

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict:
    """A machine with a GPU: its generation, and the packages that are installed."""
    found = {"capability": (9, 0), "packages": {"flash_attn", "triton"}}
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: found["capability"])
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Tesla T4")
    find = importlib.util.find_spec

    def spec(name: str, *rest: str) -> object:
        return name in found["packages"] or None if name in ("flash_attn", "triton") else find(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", spec)
    return found


def test_auto_takes_flash_attention_where_package_gpu_and_half_precision_are_there(machine: dict) -> None:
    assert model_attention("auto", GPU, torch.bfloat16) == "flash_attention_2"
    assert model_attention("auto", GPU, torch.float32) is None
    assert model_attention("auto", CPU, torch.bfloat16) is None
    machine["capability"] = (7, 5)
    assert model_attention("auto", GPU, torch.bfloat16) is None
    machine.update(capability=(9, 0), packages=set())
    assert model_attention("auto", GPU, torch.bfloat16) is None


def test_what_is_wanted_and_missing_is_named_with_what_to_do(machine: dict) -> None:
    def error(wanted: str, device: torch.device = GPU, dtype: torch.dtype = torch.bfloat16) -> str:
        with pytest.raises(ModelError) as caught:
            model_attention(wanted, device, dtype)
        return str(caught.value)

    assert model_attention("flash_attention_2", GPU, torch.bfloat16) == "flash_attention_2"
    assert model_attention("flex_attention", GPU, torch.float32) == "flex_attention"
    assert "flash_attention_2 needs a CUDA GPU, and the model is on cpu" in error("flash_attention_2", CPU)
    assert "no backward pass" in error("flex_attention", CPU)
    assert "model.dtype=bfloat16" in error("flash_attention_2", dtype=torch.float32)
    machine["packages"] = set()
    assert "pip install 'skill-gym[flash]'; or set it to sdpa" in error("flash_attention_2")
    assert "pip install triton" in error("flex_attention")
    machine["capability"] = (7, 5)
    assert "Tesla T4 is older" in error("flash_attention_2")


def test_model_runs_with_the_attention_that_is_set(tmp_path: Path) -> None:
    model = save_tiny_model(tmp_path / "model")
    settings = ("model.attn_implementation=eager", "grpo.packing=padded", "run.iterations=1")
    with toy_trainer(toy_config(tmp_path / "run", model, *settings)) as trainer:
        policy = trainer.policy
        assert isinstance(policy, TransformersPolicy)
        assert policy.model is trainer.learner.model
        assert policy.model.config._attn_implementation == "eager"
        trainer.train()
        assert policy.model.config._attn_implementation == "eager"
    assert load_model(model).config._attn_implementation == "sdpa"


def test_model_without_the_attention_that_is_set_says_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import BloomConfig, BloomForCausalLM

    tokenizer = tiny_tokenizer()
    config = BloomConfig(vocab_size=len(tokenizer), hidden_size=32, n_layer=1, n_head=2)
    BloomForCausalLM(config).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=r"does not support.*set model\.attn_implementation=eager"):
        load_model(tmp_path, attention="sdpa")
    assert load_model(tmp_path).config._attn_implementation == "eager"
    # Where flash-attn runs but the model has none, auto is what it has.
    monkeypatch.setattr("skill_gym.agents.model_attention._flash_lacks", lambda *_: None)
    assert load_model(tmp_path, "bfloat16").config._attn_implementation == "eager"
    with pytest.raises(ModelError, match=r"does not support Flash.*set model\.attn_implementation=eager"):
        load_model(tmp_path, "bfloat16", attention="flash_attention_2")
