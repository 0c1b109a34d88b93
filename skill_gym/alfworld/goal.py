"""Tells in microseconds whether the goal of a game holds."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skill_gym.alfworld.formula import Atom, Formula, ProblemError, Unequal

Test = Callable[..., bool]


def _at(state: Any, agent: str, location: str) -> bool:
    return bool(state.location == location)


def _object_at(state: Any, item: str, location: str) -> bool:
    return location in state.places.get(item, ())


def _in(state: Any, item: str, receptacle: str) -> bool:
    return item in state.contents.get(receptacle, ())


def _holds(state: Any, agent: str, item: str) -> bool:
    return bool(state.holding == item)


def _holds_any(state: Any, agent: str) -> bool:
    return state.holding is not None


def _opened(state: Any, receptacle: str) -> bool:
    return receptacle in state.opened


def _clean(state: Any, item: str) -> bool:
    return item in state.clean


def _hot(state: Any, item: str) -> bool:
    return item in state.hot


def _cool(state: Any, item: str) -> bool:
    return item in state.cool


def _sliced(state: Any, item: str) -> bool:
    return item in state.sliced


def _toggled(state: Any, item: str) -> bool:
    return item in state.toggled


TESTS: Mapping[str, Test] = {
    "atlocation": _at,
    "objectatlocation": _object_at,
    "inreceptacle": _in,
    "holds": _holds,
    "holdsany": _holds_any,
    "opened": _opened,
    "isclean": _clean,
    "ishot": _hot,
    "iscool": _cool,
    "issliced": _sliced,
    "istoggled": _toggled,
}
"""How a world tells each fact that changes: functions ``(world, *terms) -> bool``."""


@dataclass(slots=True)
class _Level:
    """One variable of the search: where its values come from and what is tested once it is bound."""

    variable: str
    values: Sequence[str] = ()
    key: str | None = None
    """Variable bound before that decides the values by ``index``."""
    index: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tests: list[tuple[Test, tuple[str, ...]]] = field(default_factory=list)
    unequal: list[Unequal] = field(default_factory=list)


class Goal:
    """A formula compiled against the facts that never change.

    Args:
        formula: What must hold.
        names: Names declared for each type, over which variables range.
        static: Facts that never change, by predicate.

    Attributes:
        watched: The changing predicates that the goal reads; while none of them changes, nor does the answer.

    Raises:
        ProblemError: A predicate is neither static nor changes (``TESTS``).
    """

    def __init__(
        self,
        formula: Formula,
        *,
        names: Mapping[str, Sequence[str]],
        static: Mapping[str, Collection[tuple[str, ...]]],
    ) -> None:
        for atom in formula.atoms:
            if atom.predicate not in static and atom.predicate not in TESTS:
                known = ", ".join(sorted({*static, *TESTS}))
                raise ProblemError(f"goal: no state has the predicate {atom.predicate!r}; known are {known}")
        self.watched = frozenset(atom.predicate for atom in formula.atoms if atom.predicate in TESTS)
        self._parts = [_compile(part, names, static) for part in _components(formula)]

    def holds(self, state: object) -> bool:
        """Whether the goal holds in the present state of a world."""
        return all(_search(state, levels, 0, {}) for levels in self._parts)


def _components(formula: Formula) -> list[Formula]:
    """Splits the conjunction into parts that share no variable, so that each is searched alone."""
    groups: list[tuple[set[str], list[Atom], list[Unequal]]] = [
        ({name}, [], []) for name in formula.variables
    ]
    items: list[Atom | Unequal] = [*formula.atoms, *formula.unequal]
    for item in items:
        terms = item.terms if isinstance(item, Atom) else (item.left, item.right)
        wanted = {term for term in terms if term in formula.variables}
        merged: tuple[set[str], list[Atom], list[Unequal]] = (set(), [], [])
        rest = []
        for group in groups:
            if group[0] & wanted:
                merged[0].update(group[0])
                merged[1].extend(group[1])
                merged[2].extend(group[2])
            else:
                rest.append(group)
        if isinstance(item, Atom):
            merged[1].append(item)
        else:
            merged[2].append(item)
        groups = [*rest, merged]
    return [
        Formula({name: formula.variables[name] for name in names}, tuple(atoms), tuple(unequal))
        for names, atoms, unequal in groups
    ]


def _compile(
    formula: Formula,
    names: Mapping[str, Sequence[str]],
    static: Mapping[str, Collection[tuple[str, ...]]],
) -> list[_Level]:
    """Orders the variables, few values first, and hangs every test on the first level where it is decided."""
    facts = {predicate: frozenset(rows) for predicate, rows in static.items()}
    values: dict[str, list[str]] = {}
    for variable, kind in formula.variables.items():
        values[variable] = [
            name
            for name in names.get(kind, ())
            if all(
                tuple(name if term == variable else term for term in atom.terms) in facts[atom.predicate]
                for atom in formula.atoms
                if atom.predicate in facts and {t for t in atom.terms if t in formula.variables} == {variable}
            )
        ]
    levels: list[_Level] = [_Level("")]
    while len(levels) <= len(formula.variables):
        bound = {level.variable for level in levels}
        options = [
            _level(name, rows, formula, facts, bound) for name, rows in values.items() if name not in bound
        ]
        levels.append(min(options, key=lambda level: (level.key is None, len(level.values), level.variable)))
    bound = set()
    for level in levels:
        bound.add(level.variable)
        free = set(formula.variables) - bound
        for atom in formula.atoms:
            read = {term for term in atom.terms if term in formula.variables} or {""}
            if level.variable not in read or free & read:
                continue
            if atom.predicate not in facts:
                level.tests.append((TESTS[atom.predicate], atom.terms))
            elif read not in ({level.variable}, {level.variable, level.key}) or not level.variable:
                level.tests.append((_StaticTest(facts[atom.predicate]), atom.terms))
        for pair in formula.unequal:
            read = {term for term in pair if term in formula.variables} or {""}
            if level.variable in read and not free & read:
                level.unequal.append(pair)
    return levels


def _level(
    variable: str,
    values: Sequence[str],
    formula: Formula,
    facts: Mapping[str, frozenset[tuple[str, ...]]],
    bound: Collection[str],
) -> _Level:
    """The level of a variable; a static pair with a bound variable narrows its values."""
    for atom in formula.atoms:
        if atom.predicate not in facts or len(atom.terms) != 2 or variable not in atom.terms:
            continue
        place = atom.terms.index(variable)
        key = atom.terms[1 - place]
        if key in bound and key != variable:
            index: dict[str, list[str]] = defaultdict(list)
            allowed = set(values)
            for row in sorted(facts[atom.predicate]):
                if row[place] in allowed:
                    index[row[1 - place]].append(row[place])
            return _Level(variable, key=key, index=dict(index))
    return _Level(variable, values)


@dataclass(frozen=True, slots=True)
class _StaticTest:
    """Tests a fact that never changes."""

    rows: frozenset[tuple[str, ...]]

    def __call__(self, state: object, *terms: str) -> bool:
        return terms in self.rows


def _search(state: object, levels: Sequence[_Level], depth: int, binding: dict[str, str]) -> bool:
    """Whether some binding of the levels from ``depth`` on passes all tests."""
    if depth == len(levels):
        return True
    level = levels[depth]
    if depth == 0:
        values: Sequence[str] = ("",)
    elif level.key is None:
        values = level.values
    else:
        values = level.index.get(binding[level.key], ())
    get = binding.get
    for value in values:
        binding[level.variable] = value
        if (
            all(test(state, *[get(term, term) for term in terms]) for test, terms in level.tests)
            and all(get(left, left) != get(right, right) for left, right in level.unequal)
            and _search(state, levels, depth + 1, binding)
        ):
            return True
    return False
