"""A visit to a small shop: what actions do, and the original's quirks."""

import copy
import pickle
import random
import time
from dataclasses import replace

import pytest
from small_shop import SmallShop, goal

from skill_gym.webshop.product import ShopError
from skill_gym.webshop.session import Session, parse_action


def visit(*actions: str, asin: str = "B000SHIRT1") -> Session:
    """A session after these actions; none of them buys."""
    session = Session(SmallShop(), goal(asin), "s1")
    for action in actions:
        assert session.do(action) == (0.0, False)
    return session


RUG = ("search[oval rug]", "click[b0000rug01]")
SHIRT = ("search[men's cotton shirt]", "click[b000shirt1]")


@pytest.mark.parametrize(
    ("action", "parsed"),
    [
        ("search[shoes]", ("search", "shoes")),
        ("search[SHOES]\n", ("search", "shoes")),
        ("search[x] trailing", ("search", "x")),
        ("click[Buy Now]", ("click", "buy now")),
        ("click[ buy now]", ("click", " buy now")),
        ("CLICK[a]", ("CLICK", "a")),
        (" search[x]", (" search", "x")),
        ("search [x]", ("search ", "x")),
        ("search[a[b]]", ("search[a", "b]")),
        ("search[a]b]", ("search", "a]b")),
        ("search[]]", ("search", "]")),
        ("search[[]", ("search", "[")),
        ("search[]", ("search[]", "")),
        ("search[", ("search[", "")),
        ("[x]", ("[x]", "")),
        ("search[a\nb]", ("search[a\nb]", "")),
        ("\nsearch[a]", ("\nsearch[a]", "")),
        ("", ("", "")),
        ("foo", ("foo", "")),
        ("]x[", ("]x[", "")),
        ("купить[Чай]", ("купить", "чай")),
    ],
)
def test_actions_are_read_as_the_original_does(action, parsed):
    assert parse_action(action) == parsed


def test_reading_an_action_takes_linear_time():
    start = time.process_time()
    for mark in "[]":
        parse_action(mark * 1_000_000)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    "action",
    [
        *("", "foo", "search[]", "search[", "CLICK[next >]", "search [x]", " search[x]", "click[]"),
        *("click[ next >]", "click[search]", "click[no such thing]", "click[", "click[next >\n]"),
        *("search[a[b]]", "search[a\nb]", "[" * 10_000, "купить[чай]", "\0", "click[B0000MUG99]"),
    ],
)
@pytest.mark.parametrize("before", [(), ("search[mug]",), RUG[:2], (*RUG, "click[features]")])
def test_anything_else_changes_nothing(before, action):
    session = visit(*before)
    was = session.text_rich, session.url, session.clickables
    assert session.do(action) == (0.0, False)
    assert (session.text_rich, session.url, session.clickables) == was


@pytest.mark.parametrize("words", ["x" * 10_000, "чай 茶", "<r>", "<c> beauty", "<a>", "a  b", "%20/", "{}"])
def test_any_words_can_be_searched(words):
    session = visit(f"search[{words}]")
    assert session.catalogue.queries == [words.lower()]
    assert session.url == f"http://127.0.0.1:3000/search_results/s1/{'+'.join(words.lower().split(' '))}/1"
    assert session.page == "results"


def test_pages_of_results_have_ten_products_and_no_end():
    session = visit("search[stoneware]")
    assert session.clickables[:2] == ("back to search", "next >")
    assert len(session.clickables) == 12
    session.do("click[Next >]")
    assert session.clickables == ("back to search", "< prev", "next >", "b0000mug11", "b0000mug12")
    session.do("click[next >]")
    assert "Page 3 (Total results: 12)" in session.text
    assert session.clickables == ("back to search", "< prev", "next >")
    assert session.url.endswith("/search_results/s1/stoneware/3")
    session.do("click[< prev]")
    session.do("click[< prev]")
    assert "Page 1 (Total" in session.text


def test_no_hits_are_a_page_all_the_same():
    assert "Page 1 (Total results: 0)" in visit("search[zzz]").text


def test_back_from_a_product_forgets_its_choices_but_not_the_visit():
    session = visit(*SHIRT, "click[black]")
    assert session.asin == "B000SHIRT1"
    assert session.options == {"color": "black"}
    session.do("click[< prev]")
    assert (session.page, session.asin, session.options) == ("results", None, {})
    assert "[clicked button] B000SHIRT1 [clicked button_]" in session.text_rich
    session.do("search[shirt]")
    assert "[clicked button] B000SHIRT1 [clicked button_]" in session.text_rich
    session.do("click[back to search]")
    session.do("search[shirt]")
    assert "clicked" not in session.text_rich


