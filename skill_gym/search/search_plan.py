"""How a generated question is solved: the facts on the way, and the fewest queries that find them all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from skill_gym.search.facts import Entity
from skill_gym.search.language import Relation
from skill_gym.search.passages import Passage, PassageIndex

TOPK = 3
"""A passage must be among so many hits; the environment's default."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One fact on the way.

    Attributes:
        head: Whose passage tells it.
        relation: Of the fact.
        called: How the question, or the passage before, calls the head.
    """

    head: Entity
    relation: Relation
    called: str

    @property
    def relations(self) -> tuple[Relation, ...]:
        """The relations whose values the passage has to tell."""
        return (self.relation,)

    @property
    def query(self) -> str:
        """The head's name and the relation's words."""
        return joint_query((self,))


@dataclass(frozen=True, slots=True)
class SoughtHop(Hop):
    """A person told by two values, by which the passage has to be found; ``called`` are the values."""

    second: Relation

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Both."""
        return (self.relation, self.second)


Stage = Sequence[Hop]
"""Facts that can be looked for at the same time."""


class Finder:
    """Plans queries over the passages of one world; every search is made once.

    Args:
        index: Of the world's passages.
        passages: Key of the entity -> its passage.
    """

    def __init__(self, index: PassageIndex, passages: dict[str, Passage]) -> None:
        self._index = index
        self.passages = passages
        self._found: dict[str, frozenset[str]] = {}

    def finds(self, query: str, *heads: Entity) -> bool:
        """Whether the passages of all heads are among the first hits."""
        found = self._found.get(query)
        if found is None:
            hits = self._index.search([query], TOPK)[0]
            found = self._found[query] = frozenset(hit.passage.id for hit in hits)
        return all(self.passages[head.key].id in found for head in heads)

    def plan(self, stages: Sequence[Stage], searches: int) -> tuple[str, ...] | None:
        """The queries, one for each stage where that finds all of it, else one for each fact.

        Args:
            stages: What can be looked for at the same time, in order.
            searches: Most queries.

        Returns:
            None when a fact cannot be found by its own query, or there are too many queries.
        """
        if not all(self.finds(hop.query, hop.head) for stage in stages for hop in stage):
            return None
        queries = [query for stage in stages for query in self._of_stage(stage)]
        return tuple(queries) if len(queries) <= searches else None

    def _of_stage(self, stage: Stage) -> Iterator[str]:
        joint = joint_query(stage)
        if self.finds(joint, *(hop.head for hop in stage)):
            yield joint
        else:
            yield from (hop.query for hop in stage)


def joint_query(stage: Stage) -> str:
    """All heads' names, then the words of their relations, each once."""
    relations = (relation for hop in stage for relation in hop.relations)
    words = dict.fromkeys(word for relation in relations for word in relation.words.split())
    return " ".join([*(hop.called for hop in stage), *words])
