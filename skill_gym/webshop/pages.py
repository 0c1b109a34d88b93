"""What a page of the shop holds and how it reads: text, rich text, what can be clicked, and its url."""

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property
from typing import Literal, NamedTuple

from skill_gym.webshop.product import Product

BASE_URL = "http://127.0.0.1:3000"
PAGE_SIZE = 10
"""Products on a page of results."""
SUB_PAGES: Mapping[str, str] = {
    label.lower(): label for label in ("Description", "Features", "Reviews", "Attributes")
}
"""Pages beside a product's page, by what is clicked; nothing links to the last one."""
PageName = Literal["search", "results", "item", "sub", "done"]
Kind = Literal["plain", "button", "option", "link"]
BLANKS = " \t\n\f\r"


class Node(NamedTuple):
    """A piece of text of a page.

    Attributes:
        kind: ``plain``, ``button``, ``option`` (a value to choose) or ``link`` (a product's asin).
        text: As it stands in the page, not stripped.
    """

    kind: Kind
    text: str


class View:
    """A page as the player sees it; each form is made when first asked for.

    Args:
        url: Address of the page.
        nodes: Its pieces of text in order; empty ones are dropped.
        visited: Asins of the products that were looked at.
    """

    def __init__(self, url: str, nodes: Iterable[Node], visited: Set[str] = frozenset()) -> None:
        self.url = url
        self.nodes = tuple(_collapsed(nodes))
        self._visited = frozenset(visited)

    @cached_property
    def text(self) -> str:
        """The pieces, stripped, joined by `` [SEP] ``; choices cannot be seen in it."""
        return " [SEP] ".join([node.text.strip() for node in self.nodes])

    @cached_property
    def text_rich(self) -> str:
        """A line a piece, buttons marked, and those that were clicked told."""
        lines: list[str] = []
        clicked: list[str] = []
        for kind, text in self.nodes:
            if kind == "plain":
                lines.append(f"{text}\n")
            elif kind == "button":
                lines.append(f"[button] {text} [button_]\n")
            # The original takes an option as chosen when its value stands quoted anywhere in the url.
            elif kind == "option" and f'"{text}"' in self.url:
                clicked.append(f"You have clicked {text}.\n")
                lines.append(f"  [clicked button] {text} [clicked button_]\n")
            elif kind == "option":
                lines.append(f"  [button] {text} [button_]\n")
            elif text in self._visited:
                lines.append(f"\n[clicked button] {text} [clicked button_]\n")
            else:
                lines.append(f"\n[button] {text} [button_]\n")
        return "".join((*reversed(clicked), *lines))

    @cached_property
    def clickables(self) -> tuple[str, ...]:
        """What can be clicked, each once: buttons, then products (both in lower case), then options."""
        labels = [node.text.lower() for node in self.nodes if node.kind == "button"]
        labels += [node.text.lower() for node in self.nodes if node.kind == "link"]
        labels += [node.text for node in self.nodes if node.kind == "option"]
        return tuple(dict.fromkeys(labels))


def search_page(instruction: str) -> list[Node]:
    """The page with the search bar."""
    return [
        Node("plain", "WebShop"),
        Node("plain", "Instruction: "),
        Node("plain", instruction),
        Node("button", "Search"),
    ]


def results_page(
    instruction: str, cards: Iterable[tuple[str, str, str]], number: int, total: int
) -> list[Node]:
    """A page of results.

    Args:
        instruction: The goal in words.
        cards: Asin, title and price tag of the products of this page.
        number: Number of the page, from 1.
        total: Number of hits on all pages.
    """
    nodes = [*_head(instruction), Node("plain", f"Page {number} (Total results: {total})")]
    if number > 1:
        nodes.append(_PREVIOUS)
    nodes.append(Node("button", "Next >"))
    for asin, title, tag in cards:
        nodes += (Node("link", asin), Node("plain", title), Node("plain", tag))
    return nodes


def item_page(instruction: str, product: Product) -> list[Node]:
    """A product's page."""
    nodes = [*_head(instruction), _PREVIOUS]
    for name, values in product.options.items():
        nodes.append(Node("plain", name))
        nodes += [Node("option", value) for value in values]
    nodes += (Node("plain", product.title), Node("plain", f"Price: {product.price_tag}"))
    nodes += _ITEM_FOOT
    return nodes


def sub_page(instruction: str, product: Product, name: str) -> list[Node]:
    """A page beside a product's page; ``name`` is one of the values of ``SUB_PAGES``."""
    texts: Sequence[str] = ()
    if name == "Description":
        texts = (product.description,)
    elif name == "Features":
        texts = [f" {bullet}" for bullet in product.bullets]
    elif name == "Attributes":
        attributes = [f" {attribute}" for attribute in product.attributes]
        texts = (*attributes, product.category, product.query, product.product_category)
    return [*_head(instruction), _PREVIOUS, *(Node("plain", text) for text in texts)]


def done_page(asin: str, options: Mapping[str, str], reward: float) -> list[Node]:
    """The page after the purchase, the original's blanks (and its spelling) included."""
    escaped = json.dumps(options, sort_keys=True)
    for mark in "<>&'":
        escaped = escaped.replace(mark, f"\\u{ord(mark):04x}")
    texts = (
        *("Thank you for shopping with us!", "Your code: ", "None", " (Paste it in your MTurk interface.)"),
        *("Purchased", "asin", asin, "options", escaped),
        *("attrs", "None", "category", "None", "query", "None", "product category", "None"),
        *("Target", "asin", "options", "attrs", "price upper", "instuction text", "category"),
        *("product category", "query", "Goal ", "None"),
        *("Reward", "Your score (min 0.0, max 1.0)", str(reward), "Reward Details ", "None"),
    )
    return [Node("plain", text) for text in texts]


def page_url(name: PageName, session_id: str, *parts: object) -> str:
    """Address of a page; nothing in it is percent-encoded.

    Args:
        name: Which page.
        session_id: The player's session.
        parts: What else names it, e.g. asin, keywords and options.
    """
    folder = {"search": (), "results": ("search_results",), "item": ("item_page",)}
    folder |= {"sub": ("item_sub_page",), "done": ("done",)}
    return "/".join((BASE_URL, *folder[name], session_id, *map(str, parts)))


_PREVIOUS = Node("button", "< Prev")
_ITEM_FOOT = (
    Node("plain", "Rating: N.A."),
    *(Node("button", label) for label in ("Description", "Features", "Reviews", "Buy Now")),
)


def _head(instruction: str) -> tuple[Node, ...]:
    return Node("plain", "Instruction:"), Node("plain", instruction), Node("button", "Back to Search")


def _collapsed(nodes: Iterable[Node]) -> Iterable[Node]:
    """Drops empty pieces; one of blanks only is a line's end (dropped) or one blank, as its parser has it."""
    for node in nodes:
        text = node.text
        if text[:1] not in BLANKS or text.strip(BLANKS):
            yield node
        elif text and "\n" not in text:
            yield Node(node.kind, " ")
