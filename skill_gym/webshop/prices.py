"""The draws that the original takes at loading: prices of price ranges, then the limits of the goals."""

import random
from collections.abc import Sequence
from typing import Any

PRICE_SEED = 0
"""The original draws from an unseeded generator; the recorded prices and goals were drawn from this seed."""
NO_LIMIT = 1_000_000
"""Price limit of a goal that names none."""
STEPS = tuple(10.0 * step for step in range(1, 100))
"""Prices that a goal may name as its limit."""
NEAREST = 4
"""Only so many steps above the product's price are drawn from."""


def steps_above(price: float) -> list[float]:
    """The steps that a limit for a product of this price is drawn from; fewer near the top."""
    return [step for step in STEPS if step > price][:NEAREST]


class PriceDraws:
    """The one stream of draws; the order of its calls is the original's: all prices, then all limits."""

    def __init__(self, state: Any = None) -> None:
        self._dice = random.Random(PRICE_SEED)
        if state is not None:
            self._dice.setstate(state)

    @property
    def state(self) -> Any:
        """Where the stream stands; a stream begun from it goes on from here."""
        return self._dice.getstate()

    def price(self, prices: Sequence[float]) -> float:
        """The price that the reward compares: the only one, or a draw between the ends of the range."""
        return prices[0] if len(prices) == 1 else self._dice.uniform(prices[0], prices[1])

    def limit(self, price: float) -> float:
        """The price that a goal allows for a product of this price; ``NO_LIMIT`` near the top."""
        near = steps_above(price)
        return max(self._dice.sample(near, 2)) if len(near) > 1 else NO_LIMIT


def limit_text(limit: float) -> str:
    """The limit as a goal's sentence ends with it."""
    return "" if limit == NO_LIMIT else f", and price lower than {limit:.2f} dollars"
