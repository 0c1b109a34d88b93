import json
import re
from pathlib import Path

import pytest
from laptop_small import small_model, small_size

from skill_gym.benchmarks import learning_curves
from skill_gym.benchmarks.intervals import wilson_mean
from skill_gym.benchmarks.laptop import held_out_worlds
from skill_gym.benchmarks.plots import draw_intervals
from skill_gym.benchmarks.pooling import student
from skill_gym.benchmarks.success_curves import success_curve


class Experiment:
    """A random model that learns nothing in seconds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.size = small_size(small_model(root / "model"))
        self.folder = root / "runs" / f"world-{held_out_worlds(1)[0]}"

    def run(self, *options: str) -> tuple[dict[str, object], int]:
        """The figures, and the exit code."""
        out = self.root / "out.json"
        where = ["--folder", str(self.root / "runs"), "--json", str(out), "--backend", "transformers"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(learning_curves, "FULL", self.size)
            code = learning_curves.main([*where, *options])
        return json.loads(out.read_text())["figures"], code


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Two algorithms with two seeds: the experiment, its figures, and the exit code."""
    experiment = Experiment(tmp_path_factory.mktemp("curves"))
    return experiment, *experiment.run("--seeds", "2")


def test_every_line_has_its_figures(played):
    experiment, figures, code = played
    assert (figures["runs"], figures["games"], figures["iterations"]) == (2, 6, 2)
    for name in ("grpo_skills", "grpo_alone", "gigpo_skills", "gigpo_alone"):
        assert figures[f"{name}_gain"] == pytest.approx(figures[f"{name}_after"] - figures[f"{name}_before"])
        assert figures[f"{name}_low"] <= figures[f"{name}_gain"] <= figures[f"{name}_high"]
        assert figures[f"{name}_runs_low"] <= figures[f"{name}_gain"] <= figures[f"{name}_runs_high"]
        assert len(figures[f"{name}_curve"].split()) == 2
        assert figures[f"{name}_training_minutes"] > 0
    lows = [figures["grpo_skills_low"], figures["gigpo_skills_low"]]
    assert code == (0 if min(lows) >= 0 else 1)
    report = (experiment.root / "runs" / "report.md").read_text()
    for label in ("grpo, with skills", "gigpo, without skills"):
        assert f"| {label} |" in report
    assert (experiment.root / "runs" / "training.png").stat().st_size > 1000
    curves = json.loads((experiment.root / "runs" / "curves.json").read_text())
    assert [point["over_runs"]["runs"] for point in curves["gigpo_skills"]["training"]] == [2, 2]


def test_algorithms_share_all_that_comes_before_the_training(played):
    experiment, _, _ = played
    for seed in (0, 1):
        folder = experiment.folder / f"seed-{seed}"
        before = list(json.loads((folder / "seconds.json").read_text()))
        assert sorted(before) == ["cold-bank", "cold-collect", "cold-none", "cold-skills"]
        for algorithm, step_weight in (("grpo", "0.0"), ("gigpo", "1.0")):
            config = (folder / algorithm / "train-full" / "config.yaml").read_text()
            assert f"step_weight: {step_weight}\n" in config
            assert f"seed: {seed}\n" in config
            # The tiny policy has no reference model; no algorithm brings one back.
            assert "kl_coef: 0.0\n" in config
            assert (folder / algorithm / "trained-full-skills.json").is_file()


def test_only_what_is_missing_is_done_again(played, capsys):
    experiment, figures, _ = played
    folder = experiment.folder / "seed-1" / "gigpo"
    metrics = (folder / "train-no-skills" / "metrics.jsonl").read_text()
    # As if killed before the training was noted as done: its checkpoint is there.
    for name in ("train-no-skills.json", "trained-no-skills-none.json"):
        (folder / name).unlink()
    capsys.readouterr()
    again, _ = experiment.run("--seeds", "2")
    phases = [line for line in capsys.readouterr().out.splitlines() if re.match(r"\[\d/\d\]", line)]
    assert len(phases) == 2 * 2 * (7 + 3)
    anew = [line for line in phases if not line.endswith("(done earlier)")]
    assert [line.partition("] ")[2] for line in anew] == [
        "train by GRPO (no-skills)",
        "evaluate the trained policy (no-skills) without its bank",
    ]
    assert (folder / "train-no-skills" / "metrics.jsonl").read_text() == metrics
    minutes = {name for name in figures if name.endswith("minutes")}
    assert {name: again[name] for name in again.keys() - minutes} == {
        name: figures[name] for name in figures.keys() - minutes
    }


def test_another_size_needs_another_folder(played):
    experiment, _, _ = played
    with pytest.raises(FileExistsError, match="another iterations"):
        experiment.run("--iterations", "3")


def test_a_curve_has_intervals_over_games_and_over_runs():
    runs = [
        [{"iteration": 1, "success": 0.25}, {"iteration": 2, "success": 0.5, "validation/success": 0.5}],
        [{"iteration": 1, "success": 0.75}],
    ]
    first, second = success_curve(runs, "success", games=8)
    assert (first.iteration, first.value) == (1, 0.5)
    assert (first.low, first.high) == wilson_mean(0.5, 16)
    assert first.over_runs == student([0.25, 0.75], within=(0, 1))
    assert (first.over_runs.low, first.over_runs.high) == (0, 1)
    assert (second.low, second.high) == wilson_mean(0.5, 8)
    assert second.over_runs.runs == 1
    assert [point.iteration for point in success_curve(runs, "validation/success", games=48)] == [2]
    with pytest.raises(ValueError, match="at least 1"):
        success_curve(runs, "success", games=0)


def test_nothing_to_draw_leaves_no_file(tmp_path):
    path = tmp_path / "curves.png"
    assert not draw_intervals(path, {"grpo": []}, title="nothing")
    assert not path.exists()
    points = success_curve([[{"iteration": 1, "success": 0.5}]], "success", games=8)
    assert draw_intervals(path, {"grpo": points, "gigpo": []}, title="one point")
    assert path.stat().st_size > 1000
