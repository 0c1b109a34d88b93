import argparse
import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("openai", reason="needs the extra 'teachers'")

from pydantic import BaseModel
from teacher_server import KEY, TeacherServer, completion, error, loopback_key

from skill_gym.benchmarks.teacher_options import OpenTeacher, add_teacher_arguments, open_teacher
from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.asking import Question
from skill_gym.skillbanks.teachers.opening import open_chat_model

pytestmark = pytest.mark.usefixtures(loopback_key.__name__)

NOWHERE = ("--teacher", "openai:m", "--teacher-url", "http://127.0.0.1:1/v1")


class Answer(BaseModel):
    text: str


def question(text: str) -> Question[Answer]:
    return Question(purpose="lessons", system="s", text=text, answer=Answer, max_tokens=100)


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_teacher_arguments(parser)
    return parser.parse_args(arguments)


def opened(folder: Path, *arguments: str) -> OpenTeacher:
    teacher = open_teacher(options(*arguments), folder)
    assert teacher is not None
    return teacher


def test_commands_know_their_options_without_the_extra() -> None:
    heavy = {"openai", "pydantic"}
    probe = (
        "import sys, skill_gym.benchmarks.cli as cli; cli.parser();"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_rules_ask_nobody(tmp_path: Path) -> None:
    assert open_teacher(options(), tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    for wrong in (["--price", "1,2"], ["--teacher-budget-tokens", "5"], ["--record", "x"]):
        with pytest.raises(ValueError, match=f"{wrong[0]} is for a model"):
            open_teacher(options(*wrong), tmp_path)


def test_options_reach_the_server_and_the_run_is_counted_kept_and_recorded(tmp_path: Path) -> None:
    record = tmp_path / "said.jsonl"
    folder = tmp_path / "run"
    said = completion('{"text": "good"}', prompt_tokens=1000, reply_tokens=500)
    with TeacherServer(lambda asked: said) as server:
        arguments = ["--teacher", "openai:m", "--teacher-url", server.url, "--price", "2,8"]
        more = ["--teacher-options", '{"reasoning_effort": "low"}', "--teacher-concurrency", "2"]
        with opened(folder, *arguments, *more, "--record", str(record)) as teacher:
            assert teacher.asker.ask_all([question("a"), question("b")]) == [Answer(text="good")] * 2
            assert teacher.postfix() == {"tokens": "3,000", "usd": "0.01"}
            assert teacher.report() == [
                "lessons (m): 2 answers, 0 from earlier, 2,000 + 1,000 tokens, 0.0120 US dollars"
            ]
        assert server.requests[0].body["reasoning_effort"] == "low"
        with opened(folder, *arguments, *more) as again:
            assert again.asker.ask(question("a")) == Answer(text="good")
            assert again.postfix() == {"tokens": "3,000", "usd": "0.01", "kept": "1"}
        assert len(server.requests) == 2
        # Another effort is another question.
        with opened(folder, *arguments) as other:
            other.asker.ask(question("a"))
        assert len(server.requests) == 3
    with opened(tmp_path / "replayed", "--teacher", f"replay:{record}") as replay:
        assert replay.asker.ask(question("b")) == Answer(text="good")
        assert replay.asker.name == "m"
        with pytest.raises(TeacherError, match="holds no answer"):
            replay.asker.ask(question("c"))


def test_budget_holds_over_runs(tmp_path: Path) -> None:
    said = completion('{"text": "good"}', prompt_tokens=200, reply_tokens=100)
    with TeacherServer(lambda asked: said) as server:
        arguments = ["--teacher", "openai:m", "--teacher-url", server.url, "--teacher-budget-tokens", "1000"]
        faults = []
        for run in range(3):
            with opened(tmp_path, *arguments) as teacher:
                ends = teacher.asker.ask_all([question(f"{run} {n}") for n in range(4)])
                faults.append([end.fault for end in ends if isinstance(end, TeacherError)])
                assert teacher.ledger.total.tokens <= 1000
    assert "over budget" in faults[0]
    assert faults[1:] == [["over budget"] * 4] * 2


def test_budget_in_dollars_without_a_price_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--price 2,8"):
        opened(tmp_path, *NOWHERE, "--teacher-budget-usd", "1")
    # What was opened is closed again: the ledger can be.
    opened(tmp_path, *NOWHERE).close()


@pytest.mark.parametrize("name", ["gpt-4o", "openai:", "replay:", "anthropic:claude", ""])
def test_unknown_names_are_refused_with_the_known_ones(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected openai:MODEL"):
        open_chat_model(name)
    with pytest.raises(ValueError, match=r"--teacher: expected rules .*, openai:MODEL"):
        open_teacher(options("--teacher", name), tmp_path)


def test_missing_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"none\.jsonl"):
        open_teacher(options("--teacher", f"replay:{tmp_path / 'none.jsonl'}"), tmp_path)


@pytest.mark.parametrize("given", ["[1]", "low"])
def test_options_that_are_no_object_are_refused(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options(*NOWHERE, "--teacher-options", given)
    assert "expected a JSON object, e.g. {" in capsys.readouterr().err


def test_a_key_may_stand_in_a_variable_of_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", "sk-other-0123456789")
    with TeacherServer(lambda asked: {"text": "yes"}) as server:
        arguments = ["--teacher", "openai:m", "--teacher-url", server.url]
        with opened(tmp_path, *arguments, "--teacher-key-variable", "OTHER_KEY") as teacher:
            teacher.asker.ask(question("Why?"))
    assert server.requests[0].headers["authorization"] == "Bearer sk-other-0123456789"


def test_a_place_that_holds_no_answers_is_refused_with_a_mend(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot be opened .*; name another file"):
        opened(tmp_path, *NOWHERE, "--teacher-cache", str(tmp_path))


def test_what_cost_nothing_is_no_line_of_the_bill(tmp_path: Path) -> None:
    with (
        TeacherServer(lambda asked: error(400)) as server,
        opened(tmp_path, "--teacher", "openai:m", "--teacher-url", server.url) as teacher,
    ):
        with pytest.raises(TeacherError):
            teacher.asker.ask(question("Why?"))
        assert teacher.report() == []


def test_tries_are_what_was_asked_for(tmp_path: Path) -> None:
    with TeacherServer(lambda asked: error(500, headers={"Retry-After": "0"})) as server:
        arguments = ["--teacher", "openai:m", "--teacher-url", server.url, "--teacher-tries", "1"]
        with opened(tmp_path, *arguments) as teacher, pytest.raises(TeacherError, match="after 1 tries"):
            teacher.asker.ask(question("a"))
    assert len(server.requests) == 1


def test_key_is_in_no_file_and_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def answer(asked: object) -> object:
        headers = asked.headers["authorization"]  # type: ignore[attr-defined]
        texts = {"a": completion(json.dumps({"text": headers})), "b": error(401, headers)}
        return texts[asked.text]  # type: ignore[attr-defined]

    with TeacherServer(answer) as server:  # type: ignore[arg-type]
        arguments = ["--teacher", "openai:m", "--teacher-url", server.url]
        with opened(tmp_path, *arguments, "--record", str(tmp_path / "said.jsonl")) as teacher:
            ends = teacher.asker.ask_all([question("a"), question("b")])
    assert len(server.requests) == 2
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Bearer ***" in written
    assert KEY.encode() not in written
    assert KEY not in caplog.text + repr(ends) + repr(vars(teacher))
