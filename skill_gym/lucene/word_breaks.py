"""Cuts text into words as Lucene's StandardTokenizer does: Unicode word segmentation (UAX #29) with emoji."""

import re
import unicodedata

LONGEST_WORD = 255
"""Lucene goes on with a new word after so many characters."""
_WINDOW = 1024
"""Characters that are searched at a time; more where no word ends well within them."""

# Every character is of one class, named by a letter; words are then found in the text of class
# letters. A letter, H Hebrew letter, h Han, G Han that joins like a letter, g Hiragana, K Katakana,
# N digit, L connector (underscore); S letter and Z mark of Southeast Asia, whose words are not told
# apart by blanks; ':' joins letters, ',' digits, '.' either, apostrophe and quotation mark stand
# for themselves; X mark or format character. E pictograph, I one that is a letter, M emoji
# modifier, J zero-width joiner, P emoji presentation, p text presentation, T tag, t end of tags, R
# regional indicator; D ASCII digit and k other key of a keypad, C the keycap. All else is '-'. The
# first class that fits counts, then the general category.
_RANGES = {
    "I": "2139 24C2 1F170-1F171 1F17E-1F17F",
    "M": "1F3FB-1F3FF",
    "R": "1F1E6-1F1FF",
    "E": """A9 AE 203C 2049 2122 2194-2199 21A9-21AA 231A-231B 2328 2388 23CF 23E9-23F3 23F8-23FA 25AA-25AB
        25B6 25C0 25FB-25FE 2600-2605 2607-2612 2614-2685 2690-2705 2708-2712 2714 2716 271D 2721 2728
        2733-2734 2744 2747 274C 274E 2753-2755 2757 2763-2767 2795-2797 27A1 27B0 27BF 2934-2935
        2B05-2B07 2B1B-2B1C 2B50 2B55 3030 303D 3297 3299 1F000-1F0FF 1F10D-1F10F 1F12F 1F16C-1F16F
        1F18E 1F191-1F19A 1F1AD-1F1E5 1F201-1F20F 1F21A 1F22F 1F232-1F23A 1F23C-1F23F 1F249-1F3FA
        1F400-1F53D 1F546-1F64F 1F680-1F6FF 1F774-1F77F 1F7D5-1F7FF 1F80C-1F80F 1F848-1F84F 1F85A-1F85F
        1F888-1F88F 1F8AE-1F8FF 1F90C-1F93A 1F93C-1F945 1F947-1FAFF 1FC00-1FFFD""",
    "D": "30-39",
    "k": "23 2A",
    "L": "5F 202F 203F-2040 2054 FE33-FE34 FE4D-FE4F FF3F",
    "K": """3031-3035 309B-309C 30A0-30FA 30FC-30FF 31F0-31FF 32D0-32FE 3300-3357 FF66-FF9D 1B000
        1B164-1B167""",
    "G": "3005 303B",
    "h": """2E80-2E99 2E9B-2EF3 2F00-2FD5 3007 3021-3029 3038-303A 3400-4DBF 4E00-9FFF F900-FA6D FA70-FAD9
        20000-2A6DF 2A700-2FA1D""",
    "g": "3041-3096 309D-309F 1B001-1B11E 1B150-1B152 1F200",
    "Z": """E31 E34-E3A E47-E4E EB1 EB4-EBC EC8-ECD 102B-103E 1056-1059 105E-1060 1062-1064 1067-106D
        1071-1074 1082-108D 108F 109A-109D 17B4-17D3 17DD 1A55-1A5E 1A60-1A7C A9E5 AA7B-AA7D AAB0
        AAB2-AAB4 AAB7-AAB8 AABE-AABF AAC1 1171D-1172B""",
    "S": """E01-E3A E40-E4E E81-ECF EDC-EDF 1000-103F 1050-108F 109A-109F 1780-17D3 17D7 17DC-17DD 1950-197F
        1980-19CF 19DA 19DE-19DF 1A20-1A7E 1AA0-1AAD A9E0-A9EF A9FA-A9FE AA60-AADF 11700-1171C
        1173A-1173B 1173F""",
    "T": "E0020-E007E",
    "t": "E007F",
    "P": "FE0F",
    "p": "FE0E",
    "C": "20E3",
    "J": "200D",
    "X": "200C FF9E-FF9F",
    "-": "200B 3006 1173C-1173E",
    "N": "66B FF10-FF19",
    ":": "3A B7 387 5F4 2027 FE13 FE55 FF1A",
    ".": "2E 2018-2019 2024 FE52 FF07 FF0E",
    ",": "2C 3B 37E 589 60C-60D 66C 7F8 2044 FE10 FE14 FE50 FE54 FF0C FF1B",
    "'": "27",
    '"': "22",
    "H": "5D0-5EA 5EF-5F2 FB1D FB1F-FB28 FB2A-FB4F",
    "A": """2C2-2C5 2D2-2D7 2DE-2DF 2ED 2EF-2FF 55B-55C 55E 5F3 24B6-24E9 A720-A721 A789-A78A AB5B
        1F130-1F149 1F150-1F169 1F172-1F17D 1F180-1F189""",
}
_CATEGORIES = {"Lu": "A", "Ll": "A", "Lt": "A", "Lm": "A", "Lo": "A", "Nl": "A", "Nd": "N"} | {
    "Mn": "X", "Mc": "X", "Me": "X", "Cf": "X",
}  # fmt: skip


