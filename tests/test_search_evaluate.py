"""Search on the command line and in an evaluation: measures by data source, turns, broken episodes."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from small_search import PASSAGES, FailingIndex, write_questions

from skill_gym.agents.scripted import ExpertPolicy
from skill_gym.benchmarks.cli import main
from skill_gym.benchmarks.evaluate import evaluate
from skill_gym.benchmarks.evaluation import Evaluation
from skill_gym.benchmarks.suite import make
from skill_gym.search.lucene_index import memory_index

ENV_ID = "skill_gym/Search-v0"


def run(*arguments: str) -> int:
    return main(["evaluate", "--env", ENV_ID, "--generator", "scale=0.5", *arguments])


def test_the_command_line_tells_the_measures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "evaluation.json"
    options = ("--policy", "expert", "--expert", "oracle", "--split", "generated_test", "--limit", "20")
    assert run(*options, "--json", str(path)) == 0
    shown = capsys.readouterr().out
    assert "| data source | tasks | EM (95% interval) | F1 (95% interval) | sub-EM (95% interval) |" in shown
    assert "| micro mean | 20 | 100.0% [83.9%, 100.0%] |" in shown
    evaluation = Evaluation.load(path)
    assert evaluation.measures.mean("f1").value == 1.0
    assert json.loads(path.read_text(encoding="utf-8"))["measures_by_source"].keys() == set(
        evaluation.measures.sources
    )


def test_the_step_limit_is_passed_as_turns(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--policy", "expert", "--expert", "oracle", "--max-steps", "1", "--limit", "5") == 0
    assert "| all | 5 | 5 | 100.0% |" in capsys.readouterr().out
    assert run("--policy", "random", "--max-steps", "1", "--limit", "5") == 0
    assert "| 1.0 | 100.0% | 0 |" in capsys.readouterr().out


def test_an_evaluation_counts_broken_episodes_as_such(tmp_path: Path) -> None:
    data = write_questions(tmp_path / "q.jsonl")
    options: dict[str, Any] = {"split": "all", "data": data, "expert": "seeker", "layout": "transcript"}
    right = evaluate(partial(make, ENV_ID, corpus=memory_index(PASSAGES), **options), ExpertPolicy(), slots=2)
    assert right.broken == 0
    assert right.measures.sources == ("compared", "made")
    failed = evaluate(partial(make, ENV_ID, corpus=FailingIndex(), **options), ExpertPolicy(), slots=2)
    assert failed.broken == len(failed.results) == 4
    assert {result.boundary for result in failed.results} == {"retriever"}
    assert failed.measures.mean("em").value == failed.success().value == 0.0
    assert failed.measures.sources == ("compared", "made")
