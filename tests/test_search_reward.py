"""Scores of answers, on hand-made cases by the published rules."""

import pytest

from skill_gym.search.questions import Question
from skill_gym.search.reward import NO_ANSWER, exact_match, f1, normalise, score, set_f1, sub_em

# Prediction, accepted answers, exact match, F1, sub-EM.
CASES: tuple[tuple[str, tuple[str, ...], int, float, int], ...] = (
    # Case, white space and punctuation do not count.
    ("Paris", ("Paris",), 1, 1, 1),
    ("paris", ("Paris",), 1, 1, 1),
    ("PARIS", ("paris",), 1, 1, 1),
    (" Paris\n", ("Paris",), 1, 1, 1),
    ("Paris.", ("Paris",), 1, 1, 1),
    ('"Paris"', ("Paris",), 1, 1, 1),
    ("Barack\tObama", ("Barack Obama",), 1, 1, 1),
    ("\u00a0Paris", ("Paris",), 1, 1, 1),
    ("Washington, D.C.", ("Washington DC",), 1, 1, 1),
    ("Washington D. C.", ("Washington D.C.",), 0, 2 / 5, 0),
    ("U.S.A.", ("USA",), 1, 1, 1),
    ("O'Neill", ("ONeill",), 1, 1, 1),
    ("C++", ("C",), 1, 1, 1),
    ("twenty-one", ("twenty one",), 0, 0, 0),
    ("<b>Paris</b>", ("Paris",), 0, 0, 1),
    ("Simon & Garfunkel", ("Simon and Garfunkel",), 0, 4 / 5, 0),
    # Articles go after punctuation, as whole words only.
    ("The Paris", ("Paris",), 1, 1, 1),
    ("a Paris", ("Paris",), 1, 1, 1),
    ("an apple", ("apple",), 1, 1, 1),
    ("apple", ("an apple",), 1, 1, 1),
    ("Beatles", ("the beatles!",), 1, 1, 1),
    ("the man in the high castle", ("Man in High Castle",), 1, 1, 1),
    ("A, B", ("B",), 1, 1, 1),
    ("t.h.e. Band", ("Band",), 1, 1, 1),
    ("the-band", ("band",), 0, 0, 1),
    ("an_other", ("other",), 0, 0, 1),
    ("U S A", ("USA",), 0, 0, 0),
    ("Theodore", ("odore",), 0, 0, 1),
    ("Anna", ("na",), 0, 0, 1),
    # What is empty after normalisation equals nothing.
    ("", ("Paris",), 0, 0, 0),
    ("", ("",), 0, 0, 0),
    ("the", ("the",), 0, 0, 0),
    ("A", ("A",), 0, 0, 0),
    ("a.n", ("an",), 0, 0, 0),
    ("?", ("!",), 0, 0, 0),
    ("&", ("and",), 0, 0, 0),
    ("Paris", ("",), 0, 0, 0),
    ("Paris", ("the",), 0, 0, 0),
    ("Paris", (), 0, 0, 0),
    ("Paris", ("", "Paris"), 1, 1, 1),
    # Several accepted answers.
    ("London", ("Paris", "London"), 1, 1, 1),
    ("London", ("Paris", "London city"), 0, 2 / 3, 0),
    ("London and Paris", ("Paris", "London"), 0, 1 / 2, 1),
    ("Berlin", ("Paris", "London"), 0, 0, 0),
    # Parts of an answer, and more than it.
    ("Paris, France", ("Paris",), 0, 2 / 3, 1),
    ("Paris", ("Paris, France",), 0, 2 / 3, 0),
    ("New York City", ("New York",), 0, 4 / 5, 1),
    ("York New", ("New York",), 0, 1, 0),
    ("New New York", ("New York",), 0, 4 / 5, 1),
    ("New York", ("New New York",), 0, 4 / 5, 0),
    ("Barack Obama was the 44th president", ("Barack Obama",), 0, 4 / 7, 1),
    ("It was Barack\nObama", ("Barack Obama",), 0, 2 / 3, 1),
    ("Obama, Barack", ("Barack Obama",), 0, 1, 0),
    ("Norway", ("way",), 0, 0, 1),
    # Numbers and dates.
    ("1,000", ("1000",), 1, 1, 1),
    ("3.5", ("35",), 1, 1, 1),
    ("$5", ("5",), 1, 1, 1),
    ("50%", ("50 percent",), 0, 2 / 3, 0),
    ("1876", ("1867",), 0, 0, 0),
    ("in 1876", ("1876",), 0, 2 / 3, 1),
    ("18761", ("1876",), 0, 0, 1),
    ("January 5, 1876", ("5 January 1876",), 0, 1, 0),
    ("one hundred", ("100",), 0, 0, 0),
    # Yes, no and noanswer are right or wrong as a whole.
    ("yes", ("yes",), 1, 1, 1),
    ("Yes.", ("yes",), 1, 1, 1),
    ("no", ("yes",), 0, 0, 0),
    ("yes it is", ("yes",), 0, 0, 1),
    ("yes", ("yes it is",), 0, 0, 0),
    ("noanswer", ("noanswer",), 1, 1, 1),
    ("no answer", ("noanswer",), 0, 0, 0),
    ("nothing", ("no",), 0, 0, 1),
    # Only ASCII's punctuation goes, and characters are compared as they are.
    ("k\u00f6ln", ("K\u00d6LN",), 1, 1, 1),
    ("K\u00f6ln", ("Koln",), 0, 0, 0),
    ("K\u00f6ln", ("Ko\u0308ln",), 0, 0, 0),
    ("\u0391\u0398\u0397\u039d\u0391", ("\u03b1\u03b8\u03b7\u03bd\u03b1",), 1, 1, 1),
    ("\u5317\u4eac", ("\u5317\u4eac",), 1, 1, 1),
    ("\u5317\u4eac\u3002", ("\u5317\u4eac",), 0, 0, 1),
    ("\u0130stanbul", ("istanbul",), 0, 0, 0),
    ("stra\u00dfe", ("STRASSE",), 0, 0, 0),
    ("O\u2019Neill", ("O'Neill",), 0, 0, 0),
    ("\u201cParis\u201d", ("Paris",), 0, 0, 1),
    ("Paris\u2013London", ("ParisLondon",), 0, 0, 0),
)


