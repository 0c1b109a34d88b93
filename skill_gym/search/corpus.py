"""A corpus folder: passages, what is known of them, and their indexes; built once, opened at once."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from skill_gym.cache import fill_once
from skill_gym.search.dense_index import DenseIndex, Encode
from skill_gym.search.hybrid_index import HybridIndex
from skill_gym.search.lucene_index import LuceneIndex
from skill_gym.search.passage_store import CORPUS_FILE, StoredPassages, write_passages
from skill_gym.search.passages import CorpusError, Passage, PassageIndex
from skill_gym.search.tantivy_index import TantivyIndex

Engine = Literal["tantivy", "lucene", "dense", "hybrid"]
"""``hybrid`` has no files: it is ``dense`` with the first index of words that is there."""
Progress = Callable[[str, int], None]
"""Called with what is being done and the number of passages done."""

FORMAT = 1
"""Version of the folder and its indexes; others are refused."""
META_FILE = "meta.json"
_SIGNED = "built.json"
_OF_WORDS: tuple[Engine, ...] = ("tantivy", "lucene")


@dataclass(frozen=True, slots=True)
class CorpusMeta:
    """What ``meta.json`` says.

    Attributes:
        format: Version of the folder's layout.
        sha256: Of ``corpus.jsonl``.
        count: Number of passages.
        source: Where they come from.
        licence: Under which they may be used.
    """

    format: int
    sha256: str
    count: int
    source: str
    licence: str


def build_corpus(
    passages: Iterable[Passage],
    folder: Path | str,
    *,
    engine: Engine = "tantivy",
    source: str = "",
    licence: str = "",
    encode: Encode | None = None,
    progress: Progress | None = None,
    exist_ok: bool = False,
) -> PassageIndex:
    """Writes a corpus folder and an index, each of them whole or not at all, and opens it.

    Passages are read once and never held. If the index fails, the passages stay; go on with ``add_engine``
    or with ``exist_ok``. Several processes may try at once.

    Args:
        passages: At least one; ids are distinct.
        folder: Must not be there, or be empty.
        engine: What to search with.
        source: Where the passages come from, to be kept with them.
        licence: Under which they may be used.
        encode: The model, for ``dense`` and ``hybrid``.
        progress: Told how far the work is.
        exist_ok: Takes the passages that are there, whatever they are, instead of refusing them.

    Raises:
        CorpusError: The folder is in use, or a passage cannot be used.
    """
    folder = Path(folder).expanduser()
    _check_engine(engine, encode)
    there = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if there and not (exist_ok and (folder / META_FILE).is_file()):
        raise CorpusError(f"{folder} is there already; remove it, or add an index to it with add_engine")
    if folder.is_dir() and not there:
        folder.rmdir()
    folder.parent.mkdir(parents=True, exist_ok=True)

    def write(partial: Path) -> None:
        count, digest = write_passages(passages, partial, _named("passages", progress))
        meta = CorpusMeta(FORMAT, digest, count, source, licence)
        (partial / META_FILE).write_text(json.dumps(asdict(meta), indent=1) + "\n", encoding="utf-8")

    fill_once(folder, write)
    return add_engine(folder, engine, encode=encode, progress=progress)


def add_engine(
    folder: Path | str, engine: Engine, *, encode: Encode | None = None, progress: Progress | None = None
) -> PassageIndex:
    """Builds an index in a corpus folder unless it is there, and opens it.

    Raises:
        CorpusError: There is no corpus, or a damaged one, or the index that is there cannot be used.
    """
    folder = Path(folder).expanduser()
    _check_engine(engine, encode)
    meta = read_meta(folder)
    passages = StoredPassages(folder)
    for part in _parts(folder, engine, adding=True):

        def write(partial: Path, part: Engine = part) -> None:
            told = _named(f"{part} index", progress)
            if part == "dense" and encode is not None:
                DenseIndex.build(passages, partial, encode, told)
            elif part == "tantivy":
                TantivyIndex.build(passages, partial, told)
            else:
                LuceneIndex.build(passages, partial, told)
            _sign(partial, meta.sha256)

        fill_once(folder / part, write)
    return open_corpus(folder, engine, encode=encode)


def open_corpus(
    folder: Path | str, engine: Engine | None = None, *, encode: Encode | None = None
) -> PassageIndex:
    """Opens a corpus folder, memory-mapped, in milliseconds.

    Args:
        folder: What ``build_corpus`` wrote.
        engine: None takes the index of words that is there.
        encode: The model of ``dense`` and ``hybrid``; the one that the index was built with.

    Raises:
        CorpusError: No corpus, or one that is damaged or of another version; no index of that engine, or one
            of another embedding model.
    """
    folder = Path(folder).expanduser()
    meta = read_meta(folder)
    passages = StoredPassages(folder)
    if len(passages) != meta.count:
        raise CorpusError(
            f"{folder} has {len(passages):,} passages instead of {meta.count:,}; build the corpus again"
        )
    there = engines(folder)
    chosen: Engine = engine or (there[0] if there else "tantivy")
    _check_engine(chosen, encode)
    opened = [
        _open_part(folder, part, passages, meta.sha256[:16], encode)
        for part in _parts(folder, chosen, adding=False)
    ]
    return HybridIndex(*opened) if chosen == "hybrid" else opened[0]


def engines(folder: Path | str) -> tuple[Engine, ...]:
    """The engines whose index lies in a corpus folder."""
    parts: tuple[Engine, ...] = (*_OF_WORDS, "dense")
    return tuple(part for part in parts if (Path(folder) / part).is_dir())


def read_meta(folder: Path | str) -> CorpusMeta:
    """What a corpus folder says of itself.

    Raises:
        CorpusError: There is none, or one of another version.
    """
    path = Path(folder) / META_FILE
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        version = said["format"]
        # Another version has other fields.
        meta = CorpusMeta(**said) if version == FORMAT else None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CorpusError(
            f"no corpus in {folder} ({error}); build it with: "
            f"skill-gym search index --corpus FILE --out {folder}"
        ) from error
    if meta is None:
        raise CorpusError(f"the corpus in {folder} is of format {version}, not {FORMAT}; build it again")
    return meta


def verify_corpus(folder: Path | str) -> None:
    """Reads the whole corpus file and compares its hash.

    Raises:
        CorpusError: It was changed since it was built.
    """
    meta = read_meta(folder)
    with (Path(folder) / CORPUS_FILE).open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != meta.sha256:
        raise CorpusError(
            f"{Path(folder) / CORPUS_FILE} has the hash {found[:16]} instead of {meta.sha256[:16]}: "
            "it was changed; build the corpus again"
        )


def _check_engine(engine: str, encode: Encode | None) -> None:
    if engine not in get_args(Engine):
        raise ValueError(f"unknown engine {engine!r}; there are {', '.join(get_args(Engine))}")
    if engine in ("dense", "hybrid") and encode is None:
        raise ValueError(
            f"the engine {engine!r} needs the embedding model; give encode=, such as "
            "skill_gym.skillbanks.embedding.Embedder(). An environment takes the opened index as corpus="
        )


def _parts(folder: Path, engine: Engine, *, adding: bool) -> list[Engine]:
    """The engines with files that an engine consists of."""
    if engine != "hybrid":
        return [engine]
    words = [one for one in _OF_WORDS if one in engines(folder)] or (["tantivy"] if adding else [])
    if not words:
        raise CorpusError(f"{folder} has no index of words for hybrid retrieval; add one with add_engine")
    return [words[0], "dense"]


def _open_part(
    folder: Path, part: Engine, passages: StoredPassages, corpus: str, encode: Encode | None
) -> PassageIndex:
    place = folder / part
    if not place.is_dir():
        there = ", ".join(engines(folder)) or "none"
        raise CorpusError(
            f"{folder} has no {part} index (there is {there}); add it with: "
            f"skill-gym search index --out {folder} --engine {part}"
        )
    _check_signed(place, corpus)
    if part == "dense" and encode is not None:
        return DenseIndex(place, passages, corpus, encode)
    if part == "tantivy":
        return TantivyIndex(place, passages, corpus)
    return LuceneIndex.open(place, passages, corpus)


def _named(what: str, progress: Progress | None) -> Callable[[int], None]:
    return (lambda done: None) if progress is None else (lambda done: progress(what, done))


def _sign(place: Path, corpus: str) -> None:
    """Writes down what an index was built from, and what it consists of."""
    files = {path.name: path.stat().st_size for path in place.iterdir() if not path.name.startswith(".")}
    built = {"format": FORMAT, "corpus": corpus[:16], "files": files}
    (place / _SIGNED).write_text(json.dumps(built, indent=1, sort_keys=True), encoding="utf-8")


def _check_signed(place: Path, corpus: str) -> None:
    """Engines say little of a damaged file, or end the process; so it is found here."""
    mend = "remove that folder and build the index again"
    try:
        built = json.loads((place / _SIGNED).read_text(encoding="utf-8"))
        if built["format"] != FORMAT:
            raise CorpusError(f"the index in {place} is of format {built['format']}, not {FORMAT}; {mend}")
        if built["corpus"] != corpus:
            raise CorpusError(
                f"the index in {place} was built from the corpus {built['corpus']}, not from {corpus}; {mend}"
            )
        for name, size in built["files"].items():
            found = (place / name).stat().st_size
            if found != size:
                raise CorpusError(f"{place / name} has {found:,} bytes instead of {size:,}; {mend}")
    except CorpusError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorpusError(f"the index in {place} is damaged ({error!r}); {mend}") from error
