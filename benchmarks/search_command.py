"""The command ``skill-gym search``: builds a corpus with its indexes, tells of it, asks it, serves it."""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import get_args

from skill_gym.benchmarks.progress import BuildReport
from skill_gym.search.corpus import (
    META_FILE,
    Engine,
    add_engine,
    build_corpus,
    engines,
    open_corpus,
    read_meta,
    verify_corpus,
)
from skill_gym.search.corpus_formats import read_corpus
from skill_gym.search.dense_index import Encode
from skill_gym.search.material import TOKEN_VARIABLE
from skill_gym.search.passages import CorpusError, PassageIndex


def add_actions(command: argparse.ArgumentParser) -> None:
    """Adds ``index``, ``info``, ``query`` and ``serve``."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    index = actions.add_parser(
        "index",
        help="build a corpus folder, or add an index to one",
        description="Builds a corpus folder that environments open in milliseconds, given as corpus=. "
        "Without --corpus an index of another engine is added to a folder that is there.",
    )
    index.add_argument(
        "--corpus",
        type=Path,
        nargs="+",
        metavar="FILE",
        help='.jsonl, .json, .gz or .parquet with {"id", "contents"} or {"title", "text"}, or records of '
        "HotpotQA or MuSiQue, whose contexts are pooled",
    )
    index.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the corpus folder")
    index.add_argument("--engine", choices=get_args(Engine), default="tantivy", help="default: tantivy")
    index.add_argument("--source", default="", help="where the passages come from, kept with them")
    index.add_argument("--licence", default="", help="of the passages, kept with them")
    _add_model(index)
    index.set_defaults(run=run_index)

    info = actions.add_parser("info", help="tell what a corpus folder holds")
    info.add_argument("folder", type=Path, metavar="FOLDER")
    info.add_argument("--verify", action="store_true", help="read all passages and compare their hash")
    info.set_defaults(run=run_info)

    query = actions.add_parser("query", help="search once and print what is found")
    _add_index(query)
    query.add_argument("query", metavar="TEXT")
    query.add_argument("--topk", type=int, default=3, help="passages to show; default: 3")
    query.set_defaults(run=run_query)

    serve = actions.add_parser(
        "serve",
        help="answer Search-R1's requests over HTTP (POST /retrieve)",
        description="Serves until Ctrl-C or SIGTERM. Another host than this machine needs a token in the "
        f"environment variable {TOKEN_VARIABLE}.",
    )
    _add_index(serve)
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1")
    serve.add_argument("--port", type=int, default=8000, help="default: 8000")
    serve.set_defaults(run=run_serve)


def run_index(options: argparse.Namespace) -> int:
    """Builds what is missing, and describes the folder."""
    out: Path = options.out.expanduser()
    encode = _encode(options)
    began = time.perf_counter()
    with BuildReport() as report:
        if options.corpus is None:
            add_engine(out, options.engine, encode=encode, progress=report)
        else:
            if (out / META_FILE).is_file():
                raise CorpusError(
                    f"{out} holds a corpus already; leave --corpus out to add an index to it, or remove it"
                )
            build_corpus(
                read_corpus(*options.corpus),
                out,
                engine=options.engine,
                source=options.source,
                licence=options.licence,
                encode=encode,
                progress=report,
            )
    print(f"built in {time.perf_counter() - began:.1f} s")
    print(describe(out))
    return 0


def run_info(options: argparse.Namespace) -> int:
    """Describes a corpus folder."""
    folder: Path = options.folder.expanduser()
    print(describe(folder))
    if options.verify:
        verify_corpus(folder)
        print("verified  the passages are as they were built")
    return 0


def run_query(options: argparse.Namespace) -> int:
    """Searches once."""
    index = _open(options)
    for rank, hit in enumerate(index.search([options.query], options.topk)[0], 1):
        title = hit.passage.title or "(no title)"
        print(f"{rank}. {title}  [{hit.passage.id}, {hit.score:.4g}]\n   {hit.passage.text.strip()}")
    return 0


def run_serve(options: argparse.Namespace) -> int:
    """Serves until it is stopped."""
    from skill_gym.search.server import run

    def index() -> PassageIndex:
        # Asked for when host, port and token have been found good.
        print(f"serving {options.folder} at http://{options.host}:{options.port}/retrieve", file=sys.stderr)
        return _open(options)

    run(index, options.host, options.port, token=os.environ.get(TOKEN_VARIABLE) or None)
    return 0


def describe(folder: Path) -> str:
    """What a corpus folder holds, as lines of text."""
    meta = read_meta(folder)
    there = engines(folder)
    lines = [
        f"corpus    {folder}",
        f"passages  {meta.count:,}, sha256 {meta.sha256[:16]} (format {meta.format})",
        f"source    {meta.source or 'not told'}",
        f"licence   {meta.licence or 'not told'}",
        f"disk      {_megabytes(folder)}",
    ]
    lines += [f"index     {engine}, {_megabytes(folder / engine)}" for engine in there]
    return "\n".join(lines)


def _add_index(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path, metavar="FOLDER", help="a corpus folder")
    command.add_argument("--engine", choices=get_args(Engine), help="default: the index of words there")
    _add_model(command)


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model",
        default="all-MiniLM-L6-v2",
        help="of dense and hybrid: an embedding model's name or folder; default: all-MiniLM-L6-v2",
    )


def _open(options: argparse.Namespace) -> PassageIndex:
    folder: Path = options.folder.expanduser()
    engine = options.engine
    if engine is None and engines(folder) == ("dense",):
        engine = options.engine = "dense"
    return open_corpus(folder, engine, encode=_encode(options))


def _encode(options: argparse.Namespace) -> Encode | None:
    if options.engine not in ("dense", "hybrid"):
        return None
    from skill_gym.skillbanks.embedding import Embedder

    return Embedder(options.model)


def _megabytes(folder: Path) -> str:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{size / 2**20:,.1f} MiB"
