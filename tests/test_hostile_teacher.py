"""A server that is hostile in every way, at random: nothing is lost, nothing is empty, the budget holds."""

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("openai", reason="needs the extra 'teachers'")

import hostile_batch
from hostile_batch import ask
from teacher_server import HOSTILE, Asked, Raw, Said, TeacherServer, completion, loopback_key

from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.ledger import Ledger
from skill_gym.skillbanks.teachers.spending import Budget

pytestmark = pytest.mark.usefixtures(loopback_key.__name__)

PAID = 30
"""Tokens of each answer, by the server's count."""


class Hostile:
    """Answers a question well or in one of the hostile ways, drawn by the question and its turn.

    Attributes:
        sent: Question -> what it was answered, by name; ``good`` is a good answer.
        stop_at: Number of requests after which ``stop`` is called, once.
    """

    def __init__(self, seed: int, share: float) -> None:
        self.seed = seed
        self.share = share
        self.sent: dict[int, list[str]] = {}
        self.stop_at = 0
        self.child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Said:
        number = int(re.search(r"question (\d+)", str(asked.body["messages"][1]["content"]))[1])  # type: ignore[index]
        with self._lock:
            told = self.sent.setdefault(number, [])
            draw = random.Random(f"{self.seed} {number} {len(told)}")
            hostile = draw.random() < self.share
            name = draw.choice(sorted(HOSTILE)) if hostile else "good"
            told.append(name)
            self.stop_at -= 1
            if self.stop_at == 0 and self.child is not None:
                os.kill(self.child.pid, signal.SIGKILL)
        return HOSTILE[name]() if hostile else completion(f'{{"text": "answer to {number}"}}')

    @property
    def charged(self) -> int:
        """Tokens that a provider could have charged: for every answer of status 200, whole or not."""
        free = {name for name, make in HOSTILE.items() if make().status != 200}
        return sum(PAID for told in self.sent.values() for name in told if name not in free)


def start(server: TeacherServer, folder: Path, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, hostile_batch.__file__, server.url, str(folder), str(count)])


def right(answers: dict[int, str]) -> bool:
    return all(text == f"answer to {number}" for number, text in answers.items())


def test_every_question_is_answered_or_has_its_error_and_runs_heal_what_failed(tmp_path: Path) -> None:
    hostile = Hostile(seed=1, share=0.7)
    with TeacherServer(hostile) as server:
        before: dict[int, str] = {}
        for _ in range(12):
            asked = {number: len(told) for number, told in hostile.sent.items()}
            ends = ask(server.url, tmp_path, 50)
            assert len(ends.answers) + len(ends.faults) == 50
            assert right(ends.answers)
            assert set(ends.faults.values()) <= {"unavailable", "refused", "invalid answer"}
            assert all(len(message) > 20 for message in ends.messages)
            # What was answered stays answered, and is not asked again.
            assert before.items() <= ends.answers.items()
            assert all(len(hostile.sent[number]) == asked[number] for number in before)
            before = ends.answers
            if not ends.faults:
                break
    assert len(before) == 50
    assert set().union(*hostile.sent.values()) == {*HOSTILE, "good"}, "not every hostility was met"
    assert ends.tokens >= hostile.charged


def test_budget_is_kept_whatever_the_server_does(tmp_path: Path) -> None:
    hostile = Hostile(seed=2, share=0.5)
    budget = 8_000
    with TeacherServer(hostile) as server:
        ends = ask(server.url, tmp_path, 120, budget)
        assert "over budget" in ends.faults.values()
        assert right(ends.answers)
        assert ends.answers
        assert hostile.charged <= ends.tokens <= budget
        seen = len(server.requests)
        again = ask(server.url, tmp_path, 120, budget)
        # The count goes on with the run: what was paid is there, and nothing more is sent than still fits.
        assert ends.answers.items() <= again.answers.items()
        assert ends.tokens <= again.tokens <= budget
        assert hostile.charged <= again.tokens
        assert len(server.requests) - seen < 40
        enough = ask(server.url, tmp_path, 120)
        assert again.answers.items() <= enough.answers.items()
        assert "over budget" not in enough.faults.values()


def kept(folder: Path) -> set[int]:
    """Questions whose good answers are on disk."""
    with closing(sqlite3.connect(folder / "answers.sqlite")) as connection:
        texts = [text for (text,) in connection.execute("SELECT text FROM answers")]
    return {int(found[1]) for text in texts if (found := re.search(r"answer to (\d+)", text))}


def test_killed_run_goes_on_with_its_answers_and_its_count(tmp_path: Path) -> None:
    hostile = Hostile(seed=3, share=0.4)
    asked: dict[int, int] = {}
    with TeacherServer(hostile) as server:
        for _ in range(2):
            hostile.stop_at = 35
            hostile.child = start(server, tmp_path, 60)
            assert hostile.child.wait(60) == -signal.SIGKILL
            hostile.child = None
            asked |= {number: len(hostile.sent[number]) for number in kept(tmp_path)}
        assert 0 < len(asked) < 60
        with Ledger(tmp_path / "ledger.jsonl") as ledger:
            # What was under way at a kill may have been charged: it counts as if it was.
            assert ledger.total.tokens >= hostile.charged
        for _ in range(10):
            ends = ask(server.url, tmp_path, 60)
            if not ends.faults:
                break
    assert len(ends.answers) == 60
    assert right(ends.answers)
    assert ends.tokens >= hostile.charged
    # Nothing that was kept before a kill is paid again.
    assert {number: len(hostile.sent[number]) for number in asked} == asked


def test_refused_budget_is_an_error_of_the_question_and_not_of_the_run(tmp_path: Path) -> None:
    with TeacherServer(lambda asked: Raw(status=500)) as server:
        ends = ask(server.url, tmp_path, 5, budget=10)
        assert set(ends.faults.values()) == {"over budget"}
        assert server.requests == []
    with Ledger(tmp_path / "ledger.jsonl", budget=Budget(tokens=10)) as ledger:
        assert ledger.total.tokens == 0
        with pytest.raises(TeacherError, match="raise the budget"):
            ledger.reserve("m", "test", 10, 10)
