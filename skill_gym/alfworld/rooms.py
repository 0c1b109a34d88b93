"""Which receptacles and objects the four kinds of room have, and how many of each."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stock:
    """How often a type occurs in a room.

    Attributes:
        chance: Probability that the room has it at all.
        low: Smallest number when it has.
        high: Largest number when it has; all between are equally likely.
    """

    chance: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Room:
    """A kind of room.

    Attributes:
        name: ``kitchen``, ``bedroom``, ``living_room`` or ``bathroom``.
        plans: First and last number of its floor plans.
        receptacles: Receptacle type to how many there are.
        objects: Object types that lie in receptacles to how many there are.
        fixtures: Object types that are part of the building, in no receptacle.
        tasks: Task type to how often the room has it, relative to other rooms.
    """

    name: str
    plans: tuple[int, int]
    receptacles: Mapping[str, Stock]
    objects: Mapping[str, Stock]
    fixtures: Mapping[str, Stock]
    tasks: Mapping[str, float]


def _stock(table: str) -> dict[str, Stock]:
    """Reads ``Type low high`` or, where only some rooms have it, ``Type chance% low high``, by commas."""
    stock: dict[str, Stock] = {}
    for entry in table.replace("\n", " ").split(","):
        words = entry.split()
        if not words:
            continue
        chance = float(words[1].rstrip("%")) / 100 if words[1].endswith("%") else 1.0
        stock[words[0]] = Stock(chance, int(words[-2]), int(words[-1]))
    return stock


ROOMS: Mapping[str, Room] = {
    "kitchen": Room(
        "kitchen",
        (1, 30),
        _stock(
            """
            Cabinet 6 21, Drawer 3 9, StoveBurner 4 4, CounterTop 1 4, Fridge 1 1, Microwave 1 1,
            CoffeeMachine 1 1, GarbageCan 1 1, SinkBasin 1 1, Toaster 1 1, DiningTable 60% 1 2, Shelf 35% 1
            3, SideTable 15% 1 1, Safe 3% 1 1
            """
        ),
        _stock(
            """
            Tomato 1 3, Egg 1 3, Cup 1 3, Apple 1 3, Mug 1 3, Spoon 1 3, Bowl 1 3, PepperShaker 1 3,
            SoapBottle 1 3, DishSponge 1 3, Potato 1 3, Knife 1 2, SaltShaker 1 3, Fork 1 2, Spatula 1 2,
            Plate 1 3, Lettuce 1 2, ButterKnife 97% 1 3, Bread 1 2, Pot 1 2, Pan 1 2, Kettle 50% 1 3,
            WineBottle 40% 1 3, Ladle 35% 1 3, Glassbottle 25% 1 3, Vase 17% 1 3, HousePlant 36% 1 1,
            PaperTowelRoll 36% 1 1, Statue 15% 1 3, CellPhone 10% 1 3, CreditCard 8% 1 3, Book 12% 1 2,
            Pencil 8% 1 3, Pen 7% 1 3, SprayBottle 7% 1 3, Sink 60% 1 1
            """
        ),
        _stock("StoveKnob 4 4, LightSwitch 1 1, Window 88% 1 2, Chair 60% 1 4, Blinds 20% 1 1"),
        {
            "pick_and_place_simple": 1,
            "pick_clean_then_place_in_recep": 5,
            "pick_heat_then_place_in_recep": 5,
            "pick_cool_then_place_in_recep": 5,
            "pick_two_obj_and_place": 2,
        },
    ),
    "living_room": Room(
        "living_room",
        (201, 230),
        _stock(
            """
            Drawer 60% 2 12, Shelf 40% 2 9, SideTable 80% 1 3, ArmChair 85% 1 2, Sofa 1 2, CoffeeTable 1 1,
            GarbageCan 1 1, Cabinet 20% 2 5, DiningTable 50% 1 1, Dresser 40% 1 1, TVStand 40% 1 1, Ottoman
            12% 1 1
            """
        ),
        _stock(
            """
            RemoteControl 1 2, CreditCard 1 3, Statue 95% 1 3, KeyChain 1 2, Vase 50% 2 3, Laptop 1 2, Box 1
            2, Newspaper 60% 1 3, Pillow 1 2, Watch 50% 1 3, HousePlant 1 1, Television 1 1, TissueBox 35% 1
            3, Plate 30% 1 3, Book 30% 1 3, WateringCan 50% 1 1, CellPhone 22% 1 3, Pen 17% 1 3, Pencil 17%
            1 3, DeskLamp 30% 1 1, FloorLamp 10% 1 1, Bowl 12% 1 3, Boots 20% 1 1, Candle 10% 1 3
            """
        ),
        _stock("Window 98% 1 4, Chair 60% 1 6, Painting 1 3, LightSwitch 1 1, Curtains 38% 1 2"),
        {"pick_and_place_simple": 3, "look_at_obj_in_light": 1, "pick_two_obj_and_place": 3},
    ),
    "bedroom": Room(
        "bedroom",
        (301, 330),
        _stock(
            """
            Drawer 85% 2 12, Shelf 60% 2 8, Bed 1 1, GarbageCan 1 1, SideTable 60% 1 2, Desk 75% 1 2,
            Dresser 50% 1 1, Cabinet 15% 2 4, ArmChair 30% 1 1, LaundryHamper 30% 1 1, Safe 20% 1 1,
            DiningTable 8% 1 1
            """
        ),
        _stock(
            """
            CD 1 3, CellPhone 1 3, Pencil 1 2, Pen 1 2, KeyChain 1 2, CreditCard 1 3, Book 1 3, AlarmClock 1
            2, Pillow 1 2, Laptop 1 2, DeskLamp 72% 1 2, Mug 48% 1 3, Bowl 44% 1 2, Box 47% 1 1, BaseballBat
            40% 1 1, TennisRacket 40% 1 1, Cloth 20% 1 3, BasketBall 38% 1 1, TeddyBear 37% 1 1, TissueBox
            15% 1 3, RemoteControl 13% 1 3, HousePlant 27% 1 1, Statue 15% 1 2, Vase 8% 1 3, Watch 7% 1 3,
            Television 12% 1 1, Boots 10% 1 1
            """
        ),
        _stock("Window 1 2, Blinds 85% 1 2, LightSwitch 1 1, Mirror 1 1, Chair 75% 1 2, Painting 38% 1 2"),
        {"pick_and_place_simple": 3, "look_at_obj_in_light": 5, "pick_two_obj_and_place": 3},
    ),
    "bathroom": Room(
        "bathroom",
        (401, 430),
        _stock(
            """
            Drawer 50% 2 9, Cabinet 65% 1 5, HandTowelHolder 1 2, SinkBasin 1 2, TowelHolder 1 2,
            ToiletPaperHanger 1 1, Toilet 1 1, GarbageCan 1 1, CounterTop 1 1, BathtubBasin 65% 1 1, Shelf
            25% 1 3, Cart 8% 1 1, SideTable 8% 1 1
            """
        ),
        _stock(
            """
            ToiletPaper 1 4, Candle 1 3, SoapBar 1 3, SprayBottle 1 3, SoapBottle 1 3, Cloth 1 3, HandTowel
            1 2, Towel 1 1, DishSponge 24% 1 3, TissueBox 24% 1 3, PaperTowelRoll 17% 1 1, HousePlant 5% 1 1
            """
        ),
        _stock(
            "Mirror 1 1, ScrubBrush 1 1, Plunger 1 1, LightSwitch 1 1, Window 70% 1 2, ShowerDoor 60% 1 1"
        ),
        {"pick_and_place_simple": 3, "pick_clean_then_place_in_recep": 2, "pick_two_obj_and_place": 3},
    ),
}
"""The four kinds of room."""
