"""Makes questions of the records that published sets have: Search-R1's rows, HotpotQA, MuSiQue."""

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast, get_args

from skill_gym.search.corpus_formats import context_passages
from skill_gym.search.questions import QueryType, Question
from skill_gym.search.reward import normalise

PREFIX = "searchR1_"
"""Stands before the data source in SkyRL's and verl's rows."""
KEPT = (
    "hops",
    "kind",
    "path",
    "supporting_ids",
    "chance",
    "world_seed",
    "generator_version",
    "level",
    "type",
)
"""Columns that become metadata."""
SPLIT_NAMES = {"dev": "validation", "val": "validation", "valid": "validation"}


class QuestionError(ValueError):
    """Questions cannot be read; the message says what is wrong where, and what to do."""


def read_record(record: Mapping[str, Any], position: int) -> Question | None:
    """The question of one record.

    Args:
        record: A row with ``env_kwargs``, ``reward_model`` (or ``reward_spec``) or ``golden_answers``, the
            first of them that it has; or a record of HotpotQA (``supporting_facts``) or MuSiQue
            (``paragraphs``).
        position: Number of the row, from 0, for a record without an id.

    Returns:
        None when no accepted answer is left after normalisation.

    Raises:
        QuestionError: No text, no answers, or a record of another form.
    """
    if "supporting_facts" in record:
        return _hotpot(record, position)
    if "paragraphs" in record:
        return _musique(record, position)
    inner, extra = _mapping(record, "env_kwargs"), _mapping(record, "extra_info")
    metadata = {name: record[name] for name in KEPT if record.get(name) is not None}
    metadata = {**_mapping(record, "metadata"), **metadata}
    split = str(record.get("split") or extra.get("split") or "")
    index = extra.get("index")
    number = position if index is None else index
    return _question(
        _name(record, f"{split}_{number}" if split else number),
        str(inner.get("data_source") or record.get("data_source") or "unknown").removeprefix(PREFIX),
        inner.get("question") or record.get("question") or extra.get("question"),
        _answers(record, inner),
        kind=str(record.get("answer_type") or metadata.get("answer_type") or "single"),
        split=split,
        query_type=record.get("query_type") or metadata.get("query_type"),
        metadata=metadata,
    )


def _question(
    name: str,
    source: str,
    text: object,
    answers: Sequence[object],
    *,
    kind: str = "single",
    split: str = "",
    query_type: object = None,
    metadata: Mapping[str, Any],
) -> Question | None:
    if not isinstance(text, str) or not text.strip():
        raise QuestionError(f"record {name!r} has no question; it needs a text in 'question'")
    if not all(isinstance(answer, str | int | float) for answer in answers):
        raise QuestionError(f"the answers of record {name!r} must be texts, got {answers!r:.80}")
    if kind not in ("single", "set"):
        raise QuestionError(f"answer_type of record {name!r} must be 'single' or 'set', got {kind!r}")
    if query_type is not None and query_type not in get_args(QueryType):
        raise QuestionError(
            f"query_type of record {name!r} must be one of {', '.join(get_args(QueryType))}, "
            f"got {query_type!r}"
        )
    kept = tuple(dict.fromkeys(str(answer) for answer in answers if normalise(str(answer))))
    if not kept:
        return None
    text = text.strip()
    return Question(
        id=name,
        data_source=source,
        question=text if text.endswith("?") else f"{text}?",
        answers=kept,
        answer_type=cast(Literal["single", "set"], kind),
        split=SPLIT_NAMES.get(split, split),
        query_type=cast(QueryType | None, query_type),
        metadata=metadata,
    )


def _answers(record: Mapping[str, Any], inner: Mapping[str, Any]) -> Sequence[object]:
    for place in (inner, _mapping(record, "reward_model"), _mapping(record, "reward_spec")):
        truth = place.get("ground_truth")
        if isinstance(truth, Mapping):
            truth = truth.get("target")
        if truth is not None:
            return _list(truth)
    if record.get("golden_answers") is not None:
        return _list(record["golden_answers"])
    raise QuestionError(
        f"no answers in a record with {', '.join(map(repr, record)) or 'nothing'}; it needs "
        "env_kwargs.ground_truth.target, reward_model.ground_truth.target or golden_answers"
    )


def _hotpot(record: Mapping[str, Any], position: int) -> Question | None:
    facts = record["supporting_facts"]
    # The Hub has the columns side by side.
    titles = facts["title"] if isinstance(facts, Mapping) else [title for title, *_ in facts]
    gold = {html.unescape(title) for title in titles}
    passages = context_passages(record)
    return _question(
        _name(record, position),
        "hotpotqa",
        record.get("question"),
        _list(record.get("answer", ())),
        query_type="comparison" if record.get("type") == "comparison" else "multi_hop_reasoning",
        metadata={
            "hops": 2,
            "kind": record.get("type"),
            "level": record.get("level"),
            "supporting_ids": tuple(passage.id for passage in passages if passage.title in gold),
        },
    )


def _musique(record: Mapping[str, Any], position: int) -> Question | None:
    name = _name(record, position)
    gold = [paragraph for paragraph in record["paragraphs"] if paragraph.get("is_supporting")]
    return _question(
        name,
        "musique",
        record.get("question"),
        [*_list(record.get("answer", ())), *_list(record.get("answer_aliases") or ())],
        query_type="multi_hop_reasoning",
        metadata={
            "hops": int(name[0]) if name[:1].isdigit() else len(gold),
            "kind": name.partition("__")[0],
            "supporting_ids": tuple(passage.id for passage in context_passages({"paragraphs": gold})),
        },
    )


def _name(record: Mapping[str, Any], otherwise: object) -> str:
    given = (record.get(key) for key in ("id", "_id"))
    return str(next((name for name in given if name is not None), otherwise))


def _mapping(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = record.get(name)
    if isinstance(value, str) and value.startswith("{"):
        value = json.loads(value)
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[object]:
    if isinstance(value, str | int | float):
        return [value]
    if value is None or isinstance(value, bytes | Mapping):
        raise QuestionError(f"answers must be a text or a list of texts, got {value!r:.80}")
    # numpy arrays as well
    return [one for one in value if one is not None]
