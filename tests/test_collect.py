"""skill-gym collect, as a user runs it: plays, remembers, chooses, and goes on after it was cut off."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from memory_episodes import ALFWORLD, ENVIRONMENTS, Replayer, episodes

from skill_gym.benchmarks.cli import main
from skill_gym.benchmarks.collect_demonstrations import TWICE, WORSE, select
from skill_gym.skillbanks.memories.record import read_memories
from skill_gym.trajectory import Task, Trajectory, Turn, read_trajectories, write_trajectories

KEPT = ("trajectories.jsonl", "memories.json", "demonstrations.jsonl", "demonstrations_rejected.json")
NOISY = ("--failure-rate", "0.3", "--memories", "--demonstrations")


def collect(folder: Path, *options: str) -> int:
    return main(["collect", "--folder", str(folder), *options])


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in KEPT}


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_one_command_gives_episodes_memories_and_demonstrations(tmp_path: Path, env_id: str, capsys) -> None:
    assert collect(tmp_path, "--env", env_id, "--episodes", "12", *NOISY) == 0
    played = list(read_trajectories(tmp_path / "trajectories.jsonl"))
    solved = sum(one.solved for one in played)
    assert len(played) == 12
    memories = read_memories(tmp_path / "memories.json")
    assert [memory.extra["task_key"] for memory in memories] == [one.task.key for one in played]
    accepted = list(read_trajectories(tmp_path / "demonstrations.jsonl"))
    assert accepted == [one for one in played if one.solved]
    replayer = Replayer(env_id)
    assert all(replayer.wins(one.task, [turn.command for turn in one.turns]) for one in accepted)
    replayer.close()
    told = capsys.readouterr().out
    assert f"12 episodes in {tmp_path / 'trajectories.jsonl'}: {solved} solved" in told
    assert f"{solved} demonstrations" in told
    assert not (tmp_path / "broken.jsonl").exists()


def test_a_second_run_plays_nothing_and_changes_nothing(tmp_path: Path, capsys) -> None:
    assert collect(tmp_path, "--episodes", "8", *NOISY) == 0
    before = files(tmp_path), (tmp_path / "memories.jsonl").read_bytes()
    capsys.readouterr()
    assert collect(tmp_path, "--episodes", "8", *NOISY) == 0
    assert (files(tmp_path), (tmp_path / "memories.jsonl").read_bytes()) == before
    assert "0 of them new" in capsys.readouterr().out


def test_more_episodes_and_attempts_are_added_to_what_is_there(tmp_path: Path) -> None:
    assert collect(tmp_path / "grown", "--episodes", "3", *NOISY) == 0
    assert collect(tmp_path / "grown", "--episodes", "6", "--attempts", "2", "--slots", "3", *NOISY) == 0
    assert collect(tmp_path / "whole", "--episodes", "6", "--attempts", "2", "--slots", "1", *NOISY) == 0
    assert files(tmp_path / "grown") == files(tmp_path / "whole")
    seeds = [one.seed for one in read_trajectories(tmp_path / "whole" / "trajectories.jsonl")]
    assert len(set(seeds)) == 12


def test_torn_lines_are_taken_away_and_what_they_held_is_made_again(tmp_path: Path) -> None:
    assert collect(tmp_path, "--episodes", "6", *NOISY) == 0
    before = files(tmp_path)
    for name in ("trajectories.jsonl", "memories.jsonl"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-200])
    assert collect(tmp_path, "--episodes", "6", *NOISY) == 0
    assert files(tmp_path) == before


def test_other_settings_are_refused_and_fresh_begins_anew(tmp_path: Path, capsys) -> None:
    assert collect(tmp_path, "--episodes", "3", *NOISY) == 0
    before = files(tmp_path)
    assert collect(tmp_path, "--episodes", "3", "--seed", "1", *NOISY) == 2
    error = capsys.readouterr().err
    assert "seed was 0, is 1" in error
    assert "--fresh" in error
    assert files(tmp_path) == before
    assert collect(tmp_path, "--episodes", "3", "--seed", "1", "--fresh", *NOISY) == 0
    assert files(tmp_path) != before


def test_a_run_that_had_nothing_yet_binds_no_later_one(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert collect(tmp_path / "a", "--episodes", "1", "--policy", "openai:any") == 2
    assert collect(tmp_path / "a", "--episodes", "1") == 0
    assert collect(tmp_path / "a", "--episodes", "1", "--policy", "random") == 2
    assert "holds a collection of other settings" in capsys.readouterr().err


@pytest.mark.parametrize("held", [None, ""])
def test_files_without_episodes_leave_no_folder_behind(tmp_path: Path, held: str | None, capsys) -> None:
    source = tmp_path / "source.jsonl"
    if held is not None:
        source.write_text(held)
    assert collect(tmp_path / "a", "--from", str(source), "--memories") == 2
    told = capsys.readouterr().err
    assert "check the path" in told if held is None else "no episodes in" in told
    assert not (tmp_path / "a").exists()


def test_a_folder_with_somebody_elses_trajectories_is_left_alone(tmp_path: Path, capsys) -> None:
    write_trajectories(tmp_path / "trajectories.jsonl", episodes(ALFWORLD, 24)[:1])
    assert collect(tmp_path, "--episodes", "3") == 2
    assert "that no collection has written" in capsys.readouterr().err


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "skill_gym.benchmarks", "collect", "--folder", str(folder), *options]


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def killed(arguments: Sequence[str], until: Path, count: int) -> bool:
    """Starts a process and kills it when a file has so many lines; whether it was still at work."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while process.poll() is None and lines(until) < count and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_killed_while_playing_and_while_remembering_it_ends_like_an_undisturbed_run(tmp_path: Path) -> None:
    options = ("--episodes", "24", "--attempts", "2", "--slots", "4", *NOISY)
    folder = tmp_path / "killed"
    assert killed(command(folder, *options), folder / "trajectories.jsonl", 8)
    played = lines(folder / "trajectories.jsonl")
    assert 8 <= played < 48
    assert killed(command(folder, *options), folder / "memories.jsonl", 6)
    assert lines(folder / "trajectories.jsonl") == 48
    asked = (folder / "memories.jsonl").read_bytes()
    asked = asked[: asked.rfind(b"\n") + 1]
    assert 6 <= asked.count(b"\n") < 48
    assert collect(folder, *options) == 0
    # What had been asked for stands there as it stood, and the rest behind it.
    assert (folder / "memories.jsonl").read_bytes().startswith(asked)
    assert lines(folder / "memories.jsonl") == 48
    assert collect(tmp_path / "undisturbed", *options) == 0
    assert files(folder) == files(tmp_path / "undisturbed")


