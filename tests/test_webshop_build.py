"""The command ``skill-gym webshop``: builds a shop, tells what is in it, and never removes anything else."""

from pathlib import Path

import pytest
from shop_files import write_files
from small_shop import PRICES

from skill_gym.benchmarks.cli import main
from skill_gym.webshop.catalogue import open_store


@pytest.fixture(autouse=True)
def originals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return str(write_files(tmp_path / "files", packed=True, product_prices=PRICES))


def test_build_and_info_tell_what_the_shop_holds(
    originals: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out" / "shop")
    assert main(["webshop", "build", "--data", originals, "--out", out, "--tagger", "words"]) == 0
    built = capsys.readouterr().out
    assert main(["webshop", "info", out]) == 0
    told = capsys.readouterr().out
    assert built.endswith(told)
    for line in (
        f"shop      {out}",
        "products  15; nouns of titles: 15 words",
        "prices    of 1 price ranges: 1 given",
        "goals     synthetic: 13 for 3 products",
        "goals     human: 2 for 2 products",
        "official: train none, validation none, test 13 for 3",
        "mended    1 human instructions without attributes, left out",
    ):
        assert line in told
    assert [path.name for path in Path(out).parent.iterdir()] == ["shop"]


def test_named_files_will_do(originals: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    items, attributes = f"{originals}/items_shuffle.json.gz", f"{originals}/items_ins_v2.json.gz"
    command = ["webshop", "build", "--items", items, "--out", str(tmp_path / "out"), "--tagger", "words"]
    assert main(command) == 2
    assert "--attributes FILE" in capsys.readouterr().err
    assert main([*command, "--attributes", attributes]) == 0
    assert open_store(tmp_path / "out").header.goals == {"synthetic": 13, "human": 0}
    assert "goals     human: none" in capsys.readouterr().out


def test_without_out_the_cache_has_it(originals: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["webshop", "info", originals]) == 2
    assert f"skill-gym webshop build --data {originals}" in capsys.readouterr().err
    assert main(["webshop", "build", "--data", originals]) == 0
    assert main(["webshop", "info", originals]) == 0
    assert "items_shuffle.json.gz" in capsys.readouterr().out


def test_a_shop_is_replaced_only_by_force(
    originals: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    command = ["webshop", "build", "--data", originals, "--out", str(out), "--tagger", "words"]
    assert main(command) == 0, "an empty folder is no obstacle"
    assert main(command) == 2
    assert "--force" in capsys.readouterr().err
    (out / "shop.json").write_text("broken")
    assert main([*command, "--force"]) == 0
    assert len(open_store(out)) == 15
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_what_is_no_shop_is_never_removed(
    originals: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    command = ["webshop", "build", "--data", originals, "--out", str(tmp_path / "out"), "--force"]
    assert main(command) == 2
    assert "is no shop" in capsys.readouterr().err
    assert (tmp_path / "out" / "thesis.txt").read_text() == "years of work"


def test_a_failed_build_leaves_the_old_shop(
    originals: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["webshop", "build", "--data", originals, "--out", str(out), "--tagger", "words", "--force"]
    assert main(command) == 0
    items = Path(originals) / "items_shuffle.json.gz"
    items.write_bytes(items.read_bytes()[:-30])
    assert main(command) == 2
    assert "items_shuffle.json.gz is damaged" in capsys.readouterr().err
    assert len(open_store(out)) == 15
