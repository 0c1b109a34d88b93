"""Replies hold a command in the tags that its environment reads, whatever these are."""

import pytest
from test_scripted import replies, request

from skill_gym.agents.replies import in_tags, reply, said_command
from skill_gym.agents.scripted import ExpertPolicy, RandomPolicy
from skill_gym.wrappers.tagged_action import parse_strict

SLOTS = ("<search><your query></search>", "<answer><your answer></answer>")


@pytest.mark.parametrize(
    ("command", "tags", "said"),
    [
        ("go to desk 1", ("action",), "<action>go to desk 1</action>"),
        ("search[<your query>]", ("action",), "<action>search[<your query>]</action>"),
        ("click[<b>bold</b> hat]", ("action",), "<action>click[<b>bold</b> hat]</action>"),
        ("<search>the Nile</search>", ("search", "answer"), "<search>the Nile</search>"),
        ("<answer>a\nb</answer>", ("search", "answer"), "<answer>a\nb</answer>"),
    ],
)
def test_what_is_said_is_read_back(command, tags, said):
    assert in_tags(command) == said
    assert reply("So.", command) == f"<think>So.</think>{said}"
    assert said_command(reply("So.", command)) == parse_strict(reply("So.", command), tags).command


@pytest.mark.parametrize("text", ["", "so", "<action>look", "<think><answer>x</answer></think>", "<a>x</b>"])
def test_a_reply_without_a_block_has_no_command(text):
    assert said_command(text) == ""


def test_an_expert_of_several_tags_is_said_as_it_is():
    one = request(0, expert_command="<search>the Nile</search>", admissible_commands=SLOTS)
    assert set(replies(ExpertPolicy(), [one]).values()) == {"<search>the Nile</search>"}


def test_a_random_player_searches_and_answers_with_words_of_the_goal():
    asked = [request(step, admissible_commands=SLOTS, goal="Who is it?") for step in range(60)]
    said = set(replies(RandomPolicy(), asked).values())
    assert {text[:8] for text in said} == {"<search>", "<answer>"}
    for text in said:
        assert parse_strict(text, ("search", "answer")).invalid_reason is None
        assert set(text[8:-9].split()) <= {"Who", "is", "it"}