def test_two_processes_do_not_share_a_folder(tmp_path: Path, capsys) -> None:
    pytest.importorskip("fcntl")
    from skill_gym.benchmarks.collect_folder import CollectFolder

    with CollectFolder(tmp_path, {}):
        assert collect(tmp_path, "--episodes", "1") == 2
    assert "another process" in capsys.readouterr().err


def test_files_of_episodes_are_remembered_without_playing(tmp_path: Path) -> None:
    source = tmp_path / "source.jsonl"
    write_trajectories(source, [one for env_id in ENVIRONMENTS for one in episodes(env_id, 24)[:4]])
    assert collect(tmp_path / "out", "--from", str(source), "--memories") == 0
    memories = read_memories(tmp_path / "out" / "memories.json")
    assert [memory.env_id for memory in memories] == [env_id for env_id in ENVIRONMENTS for _ in range(4)]
    assert not (tmp_path / "out" / "trajectories.jsonl").exists()


def test_doubles_and_broken_episodes_have_no_memory_and_are_counted(tmp_path: Path, capsys) -> None:
    first, second = episodes(ALFWORLD, 24)[:2]
    source = tmp_path / "source.jsonl"
    broken = replace(second, ended="broken", boundary="policy")
    write_trajectories(source, [first, first, broken])
    assert collect(tmp_path / "out", "--from", str(source), "--memories") == 0
    assert len(read_memories(tmp_path / "out" / "memories.json")) == 1
    told = capsys.readouterr().out
    assert "1 episodes broke" in told
    assert "1 episodes were there twice" in told


def test_an_environment_that_is_not_installed_is_counted_and_the_others_are_remembered(
    tmp_path: Path, capsys
) -> None:
    task = Task("1", "somebody/Meadow-v3:x:1", "somebody/Meadow-v3", "train", "graze", "eat grass")
    meadow = Trajectory(task, (Turn("grass", "", "eat", "eat", True, 1.0),), "solved")
    source = tmp_path / "source.jsonl"
    write_trajectories(source, [meadow, episodes(ALFWORLD, 24)[0]])
    assert collect(tmp_path / "out", "--from", str(source), "--memories") == 1
    assert len(read_memories(tmp_path / "out" / "memories.json")) == 1
    (failure,) = json.loads((tmp_path / "out" / "memories_failed.json").read_text())
    assert failure["task_key"] == "somebody/Meadow-v3:x:1"
    assert failure["fault"] == "refused"
    assert "1 without a memory" in capsys.readouterr().out


