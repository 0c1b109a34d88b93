"""Why an episode of Search failed: causes found by rule in its queries, its passages and its answer."""

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from skill_gym.search.task_types import COMPARISON, MULTI_HOP
from skill_gym.skillbanks.answer_kinds import wrong_kind
from skill_gym.skillbanks.answer_source import SOUGHT, cut, source_of_another
from skill_gym.skillbanks.search_facts import SearchFacts, given_names, names, read_search, sides, words
from skill_gym.skillbanks.search_thread import SearchThread, text_of, within
from skill_gym.trajectory import Trajectory

_LINK = re.compile(r"\bthe (?:\S+ ){1,4}?(?:of|where|that|who|whom|which|in|around)\b|'s\b")
_ASKED = re.compile(r"(?:\w+ )?(?:who|what|which)(?: \w+)? (?:is|was|are|were) the\b", re.IGNORECASE)
"""Beginnings after which the first description is what is asked for, and no link on the way there."""
_SENTENCE = 8
"""Words from which an answer is taken for a sentence when its scores are not known."""
_ROUNDING = 0.02
"""Room for scores that were rounded when they were recorded."""
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
    if contained != 1 and _is_part(told, facts):
        add(SearchCause.PARTIAL, f"'{cut(answer)}' is a part of a longer name that was shown")
    both = sides(facts.question) if facts.task_type == COMPARISON else None
    thread = SearchThread(facts)
    neither = not long and both is not None and " or " in facts.question and _neither(told, both, thread)
    if both and neither:
        add(SearchCause.NEITHER, f"'{cut(answer)}' is neither '{cut(both[0])}' nor '{cut(both[1])}'")
    elif wrong := "" if contained == 1 else _wrong(answer, facts):
        add(SearchCause.WRONG_KIND, f"{wrong}, got '{cut(answer)}'")
    if not facts.lookups:
        add(SearchCause.UNSEARCHED, f"answered at step {facts.steps} without a search")
        return found
    if facts.task_type == MULTI_HOP and _LINK.search(facts.question):
        if _on_the_way(told, facts):
            add(SearchCause.BRIDGE, f"'{cut(answer)}' had been the subject of a query")
        elif _cut_short(answer, facts, thread):
            add(SearchCause.BRIDGE, f"'{cut(answer)}' was found before the last fact that is asked for")
        elif len(facts.lookups) == 1:
            add(SearchCause.EARLY, f"answered after the one search '{cut(facts.queries[0])}'")
    if told and any(within(told, words(name)) for name in _given(facts, both)):
        add(SearchCause.NAMED, f"'{cut(answer)}' stands in the question")
    elif other := "" if neither else source_of_another(told, facts, thread):
        add(SearchCause.OTHER_PASSAGE, f"'{cut(answer)}' {other}")
    elif not long and told not in ([], ["yes"], ["no"]) and not _shown(told, facts):
        add(SearchCause.UNSUPPORTED, f"'{cut(answer)}' stands in none of {len(facts.shown)} passages")
    if both and (left_out := _left_out(both, facts)):
        add(SearchCause.ONE_SIDE, f"no search about '{cut(left_out)}'")
    return found


def _silence(facts: SearchFacts) -> list[SearchFinding]:
    if facts.late:
        return [SearchFinding(SearchCause.LATE, f"'{cut(facts.late)}' searched in the last turn, no answer")]
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
        found.append(SearchFinding(SearchCause.NO_HITS, f"'{cut(empty[0])}' found no passage"))
    if facts.unreadable:
        text = f"{facts.unreadable} of {facts.steps} replies held no command"
        found.append(SearchFinding(SearchCause.UNREADABLE, text))
    return found


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
    """Whether an answer's words are all right, by its score, and stand in a longer name that was shown."""
    score, count = facts.measures.get("f1", 0), len(told)
    if not told or not 0 < score < 1:
        return False
    # With no wrong word the score is 2n / (n + m), of n words said and m wanted.
    wanted = 2 * count / score - count
    if wanted < count + 0.9 or abs(wanted - round(wanted)) > _ROUNDING:
        return False
    texts = [f"{one.title} . {one.text}" for one in facts.shown]
    longer = [words(name) for text in texts for name in names(text)]
    longer += [words(one.title) for one in facts.shown]
    return told not in longer and any(len(told) < len(name) and within(told, name) for name in longer)


def _neither(told: list[str], both: tuple[str, str], thread: SearchThread) -> bool:
    """Whether an answer is none of two that the question offers, by name or by description."""
    if not told or any(_names_side(told, side) for side in both):
        return False
    if _named(both) or all(word.isdigit() for word in told):
        return True
    # What a side describes is named by a passage on the way to it.
    return bool(thread.passages) and not thread.tells(told)


def _names_side(told: list[str], side: str) -> bool:
    """Whether an answer is a side or a part of it, or names it among other words."""
    own = [set(words(name)) for name in names(side)] or [set(words(side))]
    return set(told) <= set(words(side)) or any(name and name <= set(told) for name in own)


def _wrong(answer: str, facts: SearchFacts) -> str:
    """What was expected instead of an answer, "" if it may be of the kind asked for."""
    texts = [f"{one.title} . {one.text}" for one in facts.shown]
    return wrong_kind(facts.question, answer, texts) or _not_sought(words(answer), facts)


def _not_sought(told: list[str], facts: SearchFacts) -> str:
    """Whether who fits all that the question says was found, and something told of them was answered."""
    given = [words(name) for name in given_names(facts.question)]
    if len(given) < 2 or not SOUGHT.match(facts.question):
        return ""
    for passage in facts.shown:
        title, text = words(passage.title), text_of(passage)
        fits = title not in given and all(within(name, text) for name in given)
        if fits and within(told, text) and not within(told, title) and told not in given:
            return "the title of a passage that tells all of the question expected"
    return ""


def _cut_short(answer: str, facts: SearchFacts, thread: SearchThread) -> bool:
    """Whether a name was answered that only passages tell which the question leads to too early."""
    told = words(answer)
    links = len(_LINK.findall(facts.question)) - bool(_ASKED.match(facts.question))
    # Who is described by two conditions may be found at once.
    if not answer[:1].isupper() or within(told, words(facts.question)) or SOUGHT.match(facts.question):
        return False
    holders = [one for one in thread.passages if within(told, text_of(one))]
    return bool(holders) and all(thread.depth(one) < links for one in holders)


def _on_the_way(told: list[str], facts: SearchFacts) -> bool:
    """Whether the answer is what a later query was about: not named by the question, found and used."""
    return (
        bool(told)
        and not within(told, words(facts.question))
        and any(within(told, words(query)) and words(query) != told for query in facts.queries[1:])
    )


def _shown(told: list[str], facts: SearchFacts) -> bool:
    texts = (facts.question, *(f"{passage.title} {passage.text}" for passage in facts.shown))
    return any(within(told, words(text)) for text in texts)


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
