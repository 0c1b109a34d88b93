"""Where questions come from: Parquet, JSON, JSON lines, the Hub, records that bring their contexts."""

import gzip
import json
import logging
import os
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from skill_gym.search.contexts import open_contexts
from skill_gym.search.parquet import read_rows
from skill_gym.search.question_files import open_questions
from skill_gym.search.question_records import QuestionError, read_record

R1 = {
    "id": "test_0",
    "question": " who wrote it ",
    "golden_answers": ["Nobody"],
    "data_source": "searchR1_nq",
    "prompt": [{"role": "user", "content": "Answer the given question."}],
    "ability": "fact-reasoning",
    "reward_model": {"style": "rule", "ground_truth": {"target": ["Ann Lee", "A. Lee"]}},
    "extra_info": {"split": "test", "index": 0},
    "metadata": None,
}
SKILLRL = {
    **R1,
    "env_kwargs": {"ground_truth": {"target": ["Ann"]}, "question": "who?", "data_source": "nq"},
}
HOTPOT = {
    "_id": "h1",
    "question": "Are both in Kent",
    "answer": "yes",
    "type": "comparison",
    "level": "hard",
    "supporting_facts": [["Fen & Co", 0], ["Hill", 1]],
    "context": [
        ["Fen &amp; Co", ["In Kent.", " Old."]],
        ["Other", ["No."]],
        ["Hill", ["A hill.", " In Kent."]],
    ],
    "reranked_ret_res": [["x", 1.0, True]],
}
MUSIQUE = {
    "id": "3hop1__1_2_3",
    "question": "Where is it?",
    "answer": "Kent",
    "answer_aliases": ["County of Kent", "The", "Kent"],
    "paragraphs": [
        {"idx": 0, "title": "Hill", "paragraph_text": "A hill. In Kent.", "is_supporting": True},
        {"idx": 1, "title": "Hill", "paragraph_text": "Another hill.", "is_supporting": False},
    ],
    "question_decomposition": [],
    "answerable": True,
}


def write(path: Path, *rows: Any) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_a_row_of_search_r1() -> None:
    question = read_record(R1, 7)
    assert question is not None
    assert (question.id, question.data_source, question.split) == ("test_0", "nq", "test")
    assert question.question == "who wrote it?"
    assert question.answers == ("Ann Lee", "A. Lee")
    assert (question.answer_type, question.query_type, dict(question.metadata)) == ("single", None, {})


@pytest.mark.parametrize(
    ("row", "answers"),
    [
        (SKILLRL, ("Ann",)),
        ({**R1, "reward_model": None, "reward_spec": {"ground_truth": {"target": ["Spec"]}}}, ("Spec",)),
        ({**R1, "reward_model": None}, ("Nobody",)),
        ({"question": "q", "golden_answers": "Bare"}, ("Bare",)),
        ({"question": "q", "golden_answers": [1888, "1888"]}, ("1888",)),
        ({"question": "q", "golden_answers": ["the", "Band", ""]}, ("Band",)),
        ({"env_kwargs": {"question": "q", "ground_truth": ["Plain"]}}, ("Plain",)),
    ],
)
def test_answers_come_from_the_first_place_that_has_them(
    row: dict[str, Any], answers: tuple[str, ...]
) -> None:
    question = read_record(row, 0)
    assert question is not None
    assert question.answers == answers


def test_a_row_without_an_id_is_named_by_split_and_number() -> None:
    row = {name: value for name, value in R1.items() if name != "id"}
    assert [getattr(read_record(one, 7), "id", "") for one in (row, {**row, "extra_info": {}})] == [
        "test_0",
        "7",
    ]


def test_what_a_row_tells_of_its_kind_is_kept() -> None:
    row = {**R1, "answer_type": "set", "hops": 3, "metadata": {"query_type": "comparison", "chance": 0.5}}
    question = read_record(row, 0)
    assert question is not None
    assert (question.answer_type, question.query_type) == ("set", "comparison")
    assert dict(question.metadata) == {"query_type": "comparison", "chance": 0.5, "hops": 3}


