"""Faults of a household robot on the way to its object, each a cause of failure by itself."""

from skill_gym.alfworld.notebook import kind
from skill_gym.alfworld.world import World
from skill_gym.benchmarks.planted_causes_household import HouseholdFault
from skill_gym.benchmarks.planted_causes_play import Plant, Scene
from skill_gym.dice import Dice
from skill_gym.skillbanks.diagnosis import Cause


class _Loop(HouseholdFault):
    """Begins to do the same few things over and over."""

    def say(self, scene: Scene) -> str:
        if scene.step < self.onset:
            return super().say(scene)
        self.acted += 1
        if self.acted == 1:
            style = self.dice.below(3)
            places = [text for text in scene.commands if text.startswith("go to ")]
            still = [text for text in scene.commands if text.split()[0] in ("look", "inventory", "examine")]
            told = [text for text in dict.fromkeys(scene.said) if text.startswith("go to ")]
            self.cycle = {
                0: [self.dice.pick(places) for _ in range(self.dice.between(2, 4))],
                1: [self.dice.pick(still)],
                2: told[-self.dice.between(2, 4) :] or places[:2],
            }[style]
        return self.cycle[self.acted % len(self.cycle)]

    def happened(self, scene: Scene) -> bool:
        return self.acted >= 10


class _Unopened(HouseholdFault):
    """Takes closed containers for empty; the goal's objects are put into some before the game."""

    def fits(self, scene: Scene) -> bool:
        world = scene.env.world
        doors = [
            name
            for name in sorted(world.layout.openable)
            if name not in world.opened
            and self.wanted.object in world.layout.accepts[name]
            and kind(name) != self.wanted.target
        ]
        things = [(place, name) for place, names in self.places(scene).items() for name in names]
        if not doors or not things or world.layout.holding:
            return False
        self.doors = {self.dice.pick(doors)}
        for place, name in things:
            door = self.dice.pick(doors) if self.dice.chance(0.2) else min(self.doors)
            if place in world.layout.openable and place not in world.opened:
                door = place
            self.doors.add(door)
            put_into(world, name, place, door)
        self.doors = set(self.places(scene))
        self.jammed = self.dice.chance(0.3)
        self.shy = self.dice.pick((0.0, 0.5, 1.0))
        self.passed: set[str] = set()
        return True

    def refuses(self, command: str) -> bool:
        return self.jammed and command.startswith("open ") and command[5:] in self.doors

    def say(self, scene: Scene) -> str:
        while True:
            command = super().say(scene)
            name = command.removeprefix("open ")
            if command == "look":
                return self.wander(scene, lambda text: text[5:] in self.doors)
            if command == name or self.jammed:
                return command
            if name not in self.doors and not Dice(f"{sorted(self.doors)} {name}").chance(self.shy):
                return command
            self.acted += 1
            scene.player.notebook.contents[name] = []

    def watch(self, scene: Scene) -> None:
        super().watch(scene)
        command = scene.said[-1]
        if command.startswith("go to "):
            self.passed.add(command[6:])

    def happened(self, scene: Scene) -> bool:
        return bool(self.passed & self.doors) and not self.doors & scene.env.world.opened


def put_into(world: World, name: str, place: str, door: str) -> None:
    """Moves an object before the game begins, as if it had always been there."""
    layout, contents, places = world.layout, world.contents, world.places
    contents[place] = tuple(other for other in contents[place] if other != name)
    contents[door] = tuple(sorted({*contents[door], name}, key=layout.order.__getitem__))
    places[name] = frozenset({layout.location[door]})
    # A world forgets what is admissible only with the commands of its own.
    world._changed("inreceptacle", "objectatlocation")


class _Unvisited(HouseholdFault):
    """Never goes where the object is."""

    def fits(self, scene: Scene) -> bool:
        self.shunned = set(self.places(scene))
        share = self.dice.pick((0.0, 0.2, 0.4))
        for name in scene.env.world.layout.receptacles:
            if kind(name) != self.wanted.target and self.dice.chance(share):
                self.shunned.add(name)
        return bool(self.places(scene))

    def noise_allowed(self, command: str) -> bool:
        return command.removeprefix("go to ") not in self.shunned

    def say(self, scene: Scene) -> str:
        return self.hide(scene, lambda text: text.removeprefix("go to ") in self.shunned)

    def happened(self, scene: Scene) -> bool:
        return not any(map(self.own, self.taken))


class _NotTaken(HouseholdFault):
    """Passes the object by, or finds that the environment does not let go of it."""

    def fits(self, scene: Scene) -> bool:
        self.fixed = self.dice.chance(0.3)
        self.met = False
        return True

    def refuses(self, command: str) -> bool:
        return self.fixed and command.startswith("take ") and self.own(command.split(" from ")[0][5:])

    def say(self, scene: Scene) -> str:
        if self.fixed:
            command = super().say(scene)
            return self.wander(scene) if command == "look" else command
        taking = f"take {self.wanted.object} "
        self.met |= any(text.startswith(taking) for text in scene.commands)
        return self.hide(scene, lambda text: text.startswith(taking))

    def watch(self, scene: Scene) -> None:
        super().watch(scene)
        self.met |= scene.said[-1].startswith(f"take {self.wanted.object} ")

    def happened(self, scene: Scene) -> bool:
        return self.met and not any(map(self.own, self.taken))


class _Impossible(HouseholdFault):
    """Gives most commands in words that the environment does not know, or for things that are not there."""

    def fits(self, scene: Scene) -> bool:
        self.rate = self.dice.pick((0.7, 0.85, 1.0))
        return True

    def say(self, scene: Scene) -> str:
        command = super().say(scene)
        if scene.step < self.onset or not self.dice.chance(self.rate):
            return command
        self.acted += 1
        verb, _, rest = command.partition(" ")
        spoilt = {
            "go": [f"walk {rest}", f"go {rest[3:]}", f"go to {kind(rest[3:])} 99", f"go to {kind(rest[3:])}"],
            "take": [f"pick up {rest}", f"take {rest.split(' from ')[0]}"],
            "move": [f"put {rest.replace(' to ', ' in/on ')}", f"drop {rest.split(' to ')[0]}"],
            "open": [f"pull {rest}", f"open door of {rest}"],
            "use": [f"turn on {rest}", f"switch {rest}"],
        }.get(verb, [f"please {command}", f"{verb} it", f"{command} now"])
        return self.dice.pick(spoilt)

    def happened(self, scene: Scene) -> bool:
        return self.acted >= 5


class _Unreadable(HouseholdFault):
    """Forgets in most replies to say a command."""

    def fits(self, scene: Scene) -> bool:
        self.rate = self.dice.pick((0.7, 0.85, 1.0))
        return True

    def say(self, scene: Scene) -> str:
        if scene.step < self.onset or not self.dice.chance(self.rate):
            return super().say(scene)
        self.acted += 1
        return ""

    def happened(self, scene: Scene) -> bool:
        return self.acted >= 5


ROOM_PLANTS = (
    Plant("goes round in a loop", _Loop, (Cause.LOOP,)),
    Plant("leaves the object's container closed", _Unopened, (Cause.NOT_OPENED,)),
    Plant("never visits the object's place", _Unvisited, (Cause.NOT_VISITED,)),
    Plant("passes the object by", _NotTaken, (Cause.SEEN_NOT_TAKEN,)),
    Plant("gives impossible commands", _Impossible, (Cause.REFUSED,)),
    Plant("replies without a command", _Unreadable, (Cause.UNREADABLE,)),
)
"""What goes wrong before the object is in hand, or with the commands."""
