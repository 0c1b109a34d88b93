"""Whatever matches the expression of a reply is read by the wrappers as a valid reply."""

import re
from typing import Any, ClassVar

import gymnasium as gym
import pytest

import skill_gym  # noqa: F401
from skill_gym.wrappers.reply_pattern import reply_pattern
from skill_gym.wrappers.tagged_action import TaggedAction

NASTY = ("look", "take a.b (c) [d] {e} 1+1*2? ^$ | \\ x", "click[< prev]", "search[<your query>]")


class Shop(gym.Env[str, str]):
    """Admits what is nasty to write as an expression."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": [], "reply_tags": ("action",)}
    admissible = NASTY

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return "begin", {"admissible_commands": self.admissible}

    def step(self, action: str) -> Any:
        return action, 0.0, False, False, {"admissible_commands": self.admissible}


class Library(Shop):
    """Admits two tags with text of the player's own."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": [], "reply_tags": ("search", "answer")}
    admissible = ("<search><your query></search>", "<answer><your answer></answer>")


def verdict(env: gym.Env[str, str], reply: str) -> tuple[bool, bool]:
    wrapped = TaggedAction(env)
    wrapped.reset()
    info = wrapped.step(reply)[-1]
    return info["is_action_valid"], info["is_admissible"]


@pytest.mark.parametrize("think", [False, True])
def test_each_admissible_command_matches_and_is_read(think: bool) -> None:
    pattern = reply_pattern(("action",), think=think, commands=NASTY)
    thought = "<think>I see. It costs 3 > 2.\nSo be it.</think>\n" if think else ""
    said = [*NASTY[:-1], "search[red shoes, size 7 (wide)]"]
    for command in said:
        reply = f"{thought}<action>{command}</action>"
        assert re.fullmatch(pattern, reply)
        assert verdict(Shop(), reply) == (True, True)


@pytest.mark.parametrize(
    "reply",
    [
        "<action>run</action>",
        "<action>look </action>",
        "<action>take aXb (c) [d] {e} 1+1*2? ^$ | \\ x</action>",
        "<action>search[]</action>",
        "<action>search[ ]</action>",
        "<action>search[<your query>]</action>",
        "<action>look</action><action>look</action>",
        "look",
        "so <action>look</action>",
        "<think>a</think><action>look</action>",
    ],
)
def test_nothing_else_matches(reply: str) -> None:
    assert not re.fullmatch(reply_pattern(("action",), think=False, commands=NASTY), reply)


@pytest.mark.parametrize("commands", [(), Library.admissible])
def test_commands_of_several_tags_keep_theirs(commands: tuple[str, ...]) -> None:
    pattern = reply_pattern(("search", "answer"), think=True, commands=commands)
    for reply in ("<think></think><search>who wrote it</search>", "<think>x</think> <answer>42</answer>"):
        assert re.fullmatch(pattern, reply)
        assert verdict(Library(), reply) == (True, True)
    for reply in ("<search>who</search>", "<think></think><search>who</answer>", "<think></think>who"):
        assert not re.fullmatch(pattern, reply)


def test_the_format_admits_any_text_that_is_read_and_no_other() -> None:
    pattern = reply_pattern(("action",), think=False)
    for text in ("go to desk 1", "search[a [b] c]", "überall ✓"):
        assert re.fullmatch(pattern, f"<action>{text}</action>")
        assert verdict(Shop(), f"<action>{text}</action>")[0]
    for text in ("", " ", "<action>look", "</action>", "a\nb"):
        assert not re.fullmatch(pattern, f"<action>{text}</action>")


@pytest.mark.parametrize("env_id", ["skill_gym/ALFWorld-v0", "skill_gym/WebShop-v0", "skill_gym/Search-v0"])
def test_every_command_of_the_suite_can_be_said(env_id: str) -> None:
    env = TaggedAction(gym.make(env_id))
    _, info = env.reset(seed=1)
    tags = env.metadata["reply_tags"]
    for _ in range(3):
        commands = info["admissible_commands"]
        pattern = reply_pattern(tags, think=False, commands=commands)
        said = [re.sub("<your [^<>]+>", "brown shoes", one) for one in commands]
        replies = [one if len(tags) > 1 else f"<action>{one}</action>" for one in said]
        assert all(re.fullmatch(pattern, reply) for reply in replies)
        assert not re.fullmatch(pattern, replies[0] + "x")
        *_, info = env.step(replies[0])
        assert info["is_admissible"]


def test_an_environment_without_tags_has_no_format() -> None:
    with pytest.raises(ValueError, match="reply_tags"):
        reply_pattern((), think=False)
