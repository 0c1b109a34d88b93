"""BM25 in numpy with exactly Lucene's words, scores and order, over a memory-mapped index."""


class LuceneIndexError(ValueError):
    """There is no index, a damaged one, or one of another version; the message says how to mend it."""
