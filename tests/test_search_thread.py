"""The thread of a question runs from name to name through the passages that were shown."""

from test_search_teacher import ADA, CHAIN, TOWN, YEAR, answer, played, search

from skill_gym.skillbanks.search_facts import given_names, read_search
from skill_gym.skillbanks.search_thread import SearchThread, within


def depths(question: str, *steps: tuple[str, tuple[str, ...]]) -> dict[str, int]:
    thread = SearchThread(read_search(played(question, *steps, answer("x"))))
    return {passage.title: thread.depth(passage) for passage in thread.passages}


def test_passages_lie_as_far_as_names_lead() -> None:
    assert depths(CHAIN, ADA, TOWN) == {"Ada Vask": 0, "Oulford": 1}


def test_what_a_passage_on_the_way_names_is_found_in_any_order() -> None:
    assert depths(CHAIN, search("Oulford Ada Vask", "Oulford", "Ada Vask")) == {"Ada Vask": 0, "Oulford": 1}


def test_passages_that_nothing_names_lie_beside_the_way() -> None:
    assert depths(YEAR, search("Brigford founded", "Brigford")) == {}


def test_a_passage_that_tells_of_a_given_name_lies_on_the_way() -> None:
    assert depths("What is Eno Zarn the mayor of?", search("Eno Zarn", "Oulford Hill")) == {"Oulford Hill": 0}


def test_words_are_told_by_the_question_and_by_passages_on_the_way() -> None:
    thread = SearchThread(read_search(played(CHAIN, ADA, search("x", "Brigford"), answer("x"))))
    assert thread.tells(["ada", "vask"])
    assert thread.tells(["painter"])
    assert not thread.tells(["1580"])


def test_the_first_word_of_a_question_is_no_name() -> None:
    assert given_names("Which person was born in Oulford?") == ["Oulford"]
    assert given_names("In which town does Ada Vask live?") == ["Ada Vask"]


def test_no_words_stand_nowhere() -> None:
    assert within(["b", "c"], ["a", "b", "c"])
    assert not within(["c", "b"], ["a", "b", "c"])
    assert not within([], ["a"])
