"""From a record of the original product file to a ``Product``, and a product's compact form in the store."""

import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from skill_gym.webshop.product import (
    DEFAULT_PRICE,
    HIGHEST_PRICE,
    Product,
    read_bullets,
    read_options,
    read_prices,
)

LONGEST_ASIN = 10
"""A longer id is none: the original leaves such records out."""
NO_ATTRIBUTES = ("[DUMMY_ATTR]",)
"""Attributes of a product that the attribute file does not name."""

_FASTEST = 1


class Repairs:
    """Counts what could not be taken as it stood, so that nothing is lost in silence."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add(self, what: str) -> None:
        """Counts one."""
        self.counts[what] += 1


def record_asin(record: object, repairs: Repairs) -> str | None:
    """The record's id; None when the original would leave it out, or when it is no product."""
    asin = record.get("asin") if isinstance(record, Mapping) else None
    if not isinstance(asin, str) or not asin or "\0" in asin:
        repairs.add("records without an asin, left out")
        return None
    if asin == "nan" or len(asin) > LONGEST_ASIN:
        repairs.add("records whose asin is 'nan' or too long, left out")
        return None
    return asin


def read_product(record: Mapping[str, Any], attributes: object, repairs: Repairs) -> Product:
    """The product of a record, without its title nouns; the reward price is the first price.

    Args:
        record: Element of the original product file.
        attributes: The product's entry in the attribute file, None when there is none.
        repairs: Counts what had to be mended.
    """
    title = record.get("name")
    if not isinstance(title, str) or not title:
        repairs.add("products without a title, kept with an empty one")
        title = ""
    prices = _prices(record.get("pricing"), repairs)
    return Product(
        asin=str(record["asin"]),
        title=title,
        description=_text(record.get("full_description")),
        bullets=tuple(str(bullet) for bullet in read_bullets(record.get("small_description"))),
        category=_text(record.get("category")),
        query=_text(record.get("query")).lower().strip(),
        product_category=_text(record.get("product_category")),
        prices=prices,
        options=_options(record.get("customization_options"), repairs),
        attributes=_attributes(attributes),
        price=prices[0],
        title_nouns=(),
    )


def pack_card(product: Product) -> bytes:
    """What a results page shows of a product."""
    return _encode(f"{product.price_tag}\t{product.title}")


def unpack_card(data: bytes) -> tuple[str, str]:
    """Title and price tag."""
    tag, _, title = _decode(data).partition("\t")
    return title, tag


def content(product: Product) -> bytes:
    """All that makes the product what it is, but for the nouns of its title, which depend on the tagger."""
    fields = (product.asin, product.title, *_fields(replace(product, title_nouns=())))
    return _encode(json.dumps(fields, ensure_ascii=False, separators=(",", ":")))


def pack_details(product: Product) -> bytes:
    """Everything but asin and title."""
    text = json.dumps(_fields(product), ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(_encode(text), _FASTEST)


def unpack_product(asin: str, card: bytes, details: bytes) -> Product:
    """The product whose parts were packed."""
    title, _ = unpack_card(card)
    found = json.loads(_decode(zlib.decompress(details)))
    description, bullets, category, query, path, prices, options, attributes, nouns, price = found
    return Product(
        asin=asin,
        title=title,
        description=description,
        bullets=tuple(bullets),
        category=category,
        query=query,
        product_category=path,
        prices=tuple(prices),
        options={name: tuple(values) for name, values in options.items()},
        attributes=tuple(attributes),
        price=price,
        title_nouns=tuple(nouns),
    )


def _fields(product: Product) -> tuple[Any, ...]:
    return (
        product.description,
        product.bullets,
        product.category,
        product.query,
        product.product_category,
        product.prices,
        dict(product.options),
        product.attributes,
        product.title_nouns,
        product.price,
    )


def _prices(pricing: object, repairs: Repairs) -> tuple[float, ...]:
    try:
        prices = read_prices(pricing)
    except ValueError:
        prices = ()
    if not prices or max(prices) > HIGHEST_PRICE:
        repairs.add(f"products with an unreadable price, sold for ${DEFAULT_PRICE}")
        return (DEFAULT_PRICE,)
    return prices


def _options(customization: object, repairs: Repairs) -> dict[str, tuple[str, ...]]:
    try:
        return read_options(customization)
    except (KeyError, TypeError, AttributeError):
        repairs.add("products with unreadable options, sold without")
        return {}


def _attributes(entry: object) -> tuple[str, ...]:
    named = entry.get("attributes") if isinstance(entry, Mapping) else None
    return texts(named) if named is not None else NO_ATTRIBUTES


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list; a bare text is a list of one, and anything else is empty."""
    if isinstance(value, str):
        return (value,)
    return tuple(str(one) for one in value) if isinstance(value, Sequence) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _encode(text: str) -> bytes:
    # Scraped text may hold half of a surrogate pair, which strict UTF-8 refuses.
    return text.encode("utf-8", "surrogatepass")


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
