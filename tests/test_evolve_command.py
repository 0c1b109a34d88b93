"""skill-gym evolve: a validation's failures in, the next version of a bank out."""

import json
from pathlib import Path

import pytest

pytest.importorskip("pydantic", reason="needs the extra 'teachers'")
pytest.importorskip("openai", reason="needs the extra 'teachers'")

from planted_episodes import planted, solved
from scripted_evolver import answer
from teacher_server import Asked, Said, TeacherServer, error, loopback_key

from skill_gym.benchmarks.cli import main
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.memories.record import MemoryRecord, write_memories
from skill_gym.skillbanks.store import BankStore
from skill_gym.trajectory import write_trajectories

pytestmark = pytest.mark.usefixtures(loopback_key.__name__)

Out = pytest.CaptureFixture[str]


@pytest.fixture
def validation(tmp_path: Path) -> Path:
    path = tmp_path / "validation.jsonl"
    failed = [
        planted(cause, number=n) for cause in ("missing transformation", "lamp not used") for n in range(4)
    ]
    write_trajectories(path, [*failed, *(solved(number=n) for n in range(4))])
    return path


def said(asked: Asked) -> Said:
    schema = asked.body["response_format"]["json_schema"]
    return answer(asked.text, schema["name"], schema["schema"])


def evolve(*options: object) -> int:
    return main(["evolve", *map(str, options)])


def test_a_model_makes_the_next_version_of_a_file(validation: Path, tmp_path: Path, capsys: Out):
    out, report = tmp_path / "next.json", tmp_path / "report.json"
    with TeacherServer(said) as server:
        asked = ("--teacher", "openai:any", "--teacher-url", server.url, "--json", report)
        assert evolve(validation, "--bank", "starter", "--out", out, *asked) == 0
    told = capsys.readouterr().out
    assert "pick_and_place_simple is left alone: success rate 1.00, not below" in told
    assert (
        "dyn_001 [heat, from 4 episodes]" in told or "dyn_001 [look_at_obj_in_light, from 4 episodes]" in told
    )
    assert "evolution (any): 1 answers" in told
    bank = SkillBank.load(out)
    assert len(bank) == len(SkillBank.starter("alfworld")) + 2
    assert json.loads(report.read_text())["version"] == bank.version


def test_rules_make_the_next_version_of_a_store(validation: Path, tmp_path: Path, capsys: Out):
    path = tmp_path / "bank.db"
    assert evolve(validation, "--bank", "starter", "--out", path, "--max-new", 2) == 0
    assert "wrote" in capsys.readouterr().out
    assert evolve(validation, "--out", path, "--max-new", 2) == 0
    with BankStore.open(path) as store:
        added = [entry for entry in store.bank.skills if entry.evolved]
        assert len({entry.id for entry in added}) == len(added) >= 3
        assert {entry.provenance.teacher for entry in added} == {"rules"}


def test_without_weakness_nobody_is_asked_and_nothing_written(tmp_path: Path, capsys: Out):
    path, out = tmp_path / "good.jsonl", tmp_path / "next.json"
    write_trajectories(path, [solved(number=n) for n in range(5)])
    with TeacherServer(said) as server:
        assert evolve(path, "--out", out, "--teacher", "openai:any", "--teacher-url", server.url) == 0
        assert server.requests == []
    assert "nothing new" in capsys.readouterr().out
    assert not out.exists()


def test_a_teacher_without_an_answer_leaves_nothing_behind(validation: Path, tmp_path: Path, capsys: Out):
    out = tmp_path / "next.json"
    with TeacherServer(lambda _: error(500)) as server:
        asked = ("--teacher", "openai:any", "--teacher-url", server.url, "--teacher-tries", 1)
        assert evolve(validation, "--out", out, *asked) == 1
    assert "nothing was written: unavailable" in capsys.readouterr().out
    assert not out.exists()


def test_memory_records_are_refused(tmp_path: Path, capsys: Out):
    path = tmp_path / "memories.json"
    record = MemoryRecord("mem_alfworld_00000001", "Alfworld", False, "It failed.", "put a mug in shelf.")
    write_memories(path, [record])
    assert evolve(path, "--out", tmp_path / "next.json") != 0
    assert "skill-gym distill" in capsys.readouterr().err
