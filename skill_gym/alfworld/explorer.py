"""An expert that knows only what it has read: it searches plausible places first."""

from collections.abc import Sequence

from skill_gym.alfworld.assignment import PROCESSORS
from skill_gym.alfworld.goal_sentence import read_sentence
from skill_gym.alfworld.habits import HOUSEHOLD
from skill_gym.alfworld.household import CAN_CONTAIN, OPENABLE
from skill_gym.alfworld.notebook import Notebook, by_number, kind

USUAL_COUNTS = {"Cabinet": 8, "Drawer": 5, "StoveBurner": 4, "Shelf": 3, "CounterTop": 2, "SideTable": 2}
"""About how many of a kind a room has, where it is not one: the more, the less one is worth a visit."""

_NONE = ("", "", ())
_ACCEPTS = {
    name.lower(): frozenset(thing.lower() for thing in things) for name, things in CAN_CONTAIN.items()
}
_CLOSED_KINDS = frozenset(name.lower() for name in OPENABLE)


def search_order(object_kind: str) -> dict[str, float]:
    """How much a visit to each kind of receptacle promises when looking for a kind of object.

    The same for every room, so that the order can be learnt from the commands alone.

    Args:
        object_kind: Lower-case kind, e.g. ``soapbar``; an unknown kind is looked for anywhere.

    Returns:
        Lower-case kinds of receptacle to the promise of a visit.
    """
    usual = next((places for name, places in HOUSEHOLD.places.items() if name.lower() == object_kind), {})
    promise = {}
    for place in CAN_CONTAIN:
        # Not a usual place, but a thing may be there if it can be put there.
        weight = usual.get(place, 0.5 if object_kind in _ACCEPTS[place.lower()] else 0.0)
        promise[place.lower()] = weight / USUAL_COUNTS.get(place, 1) / (2 if place in OPENABLE else 1)
    return promise


