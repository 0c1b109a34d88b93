"""Makes the goals of a shop from the instructions of its files, as the original does, and stores them."""

import hashlib
import itertools
import json
import random
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from skill_gym.blobs import BlobWriter, part_path
from skill_gym.webshop.goals import WHOLE, ShopGoal
from skill_gym.webshop.prices import PriceDraws, limit_text
from skill_gym.webshop.product import Product, ShopError

SHUFFLE_SEED = 233
"""The original's seed of the goals' order."""

_MOST = 100_000_000


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
                if not one.choices:
                    continue
                if one.options is None:
                    weight = sum(1.0 / named[name] for name in one.attributes) / len(one.attributes)
                    record = (one.text, one.attributes, limit, weight, None)
                    self._add(writer, one.product, record, range(one.choices))
                else:
                    text = f"{one.text.strip('.')}{limit_text(limit)}"
                    record_human = (text, one.attributes, limit, 1.0, one.options)
                    self._add(writer, one.product, record_human, (WHOLE,))
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
                self._add(writer, product, record, (WHOLE,))
        self._finish(shuffled=False)

    @property
    def count(self) -> int:
        """Number of goals."""
        return len(self._instruction)

    @property
    def source(self) -> str:
        """8 hex digits of the content of shop and goals."""
        return self._digest.hexdigest()[:8]

    def _add(self, writer: BlobWriter, product: int, record: Sequence[Any], choices: Sequence[int]) -> None:
        if len(self._choice) + len(choices) > _MOST:
            raise ShopError(
                f"more than {_MOST:,} goals: product number {product} has {len(choices):,} combinations of "
                "options; remove its instruction, or some of its options"
            )
        data = json.dumps(record).encode()
        writer.append(data)
        self._digest.update(data)
        self._digest.update(product.to_bytes(4, "little"))
        number = len(self._products)
        self._products.append(product)
        self._choice.extend(choices)
        self._instruction.extend(itertools.repeat(number, len(choices)))

    def _finish(self, *, shuffled: bool) -> None:
        order = array("i", range(self.count))
        if shuffled:
            random.Random(SHUFFLE_SEED).shuffle(order)
        indices = np.asarray(order, dtype=np.int32)
        np.save(part_path(self._path, "product"), np.asarray(self._products, dtype=np.int32))
        np.save(part_path(self._path, "instruction"), np.asarray(self._instruction, dtype=np.int32)[indices])
        np.save(part_path(self._path, "choice"), np.asarray(self._choice, dtype=np.int32)[indices])
