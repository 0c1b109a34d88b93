import pytest
import torch
from tiny_model import tiny_model, tiny_tokenizer
from torch import Tensor

from skill_gym.agents.policy import Completion, PromptTooLong, Request, Sampling
from skill_gym.agents.transformers_policy import TransformersPolicy, draw_tokens


@pytest.fixture(scope="module")
def policy() -> TransformersPolicy:
    tokenizer = tiny_tokenizer()
    return TransformersPolicy(tiny_model(len(tokenizer), context=256), tokenizer)


def question(ticket: str, text: str = "You are in a room.", **sampling) -> Request:
    return Request(
        ticket,
        [{"role": "user", "content": text}],
        sampling=Sampling(**{"max_new_tokens": 12, "seed": 0, **sampling}),
    )


def answers(policy: TransformersPolicy, requests: list[Request]) -> dict[str, Completion]:
    for request in requests:
        policy.submit(request)
    found: dict[str, Completion] = {}
    while batch := policy.poll():
        found |= {completion.ticket: completion for completion in batch}
    return found


def recomputed(policy: TransformersPolicy, completion: Completion) -> Tensor:
    ids = torch.tensor([completion.prompt_ids + completion.token_ids])
    with torch.no_grad():
        logprobs = torch.log_softmax(policy.model(ids).logits[0, :-1], dim=-1)
    return logprobs[len(completion.prompt_ids) - 1 :].gather(-1, ids[0, len(completion.prompt_ids) :, None])[
        :, 0
    ]


def mixed(count: int) -> list[Request]:
    return [
        question(str(i), "room " * (1 + 7 * i % 11), seed=i, max_new_tokens=4 + i % 9) for i in range(count)
    ]


def test_same_requests_give_the_same_replies(policy: TransformersPolicy) -> None:
    assert answers(policy, mixed(9)) == answers(policy, mixed(9))


def test_reply_does_not_depend_on_the_batch(policy: TransformersPolicy) -> None:
    together = answers(policy, mixed(9))
    for request in mixed(9):
        alone = answers(policy, [request])[request.ticket]
        assert alone.token_ids == together[request.ticket].token_ids
        assert alone.logprobs == pytest.approx(together[request.ticket].logprobs, abs=1e-5)


def test_small_batches_answer_everything_in_order() -> None:
    tokenizer = tiny_tokenizer()
    policy = TransformersPolicy(tiny_model(len(tokenizer)), tokenizer, max_batch=2)
    for request in mixed(5):
        policy.submit(request)
    assert [[each.ticket for each in policy.poll()] for _ in range(4)] == [["0", "1"], ["2", "3"], ["4"], []]


def test_logprobs_are_the_models_own_whatever_the_draw(policy: TransformersPolicy) -> None:
    requests = [
        question("plain"),
        question("hot", temperature=1.7),
        question("nucleus", top_p=0.5),
        question("greedy", "room " * 9, temperature=0),
    ]
    for completion in answers(policy, requests).values():
        assert len(completion.logprobs) == len(completion.token_ids)
        torch.testing.assert_close(
            torch.tensor(completion.logprobs), recomputed(policy, completion), atol=1e-5, rtol=0
        )


def test_another_seed_gives_another_reply_and_no_seed_goes_on_drawing(policy: TransformersPolicy) -> None:
    found = answers(
        policy, [question(ticket, seed=seed) for ticket, seed in zip("abcd", (1, 2, None, None), strict=True)]
    )
    assert len({completion.token_ids for completion in found.values()}) == 4


def test_greedy_takes_the_likeliest_token_each_time(policy: TransformersPolicy) -> None:
    completion = answers(policy, [question("a", temperature=0, seed=None)])["a"]
    ids = torch.tensor([completion.prompt_ids + completion.token_ids])
    likeliest = policy.model(ids).logits[0, :-1].argmax(-1)[len(completion.prompt_ids) - 1 :]
    assert completion.token_ids == tuple(likeliest.tolist())


def test_reply_ends_at_the_end_of_turn_and_says_so(policy: TransformersPolicy) -> None:
    found = answers(policy, [question(str(seed), seed=seed, max_new_tokens=200) for seed in range(24)])
    ended = [each for each in found.values() if each.finish_reason == "stop"]
    assert ended
    for each in found.values():
        ends = [token in policy.chat.stop_ids for token in each.token_ids]
        assert ends == [False] * (len(ends) - 1) + [each.finish_reason == "stop"]
        assert len(ends) == 200 or each.finish_reason == "stop"
        assert "<|im_end|>" not in each.text


