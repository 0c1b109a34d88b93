"""Made-up skills, goals and vectors in any number, for measurements of big banks."""

import random
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Skill

CATEGORIES = ("pick_and_place", "look_at_obj_in_light", "clean", "heat", "cool", "pick_two")
GENERAL_SHARE = 4
"""One skill in so many is general, as in the released bank for ALFWorld (12 of 44)."""
_THINGS = (
    "mug", "plate", "apple", "tomato", "knife", "book", "pillow", "candle", "cloth", "pan", "pot", "egg",
    "potato", "bread", "lettuce", "spoon", "fork", "cup", "bowl", "vase", "statue", "laptop", "pen", "pencil",
    "watch", "keychain", "newspaper", "box", "soap bar", "towel", "spray bottle", "credit card",
)  # fmt: skip
_PLACES = (
    "shelf", "drawer", "cabinet", "fridge", "microwave", "sink basin", "countertop", "dining table",
    "side table", "desk", "dresser", "sofa", "armchair", "bed", "garbage can", "stove burner", "toilet",
    "bathtub", "ottoman", "safe",
)  # fmt: skip
_ADVICE = (
    "search the {place} before the {other}, and note every {thing} that you pass on the way",
    "open the {place} first when it is closed, because a {thing} is rarely left in the open",
    "carry only one {thing} at a time and put it down at the {place} before you look for more",
    "go back to the {place} once the {thing} is ready, and check the goal again before the last step",
    "when the {place} holds no {thing}, try the nearest {other} instead of looking at the same spot twice",
    "remember where the {thing} was seen, so that the second trip from the {place} takes a single step",
    "use the {place} for the {thing} as soon as both are at hand, and do not examine the {other} any more",
    "leave the {other} alone until the {thing} has been taken from the {place}",
)
_SITUATIONS = (
    "the goal names a {thing} and the {place} is in the room",
    "two steps in a row have changed nothing near the {place}",
    "the {thing} was not found in the {other} by turn {number}",
    "the task asks for more than one {thing}",
    "the {place} is closed and {number} places are still unvisited",
)
_TITLES = (
    "{thing} by the {place}",
    "Search the {place}",
    "{thing} first",
    "From {place} to {other}",
    "Check the {other}",
)
_GOALS = (
    "put a {thing} in {place}.", "put a clean {thing} in {place}.",
    "heat some {thing} and put it in {place}.",
    "cool some {thing} and put it on {place}.", "find two {thing} and put them in {place}.",
    "look at {thing} under the desklamp near the {place}.",
    "examine the {thing} on the {place} with the floorlamp.",
    "take the {thing} from the {other} to the {place}.",
)  # fmt: skip


def many_skills(count: int, *, seed: int = 0, first: int = 0) -> Iterator[Skill]:
    """Skills of about 35 words, one in four general, the others of six categories in turn; each text once."""
    draw = random.Random(f"skills {seed} {first}")
    for number in range(first, first + count):
        words = _words(draw)
        advice, more = draw.sample(_ADVICE, 2)
        general = number % GENERAL_SHARE == 0
        yield Skill(
            f"{'gen' if general else 'spe'}_{number:07d}",
            draw.choice(_TITLES).format(**words).capitalize(),
            # The number keeps the texts apart.
            f"{advice.format(**words).capitalize()}. In room {number}, {more.format(**_words(draw))}.",
            f"Whenever {draw.choice(_SITUATIONS).format(**words)}.",
            category=None if general else CATEGORIES[number % len(CATEGORIES)],
        )


def big_bank(count: int, *, seed: int = 0) -> SkillBank:
    """A bank of so many skills and no mistakes."""
    return SkillBank.empty().with_skills(many_skills(count, seed=seed))


def many_goals(count: int, *, seed: int = 0) -> list[str]:
    """Different goals in the manner of ALFWorld's."""
    draw = random.Random(f"goals {seed}")
    found: dict[str, None] = {}
    while len(found) < count:
        found[draw.choice(_GOALS).format(**_words(draw))] = None
    return list(found)


def vectors_like(known: NDArray[np.float32], count: int, *, seed: int = 0) -> NDArray[np.float32]:
    """Vectors of length 1 between pairs of known ones, with noise: for banks too big to be embedded here.

    Args:
        known: Vectors of real texts, shape [text, width].
        count: How many to draw.
        seed: Of the draw.
    """
    draw = np.random.default_rng(seed)
    made = np.empty((count, known.shape[1]), dtype=np.float32)
    for start in range(0, count, 50_000):
        some = made[start : start + 50_000]
        one, other = draw.integers(len(known), size=(2, len(some)))
        some[:] = 0.8 * known[one] + 0.4 * known[other]
        some += 0.4 / np.sqrt(known.shape[1]) * draw.standard_normal(some.shape, dtype=np.float32)
        some /= np.linalg.norm(some, axis=1, keepdims=True)
    return made


def _words(draw: random.Random) -> dict[str, str]:
    place, other = draw.sample(_PLACES, 2)
    return {"thing": draw.choice(_THINGS), "place": place, "other": other, "number": str(draw.randint(3, 30))}


def sample_of(texts: Sequence[str], count: int) -> list[str]:
    """Texts spread evenly over all."""
    step = max(1, len(texts) // max(1, count))
    return list(texts[::step][:count])
