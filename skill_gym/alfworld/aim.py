"""What a goal asks for, read from its formula: one object brought, two delivered, or a look under a lamp."""

from dataclasses import dataclass

from skill_gym.alfworld.formula import Formula
from skill_gym.alfworld.layout import PROPERTIES, Layout

STATES = {"isclean": "clean", "ishot": "hot", "iscool": "cool", "issliced": "sliced"}
"""Goal predicates of a changing object to the attribute of ``World`` that keeps it."""


@dataclass(frozen=True, slots=True)
class Aim:
    """The goal in terms of what fits where.

    Attributes:
        objects: Names of the objects that fit; for two, any two of them.
        receptacles: Receptacles to bring them to; empty for a look under a lamp.
        states: What an object must be, of ``clean``, ``hot``, ``cool``, ``sliced``.
        count: How many objects must be in one receptacle.
        lamps: Lamps that fit; empty unless the goal is a look under a lamp.
    """

    objects: tuple[str, ...]
    receptacles: tuple[str, ...]
    states: frozenset[str]
    count: int = 1
    lamps: tuple[str, ...] = ()


def read_aim(layout: Layout) -> Aim | None:
    """Reads a goal of one of ALFWorld's six shapes, however its variables are named and its atoms ordered.

    Returns:
        The aim, or None for a goal of another shape.
    """
    formula = layout.formula
    inside = [atom.terms for atom in formula.atoms if atom.predicate == "inreceptacle"]
    held = [atom.terms[1] for atom in formula.atoms if atom.predicate == "holds"]
    lit = [atom.terms[0] for atom in formula.atoms if atom.predicate == "istoggled"]
    if len(held) == 1 and len(lit) == 1 and len(inside) == 1 and inside[0][0] == lit[0]:
        return Aim(_fitting(layout, held[0]), (), _states(formula, held[0]), lamps=_fitting(layout, lit[0]))
    if held or lit or not 1 <= len(inside) <= 2:
        return None
    targets = {receptacle for _, receptacle in inside}
    items = [item for item, _ in inside]
    if len(targets) != 1 or len(set(items)) != len(items) or len(formula.unequal) != len(items) - 1:
        return None
    # Two objects are alike in every goal of ALFWorld; what differs would need a search over roles.
    if len({(_fitting(layout, item), _states(formula, item)) for item in items}) != 1:
        return None
    receptacles = _fitting(layout, targets.pop())
    return Aim(_fitting(layout, items[0]), receptacles, _states(formula, items[0]), count=len(items))


def _states(formula: Formula, variable: str) -> frozenset[str]:
    return frozenset(
        STATES[atom.predicate]
        for atom in formula.atoms
        if atom.predicate in STATES and atom.terms[0] == variable
    )


def _fitting(layout: Layout, variable: str) -> tuple[str, ...]:
    """Names that have the type and the fixed properties which the formula asks of a variable."""
    if not variable.startswith("?"):
        return (variable,)
    names = layout.receptacles if layout.formula.variables[variable] == "receptacle" else layout.objects
    for atom in layout.formula.atoms:
        if atom.terms[0] != variable:
            continue
        if atom.predicate in ("objecttype", "receptacletype"):
            wanted = atom.terms[1].removesuffix("type")
            names = tuple(name for name in names if layout.kind[name] == wanted)
        elif atom.predicate in PROPERTIES:
            names = tuple(name for name in names if name in layout.properties[atom.predicate])
        elif atom.predicate == "openable":
            names = tuple(name for name in names if name in layout.openable)
    return names
