"""Any question is searched with its words, then with what they lead to."""

from skill_gym.search.inquiry import next_query
from skill_gym.search.shown_passages import ShownPassage

QUESTION = "Which country does the teacher of Anna Berg come from?"
READ = [ShownPassage("Anna Berg", "Anna Berg was a pupil of Ivan Petrov.")]


def test_the_first_query_holds_the_words_of_the_question() -> None:
    assert next_query(QUESTION, [], []) == "country teacher anna berg come"


def test_names_in_the_evidence_are_followed_with_what_is_still_open() -> None:
    query = next_query(QUESTION, READ, [next_query(QUESTION, [], [])])
    assert query == "Ivan Petrov country teacher come"


def test_names_of_the_question_that_were_not_found_come_first() -> None:
    other = [ShownPassage("Somebody Else", "He was a pupil of Ivan Petrov.")]
    assert next_query(QUESTION, other, [next_query(QUESTION, [], [])]) == "Anna Berg"


def test_no_query_is_made_twice() -> None:
    asked: list[str] = []
    while query := next_query(QUESTION, READ, asked):
        assert query not in asked
        asked.append(query)
    assert len(asked) == 3
