"""Token set ratio: figures of thefuzz 0.22.1, and the subsequence against its textbook form."""

import random

import pytest

from skill_gym.webshop.token_set_ratio import longest_common_subsequence, token_set_ratio


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("x-large", "xx-large", 93),
        ("large", "('size', 'x-large')", 100),
        ("x-large", "('size', 'xx-large')", 83),
        ("9", "('size', '9.5')", 100),
        ("9.5 wide", "('size', '9.5')", 75),
        ("34w x 32l", "('size', '36w x 32l')", 71),
        ("machine wash", "wash, machine", 100),
        ("easy clean", "easy to clean", 100),
        ("cotton", "linen", 18),
        ("under_score", "under score", 100),
        ("caf\u00e9", "caf", 100),
        ("\u0141adny", "\u0142adny", 100),
        ("\u0130", "i", 100),
        ("", "cotton", 0),
        ("cotton", " - ", 0),
        ("", "", 0),
        ("\u00e9", "\u00e9", 0),
    ],
)
def test_figures_of_the_original(one, other, ratio):
    assert (token_set_ratio(one, other), token_set_ratio(other, one)) == (ratio, ratio)


def test_the_subsequence_is_the_textbooks():
    dice = random.Random(0)
    for _ in range(300):
        one, other = ("".join(dice.choices("abc d", k=dice.randrange(14))) for _ in "12")
        row = [0] * (len(other) + 1)
        for mark in one:
            before = row[:]
            for place, match in enumerate(other):
                row[place + 1] = before[place] + 1 if mark == match else max(before[place + 1], row[place])
        assert longest_common_subsequence(one, other) == row[-1], (one, other)


def test_repeats_do_not_count_however_long():
    long = token_set_ratio("ab " * 3000 + "x" * 3000, "ba " * 3000 + "x" * 2000)
    assert long == token_set_ratio("ab " + "x" * 3000, "ba " + "x" * 2000) == 80
