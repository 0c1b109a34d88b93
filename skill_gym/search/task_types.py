"""Task types of questions: how an answer has to be looked for, read from the question's text alone."""

import math
import re
from functools import lru_cache
from typing import NamedTuple, get_args

from skill_gym.search.questions import QueryType

TASK_TYPES: tuple[QueryType, ...] = get_args(QueryType)
"""SkillRL's four types of questions, which are the banks' categories as well."""

DIRECT: QueryType = "direct_retrieval"
MULTI_HOP: QueryType = "multi_hop_reasoning"
ATTRIBUTE: QueryType = "entity_attribute_lookup"
COMPARISON: QueryType = "comparison"

_ROLE = (
    r"(?:actor|actress|architect|artist|author|band|brother|character|chemist|child|coach|composer|creator|"
    r"daughter|designer|developer|director|drummer|emperor|employer|father|founder|governor|group|head|"
    r"holder|host|husband|king|leader|man|manager|manufacturer|mayor|minister|mother|narrator|owner|parents?|"
    r"people|performer|person|physicist|player|president|principal|producer|publisher|purchaser|pupil|queen|scientist|"
    r"screenwriter|sibling|singer|sister|son|sponsor|spouse|star|teacher|voice|wife|winner|woman|writer)"
)
_THING = (
    r"(?:airline|album|animal|bank|battle|birthplace|book|capital|city|club|college|company|corporation|country|county|"
    r"district|entity|event|film|institut(?:e|ion)|island|language|league|location|magazine|movie|nation|"
    r"nationality|network|novel|opera|organi[sz]ation|party|place|play|prize|province|region|religion|river|"
    r"school|seat|series|setting|show|song|species|stadium|state|system|team|territory|town|university|village|war)"
)
_ASKING = r"(?:what|which|who|whom|whose|where|when|how)"
_PREPOSITION = r"(?:in|on|of|for|to|at|from|by|during|until|with)"
_COMPARED = (
    r"\b(?:more|most|fewer|fewest|less|least|first|last|(?:old|young|long|short|tall|great|small|low|high|"
    r"larg|earli|lat|bigg|heavi|clos|near|new)(?:er|r|est|st))\b"
)
_YES_NO = r"^(?:are|were|is|was|do|does|did|have|has|had|can)\b"
_OR_NAME = r"\bor (?:the |an? )?\S+(?: \S+){0,8}$"

# Weight (log-odds), cue.
_COMPARING: tuple[tuple[float, str], ...] = (
    (3.5, r"\bboth\b"),
    (4.0, r"\bin common\b|\bshared? (?:by|the same)\b"),
    (1.0, r"\bthe same\b"),
    (2.5, _YES_NO),
    (2.0, rf"{_YES_NO}.*\band\b"),
    # "Which town is larger, Oulton or Brigg", not "a shop, or store, of which town".
    (3.0, rf"^(?!.*\b(?:in|of|for|that|who) (?:what|which)\b).*{_OR_NAME}"),
    (2.5, rf"(?:,|\bbetween\b).*{_OR_NAME}"),
    (1.0, _COMPARED),
    (1.0, rf"{_COMPARED}.*{_OR_NAME}"),
)
_COMPARING_BIAS = -3.0

_LINKED: tuple[tuple[float, str], ...] = (
    # Somebody or something that is described instead of named.
    (2.5, rf"\bthe (?:\S+ ){{0,3}}{_ROLE} (?:of|who|that|whom|whose|which|behind|playing|in|on|from|for) "),
    (
        2.0,
        rf"\bthe (?:\S+ ){{0,3}}{_THING} (?:where|that|which|whose|who|in|of|containing|with|from|by|around|"
        r"awarded) ",
    ),
    (1.0, r"\b(?:the|an?) (?:\S+ ){1,4}?(?:(?:in|of|to|from|for|by) )?(?:who|whom|whose|that|which|where)\b"),
    (1.0, r"\bthe (?:\S+ ){1,4}?(?:of|for|in) the (?:\S+ ){1,5}?(?:of|for|in|that|who|where)\b"),
    (0.5, r"\bthe \w+ (?:of|where|who|that|whose) "),
    (2.0, rf"'s? (?:\S+ ){{0,2}}{_ROLE}\b"),
    # Two demands on what is sought.
    (1.0, r"^(?:what|which) (?:\S+ ){1,6}?(?:who|that|whose)\b"),
    (2.5, r"^(?:who|which|what)\b.*\band (?:who|which|whose|also|then|is|has|\w+(?<!s)s|\w+ed|had|won)\b"),
    (1.0, r"\b(?:also|another|other than|besides|along with|alongside|fellow|shares?)\b"),
    # A statement with a question word inside.
    (1.5, rf"^(?!(?:{_PREPOSITION}|{_ASKING})\b).*\b{_ASKING}\b"),
    (
        1.0,
        r"\b(?:located|known|based|born|featuring|starring|directed|founded|named|formed|responsible|sharing|"
        r"borders?|licensed|affiliated|attending|headquartered|signed|acquired|wrote|assisted|related)\b",
    ),
    (1.0, r"^(?:\S+ ){10}\S"),
    (1.0, r"^(?:\S+ ){14}\S"),
    (1.0, r"^(?:\S+ ){19}\S"),
    (0.5, r"\bthe\b.*\bthe\b.*\bthe\b"),
    (0.5, r"^(?:when|where|how)\b.*\bthe\b"),
    # A deed asked for by its own verb: "who wrote", "who played".
    (-0.5, r"^who (?!(?:is|was|are|were|did|does|has|had)\b)\w+"),
)
_LINKED_BIAS = -1.5
_COMPARING_CUES = tuple((weight, re.compile(cue)) for weight, cue in _COMPARING)
_LINKED_CUES = tuple((weight, re.compile(cue)) for weight, cue in _LINKED)

