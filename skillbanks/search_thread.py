"""Which passages of an episode the question leads to, from name to name, and how far along they lie."""

from collections.abc import Iterable, Iterator

from skill_gym.search.shown_passages import ShownPassage
from skill_gym.skillbanks.search_facts import SearchFacts, given_names, names, words

_Words = list[str]


class SearchThread:
    """Follows the names of a question through the passages that were shown.

    A passage lies on the way when the question, or a passage on the way that had been shown before, names its
    title; or when it tells of such a name that was searched for, or of one of the question's.

    Args:
        facts: The episode.
    """

    def __init__(self, facts: SearchFacts) -> None:
        self._question = words(facts.question)
        self._depths: dict[ShownPassage, int] = {}
        self._given = [words(name) for name in given_names(facts.question)]
        for lookup in facts.lookups:
            # What is shown at once may lead from one to the other.
            for _ in lookup.shown:
                self._follow(lookup.query, lookup.shown)

    def depth(self, passage: ShownPassage) -> int:
        """Passages passed on the way to one of ``passages``: 0 where the question itself leads."""
        return self._depths[passage]

    @property
    def passages(self) -> tuple[ShownPassage, ...]:
        """Those on the way."""
        return tuple(self._depths)

    def tells(self, told: _Words) -> bool:
        """Whether the question or a passage on the way has these words."""
        return within(told, self._question) or any(within(told, text_of(one)) for one in self._depths)

    def _follow(self, query: str, shown: Iterable[ShownPassage]) -> None:
        for passage in shown:
            if passage not in self._depths:
                depths = list(self._ways(query, passage))
                if depths:
                    self._depths[passage] = min(depths)

    def _ways(self, query: str, passage: ShownPassage) -> Iterator[int]:
        title, text = words(passage.title), text_of(passage)
        if within(title, self._question) or any(within(name, text) for name in self._given):
            yield 0
        sought = words(query)
        for known, depth in self._depths.items():
            told = text_of(known)
            if within(title, told):
                yield depth + 1
            # Names side by side in a query look like one, so two words of it have to do.
            pairs = (sought[place : place + 2] for place in range(len(sought) - 1))
            if any(within(pair, told) and within(pair, text) and _capital(pair, query) for pair in pairs):
                yield depth + 1


def within(part: _Words, whole: _Words) -> bool:
    """Whether words stand in others, side by side and in their order; no words stand nowhere."""
    return bool(part) and any(
        whole[place : place + len(part)] == part for place in range(len(whole) - len(part) + 1)
    )


def text_of(passage: ShownPassage) -> _Words:
    """The words of title and text."""
    return words(f"{passage.title} {passage.text}")


def _capital(pair: _Words, query: str) -> bool:
    return any(within(pair, words(name)) for name in names(query))
