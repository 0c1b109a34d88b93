"""Partitions: the original's, and one in which no product is in two splits."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from skill_gym.webshop.partitions import GOALS_PER_PRODUCT, partition, split_of
from skill_gym.webshop.product import ShopError

SPLITS = ("train", "validation", "test")


class FakeGoals:
    """Goals of products by number."""

    def __init__(self, numbers: list[int]) -> None:
        self.product_numbers = np.array(numbers, dtype=np.int32)

    def asin(self, index: int) -> str:
        return f"B{self.product_numbers[index]:09}"


@pytest.fixture
def goals() -> FakeGoals:
    numbers = np.random.default_rng(0).integers(0, 300, 6000)
    numbers[::3] = 7
    numbers[1::3] = 8
    return FakeGoals(numbers.tolist())


def test_the_official_partition_is_by_index(goals: FakeGoals) -> None:
    bounds = {"test": (0, 500), "validation": (500, 1500), "train": (1500, 6000), "all": (0, 6000)}
    for split, (first, last) in bounds.items():
        assert partition(goals, "official", split).tolist() == list(range(first, last))


def test_no_product_is_in_two_splits(goals: FakeGoals) -> None:
    products = {split: set(goals.product_numbers[partition(goals, split=split)].tolist()) for split in SPLITS}
    assert set.union(*products.values()) == set(goals.product_numbers.tolist())
    assert sum(map(len, products.values())) == len(set(goals.product_numbers.tolist()))
    for split in ("validation", "test"):
        assert 0.1 < len(products[split]) / 300 < 0.3


def test_training_keeps_all_goals_and_the_others_the_first_of_each_product(goals: FakeGoals) -> None:
    numbers = goals.product_numbers.tolist()
    for split in SPLITS:
        wanted, seen = [], dict.fromkeys(numbers, 0)
        for index, number in enumerate(numbers):
            if split_of(goals.asin(index)) == split:
                seen[number] += 1
                if split == "train" or seen[number] <= GOALS_PER_PRODUCT:
                    wanted.append(index)
        found = partition(goals, "product_disjoint", split)
        assert found.dtype == np.int64
        assert found.tolist() == wanted
        assert split == "train" or len(wanted) < sum(seen.values()), "the cap was not tried"


def test_a_product_keeps_its_split_in_every_shop(goals: FakeGoals) -> None:
    """Pinned: a change would put tested products into training."""
    known = {"B000000001": "test", "B000000002": "train", "B000000005": "validation"}
    assert {asin: split_of(asin) for asin in known} == known


def test_what_there_is_not_is_refused(goals: FakeGoals) -> None:
    with pytest.raises(ShopError, match="partition must be one of official, product_disjoint"):
        partition(goals, "random")  # type: ignore[arg-type]
    with pytest.raises(ShopError, match="split must be one of train"):
        partition(goals, split="dev")  # type: ignore[arg-type]
    few = FakeGoals([1] * 13)
    with pytest.raises(ShopError, match="13 goals leaves none for validation; use split='all'"):
        partition(few, "official", "validation")
    with pytest.raises(ShopError, match="leaves none"):
        partition(few, "product_disjoint", "train")


def test_the_figures_of_the_original_shop(shared_data: Path) -> None:
    with gzip.open(shared_data / "webshop" / "goals_6910_seed0_233.json.gz") as file:
        asins = [goal["asin"] for goal in json.load(file)]
    names = sorted(set(asins))

    class Recorded(FakeGoals):
        def asin(self, index: int) -> str:
            return asins[index]

    goals = Recorded([names.index(asin) for asin in asins])

    def figures(name: str) -> dict[str, tuple[int, int]]:
        parts = {split: partition(goals, name, split) for split in SPLITS}  # type: ignore[arg-type]
        return {split: (len(at), len({asins[index] for index in at})) for split, at in parts.items()}

    assert figures("official") == {"train": (5410, 370), "validation": (1000, 182), "test": (500, 146)}
    assert figures("product_disjoint") == {"train": (4013, 239), "validation": (447, 85), "test": (342, 91)}
    tested, trained = (
        {asins[index] for index in partition(goals, "official", split)}  # type: ignore[arg-type]
        for split in ("test", "train")
    )
    assert len(tested & trained) == 125
