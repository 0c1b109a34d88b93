"""What scripted players understand of a skill text: lessons, each followed or turned into its opposite.

This is the ground truth's own reading, with its own words. It knows nothing of how texts are checked before
they enter a bank, and nothing that checks texts may use it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STOPS = re.compile(r"[.:;!?\n]+")
"""Ends of statements."""

_AGAINST = re.compile(
    r"\b(?:not|no|never|without|skip|avoid|stop|needless|unnecessary|useless|instead of|rather than"
    r"|leave out|do away with)\b|n't\b"
)

_TWICE_DENIED = re.compile(
    r"\b(?:do not|never|without|don't) (?:forget|skip|omit|fail|miss|neglect|leave out)\w*"
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """Something that a text may tell a player to do.

    Attributes:
        name: Unique among the lessons of a stage.
        needed: Each of these patterns must occur in one sentence, in lower case.
    """

    name: str
    needed: tuple[re.Pattern[str], ...]

    @classmethod
    def of(cls, name: str, *needed: str) -> "Lesson":
        """A lesson from alternatives: ``"wash|rinse"`` stands for words that begin with one of them."""
        return cls(name, tuple(re.compile(rf"\b(?:{words})") for words in needed))

    def told(self, sentence: str) -> bool | None:
        """Whether the sentence tells to do it (True), tells not to (False), or is about something else."""
        if not all(pattern.search(sentence) for pattern in self.needed):
            return None
        return _AGAINST.search(_TWICE_DENIED.sub("", sentence)) is None


def read_lessons(text: str, lessons: Sequence[Lesson]) -> Mapping[str, bool]:
    """The lessons that a text tells; of two that contradict each other the upper one counts."""
    told: dict[str, bool] = {}
    for sentence in STOPS.split(text.lower()):
        for lesson in lessons:
            if lesson.name not in told and (said := lesson.told(sentence)) is not None:
                told[lesson.name] = said
    return told


_BEFORE = (
    "before|first|until|then|always|must|need|prior|make sure|ensure|remember|forget|have to|has to|should"
)

HOUSEHOLD = (
    Lesson.of("clean", "wash|rins|clean|scrub", _BEFORE),
    Lesson.of("heat", "heat|warm|cook", _BEFORE),
    Lesson.of("cool", "cool|chill|refrigerat", _BEFORE),
    Lesson.of("lamp", "lamp|light", r"turn(?:ing)? on|switch(?:ing)? on|use|using|toggl|activat"),
    Lesson.of(
        "second",
        "second|both|two|pair",
        "go back|return|fetch|still|remaining|as well|again|repeat|next one",
    ),
    Lesson.of(
        "dither",
        "inventory|look around|looking around|take stock|taking stock|what you carry",
        "each|every|any|often|between|constantly",
    ),
    Lesson.of("tidy", "clos|shut", "every|each|always|behind|tidy"),
    Lesson.of(
        "recheck",
        "twice|again|examin|inspect|double",
        "receptacle|place|surface|container|spot",
        "every|each|always|any",
    ),
    Lesson.of(
        "give_up", "give up|stop|end the search|call it off|abandon", "third|three|few|soon|two places"
    ),
    Lesson.of(
        "juggle", "put down|set down|lay down|put it back|drop", "pick|take|taking|carry|carrying|hold"
    ),
)
"""Lessons for players of ALFWorld: the first five mend a weakness, the others waste steps or worse."""

LIBRARY = (
    Lesson.of(
        "hasty", "answer", "at once|immediately|right away|straight away|first turn|from memory|offhand"
    ),
    Lesson.of("repeat", "quer|search", "twice|again|repeat|second time"),
    Lesson.of("terse", "quer|search", "single word|one word|one-word|last word"),
)
"""Lessons for players of Search: all spoil turns."""
