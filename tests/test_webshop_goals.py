"""Goals: a plain restatement of the original's rules gives the same, and so do the recorded ones."""

import gzip
import itertools
import json
import random
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from shop_files import HUMAN
from small_shop import ATTRIBUTES, PRICES, RECORDS, goal, record

from skill_gym.webshop.catalogue import Catalogue, build_catalogue
from skill_gym.webshop.goals import ShopGoal
from skill_gym.webshop.product import ShopError, read_options, read_prices

STEPS = [10.0 * step for step in range(1, 100)]


def plain_goals(
    records: list[dict[str, Any]], attributes: dict[str, Any], prices: dict[str, float], human: dict[str, Any]
) -> tuple[dict[str, float], dict[str, list[ShopGoal]]]:
    """Prices and goals as the original makes them, all in memory."""
    dice = random.Random(0)
    drawn = {}
    for one in records:
        ends = read_prices(one["pricing"])
        draw = dice.uniform(*ends) if len(ends) == 2 else ends[0]
        drawn[one["asin"]] = prices.get(one["asin"], draw)
    state = dice.getstate()

    def limit(asin: str) -> tuple[float, str]:
        near = [step for step in STEPS if step > drawn[asin]][:4]
        if len(near) < 2:
            return 1000000, ""
        upper = sorted(dice.sample(near, 2))[1]
        return upper, f", and price lower than {upper:.2f} dollars"

    made: dict[str, list[ShopGoal]] = {"synthetic": [], "human": []}
    for one in records:
        entry = attributes.get(one["asin"], {})
        if "instruction" not in entry:
            continue
        upper, price_text = limit(one["asin"])
        options = read_options(one["customization_options"])
        for values in itertools.product(*(options[name] for name in sorted(options))):
            chosen = dict(zip(sorted(options), values, strict=True))
            text = ", and ".join(f"{name}: {value}" for name, value in chosen.items())
            instruction = entry["instruction"] + (f" with {text}" if text else "") + price_text
            named = tuple(entry["instruction_attributes"])
            made["synthetic"].append(_goal(one, instruction, named, upper, chosen, 0.0))
    count = Counter(name for found in made["synthetic"] for name in found.attributes)
    for number, found in enumerate(made["synthetic"]):
        weight = sum(1.0 / count[name] for name in found.attributes) / len(found.attributes)
        made["synthetic"][number] = ShopGoal(**{**asdict(found), "weight": weight})
    dice.setstate(state)
    for one in records:
        for entry in human.get(one["asin"], []):
            if not entry["instruction_attributes"]:
                continue
            upper, price_text = limit(one["asin"])
            named, chosen_values = tuple(entry["instruction_attributes"]), tuple(entry["instruction_options"])
            text = entry["instruction"].strip(".") + price_text
            made["human"].append(_goal(one, text, named, upper, chosen_values, 1.0))
    for goals in made.values():
        random.Random(233).shuffle(goals)
    return drawn, made


def _goal(one: dict[str, Any], text: str, named: Any, upper: float, options: Any, weight: float) -> ShopGoal:
    return ShopGoal(
        asin=one["asin"],
        category=one["category"],
        query=one["query"].lower().strip(),
        name=one["name"],
        product_category=one["product_category"],
        instruction_text=text,
        attributes=named,
        price_upper=upper,
        goal_options=options,
        weight=weight,
    )


