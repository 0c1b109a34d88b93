"""The analyzer gives Lucene's terms (words, possessives, stop words, stems); expected values are Lucene's."""

import random
import time

import pytest

from skill_gym.lucene.analyzer import NARROW_BLANK, STOP_WORDS, ChunkCache, analyze
from skill_gym.lucene.porter import stem
from skill_gym.lucene.word_breaks import LONGEST_WORD, words

WORDS = {
    "spandex.imported 16.5 machine-wash 9.5oz": ["spandex.imported", "16.5", "machine", "wash", "9.5oz"],
    "1,000 a:b 3:4 O'Neill's a.1 1.a": ["1,000", "a:b", "3", "4", "O'Neill's", "a", "1", "1", "a"],
    "a_b __ _a_ 1_2 a__b'": ["a_b", "_a_", "1_2", "a__b"],
    "a..b a.b. .5 5. 1,,2 1;2 it\u2019s": ["a", "b", "a.b", "5", "5", "1", "2", "1;2", "it\u2019s"],
    "cafe\u0301 soft\u00adhyphen zero\u200bwidth": ["cafe\u0301", "soft\u00adhyphen", "zero", "width"],
    "東京タワー ひら カタ_a 々a 한국어": ["東", "京", "タワー", "ひ", "ら", "カタ_a", "々a", "한국어"],
    "ผ้าไหม100 ສະບາຍດີ": ["ผ้าไหม", "100", "ສະບາຍດີ"],
    '\u05d0"\u05d1 \u05d0\' \u05d0.\u05d1"\u05d2': ['\u05d0"\u05d1', "\u05d0'", "\u05d0.\u05d1", "\u05d2"],
    "👍🏽a 👨\u200d👩\u200d👧 ❤\ufe0f ☂x🏻": ["👍🏽", "a", "👨\u200d👩\u200d👧", "❤\ufe0f", "☂", "x🏻"],
    "🇩🇪🇫🇷🇩 1\ufe0f\u20e3 #\u20e3 1\u20e31 # *": ["🇩🇪", "🇫🇷", "1\ufe0f\u20e3", "#\u20e3", "1\u20e31"],
    "brand™ ©2020 ℹ ℹnfo Ⓜ": ["brand", "™", "©", "2020", "ℹ", "ℹnfo", "Ⓜ"],
    "\u0301 \u200d \ufe0f \ud800 \x00": [],
    "": [],
}
STEMS = {
    "caresses": "caress", "ponies": "poni", "ties": "ti", "cats": "cat", "feed": "feed",
    "agreed": "agre", "plastered": "plaster", "motoring": "motor", "sing": "sing",
    "conflated": "conflat", "troubled": "troubl", "sized": "size", "hopping": "hop",
    "falling": "fall", "filing": "file", "failing": "fail", "happy": "happi", "sky": "sky",
    "relational": "relat", "valenci": "valenc", "digitizer": "digit", "radicalli": "radic",
    "vietnamization": "vietnam", "callousness": "callous", "sensibiliti": "sensibl",
    "triplicate": "triplic", "electrical": "electr", "goodness": "good", "revival": "reviv",
    "adjustable": "adjust", "adoption": "adopt", "replacement": "replac", "rate": "rate",
    "cease": "ceas", "controll": "control", "roll": "roll", "using": "us", "toy": "toi",
    "play": "plai", "assembly": "assembl", "technology": "technolog", "by": "by", "as": "as",
    "ions": "ion", "dying": "dy", "eying": "ei", "yes": "ye", "sses": "ss", "9s": "9s",
    "9.5s": "9.5",
}  # fmt: skip


@pytest.mark.parametrize("text", WORDS, ids=ascii)
def test_words_are_lucenes(text: str) -> None:
    assert words(text) == WORDS[text]


@pytest.mark.parametrize("word", STEMS)
def test_stems_are_lucenes(word: str) -> None:
    assert stem(word) == STEMS[word]


def test_possessives_go_before_stop_words_and_stems() -> None:
    assert analyze("Women's dresses' O'Neill\u2019S THE's it's the boys's's") == [
        "women", "dress", "o'neil", "boys'",
    ]  # fmt: skip


