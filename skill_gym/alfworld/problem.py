"""Reads the PDDL problem of a game: declared names, facts at the start, goal."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from skill_gym.alfworld.formula import Formula, ProblemError, parse_goal, typed_list

__all__ = ["SIGNATURES", "Problem", "ProblemError", "parse_problem"]

SIGNATURES: Mapping[str, tuple[str, ...]] = {
    "atlocation": ("agent", "location"),
    "receptacleatlocation": ("receptacle", "location"),
    "objectatlocation": ("object", "location"),
    "openable": ("receptacle",),
    "opened": ("receptacle",),
    "inreceptacle": ("object", "receptacle"),
    "isreceptacleobject": ("object",),
    "inreceptacleobject": ("object", "object"),
    "receptacletype": ("receptacle", "rtype"),
    "objecttype": ("object", "otype"),
    "cancontain": ("rtype", "otype"),
    "holds": ("agent", "object"),
    "holdsany": ("agent",),
    "pickupable": ("object",),
    "cleanable": ("object",),
    "heatable": ("object",),
    "coolable": ("object",),
    "toggleable": ("object",),
    "sliceable": ("object",),
    "isclean": ("object",),
    "ishot": ("object",),
    "iscool": ("object",),
    "istoggled": ("object",),
    "issliced": ("object",),
}
"""Types of the terms of each predicate that a text, a precondition or a goal reads (lower case)."""

_UNREAD = frozenset(
    {
        "checked",
        "examined",
        "full",
        "holdsanyreceptacleobject",
        "ison",
        "isreceptacleobjectfull",
        "moveable",
        "wasinreceptacle",
    }
)
_SECTION = re.compile(r"\(\s*:([a-z]+)")
_FACT = re.compile(r"\(\s*([^\s()]+)([^()]*)\)")


@dataclass(frozen=True, slots=True)
class Problem:
    """A parsed problem; all names are lower case.

    Attributes:
        types: Type (agent, location, receptacle, object, rtype, otype) of each declared name.
        facts: Terms of the facts that hold at the start, by predicate.
        goal: What is to be reached.
    """

    types: Mapping[str, str]
    facts: Mapping[str, tuple[tuple[str, ...], ...]]
    goal: Formula


def parse_problem(text: str) -> Problem:
    """Parses a problem of the ALFRED domain.

    Args:
        text: The whole ``(define (problem ...) ...)``, any case, with or without ``;`` comments.

    Raises:
        ProblemError: A section is missing, a fact malformed, of the wrong types or about an undeclared name,
            or the goal is outside the subset.
    """
    text = text.lower()
    if ";" in text:
        text = re.sub(r";[^\n]*", "", text)
    sections = _sections(text)
    types = dict(typed_list(sections["objects"].split()))
    facts: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for predicate, rest in _FACT.findall(sections["init"]):
        terms = tuple(rest.split())
        signature = SIGNATURES.get(predicate)
        if signature is None:
            if predicate not in _UNREAD:
                raise ProblemError(f"init: unknown predicate {predicate!r} in ({predicate}{rest})")
            continue
        if len(terms) != len(signature):
            raise ProblemError(f"init: {predicate} takes {len(signature)} terms, got ({predicate}{rest})")
        facts[predicate].append(terms)
    leftover = _FACT.sub("", sections["init"]).strip()
    if leftover:
        raise ProblemError(f"init: expected facts like (predicate name ...), got {leftover[:60]!r}")
    _check_types(types, facts)
    return Problem(
        types,
        {name: tuple(dict.fromkeys(rows)) for name, rows in facts.items()},
        parse_goal(sections["goal"]),
    )


def _sections(text: str) -> dict[str, str]:
    """The inside of ``(:objects ...)``, ``(:init ...)`` and ``(:goal ...)``."""
    if text.count("(") != text.count(")"):
        raise ProblemError(
            f"parentheses do not match: {text.count('(')} open, {text.count(')')} close; is the text cut off?"
        )
    starts = list(_SECTION.finditer(text))
    bodies = {}
    for number, start in enumerate(starts):
        last = number + 1 == len(starts)
        body = text[start.end() : len(text) if last else starts[number + 1].start()].rstrip()
        closing = r"\)\s*\)$" if last else r"\)$"
        trimmed = re.sub(closing, "", body[-40:])
        if len(trimmed) == len(body[-40:]):
            raise ProblemError(f"section :{start[1]} does not end with a parenthesis")
        bodies[start[1]] = body[:-40] + trimmed
    for name in ("objects", "init", "goal"):
        if name not in bodies:
            raise ProblemError(f"section (:{name} ...) is missing")
    return bodies


def _check_types(types: Mapping[str, str], facts: Mapping[str, list[tuple[str, ...]]]) -> None:
    for predicate, rows in facts.items():
        for place, wanted in enumerate(SIGNATURES[predicate]):
            for name in {row[place] for row in rows}:
                if types.get(name) != wanted:
                    declared = types.get(name, "not declared in :objects")
                    raise ProblemError(f"init: {predicate} takes a {wanted}, but {name} is {declared}")
