"""A corpus folder is built whole or not at all, opened at once, and says what is wrong with it."""

import json
import sys

import pytest
from small_corpus import PASSAGES, HashedWords, ids

from skill_gym.search.corpus import add_engine, build_corpus, engines, open_corpus, read_meta, verify_corpus
from skill_gym.search.lucene_index import LuceneIndex, memory_index
from skill_gym.search.passages import CorpusError, Passage, RetrievalError


def _replace(path, content):
    """Puts another file in its place; the old one may be mapped still, and cutting that would be fatal."""
    other = path.with_name("other")
    other.write_bytes(content)
    other.replace(path)


def test_a_built_corpus_finds_what_one_in_memory_does(tmp_path):
    told = []
    index = build_corpus(
        iter(PASSAGES), tmp_path / "a" / "corpus", engine="lucene", source="tests", licence="MIT",
        progress=lambda *done: told.append(done),
    )  # fmt: skip
    queries = [passage.text for passage in PASSAGES]
    memory = memory_index(PASSAGES)
    for one in (index, open_corpus(tmp_path / "a" / "corpus")):
        assert one.search(queries, 4) == memory.search(queries, 4)
        assert one.info() == memory.info()
    meta = read_meta(tmp_path / "a" / "corpus")
    assert (meta.count, meta.source, meta.licence) == (len(PASSAGES), "tests", "MIT")
    assert meta.sha256.startswith(memory.info().corpus)
    assert told[-1] == ("lucene index", len(PASSAGES))


def test_engines_are_added_to_a_built_corpus(tmp_path):
    pytest.importorskip("tantivy")
    pytest.importorskip("faiss")
    folder, model = tmp_path / "corpus", HashedWords()
    build_corpus(PASSAGES, folder, engine="lucene")
    assert add_engine(folder, "dense", encode=model).info().engine == "dense"
    assert add_engine(folder, "hybrid", encode=model).info().engine == "hybrid"
    assert engines(folder) == ("lucene", "dense"), "hybrid takes the index of words that is there"
    add_engine(folder, "tantivy")
    assert engines(folder) == ("tantivy", "lucene", "dense")
    assert open_corpus(folder).info().engine == "tantivy"
    corpora = {
        open_corpus(folder, engine, encode=model).info().corpus
        for engine in ("tantivy", "lucene", "dense", "hybrid")
    }
    assert len(corpora) == 1


def test_hybrid_is_built_of_words_and_embeddings(tmp_path):
    pytest.importorskip("tantivy")
    pytest.importorskip("faiss")
    index = build_corpus(PASSAGES, tmp_path / "corpus", engine="hybrid", encode=HashedWords())
    assert engines(tmp_path / "corpus") == ("tantivy", "dense")
    assert ids(index.search(["lanterns"], 2)[0]) == ["q1", "q2"]


@pytest.mark.parametrize("bad", [[], [*PASSAGES, PASSAGES[0]], [*PASSAGES, Passage("x", "T", "")]])
def test_bad_passages_leave_no_folder(tmp_path, bad):
    with pytest.raises(CorpusError):
        build_corpus(bad, tmp_path / "corpus", engine="lucene")
    assert list(tmp_path.iterdir()) == []


def test_after_a_failed_index_the_work_goes_on(tmp_path, monkeypatch):
    folder = tmp_path / "corpus"

    def fail(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(LuceneIndex, "build", fail)
        with pytest.raises(KeyboardInterrupt):
            build_corpus(PASSAGES, folder, engine="lucene")
    assert engines(folder) == (), "no half of an index"
    with pytest.raises(CorpusError, match="there is none"):
        open_corpus(folder, "lucene")
    with pytest.raises(CorpusError, match="is there already"):
        build_corpus(PASSAGES, folder, engine="lucene")
    index = build_corpus(PASSAGES, folder, engine="lucene", exist_ok=True)
    assert ids(index.search(["lanterns"], 1)[0]) == ["q1"]


def test_an_empty_folder_is_taken_and_another_ones_is_not(tmp_path):
    (tmp_path / "empty").mkdir()
    build_corpus(PASSAGES, tmp_path / "empty", engine="lucene")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear")
    with pytest.raises(CorpusError, match="is there already"):
        build_corpus(PASSAGES, tmp_path / "other", engine="lucene", exist_ok=True)
    assert (tmp_path / "other" / "letter.txt").read_text() == "dear"


def test_what_cannot_be_opened_says_why_and_what_to_do(tmp_path):
    folder = tmp_path / "corpus"
    with pytest.raises(CorpusError, match=r"no corpus in .*skill-gym search index"):
        open_corpus(folder)
    build_corpus(PASSAGES, folder, engine="lucene")
    with pytest.raises(CorpusError, match=r"no tantivy index .there is lucene.*--engine tantivy"):
        open_corpus(folder, "tantivy")
    with pytest.raises(ValueError, match="unknown engine 'bm25'"):
        open_corpus(folder, "bm25")
    with pytest.raises(ValueError, match="'dense' needs the embedding model"):
        open_corpus(folder, "dense")
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps(meta | {"format": 99, "of_another_version": 1}))
    with pytest.raises(CorpusError, match="format 99, not 1; build it again"):
        open_corpus(folder)
    (folder / "meta.json").write_text(json.dumps(meta | {"count": 3}))
    with pytest.raises(CorpusError, match="7 passages instead of 3"):
        open_corpus(folder)


