"""Goals: what a shopper is sent for, in the original's order, made from the store as they are asked for."""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from skill_gym.blobs import Blobs, load_array, part_path
from skill_gym.webshop.prices import limit_text
from skill_gym.webshop.product import Product

GoalKind = Literal["synthetic", "human"]
WHOLE = -1
"""In place of a combination's number: the goal is stored as it is."""


@dataclass(frozen=True, slots=True)
class ShopGoal:
    """What to buy.

    Attributes:
        asin: The product that the goal was made from.
        category: Its department.
        query: Its kind.
        name: Its title.
        product_category: Its path of categories.
        instruction_text: The goal as the shopper reads it.
        attributes: What the product must be.
        price_upper: The most that it may cost; 1,000,000 when the text names no price.
        goal_options: Option name -> value; of a human goal the values only.
        weight: How likely the original draws it.
    """

    asin: str
    category: str
    query: str
    name: str
    product_category: str
    instruction_text: str
    attributes: tuple[str, ...]
    price_upper: float
    goal_options: Mapping[str, str] | tuple[str, ...]
    weight: float


class Goals(Sequence[ShopGoal]):
    """The goals of a store, lazily.

    Args:
        path: Where ``GoalWriter`` put them.
        product: Gives a product by its number.
        asin: Gives a product's id by its number, without reading the product.
        source: Hex digits of the content of shop and goals.
    """

    def __init__(
        self, path: Path, product: Callable[[int], Product], asin: Callable[[int], str], source: str
    ) -> None:
        self._instructions, self._product, self._asin = Blobs(path), product, asin
        self.source = source
        self._products: NDArray[np.int32] = load_array(part_path(path, "product"))
        self._instruction: NDArray[np.int32] = load_array(part_path(path, "instruction"))
        self._choice: NDArray[np.int32] = load_array(part_path(path, "choice"))

    @functools.cached_property
    def product_numbers(self) -> NDArray[np.int32]:
        """The product of each goal, by goal index, shape [goal]."""
        return self._products[self._instruction]

    def asin(self, index: int) -> str:
        """The id of the goal's product."""
        return self._asin(int(self._products[self._instruction[index]]))

    def __len__(self) -> int:
        return len(self._instruction)

    @overload
    def __getitem__(self, index: int) -> ShopGoal: ...
    @overload
    def __getitem__(self, index: slice) -> list[ShopGoal]: ...
    def __getitem__(self, index: int | slice) -> ShopGoal | list[ShopGoal]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"no goal {index}; there are {len(self)}, from 0 on")
        number = int(self._instruction[index])
        product = self._product(int(self._products[number]))
        text, attributes, limit, weight, options = json.loads(self._instructions[number])
        choice = int(self._choice[index])
        if choice != WHOLE:
            options = _chosen(product.options, choice)
            text = f"{text}{options_text(options)}{limit_text(limit)}"
        return ShopGoal(
            asin=product.asin,
            category=product.category,
            query=product.query,
            name=product.title,
            product_category=product.product_category,
            instruction_text=text,
            attributes=tuple(attributes),
            price_upper=limit,
            goal_options=options if isinstance(options, dict) else tuple(options),
            weight=weight,
        )


def _chosen(options: Mapping[str, Sequence[str]], choice: int) -> dict[str, str]:
    """The combination of that number: names in sorted order, the last one varies fastest."""
    chosen = {}
    for name in sorted(options, reverse=True):
        choice, place = divmod(choice, len(options[name]))
        chosen[name] = options[name][place]
    return dict(reversed(chosen.items()))


def options_text(options: Mapping[str, str]) -> str:
    """The options as the original's sentence names them, before the price."""
    named = ", and ".join(f"{name}: {value}" for name, value in options.items())
    return f" with {named}" if named else ""