def test_a_record_of_hotpotqa() -> None:
    question = read_record(HOTPOT, 0)
    assert question is not None
    assert (question.id, question.data_source, question.question) == ("h1", "hotpotqa", "Are both in Kent?")
    assert (question.answers, question.query_type) == (("yes",), "comparison")
    assert len(question.metadata["supporting_ids"]) == 2
    columns = {
        **HOTPOT,
        "supporting_facts": {"title": ["Fen & Co", "Hill"], "sent_id": [0, 1]},
        "context": {
            "title": [one for one, _ in HOTPOT["context"]],
            "sentences": [s for _, s in HOTPOT["context"]],
        },
    }
    assert read_record(columns, 0) == question


def test_a_record_of_musique() -> None:
    question = read_record(MUSIQUE, 0)
    assert question is not None
    assert (question.id, question.data_source) == ("3hop1__1_2_3", "musique")
    assert question.answers == ("Kent", "County of Kent")
    assert question.query_type == "multi_hop_reasoning"
    assert (question.metadata["hops"], question.metadata["kind"]) == (3, "3hop1")
    assert len(question.metadata["supporting_ids"]) == 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"golden_answers": ["a"]}, "has no question"),
        ({"question": "  ", "golden_answers": ["a"]}, "has no question"),
        ({"question": "q"}, "no answers in a record with 'question'; it needs env_kwargs"),
        ({"question": "q", "golden_answers": [["a"]]}, "must be texts"),
        ({"question": "q", "golden_answers": ["a"], "answer_type": "many"}, "'single' or 'set', got 'many'"),
        ({"question": "q", "golden_answers": ["a"], "query_type": "hop"}, "one of direct_retrieval"),
        ({"question": "q", "golden_answers": b"abc"}, "must be a text or a list of texts, got b'abc'"),
        ({"question": "q", "golden_answers": {"target": "a"}}, "must be a text or a list of texts"),
        ({**HOTPOT, "answer": None}, "must be a text or a list of texts, got None"),
        ({"question": "q", "supporting_facts": 1}, "of another form"),
    ],
)
def test_other_records_are_refused_with_file_and_line(
    row: dict[str, Any], message: str, tmp_path: Path
) -> None:
    if row.get("golden_answers") == b"abc":
        pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        path = str(tmp_path / "q.parquet")
        parquet.write_table(pyarrow.Table.from_pylist([row]), path)
        place = "q.parquet, row 1"
    else:
        path, place = write(tmp_path / "q.jsonl", R1, row), "q.jsonl, line 2"
    with pytest.raises(QuestionError, match=message) as caught:
        open_questions(path, "all")
    assert place in str(caught.value)


def test_questions_that_nobody_can_answer_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "q.jsonl", R1, {"question": "q", "golden_answers": ["the", "?"]})
    with caplog.at_level(logging.WARNING):
        assert len(open_questions(path, "all")) == 1
    assert "1 questions were left out" in caplog.text
    assert "line 2" in caplog.text
    with pytest.raises(QuestionError, match="none that can be scored"):
        open_questions(write(tmp_path / "none.jsonl", {"question": "q", "golden_answers": []}), "all")


def test_an_id_twice_is_refused_and_sources_have_ids_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match=r"line 2: the id 'test_0' is there twice in 'nq'"):
        open_questions(write(tmp_path / "twice.jsonl", R1, R1), "all")
    path = write(tmp_path / "two.jsonl", R1, {**R1, "data_source": "popqa"})
    assert [one.data_source for one in open_questions(path, "all")] == ["nq", "popqa"]
    rows = [{**R1, "data_source": "a", "id": "b/c"}, {**R1, "data_source": "a/b", "id": "c"}]
    with pytest.raises(QuestionError, match=r"line 2: the id 'c' is there twice in 'a/b'"):
        open_questions(write(tmp_path / "one_task.jsonl", *rows), "all")


