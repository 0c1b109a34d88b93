"""The forms of a model's answers when it distils: every entry names the sources that it rests on."""

from collections.abc import Sequence
from types import GenericAlias
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, create_model

from skill_gym.skillbanks.teacher import MAX_PRINCIPLE_WORDS

_LEAST_WORDS = 4
"""Fewer are a heading and no rule; scripts without spaces are not counted by words."""


def _sentence(text: str) -> str:
    words = len(text.split())
    if words > MAX_PRINCIPLE_WORDS:
        raise ValueError(f"has {words} words; say it in at most {MAX_PRINCIPLE_WORDS}")
    if words < _LEAST_WORDS and text.isascii():
        raise ValueError(f"has {words} words; say in a sentence what to do")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=400)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=80)]
Rule = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=10, max_length=500), AfterValidator(_sentence)
]


class Entry(BaseModel):
    """One thing that is said, and the names of what it rests on."""

    model_config = ConfigDict(extra="forbid")

    sources: list[str]


class Pattern(Entry):
    """What solved episodes show."""

    decision: Line = Field(description="the point where another choice would have cost the episode")
    why: Line = Field(description="what was done there, and why it was right")
    rule: Rule = Field(description="what transfers to other tasks, in one or two sentences")
    when: Line = Field(description="the situation that calls for it")


class Failure(Entry):
    """What failed episodes teach."""

    wrong: Line = Field(description="where it failed, and the reasoning or action that was wrong")
    instead: Line = Field(description="what should have been done there")
    rule: Rule = Field(description="the general rule, in one or two sentences")
    when: Line = Field(description="the situation that calls for it")


class Merged(Entry):
    """Several lessons as one."""

    rule: Rule
    when: Line
    story: Line = Field(description="what happened in the episodes, in one sentence")


class SkillEntry(Entry):
    """A skill."""

    title: Title = Field(description="three to five words")
    principle: Rule = Field(description="one or two sentences that can be acted on")
    when_to_apply: Line


class MistakeEntry(Entry):
    """A mistake to avoid."""

    description: Rule = Field(description="what agents do wrong, in one sentence")
    why_it_happens: Line
    how_to_avoid: Rule = Field(description="what to do instead")
    task_type: str = Field(description="the kind of task that it belongs to, or all")


AnyEntry = TypeVar("AnyEntry", bound=Entry)


class Entries(BaseModel, Generic[AnyEntry]):
    """An answer: a list of entries."""

    model_config = ConfigDict(extra="forbid")

    entries: list[AnyEntry]


def form(
    entry: type[AnyEntry], sources: Sequence[str], most: int, task_types: Sequence[str] = ()
) -> type[Entries[AnyEntry]]:
    """The form of one answer: only known sources may be named, and at most so many entries made.

    Args:
        entry: What the entries are.
        sources: Names of the material that is shown.
        most: Number of entries, at least 1.
        task_types: Kinds of tasks that a mistake may belong to.
    """
    limits: dict[str, Any] = {
        "sources": (_list(_one_of(sources)), Field(min_length=1, max_length=len(sources)))
    }
    if task_types:
        limits["task_type"] = (_one_of(task_types), entry.model_fields["task_type"])
    narrowed: Any = create_model(entry.__name__, __base__=entry, **limits)
    entries: Any = (_list(narrowed), Field(min_length=1, max_length=most))
    made: type[Entries[AnyEntry]] = create_model(f"{entry.__name__}List", __base__=Entries, entries=entries)
    return made


def _one_of(names: Sequence[str]) -> Any:
    known: Any = Literal
    return known[tuple(names)]


def _list(item: Any) -> Any:
    return GenericAlias(list, (item,))
