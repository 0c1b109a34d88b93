"""What generated shops sell: tables of kinds, and lists of option values that the reward can tell apart."""

from collections import Counter

import pytest

from skill_gym.webshop.kinds import family, words
from skill_gym.webshop.option_values import OPTION_VALUES
from skill_gym.webshop.product_lines import NUMBERED
from skill_gym.webshop.reward import count_options
from skill_gym.webshop.shop_words import FAMILIES, article, brand, is_plural, nouns_of, one_of
from skill_gym.webshop.task_types import TASK_TYPES, task_type

KINDS = [(family, kind) for family in FAMILIES for kind in family.kinds]
BUTTONS = {"search", "back to search", "< prev", "next >", "description", "features", "reviews", "buy now"}


def shown(value):
    """An option's value as pages show it."""
    return value.replace("/", " | ").lower()


def test_pieces_stand_between_commas_or_semicolons():
    assert words("soft, very\n    warm") == ("soft", "very warm")
    assert words("8 Ounce (1, 2); 16 Ounce") == ("8 Ounce (1, 2)", "16 Ounce")


def test_a_kind_may_have_options_of_its_own():
    made = family(
        "garden", "Home › Decor", """
        candles | candle, pillar candle | Candles › Wax | 20 | scent=scents, size=ounces
        mirrors | mirror, wall mirror | Mirrors | 50
        """,
        looks="", materials="", people="", places="", being="", having="", purpose="", benefits="",
        options="size=inches, color=colors",
    )  # fmt: skip
    candles, mirrors = made.kinds
    assert candles.options == (("scent", "scents"), ("size", "ounces"), ("color", "colors"))
    assert mirrors.options == (("size", "inches"), ("color", "colors"))
    assert candles.path == ("Home", "Decor", "Candles", "Wax")
    assert candles.price == 20.0
    assert mirrors.nouns == ("mirror", "wall mirror")


def test_there_are_250_kinds_in_the_five_departments():
    assert len(KINDS) == 250
    assert max(Counter(kind.query for _, kind in KINDS).values()) == 1
    assert {family.category for family, _ in KINDS} == {
        "beauty",
        "electronics",
        "garden",
        "fashion",
        "grocery",
    }


@pytest.mark.parametrize(("family", "kind"), KINDS, ids=[kind.query for _, kind in KINDS])
def test_a_kind_has_what_a_product_needs(family, kind):
    assert len(set(kind.nouns)) >= 2
    assert len(kind.path) >= 3
    assert kind.query == kind.query.lower()
    traits = (*family.being, *family.having, *family.purpose)
    assert len(set(traits)) == len(traits) >= 13
    assert all(len(trait.split()) == 2 and trait == trait.lower() for trait in traits)
    assert len(family.looks) >= 2
    assert len(family.places) >= 3
    assert len(family.benefits) >= 6
    assert all(person.startswith("for ") for person in family.people)


@pytest.mark.parametrize("name", sorted(OPTION_VALUES))
def test_every_value_matches_itself(name):
    # A color inside a longer word ("sandalwood") would replace the value and could never be matched.
    options = {option for _, kind in KINDS for option, listed in kind.options if listed == name}
    assert options, "no kind offers these"
    for value in map(shown, OPTION_VALUES[name]):
        assert all(count_options([value], [(option, value)]) == 1 for option in options), value
        assert count_options([value], [value]) == 1
        assert not set(value) & set("[]\n")
    if name in NUMBERED:
        numbered = [f"c{place:02d}-{shown(value)}" for place, value in enumerate(OPTION_VALUES[name])]
        assert all(count_options([value], [("color", value)]) == 1 for value in numbered)


@pytest.mark.parametrize("kind", [kind for _, kind in KINDS], ids=lambda kind: kind.query)
def test_no_click_could_mean_two_things(kind):
    values = [shown(value) for _, listed in kind.options for value in OPTION_VALUES[listed]]
    assert len(values) == len(set(values))
    assert not set(values) & BUTTONS


def test_every_task_type_can_be_shopped_for():
    found = {task_type("", query=kind.query, product_category=" › ".join(kind.path)) for _, kind in KINDS}
    assert found == set(TASK_TYPES)


def test_brands_are_many_and_some_come_again():
    from skill_gym.dice import Dice

    names = [brand(Dice(f"brand {number}")) for number in range(2000)]
    assert len(set(names)) > 1300
    assert Counter(names).most_common(1)[0][1] > 5
    assert all(len(name) >= 5 and name[0].isupper() for name in names)


def test_grammar():
    assert article("oak table") == "an oak table"
    assert article("table") == "a table"
    assert is_plural("shoes")
    assert not is_plural("dress")
    assert one_of("crackers", "grocery") == "pack of crackers"
    assert one_of("shears", "beauty") == "pair of shears"
    assert one_of("desk", "garden") == "desk"


def test_nouns_of_a_title():
    title = "Tovina Modern Oak Desk with Drawer, Women's Desk (12 Inch)"
    assert nouns_of(title) == ("tovina", "oak", "desk", "drawer", "women's", "desk", "inch")
