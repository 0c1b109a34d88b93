"""Which of the skills in a prompt a reply refers to."""

import re
from collections.abc import Sequence
from functools import lru_cache

from skill_gym.skillbanks.rendering import HEADING

QUOTED = 8
"""So many words in a row, or a whole shorter sentence, are a quotation."""

SHORTEST = 4
"""Words that a sentence needs to be told from a turn of speech."""

TITLE = 2
"""Words that a title needs: one word alone, such as a thing's name, may stand in any reply."""

_SHOWN_ID = re.compile(r"^\[[^\]\s]*\] ")


def skill_block(prompt: str) -> str:
    """The skill block that a prompt begins with, ``""`` without one."""
    return prompt.partition("\n\n")[0] if prompt.startswith(f"{HEADING}:") else ""


def block_lines(block: str) -> tuple[str, ...]:
    """The entries of a skill block, in order, without the ids before them; an entry is one line."""
    lines = (line.removeprefix("- ") for line in block.splitlines() if line.startswith("- "))
    return tuple(_SHOWN_ID.sub("", line) for line in lines)


def cited(lines: Sequence[str], skill_ids: Sequence[str], reply: str) -> tuple[int, ...]:
    """Places of the entries that a reply names or quotes.

    A reply refers to an entry by its id, by its title of at least two words, by a whole sentence of it, or by
    eight words of it in a row; case and punctuation do not matter. This counts what can be seen: a skill that
    is followed without a word is not found.

    Args:
        lines: The entries of the block.
        skill_ids: Their ids, in the same order.
        reply: What was said, thought included.

    Raises:
        ValueError: There are more or fewer ids than entries.
    """
    text = f" {_words(reply)} "
    return tuple(
        place
        for place, (line, skill_id) in enumerate(zip(lines, skill_ids, strict=True))
        if any(f" {phrase} " in text for phrase in _phrases(line, skill_id))
    )


@lru_cache(maxsize=1 << 14)
def _phrases(line: str, skill_id: str) -> frozenset[str]:
    title, colon, rest = line.partition(": ")
    if colon and title.endswith(" Instead"):
        # A mistake has no title, but what goes wrong and what to do.
        title, colon, rest = "", "", f"{title.removesuffix('Instead')}{rest}"
    phrases = {_words(skill_id)} if re.search(r"[_\d]", skill_id) else set()
    if colon and len(_words(title).split()) >= TITLE:
        phrases.add(_words(title))
    for sentence in re.split(r"(?<=[.!?])\s+", rest or line):
        words = _words(sentence).split()
        if SHORTEST <= len(words) <= QUOTED:
            phrases.add(" ".join(words))
        phrases |= {" ".join(words[start : start + QUOTED]) for start in range(len(words) - QUOTED + 1)}
    return frozenset(phrases - {""})


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
