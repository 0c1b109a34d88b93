"""The catalogue: built once from files or records, opened in no time, and plain about what it cannot read."""

import copy
import json
import logging
import multiprocessing
import os
import pickle
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shop_files import HUMAN, write_files
from small_shop import ATTRIBUTES, PRICES, RECORDS, product, record

from skill_gym.webshop import store_header
from skill_gym.webshop.catalogue import (
    Catalogue,
    _opened,
    build_catalogue,
    cached_folder,
    open_catalogue,
    open_store,
)
from skill_gym.webshop.generator import GeneratorConfig, generated_catalogue
from skill_gym.webshop.product import ShopError
from skill_gym.webshop.raw_files import find_raw_files
from skill_gym.webshop.store_header import HEADER


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "skill-gym" / "webshop"


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    return write_files(tmp_path / "originals", product_prices=PRICES)


def small(folder: Path, records: Any = RECORDS, attributes: Any = ATTRIBUTES, **more: Any) -> Catalogue:
    return build_catalogue(records, attributes, folder, tagger="words", **more)


def test_products_come_back_as_the_records_have_them(tmp_path: Path) -> None:
    shop = small(tmp_path / "shop", prices=PRICES)
    assert len(shop) == len(RECORDS)
    for number, one in enumerate(RECORDS):
        wanted = product(one)
        named = one["asin"] in ATTRIBUTES
        found = shop.product(number)
        assert replace(found, title_nouns=wanted.title_nouns) == replace(
            wanted, attributes=wanted.attributes if named else ("[DUMMY_ATTR]",)
        )
        assert list(found.options) == list(wanted.options)
        assert shop.card(number) == (wanted.asin, wanted.title, wanted.price_tag)
        assert shop.number(wanted.asin) == number
    assert shop.product(0).title_nouns == ("tarn", "men", "cotton", "shirt")
    assert shop.product(0).price_tag == "$19.5 to $24.0"
    for unknown in ("", "B0", "b000shirt1", "B000SHIRT11"):
        assert shop.number(unknown) is None
    for outside in (-1, len(shop)):
        with pytest.raises(IndexError):
            shop.product(outside)


def test_the_search_finds_products_by_number(tmp_path: Path) -> None:
    shop = small(tmp_path / "shop")
    assert [shop.card(number)[0] for number in shop.search("oval rugs")] == ["B0000RUG01"]
    assert len(shop.search("stoneware")) == 12
    assert len(shop.search("nothing of the kind")) == 0


def test_records_are_left_out_as_the_original_does(tmp_path: Path) -> None:
    records: list[Any] = [
        record("nan", "No id"),
        record("B0123456789", "Long id"),
        record("B000000001", "One"),
        record("B000000001", "One again"),
        "no record",
        {"name": "Without id"},
        record("B000000002", "Two", query=" Mugs  "),
    ]
    shop = small(tmp_path / "shop", records, {})
    assert [shop.card(number)[:2] for number in range(len(shop))] == [
        ("B000000001", "One"),
        ("B000000002", "Two"),
    ]
    assert shop.product(1).query == "mugs"
    assert shop.header.repairs == {
        "records whose asin is 'nan' or too long, left out": 2,
        "records whose asin came before, left out": 1,
        "records without an asin, left out": 2,
    }


@pytest.mark.parametrize(
    ("fields", "counted"),
    [
        ({"name": None}, "without a title"),
        ({"name": ""}, "without a title"),
        ({"pricing": "$none"}, "unreadable price"),
        ({"pricing": "$1.2.3"}, "unreadable price"),
        ({"pricing": "12.50"}, "unreadable price"),
        ({"pricing": "$" + "9" * 400}, "unreadable price"),
        ({"customization_options": {"size": [{"image": "x"}]}}, "unreadable options"),
        ({"customization_options": {"size": 5}}, "unreadable options"),
        ({"customization_options": {"size": ["s"]}}, "unreadable options"),
    ],
)
def test_what_is_broken_in_a_record_is_mended_and_counted(
    tmp_path: Path, fields: dict[str, Any], counted: str
) -> None:
    shop = small(tmp_path / "shop", [{**record("B000000001", "Mug"), **fields}], {})
    assert [(counted in what, count) for what, count in shop.header.repairs.items()] == [(True, 1)]
    found = shop.product(0)
    assert (found.title == "") == ("title" in counted)
    assert found.price == found.prices[0] == (100.0 if "price" in counted else 10.0)
    assert found.options == {}


