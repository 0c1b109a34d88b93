import pytest

from skill_gym.benchmarks.evaluation import Evaluation, EvaluationError, TaskResult
from skill_gym.benchmarks.pooling import pool, pooled_difference, student


def evaluation(solved: set[int], games: int = 20) -> Evaluation:
    results = tuple(
        TaskResult(f"{n}", f"toy:0:{n}", "look", "solved" if n in solved else "truncated", 0.0, 3, 3)
        for n in range(games)
    )
    return Evaluation("toy", ("test",), "tiny", "0-abc", 0, 1.0, results, 2.0)


def test_pooled_runs_keep_the_same_task_of_two_seeds_apart():
    whole = pool({"a": evaluation({1}), "b": evaluation({1, 2})})
    assert len({result.task_key for result in whole.results}) == 40
    assert whole.success().successes == 3
    assert whole.seconds == 4.0
    with pytest.raises(EvaluationError, match="at least one"):
        pool({})


def test_difference_is_paired_within_runs_and_spread_over_runs():
    before = {"a": evaluation(set()), "b": evaluation(set()), "c": evaluation(set())}
    after = {"a": evaluation({1, 2}), "b": evaluation({1, 2, 3, 4}), "c": evaluation(set(range(6)))}
    games, runs = pooled_difference(before, after)
    assert games.gained == 12
    assert games.value == pytest.approx(0.2)
    assert runs.value == pytest.approx(0.2)
    # Student with two degrees of freedom: 4.303 * 0.1 / sqrt(3).
    assert runs.high - runs.value == pytest.approx(0.24843, abs=1e-4)
    assert "over 3 runs" in str(runs)
    with pytest.raises(EvaluationError, match="runs differ"):
        pooled_difference(before, {"a": evaluation(set())})


def test_one_run_says_nothing_of_others_and_many_come_near_the_normal_interval():
    assert str(student([0.3])) == "one run"
    wide = student([0.0, 1.0] * 50)
    assert wide.high - wide.value == pytest.approx(1.96 * 0.50252 / 10, abs=1e-3)
    with pytest.raises(ValueError, match="at least one"):
        student([])
