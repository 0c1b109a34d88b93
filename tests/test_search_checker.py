"""The checker of generated questions: what is wrong is found, whatever it is."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from skill_gym.search.checker import answers, check
from skill_gym.search.generator import GeneratorConfig, World, generated_world
from skill_gym.search.question_kinds import HOPS
from skill_gym.search.question_parser import read_wanted
from skill_gym.search.questions import Question

Change = Callable[[Question], Question]


def world() -> World:
    return generated_world("generated_validation", GeneratorConfig(kinds=tuple(HOPS)), 100)


def one(kind: str, hops: int) -> Question:
    return next(
        each for each in world().questions if (each.data_source, each.metadata["hops"]) == (kind, hops)
    )


def with_metadata(question: Question, **changes: Any) -> Question:
    return dataclasses.replace(question, metadata={**question.metadata, **changes})


def with_fact(question: Question, place: int, changes: Mapping[str, str]) -> Question:
    path = [dict(fact) for fact in question.metadata["path"]]
    path[place].update(changes)
    return with_metadata(question, path=path)


@pytest.mark.parametrize(
    ("kind", "hops", "change", "message"),
    [
        ("chain", 2, lambda q: dataclasses.replace(q, answers=("Nobody",)), "its answer is .*, not"),
        ("compare", 2, lambda q: dataclasses.replace(q, answers=("Nobody",)), "its answer is .*, not"),
        ("boolean", 2, lambda q: dataclasses.replace(q, answers=("maybe",)), "its answer is .*, not"),
        ("constraint", 2, lambda q: dataclasses.replace(q, answers=("Nobody",)), "its answer is"),
        ("chain", 2, lambda q: dataclasses.replace(q, question="What is this?"), "not in the language"),
        ("lookup", 1, lambda q: dataclasses.replace(q, question="Who is the mayor of Xa?"), "has 0 answers"),
        ("chain", 3, lambda q: with_fact(q, 1, {"value": "Nobody"}), "is not true"),
        ("chain", 3, lambda q: with_fact(q, 1, {"head": "Nobody"}), "is not about Nobody"),
        ("chain", 3, lambda q: with_metadata(q, hops=2), "number of facts"),
        ("chain", 3, lambda q: with_metadata(q, supporting_ids=()), "not those of its path"),
        ("chain", 3, lambda q: with_metadata(q, queries=("nothing",)), "not found by the planned queries"),
        ("chain", 3, lambda q: with_metadata(q, queries=("a", "b", "c", "d")), "takes 5 turns, not 4"),
        (
            "chain",
            2,
            lambda q: dataclasses.replace(q, question=q.question.replace(" of ", f" of {q.answers[0]} ")),
            "not in the language|has to be found|its answer is|has 0 answers",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(kind: str, hops: int, change: Change, message: str) -> None:
    question = one(kind, hops)
    assert check(world(), question) == []
    wrong = check(world(), change(question))
    assert wrong
    assert re.search(message, " | ".join(wrong))


def test_several_answers_are_told() -> None:
    """A trade and a school that two persons share."""
    facts = world().facts
    pairs: dict[tuple[Any, Any], list[str]] = {}
    for person in facts.by_kind["person"]:
        values = facts.values[person.key]
        pairs.setdefault((values["occupation"], values["school"]), []).append(person.name)
    (trade, school), names = next((pair, names) for pair, names in pairs.items() if len(names) > 1)
    text = f"Who works as a {trade} and attended {school.name}?"
    wanted = read_wanted(text)
    assert wanted is not None
    assert {each.name for each in answers(facts, wanted)} == set(names)  # type: ignore[union-attr]
    question = dataclasses.replace(one("constraint", 2), question=text)
    assert f"it has {len(names)} answers" in check(world(), question)


def test_a_named_answer_is_told() -> None:
    question = one("lookup", 1)
    head = question.metadata["path"][0]["head"]
    assert f"it names {head}, which has to be found" in check(
        world(), dataclasses.replace(question, question=f"When was {head} founded?", answers=(head,))
    )


def test_a_shorter_way_is_told() -> None:
    """One fact that poses as two can be had in one step."""
    direct = next(each for each in world().questions if each.query_type == "direct_retrieval")
    (fact,) = direct.metadata["path"]
    follow_up = next(
        each.metadata["path"][0]
        for each in world().questions
        if each.metadata["path"][0]["head"] != fact["head"]
    )
    posing = dataclasses.replace(with_metadata(direct, path=[fact, follow_up], hops=2), data_source="chain")
    wrong = " | ".join(check(world(), posing))
    assert "tells the answer before the last fact" in wrong
    assert "can be reached in 1 steps, not 2" in wrong


def test_unread_facts_give_no_answer() -> None:
    question = one("compare", 2)
    wanted = read_wanted(question.question)
    assert wanted is not None
    assert answers(world().facts.only(()), wanted) == set()