def _span(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first, 16), int(last or first, 16) + 1)


_SPANS = [(span, name) for name, text in _RANGES.items() for span in map(_span, text.split())]


class _Classes(dict[int, str]):
    """Code point -> class letter, filled as characters are met; for ``str.translate``."""

    def __missing__(self, code: int) -> str:
        name = next((name for span, name in _SPANS if code in span), None)
        self[code] = name = name or _CATEGORIES.get(unicodedata.category(chr(code)), "-")
        return name


_CLASSES = _Classes()


def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Lucene's grammar, for words and for emoji; where both begin, the longer counts."""
    joined = "[XJPpCTtZM]*+"
    letter, digit, connectors = f"[AGHI]{joined}", f"[DN]{joined}", f"(?:L{joined})++"
    hebrew = f"H{joined}(?:\"{joined}H{joined}|'{joined})"
    number = f"{digit}(?:[,.']{joined}{digit})*"
    letters = f"{letter}(?:[:.']{joined}{letter})*"
    run = f"(?:(?:K{joined})+|(?:{hebrew}|{number}|{letters})+)"
    word = f"(?:(?<!L){connectors})?{run}(?:{connectors}{run})*(?:{connectors})?"
    marks = "[XJCTtZM]*"
    picture = f"(?:(?:(?<!J)J*+)?[EI]{marks}P?|M{marks})"
    emoji = f"{picture}(?:T+t|(?:(?:(?<=J)|J)J*+{picture})*)"
    key = f"[Dk]{marks}P?C{marks}"
    return (
        re.compile(f"{word}|(?:[SZ]{joined})+|[hg]{joined}"),
        re.compile(f"{emoji}|{key}|R{joined}R{joined}"),
    )


_WORD, _EMOJI = _patterns()
_EITHER = re.compile(f"{_WORD.pattern}|{_EMOJI.pattern}")


def words(text: str) -> list[str]:
    """The words of a text, in order; what stands between them is dropped.

    Letters of scripts that joined Unicode after 2019 (version 12.1), unknown to Lucene, are letters here.
    """
    classes = text.translate(_CLASSES)
    found: list[str] = []
    at, size = 0, _WINDOW
    while at < len(classes):
        # A piece at a time, cut where a word begins: no word is known by what stands before it.
        window = classes[at : at + size]
        match = _EITHER.search(window)
        start, end = match.span() if match else (size, size)
        long = end - start > LONGEST_WORD
        if at + size < len(classes) and (start if long else end) > size - LONGEST_WORD:
            size *= 2
            continue
        if match is None:
            break
        if long or window[start] in "DIM":
            # Where Lucene reads no word within its bounds, it goes on with the next character.
            rest = range(start, end)
            start = next((one for one in rest if _end(window[one : one + LONGEST_WORD])), end)
            end = start + _end(window[start : start + LONGEST_WORD]) if start < end else end
        if start < end:
            found.append(text[at + start : at + end])
        at, size = at + end, _WINDOW
    return found


def _end(rest: str) -> int:
    """End of the longest word or emoji at the start of the text; 0 if there is none."""
    return max(match.end() if (match := kind.match(rest)) else 0 for kind in (_WORD, _EMOJI))
