"""Passages are stored once in Search-R1's form and read back as they were."""

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_corpus import PASSAGES

from skill_gym.search.passage_store import (
    CORPUS_FILE,
    StoredPassages,
    checked,
    corpus_hash,
    line,
    split_contents,
    write_passages,
)
from skill_gym.search.passages import CorpusError, Passage


def _silent(done: int) -> None:
    pass


def test_passages_come_back_in_their_order(tmp_path):
    count, digest = write_passages(PASSAGES, tmp_path, _silent)
    stored = StoredPassages(tmp_path)
    assert (count, len(stored)) == (len(PASSAGES), len(PASSAGES))
    assert tuple(stored) == PASSAGES
    assert stored[1:3] == list(PASSAGES[1:3])
    assert tuple(pickle.loads(pickle.dumps(stored))) == PASSAGES
    assert digest[:16] == corpus_hash(PASSAGES)
    with pytest.raises(IndexError, match="no passage 7"):
        stored[7]


def test_the_file_is_search_r1s_corpus(tmp_path):
    write_passages(PASSAGES[:1], tmp_path, _silent)
    row = json.loads((tmp_path / CORPUS_FILE).read_text(encoding="utf-8"))
    assert row == {"id": "p3", "contents": '"Tarnovale"\n' + PASSAGES[0].text}


@given(st.text(), st.text().filter(lambda title: "\n" not in title), st.text())
def test_every_passage_survives_the_form(name, title, text):
    row = json.loads(line(Passage(name, title, text)).decode("utf-8", "surrogatepass"))
    assert (row["id"], *split_contents(row["contents"])) == (name, title, text)


@pytest.mark.parametrize(
    ("contents", "title", "text"),
    [
        ('"Title"\ntext', "Title", "text"),
        ("Title\ntext", "Title", "text"),
        ('"The "Big" One"\ntext\nmore', 'The "Big" One', "text\nmore"),
        ("only a text", "", "only a text"),
        ('"only a title"', "only a title", ""),
        ('"\ntext', '"', "text"),
    ],
)
def test_contents_are_split_with_quotes_or_without(contents, title, text):
    assert split_contents(contents) == (title, text)


@pytest.mark.parametrize(
    ("passages", "message"),
    [
        ([], "empty"),
        ([Passage("a", "T", " \n")], "passage 1: .*'a' has no text"),
        ([Passage("a", "T\nU", "x")], "line break in its title"),
        (
            [Passage("a", "", "x"), Passage("b", "", "y"), Passage("a", "", "z")],
            "passage 3: .*'a' has the id",
        ),
    ],
)
def test_bad_passages_are_refused_with_their_place(passages, message):
    with pytest.raises(CorpusError, match=message):
        list(checked(passages))


def test_the_hash_tells_order_and_text_apart():
    hashes = {corpus_hash(PASSAGES), corpus_hash(PASSAGES[::-1]), corpus_hash(PASSAGES[1:])}
    assert len(hashes) == 3


def test_a_changed_file_is_told(tmp_path):
    write_passages(PASSAGES, tmp_path, _silent)
    with (tmp_path / CORPUS_FILE).open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(CorpusError, match="damaged or was changed; build the corpus again"):
        StoredPassages(tmp_path)
