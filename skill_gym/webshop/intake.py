"""Takes the records of a shop in: one pass that writes what is shown and sets the instructions aside."""

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from skill_gym.blobs import BlobWriter
from skill_gym.webshop.goal_writer import Instruction, combinations
from skill_gym.webshop.prices import PriceDraws
from skill_gym.webshop.product import HIGHEST_PRICE, Product
from skill_gym.webshop.product_record import (
    Repairs,
    content,
    pack_card,
    pack_details,
    read_product,
    record_asin,
    texts,
)
from skill_gym.webshop.title_nouns import NounFinder, NounSource, noun_finder

BATCH = 1000
"""Products whose titles are tagged at a time."""


@dataclass(frozen=True, slots=True)
class Spool:
    """Instructions in a temporary file, in the order of the products."""

    path: Path

    def __call__(self) -> Iterator[Instruction]:
        """Reads them."""
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                product, text, attributes, price, choices, options = json.loads(line)
                chosen = None if options is None else tuple(options)
                yield Instruction(product, text, tuple(attributes), price, choices, chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Companions:
    """What belongs to the product records, by asin.

    Attributes:
        attributes: Entries with ``attributes`` and, of some, ``instruction`` and ``instruction_attributes``.
        human: Lists of human instructions.
        prices: Reward prices; a price range without one is drawn.
        nouns: Title nouns; a title without them is tagged.
    """

    attributes: Mapping[str, Any]
    human: Mapping[str, Any]
    prices: Mapping[str, float]
    nouns: Mapping[str, Sequence[str]]


class Intake:
    """Reads the records once.

    Each mapping is asked for an asin just after its record was read, so that one which knows only the
    latest record will do.

    Args:
        companions: What belongs to the records.
        tagger: Finds the nouns of titles that ``companions.nouns`` does not name.
        scratch: A folder for the instructions.
    """

    def __init__(self, companions: Companions, tagger: NounSource, scratch: Path) -> None:
        self._with, self._tagger_name = companions, tagger
        self._tagger: NounFinder | None = None
        self.synthetic, self.human = Spool(scratch / "synthetic"), Spool(scratch / "human")
        self.draws, self.repairs, self.digest = PriceDraws(), Repairs(), hashlib.sha256()
        self.nouns_from: Counter[str] = Counter()
        self.prices_from: Counter[str] = Counter()
        self.numbers: dict[str, int] = {}

    def write(self, records: Iterable[Any], cards: Path, details: Path, done: Callable[[int], None]) -> None:
        """Writes the products' cards and details; ``numbers`` then holds the asins in order."""
        with (
            BlobWriter(cards) as card_writer,
            BlobWriter(details) as detail_writer,
            self.synthetic.path.open("w", encoding="utf-8") as synthetic,
            self.human.path.open("w", encoding="utf-8") as human,
        ):
            products = self._products(records, synthetic, human)
            while batch := list(itertools.islice(products, BATCH)):
                for product in self._tagged(batch):
                    card_writer.append(pack_card(product))
                    detail_writer.append(pack_details(product))
                done(len(self.numbers))

    def _products(
        self, records: Iterable[Any], synthetic: TextIO, human: TextIO
    ) -> Iterator[tuple[Product, object]]:
        """Each product with the title nouns that were given for it, or None."""
        for record in records:
            asin = record_asin(record, self.repairs)
            if asin is None:
                continue
            if asin in self.numbers:
                self.repairs.add("records whose asin came before, left out")
                continue
            number = self.numbers[asin] = len(self.numbers)
            entry = self._with.attributes.get(asin)
            product = read_product(record, entry, self.repairs)
            product = replace(product, price=self._price(product))
            self.digest.update(content(product))
            for one in self._synthetic(number, product, entry):
                synthetic.write(json.dumps(one) + "\n")
            for one in self._from_people(number, product):
                human.write(json.dumps(one) + "\n")
            yield product, self._with.nouns.get(asin)

    def _price(self, product: Product) -> float:
        given = self._with.prices.get(product.asin)
        ranged = len(product.prices) > 1
        # The draw is taken even when the price is known: the limits of the goals are drawn after it.
        drawn = self.draws.price(product.prices)
        if given is not None and not _is_price(given):
            self.repairs.add("reward prices that are no amount of money, left out")
            given = None
        if ranged:
            self.prices_from["drawn" if given is None else "given"] += 1
        return drawn if given is None else float(given)

    def _synthetic(self, number: int, product: Product, entry: object) -> Iterator[Instruction]:
        text = entry.get("instruction") if isinstance(entry, Mapping) else None
        if not isinstance(entry, Mapping) or not isinstance(text, str):
            return
        attributes = texts(entry.get("instruction_attributes"))
        if not attributes:
            self.repairs.add("instructions without attributes, left out")
            return
        choices = combinations(product)
        if not choices:
            self.repairs.add("instructions for a product with an option without values, which give no goal")
        yield Instruction(number, text, attributes, product.price, choices)

    def _from_people(self, number: int, product: Product) -> Iterator[Instruction]:
        found = self._with.human.get(product.asin)
        for entry in found if isinstance(found, list) else ():
            text = entry.get("instruction") if isinstance(entry, Mapping) else None
            if not isinstance(entry, Mapping) or not isinstance(text, str):
                self.repairs.add("human instructions without a text, left out")
                continue
            attributes = texts(entry.get("instruction_attributes"))
            if not attributes:
                self.repairs.add("human instructions without attributes, left out")
                continue
            options = texts(entry.get("instruction_options"))
            yield Instruction(number, text, attributes, product.price, 1, options)

    def _tagged(self, batch: Sequence[tuple[Product, object]]) -> Iterator[Product]:
        unknown = [product.title for product, nouns in batch if nouns is None]
        found = iter(self._tag(unknown))
        self.nouns_from["given"] += len(batch) - len(unknown)
        for product, nouns in batch:
            yield replace(product, title_nouns=next(found) if nouns is None else texts(nouns))

    def _tag(self, titles: Sequence[str]) -> list[tuple[str, ...]]:
        if not titles:
            return []
        if self._tagger is None:
            self._tagger = noun_finder(self._tagger_name)
        self.nouns_from[self._tagger.name] += len(titles)
        return self._tagger.nouns(titles)


def _is_price(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given <= HIGHEST_PRICE
