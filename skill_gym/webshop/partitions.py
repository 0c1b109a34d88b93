"""Which goals are for training, which for validation and which for testing."""

import hashlib
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from skill_gym.webshop.product import ShopError

PartitionName = Literal["official", "product_disjoint"]
SplitName = Literal["train", "validation", "test", "all"]

OFFICIAL_TEST, OFFICIAL_VALIDATION = 500, 1000
"""The original's first goals are for testing, the next for validation."""
SHARE = 0.2
"""Share of the products that go to validation, and to testing."""
GOALS_PER_PRODUCT = 10
"""A product has at most so many goals in validation and testing; one of the original's has 558 of 6,910."""

# Of the first few numbers, the one that shares the original's 1,000 products out most evenly.
_SEED = b"product_disjoint 10 "


class GoalsOfProducts(Protocol):
    """What a partition needs to know of the goals."""

    @property
    def product_numbers(self) -> NDArray[np.int32]:
        """The product of each goal, by goal index."""
        ...

    def asin(self, index: int) -> str:
        """The id of the product of the goal of that index."""
        ...


def partition(
    goals: GoalsOfProducts, name: PartitionName = "product_disjoint", split: SplitName = "train"
) -> NDArray[np.int64]:
    """Indices of the goals of a split, ascending.

    ``official`` is the original's: goals 0-499 test, 500-1,499 validation, the rest training. It is not
    disjoint in products: in the shop of 1,000 products, 125 of the 146 products tested are trained on.

    ``product_disjoint`` puts a product, with all its goals, into one split only. The split follows from the
    product's id, so that a product is in the same one in every shop that sells it, and of either kind of
    goal. Training keeps all goals of a product; validation and testing the first ``GOALS_PER_PRODUCT``
    (the order of goals is shuffled), so that few products with many options do not decide the result.

    Raises:
        ShopError: An unknown name, or the split is empty.
    """
    if name not in get_args(PartitionName):
        raise ShopError(f"partition must be one of {', '.join(get_args(PartitionName))}, got {name!r}")
    if split not in get_args(SplitName):
        raise ShopError(f"split must be one of {', '.join(get_args(SplitName))}, got {split!r}")
    numbers = goals.product_numbers
    if split == "all":
        return np.arange(len(numbers), dtype=np.int64)
    indices = _official(len(numbers), split) if name == "official" else _disjoint(goals, numbers, split)
    if not len(indices):
        raise ShopError(
            f"the {name} partition of {len(numbers)} goals leaves none for {split}; use split='all'"
        )
    return indices


def split_of(asin: str) -> SplitName:
    """The split of a product in the ``product_disjoint`` partition."""
    place = int.from_bytes(hashlib.sha256(_SEED + asin.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    share = place / 2**64
    return "test" if share < SHARE else "validation" if share < 2 * SHARE else "train"


def _official(count: int, split: SplitName) -> NDArray[np.int64]:
    bounds = {
        "test": (0, OFFICIAL_TEST),
        "validation": (OFFICIAL_TEST, OFFICIAL_TEST + OFFICIAL_VALIDATION),
        "train": (OFFICIAL_TEST + OFFICIAL_VALIDATION, count),
    }
    return np.arange(count, dtype=np.int64)[slice(*bounds[split])]


def _disjoint(goals: GoalsOfProducts, numbers: NDArray[np.int32], split: SplitName) -> NDArray[np.int64]:
    _, first, product = np.unique(numbers, return_index=True, return_inverse=True)
    mine = np.array([split_of(goals.asin(int(index))) == split for index in first], dtype=bool)
    indices = np.flatnonzero(mine[product])
    return indices if split == "train" else indices[_rank(product[indices]) < GOALS_PER_PRODUCT]


def _rank(products: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many goals of the same product come before each goal."""
    order = np.argsort(products, kind="stable")
    ordered = products[order]
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else order
    lengths = np.diff(np.r_[begins, len(ordered)])
    rank = np.empty(len(products), dtype=np.int64)
    rank[order] = np.arange(len(ordered)) - np.repeat(begins, lengths)
    return rank