def test_a_record_of_nothing_but_an_id_is_a_product(tmp_path: Path) -> None:
    shop = small(tmp_path / "shop", [{"asin": "B000000001"}], {})
    found = shop.product(0)
    assert (found.title, found.description, found.bullets, found.price_tag) == ("", "", (), "$100.0")
    assert shop.card(0) == ("B000000001", "", "$100.0")


def test_odd_text_survives(tmp_path: Path) -> None:
    title = "Tab\there, lone surrogate \ud83d, 寸法, \x1f and\nlines"
    shop = small(tmp_path / "shop", [record("B000000001", title, full_description=title)], {})
    assert shop.card(0)[1] == shop.product(0).title == shop.product(0).description == title


def test_a_file_without_products_is_named_with_the_reasons(originals: Path) -> None:
    (originals / "items_shuffle.json").write_text('["a", {"asin": "nan"}]')
    with pytest.raises(ShopError, match=r"items_shuffle\.json \(1 records without an asin, .*'nan'"):
        open_catalogue(originals)


def test_nothing_to_sell_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ShopError, match="no products"):
        small(tmp_path / "shop", [])
    with pytest.raises(ShopError, match="no products"):
        small(tmp_path / "other", [record("nan", "x")])


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    with pytest.raises(ShopError, match="is not empty"):
        small(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["precious"]


def test_the_source_names_the_content(tmp_path: Path) -> None:
    def source(name: str, records: Any = RECORDS, attributes: Any = ATTRIBUTES, **more: Any) -> str:
        return small(tmp_path / name, records, attributes, **more).source

    first = source("a")
    assert len(first) == 8
    assert set(first) <= set("0123456789abcdef")
    assert source("b", human=HUMAN) == first, "other goals do not change the keys of the synthetic ones"
    assert source("c", nouns={"B0000RUG01": ["x"]}) == first, "nouns are no content"
    changed = [{**RECORDS[0], "name": "Other"}, *RECORDS[1:]]
    others = [
        source("d", changed),
        source("e", RECORDS[::-1]),
        source("f", attributes={}),
        source("g", prices=PRICES),
    ]
    assert len({first, *others}) == 5
    of_people = [
        small(tmp_path / f"h{number}", human={"B0000RUG01": HUMAN["B0000RUG01"][:1]}, **more)
        .goals("human")
        .source
        for number, more in enumerate(({}, {"attributes": {}}, {"prices": PRICES}))
    ]
    assert of_people[0] != first
    assert len(set(of_people)) == 3


def test_titles_are_tagged_only_where_no_nouns_are_given(tmp_path: Path) -> None:
    shop = small(tmp_path / "shop", nouns={"B0000RUG01": ["given", "given"], "B000SHIRT2": []})
    numbers = [shop.number(asin) or 0 for asin in ("B0000RUG01", "B000SHIRT2", "B000SHIRT1")]
    assert [shop.product(number).title_nouns for number in numbers] == [
        ("given", "given"),
        (),
        ("tarn", "men", "cotton", "shirt"),
    ]
    assert shop.header.nouns == {"given": 2, "words": len(RECORDS) - 2}


def test_mappings_are_asked_for_the_latest_record_only(tmp_path: Path) -> None:
    latest = []

    def stream() -> Any:
        for one in RECORDS:
            latest.append(one["asin"])
            yield one

    class OfLatest(dict[str, Any]):
        def get(self, asin: str, default: Any = None) -> Any:
            assert asin == latest[-1]
            return super().get(asin, default)

    one, other = small(tmp_path / "a", prices=PRICES), tmp_path / "b"
    streamed = small(other, stream(), OfLatest(ATTRIBUTES), prices=OfLatest(PRICES), nouns=OfLatest())
    assert streamed.source == one.source


def test_copies_and_pickles_share_the_open_shop(tmp_path: Path) -> None:
    shop = open_catalogue(small(tmp_path / "shop").folder)
    assert pickle.loads(pickle.dumps(shop)) is shop
    assert copy.deepcopy(shop) is shop
    assert len(pickle.dumps(shop)) < 500
    assert open_catalogue(str(tmp_path / "shop")) is shop


@pytest.mark.parametrize("packed", [False, True])
def test_original_files_are_built_once_into_the_cache(
    tmp_path: Path, cache: Path, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_files(tmp_path / "files", packed=packed, ending="_15", product_prices=PRICES)
    shop = open_catalogue(folder)
    assert shop.folder == cached_folder(find_raw_files(folder))
    assert shop.folder.parent == cache
    assert [path.name for path in cache.iterdir()] == [shop.folder.name], "something was left behind"
    monkeypatch.setattr("skill_gym.webshop.catalogue.write_from_files", None)
    assert open_catalogue(folder) is shop
    direct = build_catalogue(
        RECORDS, ATTRIBUTES, tmp_path / "direct", human=HUMAN, prices=PRICES, tagger="words"
    )
    assert shop.source == direct.source
    assert list(shop.goals("synthetic")) == list(direct.goals("synthetic"))
    assert list(shop.goals("human")) == list(direct.goals("human"))
    assert shop.header.made_from["items"] == find_raw_files(folder).items.name


def test_a_changed_file_gives_another_shop(originals: Path) -> None:
    first = open_catalogue(originals)
    (originals / "product_prices.json").write_text(json.dumps({**PRICES, "B000SHIRT1": 22.0}))
    second = open_catalogue(originals)
    assert first.folder != second.folder
    assert (first.product(0).price, second.product(0).price) == (21.0, 22.0)


def test_a_shop_of_another_version_is_refused_or_built_anew(
    originals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_catalogue(originals)
    monkeypatch.setattr(store_header, "FORMAT", "0.0")
    with pytest.raises(
        ShopError, match=rf"format {first.header.format}, .* reads format 0\.0; build it again: skill-gym"
    ):
        Catalogue(first.folder)
    monkeypatch.setattr("skill_gym.webshop.catalogue.FORMAT", "0.0")
    assert cached_folder(find_raw_files(originals)) != first.folder


def test_a_damaged_generated_shop_asks_to_be_removed(tmp_path: Path) -> None:
    folder = small(tmp_path / "shop").folder
    (folder / "cards.blob").unlink()
    with pytest.raises(ShopError, match=r"cards\.blob is missing; a generated shop is made again"):
        Catalogue(folder)


@pytest.mark.parametrize("name", ["details.blob", "asins.npy", "synthetic_goals_choice.npy"])
@pytest.mark.parametrize("how", ["cut", "gone"])
def test_a_damaged_shop_is_told_and_the_cache_mends_itself(
    originals: Path, name: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = open_catalogue(originals).folder
    path = folder / name
    path.write_bytes(path.read_bytes()[:-1]) if how == "cut" else path.unlink()
    with pytest.raises(ShopError, match=f"is damaged: {name}"):
        Catalogue(folder)
    # As in a new process, in which the shop is not open yet.
    (folder / HEADER).touch()
    with caplog.at_level(logging.WARNING):
        shop = open_catalogue(originals)
    assert "built anew" in caplog.text
    assert shop.folder == folder
    assert len(list(shop.goals("synthetic"))) == 13


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": 7}', "{'"])
def test_a_broken_header_is_told(tmp_path: Path, text: str) -> None:
    folder = small(tmp_path / "shop").folder
    (folder / HEADER).write_text(text)
    with pytest.raises(ShopError, match="build it again"):
        Catalogue(folder)


def test_a_header_with_missing_fields_is_told(tmp_path: Path) -> None:
    folder = small(tmp_path / "shop").folder
    (folder / HEADER).write_text(json.dumps({"format": store_header.FORMAT}))
    with pytest.raises(ShopError, match=r"damaged .*build it again"):
        Catalogue(folder)


def test_no_shop_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(ShopError, match="holds no built shop"):
        open_store(tmp_path)
    with pytest.raises(ShopError, match="there is no folder"):
        open_catalogue(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["details.blob", "cards.blob", "asins.npy", "cards.npy"])
def test_bytes_lost_within_a_file_are_told(tmp_path: Path, name: str) -> None:
    shop = small(tmp_path / "shop")
    path = shop.folder / name
    path.write_bytes(b"\xff" * path.stat().st_size)
    with pytest.raises(ShopError, match=r"product number 3 cannot be read .*build the shop again"):
        shop.product(3)


@pytest.mark.parametrize("how", ["empty", "cut"])
def test_a_damaged_generated_shop_is_made_again(how: str, caplog: pytest.LogCaptureFixture) -> None:
    config = GeneratorConfig(products=20, goals=5)
    shop = generated_catalogue("generated", config)
    products = [shop.product(number) for number in range(20)]
    (shop.folder / (HEADER if how == "empty" else "cards.blob")).unlink()
    # As in a new process, in which the shop is not open yet.
    _opened.cache_clear()
    with caplog.at_level(logging.WARNING):
        again = generated_catalogue("generated", config)
    assert "built anew" in caplog.text
    assert [again.product(number) for number in range(20)] == products


def test_what_a_killed_build_left_is_removed_a_day_later(originals: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    for name in (".old", ".new"):
        (cache / f"{name}-shop" / "part").mkdir(parents=True)
        (cache / f"{name}-shop" / "part" / "cards.blob").write_bytes(b"x")
    long_ago = time.time() - 2 * 86_400
    for path in (cache / ".old-shop" / "part" / "cards.blob", cache / ".old-shop" / "part"):
        os.utime(path, (long_ago, long_ago))
    os.utime(cache / ".old-shop", (long_ago, long_ago))
    shop = open_catalogue(originals)
    assert sorted(path.name for path in cache.iterdir()) == sorted([".new-shop", shop.folder.name])


def test_a_byte_order_mark_is_no_obstacle(originals: Path) -> None:
    for path in originals.glob("*.json"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(open_catalogue(originals)) == 15


@pytest.mark.parametrize("price", ["NaN", "-1", "Infinity", "9" * 400, "true", '"12.5"', "[1]"])
def test_a_reward_price_that_is_none_is_left_out_and_counted(originals: Path, price: str) -> None:
    (originals / "product_prices.json").write_text(f'{{"B000SHIRT1": {price}}}')
    shop = open_catalogue(originals)
    assert 19.5 <= shop.product(0).price <= 24.0
    assert shop.header.prices == {"drawn": 1}
    assert shop.header.repairs["reward prices that are no amount of money, left out"] == 1


@pytest.mark.parametrize("name", ["items_shuffle", "items_ins_v2", "items_human_ins", "product_prices"])
def test_a_cut_off_file_leaves_nothing_behind(originals: Path, cache: Path, name: str) -> None:
    path = originals / f"{name}.json"
    path.write_text(path.read_text()[:-20])
    with pytest.raises(ShopError, match=rf"{name}\.json is cut off"):
        open_catalogue(originals)
    assert list(cache.iterdir()) == []


def _open_in_process(data: str, results: Any) -> None:
    shop = open_catalogue(data)
    results.put((shop.source, str(shop.folder), len(shop.search("rugs"))))


def test_two_processes_may_build_at_once(originals: Path, cache: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [context.Process(target=_open_in_process, args=(str(originals), results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert len(set(found)) == 1
    assert [str(path) for path in cache.iterdir()] == [found[0][1]]


def test_a_moved_shop_is_the_same_shop(tmp_path: Path) -> None:
    first = small(tmp_path / "shop")
    shutil.move(first.folder, tmp_path / "elsewhere")
    moved = open_catalogue(tmp_path / "elsewhere")
    assert moved.source == first.source
    assert moved.product(3).title == RECORDS[3]["name"]
