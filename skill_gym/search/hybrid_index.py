"""Two indexes of one corpus as one: reciprocal rank fusion (Cormack, Clarke and Buettcher 2009)."""

from collections.abc import Sequence

from skill_gym.search.passages import CorpusError, Hit, IndexInfo, Passage, PassageIndex, readable

RANK_OFFSET = 60
"""The paper's k: how much less the first rank counts than by its reciprocal alone."""
_DEPTH = 100


class HybridIndex:
    """Ranks passages by the sum of 1 / (60 + rank) over two indexes, such as BM25 and a dense one.

    Args:
        first: Any index.
        second: Another of the same corpus.
        depth: How many passages to take of each, at least; more where more are asked for.

    Raises:
        CorpusError: The indexes are of different corpora.
    """

    def __init__(self, first: PassageIndex, second: PassageIndex, *, depth: int = _DEPTH) -> None:
        one, other = first.info(), second.info()
        if one.corpus != other.corpus:
            raise CorpusError(
                f"the {one.engine} index is of corpus {one.corpus}, the {other.engine} index of "
                f"{other.corpus}; give two indexes of one corpus"
            )
        self.waits = first.waits or second.waits
        self._both = (first, second)
        self._depth = depth
        self._info = one._replace(engine="hybrid")

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """The best passages for each query (see ``PassageIndex.search``); scores are sums of reciprocals."""
        asked = readable(queries, k)
        found = [index.search(asked, max(k, self._depth)) for index in self._both]
        return [_fused(lists)[:k] for lists in zip(*found, strict=True)]

    def info(self) -> IndexInfo:
        """What is searched."""
        return self._info


def _fused(lists: Sequence[Sequence[Hit]]) -> list[Hit]:
    passages: dict[str, Passage] = {}
    scores: dict[str, float] = {}
    for hits in lists:
        for rank, hit in enumerate(hits, 1):
            passages[hit.passage.id] = hit.passage
            scores[hit.passage.id] = scores.get(hit.passage.id, 0.0) + 1 / (RANK_OFFSET + rank)
    order = sorted(scores, key=lambda name: (-scores[name], name))
    return [Hit(passages[name], scores[name]) for name in order]
