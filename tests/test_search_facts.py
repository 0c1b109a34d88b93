"""Facts of generated worlds: functional, possible, and the same in larger worlds."""

from functools import cache

import pytest

from skill_gym.search.facts import Entity, Facts, make_facts
from skill_gym.search.language import CLOSED_LISTS, RELATIONS, RELATIONS_OF


@cache
def made(blocks: int = 2, level: int = 3) -> Facts:
    return make_facts("a world", blocks, level)


def numbers(facts: Facts, kind: str, relation: str) -> list[int]:
    found = [facts.values[one.key][relation] for one in facts.entities if one.kind == kind]
    assert all(isinstance(value, int) for value in found)
    return found  # type: ignore[return-value]


def test_values_are_of_the_relations_type() -> None:
    for head in made().entities:
        for relation in RELATIONS_OF[head.kind]:
            value = made().value(head, relation)
            if relation.kind == "entity" and value is not None:
                assert isinstance(value, Entity)
                assert (value.kind, value.role) == (relation.value, "citizen")
            elif relation.kind == "closed":
                assert value in CLOSED_LISTS[relation.value]
            elif relation.kind == "integer":
                assert isinstance(value, int)
            else:
                assert relation.name in ("teacher", "won"), "only these may be missing"


def test_teachers_are_older_and_makers_grown_up() -> None:
    for one in made().entities:
        values = made().values[one.key]
        for relation, own in (("teacher", "birth_year"), ("founder", "founded"), ("author", "published")):
            other = values.get(relation)
            if isinstance(other, Entity):
                gap = values[own] - made().values[other.key]["birth_year"]  # type: ignore[operator]
                assert gap >= 18, f"{one.name} {relation} {other.name}"


def test_capitals_lie_in_their_regions() -> None:
    for region in made(8, 0).by_kind["region"]:
        capital = made(8, 0).values[region.key]["capital"]
        assert isinstance(capital, Entity)
        assert made(8, 0).values[capital.key]["region"] == region


def test_lengths_of_rivers_differ() -> None:
    lengths = numbers(made(16, 3), "river", "length")
    assert len(set(lengths)) == len(lengths) > 100


@pytest.mark.parametrize(("blocks", "level"), [(3, 3), (2, 3), (3, 0)])
def test_a_larger_world_keeps_all_facts(blocks: int, level: int) -> None:
    small, large = made(2, 0), made(blocks, level)
    known = {one.key: one for one in large.entities}
    for one in small.entities:
        assert known[one.key] == one
        assert large.values[one.key] == small.values[one.key]
    assert blocks * level == 0 or len(large.entities) > len(small.entities)


def test_names_are_unique_but_for_homonyms_and_none_holds_another() -> None:
    facts = made(4, 3)
    titles = [one.name for one in facts.entities if one.role != "homonym"]
    every = [*titles, *(one.alias for one in facts.entities if one.alias)]
    assert len(set(every)) == len(every)
    padded = [f" {name.lower()} " for name in every]
    text = "|".join(padded)
    assert all(text.count(name) == 1 for name in padded)
    assert not {"a", "an", "the"} & {word for name in padded for word in name.split()}


def test_levels_add_siblings_decoys_and_homonyms() -> None:
    roles = [{one.role for one in made(1, level).entities} for level in range(4)]
    assert [len(each) for each in roles] == [1, 2, 3, 4]
    known = {one.key: one for one in made(1, 3).entities}
    for one in known.values():
        if one.role == "sibling":
            assert set(one.name.split()) & set(known[one.like].name.split()) - {"of"}
        elif one.role == "homonym":
            assert one.name == known[one.like].name
            trades = [made(1, 3).values[key]["occupation"] for key in (one.key, one.like)]
            assert trades[0] != trades[1]
    assert made(1, 3).shared_names == {one.name for one in known.values() if one.role == "homonym"}


def test_heads_are_found_by_a_value() -> None:
    employer = next(relation for relation in RELATIONS if relation.id == "person.employer")
    company = made().by_kind["company"][0]
    heads = made().heads(employer, company)
    assert heads == [one for one in made().by_kind["person"] if made().value(one, employer) == company]


def test_what_was_not_read_is_not_known() -> None:
    one, other = made().by_kind["town"][:2]
    read = made().only({one.key})
    mayor = next(relation for relation in RELATIONS if relation.id == "town.mayor")
    assert read.entities == [one]
    assert read.value(one, mayor) == made().value(one, mayor)
    assert read.value(other, mayor) is None
