"""What a relation of a generated world is, between which types, and all of its wordings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

EntityType = Literal["person", "town", "region", "company", "book", "river", "school", "prize"]
ENTITY_TYPES: tuple[EntityType, ...] = get_args(EntityType)

CLOSED_LISTS: Mapping[str, tuple[str, ...]] = {
    "occupation": (
        "baker", "barber", "brewer", "carpenter", "chemist", "clockmaker", "cook", "dancer", "dentist",
        "farmer", "fisher", "gardener", "judge", "lawyer", "mason", "nurse", "painter", "pilot", "poet",
        "potter", "sailor", "singer", "tailor", "weaver",
    ),
    "product": (
        "bells", "boats", "boots", "bricks", "candles", "carpets", "chairs", "clocks", "coats", "drums",
        "flutes", "gloves", "hats", "kettles", "lamps", "locks", "mirrors", "needles", "paper", "pianos",
        "ropes", "saddles", "soap", "tiles",
    ),
}  # fmt: skip
"""Values of relations whose values are neither entities nor numbers."""

ValueKind = Literal["entity", "integer", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation and all of its wordings.

    Attributes:
        name: Unique among the relations of its head's type.
        head: Type of the head.
        value: Type of an entity, name of a closed list, or ``year``, ``people``, ``kilometres`` (integers).
        sentences: How passages tell the fact.
        phrases: Noun phrases for the value of a head, which questions nest; entity values only.
        questions: What is asked at the end; the head is a name or a noun phrase.
        words: What a query for it says beside the head's name.
        larger: Comparisons ``{a} or {b}`` whose answer has the larger value; integers only.
        smaller: Those whose answer has the smaller value.
        condition: What the sought person does, in questions by two attributes; of persons only.
        same: Yes-no question whether ``{a}`` and ``{b}`` have the same value.
    """

    name: str
    head: EntityType
    value: str
    sentences: tuple[str, ...]
    phrases: tuple[str, ...] = ()
    questions: tuple[str, ...]
    words: str
    larger: tuple[str, ...] = ()
    smaller: tuple[str, ...] = ()
    condition: str = ""
    same: str = ""

    @property
    def id(self) -> str:
        """Unique among all relations."""
        return f"{self.head}.{self.name}"

    @property
    def kind(self) -> ValueKind:
        """What its values are."""
        if self.value in ENTITY_TYPES:
            return "entity"
        return "closed" if self.value in CLOSED_LISTS else "integer"
