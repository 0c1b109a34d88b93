"""What the teacher without a model says about questions that were answered wrongly or not at all."""

from skill_gym.skillbanks.lessons import Lessons
from skill_gym.skillbanks.search_advice import SEARCH_ADVICE, SEARCH_PURPOSES
from skill_gym.skillbanks.search_diagnosis import SearchCause, diagnose_search

SEARCH_LESSONS = Lessons(
    diagnose=diagnose_search,
    advice={cause: SEARCH_ADVICE[cause] for cause in SearchCause},
    purposes=SEARCH_PURPOSES,
    any_purpose="the answer",
)
"""Search's rules; no advice holds names or facts of a question, which would give its answer away."""
