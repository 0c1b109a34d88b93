"""Texts of an entry as a page shows them: by name, long ones folded, two of them side by side."""

import json

from skill_gym.benchmarks.bank_page.markup import Markup, join, tag, visible
from skill_gym.benchmarks.bank_page.text_difference import side_by_side
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.skillrl_format import write_entry

NAMES = {
    "title": "Title",
    "principle": "Principle",
    "when_to_apply": "When to apply",
    "example": "Example",
    "description": "Mistake",
    "why_it_happens": "Why it happens",
    "how_to_avoid": "How to avoid it",
}
LONG = 2000
"""Characters above which a text is folded."""


def fields_of(entry: Skill | Mistake) -> dict[str, str]:
    """The texts of an entry that a model may be shown, by name; empty ones left out."""
    return {name: text for name in NAMES if (text := getattr(entry, name, None))}


def folded(text: str) -> Markup:
    """A text; the rest of a long one is folded away."""
    if len(text) <= LONG:
        return visible(text)
    rest = tag("details", tag("summary", f"{len(text) - LONG:,} more characters"), visible(text[LONG:]))
    return join(visible(text[:LONG]), "…", rest)


def field_changes(before: Skill | Mistake, after: Skill | Mistake) -> Markup:
    """Two texts of an entry side by side, the fields that differ."""
    old, new = _comparable(before), _comparable(after)
    rows = []
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) == new.get(name):
            continue
        left, right = side_by_side(old.get(name, ""), new.get(name, ""))
        rows.append(
            tag(
                "tr",
                tag("th", visible(NAMES.get(name, name)), scope="row"),
                tag("td", left, dir="auto"),
                tag("td", right, dir="auto"),
            )
        )
    head = tag(
        "tr",
        tag("th", "Field", scope="col"),
        tag("th", "Before", scope="col"),
        tag("th", "After", scope="col"),
    )
    return tag("table", tag("thead", head), tag("tbody", rows), class_="sides")


def _comparable(entry: Skill | Mistake) -> dict[str, str]:
    rest = {
        name: value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False)
        for name, value in write_entry(entry).items()
        if name not in NAMES and name not in ("skill_id", "mistake_id")
    }
    return {**fields_of(entry), "category": entry.category or "", **rest}
