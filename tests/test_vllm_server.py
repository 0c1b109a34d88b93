"""What a vLLM server may get wrong is said clearly; the real one is played with in test_server_policy."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from stand_in_server import StandIn, said
from tiny_model import save_tiny_model

from skill_gym.agents import weights_folder
from skill_gym.agents.config import load_config
from skill_gym.agents.models import load_model
from skill_gym.agents.policy import Completion, PolicyError, Request, Sampling
from skill_gym.agents.sampler import open_sampler
from skill_gym.agents.sections import ConfigError
from skill_gym.agents.server_policy import ServerPolicy
from skill_gym.agents.weights_folder import WeightsFolder
from skill_gym.benchmarks.cli import main
from skill_gym.trajectory import read_trajectories


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model"), context=256)


@pytest.fixture
def stand_in(folder: Path) -> Iterator[StandIn]:
    stand_in = StandIn(folder)
    yield stand_in
    stand_in.close()


@pytest.fixture
def policy(stand_in: StandIn, folder: Path, tmp_path: Path) -> Iterator[ServerPolicy]:
    policy = ServerPolicy(stand_in.url + "/v1/", folder, weights_folder=tmp_path / "weights", patience=0.5)
    yield policy
    policy.close()


def answer(policy: ServerPolicy, ticket: str = "a", **sampling: Any) -> Completion:
    sampling = {"max_new_tokens": 5, **sampling}
    policy.submit(Request(ticket, [{"role": "user", "content": "box"}], sampling=Sampling(**sampling)))
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for each in policy.poll():
            return each
    raise AssertionError("no answer within ten seconds")


def test_request_says_all_that_a_server_would_otherwise_take_from_the_model(
    policy: ServerPolicy, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_API_KEY", "secret")
    found = answer(policy, temperature=0.7, top_p=0.9, max_new_tokens=5, seed=3, stop=("</action>",))
    path, body = stand_in.asked[-1]
    assert path == "/v1/completions"
    assert body == {
        "model": "served",
        "prompt": list(found.prompt_ids),
        "max_tokens": 5,
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 0,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "seed": 3,
        "stop": ["</action>"],
        "stop_token_ids": [2],
        "include_stop_str_in_output": True,
        "logprobs": 0,
        "return_token_ids": True,
    }
    assert (found.token_ids, found.logprobs, found.finish_reason) == ((7, 2), (-0.5, -0.25), "stop")
    assert stand_in.keys[-1] == "Bearer secret"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"token_ids": None}, "returns no token ids"),
        ({"prompt_token_ids": [1]}, "to other tokens than those that were sent"),
        ({"logprobs": {"token_logprobs": [-0.5]}}, "to other tokens than those that were sent"),
        ({"finish_reason": "abort"}, "ended the reply by 'abort'"),
        ({"finish_reason": "length"}, "cut the reply at 2 tokens, 5 were asked for.*generation-config"),
    ],
)
def test_answer_that_cannot_be_learnt_from_is_an_error(
    policy: ServerPolicy, stand_in: StandIn, changes: dict[str, Any], reason: str
) -> None:
    stand_in.answers["/v1/completions"] = lambda body: (200, said(body, **changes))
    found = answer(policy, max_new_tokens=5)
    assert found.finish_reason == "error"
    assert re.search(reason, found.text)
    assert policy.restarts == 0


@pytest.mark.parametrize("status", [400, 500])
def test_request_that_fails_on_a_healthy_server_costs_itself_only(
    policy: ServerPolicy, stand_in: StandIn, status: int
) -> None:
    stand_in.answers["/v1/completions"] = lambda body: (status, {"error": {"message": "bad prompt"}})
    found = answer(policy)
    assert found.finish_reason == "error"
    assert f"answered {status} to /v1/completions: bad prompt" in found.text
    stand_in.answers["/v1/completions"] = lambda body: (200, said(body))
    assert answer(policy).finish_reason == "stop"
    assert policy.restarts == 0


def test_server_that_does_not_come_back_ends_the_run(policy: ServerPolicy, stand_in: StandIn) -> None:
    assert answer(policy).finish_reason == "stop"
    stand_in.close()
    with pytest.raises(PolicyError, match=r"cannot be reached.*did not come back within 0 seconds"):
        answer(policy)


def test_server_that_does_nothing_but_die_ends_the_run(policy: ServerPolicy, stand_in: StandIn) -> None:
    sick = iter([(503, {}), (200, {}), (503, {})])
    stand_in.answers["/health"] = lambda _: next(sick)
    stand_in.answers["/v1/completions"] = lambda _: (500, {"error": {"message": "EngineDeadError"}})
    assert answer(policy).finish_reason == "error"
    assert policy.restarts == 1
    with pytest.raises(PolicyError, match=r"died again, 0 replies after.*EngineDeadError"):
        answer(policy)


def test_server_started_anew_while_nobody_asked_gets_its_weights_before_it_answers(
    policy: ServerPolicy, stand_in: StandIn, folder: Path
) -> None:
    stand_in.open_for_training()
    policy.load_weights(load_model(folder).state_dict(), 1)
    assert answer(policy).finish_reason == "stop"
    stand_in.weights = "default"
    assert answer(policy).finish_reason == "stop"
    paths = [path for path, _ in stand_in.asked]
    assert paths.count("/collective_rpc") == 2
    assert paths[-1] == "/v1/completions"
    assert policy.restarts == 1


def test_server_not_started_for_training_is_told_how_to_be(policy: ServerPolicy, folder: Path) -> None:
    with pytest.raises(PolicyError, match=r"does not load weights.*VLLM_SERVER_DEV_MODE=1 python -m vllm"):
        policy.load_weights(load_model(folder).state_dict(), 1)


def test_server_not_started_for_adapters_gets_merged_weights_and_the_log_says_so(
    stand_in: StandIn, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    policy = ServerPolicy(stand_in.url, folder, lora_rank=4)
    assert not policy.takes_adapters
    assert "merged weights are written for it; VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 and" in caplog.text
    with pytest.raises(PolicyError, match=r"does not take the adapter.*--enable-lora"):
        policy.load_adapter(folder, 1)
    policy.close()


def test_missing_weight_is_named_before_anything_is_written(
    policy: ServerPolicy, folder: Path, tmp_path: Path
) -> None:
    state = dict(load_model(folder).state_dict())
    del state["model.norm.weight"]
    with pytest.raises(ValueError, match=r"lacks 'model\.norm\.weight'"):
        policy.load_weights(state, 1)
    assert not (tmp_path / "weights").exists()


def test_policy_without_a_weights_folder_takes_no_weights(stand_in: StandIn, folder: Path) -> None:
    policy = ServerPolicy(stand_in.url, folder)
    with pytest.raises(PolicyError, match=r"sampler\.weights_folder"):
        policy.load_weights(load_model(folder).state_dict(), 1)
    assert answer(policy).finish_reason == "stop"
    policy.close()


def test_server_of_another_model_is_refused_at_the_start(stand_in: StandIn, folder: Path) -> None:
    stand_in.answers["/tokenize"] = lambda _: (200, {"tokens": [1, 2, 3]})
    with pytest.raises(PolicyError, match="serves 'served', whose tokenizer differs"):
        ServerPolicy(stand_in.url, folder)


def test_address_without_a_server_is_named(folder: Path) -> None:
    stand_in = StandIn(folder)
    stand_in.close()
    with pytest.raises(PolicyError, match=f"{stand_in.url} cannot be reached"):
        open_sampler(folder, backend="server", url=stand_in.url)
    with pytest.raises(PolicyError, match="expected the address of a vLLM server"):
        ServerPolicy("localhost:8000", folder)


def test_command_line_evaluates_what_a_server_serves(
    stand_in: StandIn, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "episodes.jsonl"
    limits = ["--limit", "2", "--max-steps", "2", "--max-new-tokens", "2", "--slots", "2"]
    command = ["evaluate", "--policy", str(folder), "--backend", "server"]
    stand_in.answers["/v1/models"] = lambda _: (200, {"data": [{"id": "served", "max_model_len": 4096}]})
    assert main([*command, "--url", stand_in.url, "--trajectories", str(log), *limits]) == 0
    assert "| all | 2 |" in capsys.readouterr().out
    asked = [body for path, body in stand_in.asked if path == "/v1/completions"]
    assert len(asked) == 4
    assert {body["temperature"] for body in asked} == {0.0}
    assert [each.policy for each in read_trajectories(log)] == [str(folder)] * 2
    assert main(command) == 2
    assert "--backend server and --url go together" in capsys.readouterr().err


def test_configuration_wants_address_and_backend_together() -> None:
    config = load_config(overrides=["sampler.backend=server", "sampler.url=http://10.0.0.5:8000"])
    assert config.sampler.url == "http://10.0.0.5:8000"
    for wrong in ("sampler.backend=server", "sampler.url=http://10.0.0.5:8000"):
        with pytest.raises(ConfigError, match=r"sampler\.backend=server and sampler\.url go together"):
            load_config(overrides=[wrong])


def test_weights_lie_in_files_of_bounded_size_and_older_ones_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_folder, "SHARD_BYTES", 4 * 60)
    shared = torch.arange(50.0)
    state = {
        "embedding": shared,
        "head": shared,
        "turned": torch.arange(12.0).reshape(3, 4).T,
        "half": torch.ones(3, dtype=torch.bfloat16),
    }
    weights = WeightsFolder(tmp_path / "weights")
    first = weights.write(state, 1)
    second = weights.write(state, 2)
    assert not first.exists()
    assert weights.newest == second
    files = sorted(second.glob("*.safetensors"))
    assert len(files) == 3
    found = {name: value for file in files for name, value in load_file(file).items()}
    assert {name: (value.dtype, value.tolist()) for name, value in found.items()} == {
        name: (value.dtype, value.tolist()) for name, value in state.items()
    }
    weights.clear()
    assert list((tmp_path / "weights").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(PolicyError, match=r"cannot be written.*sampler\.weights_folder"):
        WeightsFolder(tmp_path / "file").write(state, 1)
