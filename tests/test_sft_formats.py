"""The files of an export against the trainers' documented formats, and back again."""

import json

import pytest
from sft_episodes import export, played, spoilt

from skill_gym.agents.demonstration_play import Demonstration
from skill_gym.agents.sft_examples import SftExample, by_unit
from skill_gym.agents.sft_folder import SftFolder, SftFolderError
from skill_gym.agents.sft_formats import FORMATS, USUAL, FormatError, registration
from skill_gym.agents.sft_prompts import PromptConfig
from skill_gym.agents.sft_schema import faults, row_faults
from skill_gym.agents.sft_selection import Selection, SelectionConfig

# Quotes, markup, a line separator, another script, an emoji, and lines that look like JSON lines' ends.
HARD = 'He said "no"\\n</s><|im_end|>\u2028\u0085 \u4f60\u597d \U0001f511\t\r\n\nend'


USER = {"role": "user", "content": "a"}


def episode(*learn: bool, text: str = "") -> Demonstration:
    return Demonstration(
        "split/task",
        "kind",
        tuple(f"prompt {turn} {text}" for turn in range(len(learn))),
        tuple(f"reply {turn} {text}" for turn in range(len(learn))),
        learn,
        tuple(("look", text or "go") for _ in learn),
        "env:source:split/task",
        (),
    )


def texts(one: Demonstration) -> tuple:
    return one.prompts, one.replies, one.learn


def rows(name: str, one: Demonstration, unit: str = "transcript") -> list:
    return [row for example in by_unit(SftExample(one), unit) for row in FORMATS[name].rows(example)]


def test_alpaca_is_as_documented():
    assert rows("alpaca", episode(True), "step") == [
        {"instruction": "prompt 0 ", "input": "", "output": "reply 0 "}
    ]
    assert rows("alpaca", episode(True, True)) == [
        {
            "instruction": "prompt 1 ",
            "input": "",
            "output": "reply 1 ",
            "history": [["prompt 0 ", "reply 0 "]],
        }
    ]
    assert registration(FORMATS["alpaca"], "x.json", "step") == {
        "file_name": "x.json",
        "columns": {"prompt": "instruction", "query": "input", "response": "output"},
    }
    assert registration(FORMATS["alpaca"], "x.json", "transcript")["columns"]["history"] == "history"
    assert "alpaca" not in USUAL["transcript"], "history answers are learnt: only for those who ask"


def test_sharegpt_is_as_documented():
    assert rows("sharegpt", episode(True, True)) == [
        {
            "conversations": [
                {"from": "human", "value": "prompt 0 "},
                {"from": "gpt", "value": "reply 0 "},
                {"from": "human", "value": "prompt 1 "},
                {"from": "gpt", "value": "reply 1 "},
            ]
        }
    ]
    assert registration(FORMATS["sharegpt"], "x.json", "step") == {
        "file_name": "x.json",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations"},
    }


def test_trl_and_chat_are_as_documented():
    user, assistant = {"role": "user", "content": "prompt 0 "}, {"role": "assistant", "content": "reply 0 "}
    assert rows("trl", episode(True)) == [{"messages": [user, assistant]}]
    assert rows("trl_completion", episode(True)) == [{"prompt": [user], "completion": [assistant]}]
    (row,) = rows("chat", episode(True))
    assert row["messages"] == [user, {**assistant, "weight": 1}]
    assert registration(FORMATS["trl"], "x", "step") is None


def test_a_reply_that_is_not_learnt_stands_only_where_it_can_be_masked():
    one = episode(True, False, True)
    assert [message["weight"] for message in rows("chat", one)[0]["messages"][1::2]] == [1, 0, 1]
    assert [row["completion"][0]["content"] for row in rows("trl_completion", one)] == [
        "reply 0 ",
        "reply 2 ",
    ]
    assert rows("trl_completion", one)[1]["prompt"][3]["content"] == "reply 1 "
    for name in ("alpaca", "sharegpt", "trl"):
        assert rows(name, one) == []
        assert len(rows(name, one, "step")) == 2


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("text", ["", HARD])
def test_what_is_written_comes_back(name, text):
    one = episode(True, True, text=text)
    back = [FORMATS[name].episode(json.loads(json.dumps(row))) for row in rows(name, one)]
    if name == "trl_completion":
        assert texts(back[-1]) == (one.prompts, one.replies, (False, True))
        assert texts(back[0]) == (one.prompts[:1], one.replies[:1], (True,))
    else:
        assert [texts(found) for found in back] == [texts(one)]
    if name == "chat":
        assert back == [one]