def test_stop_text_ends_the_reply_and_stays_in_it(policy: TransformersPolicy) -> None:
    whole = answers(policy, [question("a", max_new_tokens=40)])["a"]
    stop = whole.text[9:11]
    cut = answers(policy, [question("a", max_new_tokens=40, stop=(stop,))])["a"]
    assert cut.finish_reason == "stop"
    assert stop in cut.text
    assert cut.token_ids == whole.token_ids[: len(cut.token_ids)]
    assert stop not in policy.chat.text(cut.token_ids[:-1])


def test_conversation_goes_on_from_the_sampled_ids(policy: TransformersPolicy) -> None:
    first = answers(policy, [question("a")])["a"]
    messages = [
        *question("a").messages,
        {"role": "assistant", "content": first.text},
        {"role": "user", "content": "box"},
    ]
    second = answers(
        policy, [Request("b", messages, sampling=Sampling(max_new_tokens=4, seed=1), previous=first)]
    )["b"]
    grown = first.prompt_ids + first.token_ids
    assert second.prompt_ids[: len(grown)] == grown
    assert second.prompt_ids == policy.chat.continuation_ids(first, messages[-1])


def test_too_long_a_prompt_is_refused_before_anything_is_sampled(policy: TransformersPolicy) -> None:
    with pytest.raises(PromptTooLong, match="context of 256"):
        policy.submit(question("a", "room " * 300))
    assert policy.poll() == []


def test_new_weights_answer_under_their_version() -> None:
    tokenizer = tiny_tokenizer()
    policy = TransformersPolicy(tiny_model(len(tokenizer), seed=0), tokenizer)
    other = tiny_model(len(tokenizer), seed=1)
    before = answers(policy, [question("a")])["a"]
    state = {name: value for name, value in other.state_dict().items() if name != "lm_head.weight"}
    policy.load_weights(state, 7)
    after = answers(policy, [question("a")])["a"]
    expected = answers(TransformersPolicy(other, tokenizer), [question("a")])["a"]
    assert (before.weights_version, after.weights_version) == (0, 7)
    assert before.token_ids != after.token_ids
    assert (after.token_ids, after.logprobs) == (expected.token_ids, expected.logprobs)


def test_shared_weights_are_left_where_they_are() -> None:
    tokenizer = tiny_tokenizer()
    model = tiny_model(len(tokenizer))
    policy = TransformersPolicy(model, tokenizer)
    versions = {name: value._version for name, value in model.named_parameters()}
    policy.load_weights(model.state_dict(), 1)
    assert versions == {name: value._version for name, value in model.named_parameters()}
    assert policy.weights_version == 1


def test_incomplete_or_foreign_weights_are_refused(policy: TransformersPolicy) -> None:
    state = dict(policy.model.state_dict())
    with pytest.raises(ValueError, match="unknown 'extra'"):
        policy.load_weights({**state, "extra": torch.zeros(1)}, 1)
    del state["model.norm.weight"]
    with pytest.raises(ValueError, match=r"lacks 'model\.norm\.weight'"):
        policy.load_weights(state, 1)
    assert policy.weights_version == 0


def test_learners_training_mode_is_left_as_it_was(policy: TransformersPolicy) -> None:
    policy.model.train()
    answers(policy, [question("a")])
    assert policy.model.training
    policy.model.eval()


def test_draws_follow_the_distribution() -> None:
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log().repeat(20_000, 1)
    ones = torch.ones(len(logits))
    uniform = torch.rand(len(logits), generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def shares(temperature: float, top_p: float) -> list[float]:
        tokens, _ = draw_tokens(logits, temperature * ones, top_p * ones, uniform)
        return (torch.bincount(tokens, minlength=4) / len(logits)).tolist()

    assert shares(1.0, 1.0) == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.015)
    squared = torch.tensor([0.25, 0.09, 0.0225, 0.0025])
    assert shares(0.5, 1.0) == pytest.approx((squared / squared.sum()).tolist(), abs=0.015)
    # 0.5 alone does not reach 0.7, so the second token is in; the third begins at 0.8.
    assert shares(1.0, 0.7) == pytest.approx([0.625, 0.375, 0, 0], abs=0.015)
    assert shares(0.0, 1.0) == [1, 0, 0, 0]


@pytest.mark.parametrize("uniform", [0.0, 1 - 2**-53])
def test_no_draw_falls_outside_the_nucleus(uniform: float) -> None:
    logits = torch.tensor([[-5.0, 3.0, 2.9, -5.0]])
    token, _ = draw_tokens(
        logits, torch.ones(1), torch.tensor([0.9]), torch.tensor([uniform], dtype=torch.float64)
    )
    assert token.item() in (1, 2)
