"""Where a household keeps its things: the prior that places objects and that a searcher may share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Habits:
    """How likely each kind of object is to lie in each kind of receptacle.

    Attributes:
        places: Object type to receptacle type to weight; weights are relative, in a room that lacks a
            receptacle type its weight goes to the others.
        elsewhere: Weight of a receptacle type that ``places`` does not name for an object it does name.
    """

    places: Mapping[str, Mapping[str, float]]
    elsewhere: float = 0.0

    def weights(self, object_type: str, receptacle_types: Sequence[str]) -> list[float]:
        """Weight of each receptacle type for the object type, all 0 when nothing is known of it."""
        known = self.places.get(object_type)
        if known is None:
            return [0.0] * len(receptacle_types)
        return [known.get(name, self.elsewhere) for name in receptacle_types]


def _habits(table: str) -> dict[str, dict[str, float]]:
    places: dict[str, dict[str, float]] = {}
    for line in table.strip().splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        places[name.strip()] = {words[i]: float(words[i + 1]) for i in range(0, len(words), 2)}
    return places


HOUSEHOLD = Habits(
    _habits(
        """
        AlarmClock: Desk 8 SideTable 6 Shelf 5 Dresser 5 DiningTable 1
        Apple: Fridge 6 CounterTop 6 DiningTable 4 Microwave 3 GarbageCan 3 SinkBasin 2 SideTable 1
        BaseballBat: Bed 4 Desk 1 Dresser 1 SideTable 1
        BasketBall: Bed 2 Desk 2 Dresser 1 SideTable 1
        Book: Bed 8 Desk 4 CounterTop 3 Drawer 3 CoffeeTable 3 Dresser 2 Sofa 2 ArmChair 1 Cabinet 1 Shelf 1
        Boots: Bed 1 ArmChair 1 Sofa 1
        Bowl: Cabinet 7 CounterTop 5 Fridge 4 DiningTable 4 Desk 3 Shelf 2 SinkBasin 1 Microwave 1
        Box: CoffeeTable 5 Sofa 5 DiningTable 4 Desk 2 Shelf 2 SideTable 2 Dresser 1 ArmChair 1 Cabinet 1
        Bread: CounterTop 8 DiningTable 5 Fridge 3 SideTable 1
        ButterKnife: CounterTop 8 DiningTable 4 Drawer 3 SinkBasin 1 SideTable 1
        CD: Drawer 6 Desk 5 SideTable 3 Shelf 3 Dresser 3 GarbageCan 2 Cabinet 1 Safe 1
        Candle: Toilet 6 CounterTop 6 Cabinet 3 Drawer 3 Shelf 2 SideTable 1 CoffeeTable 1 Cart 1
        CellPhone: Bed 5 Drawer 5 Desk 4 SideTable 3 Dresser 2 CounterTop 2 Sofa 2 ArmChair 1 CoffeeTable 1
        Cloth: BathtubBasin 5 Drawer 4 Cabinet 4 CounterTop 4 SinkBasin 2 Toilet 1 Shelf 1 Cart 1
        CreditCard: Drawer 5 SideTable 4 Shelf 3 Desk 3 Dresser 3 Sofa 2 ArmChair 2 CoffeeTable 2 CounterTop 1
        Cup: Cabinet 6 CounterTop 5 Fridge 5 DiningTable 3 SinkBasin 2 Microwave 2 Shelf 1 SideTable 1
        DeskLamp: SideTable 5 Desk 4 Dresser 2 Shelf 1 CoffeeTable 1
        DishSponge: CounterTop 5 Cabinet 5 Drawer 4 SinkBasin 2 DiningTable 2 GarbageCan 1 Shelf 1
        Egg: Fridge 6 CounterTop 5 Microwave 3 SinkBasin 3 GarbageCan 3 DiningTable 2 SideTable 1
        FloorLamp: SideTable 2 Shelf 1 CoffeeTable 1 Dresser 1
        Footstool: Bed 1 Sofa 1
        Fork: CounterTop 6 Drawer 4 DiningTable 4 SinkBasin 1 SideTable 1
        Glassbottle: Cabinet 5 CounterTop 4 DiningTable 3 Fridge 2 SinkBasin 1 GarbageCan 1 Shelf 1
        HandTowel: HandTowelHolder 18 CounterTop 1 Toilet 1
        HousePlant: CounterTop 4 SideTable 2 DiningTable 2 CoffeeTable 1 Shelf 1 Dresser 1 Desk 1
        Kettle: StoveBurner 6 CounterTop 4 Cabinet 4 DiningTable 1 Shelf 1
        KeyChain: Drawer 5 SideTable 4 Shelf 3 Desk 3 Dresser 2 ArmChair 2 CoffeeTable 2 Sofa 1 Safe 1
        Knife: CounterTop 7 DiningTable 4 Drawer 4 SinkBasin 1
        Ladle: CounterTop 5 Cabinet 3 Drawer 3 DiningTable 2 SinkBasin 1
        Laptop: Bed 8 Desk 4 Sofa 3 CoffeeTable 2 DiningTable 2 Dresser 1 SideTable 1 ArmChair 1
        Lettuce: CounterTop 7 Fridge 5 DiningTable 4 SinkBasin 1 SideTable 1
        Mug: CounterTop 5 CoffeeMachine 4 Cabinet 4 Fridge 3 DiningTable 2 Desk 3 SinkBasin 1 Microwave 1
        Newspaper: Sofa 5 CoffeeTable 4 Shelf 2 SideTable 2 DiningTable 2 ArmChair 2 Dresser 1 Drawer 1
        Pan: StoveBurner 8 CounterTop 5 Cabinet 1 DiningTable 1 Fridge 1
        PaperTowelRoll: CounterTop 5 DiningTable 1 Shelf 1 GarbageCan 1
        Pen: Desk 5 Drawer 3 SideTable 3 Dresser 3 Shelf 3 DiningTable 1 CounterTop 1 GarbageCan 1
        Pencil: Desk 5 Drawer 4 SideTable 4 Dresser 2 Shelf 2 DiningTable 1 CounterTop 1 GarbageCan 1
        PepperShaker: CounterTop 6 Cabinet 6 DiningTable 3 Drawer 3 Shelf 1
        Pillow: Bed 10 Sofa 5 ArmChair 2
        Plate: Cabinet 7 CounterTop 5 DiningTable 3 Fridge 2 CoffeeTable 1 Shelf 1
        Pot: StoveBurner 12 CounterTop 3 Fridge 1 Cabinet 1
        Potato: CounterTop 6 Fridge 5 DiningTable 4 SinkBasin 2 Microwave 2 GarbageCan 1
        RemoteControl: CoffeeTable 5 Sofa 4 SideTable 3 ArmChair 3 TVStand 2 Drawer 2 Dresser 2 DiningTable 1
        SaltShaker: Cabinet 6 CounterTop 5 DiningTable 3 Drawer 3 Shelf 1
        Sink: CounterTop 1
        SoapBar: CounterTop 4 Toilet 3 SinkBasin 3 Drawer 3 Cabinet 3 BathtubBasin 2 GarbageCan 1 Shelf 1
        SoapBottle: CounterTop 6 Cabinet 5 DiningTable 2 GarbageCan 2 Toilet 2 Shelf 1 Drawer 1
        Spatula: CounterTop 7 DiningTable 4 Drawer 3 SinkBasin 1
        Spoon: CounterTop 5 Drawer 4 DiningTable 3 SinkBasin 2
        SprayBottle: CounterTop 5 Toilet 5 Cabinet 4 GarbageCan 2 Shelf 1 SideTable 1 Cart 1
        Statue: Shelf 5 CoffeeTable 3 SideTable 2 DiningTable 2 Dresser 1 CounterTop 1 TVStand 1 Desk 1
        TeddyBear: Bed 1
        Television: TVStand 6 Dresser 6 CoffeeTable 1
        TennisRacket: Bed 2 Desk 1 Dresser 1
        TissueBox: Drawer 3 Shelf 3 CoffeeTable 3 SideTable 2 CounterTop 2 DiningTable 2 Desk 1 Cabinet 1
        ToiletPaper: Toilet 5 CounterTop 4 ToiletPaperHanger 3 Drawer 3 Cabinet 2 GarbageCan 1 Shelf 1 Cart 1
        Tomato: Fridge 7 CounterTop 6 DiningTable 3 GarbageCan 2 SinkBasin 1 SideTable 1
        Towel: TowelHolder 1
        Vase: Shelf 6 CounterTop 3 Cabinet 3 CoffeeTable 2 DiningTable 2 SideTable 1 Dresser 1 TVStand 1
        Watch: CoffeeTable 4 Drawer 4 SideTable 3 Dresser 2 DiningTable 2 TVStand 1 Shelf 1 Desk 1
        WateringCan: CoffeeTable 3 Shelf 3 SideTable 1
        WineBottle: CounterTop 5 Cabinet 4 DiningTable 3 GarbageCan 1 Shelf 1 Fridge 1
        """
    ),
)
"""An ordinary household. Another world is another ``Habits``."""
