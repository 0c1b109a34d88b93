"""Any question gets an answer of its kind from the evidence."""

import pytest

from skill_gym.search.evidence_answer import answer_from
from skill_gym.search.shown_passages import ShownPassage

REAL = [
    ShownPassage("Anna Berg", "Anna Berg (born 1950) is a Danish chess player. She won the Open in 1971."),
    ShownPassage("Carl Dahl", "Carl Dahl (born 1962) is a Danish writer. His first novel sold 9,000 copies."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("In what year did Anna Berg win the Open?", "1971"),
        ("How many copies did the first novel of Carl Dahl sell?", "9,000"),
        ("Who is older, Anna Berg or Carl Dahl?", "Anna Berg"),
        ("Who was born later, Anna Berg or Carl Dahl?", "Carl Dahl"),
        ("Are Anna Berg and Carl Dahl both Danish?", "yes"),
        ("Are Anna Berg and Carl Dahl both chess players by trade?", "no"),
        ("Who wrote a first novel that sold 9,000 copies?", "Carl Dahl"),
    ],
)
def test_any_question_gets_an_answer_of_its_kind(question: str, answer: str) -> None:
    assert answer_from(question, REAL) == answer
