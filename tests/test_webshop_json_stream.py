"""JSON read element by element: the same as reading it whole, and broken files named as such."""

import gzip
import json
from pathlib import Path

import pytest

from skill_gym.webshop import json_stream
from skill_gym.webshop.json_stream import array_items, object_members
from skill_gym.webshop.product import ShopError

VALUES = [
    {"name": 'say "hi" \\ [1, 2] {', "n": -12.5e3},
    123456789,
    ["Größe", "寸法", "😀", "a\nb"],
    None,
    True,
    "",
    {},
    {"deep": [[[{"x": [1]}]]]},
    7,
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.json"


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64, 1 << 20])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_any_chunk_gives_what_json_load_gives(
    path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, indent: int | None, ascii_only: bool
) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", chunk)
    path.write_text(json.dumps(VALUES, indent=indent, ensure_ascii=ascii_only) + "\n", encoding="utf-8")
    assert list(array_items(path)) == VALUES
    members = {f"key {number}": value for number, value in enumerate(VALUES)}
    path.write_text(json.dumps(members, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    assert list(object_members(path)) == list(members.items())


def test_gzip_is_known_by_its_first_bytes(path: Path) -> None:
    path.write_bytes(gzip.compress(json.dumps(VALUES).encode()))
    assert list(array_items(path)) == VALUES


@pytest.mark.parametrize("text", ["[]", " [ ] \n", "[\n]"])
def test_an_empty_array_has_no_items(path: Path, text: str) -> None:
    path.write_text(text)
    assert list(array_items(path)) == []


@pytest.mark.parametrize("length", range(0, 60, 3))
def test_a_cut_off_file_is_told_after_its_whole_elements(path: Path, length: int) -> None:
    whole = json.dumps([{"name": f"product {n}", "list": [1, 2]} for n in range(2)])
    assert len(whole) > 60
    path.write_text(whole[:length])
    with pytest.raises(ShopError, match=r"file\.json is cut off"):
        list(array_items(path))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1}', "expected a list of records at character 0"),
        ('[{"a": 1} {"b": 2}' + " " * 40 + "]", "expected a comma at character 10"),
        ('[{"a": nonsense' + "x" * 40 + "}]", "Expecting value at character 7"),
        ("[1, 2, ]" + " " * 40, "a comma before the closing bracket"),
        ("[1] [2]", "more text after the end"),
        ("<html>not found</html>", "expected a list of records"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_not_json_is_named_with_its_place(path: Path, text: str, why: str) -> None:
    path.write_text(text)
    with pytest.raises(ShopError) as raised:
        list(array_items(path))
    assert why in str(raised.value)


def test_an_element_without_end_does_not_fill_the_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "CHUNK", 100)
    monkeypatch.setattr(json_stream, "LONGEST", 1000)
    path.write_text('["' + "x" * 100_000)
    with pytest.raises(ShopError, match="an element of more than 1,000 characters"):
        list(array_items(path))


def test_an_object_that_is_none_is_refused(path: Path) -> None:
    path.write_text("[1]")
    with pytest.raises(ShopError, match="expected an object"):
        list(object_members(path))


def test_damaged_gzip_wrong_text_and_no_file_are_told(path: Path) -> None:
    packed = gzip.compress(json.dumps(VALUES * 1000).encode())
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ShopError, match="is damaged"):
        list(array_items(path))
    path.write_bytes(b'["\xff\xfe"]')
    with pytest.raises(ShopError, match="is damaged"):
        list(array_items(path))
    with pytest.raises(ShopError, match="cannot read"):
        list(array_items(path.with_name("nowhere.json")))
