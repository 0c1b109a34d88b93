"""A game being played: its state, which commands are admissible, and what they do."""

from typing import Any

from skill_gym.alfworld import text
from skill_gym.alfworld.layout import Action, Layout
from skill_gym.alfworld.problem import Problem

_KNIVES = ("knife", "butterknife")
_STATIONS = {
    "clean": ("cleanable", "sinkbasin"),
    "heat": ("heatable", "microwave"),
    "cool": ("coolable", "fridge"),
}


class World:
    """The state of one game, with the rules of ALFWorld 0.4.x (Shridhar et al. 2021).

    A world goes on after it is won, as the original engine does; ``won`` may become False again.

    Args:
        problem: The parsed problem, or the layout of another world of the same game.

    Attributes:
        layout: What never changes (names, types, places, properties, goal); shared between copies.
        location: Where the agent is.
        holding: Name of the object in hand, or None.
        opened: Receptacles whose door is open. Read-only for others, like all the following.
        contents: Objects in each receptacle, in listing order. An object may be in several.
        places: Locations that ``objectAtLocation`` gives for each object; slicing and ``look`` read them.
        clean: Objects that are clean.
        hot: Objects that are hot.
        cool: Objects that are cool.
        sliced: Objects that are sliced.
        toggled: Lamps that have been turned on.
        removed: Pairs (object, receptacle) taken out and not put back.
    """

    __slots__ = (
        "_actions", "_admissible", "_won", "clean", "contents", "cool", "holding", "hot", "layout",
        "location", "opened", "places", "removed", "sliced", "toggled",
    )  # fmt: skip

    def __init__(self, problem: Problem | Layout) -> None:
        self.layout = problem if isinstance(problem, Layout) else Layout.of(problem)
        self.reset()

    def reset(self) -> None:
        """Goes back to the start of the game."""
        layout = self.layout
        self.location: str = layout.start
        self.holding: str | None = layout.holding
        self.opened: set[str] = set(layout.flags["opened"])
        self.contents: dict[str, tuple[str, ...]] = dict(layout.contents)
        self.places: dict[str, frozenset[str]] = dict(layout.places)
        self.clean: set[str] = set(layout.flags["isclean"])
        self.hot: set[str] = set(layout.flags["ishot"])
        self.cool: set[str] = set(layout.flags["iscool"])
        self.sliced: set[str] = set(layout.flags["issliced"])
        self.toggled: set[str] = set(layout.flags["istoggled"])
        self.removed: set[tuple[str, str]] = set()
        self._actions: dict[str, Action] | None = None
        self._admissible: tuple[str, ...] | None = None
        self._won: bool | None = None

    def copy(self) -> "World":
        """An independent world in the same state; the layout is shared."""
        other = World.__new__(World)
        other.layout = self.layout
        other.location, other.holding = self.location, self.holding
        other.opened = self.opened.copy()
        other.contents = self.contents.copy()
        other.places = self.places.copy()
        other.clean, other.hot, other.cool = self.clean.copy(), self.hot.copy(), self.cool.copy()
        other.sliced, other.toggled, other.removed = (
            self.sliced.copy(),
            self.toggled.copy(),
            self.removed.copy(),
        )
        other._actions, other._admissible, other._won = self._actions, self._admissible, self._won
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> "World":
        """The same as ``copy``."""
        return self.copy()

    @property
    def won(self) -> bool:
        """Whether the goal holds in the present state."""
        if self._won is None:
            self._won = self.layout.goal.holds(self)
        return self._won

    def opening(self, sentence: str) -> str:
        """The first observation.

        Args:
            sentence: The task with its final full stop.
        """
        if self.location in self.layout.at:
            return text.opening(self._look("", ""), sentence)
        return text.opening(text.middle(self.layout.receptacles), sentence)

    def admissible(self) -> tuple[str, ...]:
        """The commands that do something now, sorted as plain strings."""
        if self._admissible is None:
            self._admissible = tuple(sorted(self.actions()))
        return self._admissible

    def actions(self) -> dict[str, Action]:
        """The admissible commands, unsorted, with verb and names; not to be written to."""
        if self._actions is None:
            self._actions = self._find_actions()
        return self._actions

    def step(self, command: str) -> str:
        """Carries out one command and returns its feedback.

        Args:
            command: Exactly an admissible command, but for white space around it; anything else, also the
                empty string, changes nothing.
        """
        action = self.actions().get(command.strip())
        if action is None:
            return text.NOTHING_HAPPENS
        verb, first, second = action
        return _VERBS[verb](self, first, second)

    def _find_actions(self) -> dict[str, Action]:
        layout, holding = self.layout, self.holding
        base = layout.journeys.get(self.location)
        if base is None:
            base = layout.journeys[self.location] = _journeys(layout, self.location)
        actions = base.copy()
        here = layout.at.get(self.location, ())
        properties, kind = layout.properties, layout.kind
        for receptacle in here:
            reachable = True
            if receptacle in layout.openable:
                reachable = receptacle in self.opened
                verb = "close" if reachable else "open"
                actions[f"{verb} {receptacle}"] = (verb, receptacle, "")
            inside = self.contents[receptacle]
            if reachable and holding is None:
                for item in inside:
                    if item in properties["pickupable"]:
                        actions[f"take {item} from {receptacle}"] = ("take", item, receptacle)
            for item in properties["toggleable"].intersection(inside):
                actions[f"use {item}"] = ("use", item, "")
            if holding is not None:
                if reachable and kind[holding] in layout.accepts[receptacle]:
                    actions[f"move {holding} to {receptacle}"] = ("move", holding, receptacle)
                for verb, (needed, station) in _STATIONS.items():
                    if kind[receptacle] == station and holding in properties[needed]:
                        actions[f"{verb} {holding} with {receptacle}"] = (verb, holding, receptacle)
        if holding is not None:
            actions[f"examine {holding}"] = ("examine object", holding, "")
            if kind[holding] in _KNIVES:
                for item in properties["sliceable"]:
                    if self.location in self.places.get(item, ()):
                        actions[f"slice {item} with {holding}"] = ("slice", item, holding)
        return actions

    def _changed(self, *predicates: str) -> None:
        """Forgets the answers that depended on facts which have just changed."""
        self._actions = self._admissible = None
        self._tested(*predicates)

    def _tested(self, *predicates: str) -> None:
        """Forgets whether the goal holds if it reads one of the facts which have just changed."""
        if not self.layout.goal.watched.isdisjoint(predicates):
            self._won = None

    def _contents(self, receptacle: str, _: str = "") -> str:
        return text.contents(
            receptacle,
            self.contents[receptacle],
            openable=receptacle in self.layout.openable,
            opened=receptacle in self.opened,
        )

    def _look(self, _: str, __: str) -> str:
        here = self.layout.at.get(self.location)
        if here is None:
            return text.middle(())
        order = self.layout.order
        pairs = [
            (order[item], order[receptacle], item)
            for item, receptacle in self.removed
            if receptacle in here and self.location in self.places.get(item, ())
        ]
        return text.facing(here, [item for _, _, item in sorted(pairs)])

    def _inventory(self, _: str, __: str) -> str:
        return text.inventory(self.holding)

    def _help(self, _: str, __: str) -> str:
        return text.HELP

    def _go(self, receptacle: str, _: str) -> str:
        self.location = self.layout.location[receptacle]
        self._changed("atlocation")
        return f"You arrive at {receptacle}. {self._contents(receptacle)}"

    def _open(self, receptacle: str, _: str) -> str:
        self.opened.add(receptacle)
        self._changed("opened")
        return f"You open the {receptacle}. {self._contents(receptacle)}"

    def _close(self, receptacle: str, _: str) -> str:
        self.opened.discard(receptacle)
        self._changed("opened")
        return f"You close the {receptacle}."

    def _take(self, item: str, receptacle: str) -> str:
        self.contents[receptacle] = tuple(other for other in self.contents[receptacle] if other != item)
        self.places[item] = self.places.get(item, frozenset()) - {self.location}
        self.removed.add((item, receptacle))
        self.holding = item
        self._changed("inreceptacle", "objectatlocation", "holds", "holdsany")
        return f"You pick up the {item} from the {receptacle}."

    def _move(self, item: str, receptacle: str) -> str:
        inside = {*self.contents[receptacle], item}
        self.contents[receptacle] = tuple(sorted(inside, key=self.layout.order.__getitem__))
        self.places[item] = self.places.get(item, frozenset()) | {self.location}
        self.removed.discard((item, receptacle))
        self.holding = None
        self._changed("inreceptacle", "objectatlocation", "holds", "holdsany")
        return f"You move the {item} to the {receptacle}."

    def _clean(self, item: str, receptacle: str) -> str:
        self.clean.add(item)
        self._tested("isclean")
        return f"You clean the {item} using the {receptacle}."

    def _heat(self, item: str, receptacle: str) -> str:
        self.hot.add(item)
        self.cool.discard(item)
        self._tested("ishot", "iscool")
        return f"You heat the {item} using the {receptacle}."

    def _cool(self, item: str, receptacle: str) -> str:
        self.cool.add(item)
        self.hot.discard(item)
        self._tested("ishot", "iscool")
        return f"You cool the {item} using the {receptacle}."

    def _use(self, item: str, _: str) -> str:
        self.toggled.add(item)
        self._tested("istoggled")
        return f"You turn on the {item}."

    def _slice(self, item: str, knife: str) -> str:
        self.sliced.add(item)
        self._tested("issliced")
        return f"You sliced the {item} with the {knife}."

    def _examine_object(self, item: str, _: str) -> str:
        layout = self.layout
        if item in layout.properties["isreceptacleobject"]:
            return text.inside(item, layout.nested.get(item, ()))
        return text.condition(
            item,
            clean=item in self.clean,
            hot=item in self.hot,
            cool=item in self.cool,
            sliced=item in self.sliced,
            on=item in self.toggled and item in layout.properties["toggleable"],
        )


def _journeys(layout: Layout, location: str) -> dict[str, Action]:
    """The actions that being at a location allows whatever the state, in sorted order."""
    here = layout.at.get(location, ())
    actions: dict[str, Action] = {
        "look": ("look", "", ""),
        "inventory": ("inventory", "", ""),
        "help": ("help", "", ""),
    }
    for receptacle in layout.receptacles:
        if receptacle in here:
            actions[f"examine {receptacle}"] = ("examine", receptacle, "")
        else:
            actions[f"go to {receptacle}"] = ("go to", receptacle, "")
    return dict(sorted(actions.items()))


_VERBS = {
    "look": World._look,
    "inventory": World._inventory,
    "help": World._help,
    "go to": World._go,
    "open": World._open,
    "close": World._close,
    "examine": World._contents,
    "examine object": World._examine_object,
    "take": World._take,
    "move": World._move,
    "clean": World._clean,
    "heat": World._heat,
    "cool": World._cool,
    "use": World._use,
    "slice": World._slice,
}
