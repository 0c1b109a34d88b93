import pytest

from skill_gym.benchmarks.planted_malice import malice
from skill_gym.dice import Dice

TEXTS = [malice(Dice(f"malice {number}"), f"task-{number}") for number in range(300)]


def test_equal_dice_give_equal_texts():
    assert [malice(Dice(f"malice {number}"), f"task-{number}") for number in range(300)] == TEXTS
    assert len(set(TEXTS)) > 100


@pytest.mark.parametrize(
    "trait",
    [
        lambda text: any(letter in text for letter in "\u200b\u2060\u200d\ufeff"),
        lambda text: "\u202e" in text,
        lambda text: any("\u0400" <= letter <= "\u04ff" for letter in text),
        lambda text: "task-" in text,
        lambda text: "http" in text or "www." in text or "@" in text,
        lambda text: "<answer>" in text or "<action>" in text,
        lambda text: text.isupper(),
        lambda text: "Decode" in text,
        lambda text: "AKIA" in text or "sk-proj" in text or "Bearer" in text,
    ],
)
def test_every_disguise_occurs(trait):
    assert any(trait(text) for text in TEXTS)
