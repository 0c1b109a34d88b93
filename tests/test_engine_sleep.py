"""While the learner updates, the engine sleeps: its memory is the learner's until new weights wake it."""

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from stand_in_server import StandIn
from tiny_model import save_tiny_model
from toy_training import toy_config, toy_model, toy_trainer

from skill_gym.agents import vllm_engine
from skill_gym.agents.checkpoint import MAY_DIFFER, differences
from skill_gym.agents.config import load_config, to_dict
from skill_gym.agents.engine_arguments import engine_arguments
from skill_gym.agents.models import load_model
from skill_gym.agents.policy import Completion, EngineAsleep, PolicyError, Request, Sampling
from skill_gym.agents.sampler import open_sampler
from skill_gym.agents.sections import ConfigError
from skill_gym.agents.server_policy import ServerPolicy
from skill_gym.agents.vllm_engine import VLLMEngine
from skill_gym.agents.vllm_policy import VLLMPolicy
from skill_gym.agents.vllm_start import AdaptersRefused

WOKEN = [
    "/wake_up?tags=weights",
    "/collective_rpc",
    "/reset_prefix_cache",
    "/update_weight_version",
    "/wake_up?tags=kv_cache",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model"), context=256)


@pytest.fixture
def stand_in(folder: Path) -> Iterator[StandIn]:
    stand_in = StandIn(folder)
    stand_in.open_for_training()
    yield stand_in
    stand_in.close()


@pytest.fixture
def policy(stand_in: StandIn, folder: Path, tmp_path: Path) -> Iterator[ServerPolicy]:
    policy = ServerPolicy(
        stand_in.url, folder, weights_folder=tmp_path / "weights", sleeps=True, patience=0.5
    )
    yield policy
    policy.close()


def request() -> Request:
    return Request("a", [{"role": "user", "content": "box"}], sampling=Sampling(max_new_tokens=5))


def answer(policy: ServerPolicy) -> Completion:
    policy.submit(request())
    while not (found := policy.poll()):
        pass
    return found[0]


def paths(stand_in: StandIn) -> list[str]:
    return [path for path, _ in stand_in.asked]


def test_server_is_woken_around_its_new_weights(
    policy: ServerPolicy, stand_in: StandIn, folder: Path
) -> None:
    policy.load_weights(load_model(folder).state_dict(), 1)
    assert answer(policy).finish_reason == "stop"
    stand_in.asked.clear()
    policy.sleep()
    with pytest.raises(EngineAsleep, match="sleeps while the learner updates"):
        policy.submit(request())
    policy.load_weights(load_model(folder).state_dict(), 2)
    assert answer(policy).finish_reason == "stop"
    # The question between is whether the server still has the weights that it was given.
    assert paths(stand_in) == ["/sleep?level=2", *WOKEN, "/weight_info", "/v1/completions"]
    assert policy.restarts == 0


def test_server_with_adapters_keeps_its_weights_while_it_sleeps(
    stand_in: StandIn, folder: Path, tmp_path: Path
) -> None:
    stand_in.answers |= {
        "/openapi.json": lambda _: (200, {"paths": {"/v1/load_lora_adapter": {}}}),
        "/v1/load_lora_adapter": lambda _: (500 if "weights" in stand_in.asleep else 200, "loaded"),
    }
    policy = ServerPolicy(stand_in.url, folder, lora_rank=4, sleeps=True)
    stand_in.asked.clear()
    policy.sleep()
    policy.load_adapter(tmp_path, 1)
    assert paths(stand_in) == [
        "/sleep?level=1",
        "/wake_up?tags=weights",
        "/v1/load_lora_adapter",
        "/wake_up?tags=kv_cache",
    ]
    policy.close()


def test_server_that_died_in_its_sleep_gets_the_weights_when_it_is_there_again(
    policy: ServerPolicy, stand_in: StandIn, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    health = iter([503, 200])
    stand_in.answers["/health"] = lambda _: (next(health), {})
    woken = stand_in.answers["/wake_up?tags=weights"]
    wakes = iter([lambda _: (503, {}), woken])
    stand_in.answers["/wake_up?tags=weights"] = lambda body: next(wakes)(body)
    policy.sleep()
    stand_in.asleep = set()
    policy.load_weights(load_model(folder).state_dict(), 1)
    assert policy.restarts == 1
    assert paths(stand_in)[-5:] == WOKEN
    assert answer(policy).weights_version == 1
    # One that is not there when it is told to sleep takes no memory either.
    stand_in.answers["/sleep?level=2"] = lambda _: (503, {})
    policy.sleep()
    assert "looked for again when it is to be woken" in caplog.text


def test_server_that_a_killed_run_left_asleep_is_woken_by_the_next(
    stand_in: StandIn, folder: Path, tmp_path: Path
) -> None:
    stand_in.asleep = {"weights", "kv_cache"}
    policy = ServerPolicy(stand_in.url, folder, weights_folder=tmp_path / "weights", sleeps=True)
    with pytest.raises(EngineAsleep):
        policy.submit(request())
    policy.load_weights(load_model(folder).state_dict(), 0)
    assert answer(policy).finish_reason == "stop"
    policy.close()


def test_server_left_asleep_is_woken_by_a_run_without_sleep_and_refused_by_an_evaluation(
    stand_in: StandIn, folder: Path, tmp_path: Path
) -> None:
    stand_in.asleep = {"weights", "kv_cache"}
    with pytest.raises(PolicyError, match=r"sleeps, as a training run has left it.*start it anew"):
        open_sampler(folder, backend="server", url=stand_in.url)
    policy = ServerPolicy(stand_in.url, folder, weights_folder=tmp_path / "weights")
    policy.load_weights(load_model(folder).state_dict(), 0)
    assert not stand_in.asleep
    assert answer(policy).finish_reason == "stop"
    policy.close()


def test_server_that_cannot_sleep_is_an_error_and_one_that_keeps_its_memory_a_warning(
    stand_in: StandIn, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stand_in.open_for_training(enable_sleep_mode=False)
    ServerPolicy(stand_in.url, folder, sleeps=True).close()
    assert "started without --enable-sleep-mode and keeps its memory" in caplog.text
    del stand_in.answers["/is_sleeping"]
    del stand_in.answers["/server_info?config_format=json"]
    with pytest.raises(PolicyError, match=r"cannot sleep.*VLLM_SERVER_DEV_MODE=1.*--enable-sleep-mode"):
        ServerPolicy(stand_in.url, folder, sleeps=True)


def test_run_lets_its_engine_sleep_from_the_last_reply_to_the_new_weights(tmp_path: Path) -> None:
    model = toy_model(tmp_path / "model")
    stand_in = StandIn(model, context=2048)
    stand_in.open_for_training()
    settings = (
        "sampler.backend=server",
        f"sampler.url={stand_in.url}",
        "sampler.sleep=true",
        "sampler.max_new_tokens=2",
        "sampler.slots=4",
        "rollout.carry_over=true",
        "rollout.tasks_per_iteration=2",
        "rollout.group_size=2",
        "grpo.correction=truncated",
        "validation.every=0",
        "evolution.enable_dynamic_update=false",
        "run.iterations=2",
    )
    try:
        with toy_trainer(toy_config(tmp_path / "run", model, *settings)) as trainer:
            update = trainer.learner.update

            def noted(samples: Any) -> Mapping[str, float]:
                stand_in.asked.append(("update", None))
                return update(samples)

            trainer.learner.update = noted
            trainer.train()
    finally:
        stand_in.close()
    asked = [path for path in paths(stand_in) if path != "/weight_info"]
    phases = [path for place, path in enumerate(asked) if place == 0 or path != asked[place - 1]]
    first = phases.index("/v1/completions")
    iteration = ["/v1/completions", "/sleep?level=2", "update", *WOKEN]
    # Carried episodes go on after the sleep; nothing asks in between.
    assert phases[first:] == [*iteration, *iteration]


class Recorder:
    """Stands in for vLLM's engine: notes what is done to it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def sleep(self, level: int) -> None:
        self.calls.append(("sleep", level))

    def wake_up(self, tags: list[str]) -> bool:
        self.calls.append(("wake_up", tags))
        return True

    def collective_rpc(self, method: str, kwargs: Mapping[str, Any]) -> None:
        self.calls.append((method, dict(kwargs["weights_iterator"])))

    def reset_prefix_cache(self) -> bool:
        self.calls.append(("reset_prefix_cache", None))
        return True


def test_engine_in_this_process_is_woken_around_its_new_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(vllm_engine, "start_vllm", lambda *_: recorder)
    engine = VLLMEngine({"model": "m"}, head_size=None)
    state = {"weight": torch.ones(1)}
    engine.reload(state, 1)
    engine.sleep()
    assert engine.is_asleep
    engine.reload(state, 2)
    assert not engine.is_asleep
    loaded = [("reload_weights", state), ("reset_prefix_cache", None)]
    assert recorder.calls == [
        *loaded,
        ("sleep", 2),
        ("wake_up", ["weights"]),
        *loaded,
        ("wake_up", ["kv_cache"]),
    ]
    # An adapter belongs to weights that must be there when it comes.
    VLLMEngine({"model": "m", "enable_lora": True}, head_size=None).sleep()
    assert recorder.calls[-1] == ("sleep", 1)


def starts(monkeypatch: pytest.MonkeyPatch, start: Callable[[Mapping[str, Any]], Any]) -> list[Any]:
    """The arguments that vLLM is started with, instead of a start."""
    given: list[Any] = []

    def noted(arguments: Mapping[str, Any], _: int | None) -> Any:
        given.append(dict(arguments))
        return start(arguments)

    monkeypatch.setattr(vllm_engine, "start_vllm", noted)
    return given


def no_adapters(arguments: Mapping[str, Any]) -> Recorder:
    if arguments.get("enable_lora"):
        raise AdaptersRefused("vLLM did not start on m: GPT2LMHeadModel does not support LoRA yet.")
    return Recorder()


def test_model_that_takes_no_adapters_in_vllm_gets_merged_weights(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    given = starts(monkeypatch, no_adapters)
    policy = VLLMPolicy(folder, lora_rank=4)
    assert not policy.takes_adapters
    assert "does not support LoRA yet.; merged weights are sent" in caplog.text
    assert ["enable_lora" in each for each in given] == [True, False]
    assert not any("lora" in name for name in given[1])
    with pytest.raises(AdaptersRefused):
        VLLMPolicy(folder, lora_rank=4, adapters_only=True)


@pytest.mark.parametrize(("way", "takes"), [("auto", True), ("hot_swap", True), ("merged", False)])
def test_setting_chooses_how_adapters_get_to_the_engine(
    folder: Path, monkeypatch: pytest.MonkeyPatch, way: str, takes: bool
) -> None:
    monkeypatch.setattr("skill_gym.agents.sampler.choose_backend", lambda _: "vllm")
    starts(monkeypatch, lambda _: Recorder())
    policy = open_sampler(folder, lora_rank=4, adapter=way)
    assert policy.takes_adapters == takes


def test_server_without_adapters_is_an_error_where_they_must_be_swapped(
    stand_in: StandIn, folder: Path
) -> None:
    with pytest.raises(PolicyError, match=r"takes no adapters; start it with .*--enable-lora"):
        open_sampler(folder, backend="server", url=stand_in.url, lora_rank=4, adapter="hot_swap")


def test_only_a_gpus_engine_is_started_to_sleep(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    given = starts(monkeypatch, lambda _: Recorder())
    monkeypatch.setattr("skill_gym.agents.sampler.choose_backend", lambda _: "vllm")
    with caplog.at_level(logging.WARNING):
        policy = open_sampler(folder, sleeps=True, gpu_memory=0.3)
    assert policy.sleeps
    assert "enable_sleep_mode" not in given[0]
    assert "keeps its memory on a CPU" in caplog.text
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    arguments = engine_arguments(
        str(folder),
        load_model(folder).config,
        dtype=None,
        context_length=256,
        gpu_memory_utilization=0.3,
        kv_cache_gib=None,
        max_concurrent=4,
        seed=0,
        enforce_eager=None,
        prefix_caching=True,
        sleeps=True,
    )
    assert arguments["enable_sleep_mode"] is True
    assert arguments["gpu_memory_utilization"] == 0.3


def test_run_may_go_on_with_another_share_of_the_memory() -> None:
    before = load_config(overrides=["sampler.gpu_memory=0.4"])
    after = load_config(overrides=["sampler.gpu_memory=0.3", "sampler.sleep=true", "sampler.slots=32"])
    assert list(differences(to_dict(before), to_dict(after), may_differ=MAY_DIFFER)) == ["sampler.slots"]


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"sampler\.sleep is for vLLM"):
        load_config(overrides=["sampler.backend=transformers", "sampler.sleep=true"])
    with pytest.raises(ConfigError, match=r"sampler\.gpu_memory must be in \(0, 1\], got 45"):
        load_config(overrides=["sampler.gpu_memory=45"])
