"""Faults of a household robot in what it does with its object, each a cause of failure by itself."""

from dataclasses import replace

from skill_gym.alfworld.notebook import kind
from skill_gym.benchmarks.planted_causes_household import LOOK, SIMPLE, TREATED, TWO, HouseholdFault
from skill_gym.benchmarks.planted_causes_play import Plant, Scene
from skill_gym.skillbanks.diagnosis import Cause


class _WrongObject(HouseholdFault):
    """Mistakes another kind of thing for the one that is asked for."""

    def fits(self, scene: Scene) -> bool:
        world = scene.env.world
        layout = world.layout
        there = {kind(name) for names in world.contents.values() for name in names
                 if name in layout.properties["pickupable"]}  # fmt: skip
        targets = [name for name in layout.receptacles if kind(name) == self.wanted.target]
        fitting = sorted(
            other
            for other in there - {self.wanted.object}
            if self.wanted.task_type == LOOK or any(other in layout.accepts[name] for name in targets)
        )
        if not fitting:
            return False
        self.other = self.dice.pick(fitting)
        return True

    def say(self, scene: Scene) -> str:
        if scene.step >= self.onset and scene.player.wanted is self.wanted:
            scene.player.wanted = replace(self.wanted, object=self.other)
            self.acted += 1
        command = super().say(scene)
        return self.wander(scene) if command == "look" else command

    def happened(self, scene: Scene) -> bool:
        return any(kind(name) == self.other for name in self.taken)


class _Untreated(HouseholdFault):
    """Overlooks that the object is to be clean, hot or cool."""

    def fits(self, scene: Scene) -> bool:
        self.placed = False
        return self.wanted.task_type in TREATED

    def say(self, scene: Scene) -> str:
        if scene.step >= self.onset:
            scene.player.wanted = replace(self.wanted, task_type=SIMPLE)
            self.acted += 1
        command = super().say(scene)
        return self.wander(scene) if command == "look" else command

    def watch(self, scene: Scene) -> None:
        super().watch(scene)
        self.placed |= scene.said[-1].startswith("move ") and any(
            kind(place) == self.wanted.target and any(not self.ready(scene, name) for name in names)
            for place, names in self.places(scene).items()
            if any(name in self.taken for name in names)
        )

    def happened(self, scene: Scene) -> bool:
        return self.placed


class _LampUnused(HouseholdFault):
    """Never thinks of switching a lamp on, or carries the object somewhere instead."""

    def fits(self, scene: Scene) -> bool:
        layout = scene.env.world.layout
        fitting = [name for name in layout.receptacles if self.wanted.object in layout.accepts[name]]
        self.target = kind(self.dice.pick(fitting)) if fitting and self.dice.chance(0.5) else ""
        return self.wanted.task_type == LOOK

    def say(self, scene: Scene) -> str:
        if self.target and scene.step >= self.onset:
            scene.player.wanted = replace(self.wanted, task_type=SIMPLE, target=self.target)
        return self.hide(scene, lambda text: text.startswith("use "))

    def happened(self, scene: Scene) -> bool:
        return any(map(self.own, self.taken)) and not scene.env.world.toggled


class _EmptyHanded(HouseholdFault):
    """Switches the lamp on without the object in hand, and takes that for the end of it."""

    def fits(self, scene: Scene) -> bool:
        return self.wanted.task_type == LOOK

    def say(self, scene: Scene) -> str:
        lamps = [text for text in scene.commands if text.startswith("use ")]
        if lamps and (not self.acted or self.dice.chance(0.2)):
            self.acted += 1
            return lamps[0]
        if self.acted:
            return self.wander(scene)
        return self.hide(scene, lambda text: text.startswith("take "))

    def happened(self, scene: Scene) -> bool:
        return bool(scene.env.world.toggled) and not any(map(self.own, self.taken))


class _Dropped(HouseholdFault):
    """Puts the object down on the way and forgets it."""

    def fits(self, scene: Scene) -> bool:
        self.patience = self.dice.between(0, 3)
        return self.wanted.task_type != LOOK

    def say(self, scene: Scene) -> str:
        if self.acted:
            return self.wander(scene)
        if self.held(scene):
            self.patience -= 1
            here = [
                text
                for text in scene.commands
                if text.startswith("move ") and kind(text.rpartition(" to ")[2]) != self.wanted.target
            ]
            if here and self.patience < 0:
                self.acted += 1
                return self.dice.pick(here)
            if self.patience < 0:
                return self.wander(scene)
        return super().say(scene)

    def happened(self, scene: Scene) -> bool:
        left = {place for place, names in self.places(scene).items() if self.taken & set(names)}
        return self.acted > 0 and any(kind(place) != self.wanted.target for place in left)


class _NeverDelivered(HouseholdFault):
    """Carries the object about without a thought of where it was to go."""

    def fits(self, scene: Scene) -> bool:
        return self.wanted.task_type != LOOK

    def say(self, scene: Scene) -> str:
        if self.acted or self.held(scene):
            self.acted += 1
            return self.wander(scene)
        return super().say(scene)

    def happened(self, scene: Scene) -> bool:
        return self.acted > 0 and self.held(scene)


class _OneOfTwo(HouseholdFault):
    """Brings one object and takes the task for done."""

    def fits(self, scene: Scene) -> bool:
        return self.wanted.task_type == TWO

    def delivered(self, scene: Scene) -> list[str]:
        """Where objects of the goal lie that were carried there."""
        return [
            place
            for place, names in self.places(scene).items()
            for name in names
            if name in self.taken and kind(place) == self.wanted.target
        ]

    def say(self, scene: Scene) -> str:
        if self.delivered(scene):
            self.acted += 1
            return self.wander(scene)
        return super().say(scene)

    def happened(self, scene: Scene) -> bool:
        return self.acted > 0 and len(self.delivered(scene)) == 1


class _SplitPair(_OneOfTwo):
    """Brings the second object to another place of the right kind."""

    def fits(self, scene: Scene) -> bool:
        targets = [name for name in scene.env.world.layout.receptacles if kind(name) == self.wanted.target]
        return super().fits(scene) and len(targets) > 1 and not set(targets) & set(self.places(scene))

    def say(self, scene: Scene) -> str:
        there = self.delivered(scene)
        if len(there) > 1:
            self.acted += 1
            return self.wander(scene)
        held = scene.env.world.holding is not None
        return self.hide(scene, lambda text: held and any(text.endswith(f" to {place}") for place in there))

    def happened(self, scene: Scene) -> bool:
        return len(set(self.delivered(scene))) > 1


ERRAND_PLANTS = (
    Plant("takes another object", _WrongObject, (Cause.WRONG_OBJECT,)),
    Plant("skips the transformation", _Untreated, (Cause.NOT_CHANGED,)),
    Plant("switches no lamp on", _LampUnused, (Cause.LAMP_NOT_USED,)),
    Plant("uses the lamp empty-handed", _EmptyHanded, (Cause.LAMP_WITHOUT_OBJECT,)),
    Plant("drops the object on the way", _Dropped, (Cause.MISPLACED,)),
    Plant("carries the object about", _NeverDelivered, (Cause.NOT_DELIVERED,)),
    Plant("forgets the second object", _OneOfTwo, (Cause.ONE_OF_TWO,)),
    Plant("brings the second elsewhere", _SplitPair, (Cause.SPLIT_PAIR,)),
)
"""What goes wrong with the object."""
