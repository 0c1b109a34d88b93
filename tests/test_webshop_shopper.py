"""The shopper buys what fits by what it reads; the oracle by what it knows."""

import gzip
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_shop import KITCHEN, SmallShop, goal, record

from skill_gym.webshop.env import MAX_STEPS
from skill_gym.webshop.experts import admissible
from skill_gym.webshop.oracle import Oracle, wanted_choices
from skill_gym.webshop.product import Product, read_bullets, read_options, read_prices
from skill_gym.webshop.session import Session
from skill_gym.webshop.shop_page import FIXED, page_name, prices, read_instruction, read_page
from skill_gym.webshop.shopper import STEPS, Shopper

MUG = "Find me dishwasher safe mugs with large handle with color: green, and price lower than 20.00 dollars"


def offered(values: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    return {"color": [{"value": value} for value in values]}


def shop(*records: dict[str, Any]) -> SmallShop:
    """A shop of mugs only, searched by the words of their titles."""
    made = SmallShop()
    made.products = [product_of(one) for one in records]
    return made


def product_of(found: dict[str, Any]) -> Product:
    asked = read_prices(found["pricing"])
    return Product(
        asin=found["asin"],
        title=found["name"],
        description=found["full_description"],
        bullets=read_bullets(found["small_description"]),
        category="garden",
        query="mugs",
        product_category=KITCHEN,
        prices=asked,
        options=read_options(found["customization_options"]),
        attributes=(),
        price=asked[0],
        title_nouns=("mug",),
    )


PLAIN = record("B000PLAIN1", "Mugs Large Handle", pricing="$9.0", customization_options=offered(["blue"]))
DEAR = record(
    "B0000DEAR1", "Mugs Large Handle Deluxe", pricing="$99.0", customization_options=offered(["green"])
)
CRUDE = record(
    "B000CRUDE1",
    "Mugs Tall",
    pricing="$8.0",
    small_description=["Hand wash only", "Large handle"],
    customization_options=offered(["green", "blue"]),
)
RIGHT = record(
    "B000RIGHT1",
    "Mugs Wide",
    pricing="$9.5",
    small_description=["Dishwasher safe", "With a large handle"],
    customization_options=offered(["blue", "green"]),
)
WANTED = goal("B0000MUG01", instruction_text=MUG, attributes=("dishwasher safe", "large handle"),
              goal_options={"color": "green"}, price_upper=20.0)  # fmt: skip


def visit(
    catalogue: SmallShop, wanted: str = "B000RIGHT1", *, rich: bool = False
) -> tuple[list[str], list[str], Session]:
    """Commands and thoughts until the purchase, and the session after it."""
    session = Session(catalogue, replace(WANTED, asin=wanted), "s")
    shown = lambda: session.text_rich if rich else session.text  # noqa: E731
    shopper = Shopper(shown())
    commands: list[str] = []
    thoughts: list[str] = []
    for _ in range(STEPS):
        commands.append(shopper.command(admissible(session)))
        thoughts.append(shopper.thought)
        _, bought = session.do(commands[-1])
        shopper.observe(commands[-1], shown())
        if bought:
            break
    return commands, thoughts, session


@pytest.mark.parametrize("rich", [False, True])
def test_it_reads_compares_and_buys_the_one_that_fits(rich: bool) -> None:
    commands, thoughts, session = visit(shop(PLAIN, DEAR, CRUDE, RIGHT), rich=rich)
    assert session.won
    assert commands[0].startswith("search[dishwasher safe mugs with large handle with color: green")
    assert "click[b0000dear1]" not in commands
    assert commands[-5:] == [
        "click[b000right1]", "click[features]", "click[< prev]", "click[green]", "click[buy now]"
    ]  # fmt: skip
    assert thoughts[0] == "Wanted: mugs, color: green, below $20. Search for it."
    assert thoughts[-2:] == ["Wanted is color: green. Choose it.", "color: green chosen. Buy it."]
    assert thoughts[commands.index("click[b000plain1]") + 1] == "There is no color: green. Go back."


def test_both_forms_of_text_lead_to_the_same_commands() -> None:
    catalogue = shop(PLAIN, DEAR, CRUDE, RIGHT)
    assert visit(catalogue)[:2] == visit(catalogue, rich=True)[:2]


def test_without_a_fitting_product_it_buys_the_best_that_it_saw_in_time() -> None:
    others = [record(f"B000PLAIN{n}", f"Mugs Plain {n}", pricing="$9.0") for n in range(2, 5)]
    commands, _, session = visit(shop(*others, CRUDE), "B000CRUDE1")
    assert session.page == "done"
    assert session.asin == "B000CRUDE1"
    assert session.options == {"color": "green"}
    assert len(commands) <= STEPS


def test_products_that_look_alike_are_told_apart_by_their_features() -> None:
    wanted = {"fit": [{"value": "wide"}], **offered(["green"])}
    twins = [
        record(f"B000TWIN{n}0", "Mugs Stoneware Set", pricing="$9.0", customization_options=wanted,
               small_description=["Dishwasher safe. Large handle."] if n else ["Hand wash only"])
        for n in (0, 1)
    ]  # fmt: skip
    text = MUG.replace("color: green", "color: green, and fit: wide")
    session = Session(shop(*twins), replace(WANTED, asin="B000TWIN10", instruction_text=text), "s")
    shopper = Shopper(session.text)
    bought = False
    while not bought:
        command = shopper.command(admissible(session))
        _, bought = session.do(command)
        shopper.observe(command, session.text)
    assert session.asin == "B000TWIN10"


def test_a_search_that_finds_nothing_is_made_with_fewer_words() -> None:
    session = Session(shop(), WANTED, "s")
    shopper = Shopper(session.text)
    searches = []
    for _ in range(8):
        command = shopper.command(admissible(session))
        searches += [command] if command.startswith("search") else []
        session.do(command)
        shopper.observe(command, session.text)
    assert searches[1:3] == ["search[mugs]", "search[mug]"]
    assert searches[3] == searches[0]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("rich", [False, True])
def test_after_any_commands_of_others_it_names_an_admissible_one_and_still_buys(
    seed: int, rich: bool
) -> None:
    dice = random.Random(seed)
    session = Session(SmallShop(), goal(instruction_text="Find me cotton shirts with size: s | m"), "s")
    shown = lambda: session.text_rich if rich else session.text  # noqa: E731
    shopper = Shopper(shown())
    for _ in range(6):
        command = dice.choice(
            [*admissible(session), "search[mug]", "foo", "", "click[]", "search[", "click["]
        )
        _, bought = session.do(command)
        if bought:
            return
        shopper.observe(command, shown())
    for _ in range(12):
        command = shopper.command(admissible(session))
        assert command in admissible(session) or command.startswith("search[")
        _, bought = session.do(command)
        shopper.observe(command, shown())
        if bought:
            return
    pytest.fail("it never bought anything")


def test_a_text_that_is_no_page_of_the_shop_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a page of the shop with its instruction"):
        Shopper("You are in the middle of a room.")


def test_pages_are_read_alike_from_both_forms() -> None:
    session = Session(SmallShop(), goal(), "s")
    for command in ("", "search[cotton shirt mug]", "click[b000shirt1]", "click[black]", "click[features]"):
        session.do(command)
        commands = admissible(session)
        plain, rich = (read_page(text, commands) for text in (session.text, session.text_rich))
        assert plain == rich
        assert page_name(session.text) == page_name(session.text_rich) == session.page == plain.name
        assert read_instruction(session.text) == read_instruction(session.text_rich) == "Find me a thing"
        if plain.name == "results":
            assert [card.label for card in plain.cards[:2]] == ["b000shirt1", "b000shirt2"]
            assert prices(plain.cards[0].tag) == (19.5, 24.0)
            assert plain.total == 14
        if plain.name == "item":
            assert plain.options == session.product.options
            assert (plain.title, plain.tag) == (session.product.title, session.product.price_tag)
    assert "Machine wash" in plain.content
    for command in ("click[< prev]", "click[buy now]"):
        session.do(command)
    assert page_name(session.text) == page_name(session.text_rich) == "done"


def test_recorded_pages_are_read_alike_and_whole(shared_data: Path) -> None:
    with gzip.open(shared_data / "webshop" / "traces_200.jsonl.gz") as lines:
        steps = [step for line in lines for step in json.loads(line)["steps"]]
    for step in steps:
        commands = [f"click[{label}]" for label in step["clickables"]]
        page = read_page(step["text"], commands)
        rich = read_page(step["text_rich"], commands)
        # Rich text keeps the white space within a piece.
        assert page.content.split() == rich.content.split()
        assert replace(page, content="") == replace(rich, content="")
        shown = [label for label in step["clickables"] if label not in FIXED]
        if page.name == "results":
            assert [card.label for card in page.cards] == shown
            assert all(card.tag.startswith("$") for card in page.cards)
        elif page.name == "item":
            assert list(dict.fromkeys(value for values in page.options.values() for value in values)) == shown
            assert prices(page.tag)[0] > 0
        else:
            assert not shown


@pytest.mark.parametrize(
    "detour", [(), ("search[mug]",), ("search[mug]", "click[b0000mug02]", "click[features]")]
)
def test_the_oracle_finds_its_way_from_anywhere(detour: tuple[str, ...]) -> None:
    wanted = goal(instruction_text="Find me a thing", goal_options={"size": "s | m", "color": "black"})
    session = Session(SmallShop(), wanted, "s")
    oracle = Oracle(session)
    for command in detour:
        session.do(command)
    for _ in range(10):
        command = oracle.command()
        assert command is not None
        assert command in admissible(session) or command.startswith("search[")
        session.do(command)
        if session.page == "done":
            break
    assert session.won
    assert oracle.command() is None


def test_the_oracle_chooses_the_values_of_both_kinds_of_goals() -> None:
    shirt, rug = SmallShop().products[0], SmallShop().products[2]
    assert wanted_choices(shirt, {"color": "black", "size": "s | m"}) == {"color": "black", "size": "s | m"}
    assert wanted_choices(shirt, ("x-large", "black")) == {"size": "x-large", "color": "black"}
    assert wanted_choices(shirt, ("large",)) == {"size": "x-large"}
    assert wanted_choices(rug, {"style": "plain"}) == {"style": "plain"}


def test_the_shopper_counts_on_as_many_steps_as_an_episode_has():
    assert STEPS == MAX_STEPS
