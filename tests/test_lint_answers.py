"""Ids, goals and answers of given tasks are found in skills, at a price that does not grow with the tasks."""

import time

from skill_gym.skillbanks.lint_answers import BenchmarkAnswers, find_task_ids
from skill_gym.trajectory import Task


def task(number: str, goal: str, env: str = "Search-v0") -> Task:
    return Task(number, f"skill_gym/{env}:src:{number}", f"skill_gym/{env}", "test", "chain", goal)


CAPITAL = task("nq/12345678", "What is the capital of the country where Ada Lovelace was born?")
ANSWERS = BenchmarkAnswers(
    [CAPITAL, task("x/1", "put a clean mug in shelf.")],
    answers={CAPITAL.id: ["London", "Greater London City"], "x/1": ["yes"]},
)


def found(text: str) -> list[tuple[str, str]]:
    return [(hit.severity.value, hit.excerpt) for hit in ANSWERS(text)]


def test_goals_are_found_in_any_case_and_punctuation():
    assert found("E.g. 'Put a CLEAN mug in shelf' means: wash it.") == [("error", "put a clean mug in shelf")]
    assert found("Put a clean plate in shelf.") == []
    assert found("put a clean mug in") == []


def test_answer_counts_beside_its_question():
    assert found("The capital of the country where Ada Lovelace lived is London.")[0][0] == "error"
    assert found("London is a city with much traffic.") == []
    assert found("Greater London City is a fine name.") == [("warning", "greater london city")]


def test_ids_are_found_and_short_numbers_are_not():
    assert found("See nq/12345678.") == [("error", "12345678")]
    assert found("Take mug 1 or x/1.") == []
    folder = "pick_and_place_simple-Mug-None-Shelf-10/trial_T20190908_123456_789"
    answers = BenchmarkAnswers([task(folder, "put some mug on shelf.", "ALFWorld-v0")])
    assert list(answers("In pick_and_place_simple-Mug-None-Shelf-10 look in drawer 1."))
    assert list(find_task_ids("In Pick_And_Place_Simple-Mug-None-Shelf-10 look in drawer 1."))
    assert not list(find_task_ids("pick_and_place_simple needs 1 object; look_at_obj_in_light a lamp."))


def test_many_tasks_cost_no_more_per_text():
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
    tasks = [
        task(f"q/{n}", " ".join(words[(n // 7**k) % 10] for k in range(8)) + f" number {n}")
        for n in range(20_000)
    ]
    answers = BenchmarkAnswers(tasks)
    text = "open the drawer and look for the mug before you go on. " * 1000
    started = time.process_time()
    assert list(answers(text)) == []
    assert time.process_time() - started < 1.0
    assert [hit.excerpt for hit in answers(f"I saw: {tasks[1234].goal}!")] == [tasks[1234].goal]