_ATTRIBUTES = (
    r"(?:age|area|author|birth ?(?:day|place|date)|boss|burial place|capital|career|chairman|citizenship|"
    r"colou?r|composer|continent|country|county|creator|currency|date of (?:birth|death)|depth|designer|"
    r"developer|director|editor|elevation|employer|father|founder|gender|genre|governor|head(?:quarters)?|"
    r"height|husband|inventor|job|language|leader|length|location|manager|manufacturer|mayor|mother|mouth|"
    r"name|nationality|nickname|occupation|owner|place of (?:birth|death)|population|principal|producer|"
    r"product|profession|publisher|rank|region|religion|screenwriter|seat|sex|sibling|size|sponsor|sport|spouse|"
    r"state|teacher|title|weight|wife|writer|year of (?:birth|death))"
)
_LOOK_UPS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:which|whose) (?:\S+ ){{0,2}}{_ATTRIBUTES} (?:of|for) .+",
        rf"(?:what|who) (?:is|was|are|were) .+'s? (?:\S+ )?{_ATTRIBUTES}",
        rf"{_PREPOSITION} (?:what|which) (?:\S+ )?{_ATTRIBUTES} (?:is|was|are|were|does|did|has) .+",
        rf"(?:what|which) (?:\S+ )?{_ATTRIBUTES} (?:does|did) .+",
        r"(?:what|which) (?:colou?r|genre|nationality|occupation|religion|sex) (?:is|was|are|were) .+",
        r"what (?:is|was) .+ the capital of",
        r"(?:when|where|in (?:what|which) \w+) (?:is|was|did) .+ "
        r"(?:born|die|died|founded|located|based|published|released)",
        r"how (?:old|tall|long|large|big|high|deep|heavy) (?:is|was|are) .+",
        r"how many (?:inhabitants|people|km|kilomet\w+|miles)(?: \w+)? (?:is|does|live) .+",
        r"what does .+ do(?: for a living)?",
    )
)
# "What is the name of the X", "Who is the X": what is sought stands first.
_OPENING = re.compile(
    r"^(?:what|who|which(?: \w+)?)(?:'s| is| was| are| were) (?:the (?:\w+ )?names? of )?(?:the|this|an?) "
)


_LONGEST = 1000
"""Characters that are read; no question is longer, whatever is sent as one."""


class Reading(NamedTuple):
    """A question's type as its text tells it, with its probability in [0, 1]."""

    task_type: QueryType
    confidence: float


def task_type(question: str) -> QueryType:
    """The type of a question: one of ``TASK_TYPES``, ``direct_retrieval`` where nothing tells another.

    Args:
        question: The text alone. Its data set is not asked for: that would tell which test it belongs to.
    """
    return read_question(question).task_type


@lru_cache(maxsize=65_536)
def read_question(question: str) -> Reading:
    """The type of a question, by cues in its words.

    Cues of a comparison are weighed first, then those of a link, which is something that is described instead
    of named and has to be found before the answer. A question with neither asks for one fact: an attribute of
    something named (*What is Ada Lovelace's occupation?*) or anything else. Cues were written by hand. Their
    weights began as two logistic regressions, on HotpotQA's and MuSiQue's questions, those of SkillRL's
    released memories and generated ones, rounded to halves; a few were then set by hand.

    Args:
        question: The text alone, in any case, with or without its question mark.
    """
    text = " ".join(question[:_LONGEST].replace("\u2019", "'").split()).casefold().strip(' ?.!"')
    text = _OPENING.sub("which ", text)
    comparing = _probability(_COMPARING_CUES, _COMPARING_BIAS, text)
    linked = _probability(_LINKED_CUES, _LINKED_BIAS, text)
    if comparing > 0.5:
        return Reading(COMPARISON, comparing)
    if linked > 0.5:
        return Reading(MULTI_HOP, (1 - comparing) * linked)
    attribute = any(pattern.fullmatch(text) for pattern in _LOOK_UPS)
    return Reading(ATTRIBUTE if attribute else DIRECT, (1 - comparing) * (1 - linked))


def _probability(cues: tuple[tuple[float, re.Pattern[str]], ...], bias: float, text: str) -> float:
    score = bias + sum(weight for weight, cue in cues if cue.search(text))
    return 1 / (1 + math.exp(-score))
