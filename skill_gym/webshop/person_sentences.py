"""Instructions as people write them: a thing, some of what it is, some of what can be chosen."""

from collections.abc import Mapping

from skill_gym.dice import Dice
from skill_gym.webshop.made_products import Made
from skill_gym.webshop.product_text import role
from skill_gym.webshop.shop_words import article, is_plural

_ENDINGS = (
    ", it is a present", " and it should last", ". we need it for {}", ". any brand will do",
    ". i will use it for {}", ", please",
)  # fmt: skip
"""What some people add."""
_OPENINGS = (
    *("i am looking for {}",) * 9,
    *("i would like {}",) * 3,
    *("im looking for {}",) * 3,
    *("i need {}",) * 4,
    *("i want {}",) * 3,
    "i want to find {}", "i want to buy {}", "i need to buy {}", "find me {}", "show me {}", "get me {}",
    "can you find me {}?", "do you have {}?", "please find {} for me", "i am interested in {}",
    "my sister asked me for {}", "looking for {}",
)  # fmt: skip
"""Beginnings, as often as people use them."""


def person_sentence(
    made: Made, options: Mapping[str, tuple[str, ...]], dice: Dice
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """A sentence without a price.

    Returns:
        The sentence, the attributes that it names, and the option values that it names.
    """
    design = made.design
    traits = list(design.traits)
    named = tuple(sorted({dice.pick(traits) for _ in range(1 + dice.below(4))}, key=traits.index))
    chosen = {
        name: dice.pick(values) for name, values in sorted(options.items()) if values and dice.chance(0.85)
    }
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    for trait in named:
        parts[role(design, trait)].append(_said(trait) if dice.chance(0.3) else trait)
    being, having, purpose = parts
    noun = dice.pick(design.nouns)
    value = chosen.get("color")
    front = [value] if value is not None and dice.chance(0.6) else []
    after = [] if front or value is None else [f"in {value}"]
    if being and dice.chance(0.6):
        front = [" ".join(being), *front] if len(being) == 1 else [", ".join(being), *front]
        being = []
    thing = " ".join([*front, noun])
    if having:
        thing += f" with {' and '.join(having)}"
    if purpose:
        thing += f" for my {' and '.join(purpose)}" if dice.chance(0.2) else f" for {' and '.join(purpose)}"
    if being:
        thing += f" that {'are' if is_plural(noun) else 'is'} {' and '.join(being)}"
    for name, one in chosen.items():
        if name == "size":
            after.append(dice.pick(("in size {}", "size {}", "in the size {}")).format(one))
        elif name != "color":
            after.append(f"{dice.pick(('and the', 'with the'))} {name} {one}")
    phrase = " ".join([thing, *after])
    if not is_plural(noun):
        phrase = article(phrase)
    sentence = dice.pick(_OPENINGS).format(phrase)
    if not sentence.endswith("?") and dice.chance(0.4):
        sentence += dice.pick(_ENDINGS).format(dice.pick(design.places).lower())
    return sentence, named, tuple(chosen.values())


def _said(trait: str) -> str:
    """An attribute as people say it: ``easy to clean`` for ``easy clean``."""
    first, _, rest = trait.partition(" ")
    return {"easy": f"easy to {rest}", "non": f"non-{rest}", "long": f"long-{rest}"}.get(first, trait)
