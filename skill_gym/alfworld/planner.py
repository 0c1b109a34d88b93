"""An expert that knows the whole world: short winning commands from any state."""

from collections.abc import Iterator
from itertools import permutations

from skill_gym.alfworld.aim import Aim, read_aim
from skill_gym.alfworld.world import World

PROCESSES = {"clean": ("clean", "sinkbasin"), "hot": ("heat", "microwave"), "cool": ("cool", "fridge")}
"""Wanted state of an object to the verb and the kind of receptacle that bring it about."""


def plan(world: World) -> list[str] | None:
    """Finds commands that win from the present state, which is left as it is.

    All ways of doing the task with one detour at most to put down something else are written down and the
    shortest is checked by playing it on a copy of the world.

    Args:
        world: Any state, reached by whatever commands.

    Returns:
        Commands, each admissible in its turn, the last of which wins; empty when the game is won already;
        None when there are none (something that fits nowhere is in hand) or the goal has none of ALFWorld's
        six shapes.
    """
    if world.won:
        return []
    aim = read_aim(world.layout)
    if aim is None:
        return None
    drafts = sorted((draft.commands for draft in _Planner(world, aim).drafts()), key=len)
    for commands in drafts:
        proven = _prove(world, commands)
        if proven is not None:
            return proven
    return None


def _prove(world: World, commands: list[str]) -> list[str] | None:
    """The commands up to the one that wins, or None when one is not admissible or none wins."""
    trial = world.copy()
    for number, command in enumerate(commands, start=1):
        if command not in trial.actions():
            return None
        trial.step(command)
        if trial.won:
            return commands[:number]
    return None


class _Draft:
    """Commands under way, with the little state that decides the next ones."""

    __slots__ = ("commands", "layout", "location", "opened")

    def __init__(self, world: World) -> None:
        self.layout = world.layout
        self.location = world.location
        self.opened: set[str] = world.opened
        self.commands: list[str] = []

    def copy(self) -> "_Draft":
        other = _Draft.__new__(_Draft)
        other.layout, other.location, other.opened = self.layout, self.location, self.opened
        other.commands = self.commands.copy()
        return other

    def go(self, receptacle: str) -> None:
        place = self.layout.location[receptacle]
        if place != self.location:
            self.location = place
            self.commands.append(f"go to {receptacle}")

    def reach_into(self, receptacle: str) -> None:
        self.go(receptacle)
        if receptacle in self.layout.openable and receptacle not in self.opened:
            self.opened = self.opened | {receptacle}
            self.commands.append(f"open {receptacle}")

    def take(self, item: str, receptacle: str) -> None:
        self.reach_into(receptacle)
        self.commands.append(f"take {item} from {receptacle}")

    def move(self, item: str, receptacle: str) -> None:
        self.reach_into(receptacle)
        self.commands.append(f"move {item} to {receptacle}")

    def do(self, verb: str, item: str, receptacle: str) -> None:
        self.go(receptacle)
        self.commands.append(f"{verb} {item} with {receptacle}")


