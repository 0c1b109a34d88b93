"""What clients and servers of passages say to each other: the HTTP bodies of Search-R1 and SkyRL-Gym.

A request asks in one of two shapes, ``{"queries": [...], "topk", "return_scores"}`` (Search-R1, batch) or
``{"query": ..., "topk", "return_scores"}`` (SkyRL-Gym and SkillRL, single). The answer is
``{"result": [[item, ...], ...]}``, one list for each query; an item is ``{"document": {...}, "score": x}``,
or the bare document when no scores were asked for.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from skill_gym.search.corpus_formats import passage_id
from skill_gym.search.passage_store import split_contents
from skill_gym.search.passages import Hit, IndexInfo, Passage

Shape = Literal["batch", "single"]

DEFAULT_TOPK = 3
MOST_TOPK = 100
CORPUS_HEADER = "X-Corpus"
"""Header of our server's answers: the corpus they come from, as in ``IndexInfo.corpus``."""


class WireError(ValueError):
    """A body does not say what it should; the message tells what was expected and what came."""


class RetrieveRequest(NamedTuple):
    """What a client asks for.

    Attributes:
        queries: One in the single shape.
        topk: Most passages for each, in [1, 100].
        return_scores: Whether items carry scores.
        shape: How it was asked.
    """

    queries: list[str]
    topk: int
    return_scores: bool
    shape: Shape


def request_body(queries: Sequence[str], topk: int, shape: Shape) -> bytes:
    """Body of a request; scores are always asked for (Search-R1's server fails without).

    Args:
        queries: Exactly one in the single shape. What UTF-8 cannot hold becomes "?".
        topk: Most passages for each.
        shape: How to ask.
    """
    texts = [query.encode("utf-8", "replace").decode("utf-8") for query in queries]
    asked: dict[str, Any] = {"queries": texts} if shape == "batch" else {"query": texts[0]}
    return json.dumps({**asked, "topk": topk, "return_scores": True}).encode()


def read_request(body: bytes) -> RetrieveRequest:
    """Reads and checks a request.

    Raises:
        UnicodeDecodeError, json.JSONDecodeError: Not JSON.
        WireError: JSON that is no request.
    """
    data = json.loads(body)
    if not isinstance(data, dict):
        raise WireError(f"expected a JSON object, got {_kind(data)}")
    both = [name for name in ("queries", "query") if name in data]
    if len(both) != 1:
        got = "both" if both else "neither"
        raise WireError(f"expected either 'queries' (a list of texts) or 'query' (one text), got {got}")
    shape: Shape = "batch" if both == ["queries"] else "single"
    queries = data["queries"] if shape == "batch" else [data["query"]]
    if not isinstance(queries, list):
        raise WireError(f"'queries' must be a list of texts, got {_kind(queries)}; use 'query' for one")
    for number, query in enumerate(queries):
        if not isinstance(query, str):
            where = f"'queries'[{number}]" if shape == "batch" else "'query'"
            raise WireError(f"{where} must be a text, got {_kind(query)}")
    topk = data.get("topk")
    topk = DEFAULT_TOPK if topk is None else topk
    if isinstance(topk, bool) or not isinstance(topk, int) or not 1 <= topk <= MOST_TOPK:
        raise WireError(f"'topk' must be a whole number from 1 to {MOST_TOPK}, got {_short(topk)}")
    scores = data.get("return_scores")
    scores = shape == "single" if scores is None else scores
    if not isinstance(scores, bool):
        raise WireError(f"'return_scores' must be true or false, got {_short(scores)}")
    return RetrieveRequest(queries, topk, scores, shape)


def answer_body(found: Sequence[Sequence[Hit]], return_scores: bool) -> bytes:
    """Body of an answer; documents have ``id``, ``title`` and ``contents``."""
    lists = [[_item(hit, return_scores) for hit in hits] for hits in found]
    return json.dumps({"result": lists}, ensure_ascii=False).encode("utf-8", "replace")


def read_answer(body: bytes, queries: int, topk: int) -> list[list[Hit]]:
    """Reads and checks an answer; a list that is too long is cut, a short one is fine.

    Args:
        body: What came.
        queries: How many lists must be there.
        topk: Most passages for each.

    Raises:
        WireError: It is no such answer.
    """
    data = _parsed(body)
    if not isinstance(data, dict) or not isinstance(data.get("result"), list):
        raise WireError(f"expected an object with the list 'result', got {_kind(data)}{_keys(data)}")
    lists = data["result"]
    if len(lists) != queries:
        raise WireError(f"expected {queries} lists of passages, one for each query, got {len(lists)}")
    return [_hits(items, topk) for items in lists]


def read_info(body: bytes) -> IndexInfo:
    """Reads what a server says of its index.

    Raises:
        WireError: It says something else.
    """
    data = _parsed(body)
    if not isinstance(data, dict):
        raise WireError(f"expected an object, got {_kind(data)}")
    engine, passages, corpus = (data.get(name) for name in ("engine", "passages", "corpus"))
    if isinstance(engine, str) and isinstance(passages, int) and isinstance(corpus, str):
        return IndexInfo(engine, passages, corpus)
    raise WireError(f"expected 'engine', 'passages' and 'corpus', got an object{_keys(data)}")


def read_document(document: object) -> Passage:
    """The passage of a document of any of the known forms.

    ``contents`` holds the title, with or without double quotes, on its first line; ``title`` and ``text``
    may stand beside it or alone. A document without an id is named by the hash of its title and text.

    Raises:
        WireError: There is no text in it.
    """
    if not isinstance(document, dict):
        raise WireError(f"expected a document (an object), got {_kind(document)}")
    title, text, contents = (document.get(name) for name in ("title", "text", "contents"))
    if isinstance(contents, str):
        title, text = _split(contents, title if isinstance(title, str) else None)
    elif not isinstance(text, str):
        raise WireError(f"expected a document with 'contents' or 'text', got one{_keys(document)}")
    title = title if isinstance(title, str) else ""
    number = document.get("id")
    if isinstance(number, bool) or not isinstance(number, str | int):
        number = passage_id(title, text)
    return Passage(str(number), title, text)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WireError(f"expected JSON, got what is none ({error})") from None


def _hits(items: object, topk: int) -> list[Hit]:
    if not isinstance(items, list):
        raise WireError(f"expected a list of passages, got {_kind(items)}")
    return [_hit(item) for item in items[:topk]]


def _hit(item: object) -> Hit:
    if not isinstance(item, dict) or "document" not in item:
        return Hit(read_document(item), 0.0)
    return Hit(read_document(item["document"]), _score(item.get("score", 0.0)))


def _score(value: object) -> float:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:
        # A whole number beyond all floats.
        pass
    raise WireError(f"expected a number as the score, got {_short(value)}")


def _item(hit: Hit, return_scores: bool) -> dict[str, Any]:
    passage, score = hit
    document = {"id": passage.id, "title": passage.title, "contents": passage.contents}
    return {"document": document, "score": float(score)} if return_scores else document


def _split(contents: str, title: str | None) -> tuple[str, str]:
    if title is not None and contents.startswith(f'"{title}"\n'):
        return title, contents[len(title) + 3 :]
    return split_contents(contents)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _keys(value: object) -> str:
    if not isinstance(value, Mapping):
        return ""
    return f" with {', '.join(map(_short, list(value)[:8]))}" if value else " without keys"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
