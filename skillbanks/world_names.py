"""Names that one task's world has: products, people, works; by their capital letters."""

import re
from collections.abc import Iterable, Mapping

_WORD = r"[A-Z][^\W_]*(?:['’&.-][^\W_]+)*"
_NAME = re.compile(rf"\b{_WORD}(?: (?:(?:of|the|and|de|van|von|&) )?{_WORD})+")
"""Two words and more; one alone is too often the beginning of a sentence, or a label of a page."""


class WorldNames:
    """Finds names in advice that occur in the world of a single task.

    What stands in the worlds of several tasks (labels of pages, large cities) is no name of one of them, and
    where there is one task only nothing can be told.

    Args:
        texts: Task key -> what its episodes said.
    """

    def __init__(self, texts: Mapping[str, Iterable[str]]) -> None:
        self._worlds = ["\n".join(said) for said in texts.values()]

    def first(self, text: str) -> str:
        """The first such name in a text, "" if it has none."""
        if len(self._worlds) < 2:
            return ""
        for match in _NAME.finditer(text):
            if sum(match[0] in world for world in self._worlds) == 1:
                return match[0]
        return ""
