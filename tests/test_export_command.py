"""The command skill-gym export: what it writes, what it tells, and what it refuses."""

import json
from dataclasses import replace

import pytest
from sft_episodes import played
from tiny_model import save_tiny_model

from skill_gym.agents.sft_folder import SftFolder
from skill_gym.benchmarks.cli import main
from skill_gym.trajectory import write_trajectories

PLAY = ("--play", "--episodes", "6", "--held-out", "2", "--room-scale", "0.4", "--object-scale", "0.3")
SIZE = ("--policy-size", "vocab_size=400", "phrases=20", "layers=1", "hidden_size=32", "heads=1")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "episodes.jsonl"
    write_trajectories(path, played(count=8))
    return path


def failing(capsys, *arguments) -> str:
    assert main(["export", *map(str, arguments)]) == 2
    return capsys.readouterr().err


def test_help_teaches_the_formats_and_the_way_to_training(capsys):
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    for name in ("chat.jsonl", "alpaca.json", "sharegpt.json", "trl.jsonl", "llamafactory-cli train"):
        assert name in told
    assert "history then, whose answers LLaMA-Factory trains on" in told
    assert "skill-gym cold-start --data" in told


def test_figures_and_a_sample_are_printed(file, tmp_path, capsys):
    assert main(["export", str(file), "--layout", "step", "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    manifest = json.loads((tmp_path / "out" / "export.json").read_text())
    assert "episodes: 8 read, 8 used" in told
    assert f"train: {manifest['parts']['train']['examples']} examples of 7 tasks" in told
    assert "train.alpaca.json" in told
    assert "--- prompt" in told
    assert "--- reply\n<think>" in told
    assert "estimated" in told


def test_a_training_run_gives_its_training_episodes_only(tmp_path, capsys):
    folder = tmp_path / "run" / "trajectories"
    folder.mkdir(parents=True)
    good = played(count=8)
    failed = replace(good[0], ended="truncated")
    write_trajectories(folder / "iteration-000001.jsonl", [good[0], failed, good[1]])
    write_trajectories(folder / "iteration-000002.jsonl", good[2:4])
    write_trajectories(folder / "validation-000002.jsonl", good[4:])
    assert main(["export", str(tmp_path / "run"), "--validation", "0", "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "episodes: 5 read, 4 used" in told
    assert "1 left out: not solved (truncated)" in told


@pytest.mark.parametrize(("names", "used"), [(["trajectories"], 4), (["trajectories", "demonstrations"], 2)])
def test_a_collection_gives_its_demonstrations_or_all_its_episodes(names, used, tmp_path, capsys):
    folder = tmp_path / "collected"
    folder.mkdir()
    (folder / "runs.jsonl").write_text("what the command keeps for itself\n")
    for name, count in zip(names, (4, 2), strict=False):
        write_trajectories(folder / f"{name}.jsonl", played(count=8)[:count])
    assert main(["export", str(folder), "--validation", "0", "--out", str(tmp_path / "out")]) == 0
    assert f"episodes: {used} read, {used} used" in capsys.readouterr().out


def test_the_cold_start_reads_what_was_exported_for_it(tmp_path, capsys):
    data, inside, files = (str(tmp_path / name) for name in ("data", "inside", "files"))
    assert main(["export", *PLAY, *SIZE, "--tokenizer", "new", "--out", data]) == 0
    assert main(["cold-start", *PLAY[1:], *SIZE, "--out", inside]) == 0
    assert main(["cold-start", "--data", data, *SIZE, "--out", files]) == 0
    assert f"policy: {files}/policy" in capsys.readouterr().out
    weights = [
        (tmp_path / name / "policy" / "model.safetensors").read_bytes() for name in ("inside", "files")
    ]
    assert weights[0] == weights[1]


def test_a_tokenizer_measures_and_bounds(file, tmp_path, capsys):
    model = str(save_tiny_model(tmp_path / "model"))
    arguments = [
        "export",
        str(file),
        "--layout",
        "step",
        "--out",
        str(tmp_path / "out"),
        "--tokenizer",
        model,
    ]
    assert main([*arguments, "--max-tokens", "3000", "--max-skill-tokens", "300"]) == 0
    figures = json.loads((tmp_path / "out" / "export.json").read_text())
    assert figures["tokenizer"] == model
    assert figures["parts"]["train"]["tokens"]["longest"] <= 3000
    recipe = (tmp_path / "out" / "llamafactory_sft.yaml").read_text()
    assert f"the longest example here has {figures['parts']['train']['tokens']['longest']}" in recipe


def test_verified_episodes_are_played_with_the_arguments_given(file, tmp_path, capsys):
    arguments = ["export", str(file), "--verify", "--validation", "0", "--out", str(tmp_path / "out")]
    assert (
        main([*arguments, "--generator", "room_scale=0.4", "object_scale=0.3", "--env-options", "size=8"])
        == 0
    )
    assert "episodes: 8 read, 8 used" in capsys.readouterr().out
    assert "8 not confirmed" in failing(capsys, *arguments[1:], "--generator", "room_scale=1.0")
    assert SftFolder.open(tmp_path / "out").manifest["episodes"]["used"] == 8, "the old export was lost"


def test_calls_that_cannot_work_say_what_to_do(file, tmp_path, capsys):
    out = ("--out", tmp_path / "out")
    assert "expected one of the two" in failing(capsys, *out)
    assert "expected one of the two" in failing(capsys, file, "--play", *out)
    assert "--max-tokens needs --tokenizer" in failing(capsys, file, "--max-tokens", "9", *out)
    assert "goes with --play" in failing(capsys, file, "--tokenizer", "new", *out)
    assert "no model 'nowhere'" in failing(capsys, file, "--tokenizer", "nowhere", *out)
    assert "has no tokenizer_config.json" in failing(capsys, file, "--tokenizer", tmp_path, *out)
    assert "no format 'parquet'" in failing(capsys, file, "--formats", "parquet", *out)
    assert "--layout step" in failing(capsys, *PLAY, "--layout", "step", *out)
    assert "no trajectories at" in failing(capsys, tmp_path / "none.jsonl", *out)
    assert "sum of at most 1" in failing(capsys, file, "--none", "0.9", "--partial", "0.9", *out)
    assert "must be in [0, 1)" in failing(capsys, file, "--validation", "1", *out)
    assert "something else than an export" in failing(capsys, file, "--out", tmp_path)
    (tmp_path / "empty.jsonl").write_text("")
    assert "nothing was written" in failing(capsys, tmp_path / "empty.jsonl", *out)
    old = file.read_text().replace('"format": 1', '"format": 7', 1)
    (tmp_path / "old.jsonl").write_text(old)
    assert "old.jsonl, line 1: expected trajectory format 1, got 7" in failing(
        capsys, tmp_path / "old.jsonl", *out
    )
    assert not (tmp_path / "out").exists()
    assert main(["cold-start", "--data", str(tmp_path), "--out", str(tmp_path / "run")]) == 2
    assert "no folder of exported examples" in capsys.readouterr().err


def test_conversations_in_alpaca_are_for_those_who_ask(file, tmp_path):
    assert main(["export", str(file), "--formats", "alpaca", "--out", str(tmp_path / "out")]) == 0
    folder = SftFolder.open(tmp_path / "out")
    register = json.loads((folder.path / "dataset_info.json").read_text())
    assert register["skill_gym_alpaca"]["columns"]["history"] == "history"
    assert [len(one.replies) for one in folder.episodes("train")] != [1] * 7
