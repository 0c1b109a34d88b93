"""What an environment is made of: questions, and the index that finds passages for them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from skill_gym.search.passages import PassageIndex
from skill_gym.search.questions import Question

SPLITS = ("train", "validation", "test", "all")
"""The splits of questions that are given by ``data``."""
DATA_VARIABLE = "SEARCH_DATA"
TOKEN_VARIABLE = "SEARCH_TOKEN"
"""Holds the token of the servers whose URLs are given as ``corpus``."""


@dataclass(frozen=True, slots=True)
class Material:
    """Questions and an index, shared by the environments of a process that are made alike.

    Attributes:
        questions: In a fixed order.
        index: Finds passages.
        source: Of the tasks' keys; None hashes each question.
        world: The generated world, None for given questions.
    """

    questions: Sequence[Question]
    index: PassageIndex
    source: str | None = None
    world: Any = None


def open_material(
    split: str,
    *,
    data: str | Path | None,
    corpus: Any,
    engine: str | None,
    size: int,
    generator: Mapping[str, Any] | None,
) -> Material:
    """Opens or makes questions and index; the arguments are those of ``SearchEnv``.

    Raises:
        ValueError: An argument is not one of its choices, or questions or corpus cannot be read.
    """
    if split not in SPLITS:
        return _generated(split, data, corpus, engine, size, generator)
    if generator is not None:
        raise ValueError(f"split {split!r} is not generated; leave generator= out")
    if data is None:
        data = os.environ.get(DATA_VARIABLE) or None
        if data is None:
            raise ValueError(
                f"split {split!r} needs questions, but {DATA_VARIABLE} is not set; set it to a file or "
                "folder with questions, or pass data=, or play split='generated'"
            )
    if not isinstance(data, str | Path) or not str(data):
        raise ValueError(f"data must be a path, hf:owner/name, or None for {DATA_VARIABLE}, got {data!r}")
    from skill_gym.search.question_files import open_questions, stamps

    questions = open_questions(str(data), split)
    index = (
        _contexts(str(data), split, engine, stamps(str(data), split))
        if corpus is None
        else open_index(corpus, engine)
    )
    return Material(questions, index)


def open_index(corpus: Any, engine: str | None = None) -> PassageIndex:
    """The index that an argument ``corpus`` means; environments of a process share a folder's or a server's.

    Args:
        corpus: Folder of a built corpus, URL or URLs of servers, or an index, which is taken as it is.
        engine: Of a built corpus.

    Raises:
        ValueError: It is none of them, or cannot be opened (``CorpusError``).
    """
    if hasattr(corpus, "search") and hasattr(corpus, "waits"):
        if engine is not None:
            raise ValueError(f"engine={engine!r} chooses among those of a built corpus; leave it out")
        index: PassageIndex = corpus
        return index
    many = isinstance(corpus, Sequence) and not isinstance(corpus, str)
    urls = tuple(corpus) if many else (corpus,)
    if urls and all(isinstance(url, str) and url.startswith(("http://", "https://")) for url in urls):
        if engine is not None:
            raise ValueError(f"engine={engine!r} is the server's business; leave it out")
        return _remote(urls)
    if not isinstance(corpus, str | Path) or not str(corpus):
        raise ValueError(
            "corpus must be the folder of a built corpus, the URL or URLs of a server, or an index, "
            f"got {corpus!r}"
        )
    folder = Path(corpus).expanduser().resolve()
    meta = folder / "meta.json"
    return _folder(str(folder), engine, meta.stat().st_mtime_ns if meta.is_file() else 0)


@lru_cache(maxsize=8)
def _contexts(data: str, split: str, engine: str | None, unchanged: tuple[Any, ...]) -> PassageIndex:
    from skill_gym.search.contexts import open_contexts
    from skill_gym.search.corpus import Engine

    return open_contexts(data, split, cast(Engine | None, engine))


@lru_cache(maxsize=8)
def _folder(folder: str, engine: str | None, built: int) -> PassageIndex:
    from skill_gym.search.corpus import Engine, open_corpus

    return open_corpus(folder, cast(Engine | None, engine))


@lru_cache(maxsize=8)
def _remote(urls: tuple[str, ...]) -> PassageIndex:
    # Shared, so that searches of many environments can travel together.
    from skill_gym.search.remote import RemoteIndex

    return RemoteIndex(urls, token=os.environ.get(TOKEN_VARIABLE) or None)


def _generated(
    split: str,
    data: object,
    corpus: Any,
    engine: str | None,
    size: int,
    generator: Mapping[str, Any] | None,
) -> Material:
    from skill_gym.search.generator import GENERATED_SPLITS, GeneratorConfig, generated_world

    if split not in GENERATED_SPLITS:
        raise ValueError(f"unknown split {split!r}; there are {', '.join((*GENERATED_SPLITS, *SPLITS))}")
    if data is not None:
        raise ValueError(f"split {split!r} is generated and reads no data; leave data= out")
    names = [field.name for field in fields(GeneratorConfig)]
    if not isinstance(generator or {}, Mapping) or not set(generator or {}) <= set(names):
        raise ValueError(
            f"generator must be a dict of settings of GeneratorConfig ({', '.join(names)}), got {generator!r}"
        )
    # JSON has no tuples.
    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in (generator or {}).items()
    }
    world = generated_world(split, GeneratorConfig(**settings), size)
    if corpus is None and engine is not None:
        raise ValueError(f"engine={engine!r} chooses among those of a built corpus; pass corpus= as well")
    index = world.index if corpus is None else open_index(corpus, engine)
    return Material(world.questions, index, world.source, world)
