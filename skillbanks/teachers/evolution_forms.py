"""The forms of a model's answers when a bank evolves: causes of failures, and changes to the bank."""

from collections.abc import Sequence
from types import GenericAlias
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from skill_gym.skillbanks.teachers.distil_forms import Entry, Line, Rule, Title

GENERAL = "general"
"""The task type of what holds for all tasks."""


class CauseEntry(Entry):
    """Why episodes failed."""

    cause: Line = Field(description="why they failed, in a few words")
    story: Line = Field(description="at which step, and what was done there")
    instead: Rule = Field(description="what would have prevented it, in one or two sentences")


class NewSkill(Entry):
    """A skill that the bank lacks."""

    task_type: str
    cause: Line = Field(description="the cause of failure that it answers, in a few words")
    title: Title = Field(description="three to five words")
    principle: Rule = Field(description="one or two sentences that can be acted on")
    when_to_apply: Line


class NewMistake(Entry):
    """A mistake that the bank does not warn of."""

    task_type: str
    description: Rule = Field(description="what agents do wrong, in one sentence")
    why_it_happens: Line
    how_to_avoid: Rule = Field(description="what to do instead")


class Revision(Entry):
    """Better words for a skill of the bank."""

    replaces: str
    cause: Line = Field(description="what its present words led to, or did not prevent")
    title: Title
    principle: Rule
    when_to_apply: Line


class Retirement(Entry):
    """An entry of the bank that does harm, or does not hold."""

    id: str
    reason: Line


class Changes(BaseModel):
    """What is to become of a bank."""

    model_config = ConfigDict(extra="forbid")

    skills: list[NewSkill]
    mistakes: list[NewMistake]
    revisions: list[Revision]
    retirements: list[Retirement]


def changes_form(
    sources: Sequence[str],
    task_types: Sequence[str],
    skill_ids: Sequence[str],
    retirable: Sequence[str],
    most: int,
) -> type[Changes]:
    """The form of one answer: it can cite only what was shown, and change only what is in the bank.

    Args:
        sources: Names of the episodes or causes that are shown, at least one.
        task_types: Those of the episodes, by the names that the question uses.
        skill_ids: Of the bank's skills that are shown; only they can be revised.
        retirable: Of the entries that can be retired.
        most: Skills, and as many mistakes, revisions and retirements, at least 1.
    """
    cited = (_list(_one_of(sources)), Field(min_length=1, max_length=len(sources)))
    kind = (_one_of([GENERAL, *task_types]), ...)
    items: dict[str, tuple[type[Entry], int, dict[str, Any]]] = {
        "skills": (NewSkill, most, {"task_type": kind}),
        "mistakes": (NewMistake, most, {"task_type": kind}),
        "revisions": (Revision, most if skill_ids else 0, {"replaces": (_one_of(skill_ids), ...)}),
        "retirements": (Retirement, most if retirable else 0, {"id": (_one_of(retirable), ...)}),
    }
    fields: dict[str, Any] = {}
    for name, (entry, limit, narrow) in items.items():
        narrowed = create_model(entry.__name__, __base__=entry, sources=cited, **(narrow if limit else {}))
        fields[name] = (_list(narrowed), Field(max_length=limit))
    made: type[Changes] = create_model("Changes", __base__=Changes, **fields)
    return made


def _one_of(names: Sequence[str]) -> Any:
    known: Any = Literal
    return known[tuple(names)] if names else str


def _list(item: Any) -> Any:
    return GenericAlias(list, (item,))
