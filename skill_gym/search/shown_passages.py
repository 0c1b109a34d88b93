"""Evidence as a player reads it: passages taken back out of the text that shows them, in any layout."""

import json
import re
from itertools import zip_longest
from typing import NamedTuple

_EVIDENCE = re.compile(r"<information>(.*)</information>", re.DOTALL)
# A title may hold brackets of its own, as of a film, and so may the text behind it.
_NUMBERED = re.compile(
    r"^Doc (\d+)(?:\(Title: (\".*?\"|(?:[^()\n]|\([^()\n]*\))*|.*?)\)(?: |$)|: (.*)$)", re.MULTILINE
)


class ShownPassage(NamedTuple):
    """A passage of the evidence."""

    title: str
    text: str


def read_passages(observation: str) -> list[ShownPassage]:
    """The passages that an observation shows, best first.

    Args:
        observation: Text of the environment, in the layout ``plain``, ``r1`` or ``skillrl``.

    Returns:
        None of them where nothing was found or the observation holds no evidence.
    """
    evidence = _EVIDENCE.search(observation)
    if evidence is None:
        return []
    body = _unpacked(evidence[1].strip())
    starts: list[re.Match[str]] = []
    number = 0
    for found in _NUMBERED.finditer(body):
        # A line of a passage may begin like that as well; numbers go up by one, and from 1 in a new list.
        if int(found[1]) in (number + 1, 1):
            starts.append(found)
            number = int(found[1])
    passages = []
    for found, following in zip_longest(starts, starts[1:]):
        end = following.start() if following else len(body)
        title = found[2] if found[2] is not None else found[3]
        passages.append(ShownPassage(_unquoted(title), " ".join(body[found.end() : end].split())))
    return passages


def _unpacked(body: str) -> str:
    """SkillRL's layout packs the passages into JSON."""
    if not body.startswith("{"):
        return body
    try:
        packed = json.loads(body)
    except ValueError:
        return body
    return packed["result"] if isinstance(packed, dict) and isinstance(packed.get("result"), str) else body


def _unquoted(title: str) -> str:
    title = title.strip()
    return title[1:-1] if len(title) > 1 and title[0] == title[-1] == '"' else title