class Explorer:
    """Plays from the text alone, any of the twelve goal sentences, also after others played for it.

    Each command is chosen anew from what is known, so the explorer goes on from wherever somebody else's
    commands have led. The same texts always give the same commands.

    Args:
        first_observation: Text of the reset, with the goal sentence.

    Raises:
        ValueError: The goal is none of the twelve sentences (people's own words are not understood).
    """

    def __init__(self, first_observation: str) -> None:
        self.wanted = read_sentence(first_observation)
        self.notebook = Notebook(first_observation)
        self._refused: set[str] = set()
        self._offered: frozenset[str] = frozenset()

    def observe(self, command: str, feedback: str) -> None:
        """Takes down what a command led to, whoever chose it.

        Args:
            command: The command as it was played.
            feedback: The environment's text.
        """
        if feedback == "Nothing happens." and command in self._offered:
            # Offered and yet refused: never again, whatever the list says.
            self._refused.add(command)
        self.notebook.read(feedback)

    def command(self, admissible: Sequence[str]) -> str:
        """The next command.

        Args:
            admissible: The commands that are admissible now.

        Returns:
            One of them; ``look`` when nothing more can be done.
        """
        self._offered = frozenset(admissible)
        self.notebook.learn_receptacles(admissible)
        choice = self._look() if self.wanted.task_type == "look_at_obj_in_light" else self._deliver()
        return choice or "look"

    def _look(self) -> str | None:
        """Take the object to the lamp and switch the lamp on."""
        held = self.notebook.held
        if held is None:
            return self._fetch(self.wanted.object) or self._search(self.wanted.object)
        if kind(held) != self.wanted.object:
            return self._put_down(held)
        for lamp, receptacle in self._ordered(self.notebook.places_of(self.wanted.target)):
            command = self._go(receptacle) or self._allowed(f"use {lamp}")
            if command:
                return command
        return self._search(self.wanted.target)

    def _deliver(self) -> str | None:
        """Take the object, treat it if asked to, and bring it to the target; twice where two are wanted."""
        held = self.notebook.held
        verb, processor, _ = PROCESSORS.get(self.wanted.task_type, _NONE)
        if held is None:
            return self._fetch(self.wanted.object) or self._search(self.wanted.object)
        if kind(held) != self.wanted.object:
            return self._put_down(held)
        if verb and verb not in self.notebook.states.get(held, ()):
            for receptacle in self._of_kind(processor.lower()):
                command = self._go(receptacle) or self._allowed(f"{verb} {held} with {receptacle}")
                if command:
                    return command
        for receptacle in self._targets():
            command = self._put(held, receptacle)
            if command:
                return command
        return self._search(self.wanted.object)

    def _targets(self) -> list[str]:
        """Receptacles of the target kind: where one of two already is, then here, then by number."""
        targets = self._of_kind(self.wanted.target)
        if self.wanted.task_type != "pick_two_obj_and_place":
            return targets
        inside = [receptacle for _, receptacle in self.notebook.places_of(self.wanted.object)]
        # By name and not by nearness: with one object in each of two targets it would run back and forth.
        begun = [receptacle for receptacle in by_number(targets) if receptacle in inside]
        begun.sort(key=lambda receptacle: -inside.count(receptacle))
        return begun + [receptacle for receptacle in targets if receptacle not in begun]

    def _fetch(self, object_kind: str) -> str | None:
        """Take a known object of the kind that is not yet where it shall be."""
        places = self.notebook.places_of(object_kind)
        if self.wanted.task_type == "pick_two_obj_and_place":
            final = self._targets()[:1]
            places = [pair for pair in places if pair[1] not in final]
        elif self.wanted.task_type == "pick_and_place_simple":
            places = [pair for pair in places if kind(pair[1]) != self.wanted.target]
        for thing, receptacle in self._ordered(places):
            command = (
                self._go(receptacle)
                or self._allowed(f"take {thing} from {receptacle}")
                or self._allowed(f"open {receptacle}")
            )
            if command:
                return command
            # Fixed to its place, or gone: what is here and cannot be taken is no use.
            self.notebook.contents[receptacle].remove(thing)
        return None

    def _search(self, object_kind: str) -> str | None:
        """Visit the most promising receptacle that was not looked into, all of a kind in ascending number."""
        promise = search_order(object_kind)
        if self.wanted.task_type == "pick_and_place_simple":
            # A thing that is there already would have ended the game.
            promise[self.wanted.target] = 0.0
        unseen = [name for name in by_number(self.notebook.receptacles) if name not in self.notebook.contents]
        for receptacle in sorted(unseen, key=lambda name: -promise.get(kind(name), 0.0)):
            command = (
                self._go(receptacle)
                or self._allowed(f"open {receptacle}")
                or self._allowed(f"examine {receptacle}")
            )
            if command:
                return command
        return None

    def _put(self, thing: str, receptacle: str) -> str | None:
        return (
            self._go(receptacle)
            or self._allowed(f"move {thing} to {receptacle}")
            or self._allowed(f"open {receptacle}")
        )

    def _put_down(self, thing: str) -> str | None:
        """Get rid of something that is not wanted: here if possible, else where such things can be put."""
        known = by_number(self.notebook.receptacles)
        fitting = [name for name in known if kind(thing) in _ACCEPTS.get(kind(name), ())]
        fitting.sort(key=lambda name: (not self._here(name), kind(name) in _CLOSED_KINDS))
        for receptacle in fitting:
            command = self._put(thing, receptacle)
            if command:
                return command
        return None

    def _of_kind(self, receptacle_kind: str) -> list[str]:
        """Receptacles of a kind, the one at hand first, then by number."""
        names = [name for name in by_number(self.notebook.receptacles) if kind(name) == receptacle_kind]
        return sorted(names, key=lambda name: not self._here(name))

    def _ordered(self, places: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Objects that are treated already first, then those at hand, then by receptacle and number."""
        verb, _, _ = PROCESSORS.get(self.wanted.task_type, _NONE)
        order = {name: position for position, name in enumerate(by_number(self.notebook.receptacles))}
        return sorted(
            places,
            key=lambda pair: (
                verb not in self.notebook.states.get(pair[0], ()),
                not self._here(pair[1]),
                order.get(pair[1], len(order)),
                by_number([pair[0]])[0].rpartition(" ")[2].zfill(3),
            ),
        )

    def _here(self, receptacle: str) -> bool:
        return f"examine {receptacle}" in self._offered

    def _go(self, receptacle: str) -> str | None:
        return None if self._here(receptacle) else self._allowed(f"go to {receptacle}")

    def _allowed(self, command: str) -> str | None:
        return command if command in self._offered and command not in self._refused else None
