"""An expert that knows which product is wanted, and what its purchase will score."""

from collections.abc import Mapping

from skill_gym.webshop.pages import PAGE_SIZE, SUB_PAGES
from skill_gym.webshop.product import Product, ShopError
from skill_gym.webshop.reward import count_options
from skill_gym.webshop.session import Session, parse_action
from skill_gym.webshop.wish import read_wish

NOWHERE = 1000
"""A page beyond all pages of results."""
BUTTONS = frozenset({"search", "back to search", "< prev", "buy now", *SUB_PAGES})
"""Values of these names act as the button."""


class Oracle:
    """Goes to the goal's product the shortest way, from wherever others have led, and buys it.

    It searches with words of the instruction where they bring the product onto the first page, else with the
    product's title. Of 6,910 goals of the original 458 cannot score 1 even so: the score reads the colours
    in the chosen value and not in the wanted one, and finds ``black2626`` unlike itself.

    Args:
        session: The visit being played, read only.

    Raises:
        ShopError: The goal's product is not in the shop.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        number = session.catalogue.number(session.goal.asin)
        if number is None:
            raise ShopError(
                f"the goal's product {session.goal.asin} is not in this shop; build the shop again"
            )
        self._number = number
        self.product: Product = session.catalogue.product(number)
        self.choices = wanted_choices(self.product, session.goal.goal_options)
        self._query: str | None = None

    def observe(self, command: str, observation: str) -> None:
        """Nothing to note: the session tells it all."""

    def command(self) -> str | None:
        """The next command; None after the purchase."""
        session = self._session
        if session.page == "done":
            return None
        if session.page == "search":
            return f"search[{self.query}]"
        if session.page == "results":
            return self._from_results()
        if session.asin != self.product.asin.upper():
            return "click[back to search]"
        if session.page == "sub":
            return "click[< prev]"
        for name, value in self.choices.items():
            # Of options that share a value only one can be set.
            if (
                session.options.get(name) != value
                and value not in session.options.values()
                and can_be_chosen(value)
            ):
                return f"click[{value}]"
        return "click[buy now]"

    @property
    def query(self) -> str:
        """What to search for."""
        if self._query is None:
            wish = read_wish(self._session.goal.instruction_text)
            values = [value for _, value in wish.options]
            queries = (" ".join((wish.query, wish.kind, *values)), wish.query, self.product.title)
            # Brackets would end the command too early.
            plain = [" ".join(query.replace("[", " ").replace("]", " ").split()) for query in queries]
            self._query = min(plain, key=lambda query: self._page(query))
        return self._query

    def _page(self, query: str) -> int:
        """The page of results that lists the product, ``NOWHERE`` when none does."""
        found = [int(number) for number in self._session.catalogue.search(query.lower())]
        return found.index(self._number) // PAGE_SIZE + 1 if self._number in found else NOWHERE

    def _from_results(self) -> str:
        session = self._session
        label = self.product.asin.lower()
        if label in session.clickables:
            return f"click[{label}]"
        page = self._page(" ".join(session.keywords))
        if self._page(self.query) + 1 < abs(page - session.number):
            return "click[back to search]"
        return "click[next >]" if page > session.number else "click[< prev]"


def can_be_chosen(value: str) -> bool:
    """Whether a click can choose it: not when it is empty, cuts the command short, or names a button."""
    return value not in BUTTONS and parse_action(f"click[{value}]") == ("click", value)


def wanted_choices(product: Product, wanted: Mapping[str, str] | tuple[str, ...]) -> dict[str, str]:
    """The value to choose of each option: the wanted one, or one that the score takes for it.

    Args:
        product: What is to be bought.
        wanted: The goal's options, by name or, in a person's goal, as bare values.
    """
    chosen: dict[str, str] = {}
    pairs = wanted.items() if isinstance(wanted, Mapping) else [("", value) for value in wanted]
    for name, value in pairs:
        free = [(own, one) for own, values in product.options.items() if own not in chosen for one in values]
        exact = [(own, one) for own, one in free if one == value and name in ("", own)]
        goal = (name, value) if name else value
        found = exact or [(own, one) for own, one in free if count_options((one,), (goal,))]
        chosen |= dict(found[:1])
    return chosen
