import json

import pytest

from skill_gym.benchmarks.demo import run_demo
from skill_gym.benchmarks.evaluation import Evaluation
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.leaks import leaked_ids

SMALL = (
    "env.max_steps=4",
    "rollout.tasks_per_iteration=1",
    "rollout.group_size=2",
    "validation.every=1",
    "validation.tasks=6",
    "evolution.min_episodes=1",
)


def test_demo_runs_the_whole_loop_and_reports_it(tmp_path):
    folder = tmp_path / "demo"
    report = run_demo(folder, games=3, iterations=1, backend="transformers", settings=SMALL)
    text = report.read_text()
    assert "On the same 3 held-out games (generated_test)" in text
    assert "transformers" in text
    before, after = (Evaluation.load(folder / f"{when}_training.json") for when in ("before", "after"))
    assert [result.task_key for result in before.results] == [result.task_key for result in after.results]
    (row,) = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    assert row["episode/count"] == 2
    bank = SkillBank.load(folder / "banks" / f"{after.bank_version}.json")
    assert row["bank/size"] == len(bank) > len(SkillBank.starter("alfworld"))
    assert leaked_ids(bank, "generated_validation")
    assert not leaked_ids(bank, "generated_test")

    # A second demo replaces the first; what is not a demo is never removed.
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").touch()
    with pytest.raises(FileExistsError, match="something else"):
        run_demo(other)
    assert (other / "thesis.tex").exists()
