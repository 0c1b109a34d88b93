"""What a goal asks for: the task type of an ALFWorld sentence, written by a template or by a person."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PLACE = "pick_and_place_simple"
LOOK = "look_at_obj_in_light"
CLEAN = "pick_clean_then_place_in_recep"
HEAT = "pick_heat_then_place_in_recep"
COOL = "pick_cool_then_place_in_recep"
TWO = "pick_two_obj_and_place"
TASK_TYPES = (PLACE, LOOK, CLEAN, HEAT, COOL, TWO)
"""ALFWorld's task types under the environment's names, in its order."""

GoalSource = Literal["template", "goal", "none"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal as far as it could be read.

    Attributes:
        task_type: ALFWorld's name of the task type, None where the text gives no hint at all.
        source: ``template`` (one of the game's own sentences), ``goal`` (scored cues) or ``none``.
        confidence: In [0, 1]: 1 for a template, the scores' probability for a person's words, 0 for none.
        object: Kind of thing to handle in the game's words (``soapbar``); "" unless a template matched.
        target: Kind of place, or of lamp; "" unless a template matched.
    """

    task_type: str | None
    source: GoalSource
    confidence: float
    object: str = ""
    target: str = ""


_OBJECT, _TARGET, _KIND = r"(?:slice of )?(?P<object>\w+)", r"(?P<target>\w+)", r"(?:a|an|some|the)"
_TEMPLATES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (task_type, re.compile(pattern))
    for task_type, pattern in (
        (LOOK, rf"look at {_OBJECT} under the {_TARGET}"),
        (LOOK, rf"examine the {_OBJECT} with the {_TARGET}"),
        (TWO, rf"put two (?:slices of )?{_OBJECT} in {_TARGET}"),
        (TWO, rf"find two (?:slices of )?{_OBJECT} and put them in {_TARGET}"),
        (CLEAN, rf"put {_KIND} clean {_OBJECT} in {_TARGET}"),
        (CLEAN, rf"clean some {_OBJECT} and put it in {_TARGET}"),
        (HEAT, rf"put {_KIND} hot {_OBJECT} in {_TARGET}"),
        (HEAT, rf"heat some {_OBJECT} and put it in {_TARGET}"),
        (COOL, rf"put {_KIND} cool {_OBJECT} in {_TARGET}"),
        (COOL, rf"cool some {_OBJECT} and put it in {_TARGET}"),
        (PLACE, rf"put {_KIND} {_OBJECT} in {_TARGET}"),
        (PLACE, rf"put some {_OBJECT} on {_TARGET}"),
    )
)

_NOT_A_CUE = re.compile(
    r"wash(?:ing)? ?(?:cloths?|rags?|basins?)|wash ?basins?|dish ?wash\w*|sink basin|"
    r"clean(?:ing|er)\w*(?! (?:a|an|the|off|up)\b)(?: \w+)?|hot dogs?|cook(?:ing|ie|er)\w*|"
    r"(?:pairs? of )?keys\b.* them|pairs? of keys|water (?:tank|bottle|can|spout)\w*|"
    r"light (?:switch|blue|brown|green|colou?red|gr[ea]y|pink|wood|bulbs?)|"
    r"(?:two|2)[ -](?:drawer|door|tier|shelf|handle|level|compartment|burner)\w*"
)
"""Words that look like a cue and are none: ``wash cloth``, ``cleaning spray``, ``light blue``."""

_PLURALS = (
    "alarms apples balls bars bats books bottles bowls boxes breads candles canisters cans cards cds "
    "cellphones clocks cloths computers containers controllers controls cups discs disks dispensers eggs "
    "forks glasses grinders jars kettles knives ladles laptops lettuces loaves magazines mugs newspapers "
    "objects items pans papers pencils pens phones pillows plates potatoes pots rags remotes rolls sets "
    "shakers smartphones soaps spatulas sponges spoons statues sticks tomatoes towels tubes vases watches"
)

