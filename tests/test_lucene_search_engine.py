"""The search engine ranks as Lucene does: recorded queries, and BM25 worked out document by document."""

import copy
import gzip
import json
import math
import pickle
import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from skill_gym.lucene import LuceneIndexError, search_engine
from skill_gym.lucene.analyzer import analyze
from skill_gym.lucene.index_build import HEADER, STORED_LENGTHS, build_index
from skill_gym.lucene.search_engine import SearchEngine
from skill_gym.webshop.product import read_bullets, read_options

SHOP = ["Red leather shoes", "blue leather belt, leather lining", "red wool hat", "", "shoe rack"]
ASINS = ["B04", "B02", "B03", "B01", "B00"]
f32 = np.float32


def lucene_scores(documents: Sequence[str], query: str) -> dict[int, np.float32]:
    """BM25 with Lucene's roundings, for one document after the other."""
    counts = [Counter(analyze(text)) for text in documents]
    filled = [sum(count.values()) for count in counts if count]
    average = f32(sum(filled) / len(filled))
    wanted = Counter(analyze(query))
    scores: dict[int, np.float32] = {}
    for number, count in enumerate(counts):
        length = sum(count.values())
        if length >= 40:
            shift = (length - 24).bit_length() - 4
            length = ((length - 24) >> shift << shift) + 24
        scale = f32(1) / (f32(0.9) * ((f32(1) - f32(0.4)) + f32(0.4) * f32(length) / average))
        total = 0.0
        for term in wanted.keys() & count.keys():
            df = sum(term in other for other in counts)
            weight = f32(math.log(1 + (len(filled) - df + 0.5) / (df + 0.5))) * f32(wanted[term])
            total += float(weight - weight / (f32(1) + f32(count[term]) * scale))
        if wanted.keys() & count.keys():
            scores[number] = f32(total)
    return scores


def lucene_order(documents: Sequence[str], asins: Sequence[str], query: str, k: int) -> list[int]:
    scores = lucene_scores(documents, query)
    return sorted(scores, key=lambda number: (-scores[number], asins[number]))[:k]


def random_shop(dice: random.Random, size: int, words: int) -> tuple[list[str], list[str]]:
    """Documents of words with the frequencies of a language, many of them equal in score."""
    vocabulary = [f"word{number}" for number in range(words)]
    weights = [1 / (number + 1) for number in range(words)]
    lengths = [dice.choice([0, 1, 3, 10, 39, 41, 80, 200]) for _ in range(size)]
    texts = [" ".join(dice.choices(vocabulary, weights, k=length)) for length in lengths]
    asins = [f"B{number:05}" for number in range(size)]
    dice.shuffle(asins)
    return texts, asins


@pytest.fixture
def shop(tmp_path: Path) -> SearchEngine:
    build_index(SHOP, ASINS, tmp_path)
    return SearchEngine(tmp_path)


