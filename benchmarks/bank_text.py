"""Entries as lines of text: of a terminal, and of a file of JSON lines."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from skill_gym.skillbanks.bank import BankError
from skill_gym.skillbanks.lint import Lint
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.skillrl_format import read_mistake, read_skill, write_entry


def shown(text: str) -> str:
    """A line as a terminal may have it: control characters of a skill's text are spelt out."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def sentence(entry: Skill | Mistake) -> str:
    """What an entry says, in short."""
    if isinstance(entry, Mistake):
        return f"{entry.description} {entry.how_to_avoid}"
    return f"{entry.title}: {entry.principle}"


def entry_line(entry: Skill | Mistake) -> str:
    """An entry as one line of JSON: its object in a bank file, a skill's with its category."""
    fields = write_entry(entry)
    if isinstance(entry, Skill) and entry.category is not None:
        fields["category"] = entry.category
    return json.dumps(fields)


def lines_of(path: Path) -> Iterator[Skill | Mistake]:
    """The entries of a file of such lines, one after the other.

    Raises:
        BankError: A line is no entry; the message names file, line and field.
    """
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            try:
                fields = json.loads(line)
            except ValueError as error:
                raise BankError(f"{where}: not JSON ({error}); write one entry a line") from error
            if isinstance(fields, dict) and "mistake_id" in fields:
                yield read_mistake(fields, where)
            else:
                category = fields.pop("category", None) if isinstance(fields, dict) else None
                if category is not None and not isinstance(category, str):
                    raise BankError(f"{where}: category must be a string; correct the value")
                yield read_skill(fields, where, category)


def lint_refusal(entries: Iterable[Skill | Mistake]) -> str:
    """Which of the entries the lint keeps out of a bank, the first one, and why; "" for none."""
    lint = Lint()
    for entry in entries:
        if errors := lint.errors(entry):
            return f"the lint keeps {entry.id!r} out: {errors[0].rule} ({errors[0].excerpt!r})"
    return ""
