import json
import shutil

import pytest
from laptop_small import small_model, small_size

from skill_gym.benchmarks import laptop_run
from skill_gym.benchmarks.demo import run_demo
from skill_gym.benchmarks.evaluation import Evaluation
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.leaks import leaked_ids
from skill_gym.trajectory import read_trajectories

PHASES = (
    "cold-none",
    "cold-collect",
    "cold-bank",
    "cold-skills",
    "train-full",
    "trained-full-skills",
    "trained-full-none",
)


@pytest.fixture(scope="module")
def size(tmp_path_factory):
    return small_size(small_model(tmp_path_factory.mktemp("model")))


@pytest.fixture(scope="module")
def demo(tmp_path_factory, size):
    """A finished demo's folder."""
    folder = tmp_path_factory.mktemp("runs") / "demo"
    run_demo(folder, backend="transformers", size=size)
    return folder


def test_demo_tells_the_whole_loop(demo):
    text = (demo / "report.md").read_text()
    for part in ("frozen → frozen with skills", "Habits found", "tokens said", "sampler | transformers"):
        assert part in text
    for plot in ("success", "success_by_task_type", "growth_of_the_skill_bank"):
        assert (demo / f"{plot}.png").read_bytes().startswith(b"\x89PNG")
        assert f"({plot}.png)" in text
    assert list(json.loads((demo / "seconds.json").read_text())) == list(PHASES)


def test_all_arms_play_the_same_held_out_games_and_none_of_the_bank(demo):
    arms = [
        Evaluation.load(demo / f"{name}.json") for name in PHASES if name not in ("cold-bank", "train-full")
    ]
    collected = arms.pop(1)
    keys = [[result.task_key for result in arm.results] for arm in arms]
    assert len(keys) == 4
    assert all(own == keys[0] for own in keys)
    assert collected.splits == ("generated_validation",)
    evolved = [
        {one.task.key for one in read_trajectories(file)}
        for file in (demo / "train-full" / "trajectories").glob("validation-*.jsonl")
    ]
    # Evolution reads new episodes each time, and none that the first bank came from.
    seen = {result.task_key for result in collected.results}
    assert [len(keys) for keys in evolved] == [3, 3]
    assert len(seen.union(*evolved)) == 4 + 6
    for name in ("cold-bank", "train-full"):
        assert not leaked_ids(SkillBank.load(demo / f"{name}.json"), "generated_test")


def test_a_cut_off_demo_goes_on_with_the_phase_that_was_cut(demo, size, monkeypatch):
    before = {name: (demo / f"{name}.json").stat().st_mtime_ns for name in PHASES}
    played = []
    measure = laptop_run.LaptopRun._play

    def spy(self, name, *arguments, **options):
        played.append(name)
        return measure(self, name, *arguments, **options)

    monkeypatch.setattr(laptop_run.LaptopRun, "_play", spy)
    (demo / "trained-full-none.json").unlink()
    (demo / "train-full.json").unlink()
    run_demo(demo, backend="transformers", size=size)
    assert played == ["trained-full-none"]
    after = {name: (demo / f"{name}.json").stat().st_mtime_ns for name in PHASES}
    assert {name for name in PHASES if before[name] != after[name]} == {"trained-full-none", "train-full"}


def test_a_training_cut_off_before_its_first_checkpoint_begins_anew(tmp_path, demo, size):
    folder = tmp_path / "demo"
    shutil.copytree(demo, folder)
    for name in ("train-full.json", "trained-full-skills.json", "trained-full-none.json"):
        (folder / name).unlink()
    shutil.rmtree(folder / "train-full" / "checkpoints")
    run_demo(folder, backend="transformers", size=size)
    again, first = (Evaluation.load(one / "trained-full-none.json") for one in (folder, demo))
    assert again.results == first.results


def test_demo_keeps_what_is_not_its_own(tmp_path, demo, size):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(FileExistsError, match="something else"):
        run_demo(tmp_path, backend="transformers", size=size, fresh=True)
    assert (tmp_path / "thesis.tex").exists()
    with pytest.raises(FileExistsError, match="another seed; pass --fresh"):
        run_demo(demo, backend="transformers", size=size, seed=1)
