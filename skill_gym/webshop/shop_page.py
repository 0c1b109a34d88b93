"""A page of the shop as a player reads it, in either form of text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from skill_gym.webshop.pages import SUB_PAGES, PageName

_COUNT = re.compile(r"Page (\d+) \(Total results: (\d+)\)")
_BUTTON = re.compile(r"\[(?:clicked )?button\] (.*) \[(?:clicked )?button_\]")
_AMOUNT = re.compile(r"\$(\d+(?:\.\d+)?)")
FIXED = frozenset({"search", "back to search", "< prev", "next >", "buy now", *SUB_PAGES})
"""Labels that are neither a product nor an option's value."""


@dataclass(frozen=True, slots=True)
class Card:
    """A product on a page of results.

    Attributes:
        label: What is clicked to open it: its asin in lower case.
        title: Its name.
        tag: Its price, as shown.
    """

    label: str
    title: str
    tag: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page as read.

    Attributes:
        name: Which page.
        cards: Products of a page of results, best first.
        number: Number of the page of results, from 1; else 0.
        total: Number of hits on all pages of results; else 0.
        options: Values by option name, of a product's page.
        title: Of a product's page.
        tag: Price of a product's page, as shown.
        content: What a sub-page tells.
    """

    name: PageName
    cards: tuple[Card, ...] = ()
    number: int = 0
    total: int = 0
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    title: str = ""
    tag: str = ""
    content: str = ""


def prices(tag: str) -> tuple[float, float]:
    """The lower and the upper end of a price tag; equal for one price, 0 where it names none."""
    amounts = [float(amount) for amount in _AMOUNT.findall(tag)] or [0.0]
    return amounts[0], amounts[-1]


def read_instruction(observation: str) -> str:
    """The instruction in the text of any page but the last.

    Raises:
        ValueError: It holds none.
    """
    nodes = _nodes(observation)
    for place, node in enumerate(nodes[:-1]):
        if node == "Instruction:":
            return nodes[place + 1]
    raise ValueError(f"expected a page of the shop with its instruction, got {observation[:80]!r}")


def page_name(observation: str) -> PageName:
    """Which page it is."""
    nodes = _nodes(observation)
    if "Thank you for shopping with us!" in nodes[:1]:
        return "done"
    if "WebShop" in nodes[:1]:
        return "search"
    if any(_COUNT.fullmatch(node) for node in nodes[:5]):
        return "results"
    return "item" if nodes[-1:] == ["Buy Now"] else "sub"


def read_page(observation: str, commands: Sequence[str]) -> Page:
    """Reads a page.

    Args:
        observation: Its text, plain or rich.
        commands: The commands admissible there: only they tell an option's name from its values.
    """
    name = page_name(observation)
    nodes = _nodes(observation)
    labels = {command[6:-1] for command in commands if command.startswith("click[")}
    if name == "results":
        counts = next(match for node in nodes if (match := _COUNT.fullmatch(node)))
        return Page(name, _cards(nodes, labels), int(counts[1]), int(counts[2]))
    start = nodes.index("< Prev") + 1 if "< Prev" in nodes else 0
    if name == "sub":
        return Page(name, content="\n".join(nodes[start:]))
    if name == "item":
        return _item(nodes[start:], labels)
    return Page(name)


def _nodes(observation: str) -> list[str]:
    if "[button]" not in observation and " [SEP] " in observation:
        return [text for text in observation.split(" [SEP] ") if text]
    lines = [line.strip() for line in observation.splitlines()]
    texts = [match[1] if (match := _BUTTON.fullmatch(line)) else line for line in lines]
    begin = texts.index("Instruction:") if "Instruction:" in texts else 0
    # What stands before tells only what was clicked.
    return [text for text in (texts[:1] if texts[:1] == ["WebShop"] else []) + texts[begin:] if text]


def _cards(nodes: Sequence[str], labels: set[str]) -> tuple[Card, ...]:
    starts = [place for place, node in enumerate(nodes) if node.lower() in labels - FIXED and place > 3]
    ends = [*starts, len(nodes)][1:]
    return tuple(
        Card(nodes[start].lower(), " ".join(nodes[start + 1 : end - 1]), nodes[end - 1])
        for start, end in zip(starts, ends, strict=True)
    )


def _item(nodes: Sequence[str], labels: set[str]) -> Page:
    # Read from the end: Price, Rating, and the four buttons stand last.
    place = max((at for at, node in enumerate(nodes) if node.startswith("Price: ")), default=len(nodes))
    options: dict[str, list[str]] = {}
    head = list(nodes[: max(place - 1, 0)])
    name = ""
    for node in head:
        if node in labels and name:
            options[name].append(node)
        else:
            name = node
            options.setdefault(name, [])
    tag = nodes[place].removeprefix("Price: ") if place < len(nodes) else ""
    chosen = {name: tuple(values) for name, values in options.items() if values}
    return Page("item", options=chosen, title=nodes[place - 1] if 0 < place < len(nodes) else "", tag=tag)
