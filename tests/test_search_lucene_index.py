"""BM25 in numpy over passages: in memory and stored, the same results everywhere."""

import copy
import pickle
import time

import pytest
from small_corpus import PASSAGES, ids

from skill_gym.search.lucene_index import LuceneIndex, memory_index
from skill_gym.search.passage_store import corpus_hash
from skill_gym.search.passages import LONGEST_QUERY, CorpusError, IndexInfo, Passage


def test_words_of_title_and_text_are_found():
    index = memory_index(PASSAGES)
    found = index.search(["mayor of Tarnovale", "quellford", "bakery"], 2)
    assert [ids(hits)[0] for hits in found] == ["p3", "p2", "p4"]
    assert found[0][0].score > found[0][1].score > 0
    assert index.info() == IndexInfo("lucene", len(PASSAGES), corpus_hash(PASSAGES))
    assert not index.waits


def test_each_query_has_its_own_list_which_is_never_padded():
    index = memory_index(PASSAGES)
    assert index.search([], 3) == []
    assert index.search(["", "  ", "zzz", "the"], 3) == [[], [], [], []]
    assert ids(index.search(["lanterns"], 50)[0]) == ["q1", "q2"], "equal scores by id"
    assert ids(index.search(["lanterns"], 1)[0]) == ["q1"]


def test_a_copy_and_a_pickle_find_the_same():
    index = memory_index(PASSAGES)
    queries = [passage.text for passage in PASSAGES]
    expected = index.search(queries, 5)
    assert copy.deepcopy(index) is index
    assert pickle.loads(pickle.dumps(index)).search(queries, 5) == expected
    assert memory_index(iter(PASSAGES)).search(queries, 5) == expected


def test_a_stored_index_finds_what_one_in_memory_does(tmp_path):
    LuceneIndex.build(PASSAGES, tmp_path)
    stored = LuceneIndex.open(tmp_path, PASSAGES, "hash")
    queries = [passage.text for passage in PASSAGES]
    assert stored.search(queries, 5) == memory_index(PASSAGES).search(queries, 5)
    with pytest.raises(CorpusError, match="7 documents for 6 passages"):
        LuceneIndex.open(tmp_path, PASSAGES[1:], "hash")
    (tmp_path / "documents.npy").unlink()
    with pytest.raises(CorpusError, match=r"cannot read .*documents\.npy"):
        LuceneIndex.open(tmp_path, PASSAGES, "hash")


def test_of_a_huge_query_only_the_beginning_counts():
    index = memory_index(PASSAGES)
    huge = "zebra " * 20_000 + "lanterns"
    start = time.process_time()
    assert index.search([huge], 3) == [[]]
    assert time.process_time() - start < 1
    assert ids(index.search([("x" * (LONGEST_QUERY - 9)) + " lanterns tail"], 3)[0]) == ["q1", "q2"]


def test_wrong_calls_are_told():
    index = memory_index(PASSAGES)
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        index.search(["x"], 0)
    with pytest.raises(TypeError, match="list of queries"):
        index.search("mayor", 3)
    with pytest.raises(CorpusError, match="empty"):
        memory_index([])
    with pytest.raises(CorpusError, match="'a' has the id of an earlier passage"):
        memory_index([Passage("a", "", "x"), Passage("a", "", "y")])
