"""The corpus that questions bring along: the pooled contexts of HotpotQA's and MuSiQue's records."""

from hashlib import sha256

from skill_gym.cache import cache_folder
from skill_gym.search.corpus import Engine, build_corpus, engines, open_corpus
from skill_gym.search.corpus_formats import context_passages
from skill_gym.search.lucene_index import memory_index
from skill_gym.search.passages import CorpusError, Passage, PassageIndex
from skill_gym.search.question_files import question_rows
from skill_gym.search.question_records import QuestionError

FORMAT = 1
"""Version of the folders in the cache."""
MEMORY = 10_000
"""Most passages that are indexed anew in memory by every process."""


def open_contexts(data: str, split: str, engine: Engine | None = None) -> PassageIndex:
    """An index of all contexts in the files of a split, each passage once, by ascending id.

    Many are indexed on first use, into the cache folder; contexts that have changed make another one.

    Args:
        data: As for ``open_questions``.
        split: As for ``open_questions``; the files count, not the split of a row.
        engine: None for BM25 in numpy, in memory while they are few; others are in the cache folder.

    Raises:
        QuestionError: The records bring no contexts.
    """
    pool: dict[str, Passage] = {}
    for place, row in question_rows(data, split):
        if "context" not in row and "paragraphs" not in row:
            raise QuestionError(
                f"{place}: the questions bring no contexts to search in; pass corpus=, the folder of a built "
                "corpus or the URL of a server"
            )
        try:
            pool.update((passage.id, passage) for passage in context_passages(row))
        except CorpusError as error:
            raise QuestionError(f"{place}: {error}") from error
    passages = [pool[name] for name in sorted(pool)]
    if engine is None and len(passages) <= MEMORY:
        return memory_index(passages)
    engine = engine or "lucene"
    digest = sha256("\n".join(sorted(pool)).encode()).hexdigest()[:16]
    folder = cache_folder("search") / f"contexts-{FORMAT}-{digest}-{engine}"
    if engine in engines(folder):
        return open_corpus(folder, engine)
    return build_corpus(passages, folder, engine=engine, source=data, exist_ok=True)
