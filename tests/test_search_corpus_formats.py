"""Passages are read from the files that people have."""

import gzip
import json

import pytest

from skill_gym.search.corpus_formats import context_passages, passage_id, read_corpus
from skill_gym.search.passage_store import checked
from skill_gym.search.passages import CorpusError, Passage

HOTPOT = {
    "_id": "h",
    "context": [["A &amp; B", ["First.", " Second."]], ["C", ["Third."]], ["Empty", []]],
    "supporting_facts": [["C", 0]],
}
MUSIQUE = {
    "id": "2hop__1",
    "paragraphs": [
        {"idx": 0, "title": "C", "paragraph_text": "Third.", "is_supporting": True},
        {"idx": 1, "title": "C", "paragraph_text": "Another text.", "is_supporting": False},
    ],
}
R1 = [{"id": "0", "contents": '"T"\nfirst'}, {"id": "1", "contents": "U\nsecond"}]


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_search_r1s_rows_are_read_quoted_or_not(tmp_path):
    expected = [Passage("0", "T", "first"), Passage("1", "U", "second")]
    path = write_lines(tmp_path / "corpus.jsonl", R1)
    assert list(read_corpus(path)) == expected
    assert list(read_corpus(tmp_path)) == expected, "a folder means its corpus.jsonl"
    array = tmp_path / "array.json"
    array.write_text(json.dumps(R1, indent=1), encoding="utf-8")
    assert list(read_corpus(array)) == expected
    packed = tmp_path / "corpus.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert list(read_corpus(packed)) == expected


def test_titles_and_texts_are_read_with_an_id_or_without(tmp_path):
    rows = [{"id": 7, "title": '"T"', "text": "x"}, {"title": "Two\nlines", "text": "y"}, {"text": "z"}]
    found = list(read_corpus(write_lines(tmp_path / "rows.jsonl", rows)))
    assert found == [
        Passage("7", "T", "x"),
        Passage(passage_id("Two lines", "y"), "Two lines", "y"),
        Passage(passage_id("", "z"), "", "z"),
    ]


def test_parquet_is_read(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(R1), tmp_path / "corpus.parquet")
    assert [one.title for one in read_corpus(tmp_path / "corpus.parquet")] == ["T", "U"]
    (tmp_path / "broken.parquet").write_bytes(b"no parquet")
    with pytest.raises(CorpusError, match=r"cannot read .*broken\.parquet"):
        list(read_corpus(tmp_path / "broken.parquet"))


def test_contexts_are_pooled_each_once_by_ascending_id(tmp_path):
    one = write_lines(tmp_path / "hotpot.json", [HOTPOT, HOTPOT])
    other = write_lines(tmp_path / "musique.json", [MUSIQUE])
    found = list(read_corpus(one, other))
    assert {(passage.title, passage.text) for passage in found} == {
        ("A & B", "First. Second."), ("C", "Third."), ("C", "Another text."),
    }  # fmt: skip
    assert [passage.id for passage in found] == sorted(passage.id for passage in found)
    assert list(read_corpus(other, one)) == found


def test_an_id_is_the_hash_of_title_and_text():
    # sha256 of "C\nThird.", computed by another program.
    assert passage_id("C", "Third.") == "afdc476718be3bc1"
    assert context_passages(HOTPOT)[1] == context_passages(MUSIQUE)[0]


def test_contexts_as_the_hub_has_them():
    columns = {"context": {"title": ["C"], "sentences": [["Third."]]}}
    assert context_passages(columns) == context_passages(HOTPOT)[1:]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id": "0", "contents": "\\"T\\"\\n "}', "line 1: the passage 'T' has no text"),
        ('{"id": "0"}', "line 1: no text in a row with 'id'"),
        ('{"id": "0", "contents": "x"}\n\n{"id": ', "line 3: no JSON"),
        ('{"id": ' * 100_000, "line 1: no JSON"),
        ("[" * 100_000, "begins like a JSON array"),
        ("7", "line 1: expected an object, got int"),
        ("[1]", "row 1: expected an object, got int"),
        ('[{"text": "x"}', "begins like a JSON array"),
        ('{"context": 7}', "line 1: contexts of another form"),
        ('{"title": 7, "text": "x"}', "title must be a text"),
    ],
)
def test_bad_rows_are_told_with_file_and_line(tmp_path, text, message):
    path = tmp_path / "bad.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=rf"bad\.jsonl.*{message}"):
        list(read_corpus(path))


def test_a_duplicate_id_is_told_with_file_and_line(tmp_path):
    path = write_lines(tmp_path / "twice.jsonl", [*R1, {"id": "0", "contents": "again"}])
    with pytest.raises(CorpusError, match=r"twice\.jsonl, line 3: .*'0' has the id of an earlier passage"):
        list(checked(read_corpus(path)))


def test_a_missing_or_damaged_file_is_told(tmp_path):
    with pytest.raises(CorpusError, match="cannot read"):
        list(read_corpus(tmp_path / "none.jsonl"))
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"text": "x"}\n' * 500)[:-10])
    with pytest.raises(CorpusError, match="cannot read"):
        list(read_corpus(tmp_path / "cut.jsonl.gz"))


def test_the_real_records_give_the_known_corpus(shared_data):
    folder = shared_data / "search"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    found = list(checked(read_corpus(folder / "hotpot.json", folder / "musique.json")))
    words = [len(passage.text.split()) for passage in found]
    assert (len(found), round(sum(words) / len(words)), max(words)) == (5111, 83, 476)
