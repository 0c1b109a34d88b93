"""Proves questions of generated worlds: reads their text and evaluates it over all facts."""

from collections.abc import Iterator, Sequence
from typing import Any

from skill_gym.search.facts import Entity, Facts, Value
from skill_gym.search.generator import World
from skill_gym.search.language import BY_ID
from skill_gym.search.question_parser import Asked, Compared, Condition, Described, Named, Wanted, read_wanted
from skill_gym.search.questions import Question
from skill_gym.search.search_plan import TOPK


def check(world: World, question: Question) -> list[str]:
    """What is wrong with a question; nothing for a good one.

    Checked are: the text is understood and has one answer, the given one; the path's facts are true and stand
    in their passages; nothing that has to be found is named; no passage before the last one tells the answer,
    and no shorter way leads to it; all passages are found by the planned queries, and each by a query of its
    own; the turns suffice.
    """
    wanted = read_wanted(question.question)
    if wanted is None:
        return ["its wording is not in the language"]
    return [
        *_answer(world, question, wanted),
        *_path(world, question),
        *_hidden(world, question, wanted),
        *_shortcuts(world, question),
        *_retrieval(world, question),
    ]


def answers(facts: Facts, wanted: Wanted) -> set[Value]:
    """All answers of what is asked, by going through every entity.

    Args:
        facts: Of a whole world, or of a part of it.
        wanted: What is asked.
    """
    if isinstance(wanted, Asked):
        return _values(facts, wanted)
    if isinstance(wanted, Described):
        people = facts.by_kind["person"]
        return {one for one in people if all(_holds(facts, one, each) for each in wanted.conditions)}
    if wanted.larger is None:
        first, second = _values(facts, wanted.one), _values(facts, wanted.other)
        return {"yes" if left == right else "no" for left in first for right in second}
    better = {True: max, False: min}[wanted.larger]
    found: set[Value] = set()
    for left in _denoted(facts, wanted.one.head):
        for right in _denoted(facts, wanted.other.head):
            known = ((one, facts.value(one, wanted.one.relation)) for one in (left, right))
            values = {one: value for one, value in known if isinstance(value, int)}
            if len(values) == 2:
                best = better(values.values())
                found |= {one for one, value in values.items() if value == best}
    return found


def _denoted(facts: Facts, thing: Named | Asked) -> set[Entity]:
    if isinstance(thing, Asked):
        return {value for value in _values(facts, thing) if isinstance(value, Entity)}
    return {
        one
        for one in facts.by_kind[thing.kind]
        if thing.name in (one.name, one.alias)
        and thing.occupation in ("", facts.values[one.key].get("occupation"))
    }


def _values(facts: Facts, asked: Asked) -> set[Value]:
    found = {facts.value(head, asked.relation) for head in _denoted(facts, asked.head)}
    return {value for value in found if value is not None}


def _holds(facts: Facts, person: Entity, condition: Condition) -> bool:
    value = facts.value(person, condition.relation)
    return value is not None and value in (
        {condition.value} if isinstance(condition.value, str) else _denoted(facts, condition.value)
    )


def _answer(world: World, question: Question, wanted: Wanted) -> Iterator[str]:
    found = answers(world.facts, wanted)
    if len(found) != 1:
        yield f"it has {len(found)} answers"
    for value in found:
        if _names(value) != question.answers:
            yield f"its answer is {_names(value)}, not {question.answers}"


def _path(world: World, question: Question) -> Iterator[str]:
    heads: list[str] = []
    for fact in question.metadata["path"]:
        passage = world.passages[int(fact["passage"])]
        told = [one for one in world.facts.entities if world.passage_of[one.key].id == passage.id]
        relation = BY_ID[fact["relation"]]
        if [one.name for one in told] != [fact["head"]] or passage.title != fact["head"]:
            yield f"passage {fact['passage']} is not about {fact['head']}"
        elif fact["value"] not in [str(_title(world.facts.value(one, relation))) for one in told]:
            yield f"{fact} is not true"
        elif not says(passage.text, fact["value"]):
            yield f"passage {fact['passage']} does not tell {fact['value']}"
        heads.append(passage.id)
    if tuple(dict.fromkeys(heads)) != question.metadata["supporting_ids"]:
        yield "its supporting passages are not those of its path"
    if len(heads) != question.metadata["hops"]:
        yield "it does not take the number of facts that it says"


def _hidden(world: World, question: Question, wanted: Wanted) -> Iterator[str]:
    named = [one for thing in _named(wanted) for one in _denoted(world.facts, thing)]
    titles = {one.name for one in named}
    sought = {fact["head"] for fact in question.metadata["path"]} - titles
    named_answer = question.data_source == "compare" and question.answers[0] in titles
    if question.data_source != "boolean" and not named_answer:
        sought |= set(question.answers)
    for name in sorted(sought):
        if says(question.question, name):
            yield f"it names {name}, which has to be found"


def _named(wanted: Any) -> Iterator[Named]:
    """The names in a question."""
    if isinstance(wanted, Named):
        yield wanted
    elif isinstance(wanted, Asked):
        yield from _named(wanted.head)
    elif isinstance(wanted, Compared):
        yield from (*_named(wanted.one), *_named(wanted.other))
    elif isinstance(wanted, Described):
        for condition in wanted.conditions:
            yield from _named(condition.value)


def _shortcuts(world: World, question: Question) -> Iterator[str]:
    path: Sequence[dict[str, str]] = question.metadata["path"]
    if question.data_source not in ("chain", "constraint") or len({fact["passage"] for fact in path}) < 2:
        return
    passages = list(dict.fromkeys(fact["passage"] for fact in path))
    if len(passages) < len(path) - (question.data_source == "constraint"):
        yield "it comes to an entity twice"
    for passage in passages[:-1]:
        for name in question.answers:
            if says(world.passages[int(passage)].text, name):
                yield f"passage {passage} tells the answer before the last fact"
    if question.data_source == "chain":
        start = next(one for one in world.facts.entities if world.passage_of[one.key].id == passages[0])
        reached: set[Value] = {start}
        for steps in range(1, len(path)):
            reached = {
                value
                for one in reached
                if isinstance(one, Entity)
                for value in world.facts.values[one.key].values()
            }
            if any(_names(value) == question.answers for value in reached):
                yield f"the answer can be reached in {steps} steps, not {len(path)}"


def _retrieval(world: World, question: Question) -> Iterator[str]:
    queries = question.metadata["queries"]
    if len(queries) + 1 > world.config.turns:
        yield f"it takes {len(queries) + 1} turns, not {world.config.turns}"
    found = {hit.passage.id for hits in world.index.search(queries, TOPK) for hit in hits}
    for passage in question.metadata["supporting_ids"]:
        if passage not in found:
            yield f"passage {passage} is not found by the planned queries"
    if question.data_source == "constraint":
        return
    for fact in question.metadata["path"]:
        query = f"{fact['head']} {BY_ID[fact['relation']].words}"
        if fact["passage"] not in [hit.passage.id for hit in world.index.search([query], TOPK)[0]]:
            yield f"passage {fact['passage']} is not found by {query!r}"


def says(text: str, words: str) -> bool:
    """Whether the words stand in a text, as whole words."""
    return f" {_spaced(words)} " in f" {_spaced(text)} "


def _spaced(text: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in text).split())


def _names(value: Value) -> tuple[str, ...]:
    if not isinstance(value, Entity):
        return (str(value),)
    return (value.name, value.alias) if value.alias else (value.name,)


def _title(value: Value | None) -> str:
    return value.name if isinstance(value, Entity) else str(value)
