"""Passages are taken back out of what the environment shows."""

import pytest

from skill_gym.search.observation import NOTHING_FOUND, ObservationFormat, evidence
from skill_gym.search.passages import Hit, Passage
from skill_gym.search.shown_passages import ShownPassage, read_passages

HITS = [
    Hit(Passage("a", "Ruin (film)", "A film (1999) of\nits time.\nDoc 7: not a passage."), 2.0),
    Hit(Passage("b", 'The "Old" Mill', "Stands (still)."), 1.0),
]


@pytest.mark.parametrize("layout", ["plain", "r1", "skillrl"])
def test_passages_are_read_back_from_every_layout(layout: ObservationFormat) -> None:
    assert read_passages(evidence(HITS, layout).text) == [
        ShownPassage("Ruin (film)", "A film (1999) of its time. Doc 7: not a passage."),
        ShownPassage('The "Old" Mill', "Stands (still)."),
    ]
    assert read_passages(evidence([], layout).text) == []
    assert read_passages(f"{NOTHING_FOUND} Doc 1(Title: x) y") == []
