"""Values of one world, and the placeholders that stand for them where a memory has to be of use elsewhere."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from skill_gym.skillbanks.episode_facts import exchanges
from skill_gym.skillbanks.search_facts import is_search, names, read_search
from skill_gym.skillbanks.shop_diagnosis import is_visit, read_visit
from skill_gym.trajectory import Trajectory

_NUMBERED = re.compile(r"\b([a-z]+) \d+\b")
_PRODUCT_ID = re.compile(r"\bb0[0-9a-z]{8}\b", re.IGNORECASE)
_PRICE = re.compile(r"\$ ?\d[\d,]*(?:\.\d+)?")
_QUOTED = 60
_CLOSED = frozenset({"yes", "no"})
_ORDINARY = frozenset(
    {
        "a", "an", "the", "who", "whom", "whose", "what", "which", "when", "where", "why", "how", "is", "are",
        "was", "were", "be", "do", "does", "did", "has", "have", "had", "can", "in", "at", "on", "of", "for",
        "to", "by", "from", "with", "and", "or", "as", "both", "between", "if", "it", "its", "name", "that",
        "this", "during", "after", "before", "under",
    }
)  # fmt: skip
"""Words that may open a question with a capital and are no names."""


@dataclass(frozen=True, slots=True)
class Abstraction:
    """Finds the values of an episode's world in a text, and puts placeholders for them.

    Attributes:
        values: Pattern of a value and what stands for it, the longest values first.
    """

    values: tuple[tuple[re.Pattern[str], str], ...]

    def found(self, text: str) -> tuple[str, ...]:
        """The values that a text holds, each once, in the order in which they were looked for."""
        hits = dict.fromkeys(match[0] for pattern, _ in self.values for match in pattern.finditer(text))
        return tuple(hits)

    def apply(self, text: str) -> str:
        """The text with placeholders in the place of values."""
        for pattern, placeholder in self.values:
            text = pattern.sub(placeholder, text)
        return text


def abstraction_of(trajectory: Trajectory) -> Abstraction:
    """What has to be abstracted in a memory of this episode.

    ALFWorld: things lose their numbers. WebShop: product ids, prices, the wished kind, attributes and option
    values. Search: the names of question, queries and answer. Of other worlds no values are known.
    """
    if is_visit(trajectory):
        return Abstraction(tuple(_shop(trajectory)))
    if is_search(trajectory):
        return Abstraction(tuple(_search(trajectory)))
    return Abstraction(tuple(_household(trajectory)))


def _household(trajectory: Trajectory) -> Iterator[tuple[re.Pattern[str], str]]:
    texts = [turn.observation for turn in trajectory.turns]
    kinds = {kind for text in texts for kind in _NUMBERED.findall(text)}
    kinds |= {kind for command, _ in exchanges(trajectory) for kind in _NUMBERED.findall(command)}
    if kinds:
        yield re.compile(rf"\b({'|'.join(sorted(kinds))}) \d+\b", re.IGNORECASE), r"\1"


def _shop(trajectory: Trajectory) -> Iterator[tuple[re.Pattern[str], str]]:
    visit = read_visit(trajectory)
    wish = visit.wish
    seen = visit.opened.get(visit.label)
    offered = {} if seen is None else seen.options
    chosen = [(name, value) for name, values in offered.items() for value in values if value in visit.chosen]
    placeholders: dict[str, str] = {}
    for label, sighting in visit.opened.items():
        # A finding may quote no more than the beginning of a title.
        placeholders.setdefault(sighting.title, "[Product]")
        placeholders.setdefault(sighting.title[:_QUOTED].strip(), "[Product]")
        placeholders.setdefault(label, "[Product]")
    for name, value in (*wish.options, *chosen):
        placeholders.setdefault(value, f"[{name.strip().title().replace(' ', '_')}_Constraint]")
    for attribute in wish.attributes:
        placeholders.setdefault(attribute, "[Attribute_Constraint]")
    placeholders.setdefault(wish.kind, "[Item]")
    yield _PRODUCT_ID, "[Product]"
    if wish.limit is not None:
        limit = re.escape(f"{wish.limit:g}")
        yield re.compile(rf"(?<![\w.])\$?{limit}(?:\.0+)?(?: dollars)?(?![\w]|\.\d)"), "[Price_Constraint]"
    yield _PRICE, "[Price_Constraint]"
    # A value of one letter, such as a size, would be found in every other word.
    yield from _phrases((value, hole) for value, hole in placeholders.items() if len(value.strip()) > 1)


def _search(trajectory: Trajectory) -> Iterator[tuple[re.Pattern[str], str]]:
    facts = read_search(trajectory)
    placeholders: dict[str, str] = {}
    entities = [*_names(facts.question)]
    for query in facts.queries:
        entities += _names(query)
    titles = [passage.title.strip() for passage in facts.shown]
    entities += [title for title in titles if title and title.casefold() not in _ORDINARY]
    for entity in dict.fromkeys(entities):
        hole = placeholders.setdefault(entity, f"[Entity_{1 + len(set(placeholders.values()))}]")
        for part in entity.split():
            if len(part) > 2 and part[0].isupper() and part.casefold() not in _ORDINARY:
                placeholders.setdefault(part, hole)
    answer = (facts.answer or "").strip()
    # A plain word is a value where it is right; elsewhere it is any word.
    told = trajectory.solved or any(letter.isupper() or letter.isdigit() for letter in answer)
    if told and len(answer) > 1 and answer.casefold() not in _CLOSED | _ORDINARY:
        placeholders.setdefault(answer, "[Answer]")
    yield from _phrases(placeholders.items())


def _names(text: str) -> Iterator[str]:
    """Names in a text, without an ordinary word before them that has its capital from the sentence."""
    for name in names(text):
        parts = name.rstrip(".").split()
        while parts and parts[0].casefold() in _ORDINARY:
            parts.pop(0)
        if parts:
            yield " ".join(parts)


def _phrases(placeholders: Iterable[tuple[str, str]]) -> Iterator[tuple[re.Pattern[str], str]]:
    """Patterns of whole phrases, the longest first, so that no part of one is taken for another.

    A single word counts with its capitals only: ``Home`` is a title, ``home`` is none.
    """
    for value, placeholder in sorted(placeholders, key=lambda item: -len(item[0])):
        if value.strip():
            flags = re.IGNORECASE if " " in value or any(map(str.isdigit, value)) else re.NOFLAG
            hole = placeholder.replace("\\", "\\\\")
            yield re.compile(rf"(?<!\w){re.escape(value.strip())}(?!\w)", flags), hole
