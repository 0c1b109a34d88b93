"""An expert that knows only what it has read: it searches plausible places first."""

from collections.abc import Sequence
from typing import NamedTuple

from skill_gym.alfworld.assignment import PROCESSORS
from skill_gym.alfworld.goal_sentence import read_sentence
from skill_gym.alfworld.habit_sentences import read_habits, where, with_article
from skill_gym.alfworld.household import OPENABLE
from skill_gym.alfworld.notebook import Notebook, by_number, kind
from skill_gym.alfworld.search_order import ACCEPTS, Search

_NONE = ("", "", ())
_CLOSED_KINDS = frozenset(name.lower() for name in OPENABLE)


class _Step(NamedTuple):
    command: str
    thought: str


class Explorer:
    """Plays from the text alone, any of the twelve goal sentences, also after others played for it.

    Each command is chosen anew from what is known, so the explorer goes on from wherever somebody else's
    commands have led. The same texts always give the same commands and the same thoughts.

    Args:
        first_observation: Text of the reset, with the goal sentence.
        advice: Any text that may state habits of the household (see ``habit_sentences``), such as a whole
            prompt. It changes where is looked first; every place is looked into all the same.

    Attributes:
        thought: Why the last command was chosen, in sentences of a fixed form; "" before the first. It begins
            with what is wanted, and for what, so that a reader need not go back to the goal.

    Raises:
        ValueError: The goal is none of the twelve sentences (people's own words are not understood).
    """

    def __init__(self, first_observation: str, advice: str = "") -> None:
        self.wanted = read_sentence(first_observation)
        self.notes = read_habits(advice)
        self.thought = ""
        self.notebook = Notebook(first_observation)
        self._refused: set[str] = set()
        self._offered: frozenset[str] = frozenset()
        self._first_seen: dict[str, str] = {}

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
        for thing, receptacle in self.notebook.places_of(self.wanted.object):
            self._first_seen.setdefault(thing, receptacle)

    def command(self, admissible: Sequence[str]) -> str:
        """The next command.

        Args:
            admissible: The commands that are admissible now.

        Returns:
            One of them; ``look`` when nothing more can be done.
        """
        self._offered = frozenset(admissible)
        self.notebook.learn_receptacles(admissible)
        step = self._look() if self.wanted.task_type == "look_at_obj_in_light" else self._deliver()
        command, self.thought = step or _Step("look", "Lost.")
        return command

    def _thing(self, state: str, plan: str = "") -> str:
        """``A mug for a cabinet is held. Clean it.``"""
        thing, purpose = with_article(self.wanted.object), with_article(self.wanted.target)
        return f"A{thing[1:]} for {purpose} {state}.{' ' if plan else ''}{plan}"

    def _look(self) -> _Step | None:
        """Take the object to the lamp and switch the lamp on."""
        held = self.notebook.held
        if held is None:
            return self._fetch(self.wanted.object) or self._search(self.wanted.object)
        if kind(held) != self.wanted.object:
            return self._put_down(held)
        for lamp, receptacle in self._ordered(self.notebook.places_of(self.wanted.target)):
            command = self._go(receptacle) or self._allowed(f"use {lamp}")
            if command:
                return _Step(command, self._thing("is held", "Use it."))
        return self._search(self.wanted.target)

    def _deliver(self) -> _Step | None:
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
                    return _Step(command, self._thing("is held", f"{verb.capitalize()} it."))
        for receptacle in self._targets():
            command = self._put(held, receptacle)
            if command:
                plan = "Open it." if command.startswith("open ") else "Bring it."
                return _Step(command, self._thing("is held", plan))
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

    def _fetch(self, object_kind: str) -> _Step | None:
        """Take a known object of the kind that is not yet where it shall be."""
        places = self.notebook.places_of(object_kind)
        if self.wanted.task_type == "pick_two_obj_and_place":
            final = self._targets()[:1]
            places = [pair for pair in places if pair[1] not in final]
        elif self.wanted.task_type == "pick_and_place_simple":
            places = [pair for pair in places if kind(pair[1]) != self.wanted.target]
        for thing, receptacle in self._ordered(places):
            if command := self._allowed(f"take {thing} from {receptacle}"):
                return _Step(command, self._thing("is here"))
            if command := self._go(receptacle) or self._allowed(f"open {receptacle}"):
                return _Step(command, self._thing(f"is {where(receptacle)} {receptacle}"))
            # Fixed to its place, or gone: what is here and cannot be taken is no use.
            self.notebook.contents[receptacle].remove(thing)
        return None

    def _search(self, object_kind: str) -> _Step | None:
        """Visit the most promising receptacle that was not looked into, all of a kind in ascending number."""
        simple = self.wanted.task_type == "pick_and_place_simple"
        two = self.wanted.task_type == "pick_two_obj_and_place"
        search = Search(
            object=object_kind,
            notes=self.notes,
            # A thing that is there already would have ended the game.
            barred=self.wanted.target if simple else "",
            first=kind(next(iter(self._first_seen.values()), "")) if two else "",
        )
        unseen = [name for name in by_number(self.notebook.receptacles) if name not in self.notebook.contents]
        for receptacle in sorted(unseen, key=lambda name: search.key(kind(name))):
            command = (
                self._go(receptacle)
                or self._allowed(f"open {receptacle}")
                or self._allowed(f"examine {receptacle}")
            )
            if command:
                return _Step(command, self._seeking(search, command, receptacle))
        return None

    def _seeking(self, search: Search, command: str, receptacle: str) -> str:
        """What is thought while something is searched, the thing itself or the lamp for it."""
        reason = search.reason(kind(receptacle))
        if self.notebook.held is not None:
            return self._thing("is held", reason or f"A {search.object} is needed.")
        # Of several places at hand one may have been looked into and the next be closed.
        if command.startswith("open "):
            return self._thing("may be in here")
        return self._thing("is not here" if self._lacks(search.object) else "is needed", reason)

    def _lacks(self, object_kind: str) -> bool:
        """Whether the place at hand was looked into and holds no such thing."""
        here = [things for name, things in self.notebook.contents.items() if self._here(name)]
        return bool(here) and not any(kind(thing) == object_kind for things in here for thing in things)

    def _put(self, thing: str, receptacle: str) -> str | None:
        return (
            self._go(receptacle)
            or self._allowed(f"move {thing} to {receptacle}")
            or self._allowed(f"open {receptacle}")
        )

    def _put_down(self, thing: str) -> _Step | None:
        """Get rid of something that is not wanted: here if possible, else where such things can be put."""
        known = by_number(self.notebook.receptacles)
        fitting = [name for name in known if kind(thing) in ACCEPTS.get(kind(name), ())]
        fitting.sort(key=lambda name: (not self._here(name), kind(name) in _CLOSED_KINDS))
        for receptacle in fitting:
            command = self._put(thing, receptacle)
            if command:
                return _Step(command, f"{thing} is not wanted.")
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
