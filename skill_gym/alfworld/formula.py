"""The goal of a problem as it is written: a closed formula and its reader."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

_TOKEN = re.compile(r"[()]|[^\s()]+")


class ProblemError(ValueError):
    """A problem text is outside the PDDL subset of ALFWorld; the message says where."""


class Atom(NamedTuple):
    """``(predicate term ...)``; a term that starts with ``?`` is a variable."""

    predicate: str
    terms: tuple[str, ...]


class Unequal(NamedTuple):
    """``(not (= left right))``."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Formula:
    """A conjunction under existential quantifiers, brought to the front (all variables differ).

    Attributes:
        variables: Type of each variable, by name.
        atoms: What must hold, all positive.
        unequal: Pairs that must differ.
    """

    variables: Mapping[str, str]
    atoms: tuple[Atom, ...]
    unequal: tuple[Unequal, ...]


def parse_goal(text: str) -> Formula:
    """Reads a goal of ``and``, ``exists`` over typed variables, atoms and ``(not (= a b))``.

    Args:
        text: The formula itself, lower case, without the ``(:goal`` around it.

    Raises:
        ProblemError: Any other construct, a free variable or a parenthesis too many or too few.
    """
    tokens = _TOKEN.findall(text)
    tree, end = _tree(tokens, 0)
    if end != len(tokens):
        raise ProblemError(f"goal: expected one formula, got {' '.join(tokens[end : end + 6])!r} after it")
    variables: dict[str, str] = {}
    atoms: list[Atom] = []
    unequal: list[Unequal] = []
    _flatten(tree, {}, variables, atoms, unequal)
    return Formula(variables, tuple(atoms), tuple(unequal))


def _tree(tokens: Sequence[str], start: int) -> tuple[Any, int]:
    """The expression that starts at a token, as nested lists, and the position after it."""
    if start >= len(tokens) or tokens[start] == ")":
        raise ProblemError("goal: parentheses do not match")
    if tokens[start] != "(":
        return tokens[start], start + 1
    parts, position = [], start + 1
    while position < len(tokens) and tokens[position] != ")":
        part, position = _tree(tokens, position)
        parts.append(part)
    if position >= len(tokens):
        raise ProblemError("goal: parentheses do not match")
    return parts, position + 1


def _flatten(
    tree: Any,
    scope: Mapping[str, str],
    variables: dict[str, str],
    atoms: list[Atom],
    unequal: list[Unequal],
) -> None:
    """Adds a subformula to the conjunction; ``scope`` maps its variables to their unique names."""

    def term(name: Any) -> str:
        if not isinstance(name, str):
            raise ProblemError(f"goal: expected a name, got {name!r}")
        if not name.startswith("?"):
            return name
        if name not in scope:
            raise ProblemError(f"goal: variable {name} is not bound by any exists")
        return scope[name]

    match tree:
        case []:
            return
        case ["and", *parts]:
            for part in parts:
                _flatten(part, scope, variables, atoms, unequal)
        case ["exists", [*declared], body]:
            inner = dict(scope)
            for name, kind in typed_list([str(word) for word in declared]):
                inner[name] = f"{name}.{len(variables)}"
                variables[inner[name]] = kind
            _flatten(body, inner, variables, atoms, unequal)
        case ["not", ["=", left, right]]:
            unequal.append(Unequal(term(left), term(right)))
        case [str(predicate), *terms] if predicate not in (
            "not",
            "or",
            "forall",
            "imply",
            "when",
            "exists",
            "=",
        ):
            atoms.append(Atom(predicate, tuple(term(name) for name in terms)))
        case _:
            raise ProblemError(
                f"goal: cannot read {str(tree)[:80]}; "
                "known are (and ...), (exists (?v - type) ...), (not (= a b)) and atoms"
            )


def typed_list(words: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of name and type from a PDDL typed list, e.g. ``a b - object c - location``.

    Raises:
        ProblemError: A name without a type.
    """
    pairs: list[tuple[str, str]] = []
    waiting: list[str] = []
    position = 0
    while position < len(words):
        if words[position] == "-":
            if position + 1 == len(words) or not waiting:
                raise ProblemError(
                    f"typed list: '-' without names or type near {words[max(0, position - 2) :][:4]}"
                )
            pairs += [(name, words[position + 1]) for name in waiting]
            waiting = []
            position += 2
        else:
            waiting.append(words[position])
            position += 1
    if waiting:
        raise ProblemError(f"typed list: no type given for {waiting[0]!r}; expected 'name - type'")
    return pairs
