import json
from pathlib import Path

import pytest

from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.chat import ChatMessage, ChatReply, ChatRequest
from skill_gym.skillbanks.teachers.recording import NotRecorded, Recorder, Replay

HEADER = '{"recording": 1, "model": "m", "context_tokens": 9}'


def request(text: str) -> ChatRequest:
    return ChatRequest(messages=(ChatMessage("user", text),), purpose="tests")


class Model:
    """Says what it is told to, or fails."""

    context_tokens = 777

    def __init__(self, *said: str | TeacherError, name: str = "m") -> None:
        self.name = name
        self.said = list(said)
        self.forgot: list[ChatRequest] = []

    def complete(self, request: ChatRequest) -> ChatReply:
        said = self.said.pop(0)
        if isinstance(said, TeacherError):
            raise said
        return ChatReply(text=said, prompt_tokens=5, reply_tokens=3, finish_reason="length", model="n")

    def forget(self, request: ChatRequest) -> None:
        self.forgot.append(request)


def record(path: Path, said: list[str | TeacherError], asked: list[str]) -> list[str]:
    recorder = Recorder(Model(*said), path)
    told = []
    for text in asked:
        try:
            told.append(recorder.complete(request(text)).text)
        except TeacherError as error:
            told.append(str(error))
    recorder.close()
    return told


def replay(path: Path, asked: list[str]) -> list[str]:
    model = Replay(path)
    told = []
    for text in asked:
        try:
            told.append(model.complete(request(text)).text)
        except TeacherError as error:
            told.append(str(error))
    return told


def test_recording_plays_back_exactly_failures_included(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "said.jsonl"
    asked = ["a", "b", "a", "c", "a"]
    told = record(path, ["1", "zwei\n\u2028", "3", TeacherError("refused", "not c"), "3"], asked)
    assert told == ["1", "zwei\n\u2028", "3", "refused: not c", "3"]
    assert replay(path, asked) == told
    model = Replay(path)
    assert (model.name, model.context_tokens) == ("m", 777)
    assert model.complete(request("b")) == ChatReply(
        text="zwei\n\u2028", prompt_tokens=5, reply_tokens=3, finish_reason="length", model="n", cached=True
    )


def test_request_that_was_not_recorded_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl"
    record(path, ["1"], ["a"])
    with pytest.raises(
        NotRecorded, match=r"holds no answer to this request for tests \('other'\.\.\.\).*--record"
    ):
        Replay(path).complete(request("other"))


def test_failure_gives_way_to_a_later_answer(tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl"
    record(path, [TeacherError("unavailable", "down")], ["a"])
    record(path, ["now"], ["a"])
    assert replay(path, ["a", "a"]) == ["now", "now"]


def test_run_that_goes_on_adds_only_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl"
    record(path, ["1", "2"], ["a", "b"])
    size = len(path.read_text().splitlines())
    record(path, ["1", "2", "3"], ["a", "b", "c"])
    assert len(path.read_text().splitlines()) == size + 1
    assert replay(path, ["c", "b", "a"]) == ["3", "2", "1"]


def test_line_that_was_being_written_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl"
    record(path, ["1", "2"], ["a", "b"])
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(NotRecorded):
        Replay(path).complete(request("b"))
    record(path, ["1", "2"], ["a", "b"])
    assert replay(path, ["a", "b"]) == ["1", "2"]


def test_forgetting_is_passed_on(tmp_path: Path) -> None:
    model = Model()
    Recorder(model, tmp_path / "said.jsonl").forget(request("a"))
    assert model.forgot == [request("a")]


def test_recording_of_another_model_is_not_added_to(tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl"
    record(path, ["1"], ["a"])
    with pytest.raises(ValueError, match="no recording of other"):
        Recorder(Model(name="other"), path)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["no json"],
        ['{"some": "thing"}'],
        ['{"recording": 99, "model": "m", "context_tokens": 9}'],
        ['{"recording": 1}'],
        [HEADER, "{}"],
        [HEADER, '{"key": "a", "said": {"tone": "warm"}}'],
        [HEADER, '{"key": "a", "said": {"fault": "bad day"}}'],
    ],
)
def test_file_that_is_no_recording_is_refused(lines: list[str], tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(ValueError, match=r"said\.jsonl"):
        Replay(path)


def test_recording_holds_readable_lines(tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl"
    record(path, ["1"], ["a"])
    header, line = [json.loads(each) for each in path.read_text().splitlines()]
    assert header == {"recording": 1, "model": "m", "context_tokens": 777}
    assert (line["purpose"], line["said"]["text"]) == ("tests", "1")
