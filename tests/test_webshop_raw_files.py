"""Which files of a folder make a shop."""

import logging
import os
from pathlib import Path

import pytest

from skill_gym.webshop.product import ShopError
from skill_gym.webshop.raw_files import find_raw_files


def folder_of(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text("{}")
    return folder


def test_files_with_one_ending_belong_together(tmp_path: Path) -> None:
    folder_of(
        tmp_path, "items_shuffle_5.json", "items_ins_v2_5.json.gz", "items_ins_v2.json", "title_nouns.json.gz"
    )
    files = find_raw_files(tmp_path)
    assert {kind: path.name for kind, path in files.named().items()} == {
        "items": "items_shuffle_5.json",
        "attributes": "items_ins_v2_5.json.gz",
        "nouns": "title_nouns.json.gz",
    }


def test_the_plain_file_counts_before_the_packed_one(tmp_path: Path) -> None:
    folder_of(
        tmp_path, "items_shuffle.json.gz", "items_shuffle.json", "items_ins_v2.json.gz", "items_ins_v2.json"
    )
    files = find_raw_files(str(tmp_path))
    assert files.items.name == "items_shuffle.json"
    assert files.attributes.name == "items_ins_v2.json"


def test_of_several_shops_the_usual_one_counts_and_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ("items_shuffle", "items_shuffle_1000", "items_ins_v2", "items_ins_v2_1000")
    folder_of(tmp_path, *(f"{name}.json" for name in names))
    with caplog.at_level(logging.WARNING):
        assert find_raw_files(tmp_path).items.name == "items_shuffle_1000.json"
    assert "taking items_shuffle_1000.json" in caplog.text
    whole = find_raw_files(tmp_path / "items_shuffle.json")
    assert (whole.items.name, whole.attributes.name) == ("items_shuffle.json", "items_ins_v2.json")


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("items_human_ins_13.json",), "items_human_ins_13.json"),
        (("items_human_ins_13.json", "items_human_ins.json"), "items_human_ins.json"),
        (("items_human_ins_5.json", "items_human_ins.json"), "items_human_ins_5.json"),
        ((), None),
    ],
)
def test_human_instructions(tmp_path: Path, names: tuple[str, ...], chosen: str | None) -> None:
    files = find_raw_files(folder_of(tmp_path, "items_shuffle_5.json", "items_ins_v2_5.json", *names))
    assert (files.human.name if files.human else None) == chosen


@pytest.mark.parametrize(
    ("names", "given", "message"),
    [
        ((), "", r"holds no items_shuffle\*\.json"),
        (("items_shuffle_5.json",), "", "needs items_ins_v2_5.json"),
        (("items_shuffle_5.json", "items_ins_v2_6.json"), "", "has items_ins_v2_6.json"),
        (("items_shuffle_5.json", "items_shuffle_6.json"), "", "several shops"),
        (("other.json",), "other.json", "is no product file"),
        ((), "nowhere", "there is no folder"),
        (
            ("items_shuffle.json", "items_ins_v2.json", "items_human_ins_1.json", "items_human_ins_2.json"),
            "",
            "several human instructions",
        ),
    ],
)
def test_what_is_not_clear_is_asked_for(
    tmp_path: Path, names: tuple[str, ...], given: str, message: str
) -> None:
    folder_of(tmp_path, *names)
    with pytest.raises(ShopError, match=message):
        find_raw_files(tmp_path / given)


def test_the_fingerprint_changes_with_a_file(tmp_path: Path) -> None:
    folder_of(tmp_path, "items_shuffle.json", "items_ins_v2.json")
    first = find_raw_files(tmp_path).fingerprint()
    assert find_raw_files(tmp_path).fingerprint() == first
    os.utime(tmp_path / "items_shuffle.json", ns=(1, 1))
    touched = find_raw_files(tmp_path).fingerprint()
    folder_of(tmp_path, "product_prices.json")
    assert len({first, touched, find_raw_files(tmp_path).fingerprint()}) == 3
