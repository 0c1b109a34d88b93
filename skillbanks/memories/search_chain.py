"""Which steps of a solved episode of Search made its success possible."""

import re
from typing import NamedTuple

from skill_gym.search.session import read_command
from skill_gym.search.shown_passages import ShownPassage, read_passages
from skill_gym.search.task_types import COMPARISON
from skill_gym.skillbanks.episode_facts import exchanges
from skill_gym.skillbanks.memories.abstraction import abstraction_of
from skill_gym.skillbanks.memories.link import ChainError, Link
from skill_gym.skillbanks.search_facts import names, read_search, sides, words
from skill_gym.trajectory import Trajectory

_CLOSED = (["yes"], ["no"])
_ENTITY = re.compile(r"\[Entity_\d+\]")


class Query(NamedTuple):
    """A search that showed passages.

    Attributes:
        turn: Of the episode, from 0.
        text: As it was sent.
        shown: What it showed.
    """

    turn: int
    text: str
    shown: tuple[ShownPassage, ...]


def search_chain(trajectory: Trajectory) -> tuple[Link, ...]:
    """The chain of a solved episode.

    Walks back from the answer: the search whose passage shows it (for a comparison, the searches about both
    sides instead), then, for every name in its query that the question does not have, the search that showed
    that name. An answer that no passage shows was known or guessed; its chain is the answer alone.

    Raises:
        ChainError: There is no answer.
    """
    facts = read_search(trajectory)
    queries = _queries(trajectory)
    if facts.answer is None:
        raise ChainError("solved without an answer; the record is not whole")
    kept: dict[int, Query] = {}
    if facts.task_type == COMPARISON:
        open_ends = _both_sides(facts.question, queries) or list(queries)
    else:
        open_ends = _evidence(facts.answer, queries)
    while open_ends:
        query = open_ends.pop()
        if query.turn in kept:
            continue
        kept[query.turn] = query
        earlier = [other for other in queries if other.turn < query.turn]
        for name in names(query.text):
            if not _within(words(name), words(facts.question)):
                open_ends += _evidence(name, earlier)
    return _told(trajectory, [kept[index] for index in sorted(kept)], facts.question)


def _queries(trajectory: Trajectory) -> list[Query]:
    found = []
    for index, (command, after) in enumerate(exchanges(trajectory)):
        kind, text = read_command(command)
        if kind == "search" and (shown := tuple(read_passages(after))):
            found.append(Query(index, " ".join(text.split()), shown))
    return found


def _evidence(wanted: str, queries: list[Query]) -> list[Query]:
    """The first search that shows a text in a passage about its own subject, else in any; or none."""
    sought = words(wanted)
    if not sought or sought in _CLOSED:
        return []
    holding = [
        (not _within(words(passage.title), words(query.text)), query.turn, query)
        for query in queries
        for passage in query.shown
        if _within(sought, words(f"{passage.title} {passage.text}"))
    ]
    return [min(holding, key=lambda item: item[:2])[2]] if holding else []


def _both_sides(question: str, queries: list[Query]) -> list[Query]:
    """The last search about each side of a comparison; none where the sides cannot be told apart."""
    both = sides(question)
    if both is None:
        return []
    found = []
    for side in both:
        own = {word for name in names(side) or [side] for word in words(name)}
        about = [query for query in queries if own & set(words(query.text))]
        found += about[-1:]
    return found


def _told(trajectory: Trajectory, kept: list[Query], question: str) -> tuple[Link, ...]:
    abstraction = abstraction_of(trajectory)
    links = []
    for place, query in enumerate(kept):
        last = place == len(kept) - 1
        bridge = any(not _within(words(name), words(question)) for name in names(query.text))
        why = "Look up what the step before has found." if bridge else "Look up what the question names."
        seen = "A passage tells what was asked for." if last else "A passage tells what the next step needs."
        text = abstraction.apply(query.text)
        subject = next(iter(_ENTITY.findall(text)), "[Description]")
        stage = f"Search {subject} for {'[Answer]' if last else '[Fact]'}"
        links.append(Link(query.turn, f"Search for {text}", seen, why, stage))
    index = len(trajectory.turns) - 1
    why = "The passages answer the question." if kept else "The answer was known without a passage."
    return (*links, Link(index, "Answer with [Answer]", "The answer is correct.", why, "Answer"))


def _within(part: list[str], whole: list[str]) -> bool:
    return any(whole[place : place + len(part)] == part for place in range(len(whole) - len(part) + 1))
