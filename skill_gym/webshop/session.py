"""One visit to the shop: which page is shown, what was chosen, and what an action does."""

import json
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from skill_gym.webshop import pages
from skill_gym.webshop.goals import ShopGoal
from skill_gym.webshop.pages import PAGE_SIZE, SUB_PAGES, PageName, View, page_url
from skill_gym.webshop.product import Product, ShopError
from skill_gym.webshop.reward import Reward, score

Hits = Sequence[int] | NDArray[np.int32]


class Shop(Protocol):
    """What a session needs of a catalogue."""

    def product(self, number: int, /) -> Product:
        """The product of that number."""

    def number(self, asin: str, /) -> int | None:
        """The number of the product of that asin."""

    def card(self, number: int, /) -> tuple[str, str, str]:
        """Asin, title and price tag."""

    def search(self, query: str, /) -> Hits:
        """Numbers of the products found, best first."""


class Session:
    """The original's state machine, its quirks included; it goes on after the purchase.

    The original's special searches (``<r>``, ``<a>``, ``<c>``, ``<q>``) are ordinary queries here: two of
    them could crash it, and one was random.

    Args:
        catalogue: The shop.
        goal: What is to be bought.
        session_id: Name of the visit, which is a part of every url.

    Attributes:
        page: Which page is shown.
        keywords: The words of the last search; empty before one.
        number: Number of the page of results.
        asin: The product being looked at or bought, None on other pages.
        options: The values chosen, by option name, in the order in which they were first chosen.
        visited: Asins of the products looked at.
        reward: Of the last purchase, None before one.
        view: The page as it is shown.
    """

    def __init__(self, catalogue: Shop, goal: ShopGoal, session_id: str) -> None:
        self.catalogue, self.goal, self.session_id = catalogue, goal, session_id
        self.keywords: list[str] = []
        self.number = 0
        self.visited: set[str] = set()
        self.asin: str | None = None
        self.options: dict[str, str] = {}
        self.reward: Reward | None = None
        self._product_number: int | None = None
        self._hits: Hits = ()
        self._home()

    @property
    def text(self) -> str:
        """The page's text, pieces joined by `` [SEP] ``."""
        return self.view.text

    @property
    def text_rich(self) -> str:
        """The page's text with buttons and what was clicked."""
        return self.view.text_rich

    @property
    def url(self) -> str:
        """Address of the page."""
        return self.view.url

    @property
    def clickables(self) -> tuple[str, ...]:
        """What can be clicked, in the original's order."""
        return self.view.clickables

    @property
    def has_search_bar(self) -> bool:
        """Whether the page has the search bar (a search works on every page all the same)."""
        return self.page == "search"

    @property
    def reward_info(self) -> dict[str, float | bool] | None:
        """Parts of the last purchase's reward, None before one."""
        return None if self.reward is None else dict(self.reward.info)

    @property
    def won(self) -> bool:
        """Whether a purchase has just been made that is worth 1."""
        return self.page == "done" and self.reward is not None and self.reward.total == 1.0

    @property
    def product(self) -> Product:
        """The product being looked at or bought.

        Raises:
            RuntimeError: The page is none of a product's.
        """
        if self._product_number is None:
            raise RuntimeError(f"no product is shown on the {self.page} page")
        return self.catalogue.product(self._product_number)

    def do(self, action: str) -> tuple[float, bool]:
        """Carries out ``search[words]`` or ``click[label]``; anything else changes nothing.

        Returns:
            Reward, and whether this was a purchase.
        """
        name, argument = parse_action(action)
        if name == "search" and argument:
            self.keywords = argument.split(" ")
            self._results(1)
        elif name == "click" and argument != "search" and argument in self.clickables:
            return self._click(argument)
        return 0.0, False

    def _click(self, label: str) -> tuple[float, bool]:
        if label == "buy now":
            return self._buy(), True
        place = self._place()
        if label == "back to search":
            self._home()
        elif place == "search_results" and label in ("next >", "< prev"):
            self._results(self.number + (1 if label == "next >" else -1))
        elif place == "item_page" and label == "< prev":
            self._results(self.number)
        elif self.page == "results":
            self._visit(label)
        elif label in SUB_PAGES:
            self._sub(SUB_PAGES[label])
        else:
            if label != "< prev":
                self._choose(label)
            self._item()
        return 0.0, False

    def _place(self) -> str:
        """Where the original thinks the player is: it looks for the names in the whole url, query and all."""
        names = ("search_results", "item_page", "item_sub_page", "done")
        return next((name for name in names if name in self.url), "")

    def _home(self) -> None:
        self.keywords, self.number, self.visited = [], 0, set()
        self._leave_product()
        self._show("search", pages.search_page(self.goal.instruction_text))

    def _results(self, number: int) -> None:
        self.number = number
        self._leave_product()
        found = self.catalogue.search(" ".join(self.keywords))
        # Past the end, and on page 0 (which a query with `search_results` in it leads to), a page is empty.
        self._hits = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        cards = [self.catalogue.card(int(hit)) for hit in self._hits]
        self._show(
            "results",
            pages.results_page(self.goal.instruction_text, cards, number, len(found)),
            "+".join(self.keywords),
            number,
        )

    def _visit(self, label: str) -> None:
        hit = next(hit for hit in self._hits if self.catalogue.card(int(hit))[0].lower() == label)
        self._product_number = int(hit)
        self.asin = label.upper()
        self.visited.add(self.asin)
        self._item()

    def _choose(self, value: str) -> None:
        # Of two options that share a value the later one is set.
        names = [name for name, values in self.product.options.items() if value in values]
        self.options[names[-1]] = value

    def _item(self) -> None:
        nodes = pages.item_page(self.goal.instruction_text, self.product)
        self._show("item", nodes, *self._item_parts(), json.dumps(self.options))

    def _sub(self, name: str) -> None:
        nodes = pages.sub_page(self.goal.instruction_text, self.product, name)
        self._show("sub", nodes, *self._item_parts(), name, self.options)

    def _item_parts(self) -> tuple[object, ...]:
        return self.asin, "+".join(self.keywords), self.number

    def _buy(self) -> float:
        target = self.catalogue.number(self.goal.asin)
        if target is None:
            raise ShopError(f"the goal's product {self.goal.asin} is not in this shop; build the shop again")
        nouns = self.catalogue.product(target).title_nouns
        reward = self.reward = score(self.product, self.options, self.goal, nouns)
        asin = str(self.asin)
        self._show("done", pages.done_page(asin, self.options, reward.total), asin, self.options)
        return reward.total

    def _leave_product(self) -> None:
        self.asin, self.options = None, {}
        self._product_number, self._hits = None, ()

    def _show(self, page: PageName, nodes: list[pages.Node], *parts: object) -> None:
        self.page: PageName = page
        self.view = View(page_url(page, self.session_id, *parts), nodes, self.visited)


def parse_action(action: str) -> tuple[str, str]:
    r"""Name and argument (in lower case) of ``name[argument]``; the argument is empty when there is none.

    The same as the original's pattern ``(.+)\[(.+)\]`` at the start, without its quadratic time: the name
    goes up to the last bracket that can open, the argument to the last that closes, all in the first line.
    """
    line = action.partition("\n")[0]
    end = line.rfind("]")
    start = line.rfind("[", 0, max(end - 1, 0))
    if start < 1:
        return action, ""
    return line[:start], line[start + 1 : end].lower()
