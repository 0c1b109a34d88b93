"""What never changes in a game: receptacles, objects, their names, types, places and properties."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skill_gym.alfworld.formula import Atom, Formula, ProblemError, Unequal
from skill_gym.alfworld.goal import TESTS, Goal
from skill_gym.alfworld.problem import SIGNATURES, Problem

Action = tuple[str, str, str]
"""Verb and its one or two names (empty where there is none), e.g. ``("take", "mug 1", "shelf 2")``."""

PROPERTIES = (
    "pickupable",
    "cleanable",
    "heatable",
    "coolable",
    "toggleable",
    "sliceable",
    "isreceptacleobject",
)
"""Fixed properties of objects."""

FLAGS = ("isclean", "ishot", "iscool", "issliced", "istoggled", "opened")
"""Properties that change."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The unchanging part of a world, shared by all players of a game.

    Receptacles and objects go by the names that players read (``cabinet 6``); locations, which are never
    shown, by their ids.

    Attributes:
        receptacles: Names in the order in which they are listed.
        objects: Names in the order in which they are listed.
        kind: Type of each receptacle and object: lower case, without the final ``type``, e.g. ``fridge``.
        location: Location of each receptacle.
        at: Receptacles at each location, in listing order.
        openable: Receptacles with a door.
        properties: Objects with each of ``PROPERTIES``.
        accepts: For each receptacle, the kinds of object that may be put there.
        nested: Objects that each object holds inside (never changes; told by ``examine``).
        start: Location of the agent at the start.
        holding: Object in hand at the start, None in all official games.
        contents: Objects in each receptacle at the start.
        places: Locations of each object at the start, as ``objectAtLocation`` says (may differ from its
            receptacle's).
        flags: What has each of ``FLAGS`` at the start.
        order: Rank of each name in listings.
        ids: The problem's own id of each receptacle and object.
        formula: The goal, with the names that players read; variables start with ``?``.
        goal: The same, compiled.
        journeys: Cache of the actions that each location alone allows.
    """

    receptacles: tuple[str, ...]
    objects: tuple[str, ...]
    kind: Mapping[str, str]
    location: Mapping[str, str]
    at: Mapping[str, tuple[str, ...]]
    openable: frozenset[str]
    properties: Mapping[str, frozenset[str]]
    accepts: Mapping[str, frozenset[str]]
    nested: Mapping[str, tuple[str, ...]]
    start: str
    holding: str | None
    contents: Mapping[str, tuple[str, ...]]
    places: Mapping[str, frozenset[str]]
    flags: Mapping[str, frozenset[str]]
    order: Mapping[str, int]
    ids: Mapping[str, str]
    formula: Formula
    goal: Goal = field(compare=False, repr=False)
    journeys: dict[str, dict[str, Action]] = field(default_factory=dict, compare=False, repr=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Layout":
        """Itself: nothing in it changes (``journeys`` only fills up)."""
        return self

    @classmethod
    def of(cls, problem: Problem) -> "Layout":
        """Names everything and sorts the facts of a problem.

        Raises:
            ProblemError: A receptacle without exactly one type and location, no agent or two, or two things
                in hand.
        """
        facts = {name: problem.facts.get(name, ()) for name in SIGNATURES}
        entities = {term for rows in problem.facts.values() for row in rows for term in row}
        raw = sorted(name for name in entities if problem.types[name] in ("receptacle", "object"))
        names = _display_names(raw)
        receptacles = [name for name in raw if problem.types[name] == "receptacle"]
        location = _one_each("receptacleatlocation", facts["receptacleatlocation"], receptacles)
        kind = {
            **_one_each("receptacletype", facts["receptacletype"], receptacles),
            **{name: "" for name in raw if problem.types[name] == "object"},
            **_one_each("objecttype", facts["objecttype"], ()),
        }
        kind = {name: value.removesuffix("type") for name, value in kind.items()}
        accepts: dict[str, set[str]] = defaultdict(set)
        for receptacle_type, object_type in facts["cancontain"]:
            accepts[receptacle_type.removesuffix("type")].add(object_type.removesuffix("type"))
        shared = {name: frozenset(kinds) for name, kinds in accepts.items()}
        formula = _rename(problem.goal, names)
        start = [place for _, place in facts["atlocation"]]
        held = [names[name] for _, name in facts["holds"]]
        if len(start) != 1:
            raise ProblemError(f"init: expected one (atLocation agent1 place), got {len(start)}")
        if len(held) > 1:
            raise ProblemError(f"init: one object in hand at most, got {', '.join(held)}")
        return cls(
            receptacles=tuple(names[name] for name in receptacles),
            objects=tuple(names[name] for name in raw if problem.types[name] == "object"),
            kind={names[name]: value for name, value in kind.items()},
            location={names[name]: place for name, place in location.items()},
            at=_gather((location[name], names[name]) for name in receptacles),
            openable=frozenset(names[name] for (name,) in facts["openable"]),
            properties={prop: frozenset(names[name] for (name,) in facts[prop]) for prop in PROPERTIES},
            accepts={names[name]: shared.get(kind[name], frozenset()) for name in receptacles},
            nested=_gather(
                (names[outer], names[inner]) for inner, outer in sorted(facts["inreceptacleobject"])
            ),
            start=start[0],
            holding=held[0] if held else None,
            contents={
                **{names[name]: () for name in receptacles},
                **_gather((names[place], names[name]) for name, place in sorted(facts["inreceptacle"])),
            },
            places={
                name: frozenset(places)
                for name, places in _gather(
                    (names[o], place) for o, place in facts["objectatlocation"]
                ).items()
            },
            flags={flag: frozenset(names[name] for (name,) in facts[flag]) for flag in FLAGS},
            order={names[name]: rank for rank, name in enumerate(raw)},
            ids={names[name]: name for name in raw},
            formula=formula,
            goal=_goal(formula, problem, names),
        )


def _display_names(ids: Sequence[str]) -> dict[str, str]:
    """``cabinet 6`` and so on: numbers fall along the sorted ids, so the first id gets the highest."""
    bases = {}
    for name in ids:
        base, mark, _ = name.partition("_bar_")
        if not mark:
            raise ProblemError(f"init: {name} cannot be named; ids look like mug_bar_1_bar_2 (type first)")
        bases[name] = base + "basin" if "basin" in name else base
    left = Counter(bases.values())
    names = {}
    for name in ids:
        base = bases[name]
        names[name] = f"{base} {left[base]}"
        left[base] -= 1
    return names


def _one_each(predicate: str, rows: Iterable[tuple[str, ...]], wanted: Iterable[str]) -> dict[str, str]:
    """The second term by the first, where every wanted name must occur exactly once."""
    values: dict[str, str] = {}
    for name, value in rows:
        if name in values:
            raise ProblemError(
                f"init: {name} has two facts {predicate}: {values[name]} and {value}; keep one"
            )
        values[name] = value
    for name in wanted:
        if name not in values:
            raise ProblemError(f"init: {name} has no fact {predicate}")
    return values


def _gather(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """All second parts by first part, in the order given."""
    values: dict[str, list[str]] = defaultdict(list)
    for key, value in pairs:
        values[key].append(value)
    return {key: tuple(found) for key, found in values.items()}


def _rename(formula: Formula, names: Mapping[str, str]) -> Formula:
    return Formula(
        formula.variables,
        tuple(
            Atom(atom.predicate, tuple(names.get(term, term) for term in atom.terms))
            for atom in formula.atoms
        ),
        tuple(
            Unequal(names.get(pair.left, pair.left), names.get(pair.right, pair.right))
            for pair in formula.unequal
        ),
    )


def _goal(formula: Formula, problem: Problem, names: Mapping[str, str]) -> Goal:
    """Compiles the goal against what never changes, in the names that players read."""
    static = {
        predicate: tuple(
            tuple(names.get(term, term) for term in row) for row in problem.facts.get(predicate, ())
        )
        for predicate in {atom.predicate for atom in formula.atoms}
        if predicate in SIGNATURES and predicate not in TESTS
    }
    wanted = set(formula.variables.values())
    by_type = _gather((kind, names.get(name, name)) for name, kind in problem.types.items() if kind in wanted)
    return Goal(formula, names=by_type, static=static)
