"""Why an episode of Search failed: causes found by rule in its queries, its passages and its answer."""

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from skill_gym.search.shown_passages import ShownPassage
from skill_gym.search.task_types import COMPARISON, MULTI_HOP
from skill_gym.skillbanks.search_facts import SearchFacts, names, read_search, sides, words
from skill_gym.trajectory import Trajectory

_YES_NO = re.compile(r"(?:are|were|is|was|do|does|did|have|has|had|can)\b(?!.*\bor\b)", re.IGNORECASE)
_NUMBER = re.compile(r"(?:in )?(?:how many|(?:what|which) year)\b", re.IGNORECASE)
_PERSON = re.compile(r"(?:who|whom)\b", re.IGNORECASE)
_LINK = re.compile(r"\bthe (?:\S+ ){1,4}?(?:of|where|that|who|whom|which|in|around)\b|'s\b")
_DIGITS = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|no|none)\b",
    re.IGNORECASE,
)
_SENTENCE = 8
"""Words from which an answer is taken for a sentence when its scores are not known."""
_WHOLE = 7
"""Words from which a question is too long to be a query."""


class SearchCause(StrEnum):
    """What went wrong, in a report's order: from the answer back to the search."""

    TOO_LONG = "answer longer than asked for"
    PARTIAL = "only a part of the name answered"
    WRONG_KIND = "answer of another kind than asked for"
    NEITHER = "comparison answered with neither side"
    BRIDGE = "answered with a name found on the way"
    NAMED = "answered with a name of the question"
    OTHER_PASSAGE = "answer read from a passage about another"
    UNSUPPORTED = "answered what no passage shows"
    EARLY = "described thing answered after one search"
    ONE_SIDE = "one side of a comparison never searched"
    UNSEARCHED = "answered without searching"
    LATE = "searched in the last turn"
    NO_ANSWER = "no answer in the last turn"
    WHOLE_QUESTION = "whole question sent as a query"
    REPEATED = "same query sent again"
    NOTHING_NEW = "searches that showed nothing new"
    NO_HITS = "searches that found nothing"
    UNREADABLE = "replies without a readable command"


@dataclass(frozen=True, slots=True)
class SearchFinding:
    """One cause in one episode.

    Attributes:
        cause: What went wrong.
        evidence: Half a sentence on what its text shows.
        names: None; a lesson with names of a question would give it away.
    """

    cause: SearchCause
    evidence: str
    names: tuple[str, ...] = ()


def diagnose_search(trajectory: Trajectory) -> tuple[SearchFinding, ...]:
    """Finds the causes of a failure; an episode that ended well or broke has none.

    The right answer is not known to the rules. What is wrong with an answer is told by its kind, by its
    scores where they were recorded, and by the passages that were shown.
    """
    if trajectory.ended in ("solved", "broken"):
        return ()
    facts = read_search(trajectory)
    found = [*(_answer(facts) if facts.answer is not None else _silence(facts)), *_queries(facts)]
    order = list(SearchCause)
    return tuple(sorted(found, key=lambda finding: order.index(finding.cause)))


def _answer(facts: SearchFacts) -> list[SearchFinding]:
    answer = facts.answer or ""
    told = words(answer)
    found = []

    def add(cause: SearchCause, evidence: str) -> None:
        found.append(SearchFinding(cause, evidence))

    contained = facts.measures.get("sub_em")
    long = contained == 1 or (contained is None and len(told) >= _SENTENCE)
    if long:
        add(SearchCause.TOO_LONG, f"{len(told)} words answered")
    if facts.measures.get("f1", 0) > 0.5 and contained != 1 and _is_part(told, facts):
        add(SearchCause.PARTIAL, f"'{_cut(answer)}' is a part of a longer name that was shown")
    if wrong := _wrong_kind(facts.question, told):
        add(SearchCause.WRONG_KIND, f"{wrong}, got '{_cut(answer)}'")
    both = sides(facts.question) if facts.task_type == COMPARISON else None
    if both and " or " in facts.question and _named(both) and not set(told) & set(words(" ".join(both))):
        add(SearchCause.NEITHER, f"'{_cut(answer)}' is neither '{_cut(both[0])}' nor '{_cut(both[1])}'")
    if not facts.lookups:
        add(SearchCause.UNSEARCHED, f"answered at step {facts.steps} without a search")
        return found
    if facts.task_type == MULTI_HOP and _LINK.search(facts.question):
        if _on_the_way(told, facts):
            add(SearchCause.BRIDGE, f"'{_cut(answer)}' had been the subject of a query")
        elif len(facts.lookups) == 1:
            add(SearchCause.EARLY, f"answered after the one search '{_cut(facts.queries[0])}'")
    if told and any(_within(told, words(name)) for name in _given(facts, both)):
        add(SearchCause.NAMED, f"'{_cut(answer)}' stands in the question")
    elif other := _other_passage(told, facts):
        add(SearchCause.OTHER_PASSAGE, f"'{_cut(answer)}' {other}")
    elif not long and told not in ([], ["yes"], ["no"]) and not _shown(told, facts):
        add(SearchCause.UNSUPPORTED, f"'{_cut(answer)}' stands in none of {len(facts.shown)} passages")
    if both and (left_out := _left_out(both, facts)):
        add(SearchCause.ONE_SIDE, f"no search about '{_cut(left_out)}'")
    return found


