"""An instruction is read into kind, attributes, options and limit."""

import gzip
import json
from pathlib import Path

import pytest

from skill_gym.webshop.wish import audience, read_wish, words


def test_the_shops_own_sentence_is_read_whole() -> None:
    wish = read_wish(
        "Find me wide cut, cold wash men's shirts & tanks with double seams, soft cotton for garden "
        "parties with color: red | blue, and fit type: big, and size: 3x-large (us), "
        "and price lower than 40 dollars"
    )
    assert wish.kind == "men's shirts & tanks"
    assert wish.attributes == ("wide cut", "cold wash", "double seams", "soft cotton", "garden parties")
    assert wish.options == (("color", "red | blue"), ("fit type", "big"), ("size", "3x-large (us)"))
    assert wish.limit == 40
    assert wish.query.startswith("wide cut, cold wash men's")
    assert wish.query.endswith("size: 3x-large (us)")


@pytest.mark.parametrize(
    ("instruction", "kind", "attributes"),
    [
        ("Find me wide cut women's skirts, slips & gowns with double seams", "women's skirts, slips & gowns",
         ("wide cut", "double seams")),
        ("Find me milk stools for tree house, boat shed", "milk stools", ("tree house", "boat shed")),
        ("Find me wind proof reading lamps with oak base", "reading lamps", ("wind proof", "oak base")),
        ("Find me home office clocks with brass hands for tree house", "home office clocks",
         ("brass hands", "tree house")),
        ("i need a sofa table with wheels. we need it for the hallway, please", "sofa table", ("wheels",)),
        ("mugs", "mugs", ()),
    ],
)  # fmt: skip
def test_kind_and_attributes_are_told_apart(instruction: str, kind: str, attributes: tuple[str, ...]) -> None:
    wish = read_wish(instruction)
    assert (wish.kind, wish.attributes, wish.options, wish.limit) == (kind, attributes, (), None)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("a mug, and price lower than 1230.50 dollars", 1230.5),
        ("i want a mug under $20", 20),
        ("get me a mug that is less than 15 dollars", 15),
        ("a 20 dollar mug", None),
    ],
)
def test_the_limit_is_read_and_left_out_of_the_query(text: str, limit: float | None) -> None:
    wish = read_wish(text)
    assert wish.limit == limit
    assert limit is None or str(int(limit)) not in wish.query


@pytest.mark.parametrize(
    "text", ["", " ", "with : , and :", "Find me", "€" * 10_000, "for a with in", ", and price"]
)
def test_any_text_is_read(text: str) -> None:
    assert isinstance(read_wish(text).query, str)


def test_words_are_singular_and_mean_something() -> None:
    assert words("A Pair of Women's T-Shirts for the glass") == ["pair", "women", "t", "shirt", "glass"]
    assert audience("Women's and Girls' tops") == {"women", "children"}


def test_options_and_limits_of_real_goals_are_read_without_error(shared_data: Path) -> None:
    with gzip.open(shared_data / "webshop" / "goals_6910_seed0_233.json.gz") as file:
        goals = json.load(file)
    attributes = 0
    for goal in goals:
        wish = read_wish(goal["instruction_text"])
        assert dict(wish.options) == goal["goal_options"]
        assert (wish.limit or 1_000_000) == goal["price_upper"]
        attributes += set(wish.attributes) == set(goal["attributes"])
    assert attributes >= 0.98 * len(goals)
