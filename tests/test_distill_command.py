"""skill-gym distill: what it reads, says, writes, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from distilled_records import each, record
from planted_episodes import FAULTS, episode, planted, solved
from scripted_distiller import answer
from teacher_server import Asked, Said, TeacherServer, completion, loopback_key  # noqa: F401

from skill_gym.benchmarks.cli import main
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.goals import HEAT, PLACE
from skill_gym.skillbanks.memories.record import write_memories
from skill_gym.skillbanks.store import BankStore
from skill_gym.trajectory import write_trajectories

pytestmark = pytest.mark.usefixtures("loopback_key")

Out = pytest.CaptureFixture[str]


@pytest.fixture
def memories(tmp_path: Path) -> Path:
    path = tmp_path / "memories.json"
    write_memories(path, each(2))
    return path


@pytest.fixture
def episodes(tmp_path: Path) -> Path:
    path = tmp_path / "episodes.jsonl"
    played = [planted(cause, number=n) for cause in list(FAULTS)[:4] for n in range(3)]
    broken = episode("put a mug in shelf.", PLACE, [], ended="broken")
    write_trajectories(path, [*played, *(solved(number=n) for n in range(4)), broken])
    return path


def distill(*options: object) -> int:
    return main(["distill", *map(str, options)])


def test_memories_become_a_bank_file(memories: Path, tmp_path: Path, capsys: Out):
    out, report = tmp_path / "bank.json", tmp_path / "report.json"
    with TeacherServer(answer) as server:
        asked = ("--teacher", "openai:scripted", "--teacher-url", server.url, "--json", report)
        assert distill(memories, "--out", out, *asked) == 0
    said = capsys.readouterr().out
    assert "24 memory records of skill_gym/ALFWorld-v0" in said
    assert "| pick_heat_then_place_in_recep | 2 | 2 |" in said
    assert "scripted read 24 episodes, 12 of them failed" in said
    assert "gen_001 [general, from" in said
    assert "mistakes (scripted): 1 answers" in said
    bank = SkillBank.load(out)
    assert f"wrote {out}: {len(bank)} entries, version {bank.version}" in said
    assert {skill.provenance.teacher for skill in bank.skills} == {"scripted"}
    written = json.loads(report.read_text())
    assert [one["id"] for one in written["added"]] == [skill.id for skill in bank.skills]
    assert [one["id"] for one in written["mistakes"]] == [mistake.id for mistake in bank.mistakes]
    assert (tmp_path / "bank.teacher" / "ledger.jsonl").is_file()
    assert main(["bank", "validate", str(out)]) == 0
    assert main(["bank", "lint", str(out), "--env", "skill_gym/ALFWorld-v0"]) == 0


def test_rules_distil_episodes(episodes: Path, tmp_path: Path, capsys: Out):
    out = tmp_path / "bank.json"
    assert distill(episodes, "--out", out) == 0
    said = capsys.readouterr().out
    assert "17 episodes of skill_gym/ALFWorld-v0" in said
    assert "rules read 16 episodes, 12 of them failed, 1 broken ones left out" in said
    bank = SkillBank.load(out)
    assert len(bank) > 0
    assert bank.metadata["total_memories_analyzed"] == 16
    assert not any(skill.evolved for skill in bank.skills)


def test_the_folder_of_a_collection_stands_for_its_episodes(episodes: Path, tmp_path: Path, capsys: Out):
    (tmp_path / "collection").mkdir()
    episodes.rename(tmp_path / "collection" / "trajectories.jsonl")
    assert distill(tmp_path / "collection", "--out", tmp_path / "bank.json", "--max-habits", 0) == 0
    assert "17 episodes of skill_gym/ALFWorld-v0" in capsys.readouterr().out
    assert distill(tmp_path, "--out", tmp_path / "other.json") == 2
    assert "is a folder without trajectories.jsonl" in capsys.readouterr().err


def test_a_report_without_a_folder_is_refused_before_anything_is_asked(
    memories: Path, tmp_path: Path, capsys: Out
):
    with TeacherServer(answer) as server:
        asked = ("--teacher", "openai:m", "--teacher-url", server.url, "--json", tmp_path / "no" / "x.json")
        assert distill(memories, "--out", tmp_path / "bank.json", *asked) == 2
        assert server.requests == []
    assert "make it first" in capsys.readouterr().err


def test_many_proposals_left_out_for_one_reason_are_one_line(episodes: Path, tmp_path: Path, capsys: Out):
    report = tmp_path / "report.json"
    assert distill(episodes, "--out", tmp_path / "bank.json", "--max-new", 1, "--json", report) == 0
    skipped = [one["reason"] for one in json.loads(report.read_text())["skipped"]]
    told = [line for line in capsys.readouterr().out.splitlines() if "over max_new_skills=1" in line]
    assert skipped.count("over max_new_skills=1") > 4
    assert len(told) == 1
    assert f"{skipped.count('over max_new_skills=1')} proposals, such as" in told[0]


def test_rules_need_no_package_of_models(episodes: Path, tmp_path: Path):
    """Neither pydantic nor openai: the command line is there for those, too, who ask no model."""
    program = (
        "import sys\n"
        "sys.modules['pydantic'] = sys.modules['openai'] = None\n"
        "from skill_gym.benchmarks.cli import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    given = ["distill", str(episodes), "--out", str(tmp_path / "bank.json")]
    done = subprocess.run([sys.executable, "-c", program, *given], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_rules_and_memories_get_a_mend(memories: Path, tmp_path: Path, capsys: Out):
    assert distill(memories, "--out", tmp_path / "bank.json") == 2
    assert "--teacher openai:MODEL" in capsys.readouterr().err


def test_a_plan_asks_nobody_and_writes_nothing(
    memories: Path, tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("OPENAI_API_KEY")
    before = set(tmp_path.iterdir())
    assert distill(memories, "--teacher", "openai:dear", "--price", "2,8", "--plan") == 0
    said = capsys.readouterr().out
    assert "1 x lessons of heat, failed" in said
    assert "1 x general skills" in said
    assert "US dollars" in said
    assert set(tmp_path.iterdir()) == before


def test_a_lost_part_is_told_and_asked_again(memories: Path, tmp_path: Path, capsys: Out):
    down = True

    def shaky(asked: Asked) -> Said:
        lost = down and asked.schema_name == "MistakeEntryList"
        return completion(None, refusal="no") if lost else answer(asked)

    out = tmp_path / "bank.json"
    with TeacherServer(shaky) as server:
        options = (memories, "--out", out, "--teacher", "openai:scripted", "--teacher-url", server.url)
        assert distill(*options) == 1
        said = capsys.readouterr().out
        assert "without an answer: 1 questions" in said
        assert "mistakes (12 episodes): refused: " in said
        assert SkillBank.load(out).mistakes == ()
        down, first = False, len(server.requests)
        assert distill(*options) == 2
        assert "say --replace" in capsys.readouterr().err
        assert distill(*options, "--replace") == 0
        assert len(server.requests) == first + 1
    assert SkillBank.load(out).mistakes


def test_strict_writes_nothing_at_the_first_loss(memories: Path, tmp_path: Path, capsys: Out):
    out = tmp_path / "bank.json"
    with TeacherServer(lambda _: completion(None, refusal="no")) as server:
        asked = ("--teacher", "openai:scripted", "--teacher-url", server.url, "--strict")
        assert distill(memories, "--out", out, *asked) == 1
    assert "nothing was written: refused" in capsys.readouterr().out
    assert not out.exists()


def test_a_store_gets_a_new_version_on_top_of_its_own_bank(
    memories: Path, episodes: Path, tmp_path: Path, capsys: Out
):
    store = tmp_path / "bank.db"
    assert distill(episodes, "--out", store) == 0
    with TeacherServer(answer) as server:
        asked = ("--teacher", "openai:scripted", "--teacher-url", server.url)
        assert distill(memories, "--out", store, *asked) == 0
        assert distill(memories, "--out", store, *asked, "--bank", "none") == 2
    assert "leave --bank out" in capsys.readouterr().err
    with BankStore.open(store) as kept:
        first, second = kept.version(1), kept.version(2)
        assert set(first.ids) < set(second.ids)
        assert kept.versions()[-1].reason == "distilled from 24 episodes of skill_gym/ALFWorld-v0"
        assert kept.blame(second.ids[-1])[-1].teacher == "scripted"


def test_what_is_there_already_is_no_new_bank(episodes: Path, tmp_path: Path, capsys: Out):
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert distill(episodes, "--out", first, "--max-new", 100) == 0
    assert distill(episodes, "--out", second, "--bank", first, "--max-new", 100) == 0
    assert "nothing new" in capsys.readouterr().out
    assert not second.exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("twice", "is named twice"),
        ("repeated", "stands in"),
        ("other", "a bank is distilled for one environment"),
        ("wanted", "holds skill_gym/ALFWorld-v0 and not skill_gym/WebShop-v0"),
        ("empty", "holds no episodes"),
        ("newer", "expected trajectory format 1, got 99"),
        ("torn", "memories.json"),
        ("nowhere", "there is no folder"),
        ("missing", "--out is missing"),
        ("range", "expected MIN-MAX"),
    ],
)
def test_bad_input_is_refused_with_a_mend(given: str, told: str, memories: Path, tmp_path: Path, capsys: Out):
    more, out = tmp_path / "more.json", tmp_path / "bank.json"
    options: list[object] = [memories, more, "--out", out, "--teacher", "openai:scripted"]
    if given == "twice":
        options[1] = memories
    elif given == "repeated":
        write_memories(more, each(2)[:1])
    elif given == "other":
        write_memories(more, [record(99, HEAT, True, environment="Webshop")])
    elif given == "empty":
        more.write_text("")
    elif given == "newer":
        more.write_text(solved().to_json().replace('"format": 1', '"format": 99'))
    elif given == "torn":
        memories.write_text(memories.read_text()[:-40])
        options.remove(more)
    else:
        options.remove(more)
        options += ["--env", "skill_gym/WebShop-v0"] if given == "wanted" else []
    if given == "nowhere":
        options[2] = tmp_path / "no" / "bank.json"
    if given == "missing":
        options = [memories]
    if given == "range":
        with pytest.raises(SystemExit):
            distill(*options, "--general", "12-8")
    else:
        assert distill(*options) == 2
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_an_environment_that_is_not_known_is_read_and_named(tmp_path: Path, capsys: Out):
    path, out = tmp_path / "memories.json", tmp_path / "bank.json"
    write_memories(
        path,
        [
            record(n, HEAT, n % 2 == 0, environment="Elsewhere", extra={"task_type": "climbing"})
            for n in range(4)
        ],
    )
    with TeacherServer(answer) as server:
        asked = ("--teacher", "openai:scripted", "--teacher-url", server.url)
        assert distill(path, "--out", out, *asked) == 0
    assert "commands in skills are not checked" in capsys.readouterr().out
    assert SkillBank.load(out).categories == ("climbing",)
