"""What a purchase is worth, on a shop that can be read."""

from dataclasses import replace

import pytest
from small_shop import SmallShop, goal

from skill_gym.webshop.colours import COLOURS, plain_colour
from skill_gym.webshop.reward import count_options, score

SHOP = SmallShop()
SHIRT, LINEN, RUG, MUG = SHOP.products[:4]
WANTED = goal(goal_options={"color": "black", "size": "x-large"})


def test_the_wanted_thing_is_worth_one():
    reward = score(SHIRT, {"color": "black", "size": "x-large"}, WANTED, SHIRT.title_nouns)
    assert reward.total == 1.0
    assert reward.info == {
        "r_type": 1.0,
        "r_att": 1.0,
        "w_att": 0.4,
        "query_match": True,
        "category_match": True,
        "title_score": 1.0,
        "r_option": 1.0,
        "w_option": 0.4,
        "r_price": True,
        "w_price": 0.2,
    }


def test_each_part_counts_for_itself():
    nouns = SHIRT.title_nouns
    assert score(SHIRT, {"color": "black"}, WANTED, nouns).total == 4 / 5
    assert score(SHIRT, {}, WANTED, nouns).total == 3 / 5
    dear = replace(WANTED, price_upper=20.0)
    assert score(SHIRT, {"color": "black", "size": "x-large"}, dear, nouns).total == 4 / 5
    # Bought: linen, which is neither cotton nor says how to wash it, but the right kind of thing.
    other = score(LINEN, {}, WANTED, nouns)
    assert (other.total, other.info["title_score"], other.info["r_att"]) == (1 / 5, 0.5, 0.0)


def test_without_options_the_option_parts_are_left_out():
    info = score(SHIRT, {}, goal(), SHIRT.title_nouns).info
    assert "r_option" not in info
    assert "w_option" not in info
    assert info["w_att"] == 2 / 3


@pytest.mark.parametrize("field", ["title", "description", "bullets"])
def test_attributes_are_read_in_the_texts_too(field):
    text = "Holds MACHINE WASH well"
    bought = replace(LINEN, **{field: (text, "x") if field == "bullets" else text})
    assert score(bought, {}, WANTED, SHIRT.title_nouns).info["r_att"] == 0.5


def test_alike_attributes_match():
    bought = replace(LINEN, attributes=("machine washing", "wash machine"))
    assert score(bought, {}, WANTED, SHIRT.title_nouns).info["r_att"] == 0.5
    bought = replace(LINEN, attributes=("machine washing",))
    assert score(bought, {}, WANTED, SHIRT.title_nouns).info["r_att"] == 0.5
    bought = replace(LINEN, attributes=("hand wash",))
    assert score(bought, {}, WANTED, SHIRT.title_nouns).info["r_att"] == 0.0


@pytest.mark.parametrize(
    ("query", "category", "nouns", "r_type"),
    [
        ("men's shirts", "a › b", ("shirt", "x"), 1.0),
        ("other", "Clothing, Shoes & Jewelry › Men", ("shirt", "x"), 1.0),
        ("other", "Men › Men", ("men", *"abcd"), 0.5),
        ("other", "a › Men", ("shirt", "p", "q", "r", "s"), 0.5),
        ("other", "a › Men", ("shirt", "p", "q", "r"), 1.0),
        # One in eleven is below a tenth, and none at all is worth nothing, also of the right kind.
        ("men's shirts", "a", ("shirt", *"abcdefghij"), 0.1),
        ("men's shirts", "Clothing, Shoes & Jewelry › Men", ("x",), 0.0),
        # Repeats count below the line only; a goal without nouns counts as a fifth.
        ("other", "a", ("shirt", "shirt", "shirt", "shirt", "shirt"), 0.5),
        ("men's shirts", "a", (), 1.0),
        ("other", "a", (), 0.5),
    ],
)
def test_the_kind_of_thing(query, category, nouns, r_type):
    wanted = replace(WANTED, query=query, product_category=category)
    assert score(SHIRT, {}, wanted, nouns).info["r_type"] == r_type


@pytest.mark.parametrize(
    ("chosen", "wanted", "count"),
    [
        (["black"], [("color", "black")], 1),
        (["jet black leather"], [("color", "black")], 1),
        (["black leather"], [("color", "black patent")], 1),
        (["large"], [("size", "x-large")], 1),
        (["x-large"], [("size", "xx-large")], 0),
        (["9"], [("size", "9.5")], 1),
        (["9.5 wide"], [("size", "9.5")], 0),
        (["34w x 32l"], [("size", "36w x 32l")], 0),
        (["large"], [("size", "large"), ("band", "x-large")], 2),
        ([], [("size", "large")], 0),
        (["large"], [], 0),
        (["dark red"], ["dark silver"], 1),
        (["dark red"], ["dark blue"], 0),
        (["2 bags (pack of 7)"], ["2 bags (pack of 7)"], 1),
    ],
)
def test_options_match_as_the_original_measures(chosen, wanted, count):
    assert count_options(chosen, wanted) == count


@pytest.mark.parametrize(
    ("item", "plain"),
    [
        ("dark red", "dark"),
        ("standard", "tan"),
        ("x-large", "x-large"),
        (("color", "black"), "black"),
        (("color", "black patent"), ("color", "black patent")),
    ],
)
def test_the_first_colour_of_the_list_counts(item, plain):
    assert plain_colour(item) == plain


def test_the_colours_are_in_order():
    assert len(COLOURS) == 102
    assert list(COLOURS) == sorted(COLOURS)


def test_human_goals_want_values_without_names():
    wanted = replace(WANTED, goal_options=("black", "x-large"))
    assert score(SHIRT, {"color": "black", "size": "x-large"}, wanted, SHIRT.title_nouns).total == 1.0


def test_the_price_of_the_record_counts_not_the_tag():
    assert SHIRT.price_tag == "$19.5 to $24.0"
    assert score(SHIRT, {}, replace(WANTED, price_upper=20.5), ("shirt",)).info["r_price"] is False
    assert score(SHIRT, {}, replace(WANTED, price_upper=21.0), ("shirt",)).info["r_price"] is True
