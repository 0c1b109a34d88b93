"""Products of a generated shop: records of the original product file, and what the reward needs besides."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from skill_gym.dice import Dice
from skill_gym.webshop.kinds import SEPARATOR
from skill_gym.webshop.product import DEFAULT_PRICE, read_options
from skill_gym.webshop.product_lines import Design, Shop, design
from skill_gym.webshop.product_text import Text, tell
from skill_gym.webshop.shop_words import nouns_of

Value = TypeVar("Value")

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ASINS = len(_DIGITS) ** 8


@dataclass(frozen=True, slots=True)
class Made:
    """A generated product.

    Attributes:
        asin: Its id.
        design: What it is.
        text: What its pages say.
        price: The price that the reward compares.
    """

    asin: str
    design: Design
    text: Text
    price: float

    @property
    def record(self) -> dict[str, Any]:
        """As the original product file has it."""
        made = self.design
        options = {
            name.title(): None if values is None else [{"value": value} for value in values]
            for name, values in made.options
        }
        return {
            "name": self.text.title,
            "full_description": self.text.description,
            "pricing": "".join(f"${price}" for price in made.prices),
            "product_category": SEPARATOR.join(made.path),
            "small_description": self.text.bullets,
            "customization_options": options or "",
            "asin": self.asin,
            "category": made.family.category,
            "query": made.kind.query,
        }

    @property
    def attributes(self) -> list[str]:
        """All that it is said to be, named on its pages or not."""
        return [*self.design.traits, *self.design.unread]

    @property
    def nouns(self) -> tuple[str, ...]:
        """Nouns of its title."""
        return nouns_of(self.text.title)

    @property
    def options(self) -> dict[str, tuple[str, ...]]:
        """Option name -> values, as pages show them."""
        return read_options(self.record["customization_options"])


class MadeProducts:
    """The products of a shop one after the other; the latest one is at hand while its record is taken in.

    Args:
        shop: The shop.
        count: Number of products.
    """

    def __init__(self, shop: Shop, count: int) -> None:
        self.shop, self.count = shop, count
        self.latest: Made | None = None
        dice = Dice(f"{shop.seed} asins")
        # Coprime to 36 ** 8, so that no two numbers share an asin.
        self._stride = (dice.below(_ASINS // 24) + _ASINS // 24) * 6 + 1
        self._start = dice.below(_ASINS)

    def make(self, number: int) -> Made:
        """The product of that number, from 0 on."""
        made = design(self.shop, number)
        price = made.prices[0] if made.prices else DEFAULT_PRICE
        if len(made.prices) > 1:
            step = Dice(f"{self.shop.seed} price {number}").below(101)
            price = round(price + (made.prices[1] - price) * step / 100, 2)
        return Made(self.asin(number), made, tell(self.shop, made), price)

    def records(self, see: Callable[[Made], None] = lambda made: None) -> Iterator[dict[str, Any]]:
        """The records in their order; ``see`` is shown each product first."""
        for number in range(self.count):
            self.latest = self.make(number)
            see(self.latest)
            yield self.latest.record

    def asin(self, number: int) -> str:
        """The id of the product of that number."""
        rest = (number * self._stride + self._start) % _ASINS
        digits = []
        for _ in range(8):
            rest, place = divmod(rest, len(_DIGITS))
            digits.append(_DIGITS[place])
        return "B0" + "".join(digits)


class OfLatest(Mapping[str, Value], Generic[Value]):
    """Something of each product by its asin, to be asked for while the product is the latest."""

    def __init__(self, products: MadeProducts, read: Callable[[Made], Value]) -> None:
        self._products, self._read = products, read

    def __getitem__(self, asin: str) -> Value:
        latest = self._products.latest
        if latest is None or latest.asin != asin:
            raise KeyError(asin)
        return self._read(latest)

    def __len__(self) -> int:
        return self._products.count

    def __iter__(self) -> Iterator[str]:
        return map(self._products.asin, range(self._products.count))
