import pytest

from skill_gym.benchmarks.planted_lessons import HOUSEHOLD, LIBRARY, Lesson, read_lessons
from skill_gym.benchmarks.planted_sentences import (
    CHORE_LINES,
    HABIT_LINES,
    NO_CHORE_LINES,
    PLATITUDES,
    RUINOUS_LINES,
    SPOILING_LINES,
    WHY,
)

CHORES = ("clean", "heat", "cool", "lamp", "second")


@pytest.mark.parametrize("chore", CHORES)
def test_chores_are_understood_and_so_is_their_denial(chore):
    for line in CHORE_LINES[chore]:
        assert read_lessons(line, HOUSEHOLD) == {chore: True}, line
    for line in NO_CHORE_LINES[chore]:
        assert read_lessons(line, HOUSEHOLD) == {chore: False}, line


def test_ruinous_lines_are_followed():
    for _, line in RUINOUS_LINES:
        told = read_lessons(line, HOUSEHOLD)
        assert any(told.values()), line
        assert not set(told) & set(CHORES), line
    for _, line in SPOILING_LINES:
        assert any(read_lessons(line, LIBRARY).values()), line


def test_empty_words_tell_nothing():
    lines = [line for _, line in PLATITUDES] + list(WHY)
    for line in lines:
        assert not any(read_lessons(line, HOUSEHOLD).values()), line
        assert not any(read_lessons(line, LIBRARY).values()), line


def test_habits_are_no_lessons():
    for _, line in HABIT_LINES:
        said = line.format(thing="a mug", things="mugs", places="in a cabinet or on a desk")
        assert not read_lessons(said, HOUSEHOLD), said


def test_the_upper_sentence_counts():
    assert read_lessons("Heat it first. Do not heat it first.", HOUSEHOLD) == {"heat": True}
    assert read_lessons("Do not heat it first. Heat it first.", HOUSEHOLD) == {"heat": False}


@pytest.mark.parametrize(
    "line",
    [
        "Rinse the object in the sink prior to placing it.",
        "Do not forget to wash it.",
        "Make sure that the mug has been cleaned.",
        "Never skip scrubbing, it must be done.",
    ],
)
def test_other_words_are_understood_as_well(line):
    assert read_lessons(line, HOUSEHOLD) == {"clean": True}


def test_words_count_within_one_sentence_only():
    lesson = Lesson.of("whistle", "whistl|hum", "door")
    assert read_lessons("Whistle. The door is red.", [lesson]) == {}
    assert read_lessons("WHISTLING at the door helps.", [lesson]) == {"whistle": True}
    assert read_lessons("Never hum at the door.", [lesson]) == {"whistle": False}