def random_shop(seed: int) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
    """Products with all kinds of prices and options."""
    dice = random.Random(seed)
    words = ["soft", "long sleeve", "vegan", "easy clean", "wood"]
    records, attributes, human = [], {}, {}
    for number in range(60):
        asin = f"B{number:09}"
        price = dice.choice([0.5, 9.99, 10.0, 500.0, 965.0, 975.5, 980.0, 4000.0])
        pricing = dice.choice([f"${price}", f"${price}${price + 20}", "", f"$1,0{number:02}.00"])
        names = dice.sample(["Size", "color", "Style", "fit"], dice.choice([0, 0, 1, 2, 3]))
        options: Any = {name: [{"value": f"v/{n}"} for n in range(dice.randint(0, 4))] for name in names}
        records.append(
            record(
                asin, f"Thing {number}", pricing=pricing, customization_options=options or "", query=" Thing "
            )
        )
        if dice.random() < 0.7:
            named = dice.sample(words, dice.randint(1, 4))
            attributes[asin] = {
                "attributes": words,
                "instruction": f"Find me {' '.join(named)} things",
                "instruction_attributes": named,
            }
        if dice.random() < 0.5:
            entry = {"instruction": f"..thing {number}.", "instruction_options": ["v | 0"]}
            human[asin] = [
                {**entry, "instruction_attributes": ["soft"]},
                {**entry, "instruction_attributes": []},
            ]
    return records, attributes, human


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("priced", [False, True])
def test_goals_and_prices_are_those_of_the_rules(tmp_path: Path, seed: int, priced: bool) -> None:
    records, attributes, human = random_shop(seed)
    prices = {one["asin"]: 15.0 for one in records[::2]} if priced else {}
    drawn, made = plain_goals(records, attributes, prices, human)
    shop = build_catalogue(records, attributes, tmp_path / "shop", human=human, prices=prices, tagger="words")
    assert {shop.product(n).asin: shop.product(n).price for n in range(len(shop))} == drawn
    assert len(made["synthetic"]) > 100
    for kind in ("synthetic", "human"):
        goals = list(shop.goals(kind))
        assert goals == made[kind]
        assert [list(one.goal_options) for one in goals] == [list(one.goal_options) for one in made[kind]]
        numbers = shop.goals(kind).product_numbers
        assert [shop.product(number).asin for number in numbers.tolist()] == [one.asin for one in goals]
        assert [shop.goals(kind).asin(index) for index in range(len(goals))] == [one.asin for one in goals]


@pytest.fixture
def shop(tmp_path: Path) -> Catalogue:
    return build_catalogue(RECORDS, ATTRIBUTES, tmp_path / "shop", human=HUMAN, prices=PRICES, tagger="words")


def test_a_goal_reads_as_the_original_writes_it(shop: Catalogue) -> None:
    shirts = [one for one in shop.goals("synthetic") if one.asin == "B000SHIRT1"]
    limit = shirts[0].price_upper
    assert limit in (40.0, 50.0, 60.0)
    found = next(one for one in shirts if one.goal_options == {"color": "dark red", "size": "s | m"})
    assert found.instruction_text == (
        "Find me machine wash, cotton men's shirts with color: dark red, and size: s | m, "
        f"and price lower than {limit:.2f} dollars"
    )
    assert {one.price_upper for one in shirts} == {limit}
    # Six goals name both attributes, so each has 1 / 6 of each.
    assert [one.weight for one in shirts] == [1 / 6] * 6
    human = {one.asin: one for one in shop.goals("human")}
    assert human["B0000RUG01"].instruction_text.startswith("i want a rug, and price lower than ")
    assert human["B0000RUG01"].goal_options == ("plain",)
    assert human["B0000MUG02"].instruction_text.startswith("a mug")


def test_goals_are_a_sequence(shop: Catalogue) -> None:
    goals = shop.goals("synthetic")
    assert len(goals) == 6 + 6 + 1
    assert goals[-1] == goals[len(goals) - 1]
    assert goals[2:5] == [goals[2], goals[3], goals[4]]
    for outside in (13, -14):
        with pytest.raises(IndexError, match="there are 13"):
            goals[outside]


