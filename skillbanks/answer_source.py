"""Whether an answer was read from a passage about another than the one asked about."""

import re

from skill_gym.search.shown_passages import ShownPassage
from skill_gym.skillbanks.search_facts import SearchFacts, given_names, names, words
from skill_gym.skillbanks.search_thread import SearchThread, text_of, within

SOUGHT = re.compile(r"(?:who|which person) .+ and .+", re.IGNORECASE)
"""Somebody is described by two conditions."""
_DESCRIPTION = re.compile(r"\bthe [a-z]")


def source_of_another(told: list[str], facts: SearchFacts, thread: SearchThread) -> str:
    """Evidence that an answer was read from a passage about another, "" if there is none.

    Args:
        told: The answer's words.
        facts: The episode.
        thread: What its question leads to.
    """
    return _other_passage(told, facts) or _unfit(told, facts) or _astray(told, facts, thread)


def _other_passage(told: list[str], facts: SearchFacts) -> str:
    """Evidence that the answer stands only where no searched name does, "" if it does not or none tells.

    It tells only when a passage with the name was shown, or when the other passage is about a namesake.
    """
    sought = [words(name) for query in facts.queries for name in names(query)]

    def about(passage: ShownPassage) -> bool:
        title, text = words(passage.title), words(f"{passage.title} {passage.text}")
        titled = any(within(title, words(query)) for query in facts.queries if title)
        # Names side by side in a query look like one, so two words of it have to do.
        parts = (name[place : place + 2] for name in sought for place in range(max(1, len(name) - 1)))
        return titled or any(within(part, text) for part in parts)

    holders = [one for one in facts.shown if told and within(told, words(f"{one.title} {one.text}"))]
    if not sought or not holders or any(about(one) for one in holders):
        return ""
    if not any(about(one) for one in facts.shown) and not any(_alike(one, sought) for one in holders):
        return ""
    if words(holders[0].title) == told:
        return "is the title of a passage without the searched name"
    return f"stands only in the passage about '{cut(holders[0].title)}'"


def _alike(passage: ShownPassage, sought: list[list[str]]) -> bool:
    title = words(passage.title)
    return any(len(name) == len(title) > 1 and set(name) & set(title) for name in sought)


def _unfit(told: list[str], facts: SearchFacts) -> str:
    """Evidence that somebody was answered whose passage does not have all names of a description."""
    if not SOUGHT.match(facts.question) or _DESCRIPTION.search(facts.question):
        return ""
    own = [text_of(one) for one in facts.shown if words(one.title) == told]
    lacking = [
        name for name in given_names(facts.question) if not any(within(words(name), text) for text in own)
    ]
    return f"is the title of a passage without '{cut(lacking[0])}'" if own and lacking else ""


def _astray(told: list[str], facts: SearchFacts, thread: SearchThread) -> str:
    """Evidence that the answer stands only in passages that the question does not lead to, "" if not."""
    holders = [one for one in facts.shown if within(told, text_of(one))]
    if told in ([], ["yes"], ["no"]) or not holders or thread.tells(told):
        return ""
    sought = [
        title for one in holders if any(within(title := words(one.title), words(q)) for q in facts.queries)
    ]
    if not thread.passages and not sought:
        return ""
    return (
        f"stands only in the passage about '{cut(holders[0].title)}', to which no name of the question leads"
    )


def cut(text: str) -> str:
    """A text short enough for half a sentence."""
    return text if len(text) <= 60 else text[:57] + "..."