class _Planner:
    def __init__(self, world: World, aim: Aim) -> None:
        self.world = world
        self.layout = world.layout
        self.aim = aim
        self.inside: dict[str, list[str]] = {}
        """Receptacles that each object which fits lies in; one in hand may still lie in others."""
        wanted = set(aim.objects) | set(aim.lamps)
        for receptacle, items in world.contents.items():
            for item in wanted.intersection(items):
                self.inside.setdefault(item, []).append(receptacle)

    def drafts(self) -> Iterator[_Draft]:
        """Every way worth comparing."""
        for start in self.free_hands():
            if self.aim.lamps:
                yield from self.look(start)
            elif self.aim.count == 1:
                yield from self.deliver(start)
            else:
                yield from self.deliver_two(start)

    def free_hands(self) -> Iterator[_Draft]:
        """The start, with whatever does not fit put down in every place where that may save a way."""
        held = self.world.holding
        draft = _Draft(self.world)
        if held is None or held in self.aim.objects:
            yield draft
        if held is None:
            return
        # Also for an object that fits: another may be treated or nearer already.
        fitting = (name for name in self.layout.receptacles if self.accepts(name, held))
        for receptacle in self.worth_trying(fitting):
            dropped = draft.copy()
            dropped.move(held, receptacle)
            yield dropped

    def worth_trying(self, receptacles: Iterator[str]) -> Iterator[str]:
        """All at a place where there is something to do, and one open and one closed of the others."""
        seen: set[tuple[bool, str, str]] = set()
        busy = self.busy_places()
        holders = {name for places in self.inside.values() for name in places}
        for receptacle in receptacles:
            shut = receptacle in self.layout.openable and receptacle not in self.world.opened
            place = self.layout.location[receptacle]
            sort = (shut, place if place in busy else "", receptacle if receptacle in holders else "")
            if sort not in seen:
                seen.add(sort)
                yield receptacle

    def busy_places(self) -> set[str]:
        stations = {PROCESSES[state][1] for state in self.aim.states if state in PROCESSES}
        names = [name for places in self.inside.values() for name in places]
        names += [name for name in self.layout.receptacles if self.layout.kind[name] in stations]
        return {self.world.location, *(self.layout.location[name] for name in names)}

    def accepts(self, receptacle: str, item: str) -> bool:
        return self.layout.kind[item] in self.layout.accepts[receptacle]

    def taken(self, start: _Draft) -> Iterator[tuple[_Draft, str, str]]:
        """Drafts with an object in hand that fits, with the object and where it was taken from."""
        holding = self.world.holding if not start.commands else None
        if holding is not None:
            yield start, holding, ""
            return
        for item in self.aim.objects:
            if item not in self.layout.properties["pickupable"] or item == self.world.holding:
                continue
            for receptacle in self.inside.get(item, ()):
                draft = start.copy()
                draft.take(item, receptacle)
                yield draft, item, receptacle

    def treated(self, draft: _Draft, item: str) -> Iterator[_Draft]:
        """Drafts in which the object in hand has got the states that it lacks."""
        lacking = sorted(state for state in self.aim.states if item not in getattr(self.world, state))
        if not lacking:
            yield draft
            return
        state, rest = lacking[0], lacking[1:]
        if rest or state not in PROCESSES:
            return
        verb, station = PROCESSES[state]
        for receptacle in self.layout.receptacles:
            if self.layout.kind[receptacle] == station:
                done = draft.copy()
                done.do(verb, item, receptacle)
                yield done

    def look(self, start: _Draft) -> Iterator[_Draft]:
        for draft, _, _ in self.taken(start):
            for lamp in self.aim.lamps:
                for receptacle in self.inside.get(lamp, ()):
                    lit = draft.copy()
                    lit.go(receptacle)
                    if lamp not in self.world.toggled:
                        lit.commands.append(f"use {lamp}")
                    yield lit

    def deliver(self, start: _Draft) -> Iterator[_Draft]:
        for draft, item, source in self.taken(start):
            rest = [name for name in self.inside.get(item, ()) if name != source]
            lies_right = any(name in self.aim.receptacles for name in rest)
            for done in self.treated(draft, item):
                if lies_right:
                    # It lies in two receptacles and one of them is a target: treating it is enough.
                    yield done
                for receptacle in self.worth_trying(
                    name for name in self.aim.receptacles if self.accepts(name, item)
                ):
                    moved = done.copy()
                    moved.move(item, receptacle)
                    yield moved

    def deliver_two(self, start: _Draft) -> Iterator[_Draft]:
        for target in self.worth_trying(iter(self.aim.receptacles)):
            there = [item for item, places in self.inside.items() if target in places]
            needed = self.aim.count - len(there)
            others = [item for item in self.aim.objects if item not in there]
            for items in permutations(others, max(needed, 0)):
                yield from self.bring(start, items, target)

    def bring(self, draft: _Draft, items: tuple[str, ...], target: str) -> Iterator[_Draft]:
        """Drafts that bring the objects to the target one after the other; one in hand must come first."""
        if not items:
            yield draft
            return
        item, rest = items[0], items[1:]
        if not self.accepts(target, item):
            return
        holding = self.world.holding if not draft.commands else None
        if holding is not None:
            if holding == item:
                moved = draft.copy()
                moved.move(item, target)
                yield from self.bring(moved, rest, target)
            return
        if item not in self.layout.properties["pickupable"] or item == self.world.holding:
            return
        for receptacle in self.inside.get(item, ()):
            moved = draft.copy()
            moved.take(item, receptacle)
            moved.move(item, target)
            yield from self.bring(moved, rest, target)
