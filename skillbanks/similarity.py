"""Entries of a bank ranked by the similarity of their vectors to those of goals."""

from collections.abc import Sequence

import numpy as np

from skill_gym.skillbanks.bank_vectors import Among, Entry, Section
from skill_gym.skillbanks.nearest import Near, diverse
from skill_gym.skillbanks.skill import Skill
from skill_gym.skillbanks.vectors import Encoder, VectorCache, Vectors

_POOL, _LEAST_POOL = 4, 32
"""Candidates among which diversity chooses, for each entry wanted, and at least."""
_CLOSE = 2e-6
"""Cosines that differ by less may change places from one batch to another."""


def ranked(
    section: Section[Entry],
    goals: Sequence[str],
    queries: Vectors,
    limit: int | None,
    among: Sequence[Among],
    *,
    least: float | None = None,
    diversity: float | None = None,
    by_keywords: bool = True,
) -> list[list[tuple[Entry, float]]]:
    """Entries for each goal with their cosines, the most similar first.

    Args:
        section: What is ranked.
        goals: Whose words call for entries with keywords: these come first and count against no limit.
        queries: Vectors of the goals, shape [goal, width].
        limit: Of the others, None for all.
        among: Categories that count for each goal, None for all.
        least: Cosine that the others must exceed.
        diversity: Lambda of maximal marginal relevance, None for similarity alone.
        by_keywords: Whether keywords count.
    """
    found: list[list[tuple[Entry, float]]] = [[] for _ in goals]
    nearest = section.nearest
    if nearest is None or not section.entries:
        return found
    groups: dict[Among, list[int]] = {}
    for place, categories in enumerate(among):
        groups.setdefault(categories, []).append(place)
    for categories, places in groups.items():
        rows = section.rows_among(categories, with_keywords=not by_keywords)
        wanted = len(rows) if limit is None else limit
        pool = wanted if diversity is None else max(_POOL * wanted, _LEAST_POOL)
        for place, near in zip(places, nearest.search(queries[places], pool, rows), strict=True):
            if least is not None:
                kept = near.cosines > least
                near = Near(near.rows[kept], near.cosines[kept])
            if diversity is not None:
                chosen = diverse(near, nearest.matrix[near.rows], wanted, diversity)
                near = Near(near.rows[chosen], near.cosines[chosen])
            found[place] = list(zip(section.at(near.rows), near.cosines.tolist(), strict=True))
    if by_keywords:
        for place, goal in enumerate(goals):
            called = _called(section, goal, among[place])
            cosines = (nearest.matrix[section.rows[called]] @ queries[place]).tolist()
            first = [(section.entries[one], cosine) for one, cosine in zip(called, cosines, strict=True)]
            found[place] = first + found[place]
    return found


def _called(section: Section[Entry], goal: str, categories: Among) -> list[int]:
    places = section.suited(goal)
    if categories is None:
        return places
    return [place for place in places if section.entries[place].category in categories]


class ReleasedRanking:
    """The ranking of SkillRL's released embedding mode, to the place of equal skills.

    It embeds one goal at a time, and sorts all cosines in reverse. Here goals are embedded in batches, whose
    rounding differs; where that could matter, because cosines are equal or nearly so, the goal is done again
    alone.

    Args:
        general: Skills for every task.
        task_specific: Those of all categories.
        encoder: The model.
        cache: Where vectors are kept.
    """

    def __init__(
        self, general: Section[Skill], task_specific: Section[Skill], encoder: Encoder, cache: VectorCache
    ) -> None:
        self._sections = (general, task_specific)
        self._encoder = encoder
        self._cache = cache

    def __call__(
        self, goals: Sequence[str], limits: tuple[int, int]
    ) -> list[list[list[tuple[Skill, float]]]]:
        """For each goal the general and the task-specific skills, with their cosines."""
        # As documents are embedded; where queries are as well, the faster way for queries will do.
        as_query = self._encoder.key(query=True) == self._encoder.key(query=False)
        queries = self._cache.vectors(self._encoder, goals, query=as_query)
        found: list[list[list[tuple[Skill, float]]]] = [[] for _ in goals]
        again: set[int] = set()
        for section, limit in zip(self._sections, limits, strict=True):
            if section.nearest is None or not section.entries:
                for lists in found:
                    lists.append([])
                continue
            nears = section.nearest.search(queries, limit + 1, section.rows)
            for place, near in enumerate(nears):
                if (np.diff(near.cosines) > -_CLOSE).any():
                    again.add(place)
                shown = section.at(near.rows[:limit])
                found[place].append(list(zip(shown, near.cosines[:limit].tolist(), strict=True)))
        for place in sorted(again):
            found[place] = self._alone(goals[place], limits)
        return found

    def _alone(self, goal: str, limits: tuple[int, int]) -> list[list[tuple[Skill, float]]]:
        (query,) = self._cache.vectors(self._encoder, [goal], alone=True)
        full = [section for section in self._sections if section.nearest is not None and section.entries]
        matrix = np.concatenate(
            [section.nearest.matrix[section.rows] for section in full if section.nearest is not None]
        )
        cosines = matrix @ query
        lists: list[list[tuple[Skill, float]]] = []
        first = 0
        for section, limit in zip(self._sections, limits, strict=True):
            own = cosines[first : first + len(section.entries)]
            first += len(section.entries)
            order = np.argsort(own)[::-1][:limit]
            lists.append([(section.entries[place], float(own[place])) for place in order.tolist()])
        return lists
