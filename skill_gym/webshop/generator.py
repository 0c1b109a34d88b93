"""Shops that need no download: believable products and goals from a seed, kept in the user's cache."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from skill_gym.cache import cache_folder
from skill_gym.webshop.catalogue import Catalogue, Progress, build_catalogue, open_cached
from skill_gym.webshop.generated_goals import GoalDraw
from skill_gym.webshop.made_products import MadeProducts, OfLatest
from skill_gym.webshop.product_lines import KindsOffered, Shop
from skill_gym.webshop.store_header import FORMAT

__all__ = [
    "GENERATED_SPLITS",
    "VERSION",
    "GeneratorConfig",
    "build_generated",
    "generated_catalogue",
    "raw_products",
]

VERSION = "v1"
"""Raised whenever the same seed would give another shop, so that task keys never lie."""

GENERATED_SPLITS = ("generated", "generated_validation", "generated_test")
"""Training, validation and test: three shops with no product in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorConfig:
    """Settings of a generated shop.

    A product depends on the split, the seed and its number only, so a larger shop begins with the same ones.

    Attributes:
        products: Number of products, 1 to 10,000,000.
        goals: Most goals, synthetic and human ones each; 1,000 products have enough for 1,000.
        goals_per_product: Most goals of a kind for one product.
        seed: Another seed gives another shop.
        kinds: ``all`` kinds of products; or ``usual``, four of five, to train on, and ``held_out``, the
            others, to test what holds for kinds never met.
    """

    products: int = 1000
    goals: int = 1000
    goals_per_product: int = 5
    seed: int = 0
    kinds: KindsOffered = "all"

    def __post_init__(self) -> None:
        for name, lowest, highest in (
            ("products", 1, 10_000_000),
            ("goals", 1, 10_000_000),
            ("goals_per_product", 1, 1000),
            ("seed", 0, 10**9 - 1),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
                raise ValueError(f"{name} must be an integer from {lowest} to {highest}, got {value!r}")
        if self.kinds not in get_args(KindsOffered):
            raise ValueError(f"kinds must be one of {', '.join(get_args(KindsOffered))}, got {self.kinds!r}")


def raw_products(config: GeneratorConfig, split: str = "generated") -> Iterator[dict[str, Any]]:
    """The products of a split's shop as records of the original product file.

    Raises:
        ValueError: Unknown split.
    """
    return MadeProducts(_shop(split, config), config.products).records()


def generated_catalogue(split: str = "generated", config: GeneratorConfig | None = None) -> Catalogue:
    """Opens the shop of a split; it is made once and kept in the user's cache folder.

    Args:
        split: One of ``GENERATED_SPLITS``.
        config: Settings, None for the default ones.

    Raises:
        ValueError: Unknown split.
    """
    config = config or GeneratorConfig()
    digest = hashlib.sha256(json.dumps([_shop(split, config), asdict(config)]).encode()).hexdigest()[:8]
    folder = cache_folder("webshop") / f"{split}-{config.products}-{digest}-{FORMAT}"

    def build(partial: Path) -> None:
        build_generated(partial, split, config)

    return open_cached(folder, build)


def build_generated(
    folder: str | Path,
    split: str = "generated",
    config: GeneratorConfig | None = None,
    *,
    progress: Progress | None = None,
) -> Catalogue:
    """Builds the shop of a split in a new folder of the caller's choice, in bounded memory.

    Raises:
        ValueError: Unknown split, or the folder is not empty (``ShopError``).
    """
    config = config or GeneratorConfig()
    shop = _shop(split, config)
    products = MadeProducts(shop, config.products)
    draw = GoalDraw(shop, config.goals, config.goals_per_product)
    return build_catalogue(
        products.records(draw.see),
        OfLatest(products, lambda made: {"attributes": made.attributes}),
        folder,
        prices=OfLatest(products, lambda made: made.price),
        nouns=OfLatest(products, lambda made: made.nouns),
        goals={"synthetic": draw.synthetic(), "human": draw.human()},
        progress=progress,
    )


def _shop(split: str, config: GeneratorConfig) -> Shop:
    """The shop of a split."""
    if split not in GENERATED_SPLITS:
        raise ValueError(f"unknown split {split!r}; the generated ones are {', '.join(GENERATED_SPLITS)}")
    return Shop(f"webshop {VERSION} {split} {config.seed}", config.kinds)
