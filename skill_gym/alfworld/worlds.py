"""Worlds with habits: in the games of one world things are kept in usual places, which nothing tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from skill_gym.alfworld.habits import HOUSEHOLD, Habits
from skill_gym.alfworld.household import CAN_CONTAIN, PICKUPABLE, TOGGLEABLE
from skill_gym.alfworld.rooms import ROOMS
from skill_gym.dice import Dice

Second = Literal["same", "other"]

WORLDS: Mapping[str, range] = MappingProxyType(
    {
        "train": range(0, 100_000),
        "validation": range(100_000, 200_000),
        "test": range(200_000, 300_000),
    }
)
"""Numbers of the worlds by what they are for; a policy is never tested in a world that it was trained in."""

EMPTY_KINDS = (1, 3)
"""Fewest and most kinds of containers that a world keeps empty."""

CONTAINERS = ("Cabinet", "Drawer", "Shelf", "SideTable", "GarbageCan", "Fridge", "Microwave", "Safe")
"""Kinds of which some are usually empty; every room has enough others."""


@dataclass(frozen=True, slots=True)
class WorldHabits:
    """What usually holds in a world: the truth, for scoring and for demonstrations, never for playing.

    Names are those of the game's text, in lower case.

    Attributes:
        places: Kind of object to the kinds of receptacle where it usually lies, one for each kind of room, no
            two the same. A room holds it in the first of them that it has.
        empty: Kinds of receptacle that are usually empty.
        second: Whether the second of two lies in the ``same`` kind of receptacle as the first, or in an
            ``other`` kind.
    """

    places: Mapping[str, tuple[str, ...]]
    empty: tuple[str, ...]
    second: Second


@dataclass(frozen=True, slots=True)
class Keeping:
    """A world's habits as the generator uses them.

    Attributes:
        usual: Type of object to its usual types of receptacle, the first that a room has.
        empty: Types of receptacle that are usually empty.
        second: Where the second of two lies.
        strength: Share of what lies where it usually does, in [0, 1]; the rest lies as in any household.
        household: How the rest lies.
    """

    usual: Mapping[str, tuple[str, ...]]
    empty: frozenset[str]
    second: Second
    strength: float
    household: Habits = HOUSEHOLD

    def weights(self, object_type: str, receptacle_types: list[str], first: str | None) -> list[float]:
        """Weight of each receptacle type for the object, all 0 when nothing is known of it.

        Args:
            object_type: Type of the object.
            receptacle_types: Types that may hold it.
            first: Receptacle type that holds the first of two, None for anything but the second of two.
        """
        weights = self.household.weights(object_type, receptacle_types)
        weak = 1 - self.strength
        weights = [
            weight * (weak if kind in self.empty else 1.0)
            for kind, weight in zip(receptacle_types, weights, strict=True)
        ]
        usual = self._usual(object_type, receptacle_types, first)
        if usual is None:
            return weights
        rest = sum(weights)
        if not rest:
            return [float(kind == usual) for kind in receptacle_types]
        return [
            self.strength * (kind == usual) + weak * weight / rest
            for kind, weight in zip(receptacle_types, weights, strict=True)
        ]

    def _usual(self, object_type: str, receptacle_types: list[str], first: str | None) -> str | None:
        """The kind that is favoured: the usual place, for the second of two as the world has it."""
        if first is not None and self.second == "same" and first in receptacle_types:
            return first
        usual = [kind for kind in self.usual.get(object_type, ()) if kind in receptacle_types]
        if first is None or self.second == "same":
            return usual[0] if usual else None
        # Apart from the first, in the next best place that takes such things.
        fitting = [kind for kind in receptacle_types if _fits(object_type, kind)]
        apart = [kind for kind in (*usual, *fitting) if kind != first and kind not in self.empty]
        return apart[0] if apart else None


@lru_cache(maxsize=256)
def keeping(world: int, strength: float) -> Keeping:
    """The habits of a world in the generator's own terms.

    Raises:
        ValueError: Not the number of a world.
    """
    dice = Dice(f"world {check_world(world)}")
    empty: set[str] = set()
    count = dice.between(*EMPTY_KINDS)
    while len(empty) < count:
        empty.add(dice.pick(CONTAINERS))
    usual: dict[str, tuple[str, ...]] = {}
    for name in sorted({name for room in ROOMS.values() for name in room.objects}):
        order = {kind: dice.below(1_000_000) for kind in sorted(CAN_CONTAIN)}
        kinds: list[str] = []
        for room in ROOMS.values():
            able = [kind for kind in room.receptacles if kind not in empty and _fits(name, kind)]
            common = [kind for kind in able if room.receptacles[kind].chance >= 0.5] or able
            # What fits one kind only tells nothing of a world; what has its place already keeps it.
            if name in room.objects and len(able) > 1 and not set(common) & set(kinds):
                kinds.append(min(_surprising(name, common), key=order.__getitem__))
        # What nobody can take or switch on nobody asks for.
        if kinds and name in (*PICKUPABLE, *TOGGLEABLE):
            usual[name] = tuple(kinds)
    second: Second = "same" if dice.chance(0.5) else "other"
    return Keeping(MappingProxyType(usual), frozenset(empty), second, strength)


def _fits(name: str, kind: str) -> bool:
    """Whether a thing of that type can lie there; what nobody can move lies where households have it."""
    if name in PICKUPABLE:
        return name in CAN_CONTAIN[kind]
    return kind in HOUSEHOLD.places.get(name, ())


def _surprising(name: str, kinds: list[str]) -> list[str]:
    """All but the likeliest: where every household keeps a thing already, a habit tells nothing new."""
    weights = HOUSEHOLD.weights(name, kinds)
    likeliest = weights.index(max(weights))
    return [kind for index, kind in enumerate(kinds) if index != likeliest] if len(kinds) > 2 else kinds


def true_habits(world: int) -> WorldHabits:
    """What usually holds in a world: for scoring and for demonstrations, never for playing.

    Raises:
        ValueError: Not the number of a world.
    """
    kept = keeping(world, 1.0)
    return WorldHabits(
        places={name.lower(): tuple(kind.lower() for kind in kinds) for name, kinds in kept.usual.items()},
        empty=tuple(sorted(kind.lower() for kind in kept.empty)),
        second=kept.second,
    )


def check_world(world: int) -> int:
    """The number itself.

    Raises:
        ValueError: Not the number of a world.
    """
    last = max(numbers.stop for numbers in WORLDS.values())
    if isinstance(world, bool) or not isinstance(world, int) or not 0 <= world < last:
        ranges = ", ".join(f"{name} {n.start} to {n.stop - 1}" for name, n in WORLDS.items())
        raise ValueError(f"world must be the number of a world ({ranges}), got {world!r}")
    return world
