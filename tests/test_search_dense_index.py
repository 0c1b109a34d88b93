"""Nearest passages by embeddings: exact when small, approximate when large, one model only."""

import numpy as np
import pytest
from small_corpus import PASSAGES, HashedWords, ids

from skill_gym.search.passages import CorpusError, Passage, RetrievalError

pytest.importorskip("faiss")

from skill_gym.search.dense_index import DenseIndex


@pytest.fixture
def index(tmp_path):
    DenseIndex.build(PASSAGES, tmp_path, HashedWords())
    return DenseIndex(tmp_path, PASSAGES, "hash", HashedWords())


def test_the_nearest_passages_come_first(index):
    hits = index.search([PASSAGES[1].contents, "equal words about lanterns"], 3)
    assert hits[0][0].passage.id == "p1"
    assert hits[0][0].score == pytest.approx(1)
    assert ids(hits[1])[:2] == ["q1", "q2"], "equal scores by id"
    assert [len(found) for found in hits] == [3, 3]
    assert len(index.search(["x"], 50)[0]) == len(PASSAGES), "never padded"
    assert index.info()[:2] == ("dense", len(PASSAGES))


def test_all_queries_are_embedded_in_one_call_but_blank_ones(tmp_path):
    model = HashedWords()
    DenseIndex.build(PASSAGES, tmp_path, model)
    assert model.queries == []
    found = DenseIndex(tmp_path, PASSAGES, "hash", model).search(["a", " ", "b"], 2)
    assert model.queries == [["a", "b"]]
    assert [len(hits) for hits in found] == [2, 0, 2]


def test_a_large_corpus_is_searched_approximately(tmp_path):
    dice = np.random.default_rng(0)
    words = [f"w{number}" for number in range(400)]
    passages = [
        Passage(f"{number:04}", "", " ".join(dice.choice(words, 12, replace=False))) for number in range(3000)
    ]
    model = HashedWords(dimension=128)
    DenseIndex.build(passages, tmp_path, model, exact_up_to=1000)
    index = DenseIndex(tmp_path, passages, "hash", model)
    found = index.search([passage.text for passage in passages[::30]], 3)
    best = [ids(hits)[0] == passage.id for hits, passage in zip(found, passages[::30], strict=True)]
    assert np.mean(best) > 0.9
    assert (tmp_path / "vectors.faiss").stat().st_size < 3000 * 128 * 4 / 2, "one byte a number"
    assert not (tmp_path / "vectors.f32").exists()


def test_another_model_is_told(tmp_path, index):
    with pytest.raises(CorpusError, match="of the model 'hashed', not of 'other'"):
        DenseIndex(tmp_path, PASSAGES, "hash", HashedWords("other"))
    changed = DenseIndex(tmp_path, PASSAGES, "hash", HashedWords(dimension=32))
    with pytest.raises(RetrievalError, match=r"gave 32 dimensions, .* has 64"):
        changed.search(["x"], 1)


def test_a_damaged_index_or_one_of_another_corpus_is_told(tmp_path, index):
    with pytest.raises(CorpusError, match="7 embeddings for 6 passages"):
        DenseIndex(tmp_path, PASSAGES[1:], "hash", HashedWords())
    # Not cut in its place: it is mapped.
    (tmp_path / "vectors.faiss").unlink()
    (tmp_path / "vectors.faiss").write_bytes(b"none")
    with pytest.raises(CorpusError, match="build it again"):
        DenseIndex(tmp_path, PASSAGES, "hash", HashedWords())