# Task type, weight (log-odds), cue.
_CUES: tuple[tuple[str, float, str], ...] = (
    (
        PLACE,
        1.5,
        r"\b(?:put|plac|mov|throw|toss|tak|bring|carry|set|stor|return|transfer|deposit|leav|remov|"
        r"stow|hang|drop|lay|insert|dump|deliver)\w*",
    ),
    (LOOK, 4.5, r"\b(?:lamp|lantern)\w*"),
    (LOOK, 4.0, r"\b(?:lights?|lit|illuminat\w*)\b"),
    (LOOK, 3.0, r"\b(?:examin|inspect|view|read|look|see|observ|study)\w*"),
    (LOOK, 4.0, r"\b(?:turn(?:ing|s)?|switch(?:ing)?|power(?:ing)?)\b.*\bon\b"),
    (LOOK, 1.5, r"\b(?:hold|holding|while)\b"),
    (CLEAN, 8.5, r"\b(?:clean\w*|wash\w*|rins\w*|scrub\w*|soak\w*)\b"),
    (CLEAN, 7.0, r"\b(?:water|wet|fill\w*|dirty|faucet|tap)\b"),
    (CLEAN, 1.0, r"\bsink\b"),
    (CLEAN, 2.5, r"\b(?:knife|spoon|fork|spatula|ladle|kettle|bar of soap|soap bar|rag|cloth)\b"),
    (
        HEAT,
        6.5,
        r"\b(?:heat\w*|hot|warm\w*|cook\w*|microwaved|microwaving|boil\w*|bak(?:e|ed|ing)|toasted)\b",
    ),
    (HEAT, 2.5, r"\b(?:eggs?|potato|tomato|apple|cup|mug|martini)\b"),
    (HEAT, 2.5, r"\bmicrowave (?:a|an|the|some)\b"),
    (HEAT, 3.5, r"\bmicrowave\b.*(?:,|\.|\band|\bthen|\bto|\bput|\bplace)\b"),
    (HEAT, 2.0, r"\b(?:heat|hot|warm|cook|microwav)\w*\b.*\b(?:cool|chill|fridge|refrigerat|freez)"),
    (COOL, 7.0, r"\b(?:cool\w*|cold|chill\w*|refrigerat(?:e|ed|ing)|freez(?:e|ing)|frozen|iced)\b"),
    (COOL, 1.5, r"\b(?:fridge|refrigerator|freezer)\b"),
    (COOL, 3.0, r"\b(?:fridge|refrigerator|freezer)\b.*(?:,|\.|\band|\bthen|\bto|\bput|\bplace)\b"),
    (COOL, 1.5, r"\b(?:cool|cold|chill|freez|refrigerat)\w*\b.*\b(?:heat|warm|cook|microwav)"),
    (COOL, 2.5, r"\b(?:bread|loaf|lettuce|cabbage|pot|pan|wine)\b"),
    (TWO, 6.5, r"\b(?:two|2|both|pairs?|couple|twice)\b"),
    (TWO, 1.0, r"\b(?:second|another|other|each|all|multiple|several|three|gather|collect)\b"),
    (TWO, 6.0, rf"\b(?:{'|'.join(_PLURALS.split())})\b"),
    (TWO, 5.5, r"\bthem\b"),
    (TWO, 2.5, r"\b\w+'s (?:away|in|into|inside|on|onto|to|down|from)\b"),
    (TWO, 5.0, r"^\s*(?:put|plac|mov)\w* (?:\w+ ){1,4}and (?:a|an|the|one|empty) "),
)
_COMPILED = tuple((task_type, weight, re.compile(cue)) for task_type, weight, cue in _CUES)
_BIAS: Mapping[str, float] = {PLACE: 0.0, LOOK: -3.5, CLEAN: -2.0, HEAT: -2.5, COOL: -1.5, TWO: -1.5}


def read_goal(text: str) -> Goal:
    """Reads a goal sentence.

    The twelve sentences of the game (and their sliced variants) are recognised exactly, whatever their case
    and final stop. Any other text is scored: every cue found adds its weight to its task type, and the
    softmax of the sums is the confidence. The cues were written by hand; their weights are a multinomial
    logistic regression on the people's goals of the official train split, rounded to halves. A text without
    any cue has no task type.

    Args:
        text: The goal alone, without the rest of an observation.
    """
    sentence = " ".join(text.split()).casefold().rstrip(" .")
    for task_type, template in _TEMPLATES:
        if match := template.fullmatch(sentence):
            return Goal(task_type, "template", 1.0, match["object"], match["target"])
    scores = dict(_BIAS)
    words = _NOT_A_CUE.sub(" ", text.casefold())
    found = [(task_type, weight) for task_type, weight, cue in _COMPILED if cue.search(words)]
    if not found:
        return Goal(None, "none", 0.0)
    for task_type, weight in found:
        scores[task_type] += weight
    best = max(TASK_TYPES, key=lambda task_type: scores[task_type])
    return Goal(best, "goal", 1 / sum(math.exp(score - scores[best]) for score in scores.values()))
