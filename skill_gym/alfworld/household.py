"""What the things of a household are: properties of objects, and which receptacle takes which object."""

from collections.abc import Mapping


def _types(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PICKUPABLE: tuple[str, ...] = _types(
    """
    AlarmClock Apple BaseballBat BasketBall Book Boots Bowl Box Bread ButterKnife CD Candle CellPhone
    Cloth CreditCard Cup DishSponge Egg Footstool Fork Glassbottle HandTowel Kettle KeyChain Knife
    Ladle Laptop Lettuce Mug Newspaper Pan PaperTowelRoll Pen Pencil PepperShaker Pillow Plate Plunger
    Pot Potato RemoteControl SaltShaker ScrubBrush SoapBar SoapBottle Spatula Spoon SprayBottle Statue
    TeddyBear TennisRacket TissueBox ToiletPaper Tomato Towel Vase Watch WateringCan WineBottle
    """
)
"""Object types that can be taken."""

HOLLOW: tuple[str, ...] = _types("Bowl Box Cup Mug Pan Plate Pot")
"""Object types that other objects can lie in (``isReceptacleObject``)."""

CLEANABLE: tuple[str, ...] = _types(
    """
    Apple Bowl ButterKnife Cloth Cup DishSponge Egg Fork Kettle Knife Ladle Lettuce Mug Pan Plate Pot
    Potato SoapBar Spatula Spoon Tomato
    """
)
"""Object types that a sink basin cleans."""

HEATABLE: tuple[str, ...] = _types("Apple Bread Cup Egg Mug Plate Potato Tomato")
"""Object types that a microwave heats."""

COOLABLE: tuple[str, ...] = _types(
    "Apple Bowl Bread Cup Egg Lettuce Mug Pan Plate Pot Potato Tomato WineBottle"
)
"""Object types that a fridge cools."""

TOGGLEABLE: tuple[str, ...] = _types("DeskLamp FloorLamp")
"""Object types that can be switched on; they are never pickupable."""

SLICEABLE: tuple[str, ...] = _types("Apple Bread Egg Lettuce Potato Tomato")
"""Object types that a knife slices."""

OPENABLE: tuple[str, ...] = _types("Cabinet Drawer Fridge Microwave Safe")
"""Receptacle types that can be openable; a fridge and a microwave always are."""

CAN_CONTAIN: Mapping[str, tuple[str, ...]] = {
    "ArmChair": _types(
        """
        Book Box CellPhone Cloth CreditCard KeyChain Laptop Newspaper Pillow RemoteControl
        """
    ),
    "BathtubBasin": _types("Cloth DishSponge HandTowel SoapBar"),
    "Bed": _types("BaseballBat BasketBall Book CellPhone Laptop Pillow TennisRacket"),
    "Cabinet": _types(
        """
        Book Bowl Box CD Candle Cloth Cup DishSponge Glassbottle HandTowel Kettle Ladle Mug Newspaper
        Pan PepperShaker Plate Plunger Pot SaltShaker SoapBar SoapBottle SprayBottle TissueBox
        ToiletPaper Vase WateringCan WineBottle
        """
    ),
    "Cart": _types(
        """
        Candle Cloth DishSponge HandTowel Plunger SoapBar SoapBottle SprayBottle TissueBox ToiletPaper
        """
    ),
    "CoffeeMachine": _types("Mug"),
    "CoffeeTable": _types(
        """
        Book Bowl Box Candle CellPhone CreditCard KeyChain Laptop Newspaper Pen Pencil Plate
        RemoteControl Statue TissueBox Vase Watch WateringCan
        """
    ),
    "CounterTop": _types(
        """
        AlarmClock Apple Book Bowl Bread ButterKnife CD Candle CellPhone Cloth CreditCard Cup DishSponge
        Egg Fork Glassbottle HandTowel Kettle KeyChain Knife Ladle Laptop Lettuce Mug Pan Pen Pencil
        PepperShaker Plate Pot Potato RemoteControl SaltShaker SoapBar SoapBottle Spatula Spoon
        SprayBottle Statue TissueBox ToiletPaper Tomato Vase WineBottle
        """
    ),
    "Desk": _types(
        """
        AlarmClock BasketBall Book Bowl Box CD CellPhone Cloth CreditCard KeyChain Laptop Mug Pen Pencil
        RemoteControl Statue TennisRacket TissueBox Vase Watch WateringCan
        """
    ),
    "DiningTable": _types(
        """
        AlarmClock Apple BaseballBat BasketBall Book Bowl Box Bread ButterKnife CD Candle CellPhone
        Cloth CreditCard Cup DishSponge Egg Fork Glassbottle Kettle KeyChain Knife Ladle Laptop Lettuce
        Mug Newspaper Pan Pen Pencil PepperShaker Plate Pot Potato RemoteControl SaltShaker SoapBottle
        Spatula Spoon SprayBottle Statue TennisRacket TissueBox Tomato Vase Watch WateringCan WineBottle
        """
    ),
    "Drawer": _types(
        """
        Book ButterKnife CD Candle CellPhone Cloth CreditCard DishSponge Fork HandTowel KeyChain Knife
        Ladle Newspaper Pen Pencil PepperShaker RemoteControl SaltShaker SoapBar SoapBottle Spatula
        Spoon SprayBottle TissueBox ToiletPaper Watch WateringCan
        """
    ),
    "Dresser": _types(
        """
        AlarmClock BasketBall Book Bowl Box CD Candle CellPhone Cloth CreditCard KeyChain Laptop Mug
        Newspaper Pen Pencil Plate RemoteControl SprayBottle Statue TennisRacket TissueBox ToiletPaper
        Vase Watch WateringCan
        """
    ),
    "Fridge": _types(
        """
        Apple Bowl Bread Cup Egg Glassbottle Lettuce Mug Pan Plate Pot Potato Tomato WineBottle
        """
    ),
    "GarbageCan": _types(
        """
        Apple Bread CD Cloth DishSponge Egg HandTowel Lettuce Newspaper Pen Pencil Potato SoapBar
        SoapBottle SprayBottle TissueBox ToiletPaper Tomato WineBottle
        """
    ),
    "HandTowelHolder": _types("HandTowel"),
    "LaundryHamper": _types("Cloth"),
    "Microwave": _types("Apple Bowl Bread Cup Egg Glassbottle Mug Plate Potato Tomato"),
    "Ottoman": _types("Book Box CellPhone CreditCard KeyChain Laptop Newspaper Pillow RemoteControl"),
    "Safe": _types("CD CellPhone CreditCard KeyChain Statue Vase"),
    "Shelf": _types(
        """
        AlarmClock Book Bowl Box CD Candle CellPhone Cloth CreditCard Cup DishSponge Glassbottle
        HandTowel Kettle KeyChain Mug Newspaper Pen Pencil PepperShaker Plate Pot RemoteControl
        SaltShaker SoapBar SoapBottle SprayBottle Statue TissueBox ToiletPaper Vase Watch WateringCan
        WineBottle
        """
    ),
    "SideTable": _types(
        """
        AlarmClock Apple BaseballBat BasketBall Book Bowl Box Bread ButterKnife CD Candle CellPhone
        Cloth CreditCard Cup DishSponge Egg Fork HandTowel Kettle KeyChain Knife Laptop Lettuce Mug
        Newspaper Pan Pen Pencil PepperShaker Plate Pot Potato RemoteControl SaltShaker SoapBar
        SoapBottle Spatula Spoon SprayBottle Statue TennisRacket TissueBox ToiletPaper Tomato Vase Watch
        WateringCan WineBottle
        """
    ),
    "SinkBasin": _types(
        """
        Apple Bowl ButterKnife Cloth Cup DishSponge Egg Fork Glassbottle HandTowel Kettle Knife Ladle
        Lettuce Mug Pan Plate Pot Potato SoapBar Spatula Spoon Tomato
        """
    ),
    "Sofa": _types("Book Box CellPhone CreditCard KeyChain Laptop Newspaper Pillow RemoteControl"),
    "StoveBurner": _types("Kettle Pan Pot"),
    "TVStand": _types("TissueBox"),
    "Toilet": _types(
        """
        Candle Cloth DishSponge HandTowel SoapBar SoapBottle SprayBottle TissueBox ToiletPaper
        """
    ),
    "ToiletPaperHanger": _types("ToiletPaper"),
    "TowelHolder": _types("Towel"),
    "Toaster": (),
}
"""Object types that each receptacle type takes by ``move`` (the ``canContain`` facts of the official games).

Where objects lie at the start need not obey it."""
