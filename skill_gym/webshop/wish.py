"""What an instruction wishes for, read from its sentence alone: kind, attributes, options and price limit."""

import re
from dataclasses import dataclass

_PRICE = re.compile(
    r"[,.]?\s*(?:and\s+)?(?:with\s+)?(?:the\s+|a\s+)?(?:price\s+)?(?:(?:that\s+)?is\s+|of\s+)?"
    r"(?:lower than|less than|cheaper than|under|below)\s+\$?(\d+(?:\.\d+)?)\s*(?:dollars?)?",
    re.IGNORECASE,
)
_FIRST_OPTION = re.compile(r" with ((?:(?! with | for )[^:,])+): ")
_NEXT_OPTION = re.compile(r", and ([^:,]+): ")
_OPENING = re.compile(
    r"^(?:(?:please|can you|could you|do you have|my sister asked me for|i am|i'm|im|i|would like|want|need|"
    r"looking for|searching for|interested in|find|show|get|buy|me|to|for|a|an|some)\s+)+",
    re.IGNORECASE,
)
_PARTS = re.compile(
    r" with (?:a |an |the )?| for (?:my |the |a )?| that (?:is|are|has|have) | which (?:is|are|has|have) |"
    r" made (?:of|from) | in (?:the |a )?(?:size )?| size | and the |, and | and |, |[.?!;]"
)
_EMPTY = re.compile(r"(?:please|it|i|we|you|me|for me|any|also)\b", re.IGNORECASE)
"""Beginnings of what is said to be polite or by the way."""
_WORD = re.compile(r"[^\W_]+")
_IDLE = frozenset(
    {
        "a", "an", "the", "to", "of", "for", "and", "or", "with", "in", "on", "is", "are", "be", "it", "that",
        "my", "your", "at", "by", "from", "as", "me",
    }
)  # fmt: skip
"""Words that mean nothing in a search or a comparison."""
_AUDIENCES = {
    **dict.fromkeys(("men", "mens", "man", "male", "gentlemen"), "men"),
    **dict.fromkeys(("women", "womens", "woman", "female", "lady", "ladies"), "women"),
    **dict.fromkeys(("boys", "girls", "kids", "kid", "children", "childrens", "toddler", "baby"), "children"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """An instruction as far as it could be read.

    Attributes:
        text: The instruction.
        query: What to search for: the instruction's own words without its opening and its price.
        kind: The name of the thing, e.g. ``men's t-shirts``; an attribute may be left in front of it.
        attributes: What it is to be, have or be for, e.g. ``machine wash``.
        options: Option name and value, where the instruction lists them as ``name: value``.
        limit: The price must be below it; None without a limit.
    """

    text: str
    query: str
    kind: str
    attributes: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    limit: float | None


def read_wish(instruction: str) -> Wish:
    """Reads an instruction.

    The shop's own form is ``Find me A, B KIND with C, D for E with NAME: VALUE, and NAME: VALUE, and price
    lower than N dollars``, any part but the kind missing, each attribute of two words. Sentences in people's
    words are cut at the same marks and at some others; what cannot be told apart stays in the kind.
    """
    text = instruction.strip()
    prices = list(_PRICE.finditer(text))
    limit = float(prices[-1][1]) if prices else None
    rest = text[: prices[-1].start()] + text[prices[-1].end() :] if prices else text
    query = _OPENING.sub("", rest).strip(" ,.?!") or rest
    core, options = _split_options(query)
    kind, attributes = _split_core(core)
    return Wish(text, query, kind, attributes, options, limit)


def words(text: str) -> list[str]:
    """Words in lower case and singular, without those that mean nothing here."""
    found = _WORD.findall(text.lower().replace("'", "").replace("’", ""))
    return [_singular(word) for word in found if word not in _IDLE]


def audience(text: str) -> frozenset[str]:
    """Whom a text speaks of: some of ``men``, ``women`` and ``children``."""
    found = _WORD.findall(text.lower().replace("'", "").replace("’", ""))
    return frozenset(_AUDIENCES[word] for word in found if word in _AUDIENCES)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _split_options(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    first = _FIRST_OPTION.search(text)
    if first is None:
        return text, ()
    options = []
    name, start = first[1], first.end()
    for match in _NEXT_OPTION.finditer(text, start):
        options.append((name, text[start : match.start()]))
        name, start = match[1], match.end()
    options.append((name, text[start:]))
    return text[: first.start()], tuple(options)


def _split_core(core: str) -> tuple[str, tuple[str, ...]]:
    name, mark, rest = _cut(core)
    *front, kind = name.split(", ")
    # A kind may be a list itself: "tops, tees & blouses".
    if front and kind.split()[1:2] == ["&"]:
        kind = f"{front.pop()}, {kind}"
    first_sentence = re.split(r"[.?!;] ", mark + rest)[0]
    after = [part.strip() for part in _PARTS.split(first_sentence)]
    attributes = [*front, *(part for part in after if part and not _EMPTY.match(part))]
    parts = kind.split()
    # The attribute before the kind has two words; in the shop's sentences there are two attributes at least.
    if len(parts) > 2 and not audience(parts[0]) and (front or len(attributes) < 2 or audience(parts[2])):
        attributes.insert(len(front), " ".join(parts[:2]))
        kind = " ".join(parts[2:])
    return kind, tuple(attributes)


def _cut(core: str) -> tuple[str, str, str]:
    match = re.search(r" (?:with|for|that|which|made|in) ", core)
    return (core[: match.start()], match[0], core[match.end() :]) if match else (core, "", "")
