"""How pages read: nodes, text, rich text, what can be clicked, urls."""

from dataclasses import replace

import pytest
from small_shop import SmallShop

from skill_gym.webshop.pages import (
    Node,
    View,
    done_page,
    item_page,
    page_url,
    results_page,
    search_page,
    sub_page,
)

SHOP = SmallShop()
SHIRT, _, RUG = SHOP.products[:3]


def test_the_search_page():
    view = View("u", search_page("Find me a shirt"))
    assert view.text == "WebShop [SEP] Instruction: [SEP] Find me a shirt [SEP] Search"
    assert view.text_rich == "WebShop\nInstruction: \nFind me a shirt\n[button] Search [button_]\n"
    assert view.clickables == ("search",)


@pytest.mark.parametrize(("number", "previous"), [(1, []), (2, ["< prev"]), (0, [])])
def test_a_page_of_results(number, previous):
    view = View("u", results_page("i", [("B1", "Mug", "$1.0"), ("B2", "", "$2.0")], number, 12), {"B2"})
    assert view.clickables == ("back to search", *previous, "next >", "b1", "b2")
    assert f"Page {number} (Total results: 12)" in view.text
    assert view.text.endswith("Next > [SEP] B1 [SEP] Mug [SEP] $1.0 [SEP] B2 [SEP] $2.0")
    assert view.text_rich.endswith(
        "\n[button] B1 [button_]\nMug\n$1.0\n\n[clicked button] B2 [clicked button_]\n$2.0\n"
    )


def test_a_products_page_shows_what_was_chosen_in_rich_text_only():
    nodes = item_page("i", SHIRT)
    plain = View("u", nodes)
    assert plain.text == (
        "Instruction: [SEP] i [SEP] Back to Search [SEP] < Prev [SEP] color [SEP] dark red [SEP] black [SEP] "
        "size [SEP] s | m [SEP] x-large [SEP] 12\" caf\u00e9 [SEP] Tarn Men's Cotton Shirt [SEP] "
        "Price: $19.5 to $24.0 [SEP] Rating: N.A. [SEP] Description [SEP] Features [SEP] Reviews [SEP] "
        "Buy Now"
    )
    assert plain.clickables == (
        *("back to search", "< prev", "description", "features", "reviews", "buy now"),
        *("dark red", "black", "s | m", "x-large", '12" caf\u00e9'),
    )
    chosen = View('u/{"color": "black", "size": "s | m"}', nodes)
    assert chosen.text == plain.text
    assert chosen.text_rich.startswith("You have clicked s | m.\nYou have clicked black.\nInstruction:\ni\n")
    assert (
        "color\n  [button] dark red [button_]\n  [clicked button] black [clicked button_]\nsize\n"
        in chosen.text_rich
    )


def test_values_the_url_escapes_are_never_shown_as_clicked():
    view = View('u/{"size": "12\\" caf\\u00e9"}', item_page("i", SHIRT))
    assert "clicked" not in view.text_rich


def test_sub_pages():
    assert View("u", sub_page("i", SHIRT, "Description")).text.endswith(
        "< Prev [SEP] A soft shirt.\nMade to last."
    )
    assert View("u", sub_page("i", SHIRT, "Description")).text_rich.endswith(
        "\n A soft shirt.\nMade to last. \n"
    )
    # An empty bullet, which has a blank in front, is an empty part; an empty description is none.
    assert View("u", sub_page("i", SHIRT, "Features")).text.endswith(
        "< Prev [SEP] Machine wash [SEP]  [SEP] Long sleeve"
    )
    assert View("u", sub_page("i", SHIRT, "Features")).text_rich.endswith(
        "\n Machine wash\n \n Long sleeve\n"
    )
    for name, product in (("Reviews", SHIRT), ("Description", RUG)):
        assert View("u", sub_page("i", product, name)).text.endswith("Back to Search [SEP] < Prev")
    assert View("u", sub_page("i", SHIRT, "Attributes")).text_rich.endswith(
        "\n machine wash\n cotton\nfashion\nmen's shirts\n"
        "Clothing, Shoes & Jewelry \u203a Men \u203a Shirts\n"
    )


def test_the_done_page():
    view = View("u", done_page("B1", {"b": "<é & 'x'>", "a": "1"}, 2 / 3))
    assert view.clickables == ()
    assert view.text == (
        "Thank you for shopping with us! [SEP] Your code: [SEP] None [SEP] "
        "(Paste it in your MTurk interface.) [SEP] Purchased [SEP] asin [SEP] B1 [SEP] options [SEP] "
        '{"a": "1", "b": "\\u003c\\u00e9 \\u0026 \\u0027x\\u0027\\u003e"} [SEP] attrs [SEP] None [SEP] '
        "category [SEP] None [SEP] query [SEP] None [SEP] product category [SEP] None [SEP] Target [SEP] "
        "asin [SEP] options [SEP] attrs [SEP] price upper [SEP] instuction text [SEP] category [SEP] "
        "product category [SEP] query [SEP] Goal [SEP] None [SEP] Reward [SEP] "
        "Your score (min 0.0, max 1.0) [SEP] 0.6666666666666666 [SEP] Reward Details [SEP] None"
    )


@pytest.mark.parametrize(
    ("text", "shown"), [("", None), (" \t ", " "), (" \n\t", None), ("\u00a0", "\u00a0"), (" a\n", " a\n")]
)
def test_blank_pieces_collapse_as_in_the_originals_parser(text, shown):
    nodes = View("u", [Node("plain", text)]).nodes
    assert [node.text for node in nodes] == ([] if shown is None else [shown])


def test_a_label_that_occurs_twice_can_be_clicked_once_at_its_first_place():
    view = View("u", item_page("i", RUG))
    assert view.clickables[2:] == (
        *("description", "features", "reviews", "buy now"),
        *("plain", "attributes", "next >"),
    )
    upper = View("u", [Node("link", "B0Ab"), Node("button", "B0AB"), Node("option", "B0")])
    assert upper.clickables == ("b0ab", "B0")


@pytest.mark.parametrize(
    ("name", "parts", "url"),
    [
        ("search", (), "http://127.0.0.1:3000/s1"),
        ("results", ("a+b c", 2), "http://127.0.0.1:3000/search_results/s1/a+b c/2"),
        ("item", ("B1", "q", 1, "{}"), "http://127.0.0.1:3000/item_page/s1/B1/q/1/{}"),
        ("done", ("B1", {"a": "b'"}), "http://127.0.0.1:3000/done/s1/B1/{'a': \"b'\"}"),
    ],
)
def test_urls(name, parts, url):
    assert page_url(name, "s1", *parts) == url


def test_prices_of_one_value_and_of_a_range():
    assert "Price: $7.0 [SEP]" in View("u", item_page("i", replace(SHIRT, prices=(7.0,)))).text
