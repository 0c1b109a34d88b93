import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.answer_cache import AnswerCache
from skill_gym.skillbanks.teachers.chat import ChatMessage, ChatReply, ChatRequest, KeepsAnswers
from skill_gym.skillbanks.teachers.kept_answers import KeptAnswers

WRITER = """
import sys
from skill_gym.skillbanks.teachers.answer_cache import AnswerCache
from skill_gym.skillbanks.teachers.chat import ChatReply
cache = AnswerCache(sys.argv[1])
for number in range(int(sys.argv[3])):
    cache.keep(f"{sys.argv[2]}-{number}", ChatReply(text=f"{number} " + "x" * 5000, model=sys.argv[2]))
    print(number, flush=True)
"""


def request(text: str = "hello", **fields: object) -> ChatRequest:
    return ChatRequest(messages=(ChatMessage("user", text),), **fields)  # type: ignore[arg-type]


class Model:
    """Says how often it was asked, or fails."""

    name = "m"
    context_tokens = 1000

    def __init__(self, *failures: TeacherError, seconds: float = 0.0) -> None:
        self.failures = list(failures)
        self.seconds = seconds
        self.asked = 0
        self._lock = threading.Lock()

    def complete(self, request: ChatRequest) -> ChatReply:
        with self._lock:
            self.asked += 1
            said = f"answer {self.asked}"
        time.sleep(self.seconds)
        if self.failures:
            raise self.failures.pop()
        return ChatReply(text=said, prompt_tokens=3, reply_tokens=2, finish_reason="length", model="n")


def test_answer_is_kept_across_openings_and_marked(tmp_path: Path) -> None:
    path = tmp_path / "run" / "answers.sqlite"
    kept: list[ChatRequest] = []
    for opening in range(2):
        cache = AnswerCache(path)
        model = Model()
        chat = KeptAnswers(model, cache, on_kept=kept.append)
        reply = chat.complete(request(purpose="a"))
        assert reply == ChatReply(
            text="answer 1",
            prompt_tokens=3,
            reply_tokens=2,
            finish_reason="length",
            model="n",
            cached=opening == 1,
        )
        assert (model.asked, len(kept), len(cache)) == (1 - opening, opening, 1)
        cache.close()


def test_purpose_is_no_part_of_a_question_and_everything_else_is(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    model = Model()
    chat = KeptAnswers(model, cache)
    chat.complete(request(purpose="a"))
    chat.complete(request(purpose="b"))
    assert model.asked == 1
    others = [
        request("other"),
        request(schema={"type": "object"}),
        request(max_tokens=5),
        request(temperature=0.5),
        request(top_p=0.9),
        request(seed=1),
    ]
    for each in others:
        chat.complete(each)
    KeptAnswers(model, cache, variant="effort low").complete(request())
    assert model.asked == 2 + len(others)


def test_failures_are_never_kept(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    chat = KeptAnswers(Model(TeacherError("refused", "no")), cache)
    with pytest.raises(TeacherError):
        chat.complete(request())
    assert len(cache) == 0
    assert chat.complete(request()).text == "answer 2"


def test_forgotten_answer_is_asked_anew(tmp_path: Path) -> None:
    chat = KeptAnswers(Model(), AnswerCache(tmp_path / "answers.sqlite"))
    assert isinstance(chat, KeepsAnswers)
    assert [chat.complete(request()).text for _ in range(2)] == ["answer 1"] * 2
    chat.forget(request())
    chat.forget(request("never asked"))
    assert chat.complete(request()).text == "answer 2"


def test_same_question_of_many_threads_is_paid_once(tmp_path: Path) -> None:
    model = Model(seconds=0.05)
    chat = KeptAnswers(model, AnswerCache(tmp_path / "answers.sqlite"))
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda n: chat.complete(request(str(n % 2))), range(32)))
    assert model.asked == 2
    assert sum(reply.cached for reply in replies) == 30


def test_several_processes_share_the_file(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, name, "50"], stdout=subprocess.DEVNULL)
        for name in "abc"
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    cache = AnswerCache(path)
    assert len(cache) == 150
    found = cache.find("b-49")
    assert found is not None
    assert (found.text[:3], found.model) == ("49 ", "b")


def test_kill_leaves_every_answer_that_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path, "a", "100000"], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if line == "200\n":
                os.kill(writer.pid, signal.SIGKILL)
                break
        told = 200 + len(writer.stdout.readlines())
    cache = AnswerCache(path)
    for number in range(told):
        found = cache.find(f"a-{number}")
        assert found is not None
        assert found.text == f"{number} " + "x" * 5000
    assert len(cache) <= told + 2
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_file_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no database at all, but long enough to look at" * 50)
    with pytest.raises(ValueError, match=r"notes\.txt holds no kept answers"):
        AnswerCache(text)
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE mine (x)")
    connection.commit()
    with pytest.raises(ValueError, match="is a database of something else"):
        AnswerCache(other)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("mine",)]
