"""What a person types where commands have tags of their own."""

import pytest

from skill_gym.benchmarks.play import in_own_tag

TAGS = ("search", "answer")


@pytest.mark.parametrize(
    ("typed", "tags", "command"),
    [
        ("search the Nile", TAGS, "<search>the Nile</search>"),
        ("Answer  42 ", TAGS, "<answer>42</answer>"),
        ("<search>the Nile</search>", TAGS, "<search>the Nile</search>"),
        ("search", TAGS, "search"),
        ("find the Nile", TAGS, "find the Nile"),
        ("", TAGS, ""),
        ("search lamp", ("search",), "search lamp"),
        ("action look", ("action",), "action look"),
    ],
)
def test_the_tags_name_is_enough(typed, tags, command):
    assert in_own_tag(typed, tags) == command
