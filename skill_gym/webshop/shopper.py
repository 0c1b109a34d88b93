"""A shopper that knows only what it has read: it searches, compares pages with the wish, and buys."""

from collections.abc import Sequence
from typing import NamedTuple

from skill_gym.webshop.comparison import (
    Sighting,
    affordable,
    choices,
    lacking,
    looks_alike,
    missing,
    near_limit,
    promise,
    worth,
)
from skill_gym.webshop.pages import SUB_PAGES
from skill_gym.webshop.shop_page import FIXED, Page, page_name, read_instruction, read_page
from skill_gym.webshop.wish import read_wish, words

STEPS = 15
"""Steps of an episode, as the environment's registration has them; some are kept for the purchase."""
LEAST_PROMISE = (2.5, 1.0)
"""A product of the first page of results, and of later ones, is opened when it promises more than this."""
LAST_PAGE = 2
TOLERATED = 0.2
"""Part of the attributes that need not be told."""
PROOF = 2
"""So many listed options, all on offer, are proof enough unless another product looks alike."""


class _Step(NamedTuple):
    command: str
    thought: str


class Shopper:
    """Plays from the text alone, also after others played for it.

    It searches with the instruction's own words, then opens the products of a page of results that promise
    most: first in the list, below the price limit and near it, not for somebody else, attributes in the
    title. It goes back from a product without the wished options. Where these are fewer than two, or another
    product looks alike, it reads the features before it buys. It buys the first product that has what is
    wished for and, before the steps run out, the best that it has seen. The same texts always give the same
    commands and the same thoughts.

    Args:
        first_observation: Text of the reset, plain or rich, with the instruction.
        advice: Any text; nothing is read from it.

    Attributes:
        thought: Why the last command was chosen, in sentences of a fixed form; "" before the first.

    Raises:
        ValueError: The observation holds no instruction.
    """

    def __init__(self, first_observation: str, advice: str = "") -> None:
        self.wish = read_wish(read_instruction(first_observation))
        self.thought = ""
        self._observation = first_observation
        self._steps = 0
        self._searches: set[str] = set()
        self._turned = 0
        self._seen: dict[str, Sighting] = {}
        self._label = ""
        self._clicked: list[str] = []

    def observe(self, command: str, observation: str) -> None:
        """Takes down what a command led to, whoever chose it.

        Args:
            command: The command as it was played.
            observation: The environment's text.
        """
        self._steps += 1
        before, now = page_name(self._observation), page_name(observation)
        label = command[6:-1].lower() if command.startswith("click[") else ""
        if command.startswith("search["):
            self._searches.add(command)
            self._turned = 0
        if before == "results" and now == "item":
            self._label, self._clicked = label, []
        elif now == "item" and label not in FIXED:
            self._clicked.append(label)
        elif now == "sub" and label in SUB_PAGES:
            self._sighting().told[label] = read_page(observation, ()).content
        self._observation = observation

    def command(self, commands: Sequence[str]) -> str:
        """The next command.

        Args:
            commands: The commands that are admissible now.

        Returns:
            One of them, or ``search[...]`` with words where they have a slot; "" when there are none.
        """
        page = read_page(self._observation, commands)
        step = None
        if page.name == "search":
            step = self._search()
        elif page.name == "results":
            step = self._choose_product(page)
        elif page.name == "item":
            step = self._judge(page)
        elif page.name == "sub":
            step = self._leave_sub_page()
        if step is None or not (step.command in commands or page.name == "search"):
            step = _Step(next(iter(commands), ""), "Lost.")
        command, self.thought = step
        return command

    @property
    def _left(self) -> int:
        return STEPS - self._steps

    def _sighting(self) -> Sighting:
        return self._seen.setdefault(self._label, Sighting())

    def _wanted(self) -> str:
        """``men's t-shirts, color: red, size: small, below $40``."""
        parts = [self.wish.kind, *(f"{name}: {value}" for name, value in self.wish.options)]
        return ", ".join(parts + ([f"below ${self.wish.limit:g}"] if self.wish.limit is not None else []))

    def _search(self) -> _Step:
        """All words of the wish, what matters most twice; fewer words where that found nothing."""
        kind, values = self.wish.kind, [value for _, value in self.wish.options]
        queries = [" ".join((self.wish.query, kind, *values)), kind, *reversed(words(kind))]
        query = next(
            (text for text in queries if text and f"search[{text}]" not in self._searches), queries[0]
        )
        return _Step(f"search[{query}]", f"Wanted: {self._wanted()}. Search for it.")

    def _choose_product(self, page: Page) -> _Step:
        for place, card in enumerate(page.cards):
            seen = self._seen.setdefault(card.label, Sighting())
            seen.title, seen.tag, seen.page = card.title, card.tag, page.number
            seen.rank = place + 10 * (page.number - 1)
        best = self._best()
        if best is not None and self._left <= self._cost(best, page.number) + 2:
            return self._return_to(best, page, "Few steps are left.")
        fresh = [card.label for card in page.cards if not self._seen[card.label].opened]
        top = max(fresh, key=lambda label: promise(self.wish, self._seen[label]), default=None)
        self._turned = max(self._turned, page.number)
        more = self._turned == page.number < LAST_PAGE and page.number * 10 < page.total
        more = more and self._left > (self._cost(best, page.number + 1) + 3 if best is not None else 5)
        least = LEAST_PROMISE[min(page.number, len(LEAST_PROMISE)) - 1]
        if top is not None:
            seen = self._seen[top]
            if promise(self.wish, seen) > least or not (more or best is not None):
                return _Step(f"click[{top}]", self._why(top))
        if more:
            return _Step("click[next >]", f"Nothing else here promises {self.wish.kind}. Turn the page.")
        if best is not None:
            return self._return_to(best, page, "Nothing else promises more.")
        return _Step("click[back to search]", "Nothing was found. Search again.")

    def _why(self, label: str) -> str:
        seen = self._seen[label]
        if near_limit(self.wish, seen.tag):
            return f"{label} at {seen.tag} is near below ${self.wish.limit:g}. Look at it."
        if self.wish.limit is not None and affordable(self.wish, seen.tag):
            return f"{label} at {seen.tag} is below ${self.wish.limit:g}. Look at it."
        return f"{label} is the next one. Look at it."

    def _return_to(self, label: str, page: Page, reason: str) -> _Step:
        thought = f"{reason} {label} has the most of it."
        if any(card.label == label for card in page.cards):
            return _Step(f"click[{label}]", thought)
        return _Step("click[< prev]" if self._seen[label].page < page.number else "click[next >]", thought)

    def _judge(self, page: Page) -> _Step:
        seen = self._sighting()
        seen.title, seen.tag, seen.options = page.title, page.tag, page.options
        chosen = choices(self.wish, page.options)
        to_choose = {name: value for name, value in chosen.items() if value not in self._clicked}
        spare = self._left - len(to_choose) - 1
        first, seen.opened = not seen.opened, True
        lacks, untold = lacking(self.wish, page.options), missing(self.wish, seen)
        leave = self._may_leave()
        if first and leave and not affordable(self.wish, page.tag):
            return _Step("click[< prev]", f"It costs {page.tag}, not below ${self.wish.limit:g}. Go back.")
        if first and leave and lacks:
            return _Step("click[< prev]", f"There is no {', no '.join(lacks)}. Go back.")
        alike = any(looks_alike(seen, other) for other in self._seen.values() if other is not seen)
        unproven = not lacks and (alike or len(self.wish.options) < PROOF)
        if unproven and untold and spare >= 2 and (unread := self._unread(seen)):
            return _Step(f"click[{unread}]", f"Does it say {', '.join(untold)}?")
        if seen.told and not seen.judged:
            seen.judged = True
            if leave and (lacks or len(untold) > TOLERATED * len(self.wish.attributes)):
                return _Step("click[< prev]", f"{', '.join(lacks + untold)} is not told. Go back.")
        for name, value in to_choose.items():
            return _Step(f"click[{value}]", f"Wanted is {name}: {value}. Choose it.")
        made = ", ".join(f"{name}: {value}" for name, value in chosen.items())
        return _Step("click[buy now]", f"{made} chosen. Buy it." if made else "Nothing is to choose. Buy it.")

    def _unread(self, seen: Sighting) -> str | None:
        """The sub-page to read next: the features and, where there are none, the description."""
        if "features" not in seen.told:
            return "features"
        silent = not seen.told["features"].strip()
        return "description" if silent and "description" not in seen.told else None

    def _leave_sub_page(self) -> _Step:
        untold = missing(self.wish, self._sighting())
        told = [phrase for phrase in self.wish.attributes if phrase not in untold]
        thought = f"{', '.join(told)}: told. " if told else ""
        return _Step("click[< prev]", f"{thought}{', '.join(untold) or 'Nothing'} is missing. Go back.")

    def _may_leave(self) -> bool:
        """Whether the steps suffice to leave this product and buy the best one, or look at another first."""
        best = self._best()
        if best is None:
            return False
        return self._left - 1 >= self._cost(best, self._sighting().page) + (3 if best == self._label else 0)

    def _best(self) -> str | None:
        opened = [label for label, seen in self._seen.items() if seen.opened]
        return max(opened, key=lambda label: worth(self.wish, self._seen[label]), default=None)

    def _cost(self, label: str, number: int) -> int:
        """Steps from a page of results to the purchase of a product that was opened before."""
        seen = self._seen[label]
        return abs(seen.page - number) + 1 + len(choices(self.wish, seen.options)) + 1
