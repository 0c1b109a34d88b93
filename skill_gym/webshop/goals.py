"""Goals: what a shopper is sent for, in the original's order, made from the store as they are asked for."""

import functools
import hashlib
import itertools
import json
import random
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from skill_gym.webshop.blobs import Blobs, BlobWriter, load_array
from skill_gym.webshop.prices import PriceDraws, limit_text
from skill_gym.webshop.product import Product, ShopError

GoalKind = Literal["synthetic", "human"]
SHUFFLE_SEED = 233
"""The original's seed of the goals' order."""

_WHOLE = -1
_MOST = 100_000_000


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
        self._products: NDArray[np.int32] = load_array(_part(path, "product"))
        self._instruction: NDArray[np.int32] = load_array(_part(path, "instruction"))
        self._choice: NDArray[np.int32] = load_array(_part(path, "choice"))

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
        if choice != _WHOLE:
            options = _chosen(product.options, choice)
            text = f"{text}{_options_text(options)}{limit_text(limit)}"
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


class Instruction(NamedTuple):
    """An instruction as the original files have it.

    Attributes:
        product: Number of its product.
        text: The sentence, without options and price.
        attributes: What the sentence names; not empty.
        price: The product's price, for the limit.
        choices: Number of goals that it becomes: one for each combination of the product's options.
        options: Values that a human instruction names; None when the goals run over all combinations.
    """

    product: int
    text: str
    attributes: tuple[str, ...]
    price: float
    choices: int
    options: tuple[str, ...] | None = None


def combinations(product: Product) -> int:
    """How many ways there are to choose a value for each option of a product."""
    count = 1
    for values in product.options.values():
        count *= len(values)
    return count


class GoalWriter:
    """Writes the goals of one kind: ``<path>.blob`` and arrays beside it.

    Args:
        path: Where to.
        products: Digest of the products; the goals are added to a copy of it.
    """

    def __init__(self, path: Path, products: "hashlib._Hash") -> None:
        self._path, self._digest = path, products.copy()
        self._products, self._instruction, self._choice = array("i"), array("i"), array("i")

    def draw(self, instructions: Callable[[], Iterable[Instruction]], draws: PriceDraws) -> None:
        """Makes the goals of the original: limits drawn, weights counted, order shuffled.

        Args:
            instructions: Gives the instructions in the order of the products; called twice.
            draws: The stream, after all range prices.
        """
        named: Counter[str] = Counter()
        for one in instructions():
            for attribute in one.attributes:
                named[attribute] += one.choices
        with BlobWriter(self._path) as writer:
            for one in instructions():
                limit = draws.limit(one.price)
                if one.options is None:
                    weight = sum(1.0 / named[name] for name in one.attributes) / len(one.attributes)
                    record = (one.text, one.attributes, limit, weight, None)
                    self._add(writer, one.product, record, range(one.choices))
                else:
                    text = f"{one.text.strip('.')}{limit_text(limit)}"
                    record_human = (text, one.attributes, limit, 1.0, one.options)
                    self._add(writer, one.product, record_human, (_WHOLE,))
        self._finish(shuffled=True)

    def keep(self, goals: Iterable[ShopGoal], number: Callable[[str], int | None]) -> None:
        """Stores goals as they are, in their order."""
        with BlobWriter(self._path) as writer:
            for goal in goals:
                product = number(goal.asin)
                if product is None:
                    raise ShopError(f"goal {goal.instruction_text!r} is for {goal.asin}, which is not sold")
                options = goal.goal_options
                plain = dict(options) if isinstance(options, Mapping) else options
                record = (goal.instruction_text, goal.attributes, goal.price_upper, goal.weight, plain)
                self._add(writer, product, record, (_WHOLE,))
        self._finish(shuffled=False)

    @property
    def count(self) -> int:
        """Number of goals."""
        return len(self._instruction)

    @property
    def source(self) -> str:
        """8 hex digits of the content of shop and goals."""
        return self._digest.hexdigest()[:8]

    def _add(self, writer: BlobWriter, product: int, record: Sequence[Any], choices: Iterable[int]) -> None:
        data = json.dumps(record).encode()
        writer.append(data)
        self._digest.update(data)
        self._digest.update(product.to_bytes(4, "little"))
        number = len(self._products)
        self._products.append(product)
        before = len(self._choice)
        self._choice.extend(choices)
        if len(self._choice) > _MOST:
            raise ShopError(f"more than {_MOST:,} goals; a product has too many combinations of options")
        self._instruction.extend(itertools.repeat(number, len(self._choice) - before))

    def _finish(self, *, shuffled: bool) -> None:
        order = array("i", range(self.count))
        if shuffled:
            random.Random(SHUFFLE_SEED).shuffle(order)
        indices = np.asarray(order, dtype=np.int32)
        np.save(_part(self._path, "product"), np.asarray(self._products, dtype=np.int32))
        np.save(_part(self._path, "instruction"), np.asarray(self._instruction, dtype=np.int32)[indices])
        np.save(_part(self._path, "choice"), np.asarray(self._choice, dtype=np.int32)[indices])


def _chosen(options: Mapping[str, Sequence[str]], choice: int) -> dict[str, str]:
    """The combination of that number: names in sorted order, the last one varies fastest."""
    chosen = {}
    for name in sorted(options, reverse=True):
        choice, place = divmod(choice, len(options[name]))
        chosen[name] = options[name][place]
    return dict(reversed(chosen.items()))


def _options_text(options: Mapping[str, str]) -> str:
    named = ", and ".join(f"{name}: {value}" for name, value in options.items())
    return f" with {named}" if named else ""


def _part(path: Path, name: str) -> Path:
    return path.with_name(f"{path.name}_{name}.npy")