def test_stop_words_are_dropped() -> None:
    assert len(STOP_WORDS) == 33
    assert analyze(" ".join(sorted(STOP_WORDS)) + " I am THE one") == ["i", "am", "on"]


def test_letters_are_lowered_one_by_one() -> None:
    assert analyze("\u039f\u0394\u039f\u03a3 \u0130zmir \u1e9e \u0395\u03a3S") == [
        "\u03bf\u03b4\u03bf\u03c3", "izmir", "\xdf", "\u03b5\u03c3",
    ]  # fmt: skip


def test_pieces_between_blanks_stand_for_themselves() -> None:
    text = "red\u00a0shoes\tmen's\n3\u30009.5 a.\u2028b 'x' \u0085\x1cend"
    assert analyze(text) == [term for piece in text.split() for term in analyze(piece)]
    blanks = [chr(code) for code in range(0x110000) if chr(code).isspace()]
    joining = [
        blank for blank in blanks if words(f"a{blank}a") != ["a", "a"] or words(f"1{blank}1") != ["1", "1"]
    ]
    assert joining == [NARROW_BLANK]
    assert analyze("red hat\u202fbox 1") == ["red", "hat\u202fbox", "1"]
    assert analyze("\u202f \n") == []


def test_words_are_cut_at_255_characters() -> None:
    assert [len(word) for word in words("x" * 600)] == [LONGEST_WORD, LONGEST_WORD, 90]
    assert words("_" * 300 + "a") == ["_" * 254 + "a"]
    assert [len(word) for word in words("a." * 200)] == [255, 143]


@pytest.mark.parametrize(
    "piece", ["_", "a", "a'", "1.", "x-", "_\u0301", "\u200d", "👍\u200d", '\u05d0"', "#", "한"]
)
def test_ten_thousand_characters_without_a_blank_take_no_time(piece: str) -> None:
    text = (piece * 10_000)[:10_000]
    start = time.process_time()
    found = words(text)
    assert time.process_time() - start < 5
    assert all(len(word) <= LONGEST_WORD and word in text for word in found)


def test_an_emoji_longer_than_a_word_may_be_ends() -> None:
    keycap = "#" + "\u0301" * 300 + "\u20e3"
    assert words(keycap) == []
    assert words(f"a {keycap} {keycap}b") == ["a", "b"]
    assert words("1" + keycap[1:] + "x") == ["1" + "\u0301" * 254, "x"]


@pytest.mark.parametrize("piece", ["a", "a1", "_a", "\U0001f600\u200d"])
def test_the_time_grows_with_the_length_of_a_text_without_blanks(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    began = time.process_time()
    found = words(text)
    # Quadratic time would be 10 s and more.
    assert time.process_time() - began < 6
    part = words(piece * 2000)
    assert found[: len(part) // 2] == part[: len(part) // 2]


def test_words_far_into_a_text_are_found_as_at_its_beginning() -> None:
    dice = random.Random(1)
    marks = "aZ1_.,:'-#\u05d0カ漢ก\u0301\u200d\ufe0f\u20e3👍🏽🇩"
    for _ in range(300):
        text = "".join(dice.choices(marks, k=60))
        for gap in (700, 1024, 3000):
            assert words("-" * gap + text) == words(text)


def test_words_stand_in_the_text_in_their_order() -> None:
    dice = random.Random(0)
    marks = "aZ1_.,:'\u2019-# \u05d0\"カ漢ひกั한\u0301\u200d\ufe0f\u20e3☂👍🏽🇩🇪\u202f"
    for _ in range(3000):
        text = "".join(dice.choices(marks, k=12))
        place = 0
        for word in words(text):
            place = text.index(word, place) + len(word)
        assert all(words(word) == [word] for word in words(text))


def test_a_chunk_cache_stays_small_and_keeps_no_giants() -> None:
    asked: list[str] = []

    def meaning(piece: str) -> tuple[str, ...]:
        asked.append(piece)
        return (piece,)

    cache = ChunkCache(meaning, limit=10)
    assert list(cache.read("a b a")) == ["a", "b", "a"]
    assert asked == ["a", "b"]
    for number in range(100):
        assert list(cache.read(f"{number} {'x' * 300}")) == [str(number), "x" * 300]
        assert len(cache) <= 10
    assert "x" * 300 not in cache
