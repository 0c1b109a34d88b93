"""A product: what the shop knows of it, read from a record of the original product file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DEFAULT_PRICE = 100.0
"""Price of a product whose record names none."""
HIGHEST_PRICE = 1e12
"""A higher one is taken for an error."""


class ShopError(ValueError):
    """A shop cannot be built, opened or read; the message names the file, the place in it and what to do."""


@dataclass(frozen=True, slots=True)
class Product:
    """One product.

    Attributes:
        asin: Its id, at most 10 characters.
        title: Its name.
        description: May be empty.
        bullets: The feature list.
        category: Department, e.g. ``beauty``.
        query: The search that it was found by, lower case: its kind, e.g. ``console tables``.
        product_category: Path of categories joined by `` › ``; may be empty.
        prices: One price, or the two ends of a range (further ones are dropped).
        options: Option name -> values, as they are shown and clicked.
        attributes: What it is said to be, for the reward; never shown.
        price: The price that the reward compares; drawn between the ends of a range.
        title_nouns: Nouns of the title in lower case, repeats kept; for the reward.
    """

    asin: str
    title: str
    description: str
    bullets: tuple[str, ...]
    category: str
    query: str
    product_category: str
    prices: tuple[float, ...]
    options: Mapping[str, tuple[str, ...]]
    attributes: tuple[str, ...]
    price: float
    title_nouns: tuple[str, ...]

    @property
    def price_tag(self) -> str:
        """The price as it is shown: ``$34.0`` or ``$19.99 to $27.99``."""
        return " to ".join(f"${price}" for price in self.prices)

    @property
    def document(self) -> str:
        """What the search engine reads: title, description, first bullet and options."""
        options = ", and ".join(f"{name}: {', '.join(values)}" for name, values in self.options.items())
        first = self.bullets[0] if self.bullets else ""
        return " ".join((self.title, self.description, first, options)).lower()


def read_prices(pricing: object) -> tuple[float, ...]:
    """The prices in a record's ``pricing`` text: one, or the two ends of a range."""
    if not pricing:
        return (DEFAULT_PRICE,)
    pieces = str(pricing).split("$")[1:]
    digits = ["".join(mark for mark in piece if mark in "0123456789.") for piece in pieces]
    return tuple(float(text) for text in digits)[:2]


def read_options(customization: object) -> dict[str, tuple[str, ...]]:
    """Option name -> values, both as they are shown; names without values are dropped."""
    if not isinstance(customization, Mapping):
        return {}
    return {
        str(name).lower(): tuple(_option_value(one) for one in values)
        for name, values in customization.items()
        if values is not None
    }


def read_bullets(small_description: object) -> tuple[str, ...]:
    """The feature list; a bare text is a list of one."""
    if isinstance(small_description, str):
        return (small_description,)
    return tuple(small_description) if isinstance(small_description, Sequence) else ()


def _option_value(record: Mapping[str, Any]) -> str:
    return str(record["value"]).strip().replace("/", " | ").lower()
