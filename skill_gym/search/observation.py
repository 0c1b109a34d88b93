"""Every text that the agent reads: the question, the evidence in three layouts, the reminders."""

import json
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from skill_gym.search.passages import Hit, Passage

ObservationFormat = Literal["plain", "r1", "skillrl"]

TAGS = ("think", "search", "information", "answer")
"""The protocol's tags, each with its end tag."""
NOTHING_FOUND = "No passages were found."
LAST_TURN = "This is the last turn: only an answer counts."
REMINDER = (
    "This was no action. Write a query between <search> and </search>, "
    "or the final answer between <answer> and </answer>."
)
CORRECT, WRONG = "The answer is correct.", "The answer is not correct."
RETRIEVER_FAILED = "The search engine does not answer; the episode ends here."

# The next two are the originals' own words, byte for byte.
R1_REMINDER = (
    "\nMy previous action is invalid. If I want to search, I should put the query between <search> and "
    "</search>. If I want to give the final answer, I should put the answer between <answer> and </answer>. "
    "Let me try again.\n"
)
SKILLRL_NOTHING_FOUND = "No search results found."

# "<|" begins the special tokens of most chat templates, which would end the user's message.
_TAG = re.compile(rf"<(?=\s*(?:/\s*)?(?:{'|'.join(TAGS)})(?:[\s/][^<>]*)?>|\|)", re.IGNORECASE)
_CUT = " ..."


class Evidence(NamedTuple):
    """What was found, as it is shown.

    Attributes:
        text: The observation.
        shown: The hits in it; the last one may be cut.
        shortened: Ids of the passages that were cut or left out because of the cap.
    """

    text: str
    shown: tuple[Hit, ...]
    shortened: tuple[str, ...]


def first_observation(question: str, layout: ObservationFormat) -> str:
    """The text of a reset: ``Question: ...``, as the released Search-R1 prompt ends, or the bare question."""
    if layout == "skillrl":
        return question
    return f"Question: {question}\n" if layout == "r1" else f"Question: {question}"


def reminder(layout: ObservationFormat) -> str:
    """What follows a command that is no action; nothing in SkillRL's layout."""
    return {"plain": REMINDER, "r1": R1_REMINDER, "skillrl": ""}[layout]


def evidence(hits: Sequence[Hit], layout: ObservationFormat, max_chars: int | None = None) -> Evidence:
    """Lays out what one query found.

    ``r1`` is Search-R1's layout (commit a14dc3a) and ``skillrl`` SkillRL's (commit 48c8446), byte for byte:
    a JSON string, in which line breaks and letters beyond ASCII are escaped. ``plain`` has Search-R1's lines,
    with protocol tags inside passages made harmless, so that no passage can answer or close the evidence.

    Args:
        hits: Best first.
        layout: One of the three.
        max_chars: Most characters of passages; further passages are left out, and a first one that is
            longer alone is cut between words. None for no limit.
    """
    lines: list[str] = []
    shown: list[Hit] = []
    shortened: list[str] = []
    room = max_chars
    for number, hit in enumerate(hits, 1):
        line = _line(number, hit.passage, layout)
        if room is not None and len(line) > room:
            if lines or not room:
                shortened += [left.passage.id for left in hits[number - 1 :]]
                break
            line = _cut(line, room)
            shortened.append(hit.passage.id)
        lines.append(line)
        shown.append(hit)
        room = None if room is None else room - len(line)
    return Evidence(_wrapped(lines, layout), tuple(shown), tuple(shortened))


def sanitised(text: str) -> str:
    """The text with the ``<`` of every protocol tag and of marks such as ``<|im_end|>`` escaped.

    Case, white space and what else a tag holds do not matter.
    """
    return _TAG.sub("&lt;", text)


def _line(number: int, passage: Passage, layout: ObservationFormat) -> str:
    if layout == "skillrl":
        return f"Doc {number}: {passage.contents.strip()}"
    # Search-R1 takes the first line of the contents for the title, quotes and all.
    title, _, text = passage.contents.partition("\n")
    line = f"Doc {number}(Title: {title}) {text}"
    return line if layout == "r1" else sanitised(line)


def _cut(line: str, room: int) -> str:
    kept = line[: max(0, room - len(_CUT))]
    return (kept.rpartition(" ")[0] or kept) + _CUT


def _wrapped(lines: Sequence[str], layout: ObservationFormat) -> str:
    body = "\n".join(lines)
    if layout == "skillrl":
        result = body + "\n" if lines else SKILLRL_NOTHING_FOUND
        return f"<information>{json.dumps({'result': result})}</information>"
    if layout == "r1":
        return f"\n\n<information>{body.strip()}</information>\n\n"
    return f"<information>\n{body or NOTHING_FOUND}\n</information>"
