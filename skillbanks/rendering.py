"""The skill block of a prompt, under a hard token budget."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from skill_gym.skillbanks.retrieval import Retrieved
from skill_gym.skillbanks.skill import Mistake, Skill

HEADING = "Skills learned from earlier episodes"
_SECTION_WEIGHTS = (1.0, 1.0, 0.5)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A skill block and what became of each skill.

    Attributes:
        text: The block without a final newline; "" when nothing is shown.
        skill_ids: Ids of the shown entries in their order.
        dropped_skill_ids: Ids of the entries left out for the budget, in the order they would have had.
        tokens: What the block costs, by the tokenizer that was given; 0 for the empty block.
    """

    text: str
    skill_ids: tuple[str, ...]
    dropped_skill_ids: tuple[str, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class _Item:
    id: str
    section: int
    text: str
    value: float


def about_tokens(text: str) -> int:
    """An estimate for when there is no tokenizer: one token for every five bytes of UTF-8, rounded up."""
    return math.ceil(len(text.encode()) / 5)


def render(
    retrieved: Retrieved,
    *,
    max_tokens: int = 2000,
    count_tokens: Callable[[str], int] = about_tokens,
    show_ids: bool = False,
    include_examples: bool = False,
) -> Rendered:
    """Writes the skills of a task as text: general ones, those of the task type, mistakes.

    The same arguments give the same bytes. If the whole does not fit, entries are left out, the lowest value
    per token first, where an entry's value falls with its rank in its section from 1 to one half (mistakes
    count half); the last entry of a section goes only when every section is down to one. It is the finished
    text that is measured, never a sum of parts, so that the budget holds for any tokenizer.

    Args:
        retrieved: The skills, in order of importance.
        max_tokens: Budget for the whole block, headings included.
        count_tokens: Number of tokens of a text, by the policy's tokenizer.
        show_ids: Write each entry's id before it, so that an agent can cite it.
        include_examples: Write the examples of skills that have one.

    Raises:
        ValueError: The budget is negative.
    """
    if max_tokens < 0:
        raise ValueError(f"max_tokens must be at least 0, got {max_tokens}; pass 0 to show no skills")
    sections: tuple[tuple[Skill | Mistake, ...], ...] = (
        retrieved.general,
        retrieved.task_specific,
        retrieved.mistakes,
    )
    items = [
        _Item(
            entry.id,
            section,
            _line(entry, show_ids, include_examples),
            _SECTION_WEIGHTS[section] * (1 - rank / (2 * len(entries))),
        )
        for section, entries in enumerate(sections)
        for rank, entry in enumerate(entries)
    ]
    headings = _headings(retrieved.category)

    def attempt(kept: list[_Item]) -> Rendered:
        text = _block(kept, headings)
        shown = {id(item) for item in kept}
        return Rendered(
            text=text,
            skill_ids=tuple(item.id for item in kept),
            dropped_skill_ids=tuple(item.id for item in items if id(item) not in shown),
            tokens=count_tokens(text) if text else 0,
        )

    whole = attempt(items)
    if whole.tokens <= max_tokens:
        return whole
    order = _dropping_order(items, count_tokens)

    def after(drops: int) -> Rendered:
        gone = {id(item) for item in order[:drops]}
        return attempt([item for item in items if id(item) not in gone])

    low, high = 1, len(order)
    while low < high:
        middle = (low + high) // 2
        if after(middle).tokens <= max_tokens:
            high = middle
        else:
            low = middle + 1
    # The search found a text that fits: the last one it measured as fitting, or the empty one.
    return after(low)


def _dropping_order(items: list[_Item], count_tokens: Callable[[str], int]) -> list[_Item]:
    worth = {id(item): item.value / max(1, count_tokens(item.text)) for item in items}
    place = {id(item): index for index, item in enumerate(items)}
    # Of equal worth the later one goes first.
    cheapest = sorted(items, key=lambda item: (worth[id(item)], -place[id(item)]))
    last = {item.section: item for item in cheapest}
    spare = [item for item in cheapest if last[item.section] is not item]
    # General skills outlast those of the task type, and these the mistakes.
    return [*spare, *sorted(last.values(), key=lambda item: -item.section)]


def _block(items: list[_Item], headings: tuple[str, ...]) -> str:
    if not items:
        return ""
    lines = [f"{HEADING}:"]
    for section, heading in enumerate(headings):
        entries = [item.text for item in items if item.section == section]
        lines += [heading, *entries] if entries else []
    return "\n".join(lines)


def _headings(category: str | None) -> tuple[str, ...]:
    kind = category.replace("_", " ") if category else "this kind of"
    return ("In every task:", f"In {kind} tasks:", "Mistakes and what to do instead:")


def _line(entry: Skill | Mistake, show_ids: bool, include_examples: bool) -> str:
    if isinstance(entry, Skill):
        text = f"{entry.title}: {entry.principle}"
        if include_examples and entry.example:
            text += f" Example: {entry.example}"
    else:
        text = f"{entry.description} Instead: {entry.how_to_avoid}"
    # One entry, one line, whatever the bank's own line breaks.
    return f"- {f'[{entry.id}] ' if show_ids else ''}{' '.join(text.split())}"
