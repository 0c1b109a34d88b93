"""The embedded index by tantivy: its queries are words, its order does not depend on how it was built."""

import pickle
import threading
import time

import pytest
from small_corpus import PASSAGES, ids

from skill_gym.search.passages import CorpusError, Passage

pytest.importorskip("tantivy")

from skill_gym.search.tantivy_index import TantivyIndex


@pytest.fixture
def index(tmp_path):
    TantivyIndex.build(PASSAGES, tmp_path)
    return TantivyIndex(tmp_path, PASSAGES, "hash")


def test_words_are_found_stemmed_and_without_accents(index):
    found = index.search(["who is the mayor of Tarnovale", "baked", "Munir Dask", "MÜNIR"], 3)
    assert [ids(hits)[0] for hits in found] == ["p3", "p4", "p5", "p5"]
    assert index.info()[:2] == ("tantivy", len(PASSAGES))


def test_a_title_counts_more_than_the_text(tmp_path):
    passages = [
        Passage("a", "Other words", "Lantern stands here among some words."),
        Passage("b", "Lantern", "Here stand some other words, and these."),
    ]
    TantivyIndex.build(passages, tmp_path)
    assert ids(TantivyIndex(tmp_path, passages, "hash").search(["lantern"], 2)[0]) == ["b", "a"]


@pytest.mark.parametrize(
    "query",
    [
        '"',
        "id:(",
        "AND OR NOT",
        "lanterns AND",
        "+lanterns -words",
        "lan*",
        "[a TO",
        "\\",
        "\0",
        "\ud800 x",
    ],
)
def test_a_query_is_never_read_as_a_query_language(index, query):
    hits = index.search([query], 5)[0]
    expected = ["q1", "q2"] if "lanterns" in query else []
    assert ids(hits) == expected


def test_each_query_has_its_own_list_which_is_never_padded(index):
    assert index.search([], 3) == []
    assert index.search(["", "zzz", "the"], 3) == [[], [], []]


def test_equal_scores_come_by_id_however_many_and_in_whatever_order_they_were_indexed(tmp_path):
    passages = [Passage(f"{number * 7919 % 1000:04}", "Same", "An equal text.") for number in range(1000)]
    found = []
    for name, order in (("one", passages), ("other", passages[::-1])):
        (tmp_path / name).mkdir()
        TantivyIndex.build(order, tmp_path / name)
        index = TantivyIndex(tmp_path / name, order, "hash")
        found.append(index.search(["equal", "same text"], 3))
    assert [ids(hits) for hits in found[0]] == [["0000", "0001", "0002"]] * 2
    assert found[0] == found[1]


def test_a_pickle_and_threads_find_the_same(index):
    queries = [passage.text for passage in PASSAGES] * 20
    expected = index.search(queries, 5)
    assert pickle.loads(pickle.dumps(index)).search(queries, 5) == expected
    found = []
    threads = [threading.Thread(target=lambda: found.append(index.search(queries, 5))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_a_huge_query_is_answered_fast(index):
    huge = " ".join(f"word{number}" for number in range(15_000))
    assert len(huge) > 100_000
    start = time.process_time()
    index.search([huge], 3)
    assert time.process_time() - start < 1


def test_a_damaged_index_or_one_of_another_corpus_is_told(tmp_path, index):
    with pytest.raises(CorpusError, match="7 documents for 6 passages"):
        TantivyIndex(tmp_path, PASSAGES[1:], "hash")
    (tmp_path / "meta.json").write_text("{}")
    with pytest.raises(CorpusError, match="remove the folder and build it again"):
        TantivyIndex(tmp_path, PASSAGES, "hash")


def test_a_folder_that_cannot_be_written_is_searched_and_left_as_it_is(tmp_path, monkeypatch):
    TantivyIndex.build(PASSAGES, tmp_path)
    for lock in tmp_path.glob(".*.lock"):
        lock.unlink()
    before = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(before.values()) == {0o644}
    # Who runs as root may write everywhere, whatever the folder's mode.
    monkeypatch.setattr("os.access", lambda path, mode: False)
    index = TantivyIndex(tmp_path, PASSAGES, "hash")
    assert ids(index.search(["lanterns"], 2)[0]) == ["q1", "q2"]
    assert ids(pickle.loads(pickle.dumps(index)).search(["lanterns"], 1)[0]) == ["q1"]
    assert {path.name for path in tmp_path.iterdir()} == set(before), "no lock is left"


def test_an_odd_surrogate_in_a_passage_does_not_stop_the_build(tmp_path):
    passages = [Passage("a", "\ud800", "odd \udfff letters")]
    TantivyIndex.build(passages, tmp_path)
    assert ids(TantivyIndex(tmp_path, passages, "hash").search(["letters"], 2)[0]) == ["a"]
