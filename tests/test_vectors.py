"""Vectors are computed once for each text and model, and fit together or are refused."""

import numpy as np
import pytest
from word_vectors import WordVectors

from skill_gym.skillbanks.store_vectors import VectorTable
from skill_gym.skillbanks.vectors import VectorCache, VectorError


def test_repeats_and_known_texts_cost_nothing():
    encoder, cache = WordVectors(), VectorCache()
    first = cache.vectors(encoder, ["a", "b", "a"])
    assert (first[0] == first[2]).all()
    assert (encoder.calls, encoder.texts, cache.encoded) == (1, 2, 2)
    assert (cache.vectors(encoder, ["b", "c"])[0] == first[1]).all()
    assert encoder.texts == 3
    assert cache.vectors(encoder, []).shape[0] == 0


def test_memory_is_bounded_and_the_oldest_goes_first():
    encoder, cache = WordVectors(), VectorCache(memory=2)
    cache.vectors(encoder, ["a", "b"])
    cache.vectors(encoder, ["a"])
    cache.vectors(encoder, ["c"])
    cache.vectors(encoder, ["a", "c"])
    assert encoder.texts == 3
    cache.vectors(encoder, ["b"])
    assert encoder.texts == 4
    assert cache.vectors(encoder, ["a", "b", "c", "d"]).shape == (4, 256), "more than there is room for"
    with pytest.raises(ValueError, match="at least 1"):
        VectorCache(memory=0)


def test_models_prompts_and_precision_do_not_mix(tmp_path):
    class Prompted(WordVectors):
        def key(self, *, query=False):
            return f"prompted {query}"

    table = VectorTable(tmp_path / "vectors")
    encoder = Prompted()
    cache = VectorCache(table)
    cache.vectors(encoder, ["a"])
    cache.vectors(encoder, ["a"], query=True)
    cache.vectors(encoder, ["a"], alone=True)
    VectorCache(table, dtype="float16").vectors(encoder, ["a"])
    cache.vectors(WordVectors(), ["a"])
    assert encoder.texts == 4


def test_half_precision_gives_the_same_from_the_file_as_from_the_model(tmp_path):
    texts = [f"text {n}" for n in range(20)]
    fresh = VectorCache(VectorTable(tmp_path / "vectors"), dtype="float16").vectors(WordVectors(), texts)
    encoder = WordVectors()
    loaded = VectorCache(VectorTable(tmp_path / "vectors"), dtype="float16").vectors(encoder, texts)
    assert encoder.calls == 0
    assert fresh.dtype == loaded.dtype == np.float32
    assert (fresh == loaded).all()
    assert np.abs(fresh - encoder(texts)).max() < 1e-3


def test_vectors_from_elsewhere_are_taken(tmp_path):
    encoder, cache = WordVectors(), VectorCache()
    cache.keep(encoder, ["a", "b"], WordVectors()(["a", "b"]))
    assert (cache.vectors(encoder, ["b"]) == WordVectors()(["b"])).all()
    assert encoder.calls == 0
    with pytest.raises(ValueError):
        cache.keep(encoder, ["a"], WordVectors()(["a", "b"]))


def test_a_model_of_another_size_than_the_stored_vectors_is_refused(tmp_path):
    class Liar(WordVectors):
        def key(self, *, query=False):
            return "the same"

    path = tmp_path / "vectors"
    VectorCache(VectorTable(path)).vectors(Liar(64), ["a"])
    with pytest.raises(VectorError, match=r"have 32 and 64 numbers.*delete the file"):
        VectorCache(VectorTable(path)).vectors(Liar(32), ["a", "b"])


def test_each_text_alone_is_a_call_of_its_own():
    encoder, cache = WordVectors(), VectorCache()
    cache.vectors(encoder, ["a", "b", "c"], alone=True)
    assert encoder.calls == 3
