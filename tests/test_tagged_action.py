"""TaggedAction: what counts as a command, by both sets of rules."""

import time
from typing import Any, ClassVar

import gymnasium as gym
import pytest
from toy_env import TOY_ID, ToyEnv

from skill_gym.wrappers import TaggedAction
from skill_gym.wrappers.tagged_action import parse_skillrl_action, parse_skillrl_tools, parse_strict

TASK = "train/open_box-0"  # red box; keys: blue, green, red


def played(reply: str, **options: Any) -> tuple[str, dict[str, Any]]:
    env = TaggedAction(gym.make(TOY_ID), **options)
    env.reset(options={"task": TASK})
    observation, _, _, _, info = env.step(reply)
    return observation, info


def verdict(info: dict[str, Any]) -> tuple[str, bool, bool]:
    return info["command"], info["is_action_valid"], info["is_admissible"]


def test_reset_reports_nothing_wrong():
    _, info = TaggedAction(gym.make(TOY_ID)).reset(seed=0)
    assert verdict(info) == ("", True, True)
    assert info["invalid_reason"] is None


@pytest.mark.parametrize(
    "reply",
    [
        "<action>take red key</action>",
        "<think>The box is red.</think><action>take red key</action>",
        "  <think>a</think> so:\n<action>\n take red key\n</action> done",
        "<action>Take  RED key</action>",
        "<think>perhaps <action>go to cellar</action>?</think><action>take red key</action>",
        "<think>a</think><action>look</action><think>b</think><action>take red key</action>",
    ],
)
def test_a_readable_reply_sends_the_environments_own_spelling(reply):
    observation, info = played(reply)
    assert verdict(info) == ("take red key", True, True)
    assert info["invalid_reason"] is None
    assert observation == "You take the red key."


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "no <action>...</action> in the reply"),
        ("take red key", "no <action>...</action> in the reply"),
        ("<action></action>", "<action> is empty"),
        ("<action> \n </action>", "<action> is empty"),
        ("<action>take red key", "<action> is not opened and closed in order"),
        ("take red key</action>", "<action> is not opened and closed in order"),
        ("</action>take red key<action>", "<action> is not opened and closed in order"),
        ("<action>look</action><action>take red key</action>", "expected one <action>...</action>, got 2"),
        ("<action>look<action>take red key</action></action>", "expected one <action>...</action>, got 2"),
        ("<think>I <action>take red key</action>", "the thought is not closed with </think>"),
        ("<action>take red key</action><think></think>", "no <action>...</action> in the reply"),
    ],
)
def test_an_unreadable_reply_is_a_no_op_that_uses_up_a_turn(reply, reason):
    observation, info = played(reply)
    assert verdict(info) == ("", False, False)
    assert info["invalid_reason"] == reason
    assert observation == "Nothing happens."


def test_unreadable_replies_run_into_the_step_limit():
    env = TaggedAction(gym.make(TOY_ID, max_episode_steps=2))
    env.reset(seed=0)
    assert env.step("?")[3] is False
    assert env.step("?")[3] is True


def test_an_inadmissible_command_is_sent_and_named():
    observation, info = played("<action>eat the box</action>")
    assert verdict(info) == ("eat the box", True, False)
    assert info["invalid_reason"] == "'eat the box' is not admissible"
    assert observation == "Nothing happens."


def test_admissibility_is_judged_by_the_commands_before_the_reply():
    env = TaggedAction(gym.make(TOY_ID))
    env.reset(options={"task": TASK})
    assert env.step("<action>go to cellar</action>")[4]["is_admissible"]
    info = env.step("<action>go to cellar</action>")[4]
    assert verdict(info) == ("go to cellar", True, False)


class SearchToy(ToyEnv):
    """The toy with the tags of a search environment and an open action space."""

    metadata: ClassVar[dict[str, Any]] = {**ToyEnv.metadata, "reply_tags": ("search", "answer")}

    def admissible_commands(self) -> tuple[str, ...]:
        return ()

    def advance(self, command: str) -> Any:
        return self._outcome(f"got {command}")


