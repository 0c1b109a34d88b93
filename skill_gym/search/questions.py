"""What is asked: the one record of a question, whatever file it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

QueryType = Literal["direct_retrieval", "multi_hop_reasoning", "entity_attribute_lookup", "comparison"]
"""The task types, which are the banks' categories as well (SkillRL's names)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with its accepted answers.

    Attributes:
        id: Unique within its data source.
        data_source: Name of the set, without the prefix ``searchR1_``; of generated ones the kind.
        question: The text.
        answers: Accepted answers, at least one; none of them is empty after normalisation.
        answer_type: ``set`` when all of the answers have to be named (see ``reward.f1``).
        split: As the data say, "" if they do not.
        query_type: The task type where the data tell it, None where it has to be read from the text.
        metadata: Anything else, such as ``supporting_ids`` (gold passages), ``hops``, ``kind``, ``path``.
    """

    id: str
    data_source: str
    question: str
    answers: tuple[str, ...]
    answer_type: Literal["single", "set"] = "single"
    split: str = ""
    query_type: QueryType | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)


def task_id(question: Question) -> str:
    """The id of the task that asks it: ``<data source>/<question id>``."""
    return f"{question.data_source}/{question.id}"