def test_recorded_queries_are_ranked_as_lucene_ranked_them(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "webshop"
    items = json.loads(gzip.decompress((folder / "items_shuffle_1000.json.gz").read_bytes()))
    recorded = json.loads(gzip.decompress((folder / "lucene_top50_1650q.json.gz").read_bytes()))
    asins = [item["asin"] for item in items]
    build_index(map(_document, items), asins, tmp_path, chunk=333)
    engine = SearchEngine(tmp_path)
    assert len(recorded) == 1650
    wrong = [
        q for q, hits in recorded.items() if [asins[n] for n in engine.search(q)] != [a for a, _ in hits]
    ]
    assert wrong == []
    for query, hits in list(recorded.items())[::10]:
        assert np.allclose(engine.scores(query), [score for _, score in hits], rtol=0, atol=1.1e-4)


def _document(item: dict) -> str:
    options = read_options(item["customization_options"])
    written = ", and ".join(f"{name}: {', '.join(values)}" for name, values in options.items())
    bullets = read_bullets(item["small_description"]) or ("",)
    return " ".join((item["name"], item["full_description"], bullets[0], written)).lower()


@pytest.mark.parametrize("always_prune", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_order_and_scores_equal_brute_force(
    tmp_path: Path, seed: int, always_prune: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_engine, "_WORTH_PRUNING", 0 if always_prune else 1 << 60)
    dice = random.Random(seed)
    texts, asins = random_shop(dice, dice.choice([1, 7, 60, 400]), dice.choice([5, 50, 500]))
    texts[0] = "word0 word1"
    build_index(iter(texts), asins, tmp_path, chunk=dice.choice([1, 3, 64, 1000]))
    engine = SearchEngine(tmp_path)
    words = [word for text in texts for word in text.split()] + ["unheard"]
    for _ in range(60):
        query = " ".join(dice.choice(words) for _ in range(dice.choice([1, 2, 5, 12])))
        k = dice.choice([1, 3, 50])
        expected = lucene_order(texts, asins, query, k)
        assert engine.search(query, k).tolist() == expected
        scores = lucene_scores(texts, query)
        assert engine.scores(query, k).tolist() == [scores[number] for number in expected]


def test_pruning_skips_documents_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(5)
    texts, asins = random_shop(dice, 3000, 300)
    build_index(texts, asins, tmp_path)
    queries = [" ".join(f"word{dice.randrange(300)}" for _ in range(6)) + " word0 word1" for _ in range(40)]
    plain = SearchEngine(tmp_path)
    monkeypatch.setattr(search_engine, "_WORTH_PRUNING", 0)
    pruning = SearchEngine(tmp_path)
    for query in queries:
        assert pruning.search(query).tolist() == plain.search(query).tolist()
    kept = [len(pruning._candidates(pruning._postings(query), 50)) for query in queries]
    assert min(kept) < 1000


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_chunks_do_not_matter(tmp_path: Path, chunk: int) -> None:
    texts, asins = random_shop(random.Random(1), 100, 80)
    build_index(texts, asins, tmp_path / "one")
    read: list[int] = []
    build_index(iter(texts), asins, tmp_path / "many", chunk=chunk, progress=read.append)
    assert read == sorted({*range(chunk, 101, chunk), 100})
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "many").iterdir())
    assert all(
        (tmp_path / "one" / name).read_bytes() == (tmp_path / "many" / name).read_bytes() for name in names
    )


def test_merging_in_many_steps_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts, asins = random_shop(random.Random(2), 200, 80)
    build_index(texts, asins, tmp_path / "one")
    monkeypatch.setattr("skill_gym.lucene.index_build._MERGED_AT_ONCE", 7)
    build_index(texts, asins, tmp_path / "many", chunk=30)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "many" / path.name).read_bytes()


def test_equal_scores_are_ordered_by_asin(tmp_path: Path) -> None:
    build_index(["red hat"] * 4 + ["blue hat"], ["B9", "B10", "A", "b1", "0"], tmp_path)
    assert SearchEngine(tmp_path).search("red").tolist() == [2, 1, 0, 3]
    assert SearchEngine(tmp_path).search("red", k=2).tolist() == [2, 1]


def test_fewer_hits_than_asked_for(shop: SearchEngine) -> None:
    assert shop.search("red").tolist() == [2, 0]
    assert sorted(shop.search("SHOES leather hats").tolist()) == [0, 1, 2, 4]


@pytest.mark.parametrize("query", ["", "   ", "the of and", "unknown words", "!!!", "\ud800", "東京 ผ้า 👍"])
def test_a_query_without_known_words_finds_nothing(shop: SearchEngine, query: str) -> None:
    assert shop.search(query).tolist() == []
    assert shop.scores(query).tolist() == []


def test_repeated_words_count_more(tmp_path: Path) -> None:
    build_index(["red", "hat", "hat hat coat", "coat"], list("abcd"), tmp_path)
    engine = SearchEngine(tmp_path)
    assert engine.search("red hat").tolist()[0] == 0
    assert engine.search("red hat hat hat").tolist()[0] == 2


def test_other_scripts_are_found(tmp_path: Path) -> None:
    build_index(["東京タワー", "Überzug café", "👍🏽 best", "ผ้าไหม"], list("abcd"), tmp_path)
    engine = SearchEngine(tmp_path)
    for number, query in enumerate(["京", "ÜBERZUG", "👍🏽", "ผ้าไหม"]):
        assert engine.search(query).tolist() == [number]