@pytest.mark.parametrize(
    ("reply", "command"),
    [
        ("<THINK>t</THINK><SEARCH>who</SEARCH>", "<search>who</search>"),
        ("<think>a <answer>b</answer></Think><Answer>The One</answer>", "<answer>The One</answer>"),
        ("<search>who</Search> and more words", "<search>who</search>"),
        ("<Think>not closed <search>who</search>", ""),
        ("<search>who</search><ANSWER>b</ANSWER>", ""),
        ("<search>who</answer>", ""),
        ("<search>\n</search>", ""),
    ],
)
def test_tags_are_read_in_any_case(reply, command):
    parsed = parse_strict(reply, ("search", "answer"))
    assert (parsed.command, parsed.invalid_reason is None) == (command, bool(command))


def test_the_environment_hears_the_whole_reply():
    env = TaggedAction(gym.make(TOY_ID))
    env.reset(seed=0)
    env.step("<think>why</think><action>look</action>")
    assert env.unwrapped.reply == "<think>why</think><action>look</action>"


def test_an_empty_admissible_list_admits_everything_readable():
    env = TaggedAction(SearchToy())
    env.reset(seed=0)
    observation, _, _, _, info = env.step("<think>x</think><search> who was\n there </search>")
    assert observation == "got <search>who was there</search>"
    assert verdict(info) == ("<search>who was there</search>", True, True)
    assert verdict(env.step("<search>a</search><answer>b</answer>")[4]) == ("", False, False)
    assert env.step("nothing")[4]["invalid_reason"] == (
        "no <search>...</search> or <answer>...</answer> in the reply"
    )


@pytest.mark.parametrize(
    ("reply", "command", "valid"),
    [
        ("<think>t</think><action>Go To Cellar</action>", "go to cellar", True),
        ("<action>look</action>", "look", False),
        ("<THINK>t</THINK><action>look</action>", "look", False),
        ("<think>t <action>look</action></think><action>go to cellar</action>", "look", True),
        ("<think>t</think></action><action>look", "", True),
        ("<think>t</think><action>look", "<think>t</think><action>look", False),
        ("x" * 40, "x" * 30, False),
        ("<think>\u6211</think><action>look</action>", "look", False),
        ("<think>\u3042</think><action>look</action>", "look", True),
        ("<think>t</think><ACTION>a</ACTION><action>b</action>", "a", True),
    ],
)
def test_released_rules_for_actions(reply, command, valid):
    parsed = parse_skillrl_action(reply)
    assert (parsed.command, parsed.invalid_reason is None) == (command, valid)


def test_released_rules_send_the_command_of_an_invalid_reply():
    observation, info = played("<action>TAKE red key</action>", projection="skillrl")
    assert verdict(info) == ("take red key", False, False)
    assert observation == "You take the red key."
    _, info = played("<think>t</think><action>eat</action>", projection="skillrl")
    assert verdict(info) == ("eat", True, False)


@pytest.mark.parametrize(
    ("reply", "command", "valid"),
    [
        ("<search> a </search> b", "<search>a</search>", True),
        ("<Search>a</Search>", "<search>a</search>", True),
        ("<answer>a</answer><answer>b</answer>", "<answer>a</answer>", False),
        ("<answer>a</answer><search>b</search>", "<search>b</search>", False),
        ("<search></search>", "<search></search>", True),
        ("none", "", False),
    ],
)
def test_released_rules_for_search(reply, command, valid):
    parsed = parse_skillrl_tools(reply, ("search", "answer"))
    assert (parsed.command, parsed.invalid_reason is None) == (command, valid)


def test_strict_rules_name_all_tags_of_the_environment():
    reason = parse_strict("hello", ("search", "answer")).invalid_reason
    assert reason == "no <search>...</search> or <answer>...</answer> in the reply"


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="projection must be one of strict, skillrl, got 'loose'"):
        TaggedAction(gym.make(TOY_ID), projection="loose")
    with pytest.raises(ValueError, match="reply_tags"):
        TaggedAction(gym.make("CartPole-v1"))


def test_a_reply_that_is_not_text_is_refused():
    env = TaggedAction(gym.make(TOY_ID, disable_env_checker=True))
    env.reset(seed=0)
    with pytest.raises(TypeError, match="a reply must be a str, got int: 3"):
        env.step(3)


def test_many_opening_tags_take_no_time():
    started = time.process_time()
    assert parse_skillrl_tools("<search>" * 40_000, ("search", "answer")).invalid_reason is not None
    assert time.process_time() - started < 1