def test_choices_are_replaced_and_stand_in_the_url_in_the_order_of_the_first():
    session = visit(*SHIRT, "click[s | m]", "click[dark red]", "click[S | M]", "click[X-Large]")
    assert session.url.endswith('/B000SHIRT1/men\'s+cotton+shirt/1/{"size": "x-large", "color": "dark red"}')
    session.do("click[description]")
    assert session.url.endswith("/1/Description/{'size': 'x-large', 'color': 'dark red'}")
    assert session.clickables == ("back to search", "< prev")
    session.do("click[< prev]")
    assert session.options == {"size": "x-large", "color": "dark red"}
    assert session.page == "item"


def test_escapes_in_the_urls_differ_as_in_the_original():
    session = visit(*SHIRT, 'click[12" caf\u00e9]')
    assert session.url.endswith('{"size": "12\\" caf\\u00e9"}')
    session.do("click[reviews]")
    assert session.url.endswith("{'size': '12\" caf\u00e9'}")


def test_a_shared_value_sets_the_later_option():
    assert visit(*RUG, "click[plain]").options == {"weave": "plain"}


def test_a_value_that_is_named_like_a_button_acts_as_the_button():
    session = visit(*RUG, "click[reviews]")
    assert (session.page, session.options) == ("sub", {})
    session.do("click[< prev]")
    session.do("click[attributes]")
    assert session.url.endswith("/1/Attributes/{}")
    assert session.text.endswith("< Prev [SEP] washable [SEP] garden [SEP] rugs")
    session.do("click[< prev]")
    session.do("click[next >]")
    assert (session.page, session.options) == ("item", {"weave": "next >"})


def test_a_query_with_a_pages_name_in_it_misleads_the_buttons():
    session = visit("search[search_results stoneware]", "click[next >]", "click[b0000mug11]")
    session.do("click[< prev]")
    assert session.url.endswith("/search_results stoneware/1".replace(" ", "+"))
    session = visit("search[search_results mug]", "click[b0000mug01]", "click[< prev]")
    assert "Page 0 (Total results: 12)" in session.text
    assert session.clickables == ("back to search", "next >")
    session = visit("search[item_page mug]", "click[b0000mug01]", "click[features]", "click[< prev]")
    assert session.page == "results"
    session = visit("search[item_sub_page mug]", "click[b0000mug01]", "click[< prev]")
    assert session.page == "results"


def test_buying_pays_and_the_visit_goes_on_with_a_search_only():
    session = visit(*SHIRT, "click[black]")
    assert session.reward_info is None
    assert session.do("click[BUY NOW]") == (1.0, True)
    assert session.won
    assert session.reward_info == session.reward.info
    assert session.url == "http://127.0.0.1:3000/done/s1/B000SHIRT1/{'color': 'black'}"
    assert (session.page, session.clickables, session.asin) == ("done", (), "B000SHIRT1")
    before = session.text
    assert session.do("click[buy now]") == (0.0, False)
    assert session.text == before
    assert session.do("search[mug]") == (0.0, False)
    assert (session.page, session.won, session.asin) == ("results", False, None)


def test_buying_another_thing_pays_less():
    session = visit("search[linen]", "click[b000shirt2]")
    reward, bought = session.do("click[buy now]")
    assert (reward, bought, session.won) == (1 / 3, True, False)
    assert session.text.count("0.3333333333333333") == 1


def test_a_goal_of_another_shop_is_named_when_it_is_to_be_scored():
    session = Session(SmallShop(), replace(goal(), asin="B000GONE00"), "s1")
    for action in SHIRT:
        session.do(action)
    with pytest.raises(ShopError, match="B000GONE00 is not in this shop"):
        session.do("click[buy now]")


def test_whatever_is_clicked_the_page_holds_together():
    dice = random.Random(0)
    pages = set()
    for start in range(60):
        session = visit(asin="B0000RUG01")
        for _ in range(25):
            words = dice.choice(("stoneware", "rug oval", "search_results mug", "item_page rug", "zzz", "{}"))
            choices = [f"search[{words}]", *(f"click[{label}]" for label in session.clickables)]
            action = dice.choice(choices)
            before = session.url
            reward, bought = session.do(action)
            assert bought == (action == "click[buy now]")
            assert reward == (session.reward.total if bought else 0.0)
            assert (session.asin is not None) == (session.page in ("item", "sub", "done"))
            assert set(session.options) <= set(session.product.options if session.asin else ())
            assert (action == "click[search]") <= (session.url == before), start
            pages.add(session.page)
    assert pages == {"search", "results", "item", "sub", "done"}


def test_no_product_is_at_hand_on_other_pages():
    with pytest.raises(RuntimeError, match="no product is shown on the search page"):
        _ = visit().product


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda session: pickle.loads(pickle.dumps(session))])
@pytest.mark.parametrize("length", range(5))
def test_copies_go_on_alike_and_apart(twin, length):
    actions = (*SHIRT, "click[black]", "click[features]")
    session = visit(*actions[:length])
    other = twin(session)
    assert other.text_rich == session.text_rich
    for action in (*actions[length:], "click[< prev]", "click[buy now]"):
        assert session.do(action) == other.do(action)
        assert (session.text_rich, session.url) == (other.text_rich, other.url)
    other.do("search[mug]")
    assert session.page == "done"
