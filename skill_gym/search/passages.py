"""What is searched: passages, what an index finds, and the seam of every engine and client."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

LONGEST_QUERY = 10_000
"""Characters; a page of text is shorter."""


class CorpusError(ValueError):
    """A corpus or an index cannot be used; the message says what is wrong where, and what to do."""


class RetrievalError(RuntimeError):
    """Passages could not be retrieved; an episode that needs them ends broken (boundary: retriever)."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One piece of text that can be found.

    Attributes:
        id: Unique in its corpus; equal scores are ordered by it.
        title: Without the quotes of Search-R1's form; may be empty.
        text: The rest.
    """

    id: str
    title: str
    text: str

    @property
    def contents(self) -> str:
        """Search-R1's form: the title in double quotes, a line break, the text."""
        return f'"{self.title}"\n{self.text}'


class Hit(NamedTuple):
    """A passage that was found, and how well it fits; scores of different engines have different scales."""

    passage: Passage
    score: float


class IndexInfo(NamedTuple):
    """What an index says of itself.

    Attributes:
        engine: ``tantivy``, ``lucene``, ``dense``, ``hybrid``, or what a server answers.
        passages: Number of passages.
        corpus: First 16 hex digits of the SHA-256 of the corpus; the same corpus gives the same evidence.
    """

    engine: str
    passages: int
    corpus: str


class PassageIndex(Protocol):
    """Finds passages; may be shared by threads; a pickle opens it again."""

    waits: bool
    """Whether a search waits for something outside of the process, such as a server."""

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """The best passages for each query, in the queries' order.

        Args:
            queries: Any texts; one without a word that is known finds nothing. Of very long ones only the
                beginning counts (``LONGEST_QUERY``).
            k: Most passages for each, at least 1.

        Returns:
            A list for each query, best first, ties by id; shorter where less is found, never padded.

        Raises:
            RetrievalError: It could not be searched.
        """
        ...

    def info(self) -> IndexInfo:
        """What is searched.

        Raises:
            RetrievalError: A server could not be asked.
        """
        ...


def readable(queries: Sequence[str], k: int) -> list[str]:
    """The part of each query that an index in this process reads: its first ``LONGEST_QUERY`` characters.

    Raises:
        ValueError: k is below 1.
        TypeError: The queries are one text.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}; give the number of passages to find")
    if isinstance(queries, str):
        raise TypeError(f"expected a list of queries, got the text {queries[:40]!r}; put it into a list")
    return [query[:LONGEST_QUERY] for query in queries]