def test_ten_thousand_characters_are_a_query(shop: SearchEngine) -> None:
    assert shop.search("leather " * 1250).tolist() == shop.search("leather").tolist()
    assert shop.search("x" * 10_000).tolist() == []


def test_a_copy_opens_the_folder_again(shop: SearchEngine) -> None:
    for other in (pickle.loads(pickle.dumps(shop)), copy.deepcopy(shop), copy.copy(shop)):
        assert other is not shop
        assert (other.folder, len(other)) == (shop.folder, 5)
        assert other.search("red").tolist() == [2, 0]


def test_answers_are_held_and_cannot_be_changed(shop: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shop.search("red")
    assert shop.search("red") is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1
    monkeypatch.setattr(search_engine, "_HELD_QUERIES", 3)
    fresh = SearchEngine(shop.folder)
    for number in range(10):
        fresh.search(f"red {number}")
    assert len(fresh._held) == 3


def test_threads_may_share_an_engine(tmp_path: Path) -> None:
    texts, asins = random_shop(random.Random(3), 300, 100)
    build_index(texts, asins, tmp_path)
    queries = [f"word{number} word{number // 2} word0" for number in range(100)]
    alone = SearchEngine(tmp_path)
    expected = [alone.search(query).tolist() for query in queries]
    engine = SearchEngine(tmp_path)
    answers: list[list[list[int]]] = []
    threads = [
        threading.Thread(target=lambda: answers.append([engine.search(query).tolist() for query in queries]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 4


def test_an_empty_shop_can_be_searched(tmp_path: Path) -> None:
    build_index([], [], tmp_path / "none")
    assert SearchEngine(tmp_path / "none").search("red").tolist() == []
    build_index(["", " - "], ["a", "b"], tmp_path / "silent")
    assert SearchEngine(tmp_path / "silent").search("red").tolist() == []


def test_stored_lengths_are_lucenes_bytes() -> None:
    assert STORED_LENGTHS[:42].tolist() == [*range(41), 42]
    for length, stored in {40: 40, 41: 40, 47: 46, 57: 56, 71: 68, 100: 96, 300: 280, 1000: 984}.items():
        assert STORED_LENGTHS[np.searchsorted(STORED_LENGTHS, length, side="right") - 1] == stored
    assert STORED_LENGTHS[255] == 2013265944


def test_errors_say_what_to_do(shop: SearchEngine, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="k must be at least 1"):
        shop.search("red", k=0)
    with pytest.raises(ValueError, match="2 documents for 3 ids"):
        build_index(["a", "b"], ["1", "2", "3"], tmp_path / "uneven")
    assert not list((tmp_path / "uneven").iterdir())
    with pytest.raises(LuceneIndexError, match=r"no search index in .* build it with build_index"):
        SearchEngine(tmp_path / "nowhere")
    header = json.loads((shop.folder / HEADER).read_text())
    (shop.folder / HEADER).write_text(json.dumps(header | {"format": 0}))
    with pytest.raises(LuceneIndexError, match="of format 0, not 2; build it again"):
        SearchEngine(shop.folder)
    (shop.folder / HEADER).write_text("{")
    with pytest.raises(LuceneIndexError, match="no search index"):
        SearchEngine(shop.folder)


@pytest.mark.parametrize("name", ["documents", "codes", "letters", "ranks", "posting_ends"])
def test_a_damaged_index_is_named(shop: SearchEngine, name: str) -> None:
    path = shop.folder / f"{name}.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(LuceneIndexError, match=rf"cannot read .*{name}.npy .* build the index again"):
        SearchEngine(shop.folder)
    path.unlink()
    with pytest.raises(LuceneIndexError, match=rf"cannot read .*{name}.npy"):
        SearchEngine(shop.folder)


def test_a_build_that_fails_leaves_no_index(shop: SearchEngine) -> None:
    def broken() -> Iterator[str]:
        yield "red hat"
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        build_index(broken(), ["a", "b"], shop.folder, chunk=1)
    with pytest.raises(LuceneIndexError, match="no search index"):
        SearchEngine(shop.folder)


def test_an_interrupted_query_leaves_no_trace(shop: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(np, "flatnonzero", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            shop.search("leather")
    assert shop.search("red").tolist() == [2, 0]


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
