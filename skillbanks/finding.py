"""What a lint rule says about a text."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

EXCERPT = 80
"""Most characters of an excerpt."""


class Severity(StrEnum):
    """How bad a finding is: an error keeps an entry out of a bank, a warning asks for a look at it."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding before it is known to which entry and field it belongs."""

    rule: str
    severity: Severity
    excerpt: str
    mend: str


Rule = Callable[[str], Iterable[Hit]]
"""Reads one text and says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with an entry.

    Attributes:
        entry_id: The entry; for a proposal, which has no id yet, its title.
        field: Name of the field; "" when it takes several fields together.
        rule: Name of the rule.
        severity: Whether it keeps the entry out.
        excerpt: The place, printable ASCII escapes for what cannot be seen; a secret is masked.
        mend: What to do.
    """

    entry_id: str
    field: str
    rule: str
    severity: Severity
    excerpt: str
    mend: str

    def __str__(self) -> str:
        where = f"{self.entry_id}: {self.field}" if self.field else self.entry_id
        return f"{where}: {self.severity} ({self.rule}): {self.excerpt!r}; {self.mend}"


def error(rule: str, excerpt: str, mend: str) -> Hit:
    """A hit that keeps the entry out."""
    return Hit(rule, Severity.ERROR, shown(excerpt), mend)


def warning(rule: str, excerpt: str, mend: str) -> Hit:
    """A hit that asks for a look."""
    return Hit(rule, Severity.WARNING, shown(excerpt), mend)


def shown(text: str) -> str:
    """An excerpt that is safe to print: one line, cut to ``EXCERPT``, what cannot be seen as escapes."""
    visible = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text[: 2 * EXCERPT].replace("\n", " ")
    )
    return visible if len(visible) <= EXCERPT else visible[: EXCERPT - 3] + "..."