def test_an_index_of_another_corpus_is_refused(tmp_path):
    build_corpus(PASSAGES, tmp_path / "one", engine="lucene")
    build_corpus(PASSAGES[::-1], tmp_path / "other", engine="lucene")
    (tmp_path / "one" / "lucene").rename(tmp_path / "away")
    (tmp_path / "other" / "lucene").rename(tmp_path / "one" / "lucene")
    with pytest.raises(CorpusError, match="was built from the corpus"):
        open_corpus(tmp_path / "one")


@pytest.mark.parametrize("engine", ["lucene", "tantivy", "dense"])
def test_every_lost_or_cut_file_of_an_index_is_told(tmp_path, engine):
    pytest.importorskip({"lucene": "numpy", "tantivy": "tantivy", "dense": "faiss"}[engine])
    folder, model = tmp_path / "corpus", HashedWords()
    build_corpus(PASSAGES, folder, engine=engine, encode=model)
    for path in sorted(path for path in (folder / engine).iterdir() if not path.name.startswith(".")):
        content = path.read_bytes()
        for damaged in (content[:-1], b"", None):
            if damaged is None:
                path.unlink()
            else:
                _replace(path, damaged)
            with pytest.raises(CorpusError, match="remove that folder and build the index again"):
                open_corpus(folder, engine, encode=model)
        _replace(path, content)
        open_corpus(folder, engine, encode=model)


def test_an_index_of_another_format_is_refused(tmp_path):
    build_corpus(PASSAGES, tmp_path, engine="lucene")
    path = tmp_path / "lucene" / "built.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 0'))
    with pytest.raises(CorpusError, match="is of format 0, not 1; remove that folder"):
        open_corpus(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 1, "files": []}))
    with pytest.raises(CorpusError, match=r"is damaged .*; remove that folder"):
        open_corpus(tmp_path)


def test_a_damaged_passage_is_an_error_of_the_retriever(tmp_path):
    index = build_corpus(PASSAGES, tmp_path, engine="lucene")
    path = tmp_path / "corpus.jsonl"
    _replace(path, path.read_bytes().replace(b'{"id": "q1"', b'{"id: "q1" '))
    with pytest.raises(RetrievalError, match="build the corpus again"):
        open_corpus(tmp_path).search(["lanterns"], 1)
    assert index.search(["mayor"], 1)[0]


def test_a_change_that_keeps_the_size_is_found_by_verifying(tmp_path):
    build_corpus(PASSAGES, tmp_path / "corpus", engine="lucene")
    verify_corpus(tmp_path / "corpus")
    path = tmp_path / "corpus" / "corpus.jsonl"
    _replace(path, path.read_bytes().replace(b"1931", b"1932"))
    with pytest.raises(CorpusError, match="it was changed; build the corpus again"):
        verify_corpus(tmp_path / "corpus")


@pytest.mark.parametrize(
    ("engine", "module", "extra"), [("tantivy", "tantivy", "search"), ("dense", "faiss", "embeddings")]
)
def test_a_missing_package_is_told_with_its_extra(tmp_path, monkeypatch, engine, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=rf'pip install "skill-gym\[{extra}\]"'):
        build_corpus(PASSAGES, tmp_path / "corpus", engine=engine, encode=HashedWords())
