"""Invented names are many, distinct, and none of the real world."""

import pytest

from skill_gym.dice import Dice
from skill_gym.lucene.analyzer import terms
from skill_gym.search.names import (
    FIRST_NAME_ENDINGS,
    FIRST_SYLLABLES,
    LAST_SYLLABLES,
    MOST_STEMS,
    WORDS,
    Naming,
    first_name,
    name,
)

COMMON = {
    "market", "garden", "carpet", "motor", "doctor", "labor", "favor", "humor", "rumor", "tutor", "actor",
    "random", "seldom", "bottom", "button", "cotton", "lemon", "melon", "salmon", "person", "common",
    "the", "a", "an", "of", "and", "or", "who", "which",
}  # fmt: skip


def test_another_number_is_another_stem() -> None:
    naming = Naming.of("one world")
    stems = [naming.stem(number) for number in range(20_000)]
    assert len(set(stems)) == len(stems)
    assert not {stem.lower() for stem in stems} & COMMON
    assert naming.stem(MOST_STEMS - 1)


def test_search_tells_all_short_stems_apart() -> None:
    naming = Naming.of("one world")
    stems = [naming.stem(number) for number in range(4096)]
    assert len({tuple(terms(stem)) for stem in stems}) == 4096


def test_worlds_have_other_names() -> None:
    one, other = Naming.of("one world"), Naming.of("another")
    shared = {one.stem(number) for number in range(250)} & {other.stem(number) for number in range(250)}
    assert len(shared) < 50


def test_no_first_name_is_a_stem() -> None:
    firsts = {first + ending for first in FIRST_SYLLABLES for ending in FIRST_NAME_ENDINGS}
    stems = {first + last for first in FIRST_SYLLABLES for last in LAST_SYLLABLES}
    assert len(firsts) == 64 * 8
    assert len(stems) == 64 * 64
    assert not firsts & stems
    assert first_name(Dice("x")) in firsts


@pytest.mark.parametrize("kind", [*WORDS, "person", "book"])
def test_names_hold_the_stem_and_another_word(kind: str) -> None:
    made = name(kind, "Velmak", Dice(kind))  # type: ignore[arg-type]
    assert "Velmak" in made.split()
    assert 2 <= len(made.split()) <= 4
    assert made.isascii()
