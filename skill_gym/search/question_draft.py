"""A generated question as it was drawn, and what makes it a good one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skill_gym.search.facts import Entity, Facts, Value
from skill_gym.search.passages import Passage
from skill_gym.search.questions import QueryType
from skill_gym.search.search_plan import Hop, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A question as it was drawn.

    Attributes:
        text: The question.
        answer: Its answer.
        stages: The facts that lead there, those of a stage independent of each other.
        query_type: Its task type.
        content: What is asked whatever the wording, so that no question is asked twice.
        named: The entities that the question names.
        may_name_answer: Whether the answer may be one of them, as in a comparison.
        chance: How often a guess among few choices is right; 0 where there are no choices.
    """

    text: str
    answer: Value
    stages: tuple[Stage, ...]
    query_type: QueryType
    content: str
    named: tuple[Entity, ...]
    may_name_answer: bool = False
    chance: float = 0.0

    @property
    def tells_what_is_sought(self) -> bool:
        """Whether the question names an entity that has to be found."""
        hops = (hop for stage in self.stages for hop in stage)
        hidden: list[Value] = [hop.head for hop in hops if hop.head not in self.named]
        if not (self.may_name_answer and (self.answer in self.named or isinstance(self.answer, str))):
            hidden.append(self.answer)
        return any(_says(self.text, name) for one in hidden for name in names(one))

    @property
    def answers(self) -> tuple[str, ...]:
        """The accepted answers: the name, and the other name."""
        return names(self.answer)

    def path(self, facts: Facts, passages: Mapping[str, Passage]) -> list[dict[str, Any]]:
        """The facts as plain data: head, relation, value, and the id of the passage."""
        return [
            {
                "head": hop.head.name,
                "relation": relation.id,
                "value": names(facts.values[hop.head.key][relation.name])[0],
                "passage": passages[hop.head.key].id,
            }
            for stage in self.stages
            for hop in stage
            for relation in hop.relations
        ]


def needs_every_hop(
    path: Sequence[Hop], answer: Value, facts: Facts, passages: Mapping[str, Passage]
) -> bool:
    """Whether a chain comes to nobody twice, no shorter one ends there, and only its last passage tells."""
    passed = [names(one)[0] for one in (*(hop.head for hop in path), answer)]
    if len(set(passed)) < len(passed):
        return False
    texts = [passages[hop.head.key].text for hop in path[:-1]]
    if any(_says(text, name) for text in texts for name in names(answer)):
        return False
    reached: list[Value] = [path[0].head]
    for _ in path[1:]:
        heads = [one for one in reached if isinstance(one, Entity)]
        reached = [value for head in heads for value in facts.values[head.key].values()]
        if answer in reached:
            return False
    return True


def names(value: Value) -> tuple[str, ...]:
    """What a value may be called."""
    if not isinstance(value, Entity):
        return (str(value),)
    return (value.name, value.alias) if value.alias else (value.name,)


def _says(text: str, words: str) -> bool:
    """Whether the words stand in a text, as whole words."""
    begin = text.find(words)
    while begin >= 0:
        end = begin + len(words)
        if not text[max(begin - 1, 0) : begin].isalnum() and not text[end : end + 1].isalnum():
            return True
        begin = text.find(words, begin + 1)
    return False
