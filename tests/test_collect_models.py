"""skill-gym collect with models on loopback: they play, they remember, they fail, and nothing is lost."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from memory_episodes import ALFWORLD, Replayer, episodes

pytest.importorskip("openai", reason="needs the extra 'teachers'")
pytest.importorskip("pydantic", reason="needs the extra 'teachers'")

from teacher_server import HOSTILE, KEY, Asked, Raw, Said, TeacherServer, completion, error, loopback_key

from skill_gym.benchmarks.cli import main
from skill_gym.skillbanks.memories.record import read_memories
from skill_gym.trajectory import read_trajectories, write_trajectories

__all__ = ["loopback_key"]
pytestmark = pytest.mark.usefixtures("loopback_key")

COUNT = 6


def collect(folder: Path, *options: str) -> int:
    return main(["collect", "--folder", str(folder), *options])


def player(
    spoil: Callable[[int, int], str | Raw | None] = lambda task, step: None,
) -> Callable[[Asked], Said]:
    """A model that plays the recorded expert's commands; a spoiled reply comes before the expert's own.

    Args:
        spoil: Task number and step -> what is said instead, None for the expert's command.
    """
    scripts = [[turn.command for turn in one.turns] for one in episodes(ALFWORLD, COUNT)]
    rooms = [one.turns[0].observation.splitlines()[2] for one in episodes(ALFWORLD, COUNT)]

    def answer(asked: Asked) -> Said:
        messages = asked.body["messages"]
        task = next(place for place, room in enumerate(rooms) if room in messages[0]["content"])
        said = [message["content"] for message in messages if message["role"] == "assistant"]
        if (instead := spoil(task, len(said))) is not None:
            return instead
        done = 0
        for reply in said:
            done += reply == f"<action>{scripts[task][done]}</action>"
        return f"<action>{scripts[task][done]}</action>"

    return answer


def openai_player(server: TeacherServer, *options: str) -> tuple[str, ...]:
    return ("--policy", "openai:strong", "--base-url", server.url, "--episodes", str(COUNT), *options)


def test_a_model_plays_demonstrations_and_only_faultless_ones_are_kept(tmp_path: Path, capsys) -> None:
    def spoil(task: int, step: int) -> str | None:
        if task == 1 and step == 0:
            return "I think I should look around first."
        return "<action>fly to the moon</action>" if task == 2 and step >= 0 else None

    with TeacherServer(player(spoil)) as server:
        options = openai_player(server, "--demonstrations", "--policy-price", "2,8", "--max-steps", "30")
        assert collect(tmp_path, *options) == 0
    accepted = list(read_trajectories(tmp_path / "demonstrations.jsonl"))
    tasks = [one.task.id for one in episodes(ALFWORLD, COUNT)]
    assert [one.task.id for one in accepted] == [tasks[0], *tasks[3:]]
    replayer = Replayer(ALFWORLD)
    assert all(replayer.wins(one.task, [turn.command for turn in one.turns]) for one in accepted)
    replayer.close()
    told = capsys.readouterr().out
    assert "4 demonstrations" in told
    assert "1 rejected: a reply without a readable command" in told
    assert "1 rejected: not solved (truncated)" in told
    requests = len(server.requests)
    assert f"played with {30 * requests:,} tokens, {(20 * 2 + 10 * 8) * requests / 1e6:.2f} usd" in told
    assert KEY not in "".join(path.read_text() for path in tmp_path.iterdir())


def test_one_invalid_turn_is_forgiven_when_it_may_be(tmp_path: Path) -> None:
    spoil = lambda task, step: "Let me see." if task == 1 and step == 0 else None  # noqa: E731
    with TeacherServer(player(spoil)) as server:
        assert collect(tmp_path, *openai_player(server, "--demonstrations", "--max-invalid", "1")) == 0
    assert len(list(read_trajectories(tmp_path / "demonstrations.jsonl"))) == COUNT


def test_episodes_that_broke_at_the_endpoint_are_apart_and_played_again(tmp_path: Path, capsys) -> None:
    out_of_order = True

    def spoil(task: int, step: int) -> Raw | None:
        return error(400, "no such luck") if out_of_order and task == 3 and step == 2 else None

    with TeacherServer(player(spoil)) as server:
        assert collect(tmp_path, *openai_player(server)) == 1
        assert len(list(read_trajectories(tmp_path / "trajectories.jsonl"))) == COUNT - 1
        (broken,) = read_trajectories(tmp_path / "broken.jsonl")
        assert "no such luck" in broken.meta["error"]
        assert "1 broken" in capsys.readouterr().out
        out_of_order = False
        before = len(server.requests)
        assert collect(tmp_path, *openai_player(server)) == 0
        assert len(server.requests) - before == len(episodes(ALFWORLD, COUNT)[3].turns)
    assert not (tmp_path / "broken.jsonl").exists()
    tasks = [one.task.id for one in episodes(ALFWORLD, COUNT)]
    assert [one.task.id for one in read_trajectories(tmp_path / "trajectories.jsonl")] == tasks


def remember(asked: Asked) -> Said:
    """A teacher that keeps the first and the last step."""
    if asked.schema_name == "FailedMemory":
        causes = [{"trigger_condition": "when it is late", "bad_action": "gave up"}]
        return {"contextual_description": "It was tried and not solved in time.", "mistakes_to_avoid": causes}
    last = max(map(int, re.findall(r"^(\d+)\. did: ", asked.body["messages"][1]["content"], re.MULTILINE)))
    step = {"action": "help [Object]", "critical_observation": "it helped", "reasoning": "needed later"}
    return {
        "contextual_description": "It was tried, and it was solved in time.",
        "refined_trajectory": [{"step": number, **step} for number in dict.fromkeys((1, last))],
        "planning_pattern": "Find [Object] -> Put [Object] at [Target]",
    }


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Episodes that are there already."""
    path = tmp_path / "source.jsonl"
    write_trajectories(path, episodes(ALFWORLD, 12, player="random")[:6] + episodes(ALFWORLD, 24)[:6])
    return path