def test_own_goals_are_kept_as_they_are_and_in_their_order(tmp_path: Path) -> None:
    own = [
        goal("B0000RUG01", instruction_text="first", goal_options={"style": "plain"}, price_upper=7.5),
        goal("B000SHIRT1", instruction_text="second", goal_options=("x", "é"), weight=0.25),
        goal("B0000RUG01", instruction_text="third"),
    ]
    shop = build_catalogue(RECORDS, ATTRIBUTES, tmp_path / "a", human=HUMAN, goals=iter(own), tagger="words")
    assert list(shop.goals("synthetic")) == own
    assert len(shop.goals("human")) == 2
    shop = build_catalogue(
        RECORDS, ATTRIBUTES, tmp_path / "b", goals={"human": own}, tagger="words", source="mine"
    )
    assert list(shop.goals("human")) == own
    assert len(shop.goals("synthetic")) == 13
    assert shop.source == "mine"


def test_a_goal_for_nothing_is_refused(tmp_path: Path) -> None:
    lost = ShopGoal(**{**asdict(goal()), "asin": "B0NOTHING0"})
    with pytest.raises(ShopError, match="B0NOTHING0, which is not sold"):
        build_catalogue(RECORDS, ATTRIBUTES, tmp_path / "shop", goals=[lost], tagger="words")


def test_options_beyond_all_measure_do_not_fill_the_memory(tmp_path: Path) -> None:
    values = [{"value": str(number)} for number in range(1000)]
    records = [record("B000000001", "Mug", customization_options=dict.fromkeys("abcd", values))]
    wanted = {"instruction": "Find me mugs", "instruction_attributes": ["x"], "attributes": ["x"]}
    with pytest.raises(ShopError, match="product number 0 has 1,000,000,000,000 combinations"):
        build_catalogue(records, {"B000000001": wanted}, tmp_path / "shop", tagger="words")


def test_an_option_without_values_gives_no_goal_but_takes_its_draw(tmp_path: Path) -> None:
    empty = record("B0000EMPTY", "Tarn empty shirt", customization_options={"color": []})
    entry = {"attributes": ["soft"], "instruction": "find shirts", "instruction_attributes": ["soft"]}
    shops = []
    for number, options in enumerate(({"color": []}, {"color": [{"value": "red"}]})):
        first = {**empty, "customization_options": options}
        shops.append(
            build_catalogue(
                [first, *RECORDS], {**ATTRIBUTES, "B0000EMPTY": entry}, tmp_path / str(number), tagger="words"
            )
        )
    without, with_value = (
        {(goal.asin, goal.instruction_text) for goal in shop.goals("synthetic")} for shop in shops
    )
    assert {pair for pair in with_value if pair[0] != "B0000EMPTY"} == without
    assert [count for what, count in shops[0].header.repairs.items() if "without values" in what] == [1]


def test_an_unknown_kind_of_goals_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShopError, match="no such kind of goals: mine"):
        build_catalogue(RECORDS, ATTRIBUTES, tmp_path / "shop", goals={"mine": [goal()]})


def test_a_kind_without_goals_is_told(tmp_path: Path) -> None:
    shop = build_catalogue(RECORDS, {}, tmp_path / "shop", tagger="words")
    with pytest.raises(ShopError, match="no human goals; put items_human_ins"):
        shop.goals("human")
    with pytest.raises(ShopError, match="no synthetic goals"):
        shop.goals("synthetic")


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> Path:
    return shared_data / "webshop"


def test_all_recorded_goals_and_prices_are_rebuilt(recorded: Path, tmp_path: Path) -> None:
    def load(name: str) -> Any:
        with gzip.open(recorded / name) as file:
            return json.load(file)

    records, attributes = load("items_shuffle_1000.json.gz"), load("items_ins_v2_1000.json.gz")
    prices = json.loads((recorded / "product_prices.json").read_text())
    wanted = load("goals_6910_seed0_233.json.gz")
    assert len(wanted) == 6910
    for given in ({}, prices):
        shop = build_catalogue(
            records, attributes, tmp_path / f"shop{len(given)}", prices=given, tagger="words"
        )
        assert {shop.product(n).asin: shop.product(n).price for n in range(1000)} == prices
        goals = [{**asdict(one), "attributes": list(one.attributes)} for one in shop.goals("synthetic")]
        assert goals == wanted
