"""Commands with a slot: what fills it, and what TaggedAction makes of it."""

from typing import Any, ClassVar

import gymnasium as gym
import pytest

from skill_gym.wrappers import TaggedAction
from skill_gym.wrappers.open_command import fill, fitted, has_slot

SEARCH = "search[<your query>]"


class Desk(gym.Env[str, str]):
    """Repeats every command; admits a search with a slot and two fixed commands."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": [], "reply_tags": ("action",)}
    info: ClassVar[dict[str, Any]] = {"admissible_commands": (SEARCH, "click[<b>]", "click[next >]")}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return "begin", dict(self.info)

    def step(self, action: str) -> Any:
        return action, 0.0, False, False, dict(self.info)


def verdict(command: str, **options: Any) -> tuple[str, bool]:
    env = TaggedAction(Desk(), **options)
    env.reset()
    _, _, _, _, info = env.step(f"<think>t</think><action>{command}</action>")
    return info["command"], info["is_admissible"]


def test_only_your_slots_are_slots() -> None:
    assert has_slot(SEARCH)
    assert not any(map(has_slot, ("click[next >]", "click[< prev]", "click[<b>]", "look")))


def test_filling_takes_the_text_as_it_is() -> None:
    assert fill(SEARCH, r"red \1 shoes") == r"search[red \1 shoes]"
    assert fill("look", "red") == "look"


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("search[red shoes]", "search[red shoes]"),
        ("Search[Red  Shoes]", "search[Red Shoes]"),
        ("search[ red\nshoes ]", "search[red shoes]"),
        ("search[a [b] c]", "search[a [b] c]"),
        ("search[" + "x" * 10_000 + "]", "search[" + "x" * 10_000 + "]"),
        ("CLICK[Next  >]", "click[next >]"),
        ("click[<b>]", "click[<b>]"),
    ],
)
def test_any_text_in_the_slot_is_admissible(said: str, sent: str) -> None:
    assert verdict(said) == (sent, True)


@pytest.mark.parametrize(
    "said",
    [
        "search[]",
        "search[  ]",
        SEARCH,
        "search[ <your query> ]",
        "search[red",
        "search red]",
        "find[red]",
        "search",
    ],
)
def test_an_empty_or_copied_slot_is_not_admissible(said: str) -> None:
    assert verdict(said) == (said, False)
    assert verdict(said, projection="skillrl")[1] is False


def test_the_released_rules_send_the_text_untouched() -> None:
    assert verdict("search[Red  Shoes]", projection="skillrl") == ("search[red  shoes]", True)


def test_overlapping_ends_do_not_count_twice() -> None:
    assert fitted("say aXa", "say aX<your word>Xa") is None
    assert fitted("say aXbXa", "say aX<your word>Xa") == "say aXbXa"