def from_model(source: Path, server: TeacherServer, *options: str) -> tuple[str, ...]:
    teacher = ("--memories", "--teacher", "openai:wise", "--teacher-url", server.url, "--teacher-tries", "1")
    return ("--from", str(source), *teacher, *options)


def test_a_model_remembers_and_its_cost_is_told(tmp_path: Path, source: Path, capsys) -> None:
    with TeacherServer(remember) as server:
        assert collect(tmp_path / "out", *from_model(source, server, "--price", "2,8")) == 0
    memories = read_memories(tmp_path / "out" / "memories.json")
    assert [memory.success for memory in memories] == [False] * 6 + [True] * 6
    assert {memory.extra["teacher"] for memory in memories} == {"wise"}
    told = capsys.readouterr().out
    assert re.search(r"memory of a failure .*: 6 answers.* 120 \+ 60 tokens, 0\.0007 US dollars", told)


def test_what_a_teacher_could_not_answer_is_listed_and_asked_again(
    tmp_path: Path, source: Path, capsys
) -> None:
    sick = episodes(ALFWORLD, 24)[2].task.goal
    healthy = False

    def answer(asked: Asked) -> Said:
        ill = not healthy and sick in asked.body["messages"][1]["content"]
        return error(500, "out of order") if ill and asked.schema_name == "SolvedMemory" else remember(asked)

    out = tmp_path / "out"
    with TeacherServer(answer) as server:
        assert collect(out, *from_model(source, server)) == 1
        failures = json.loads((out / "memories_failed.json").read_text())
        assert [failure["fault"] for failure in failures] == ["unavailable"]
        assert len(read_memories(out / "memories.json")) == 11
        assert "1 without a memory" in capsys.readouterr().out
        healthy, before = True, len(server.requests)
        assert collect(out, *from_model(source, server)) == 0
        assert len(server.requests) == before + 1
    assert len(read_memories(out / "memories.json")) == 12
    assert not (out / "memories_failed.json").exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_server_does_the_episode_is_listed_and_remembered_later(tmp_path: Path, name: str) -> None:
    source, out = tmp_path / "source.jsonl", tmp_path / "out"
    write_trajectories(source, episodes(ALFWORLD, 24)[:1])
    healthy = False
    with TeacherServer(lambda asked: remember(asked) if healthy else HOSTILE[name]()) as server:
        assert collect(out, *from_model(source, server, "--teacher-timeout", "1")) == 1
        (failure,) = json.loads((out / "memories_failed.json").read_text())
        assert failure["fault"] in ("unavailable", "refused", "invalid answer")
        assert read_memories(out / "memories.json") == []
        healthy = True
        assert collect(out, *from_model(source, server, "--teacher-timeout", "10")) == 0
    assert len(read_memories(out / "memories.json")) == 1
    assert not (out / "memories_failed.json").exists()


