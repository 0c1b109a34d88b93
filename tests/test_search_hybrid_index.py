"""Reciprocal rank fusion of two indexes."""

import pickle

import pytest
from small_corpus import PASSAGES, ids

from skill_gym.search.hybrid_index import HybridIndex
from skill_gym.search.lucene_index import memory_index
from skill_gym.search.passages import CorpusError, Hit, IndexInfo

BY_ID = {passage.id: passage for passage in PASSAGES}


class Fixed:
    """Finds the passages that it was given, whatever is asked."""

    waits = True

    def __init__(self, *names: str) -> None:
        self.names = names

    def search(self, queries, k):
        return [[Hit(BY_ID[name], 9.0) for name in self.names][:k] for _ in queries]

    def info(self):
        return IndexInfo("fixed", 7, "hash")


def test_scores_are_sums_of_reciprocal_ranks():
    index = HybridIndex(Fixed("p1", "p2", "p3"), Fixed("p3", "p1"))
    hits = index.search(["x"], 3)[0]
    assert ids(hits) == ["p1", "p3", "p2"]
    assert [hit.score for hit in hits] == pytest.approx([1 / 61 + 1 / 62, 1 / 63 + 1 / 61, 1 / 62])
    assert index.info() == IndexInfo("hybrid", 7, "hash")
    assert index.waits


def test_equal_sums_come_by_id_and_k_cuts():
    index = HybridIndex(Fixed("p5", "p2"), Fixed("p2", "p5"))
    assert ids(index.search(["x", "y"], 1)[1]) == ["p2"]


def test_an_index_with_itself_keeps_its_order():
    alone = memory_index(PASSAGES)
    index = HybridIndex(alone, alone)
    queries = ["mayor of Tarnovale", "", "town"]
    assert [ids(hits) for hits in index.search(queries, 3)] == [
        ids(hits) for hits in alone.search(queries, 3)
    ]
    assert not index.waits
    assert pickle.loads(pickle.dumps(index)).search(queries, 3) == index.search(queries, 3)


def test_indexes_of_different_corpora_are_refused():
    with pytest.raises(CorpusError, match="give two indexes of one corpus"):
        HybridIndex(memory_index(PASSAGES), memory_index(PASSAGES[1:]))