def _silence(facts: SearchFacts) -> list[SearchFinding]:
    if facts.late:
        return [SearchFinding(SearchCause.LATE, f"'{_cut(facts.late)}' searched in the last turn, no answer")]
    return [SearchFinding(SearchCause.NO_ANSWER, f"{len(facts.lookups)} searches, no answer")]


def _queries(facts: SearchFacts) -> list[SearchFinding]:
    found = []
    asked = Counter(words(facts.question))
    all_queries = [*facts.queries, facts.late]
    whole = [one for one in all_queries if (asked & Counter(words(one))).total() >= 0.9 * asked.total()]
    if whole and asked.total() >= _WHOLE:
        text = f"query of {len(whole[0].split())} words repeats the question"
        found.append(SearchFinding(SearchCause.WHOLE_QUESTION, text))
    # The order of words is nothing to a search engine.
    counts = Counter(tuple(sorted(words(one))) for one in all_queries if one)
    again = counts.total() - len(counts)
    if again:
        text = f"{again} of {counts.total()} queries sent before"
        found.append(SearchFinding(SearchCause.REPEATED, text))
    stale = sum(bool(lookup.shown) and not lookup.new for lookup in facts.lookups)
    if stale > again:
        text = f"{stale} of {len(facts.lookups)} searches showed only passages seen before"
        found.append(SearchFinding(SearchCause.NOTHING_NEW, text))
    empty = [lookup.query for lookup in facts.lookups if not lookup.shown]
    if empty:
        found.append(SearchFinding(SearchCause.NO_HITS, f"'{_cut(empty[0])}' found no passage"))
    if facts.unreadable:
        text = f"{facts.unreadable} of {facts.steps} replies held no command"
        found.append(SearchFinding(SearchCause.UNREADABLE, text))
    return found


def _wrong_kind(question: str, told: list[str]) -> str:
    """What was expected, "" if the answer is of that kind."""
    closed = told in (["yes"], ["no"])
    if _YES_NO.match(question):
        return "" if closed else "yes or no expected"
    if closed:
        return "no yes-or-no question"
    if _NUMBER.match(question) and not _DIGITS.search(" ".join(told)):
        return "a number expected"
    if _PERSON.match(question) and all(word.isdigit() for word in told):
        return "a name expected"
    return ""


def _named(both: tuple[str, str]) -> bool:
    """Whether both sides are names, none is a description."""
    return not any(map(_described, both))


def _described(side: str) -> bool:
    return names(side)[:1] != [side.removeprefix("the ")]


def _given(facts: SearchFacts, both: tuple[str, str] | None) -> list[str]:
    """Names of the question that cannot be its answer."""
    if both:
        return [name for side in both if _described(side) and len(side.split()) > 2 for name in names(side)]
    if facts.task_type == COMPARISON or " or " in facts.question:
        return []
    return names(facts.question)


def _is_part(told: list[str], facts: SearchFacts) -> bool:
    titles = [words(passage.title) for passage in facts.shown]
    return told not in titles and any(len(told) < len(title) and _within(told, title) for title in titles)


def _on_the_way(told: list[str], facts: SearchFacts) -> bool:
    """Whether the answer is what a later query was about: not named by the question, found and used."""
    return (
        bool(told)
        and not _within(told, words(facts.question))
        and any(_within(told, words(query)) and words(query) != told for query in facts.queries[1:])
    )


def _other_passage(told: list[str], facts: SearchFacts) -> str:
    """Evidence that the answer stands only where no searched name does, "" if it does not or none tells.

    It tells only when a passage with the name was shown, or when the other passage is about a namesake.
    """
    sought = [words(name) for query in facts.queries for name in names(query)]

    def about(passage: ShownPassage) -> bool:
        title, text = words(passage.title), words(f"{passage.title} {passage.text}")
        titled = any(_within(title, words(query)) for query in facts.queries if title)
        # Names side by side in a query look like one, so two words of it have to do.
        parts = (name[place : place + 2] for name in sought for place in range(max(1, len(name) - 1)))
        return titled or any(_within(part, text) for part in parts)

    holders = [one for one in facts.shown if told and _within(told, words(f"{one.title} {one.text}"))]
    if not sought or not holders or any(about(one) for one in holders):
        return ""
    if not any(about(one) for one in facts.shown) and not any(_alike(one, sought) for one in holders):
        return ""
    if words(holders[0].title) == told:
        return "is the title of a passage without the searched name"
    return f"stands only in the passage about '{_cut(holders[0].title)}'"


def _alike(passage: ShownPassage, sought: list[list[str]]) -> bool:
    title = words(passage.title)
    return any(len(name) == len(title) > 1 and set(name) & set(title) for name in sought)


def _shown(told: list[str], facts: SearchFacts) -> bool:
    texts = (facts.question, *(f"{passage.title} {passage.text}" for passage in facts.shown))
    return any(_within(told, words(text)) for text in texts)


def _left_out(both: tuple[str, str], facts: SearchFacts) -> str:
    """The side that no query and no passage's title is about, "" where there is none or names do not tell."""
    texts = (*facts.queries, *(passage.title for passage in facts.shown))
    told = {word for text in texts for word in words(text)}
    first, second = ({word for name in names(side) for word in words(name)} for side in both)
    # Names that share a word are told apart by the others.
    for side, own in zip(both, (first - second, second - first), strict=True):
        if own and not own & told:
            return side
    return ""


def _within(part: list[str], whole: list[str]) -> bool:
    return any(whole[place : place + len(part)] == part for place in range(len(whole) - len(part) + 1))


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
