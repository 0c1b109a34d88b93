"""What kind of answer a question asks for is told by its first words."""

import pytest

from skill_gym.skillbanks.answer_kinds import wrong_kind

TEXTS = ("Ada Vask was taught by Tam Brell. She works as a baker.", "Tam Brell is a Baker by name. He bakes.")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Are Ada and Tam both painters?", "no"),
        ("In which year was Oulford founded?", "1612"),
        ("In which year was Oulford founded?", "about 1612"),
        ("How many inhabitants does Oulford have?", "4,312"),
        ("How many sons does Ada have?", "two"),
        ("What is the length of the Osk in km?", "341"),
        ("What is the occupation of Ada Vask?", "painter"),
        ("What does Ada Vask do for a living?", "a painter"),
        ("Who taught Ada Vask?", "Tam Brell"),
        ("Who taught Ada Vask?", "tam brell"),
        ("Who is Ada Vask?", "a baker"),
        ("In which town was Ada Vask born?", "Oulford"),
        ("Which river flows through Oulford?", "Osk River"),
        ("Which person works as a baker?", "Ada Vask"),
        ("Which town is older, Oulford or Brigford?", "Oulford"),
        ("", "anything"),
    ],
)
def test_an_answer_of_the_kind_asked_for_passes(question: str, answer: str) -> None:
    assert wrong_kind(question, answer, TEXTS) == ""


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("Are Ada and Tam both painters?", "Ada", "yes or no"),
        ("Who taught Ada Vask?", "yes", "no yes-or-no"),
        ("In which year was Oulford founded?", "Tam Brell", "year"),
        ("In which year was Oulford founded?", "56261", "year"),
        ("How many inhabitants does Oulford have?", "Tam Brell", "number"),
        ("What is the year of birth of Ada Vask?", "painter", "number"),
        ("What is the occupation of Ada Vask?", "Oulford Hill", "occupation"),
        ("Who taught Ada Vask?", "1612", "name"),
        ("Who taught Ada Vask?", "baker", "name"),
        ("Who taught Ada Vask?", "Osk River", "person"),
        ("In which region is Oulford?", "995", "name"),
        ("Which river flows through Oulford?", "Hill Academy", "river"),
    ],
)
def test_an_answer_of_another_kind_is_told(question: str, answer: str, expected: str) -> None:
    assert expected in wrong_kind(question, answer, TEXTS[:1])


def test_a_word_that_is_somewhere_a_name_may_be_one() -> None:
    assert wrong_kind("Who taught Ada Vask?", "baker", TEXTS) == ""