def test_episodes_of_another_version_are_named_by_file_and_line(tmp_path: Path, capsys) -> None:
    source = tmp_path / "source.jsonl"
    first = episodes(ALFWORLD, 24)[0].to_json()
    row = {**json.loads(first), "format": 99}
    source.write_text(f"{first}\n{json.dumps(row)}\n")
    assert collect(tmp_path / "out", "--from", str(source), "--memories") == 2
    assert f"{source}, line 2: expected trajectory format 1, got 99" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "mend"),
    [
        (("--policy", "tiny", "--attempts", "2"), "add --temperature"),
        (("--best",), "add --demonstrations"),
        (("--teacher", "openai:m"), "add --memories"),
        (("--from", "x.jsonl"), "add --memories or --demonstrations"),
        (("--episodes", "0"), "--episodes must be at least 1"),
        (("--attempts", "0"), "attempts must be at least 1"),
        (("--policy-price", "1,2"), "is for --policy openai"),
        (("--from", "nowhere.jsonl", "--memories"), "nowhere.jsonl"),
        (("--env", "skill_gym/Meadow-v0"), "Known are skill_gym/ALFWorld-v0"),
    ],
)
def test_a_mistake_in_the_call_is_told_with_its_mend(tmp_path: Path, options, mend: str, capsys) -> None:
    assert collect(tmp_path / "out", *options) == 2
    assert mend in capsys.readouterr().err


def test_without_any_demonstration_the_exit_code_says_so(tmp_path: Path, capsys) -> None:
    options = ("--policy", "random", "--episodes", "3", "--max-steps", "5", "--demonstrations")
    assert collect(tmp_path, *options) == 1
    assert "3 rejected: not solved (truncated)" in capsys.readouterr().out


def invalid(trajectory: Trajectory, count: int, command: str = "fly away") -> Trajectory:
    bad = replace(trajectory.turns[0], command=command, reply=command, valid=False)
    return replace(trajectory, turns=(*[bad] * count, *trajectory.turns))


def test_invalid_turns_are_rejected_beyond_what_is_allowed() -> None:
    good = episodes(ALFWORLD, 24)[0]
    twice = invalid(good, 2)
    silent = replace(invalid(good, 1, ""), meta={"invalid_reasons": {"0": "no action tag"}})
    strict = select([good, twice, silent])
    assert len(strict.accepted) == 1
    assert strict.reasons == {
        "a command that was not admissible": 1,
        "a reply without a readable command": 1,
    }
    assert [one.detail for one in strict.rejected] == ["turn 0", "turn 0: no action tag"]
    assert len(select([good, twice, silent], max_invalid=2).accepted) == 3


def test_the_best_attempt_is_valid_first_and_short_then() -> None:
    good = episodes(ALFWORLD, 24)[0]
    other = episodes(ALFWORLD, 24)[1]
    slow = replace(good, turns=(good.turns[0], *good.turns))
    attempts = [invalid(good, 1), slow, good, other, good]
    selection = select(attempts, max_invalid=1, best=True)
    assert selection.reasons == {WORSE: 2, TWICE: 1}
    assert len(selection.accepted) == 2


def test_what_does_not_win_when_replayed_is_no_demonstration(tmp_path: Path, capsys) -> None:
    good = episodes(ALFWORLD, 24)[0]
    stolen = replace(good, turns=good.turns[:-1])
    source = tmp_path / "source.jsonl"
    write_trajectories(source, [good, stolen])
    assert collect(tmp_path / "out", "--from", str(source), "--demonstrations") == 0
    assert list(read_trajectories(tmp_path / "out" / "demonstrations.jsonl")) == [good]
    assert "1 rejected: replay: the task is not solved" in capsys.readouterr().out
    trusting = ("--from", str(source), "--demonstrations", "--no-verify", "--fresh")
    assert collect(tmp_path / "out", *trusting) == 0
    assert len(list(read_trajectories(tmp_path / "out" / "demonstrations.jsonl"))) == 2
