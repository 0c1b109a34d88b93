"""The command ``skill-gym search``: builds, adds, tells, asks; a mistake ends with a mend."""

import json

import pytest
from small_corpus import PASSAGES, HashedWords

from skill_gym.benchmarks import search_command
from skill_gym.benchmarks.cli import main
from skill_gym.search.corpus import engines


@pytest.fixture
def corpus_file(tmp_path):
    path = tmp_path / "corpus.jsonl"
    rows = [{"id": one.id, "contents": one.contents} for one in PASSAGES]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def folder(tmp_path, corpus_file, capsys):
    out = str(tmp_path / "out")
    words = ["--engine", "lucene", "--source", "tests", "--licence", "MIT"]
    assert main(["search", "index", "--corpus", corpus_file, "--out", out, *words]) == 0
    return out


def test_index_and_info_tell_what_the_corpus_holds(folder, capsys):
    built = capsys.readouterr().out
    assert main(["search", "info", folder]) == 0
    told = capsys.readouterr().out
    assert built.endswith(told)
    for line in (
        f"corpus    {folder}",
        "passages  7,",
        "source    tests",
        "licence   MIT",
        "index     lucene",
    ):
        assert line in told
    assert main(["search", "info", folder, "--verify"]) == 0
    assert "verified" in capsys.readouterr().out


def test_query_prints_what_is_found(folder, capsys):
    capsys.readouterr()
    assert main(["search", "query", folder, "mayor of Tarnovale", "--topk", "1"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("1. Tarnovale  [p3, ")
    assert PASSAGES[0].text in told
    assert "2." not in told


def test_engines_are_added(tmp_path, folder, capsys, monkeypatch):
    pytest.importorskip("tantivy")
    pytest.importorskip("faiss")
    monkeypatch.setattr("skill_gym.skillbanks.embedding.Embedder", HashedWords)
    assert main(["search", "index", "--out", folder, "--engine", "tantivy"]) == 0
    assert main(["search", "index", "--out", folder, "--engine", "dense", "--model", "hashed"]) == 0
    assert engines(folder) == ("tantivy", "lucene", "dense")
    capsys.readouterr()
    for engine in engines(folder):
        asked = ["search", "query", folder, PASSAGES[5].text, "--engine", engine, "--model", "hashed"]
        assert main(asked) == 0
        assert capsys.readouterr().out.startswith("1. Twin  [q1, ")
    assert main(["search", "query", folder, "x", "--engine", "dense", "--model", "other"]) == 2
    assert "of the model 'hashed', not of 'other'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "nowhere"], "no corpus in nowhere"),
        (["query", "nowhere", "x"], "no corpus in nowhere"),
        (["index", "--out", "nowhere"], "no corpus in nowhere"),
        (["index", "--corpus", "none.jsonl", "--out", "new"], "cannot read none.jsonl"),
    ],
)
def test_a_mistake_ends_with_a_mend(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["search", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_corpus_is_never_overwritten(folder, corpus_file, capsys):
    assert main(["search", "index", "--corpus", corpus_file, "--out", folder]) == 2
    assert "leave --corpus out to add an index" in capsys.readouterr().err


def test_serve_hands_the_opened_index_to_the_server(folder, monkeypatch):
    pytest.importorskip("fastapi")
    served = {}

    def run(index, host, port, *, token):
        served.update(found=index().search(["lanterns"], 1), host=host, port=port, token=token)

    monkeypatch.setattr("skill_gym.search.server.run", run)
    monkeypatch.setenv(search_command.TOKEN_VARIABLE, "secret")
    assert main(["search", "serve", folder, "--port", "8123"]) == 0
    assert served.pop("found")[0][0].passage.id == "q1"
    assert served == {"host": "127.0.0.1", "port": 8123, "token": "secret"}
