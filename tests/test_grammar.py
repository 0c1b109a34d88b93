"""Which tokens a grammar allows, against a search through all replies that there can be."""

import pickle
import sys
from dataclasses import replace

import pytest
from held_replies import COMMANDS, FORMAT, HELD, REPLIES, played
from tiny_model import tiny_model, tiny_tokenizer

from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.grammar import Grammars, open_grammars
from skill_gym.agents.packing import make_samples
from skill_gym.agents.policy import Completion, PolicyError
from skill_gym.agents.scripted import RandomPolicy

WHOLE = [reply.encode() for reply in REPLIES]


@pytest.fixture(scope="module")
def chat() -> ChatTokens:
    return ChatTokens(tiny_tokenizer())


@pytest.fixture(scope="module")
def grammars(chat: ChatTokens) -> Grammars:
    pytest.importorskip("xgrammar")
    # More logits than tokens, as models have that are padded to a round number.
    return Grammars(chat, len(chat.tokenizer) + 70)


def reply(chat: ChatTokens, text: str, *, end: bool = True, pattern: str | None = HELD) -> Completion:
    ids = tuple(chat.tokenizer(text, add_special_tokens=False)["input_ids"])
    ids += (chat.tokenizer.eos_token_id,) * end
    return Completion("a", (5, 6), ids, (0.0,) * len(ids), text, pattern=pattern)


def bits(mask: bytes) -> set[int]:
    return {8 * place + bit for place, byte in enumerate(mask) for bit in range(8) if byte >> bit & 1}


def text_of(chat: ChatTokens, token: int) -> bytes:
    """What a token of a byte-level vocabulary spells; the alphabet is GPT-2's."""
    if token in chat.tokenizer.all_special_ids:
        return b""
    shown = chat.tokenizer.convert_ids_to_tokens(token)
    return chat.tokenizer.backend_tokenizer.decoder.decode([shown]).encode()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_token_is_allowed_exactly_where_some_reply_goes_on_with_it(
    chat: ChatTokens, grammars: Grammars, command: str
) -> None:
    spelt = {token: text_of(chat, token) for token in range(len(chat.tokenizer))}
    completion = reply(chat, f"<action>{command}</action>")
    said = b""
    (masks,) = grammars.masks([completion])
    assert len(masks) == len(completion.token_ids) > 3
    for mask, token in zip(masks, completion.token_ids, strict=True):
        going_on = {
            one for one, text in spelt.items() if text and any(r.startswith(said + text) for r in WHOLE)
        }
        expected = going_on | (set(chat.stop_ids) if said in WHOLE else set())
        assert bits(mask) == expected
        said += spelt[token]


def test_free_replies_have_no_mask(chat: ChatTokens, grammars: Grammars) -> None:
    free = reply(chat, "anything", pattern=None)
    assert grammars.masks([free]) == [(b"",) * len(free.token_ids)]


def test_equal_masks_are_there_once(chat: ChatTokens, grammars: Grammars) -> None:
    long = reply(chat, f"<think>{'abc ' * 200}</think><action>look</action>", pattern=FORMAT)
    (masks,) = grammars.masks([long])
    assert len(masks) > 400
    # What could end the thought differs from the middle of it, but not from word to word.
    assert len({id(mask) for mask in masks}) == len(set(masks)) < 40
    (sample,) = make_samples([played(long)], [[1.0]], grammars)
    assert pickle.loads(pickle.dumps(sample)).masks == sample.masks
    assert len(pickle.dumps(sample.masks)) < 40 * len(masks[0]) + 20 * len(masks)


def test_samples_carry_the_masks_of_their_replies(chat: ChatTokens, grammars: Grammars) -> None:
    first = reply(chat, "<action>look</action>")
    other = replace(reply(chat, "<action>go left</action>"), prompt_ids=first.prompt_ids + first.token_ids)
    free = replace(reply(chat, "so", pattern=None), prompt_ids=other.prompt_ids + other.token_ids)
    (sample,) = make_samples([played(first, other, free)], [[1.0, 1.0, 1.0]], grammars)
    assert sample.masks == sum(grammars.masks([first, other, free]), ())
    assert len(sample.masks) == sample.replies
    with pytest.raises(ValueError, match="pass grammars"):
        make_samples([played(first)], [[1.0]])


def test_a_reply_that_was_not_held_to_its_pattern_is_refused(chat: ChatTokens, grammars: Grammars) -> None:
    with pytest.raises(PolicyError, match=r"reply a: its token \d+ is not allowed by '<action>"):
        grammars.masks([reply(chat, "<action>go right</action>")])
    with pytest.raises(PolicyError, match="is not allowed"):
        grammars.masks([reply(chat, "<action>look")])
    # Cut replies are not over, and nothing is wrong with them.
    assert grammars.masks([reply(chat, "<action>go", end=False)])


def test_what_is_no_expression_is_said(grammars: Grammars) -> None:
    with pytest.raises(PolicyError, match=r"does not take the expression '\(a'"):
        grammars.begin("(a")


def test_a_policy_without_tokens_cannot_be_held(chat: ChatTokens) -> None:
    assert open_grammars("none", RandomPolicy(0), None) is None
    with pytest.raises(PolicyError, match="'random' has no tokens"):
        open_grammars("admissible", RandomPolicy(0), tiny_model(len(chat.tokenizer)))


def test_missing_xgrammar_names_the_extra(chat: ChatTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xgrammar", None)
    with pytest.raises(PolicyError, match=r"skill-gym\[structure\]"):
        Grammars(chat, 400)
