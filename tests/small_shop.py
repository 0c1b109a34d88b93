"""A shop small enough to be read, its records in the original's form: shirts, a rug, mugs and an oddity."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skill_gym.webshop.goals import ShopGoal
from skill_gym.webshop.product import Product, read_bullets, read_options, read_prices

CLOTHES = "Clothing, Shoes & Jewelry › Men › Shirts"
KITCHEN = "Home & Kitchen › Kitchen & Dining › Mugs"


def record(asin: str, name: str, **fields: Any) -> dict[str, Any]:
    """A record of the original product file."""
    return {
        "asin": asin,
        "name": name,
        "full_description": "",
        "pricing": "$10.0",
        "images": [],
        "product_category": KITCHEN,
        "average_rating": "",
        "small_description": [],
        "customization_options": "",
        "category": "garden",
        "query": "mugs",
        "page": 1,
        **fields,
    }


RECORDS: list[dict[str, Any]] = [
    record(
        "B000SHIRT1",
        "Tarn Men's Cotton Shirt",
        full_description=" A soft shirt.\nMade to last. ",
        pricing="$19.5$24.0",
        product_category=CLOTHES,
        small_description=["Machine wash", "", "Long sleeve"],
        customization_options={
            "Color": [{"value": "Dark Red", "image": "x"}, {"value": "black"}],
            "Size": [{"value": " S/M "}, {"value": "x-large"}, {"value": '12" café'}],
            "Fit": None,
        },
        category="fashion",
        query="Men's Shirts",
    ),
    record("B000SHIRT2", "Fell Men's Linen Shirt", product_category=CLOTHES, query="men's shirts"),
    record(
        "B0000RUG01",
        "Oval Rug",
        pricing="",
        product_category="",
        small_description="Washable",
        customization_options={
            "style": [{"value": "plain"}, {"value": "reviews"}],
            "weave": [{"value": "plain"}, {"value": "attributes"}, {"value": "next >"}],
        },
        query="rugs",
    ),
    *(record(f"B0000MUG{n:02}", f"Stoneware Mug No {n}") for n in range(1, 13)),
]
ATTRIBUTES = {
    "B000SHIRT1": {
        "attributes": ["machine wash", "cotton"],
        "instruction": "Find me machine wash, cotton men's shirts",
        "instruction_attributes": ["machine wash", "cotton"],
    },
    "B0000RUG01": {
        "attributes": ["washable"],
        "instruction": "Find me washable rugs",
        "instruction_attributes": ["washable"],
    },
    "B0000MUG01": {
        "attributes": ["stoneware"],
        "instruction": "Find me stoneware mugs",
        "instruction_attributes": ["stoneware"],
    },
}
PRICES = {str(one["asin"]): 21.0 if one["asin"] == "B000SHIRT1" else 10.0 for one in RECORDS}
NOUNS = {
    "B000SHIRT1": ("tarn", "men", "cotton", "shirt"),
    "B000SHIRT2": ("fell", "men", "linen", "shirt"),
    "B0000RUG01": ("rug",),
}


def product(found: Mapping[str, Any]) -> Product:
    """The product of a record."""
    asin = found["asin"]
    return Product(
        asin=asin,
        title=found["name"],
        description=found["full_description"],
        bullets=read_bullets(found["small_description"]),
        category=found["category"],
        query=found["query"].lower(),
        product_category=found["product_category"],
        prices=read_prices(found["pricing"]),
        options=read_options(found["customization_options"]),
        attributes=tuple(ATTRIBUTES.get(asin, {"attributes": []})["attributes"]),
        price=PRICES[asin],
        title_nouns=NOUNS.get(asin, ("stoneware", "mug", "no")),
    )


class SmallShop:
    """A catalogue whose search counts the words of a query that stand in a title."""

    def __init__(self) -> None:
        self.products = [product(one) for one in RECORDS]
        self.queries: list[str] = []

    def product(self, number: int) -> Product:
        return self.products[number]

    def number(self, asin: str) -> int | None:
        found = [number for number, one in enumerate(self.products) if one.asin == asin]
        return found[0] if found else None

    def card(self, number: int) -> tuple[str, str, str]:
        one = self.products[number]
        return one.asin, one.title, one.price_tag

    def search(self, query: str) -> Sequence[int]:
        self.queries.append(query)
        words = query.split()
        hits = [sum(word in one.title.lower().split() for word in words) for one in self.products]
        return [number for number in sorted(range(len(hits)), key=lambda one: -hits[one]) if hits[number]]


def goal(asin: str = "B000SHIRT1", **fields: Any) -> ShopGoal:
    """A goal for a product; unless told otherwise with its attributes and without options."""
    wanted = next(product(one) for one in RECORDS if one["asin"] == asin)
    whole = {
        "asin": asin,
        "category": wanted.category,
        "query": wanted.query,
        "name": wanted.title,
        "product_category": wanted.product_category,
        "instruction_text": "Find me a thing",
        "attributes": wanted.attributes,
        "price_upper": 30.0,
        "goal_options": {},
        "weight": 1.0,
    }
    return ShopGoal(**{**whole, **fields})


HUMAN = {
    "B000SHIRT1": [
        {
            "asin": "B000SHIRT1",
            "instruction": "i want a black cotton shirt.",
            "attributes": ["cotton"],
            "options": ["color: black"],
            "instruction_attributes": ["cotton"],
            "instruction_options": ["black"],
        }
    ]
}


def write_files(folder: Path) -> Path:
    """Writes the shop as the original's files; 13 synthetic goals and one human one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("items_shuffle", RECORDS),
        ("items_ins_v2", ATTRIBUTES),
        ("items_human_ins", HUMAN),
        ("product_prices", PRICES),
        ("title_nouns", {one.asin: one.title_nouns for one in map(product, RECORDS)}),
    ):
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder
