"""Ids of new entries: those of evolution, and those that released banks begin with."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import EVOLVED_PREFIX, Mistake, Skill

Numbering = Literal["evolved", "released"]
"""``evolved`` gives skills ``dyn_NNN``; ``released`` gives general ones ``gen_NNN`` and those of a category
its first three letters (``hea_NNN``). Mistakes are ``err_NNN`` in both."""


def new_ids(bank: SkillBank, entries: Sequence[Skill | Mistake], numbering: Numbering) -> list[str]:
    """Ids for new entries, above every number that the bank uses with the same letters.

    Args:
        bank: The bank that they will enter.
        entries: Whose kind and category decide; their ids do not.
        numbering: The convention.
    """
    prefixes = [_prefix(entry, numbering) for entry in entries]
    fresh = {prefix: iter(bank.fresh_ids(count, prefix)) for prefix, count in Counter(prefixes).items()}
    return [next(fresh[prefix]) for prefix in prefixes]


def _prefix(entry: Skill | Mistake, numbering: Numbering) -> str:
    if isinstance(entry, Mistake):
        return "err"
    if numbering == "evolved":
        return EVOLVED_PREFIX
    if entry.category is None:
        return "gen"
    letters = "".join(letter for letter in entry.category.casefold() if letter.isalnum()) or "cat"
    # A category named "dynamic" does not make its skills evolved ones.
    return letters[:4] if letters[:3] in ("gen", "err", EVOLVED_PREFIX) else letters[:3]