def test_a_dead_endpoint_is_not_asked_for_ever(tmp_path: Path, source: Path, capsys) -> None:
    with TeacherServer(lambda asked: error(503, "gone")) as server:
        assert collect(tmp_path / "out", *from_model(source, server, "--teacher-concurrency", "1")) == 1
    assert len(server.requests) < 6
    told = capsys.readouterr().out
    assert "stopped asking" in told
    assert "12 without a memory" in told


def test_the_budget_is_kept_and_the_rest_is_asked_with_a_larger_one(
    tmp_path: Path, source: Path, capsys
) -> None:
    def dear(asked: Asked) -> Said:
        return completion(json.dumps(remember(asked)), prompt_tokens=3000, reply_tokens=500)

    out = tmp_path / "out"
    with TeacherServer(dear) as server:
        assert collect(out, *from_model(source, server, "--teacher-budget-tokens", "20000")) == 1
        assert "over budget" in capsys.readouterr().out
        first = len(server.requests)
        assert 0 < first < 12
        assert first * 3500 <= 20000
        assert collect(out, *from_model(source, server, "--teacher-budget-tokens", "2000000")) == 0
        assert len(server.requests) == 12
    assert len(read_memories(out / "memories.json")) == 12


def test_memories_of_another_teacher_are_not_mixed(tmp_path: Path, source: Path, capsys) -> None:
    out = tmp_path / "out"
    assert collect(out, "--from", str(source), "--memories") == 0
    with TeacherServer(remember) as server:
        assert collect(out, *from_model(source, server)) == 2
        assert not server.requests
    assert "memories written by rules" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_killed_while_a_model_is_asked_nothing_is_paid_twice(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    journal = out / "memories.jsonl"

    def slowly(asked: Asked) -> Said:
        time.sleep(0.15)
        return remember(asked)

    with TeacherServer(slowly) as server:
        options = from_model(source, server, "--teacher-concurrency", "2")
        process = subprocess.Popen(
            [sys.executable, "-m", "skill_gym.benchmarks", "collect", "--folder", str(out), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if journal.exists() and journal.read_bytes().count(b"\n") >= 3:
                break
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        time.sleep(0.3)
        kept = journal.read_bytes().count(b"\n")
        assert 3 <= kept < 12
        before = len(server.requests)
        assert collect(out, *options) == 0
        # At most the two questions under way at the kill are asked again.
        assert len(server.requests) <= 12 + 2
        assert len(server.requests) - before <= 12 - kept
    killed = (out / "memories.json").read_bytes()
    with TeacherServer(remember) as server:
        assert collect(tmp_path / "whole", *from_model(source, server)) == 0
    assert killed == (tmp_path / "whole" / "memories.json").read_bytes()