@pytest.mark.parametrize("layout", ["step", "transcript"])
def test_files_hold_any_text(tmp_path, layout):
    episodes = [spoilt(one, 0, HARD) for one in played(count=6)]
    figures = export(
        episodes,
        tmp_path / "out",
        formats=tuple(FORMATS),
        prompts=PromptConfig(layout=layout),
        selection=Selection(SelectionConfig(min_valid=0.1)),
    )
    folder = SftFolder.open(tmp_path / "out")
    assert faults(folder) == []
    found = list(folder.episodes("train"))
    assert len(found) == figures["rows"]["train.chat.jsonl"]
    if layout == "transcript":
        assert all(one.replies[0] == HARD and not one.learn[0] for one in found)


@pytest.mark.parametrize(
    ("name", "row", "columns", "what"),
    [
        ("alpaca", {"instruction": "a"}, {}, "output"),
        ("alpaca", {"instruction": "a", "output": " "}, {}, "output"),
        ("alpaca", {"instruction": "a", "output": "b"}, {"columns": {"query": "input"}}, "column 'input'"),
        ("alpaca", {"instruction": "a", "output": "b", "h": [["x"]]}, {"columns": {"history": "h"}}, "pairs"),
        ("sharegpt", {"conversations": [{"from": "human", "value": "a"}]}, {}, "in turn"),
        ("sharegpt", {"conversations": [{"from": "gpt", "value": "a"}] * 2}, {}, "in turn"),
        ("sharegpt", {"messages": []}, {}, "list of messages"),
        ("trl", {"messages": [USER, {"role": "assistant"}]}, {}, "a text in every"),
        ("trl_completion", {"prompt": [], "completion": []}, {}, "prompt of messages"),
        (
            "chat",
            {"messages": [USER, {"role": "assistant", "content": "b", "weight": 0}]},
            {},
            "not only 0",
        ),
        ("chat", ["a"], {}, "an object"),
    ],
)  # fmt: skip
def test_rows_that_are_not_as_documented_are_found(name, row, columns, what):
    (fault,) = row_faults(FORMATS[name], row, columns)
    assert what in fault


def test_a_folder_that_was_tampered_with_is_found_out(tmp_path):
    export(played(), tmp_path / "out", prompts=PromptConfig(layout="step"))
    folder = SftFolder.open(tmp_path / "out")
    file = folder.path / "validation.chat.jsonl"
    file.write_text(file.read_text() + (folder.path / "train.chat.jsonl").read_text().splitlines()[0] + "\n")
    (folder.path / "train.sharegpt.json").write_text("[]")
    (folder.path / "train.alpaca.json").unlink()
    (folder.path / "train.alpaca.json").write_text('[{"instruction": "a", "input": "", "output": ""}]')
    found = faults(folder)
    assert any(
        fault.startswith("validation.chat.jsonl") and "the manifest counts" in fault for fault in found
    )
    assert any("1 tasks are in train and validation" in fault for fault in found)
    assert any(fault.startswith("train.alpaca.json, row 1: expected a text in 'output'") for fault in found)


@pytest.mark.parametrize(
    ("name", "row", "what"),
    [
        ("chat", {"messages": [{"role": "user", "content": "a"}]}, "with a reply at its end"),
        ("sharegpt", {"conversations": [{"from": "gpt", "value": "a"}] * 2}, "'human'"),
        ("alpaca", {"instruction": "a"}, "'output'"),
        ("trl_completion", {"prompt": []}, "'completion'"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(name, row, what):
    with pytest.raises(FormatError, match=what):
        FORMATS[name].episode(row)


def test_folders_that_are_none_or_of_another_version_are_refused(tmp_path):
    with pytest.raises(SftFolderError, match=r"no export\.json.*skill-gym export"):
        SftFolder.open(tmp_path)
    export(played(), tmp_path / "out")
    manifest = tmp_path / "out" / "export.json"
    folder = SftFolder.open(tmp_path / "out")
    with pytest.raises(SftFolderError, match="no examples in the format alpaca"):
        folder.format("alpaca")
    with pytest.raises(SftFolderError, match="no format 'parquet'"):
        folder.format("parquet")
    lines = (folder.path / "train.chat.jsonl").read_text().splitlines()
    (folder.path / "train.chat.jsonl").write_text("\n".join([lines[0], '{"messages": 3}']))
    with pytest.raises(SftFolderError, match="row 2: expected a conversation"):
        list(folder.episodes("train"))
    (folder.path / "train.chat.jsonl").write_text(lines[0][:50])
    with pytest.raises(SftFolderError, match=r"is not JSON.*export anew"):
        list(folder.episodes("train"))
    manifest.write_text(manifest.read_text().replace('"version": 1', '"version": 9'))
    with pytest.raises(SftFolderError, match=r"expected export version 1.*got 9"):
        SftFolder.open(tmp_path / "out")
    manifest.write_text("{")
    with pytest.raises(SftFolderError, match="is not JSON"):
        SftFolder.open(tmp_path / "out")
