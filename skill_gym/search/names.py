"""Invented names for generated worlds: few syllables, many names, none twice and none of the real world."""

from typing import NamedTuple

from skill_gym.dice import Dice
from skill_gym.search.language import EntityType

_FIRST = (
    "Ba Bel Bo Bru Cor Dal Do Dra Du Fal Fe Fi Fol Ga Gel Go Gra Gu Hal He Hor Jo Jul Ka Kel Ki Kor Ku "
    "La Lo Lu Mal Me Mo Mur Na Nel No Nu Or Pa Pel Po Pra Ral Re Ro Ru Sa Sel So Ta Tel To Tra Tu Va Vel "
    "Vi Vol Wa Za Zel Zo"
)
_LAST = (
    "bak bem bim bram bruk bun dak dax dem dok dran dum dux fam fik fok fun gam gar gax gim gok gran "
    "gum kam kem kin kor kram krom kun lak lam lim lux mak mim mok mun nak nam nim nok nux pak pim "
    "pux rak rim rok rum tam tik tok tum vak vam vim vok vor vun vux zam zim"
)
FIRST_SYLLABLES = tuple(_FIRST.split())
LAST_SYLLABLES = tuple(_LAST.split())
"""A small tokenizer can hold them all."""
FIRST_NAME_ENDINGS = ("la", "no", "ri", "va", "mo", "ti", "da", "ko")
"""Stems end in a consonant and first names in a vowel, so that no first name is a stem."""

WORDS: dict[EntityType, tuple[str, ...]] = {
    "town": ("Bridge", "Hill", "Cross", "Green", "Heath", "Wells", "Harbour", "Ferry"),
    "region": ("Vale", "Coast", "Plains", "Moors", "Highlands", "Isles"),
    "company": ("Works", "Brothers", "Partners", "Trading", "Foundry", "Workshops"),
    "river": ("River", "Water", "Brook", "Stream"),
    "school": ("School", "Academy", "College", "Institute"),
    "prize": ("Prize", "Medal", "Award", "Cup"),
}
"""What follows the stem."""
ADJECTIVES = ("Silent", "Golden", "Hidden", "Broken", "Distant", "Crimson", "Quiet", "Forgotten")
NOUNS = ("Lanterns", "Gardens", "Shadows", "Voices", "Roads", "Letters", "Winters", "Towers")
"""A book is called ``Silent Lanterns of <stem>``."""

_PAIRS = len(FIRST_SYLLABLES) * len(LAST_SYLLABLES)
_TRIPLES = _PAIRS * len(LAST_SYLLABLES)
MOST_STEMS = _PAIRS + _TRIPLES


class Naming(NamedTuple):
    """The names of one world: another number gives another stem, whatever else there is in the world.

    Attributes:
        step: Odd; with ``shift`` a permutation of all stems.
        shift: Another of its kind.
    """

    step: int
    shift: int

    @classmethod
    def of(cls, world: str) -> "Naming":
        """The naming of a world, by its seed."""
        dice = Dice(f"{world} naming")
        return cls(2 * dice.between(500, 1500) + 1, dice.below(_PAIRS))

    def stem(self, number: int) -> str:
        """The stem of a number in [0, ``MOST_STEMS``): of two syllables, or three beyond the first 4,096."""
        if number < _PAIRS:
            place = (self.step * number + self.shift) % _PAIRS
            return FIRST_SYLLABLES[place // 64] + LAST_SYLLABLES[place % 64]
        place = (self.step * (number - _PAIRS) + self.shift) % _TRIPLES
        pair, last = divmod(place, 64)
        return FIRST_SYLLABLES[pair // 64] + LAST_SYLLABLES[pair % 64] + LAST_SYLLABLES[last]


def first_name(dice: Dice) -> str:
    """A person's first name; several persons may share it."""
    return dice.pick(FIRST_SYLLABLES) + dice.pick(FIRST_NAME_ENDINGS)


def name(kind: EntityType, stem: str, dice: Dice) -> str:
    """A name with the stem in it; no part of it is an article."""
    if kind == "person":
        return f"{first_name(dice)} {stem}"
    if kind == "book":
        return f"{dice.pick(ADJECTIVES)} {dice.pick(NOUNS)} of {stem}"
    return f"{stem} {dice.pick(WORDS[kind])}"
