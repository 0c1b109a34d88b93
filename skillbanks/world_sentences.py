"""Sentences of a world, to know one again when some of its words were exchanged."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from skill_gym.skillbanks.wording import content_stems

_ENDS = re.compile(r"\[SEP\]|[.!?;•|]+(?:\s|$)|\n")

LEAST_SHARED = 5
"""Stems of content words that a sentence and its rewording have in common at least ..."""

LEAST_OWN = 3
"""... of which so many are no words of commands, so that lists of places and of options do not count ..."""

LEAST_SHARE = 0.7
"""... and which are at least this part of the shorter one's."""


class WorldSentences:
    """Many sentences by their stems.

    Advice that was written without a look at these worlds has at most 0.67 of its stems in common with any
    sentence of 140 ALFWorld episodes (a list of furniture), 0.57 of 200 of WebShop, 0.5 of 400 questions with
    their passages.

    Args:
        texts: What the world said.
        commands: Commands that were admissible in it.
    """

    def __init__(self, texts: Iterable[str], commands: Iterable[str]) -> None:
        said = dict.fromkeys(sentence for text in texts for sentence in sentences(text))
        stems = dict.fromkeys(content_stems(sentence) for sentence in said)
        self._sentences = [found for found in stems if len(found) >= LEAST_SHARED]
        self._commands = frozenset(stem for command in set(commands) for stem in content_stems(command))
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        for place, found in enumerate(self._sentences):
            for stem in found:
                self._places[stem].append(place)

    def has(self, sentence: str) -> bool:
        """Whether one of the sentences says this in other words."""
        stems = content_stems(sentence)
        shared: Counter[int] = Counter()
        for stem in stems:
            shared.update(self._places.get(stem, ()))
        return any(
            count >= LEAST_SHARED
            and count >= LEAST_SHARE * min(len(stems), len(self._sentences[place]))
            and len((stems & self._sentences[place]) - self._commands) >= LEAST_OWN
            for place, count in shared.items()
        )


def sentences(text: str) -> list[str]:
    """The sentences, headings and items of a list that a text is made of."""
    return [part.strip() for part in _ENDS.split(text) if part.strip()]
