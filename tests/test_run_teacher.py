"""A training run asks a model as its teacher: in step with validation, within its budget, paid once."""

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pydantic", reason="needs the extra 'teachers'")
pytest.importorskip("openai", reason="needs the extra 'teachers'")

from teacher_server import KEY, Asked, Said, TeacherServer, error, loopback_key
from toy_training import toy_config, toy_model, toy_trainer

from skill_gym.agents.config import ConfigError, load_config
from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.run_teacher import CACHE_FILE, LEDGER_FILE
from skill_gym.agents.trainer import Trainer
from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.model_teacher import ModelTeacher

TESTS = Path(__file__).resolve().parent

pytestmark = pytest.mark.usefixtures(loopback_key.__name__)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return toy_model(tmp_path_factory.mktemp("model"))


def one_more(asked: Asked) -> Said:
    """One skill more than the bank in the question has."""
    number = asked.text.count(", skill") + 1
    kind = asked.body["response_format"]["json_schema"]["schema"]["$defs"]["NewSkill"]["properties"][
        "task_type"
    ]
    return {
        "skills": [
            {
                "sources": ["E1"],
                "task_type": kind["enum"][0],
                "cause": "no key was tried",
                "title": f"Keys, part {number}",
                "principle": f"Try {number} of the keys that lie there before you give up.",
                "when_to_apply": "When something is locked.",
            }
        ],
        "mistakes": [],
        "revisions": [],
        "retirements": [],
    }


def settings(server: TeacherServer, *more: str) -> list[str]:
    return ["teacher.name=openai:any", f"teacher.base_url={server.url}", "teacher.tries=1", *more]


def train(config: Any, **arguments: Any) -> Trainer:
    with toy_trainer(config, **arguments) as trainer:
        trainer.train()
        return trainer


def die_after(run: Path, model: Path, last: int, *more: str) -> None:
    """A run in a process of its own that is killed in the update after that iteration."""
    killed = subprocess.run(
        [sys.executable, str(TESTS / "toy_training.py"), str(run), str(model), str(last), *more],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]


def evolutions(run: Path) -> list[str]:
    return sorted(file.name for file in (run / "banks").glob("evolution-*.json"))


def test_a_run_that_was_killed_pays_no_answer_twice(tmp_path, model):
    with TeacherServer(one_more) as server:
        more = settings(server, "run.checkpoint_every=10", "teacher.price=2,8")
        whole = train(toy_config(tmp_path / "whole", model, *more))
        assert len(server.requests) == 3
        die_after(tmp_path / "killed", model, 3, *more)
        assert len(server.requests) == 4
        resumed = train(toy_config(tmp_path / "killed", model, *more), resume=True)
        assert len(server.requests) == 6
    assert resumed.bank == whole.bank
    assert len(whole.bank) == 3
    last, other = (read_metrics(tmp_path / name / "metrics.jsonl")[-1] for name in ("whole", "killed"))
    assert last["evolution/teacher_tokens"] == other["evolution/teacher_tokens"] == 90
    assert last["evolution/teacher_usd"] == other["evolution/teacher_usd"] == pytest.approx(3 * 120e-6)
    assert (last["evolution/teacher_kept"], other["evolution/teacher_kept"]) == (0, 1)
    assert last["evolution/rounds"] == other["evolution/rounds"] == 3
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or KEY.encode() not in file.read_bytes(), file
    assert (tmp_path / "whole" / LEDGER_FILE).is_file()
    assert (tmp_path / "whole" / CACHE_FILE).is_file()


def test_every_second_validation_is_counted_through_a_kill(tmp_path, model):
    with TeacherServer(one_more) as server:
        more = settings(server, "evolution.every_validations=2", "validation.every=1")
        train(toy_config(tmp_path / "whole", model, *more))
        # Dies in iteration 4 and goes on after the second one, when two validations had been.
        die_after(tmp_path / "killed", model, 3, *more)
        train(toy_config(tmp_path / "killed", model, *more), resume=True)
    names = [f"evolution-{number:06d}.json" for number in (2, 4, 6)]
    assert evolutions(tmp_path / "whole") == evolutions(tmp_path / "killed") == names


def test_when_the_budget_is_used_up_training_goes_on_and_says_so_once(tmp_path, model, caplog):
    with TeacherServer(one_more) as server, caplog.at_level(logging.WARNING, "skill_gym"):
        trainer = train(toy_config(tmp_path / "run", model, *settings(server, "teacher.budget_tokens=100")))
        assert server.requests == []
    assert trainer.iteration == 6
    assert len(trainer.bank) == 0
    said = [record.getMessage() for record in caplog.records if "goes on" in record.getMessage()]
    assert len(said) == 1
    assert "over budget" in said[0]
    last = read_metrics(tmp_path / "run" / "metrics.jsonl")[-1]
    assert (last["evolution/rounds"], last["evolution/teacher_errors"]) == (3, 3)
    assert last["evolution/teacher_tokens"] == 0
    assert '"over budget' in (tmp_path / "run" / "banks" / "evolution-000002.json").read_text()


def test_a_server_that_fails_now_and_then_costs_its_rounds_only(tmp_path, model):
    answers = iter([error(500), None, error(500)])
    with TeacherServer(lambda asked: next(answers) or one_more(asked)) as server:
        trainer = train(toy_config(tmp_path / "run", model, *settings(server)))
    assert len(trainer.bank) == 1
    rows = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert [row["evolution/teacher_errors"] for row in rows] == [0, 1, 1, 1, 1, 2]


def test_a_teacher_that_cannot_be_opened_is_said_before_any_work(tmp_path, model, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(TeacherError, match="OPENAI_API_KEY"):
        toy_trainer(toy_config(tmp_path / "run", model, "teacher.name=openai:any"))
    assert not (tmp_path / "run" / "config.yaml").exists()


def test_rules_need_no_file_and_cost_nothing(tmp_path, model):
    with Trainer(toy_config(tmp_path / "run", model, "run.iterations=0")) as trainer:
        assert trainer.banks.teacher.name == "rules"
    assert not (tmp_path / "run" / LEDGER_FILE).exists()


def test_skillrls_own_teacher_is_a_setting(monkeypatch, tmp_path, model):
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://example.openai.azure.com")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "not-a-real-one")
    with Trainer(toy_config(tmp_path / "run", model, "teacher.name=azure:o3", "run.iterations=0")) as trainer:
        asked = trainer.banks.teacher.teacher
        assert isinstance(asked, ModelTeacher)
        assert asked.name == "o3"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["teacher.name=gpt"], "openai:MODEL"),
        (["teacher.name=other:model"], "openai:MODEL"),
        (["teacher.base_url=http://127.0.0.1/v1"], "name it with teacher.name"),
        (["teacher.name=openai:m", "teacher.base_url=http://me:pass@127.0.0.1/v1"], "holds a password"),
        (["teacher.name=openai:m", "teacher.options={api_key: x}"], "nothing secret"),
        (["teacher.name=openai:m", "teacher.options={extra_headers: {Authorization: x}}"], "nothing secret"),
        (["teacher.name=openai:m", "teacher.budget_usd=5"], "needs teacher.price"),
        (["teacher.name=openai:m", "teacher.concurrency=0"], "concurrency"),
        (["teacher.name=openai:m", "teacher.timeout=0"], "timeout"),
        (["evolution.every_validations=0"], "every_validations"),
        (["evolution.max_new_mistakes=-1"], "max_new_mistakes"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(given, told):
    with pytest.raises(ConfigError, match=told):
        load_config(None, given)