@pytest.mark.parametrize("record", [HOTPOT, MUSIQUE, SKILLRL])
def test_records_without_ids_are_numbered(record: dict[str, Any], tmp_path: Path) -> None:
    bare = {name: value for name, value in record.items() if name not in ("id", "_id", "extra_info")}
    path = write(tmp_path / "bare.jsonl", bare, {**bare, "question": "Who else?"})
    assert [one.id for one in open_questions(path, "all")] == ["0", "1"]


def test_rows_of_another_split_are_left_out_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {**R1, "id": str(n), "extra_info": {"split": name}} for n, name in enumerate(("dev", "train", ""))
    ]
    path = write(tmp_path / "q.jsonl", *rows)
    assert [one.id for one in open_questions(path, "validation")] == ["0", "2"]
    assert [one.id for one in open_questions(path, "train")] == ["1", "2"]
    assert len(open_questions(path, "all")) == 3
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [one.id for one in open_questions("~/q.jsonl", "train")] == ["1", "2"]
    with pytest.raises(QuestionError, match=r"no question of split 'test'.*1 of 'train'"):
        open_questions(write(tmp_path / "train.jsonl", rows[1]), "test")


def test_a_file_that_bears_the_splits_name_is_the_split(tmp_path: Path) -> None:
    path = write(tmp_path / "test.jsonl", {**R1, "extra_info": {"split": "dev"}})
    assert len(open_questions(path, "test")) == 1
    with pytest.raises(QuestionError, match=r"1 of 'validation'"):
        open_questions(path, "train")


def test_folders_have_a_file_for_each_split(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", {**R1, "id": "a"})
    write(tmp_path / "dev.json", {**R1, "id": "b"})
    write(tmp_path / "other.json", {**R1, "id": "c"})
    data = str(tmp_path)
    assert [one.id for one in open_questions(data, "train")] == ["a"]
    assert [one.id for one in open_questions(data, "validation")] == ["b"]
    assert [one.id for one in open_questions(data, "all")] == ["a", "b"]
    with pytest.raises(QuestionError, match=r"expected test\.parquet, \.jsonl or .json, there is dev\.json"):
        open_questions(data, "test")
    with pytest.raises(QuestionError, match="no questions at"):
        open_questions(str(tmp_path / "nothing"), "all")
    with pytest.raises(ValueError, match="hf: names no data set"):
        open_questions("hf:", "all")


def test_json_arrays_and_packed_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "test.json").write_text(json.dumps([R1, {**R1, "id": "b"}], indent=1), encoding="utf-8")
    with gzip.open(tmp_path / "train.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps(R1) + "\n")
    assert len(open_questions(str(tmp_path), "test")) == 2
    assert len(open_questions(str(tmp_path), "train")) == 1
    (tmp_path / "bad.jsonl").write_text("{not json\n", encoding="utf-8")
    with pytest.raises(QuestionError, match=r"bad.jsonl, line 1"):
        open_questions(str(tmp_path / "bad.jsonl"), "all")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "q.jsonl", R1)
    first = open_questions(path, "all")
    assert open_questions(path, "all") is first
    write(tmp_path / "q.jsonl", R1, {**R1, "id": "b"})
    os.utime(path, ns=(1, 1))
    assert len(open_questions(path, "all")) == 2


