"""Drafts of planted skills: what is true of a stage, what is false of it, and what is neither."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from skill_gym.alfworld.habit_sentences import say_place, where, with_article
from skill_gym.alfworld.household import CAN_CONTAIN, PICKUPABLE
from skill_gym.benchmarks.planted_household import CHORES, Household
from skill_gym.benchmarks.planted_library import Library, quoted, words_of
from skill_gym.benchmarks.planted_players import Stage, Topic
from skill_gym.benchmarks.planted_sentences import (
    CHORE_LINES,
    HABIT_LINES,
    NO_CHORE_LINES,
    PLATITUDES,
    RUINOUS_LINES,
    SPOILING_LINES,
    WHY,
    WORDING_LINES,
    WRONG_WORDING_LINES,
)
from skill_gym.dice import Dice, Item
from skill_gym.search.language import BY_ID

_NOUNS = {"born_in": "birthplace", "won": "prize", "founded": "first year", "published": "first print"}


@dataclass(frozen=True, slots=True)
class Draft:
    """A text before its effect is known."""

    title: str
    principle: str
    category: str | None = None
    keywords: tuple[str, ...] = ()


class HouseholdPen:
    """Habits of the household and chores that its helper forgets.

    Args:
        stage: The household.
        dice: Decides everything.
    """

    def __init__(self, stage: Household, dice: Dice) -> None:
        self._stage, self._dice = stage, dice

    def true(self, *, moves: bool) -> Iterator[Draft]:
        """One draft for each topic, in random order."""
        for topic in _shuffled([one for one in self._stage.topics if one.moves == moves], self._dice):
            if topic.keywords and (places := self._stage.habits.places.get(topic.name)):
                yield self._habit(topic, places)
            elif topic.name in self._stage.faults:
                yield self._chore(topic.name, CHORE_LINES)

    def harmful(self) -> Draft:
        """A false habit, a chore called needless, or a way to waste steps."""
        choice = self._dice.below(6)
        if choice == 0:
            title, line = self._dice.pick(RUINOUS_LINES)
            return Draft(title, f"{line} {self._why()}".strip())
        if choice == 1:
            return self._chore(self._dice.pick(list(CHORES)), NO_CHORE_LINES)
        topic = self._dice.pick([one for one in self._stage.topics if one.keywords])
        true = self._stage.habits.places.get(topic.name, ())
        fitting = [
            name.lower()
            for name, things in CAN_CONTAIN.items()
            if topic.name in {thing.lower() for thing in things} and name.lower() not in true
        ]
        places = [self._dice.pick(fitting) for _ in range(self._dice.between(2, 4))]
        return self._habit(topic, tuple(dict.fromkeys(places)))

    def useless(self) -> Draft:
        """Empty words, what the helper does anyway, or habits of what nobody asks for."""
        choice = self._dice.below(4)
        if choice == 0:
            needless = [name for name in CHORES if name not in self._stage.faults]
            return self._chore(self._dice.pick(needless), CHORE_LINES)
        if choice == 1:
            asked = {one.name for one in self._stage.topics}
            unasked = [name.lower() for name in PICKUPABLE if name.lower() not in asked]
            name = self._dice.pick(unasked)
            draft = self._habit(Topic(name), (self._dice.pick([one.lower() for one in CAN_CONTAIN]),))
            return replace(draft, keywords=())
        return _platitude(self._dice)

    def _habit(self, topic: Topic, places: tuple[str, ...]) -> Draft:
        name = _spaced(topic.name)
        named = [f"{where(one)} {with_article(_spaced(one))}" for one in places]
        listed = " or ".join(part for part in (", ".join(named[:-1]), named[-1]) if part)
        title, line = self._dice.pick(HABIT_LINES)
        if self._dice.chance(0.2):
            line = say_place(topic.name, places)
        filled = line.format(thing=with_article(name), things=_plural(name), places=listed)
        said = filled[:1].upper() + filled[1:]
        return Draft(
            title.format(thing=with_article(name), things=_plural(name)).capitalize(),
            f"{said} {self._why()}".strip(),
            keywords=(topic.name,),
        )

    def _chore(self, name: str, lines: Mapping[str, tuple[str, ...]]) -> Draft:
        category = next(one.category for one in self._stage.topics if one.name == name)
        line = self._dice.pick(lines[name])
        return Draft(f"{name.capitalize()} tasks", f"{line} {self._why()}".strip(), category)

    def _why(self) -> str:
        return self._dice.pick(WHY) if self._dice.chance(0.6) else ""


class LibraryPen:
    """Wordings that the reader does not know.

    Args:
        stage: The library.
        dice: Decides everything.
    """

    def __init__(self, stage: Library, dice: Dice) -> None:
        self._stage, self._dice = stage, dice

    def true(self, *, moves: bool) -> Iterator[Draft]:
        """Two drafts with a wording each, or one with both, for each relation."""
        drafts = []
        for topic in self._stage.topics:
            if topic.moves == moves:
                known = self._stage.known[topic.name]
                others = [one for one in BY_ID[topic.name].sentences if one != known]
                if len(others) > 1 and self._dice.chance(0.5):
                    drafts += [self._wording(topic.name, (one,)) for one in others]
                elif others:
                    drafts.append(self._wording(topic.name, tuple(others)))
        yield from _shuffled(drafts, self._dice)

    def harmful(self) -> Draft:
        """A true wording called a rumour, or a way to waste turns."""
        if self._dice.below(4) == 0:
            title, line = self._dice.pick(SPOILING_LINES)
            return Draft(title, f"{line} {self._why()}".strip())
        name = self._dice.pick(self._stage.topics).name
        return self._wording(name, (self._stage.known[name],), WRONG_WORDING_LINES)

    def useless(self) -> Draft:
        """Empty words, or a wording that the reader knows."""
        if self._dice.below(3) == 0:
            name = self._dice.pick(self._stage.topics).name
            return self._wording(name, (self._stage.known[name],))
        return _platitude(self._dice)

    def _wording(
        self, name: str, templates: tuple[str, ...], lines: tuple[tuple[str, str], ...] = WORDING_LINES
    ) -> Draft:
        relation = BY_ID[name]
        title, line = self._dice.pick(lines)
        said = " and ".join(f'"{quoted(template).rstrip(".").strip()}"' for template in templates)
        about = f"the {_NOUNS.get(relation.name, relation.name.replace('_', ' '))} of a {relation.head}"
        filled = line.format(said=said, about=about)
        return Draft(
            title.format(about=about).capitalize(),
            f"{filled[:1].upper()}{filled[1:]} {self._why()}".strip(),
            keywords=words_of(relation),
        )

    def _why(self) -> str:
        return self._dice.pick(WHY) if self._dice.chance(0.6) else ""


def pen_for(stage: Stage, dice: Dice) -> HouseholdPen | LibraryPen:
    """Who writes for a stage.

    Raises:
        TypeError: Nobody writes for such a stage.
    """
    if isinstance(stage, Household):
        return HouseholdPen(stage, dice)
    if isinstance(stage, Library):
        return LibraryPen(stage, dice)
    raise TypeError(f"stage must be a Household or a Library, got {type(stage).__name__}")


def _platitude(dice: Dice) -> Draft:
    title, line = dice.pick(PLATITUDES)
    other = dice.pick(PLATITUDES)[1]
    return Draft(title, line if other == line else f"{line} {other}")


def _shuffled(items: list[Item], dice: Dice) -> list[Item]:
    return sorted(items, key=lambda _: dice.below(1_000_000))


_SPACED = {
    name.lower(): " ".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", name)).lower()
    for name in (*PICKUPABLE, *CAN_CONTAIN)
}


def _spaced(name: str) -> str:
    """``soap bottle`` of ``soapbottle``."""
    return _SPACED.get(name, name)


def _plural(name: str) -> str:
    if name.endswith(("fe", "f")) and name.endswith(("knife", "loaf", "shelf")):
        return f"{name.rstrip('fe')}ves"
    return f"{name}es" if name.endswith(("s", "x", "ch", "sh", "o")) else f"{name}s"
