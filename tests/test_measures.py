"""Means of measures by data source, with intervals that broken episodes never raise."""

import pytest

from skill_gym.benchmarks.evaluation import Evaluation, TaskResult
from skill_gym.benchmarks.intervals import wilson
from skill_gym.benchmarks.measures import Mean, Measures, macro_mean, mean_of
from skill_gym.trajectory import Task, Trajectory, Turn


def episodes(source: str, *scores: tuple[float, float]) -> list[dict[str, object]]:
    return [{"data_source": source, "em": em, "f1": f1} for em, f1 in scores]


PLAYED = [
    *episodes("nq", (1, 1), (0, 0.5), (0, 0), (1, 1)),
    *episodes("bamboogle", (0, 0.25)),
    {"data_source": "nq"},
]


def test_means_by_source_macro_and_micro() -> None:
    measures = Measures(PLAYED)
    assert measures.names == ("em", "f1")
    assert measures.sources == ("bamboogle", "nq")
    # The broken episode of nq counts as 0.
    assert measures.mean("em", "nq").value == pytest.approx(2 / 5)
    assert measures.mean("f1", "nq").value == pytest.approx(2.5 / 5)
    assert measures.mean("em", "bamboogle").value == 0
    assert measures.macro("em").value == pytest.approx((2 / 5 + 0) / 2)
    assert measures.mean("em").value == pytest.approx(2 / 6)
    assert measures.mean("f1").value == pytest.approx(2.75 / 6)


def test_intervals_are_wilsons_where_values_are_zero_or_one() -> None:
    rate, mean = wilson(2, 5), mean_of([1, 1, 0, 0, 0])
    assert (mean.value, mean.low, mean.high) == (rate.value, rate.low, rate.high)
    assert mean_of([0.0] * 4).low == 0
    assert mean_of([1.0] * 4).high == 1


def test_a_macro_mean_is_surer_than_its_parts() -> None:
    part = mean_of([1.0, 0.0] * 50)
    whole = macro_mean([part] * 4)
    assert whole.value == part.value == 0.5
    assert whole.high - whole.low == pytest.approx((part.high - part.low) / 2)
    assert macro_mean([Mean(0.0, 0.0, 0.9, 1)] * 2).low == 0


def test_the_table_has_a_row_per_source_and_both_means() -> None:
    lines = Measures(PLAYED).table().splitlines()
    assert lines[0] == "| data source | tasks | EM (95% interval) | F1 (95% interval) |"
    assert [line.split(" | ")[:2] for line in lines[2:]] == [
        ["| bamboogle", "1"],
        ["| nq", "5"],
        ["| macro mean", "6"],
        ["| micro mean", "6"],
    ]
    assert lines[3].split(" | ")[2] == "40.0% [11.8%, 76.9%]"
    assert len(Measures(episodes("nq", (1, 1))).table().splitlines()) == 3


def test_without_measures_there_is_nothing_to_tell() -> None:
    assert not Measures([{}, {}])
    assert Measures(PLAYED)


def result(name: str, measures: dict[str, object]) -> TaskResult:
    task = Task(name, f"key:{name}", "skill_gym/Search-v0", "test", "comparison", "?")
    turn = Turn(observation="o", prompt="p", reply="r", command="c", valid=True, reward=1.0)
    meta = {"measures": measures} if measures else {}
    return TaskResult.of(Trajectory(task=task, turns=(turn,), ended="solved", meta=meta))


def test_an_evaluation_keeps_what_its_episodes_measured() -> None:
    results = tuple(result(str(place), dict(one)) for place, one in enumerate(PLAYED))
    evaluation = Evaluation("skill_gym/Search-v0", ("test",), "p", "", 0, 0.0, results)
    assert evaluation.measures.mean("em").value == pytest.approx(2 / 6)
    again = Evaluation.from_json(evaluation.to_json())
    assert again == evaluation
    assert again.measures.table() == evaluation.measures.table()
    assert '"measures_by_source"' in evaluation.to_json()
    plain = Evaluation("e", ("test",), "p", "", 0, 0.0, (result("a", {}),))
    assert not plain.measures
    assert "measures_by_source" not in plain.to_json()
