"""Furnishes the room of a generated game: receptacles, the objects in them, and a few awkward features."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cache

from skill_gym.alfworld.assignment import Assignment
from skill_gym.alfworld.habits import HOUSEHOLD
from skill_gym.alfworld.household import CAN_CONTAIN, COOLABLE, HOLLOW, OPENABLE
from skill_gym.alfworld.rooms import ROOMS
from skill_gym.alfworld.worlds import check_world, keeping
from skill_gym.dice import Dice

ALWAYS_OPENABLE = ("Fridge", "Microwave")
TILTS = (-30, -15, 0, 15, 30, 45, 60)
"""Angles at which the agent looks down, part of a location's id."""

HEIGHTS = {"Bed": 50, "Drawer": 60, "GarbageCan": 10, "Sofa": 40, "ArmChair": 40, "Toilet": 60}
"""Height of a receptacle's centre in centimetres where it is not about 90."""

SMALL = (
    "Spoon", "Fork", "ButterKnife", "Egg", "Tomato", "Apple", "Potato", "DishSponge", "Pen", "Pencil",
    "KeyChain", "CreditCard", "CD", "CellPhone", "Watch", "RemoteControl", "SoapBar", "SaltShaker",
    "PepperShaker",
)  # fmt: skip
"""Object types that lie in hollow ones now and then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorConfig:
    """How generated rooms look; the defaults give rooms like the official ones.

    Attributes:
        rooms: Names of the allowed rooms (kitchen, living_room, bedroom, bathroom), None for all.
        room_scale: Factor on the numbers of cabinets, drawers, shelves and so on, in [0.1, 3].
        object_scale: Factor on the numbers of objects, in [0.1, 3].
        openable: Probability that a cabinet, drawer or safe has a door; fridges and microwaves always have.
        shared_location: Probability that a receptacle stands at the place of the one before it.
        two_receptacles: Probability that a game has objects that lie in two receptacles at once.
        nested: Probability that a game has an object inside another.
        cold: Probability that what lies in the fridge is cold at the start.
        misplaced: Probability that a game has an object whose own location is not its receptacle's.
        half_done: Probability that in a two-object game one of them is in place already.
        world: Number of the world whose habits the games share (``worlds.WORLDS``), None for no habits.
        habit_strength: Share of what lies where it usually does in the world, in [0, 1].
    """

    rooms: Sequence[str] | None = None
    room_scale: float = 1.0
    object_scale: float = 1.0
    openable: float = 0.83
    shared_location: float = 0.06
    two_receptacles: float = 0.35
    nested: float = 0.17
    cold: float = 0.2
    misplaced: float = 0.08
    half_done: float = 0.15
    world: int | None = None
    habit_strength: float = 0.85

    def __post_init__(self) -> None:
        if self.rooms is not None:
            if isinstance(self.rooms, str) or not self.rooms:
                raise ValueError(
                    f"rooms must be a list of room names, got {self.rooms!r}; "
                    f"pass None for all of {', '.join(ROOMS)}"
                )
            unknown = [name for name in self.rooms if name not in ROOMS]
            if unknown:
                raise ValueError(f"unknown room {unknown[0]!r}; the rooms are {', '.join(ROOMS)}")
            object.__setattr__(self, "rooms", tuple(name for name in ROOMS if name in self.rooms))
        if self.world is not None:
            check_world(self.world)
        for setting in fields(self):
            if setting.name in ("rooms", "world"):
                continue
            low, high = (0.1, 3.0) if setting.name.endswith("_scale") else (0.0, 1.0)
            value = getattr(self, setting.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise ValueError(f"{setting.name} must be a number from {low} to {high}, got {value!r}")
            # 1 and 1.0 are the same room, so they must have the same hash.
            object.__setattr__(self, setting.name, float(value))

    @classmethod
    def from_mapping(cls, settings: "dict[str, object] | GeneratorConfig | None") -> "GeneratorConfig":
        """A config from JSON-able settings, as ``gym.make(..., generator={...})`` passes them.

        Raises:
            ValueError: Unknown setting, or a value out of its range.
        """
        if isinstance(settings, GeneratorConfig):
            return settings
        known = [setting.name for setting in fields(cls)]
        unknown = [name for name in settings or {} if name not in known]
        if unknown:
            raise ValueError(f"unknown generator setting {unknown[0]!r}; the settings are {', '.join(known)}")
        return cls(**(settings or {}))  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, object]:
        """JSON-able settings, the same for configs that make the same games."""
        settings = asdict(self)
        if self.world is None:
            del settings["world"], settings["habit_strength"]
        return {**settings, "rooms": None if self.rooms is None else list(self.rooms)}


@dataclass(slots=True)
class Receptacle:
    """A receptacle of a generated room; ``x, y, z`` in centimetres, ``location`` is an index."""

    id: str
    type: str
    x: int
    y: int
    z: int
    location: int
    openable: bool


@dataclass(slots=True)
class Thing:
    """An object of a generated room; ``location`` None means that it has no location fact."""

    id: str
    type: str
    location: int | None
    receptacles: list[Receptacle] = field(default_factory=list)
    cold: bool = False
    inside: "Thing | None" = None


@dataclass(frozen=True, slots=True)
class House:
    """A furnished room.

    Attributes:
        locations: Ids of the locations; the first is where the agent starts and no receptacle stands.
        receptacles: In the order in which they were drawn.
        things: Objects, in receptacles or part of the building.
    """

    locations: tuple[str, ...]
    receptacles: tuple[Receptacle, ...]
    things: tuple[Thing, ...]


def furnish(assignment: Assignment, dice: Dice, config: GeneratorConfig) -> House:
    """Draws a room in which the assignment can be done and is not done yet.

    The world decides only what lies where: house, receptacles and numbers of objects are the same in all.
    """
    return _Furnisher(assignment, dice, config).furnish()


class _Furnisher:
    def __init__(self, assignment: Assignment, dice: Dice, config: GeneratorConfig) -> None:
        self.assignment = assignment
        self.room = ROOMS[assignment.room]
        self.dice = dice
        self.config = config
        self.keeping = None if config.world is None else keeping(config.world, config.habit_strength)
        self.ids: set[str] = set()
        self.locations: list[str] = []
        self.receptacles: list[Receptacle] = []
        self.by_type: dict[str, list[Receptacle]] = {}
        self.things: list[Thing] = []
        # Bringing one or two objects: those that lie in the target type already would be done.
        self.fills_target = assignment.task_type in ("pick_and_place_simple", "pick_two_obj_and_place")

    def furnish(self) -> House:
        self.locate(self.dice.between(-300, 300), self.dice.between(-300, 300))
        for name, stock in self.room.receptacles.items():
            self.place_receptacles(name, stock.chance, stock.low, stock.high)
        for name, stock in self.room.objects.items():
            self.place_things(name, stock.chance, stock.low, stock.high)
        for name, stock in self.room.fixtures.items():
            if self.dice.chance(stock.chance):
                for _ in range(self.dice.between(stock.low, stock.high)):
                    x, z = self.dice.between(-300, 300), self.dice.between(-300, 300)
                    self.things.append(Thing(self.name(name, x, 120, z), name, self.locate(x, z)))
        self.make_awkward()
        return House(tuple(self.locations), tuple(self.receptacles), tuple(self.things))

    def place_receptacles(self, name: str, chance: float, low: int, high: int) -> None:
        if name != self.assignment.target_type and not self.dice.chance(chance):
            return
        count = self.dice.between(low, high)
        if high > 1:
            count = max(1, self.dice.rounded(count * self.config.room_scale))
        for _ in range(count):
            x, z = self.dice.between(-300, 300), self.dice.between(-300, 300)
            y = HEIGHTS.get(name, 90) + self.dice.below(10)
            shared = bool(self.receptacles) and self.dice.chance(self.config.shared_location)
            location = self.receptacles[-1].location if shared else self.locate(x, z)
            openable = name in ALWAYS_OPENABLE or (
                name in OPENABLE and self.dice.chance(self.config.openable)
            )
            receptacle = Receptacle(self.name(name, x, y, z), name, x, y, z, location, openable)
            self.receptacles.append(receptacle)
            self.by_type.setdefault(name, []).append(receptacle)

    def place_things(self, name: str, chance: float, low: int, high: int) -> None:
        wanted = 0
        if name == self.assignment.object_type:
            wanted = 2 if self.assignment.task_type == "pick_two_obj_and_place" else 1
        elif name == self.assignment.target_type:
            wanted = 1
        if not wanted and not self.dice.chance(chance):
            return
        count = max(wanted, self.dice.rounded(self.dice.between(low, high) * self.config.object_scale))
        # Two objects in one receptacle would win; one of them may be there, and only one.
        done = (
            name == self.assignment.object_type
            and self.assignment.task_type == "pick_two_obj_and_place"
            and self.dice.chance(self.config.half_done)
        )
        paired = wanted == 2 and not done
        first: str | None = None
        for index in range(count):
            receptacle = self.choose_receptacle(name, into_target=done and index == 0, first=first)
            if receptacle is None:
                continue
            first = receptacle.type if paired else None
            x = receptacle.x + self.dice.between(-20, 20)
            z = receptacle.z + self.dice.between(-20, 20)
            id_ = self.name(name, x, receptacle.y, z)
            self.things.append(Thing(id_, name, receptacle.location, [receptacle]))

    def choose_receptacle(self, name: str, into_target: bool, first: str | None) -> Receptacle | None:
        target = self.assignment.target_type
        if into_target:
            return self.dice.pick(self.by_type[target])
        asked_for = name == self.assignment.object_type
        types = [kind for kind in self.by_type if not (asked_for and self.fills_target and kind == target)]
        if self.keeping is None:
            weights = HOUSEHOLD.weights(name, types)
        else:
            weights = self.keeping.weights(name, types, first)
        if not sum(weights):
            # A thing without a usual place here lies where it can be put, what is asked for anywhere.
            weights = [float(name in CAN_CONTAIN[kind]) for kind in types]
            if not sum(weights) and (asked_for or name == target):
                weights = [float(kind != "Toaster") for kind in types]
        if not sum(weights):
            return None
        return self.dice.pick(self.by_type[types[self.dice.weighted(weights)]])

    def make_awkward(self) -> None:
        laid = [thing for thing in self.things if thing.receptacles]
        if self.dice.chance(self.config.two_receptacles):
            self.lay_in_two(laid)
        if self.dice.chance(self.config.nested):
            self.nest(laid)
        if self.dice.chance(self.config.cold):
            for thing in laid:
                wanted = thing.type == self.assignment.object_type
                asked_to_cool = wanted and self.assignment.task_type == "pick_cool_then_place_in_recep"
                in_fridge = thing.receptacles[0].type == "Fridge"
                thing.cold = thing.type in COOLABLE and in_fridge and not asked_to_cool
        if self.dice.chance(self.config.misplaced):
            thing = self.dice.pick(laid)
            thing.location = self.dice.below(len(self.locations))

    def lay_in_two(self, laid: list[Thing]) -> None:
        """Lays one or two things across a border: two burners, the coffee machine and the counter top."""
        pairs = []
        for thing in laid:
            if self.fills_target and thing.type == self.assignment.object_type:
                continue
            first = thing.receptacles[0]
            at_edge = first.type in ("StoveBurner", "CoffeeMachine")
            for kind in (first.type, "CounterTop") if at_edge else (first.type,):
                pairs += [(thing, other) for other in self.by_type.get(kind, ()) if other is not first]
        for _ in range(self.dice.between(1, 2) if pairs else 0):
            thing, other = self.dice.pick(pairs)
            if len(thing.receptacles) == 1:
                thing.receptacles.append(other)

    def nest(self, laid: list[Thing]) -> None:
        pairs = [
            (inner, outer)
            for outer in laid
            if outer.type in HOLLOW
            for inner in laid
            if inner.type in SMALL and inner.receptacles[0] is outer.receptacles[0]
        ]
        if pairs:
            inner, outer = self.dice.pick(pairs)
            inner.inside = outer

    def locate(self, x: int, z: int) -> int:
        """Adds a location near the place; returns its index."""
        while True:
            turn, tilt = self.dice.below(4), self.dice.pick(TILTS)
            column, row = _signed(round(x / 25)), _signed(round(z / 25))
            id_ = f"loc_bar_{column}_bar_{row}_bar_{turn}_bar_{_signed(tilt)}"
            if id_ not in self.ids:
                self.ids.add(id_)
                self.locations.append(id_)
                return len(self.locations) - 1

    def name(self, kind: str, x: int, y: int, z: int) -> str:
        """A fresh id with coordinates in metres; basins say so, as the display names need it."""
        stem = {"SinkBasin": "Sink", "BathtubBasin": "Bathtub"}.get(kind, kind)
        tail = f"_bar_{kind}" if stem != kind else ""
        while True:
            id_ = f"{stem}_bar_{_metres(x)}_bar_{_metres(y)}_bar_{_metres(z)}{tail}"
            if id_ not in self.ids:
                self.ids.add(id_)
                return id_
            x += 1


@cache
def _signed(value: int) -> str:
    return f"_minus_{-value}" if value < 0 else str(value)


@cache
def _metres(centimetres: int) -> str:
    sign = "_minus_" if centimetres < 0 else "_plus_"
    return f"{sign}{abs(centimetres) // 100:02d}_dot_{abs(centimetres) % 100:02d}"