def test_there_are_at_least_sixty_cases_for_each_metric() -> None:
    assert len(set(CASES)) == len(CASES) >= 60


@pytest.mark.parametrize(("prediction", "answers", "em", "overlap", "part"), CASES)
def test_scores_by_the_published_rules(
    prediction: str, answers: tuple[str, ...], em: int, overlap: float, part: int
) -> None:
    assert exact_match(prediction, answers) == em
    assert f1(prediction, answers) == pytest.approx(overlap, abs=1e-12)
    assert sub_em(prediction, answers) == part


@pytest.mark.parametrize(
    ("prediction", "answer", "em"),
    [
        ("\u201cParis\u201d", "Paris", 1),
        ("O\u2019Neill", "O'Neill", 1),
        ("\u5317\u4eac\u3002", "\u5317\u4eac", 1),
        ("Ko\u0308ln", "K\u00f6ln", 1),
        ("\uff30aris", "Paris", 1),
        ("\u2460", "1", 1),
        ("Paris\u2013London", "ParisLondon", 1),
        ("Koln", "K\u00f6ln", 0),
        ("\u2026", "\u2026", 0),
    ],
)
def test_unicode_normalisation_is_an_option(prediction: str, answer: str, em: int) -> None:
    assert exact_match(prediction, (answer,), unicode_norm=True) == em
    assert exact_match(prediction, (answer,)) == (0 if em else exact_match(prediction, (answer,)))


@pytest.mark.parametrize(
    ("prediction", "answers", "expected"),
    [
        ("Paris and London", ("Paris", "London"), 1),
        ("London, Paris", ("Paris", "London"), 1),
        ("London; the Paris", ("Paris", "London"), 1),
        ("London, Paris, and Rome", ("Paris", "London", "Rome"), 1),
        ("London, Paris", ("Paris, London",), 1),
        ("Paris AND London", ("Paris", "London"), 1),
        ("Paris", ("Paris", "London"), 2 / 3),
        ("Paris, London, Rome", ("Paris", "London"), 4 / 5),
        ("Paris, Rome", ("Paris", "London"), 1 / 2),
        ("Paris, Paris", ("Paris", "London"), 2 / 3),
        ("Paris London", ("Paris", "London"), 0),
        ("Andorra, Rome", ("Andorra", "Rome"), 1),
        ("and, ;", ("Paris",), 0),
        ("", ("Paris",), 0),
        ("Paris", (), 0),
    ],
)
def test_answers_that_all_have_to_be_named_are_compared_as_items(
    prediction: str, answers: tuple[str, ...], expected: float
) -> None:
    assert set_f1(prediction, answers) == pytest.approx(expected, abs=1e-12)
    question = Question(id="1", data_source="made", question="?", answers=answers, answer_type="set")
    assert score(prediction, question).em == float(expected == 1)
    assert score(prediction, question).f1 == pytest.approx(expected, abs=1e-12)


def test_every_named_item_has_to_stand_in_the_answer_for_sub_em() -> None:
    question = Question(
        id="1", data_source="made", question="?", answers=("Paris", "London"), answer_type="set"
    )
    assert score("Both Paris with London", question).sub_em == 1
    assert score("Only Paris", question).sub_em == 0


def test_all_scores_come_together() -> None:
    question = Question(id="1", data_source="made", question="?", answers=("New York", "NYC"))
    assert score("New York City", question) == (0, pytest.approx(4 / 5), 1)
    assert score("nyc", question) == (1, 1, 1)
    assert NO_ANSWER == (0, 0, 0)


def test_normalisation_takes_its_steps_in_order() -> None:
    assert normalise("  The  A-Team, an 'Episode'!\n") == "ateam episode"
    assert normalise("\u2018A\u2019 team") == "\u2018 \u2019 team"
    assert normalise("\u2018A\u2019 team", unicode_norm=True) == "team"
