"""Takes the goals of tasks out of a world's texts, which repeat them: they are the user's words."""

from collections.abc import Iterable

import numpy as np

from skill_gym.skillbanks.letter_runs import BETWEEN, run_hashes

LEAST_GOAL = 16
"""Characters of a goal that is taken out; a shorter one's words would tear other sentences apart."""


def without(texts: Iterable[str], goals: Iterable[str], instead: str) -> list[str]:
    """The texts with something else in place of each goal.

    Which goals may stand in which text is looked up by the goals' middles (many begin and end alike), so that
    hundreds of goals and thousands of texts are not all compared.

    Args:
        texts: Any texts.
        goals: Goals in the same form; the first ones are taken out first.
        instead: What stands in their place, no part of any goal.
    """
    found = list(texts)
    long_goals = [goal for goal in dict.fromkeys(goals) if len(goal) >= LEAST_GOAL]
    if not (found and long_goals):
        return found
    middles = run_hashes("".join(_middle(goal) for goal in long_goals), LEAST_GOAL)[::LEAST_GOAL]
    runs = run_hashes(BETWEEN.join(found), LEAST_GOAL)
    # Few of the runs have the first 16 bits of a middle in common; only those are compared.
    filtered = np.zeros(2**16, dtype=np.bool_)
    filtered[middles >> np.uint64(48)] = True
    places = np.flatnonzero(filtered[runs >> np.uint64(48)])
    ends = np.cumsum([len(text) + len(BETWEEN) for text in found])
    order = np.argsort(middles, kind="stable")
    first = np.searchsorted(middles, runs[places], "left", sorter=order)
    last = np.searchsorted(middles, runs[places], "right", sorter=order)
    within: dict[int, set[int]] = {}
    for text, start, end in zip(np.searchsorted(ends, places, "right"), first, last, strict=True):
        if start < end:
            within.setdefault(int(text), set()).update(order[start:end].tolist())
    for number, hits in within.items():
        for goal in sorted(hits):
            found[number] = found[number].replace(long_goals[goal], instead)
    return found


def _middle(goal: str) -> str:
    start = (len(goal) - LEAST_GOAL) // 2
    return goal[start : start + LEAST_GOAL]