def test_the_published_parquet_schema(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{**R1, "id": f"test_{n}", "metadata": {"n": n}} for n in range(3000)]
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "test.parquet")
    assert list(read_rows(tmp_path / "test.parquet")) == rows
    questions = open_questions(str(tmp_path), "test")
    assert (len(questions), questions[2999].answers) == (3000, ("Ann Lee", "A. Lee"))
    (tmp_path / "train.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(ValueError, match="cannot be read as Parquet"):
        open_questions(str(tmp_path), "train")


def test_data_sets_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    pytest.importorskip("datasets")
    folder = tmp_path / "set"
    folder.mkdir()
    for name in ("train", "test"):
        row = {**R1, "id": name, "metadata": {"n": 1}}
        parquet.write_table(arrow.Table.from_pylist([row]), folder / f"{name}.parquet")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    # A folder stands in for a name of the Hub.
    assert [one.id for one in open_questions(f"hf:{folder}", "test")] == ["test"]
    assert [one.id for one in open_questions(f"hf:{folder}", "all")] == ["train", "test"]
    with pytest.raises(ValueError, match="has no split 'validation'; there are"):
        open_questions(f"hf:{folder}", "validation")
    with pytest.raises(ValueError, match="cannot load the data set"):
        open_questions(f"hf:{tmp_path}/nothing", "test")
    with pytest.raises(ValueError, match="cannot load the data set"):
        open_questions(f"hf:{folder}:other", "test")


def test_a_configuration_of_the_hub_names_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    asked: list[tuple[str, str | None]] = []

    def load(name: str, configuration: str | None) -> dict[str, list[dict[str, Any]]]:
        asked.append((name, configuration))
        return {"dev": [{"id": "dev_0", "question": "who", "golden_answers": ["Ann"]}]}

    monkeypatch.setattr(datasets, "load_dataset", load)
    (question,) = open_questions("hf:owner/sets:bamboogle", "validation")
    assert asked == [("owner/sets", "bamboogle")]
    assert (question.data_source, question.answers) == ("bamboogle", ("Ann",))


def test_contexts_are_pooled_into_a_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = write(tmp_path / "q.jsonl", HOTPOT, MUSIQUE)
    index = open_contexts(path, "all")
    # The hill stands in both.
    assert index.info().passages == 4
    (hits,) = index.search(["hill"], 5)
    assert {hit.passage.title for hit in hits} == {"Hill"}
    gold = {name for one in open_questions(path, "all") for name in one.metadata["supporting_ids"]}
    assert {hit.passage.id for hit in hits} & gold
    env = gym.make("skill_gym/Search-v0", split="all", data=path)
    env.reset(options={"task": "hotpotqa/h1"})
    assert 'Title: "Fen & Co"' in env.step("<search>fen co</search>")[0]


def test_many_contexts_are_indexed_once_into_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("skill_gym.search.contexts.MEMORY", 3)
    path = write(tmp_path / "q.jsonl", HOTPOT, MUSIQUE)
    first = open_contexts(path, "all")
    monkeypatch.setattr("skill_gym.search.contexts.build_corpus", None)
    again = open_contexts(path, "all")
    assert again.search(["hill", "kent old"], 5) == first.search(["hill", "kent old"], 5)
    assert (again.info().engine, again.info().passages) == ("lucene", 4)
    write(tmp_path / "q.jsonl", HOTPOT)
    with pytest.raises(TypeError, match="not callable"):
        open_contexts(path, "all", "lucene")


def test_environments_of_a_process_share_the_contexts(tmp_path: Path) -> None:
    path = write(tmp_path / "q.jsonl", HOTPOT)
    make = partial(gym.make, "skill_gym/Search-v0", split="all", data=path)
    one, other = (make().unwrapped for _ in range(2))
    assert one.index is other.index
    write(tmp_path / "q.jsonl", HOTPOT, MUSIQUE)
    assert make().unwrapped.index.info().passages == 4


def test_real_questions_bring_their_gold_passages(shared_data: Path) -> None:
    folder = shared_data / "search"
    if not folder.is_dir():
        pytest.skip(f"no questions at {folder}")
    questions = open_questions(str(folder), "all")
    assert len(questions) == 400
    index = open_contexts(str(folder), "all")
    assert index.info().passages == 5111
    by_source = {
        name: [one for one in questions if one.data_source == name] for name in ("hotpotqa", "musique")
    }
    assert [len(ones) for ones in by_source.values()] == [200, 200]
    assert sum(one.query_type == "comparison" for one in by_source["hotpotqa"]) == 66
    # By the specification: two titles for each, and 2, 3 or 4 paragraphs in 145, 32 and 23 records.
    counts = [len(one.metadata["supporting_ids"]) for one in by_source["musique"]]
    assert [counts.count(number) for number in (2, 3, 4)] == [145, 32, 23]
    assert all(len(one.metadata["supporting_ids"]) == 2 for one in by_source["hotpotqa"])
