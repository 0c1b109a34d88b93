"""The language of generated worlds: one table for writers and readers, without ambiguity."""

from collections import Counter
from string import Formatter

import pytest

from skill_gym.search.language import (
    ALIASES,
    BY_ID,
    CLOSED_LISTS,
    CONSTRAINTS,
    ENTITY_TYPES,
    INTRODUCTIONS,
    REFERENCES,
    RELATIONS,
    RELATIONS_OF,
    Relation,
    mention,
    sentence,
)


def slots(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda relation: relation.id)
def test_every_template_has_its_slots(relation: Relation) -> None:
    assert all(slots(one) == {"head", "value"} for one in relation.sentences)
    assert all(slots(one) == {"head"} for one in (*relation.phrases, *relation.questions))
    pairs = (*relation.larger, *relation.smaller, *filter(None, [relation.same]))
    assert all(slots(one) == {"a", "b"} for one in pairs)
    assert not relation.condition or slots(relation.condition) == {"value"}
    assert 2 <= len(relation.sentences) <= 4
    assert len(relation.questions) >= 2
    assert relation.words


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda relation: relation.id)
def test_only_what_fits_the_values_can_be_asked(relation: Relation) -> None:
    assert bool(relation.phrases) == (relation.kind == "entity")
    assert bool(relation.larger) == bool(relation.smaller)
    assert relation.kind == "integer" or not relation.larger
    assert relation.kind != "integer" or not relation.same
    assert not relation.condition or relation.head == "person"
    known = {*ENTITY_TYPES, *CLOSED_LISTS, "year", "people", "kilometres"}
    assert relation.value in known


@pytest.mark.parametrize("field", ["sentences", "phrases", "questions", "larger", "smaller"])
def test_no_wording_stands_for_two_relations(field: str) -> None:
    counts = Counter(template.lower() for relation in RELATIONS for template in getattr(relation, field))
    assert [template for template, count in counts.items() if count > 1] == []


def test_relations_are_found_by_id_and_by_head() -> None:
    assert len(BY_ID) == len(RELATIONS) == sum(len(each) for each in RELATIONS_OF.values())
    assert BY_ID["town.mayor"].value == "person"
    assert set(RELATIONS_OF) == set(ENTITY_TYPES) == set(INTRODUCTIONS) == set(REFERENCES)


def test_pronouns_of_persons_stand_only_at_the_beginning() -> None:
    # Elsewhere the name is written, since "The teacher of she" is no English.
    for relation in RELATIONS_OF["person"]:
        assert any(one.startswith("{head}") for one in relation.sentences)


def test_closed_lists_take_the_article_a() -> None:
    assert not [word for word in CLOSED_LISTS["occupation"] if word[0] in "aeiou"]


def test_sentences_begin_with_a_capital_and_rivers_have_an_article() -> None:
    river = mention("river", "Zonam Water")
    assert river == "the Zonam Water"
    assert mention("town", "Zonam Hill") == "Zonam Hill"
    assert sentence(ALIASES[0], head=river, value="x").startswith("The Zonam Water is")
    assert sentence(CONSTRAINTS[0], first="works", second="sings") == "Who works and sings?"
