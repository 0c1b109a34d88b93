"""Generated products in words: near-duplicates, and pages on which every trait can be read."""

import re
from itertools import pairwise

import pytest

from skill_gym.webshop.made_products import MadeProducts, OfLatest
from skill_gym.webshop.product_lines import LINE_SIZES, Shop, design, line_of
from skill_gym.webshop.product_text import role, tell

SHOP = Shop("text")
DESIGNS = [design(SHOP, number) for number in range(400)]
TEXTS = [tell(SHOP, product) for product in DESIGNS]


def test_lines_follow_each_other_without_a_gap():
    places = [line_of(number) for number in range(1000)]
    sizes: dict[int, int] = {}
    for line, place in places:
        assert place == sizes.get(line, 0)
        sizes[line] = place + 1
    assert sorted(sizes) == list(range(len(sizes)))
    assert set(sizes.values()) == set(LINE_SIZES)


def test_near_duplicates_differ_in_details_only():
    pairs = [(one, other) for one, other in pairwise(DESIGNS) if one.line == other.line]
    assert pairs
    for one, other in pairs:
        assert (one.brand, one.kind, one.nouns, one.looks) == (
            other.brand,
            other.kind,
            other.nouns,
            other.looks,
        )
    same = sum(
        (one.traits, one.prices, one.options) == (two.traits, two.prices, two.options) for one, two in pairs
    )
    assert same / len(pairs) < 0.02
    assert any(set(one.traits) ^ set(other.traits) and one.options == other.options for one, other in pairs)


@pytest.mark.parametrize("number", range(0, 400, 7))
def test_every_trait_can_be_read(number):
    product, text = DESIGNS[number], TEXTS[number]
    pages = " ".join((text.title, *text.bullets, text.description)).lower()
    for trait in product.traits:
        assert trait in pages
    assert not set(product.unread) & set(product.traits)


def test_what_a_product_does_not_have_is_rarely_claimed():
    claimed = total = 0
    for product, text in zip(DESIGNS, TEXTS, strict=True):
        pages = " ".join((text.title, *text.bullets, text.description)).lower()
        own = set(product.traits) | set(product.unread)
        others = {*product.family.being, *product.family.having, *product.family.purpose} - own
        claimed += sum(trait in pages for trait in others)
        total += len(others)
    assert claimed / total < 0.02


def test_the_same_number_gives_the_same_product():
    assert design(Shop("text"), 17) == DESIGNS[17]
    assert design(Shop("other"), 17) != DESIGNS[17]
    assert tell(Shop("text"), DESIGNS[17]) == TEXTS[17]


def test_texts_have_no_gaps():
    for text in TEXTS:
        for sentence in (text.title, *text.bullets, text.description):
            assert not re.search(r"[{}]|  | ,|\.\.|\ba [aeiou]\w+ \w+ that", sentence), sentence
            assert sentence == sentence.strip()


def test_roles():
    product = next(one for one in DESIGNS if one.traits)
    assert role(product, product.family.being[0]) == 0
    assert role(product, product.family.having[0]) == 1
    assert role(product, product.family.purpose[0]) == 2


def test_asins_are_unique_and_well_formed():
    products = MadeProducts(SHOP, 1)
    asins = [products.asin(number) for number in range(20_000)]
    assert len(set(asins)) == len(asins)
    assert all(re.fullmatch(r"B0[0-9A-Z]{8}", asin) for asin in asins)


def test_the_price_of_the_reward_is_within_what_is_shown():
    products = MadeProducts(SHOP, 1)
    made = [products.make(number) for number in range(400)]
    assert {len(one.design.prices) for one in made} == {0, 1, 2}
    for one in made:
        low, high = min(one.design.prices, default=100.0), max(one.design.prices, default=100.0)
        assert low <= one.price <= high
        assert one.record["pricing"] == "".join(f"${price}" for price in one.design.prices)


def test_details_are_told_of_the_latest_product_only():
    products = MadeProducts(SHOP, 3)
    prices = OfLatest(products, lambda made: made.price)
    asins = []
    for record in products.records():
        asins.append(record["asin"])
        assert prices[asins[-1]] == products.make(len(asins) - 1).price
        assert prices.get(asins[0]) is None or len(asins) == 1
    assert list(prices) == asins
    assert len(prices) == 3
