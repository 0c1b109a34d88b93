from dataclasses import replace
from math import sqrt

import pytest

from skill_gym.benchmarks.evaluation import Evaluation, EvaluationError, TaskResult, paired_difference
from skill_gym.benchmarks.intervals import PairedDifference
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


def of_games(solved: set[int], world: str) -> Evaluation:
    whole = evaluation(solved)
    return replace(
        whole, results=tuple(replace(one, task_key=f"{world}:{one.task_id}") for one in whole.results)
    )


def test_a_game_that_several_seeds_play_alike_is_one_draw():
    lost, won = {0, 1}, {2, 3, 4, 5, 6}
    alone, _ = pooled_difference({"a": of_games(lost, "1")}, {"a": of_games(won, "1")})
    assert alone == paired_difference(evaluation(lost), evaluation(won))

    def pair(second: str, lost: set[int], won: set[int]) -> PairedDifference:
        before = {"a": of_games({0, 1}, "1"), "b": of_games(lost, second)}
        return pooled_difference(before, {"a": of_games({2, 3, 4, 5, 6}, "1"), "b": of_games(won, second)})[0]

    alike, apart = pair("1", lost, won), pair("2", lost, won)
    assert (alike.value, alike.trials) == (apart.value, apart.trials) == (alone.value, 40)
    # The same outcomes again say nothing new: twice as many unrelated games would be sqrt(2) times as sure.
    assert alike.high - alike.value == pytest.approx(sqrt(2) * (apart.high - apart.value))
    assert alike.value - alike.low == pytest.approx(alone.value - alone.low, rel=0.1)
    # Seeds that disagree about the games are as good as other games.
    others = pair("1", {8, 9}, {10, 11, 12, 13, 14})
    assert (others.low, others.high) == (apart.low, apart.high)
    nothing = pair("1", {2, 3, 4, 5, 6}, {0, 1})
    assert nothing.value == 0


def test_differences_that_are_all_the_same_count_each_game_once():
    same = {"a": of_games(set(), "1"), "b": of_games(set(), "1")}
    both, _ = pooled_difference(same, same)
    other = {"a": of_games(set(), "1"), "b": of_games(set(), "2")}
    apart, _ = pooled_difference(other, other)
    assert both.value == apart.value == 0
    assert both.high == pytest.approx(sqrt(2) * apart.high)
