"""Passages tell every fact of their head, once, and nothing of others."""

import re

from skill_gym.search.facts import Entity, make_facts
from skill_gym.search.fillers import FILLERS
from skill_gym.search.language import INTRODUCTIONS, RELATIONS, RELATIONS_OF
from skill_gym.search.passages import Passage
from skill_gym.search.world_passages import shown, write_passages

FACTS = make_facts("a world", 2, 3)
PASSAGES = write_passages("a world", FACTS)


def pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.escape(template).replace(r"\{head\}", ".+").replace(r"\{value\}", "(.+)"), re.I)


def test_every_fact_stands_in_its_heads_passage() -> None:
    for head in FACTS.entities:
        passage = PASSAGES[head.key]
        assert passage.title == head.name
        sentences = passage.text.split(". ")
        for relation in RELATIONS_OF[head.kind]:
            value = FACTS.value(head, relation)
            told = [
                found[1]
                for one in sentences
                for template in relation.sentences
                if (found := pattern(template.rstrip(".")).fullmatch(one.rstrip(".")))
            ]
            if value is None:
                assert told == []
            else:
                assert [one.lower() for one in told] == [shown(value).lower()], (relation.id, passage.text)


def test_passages_are_of_about_fifty_words() -> None:
    lengths = [len(passage.text.split()) for passage in PASSAGES.values()]
    assert min(lengths) >= 40
    assert max(lengths) <= 100
    assert 50 <= sum(lengths) / len(lengths) <= 70


def test_only_decoys_mention_another_entity_of_no_fact() -> None:
    names = {one.name: one for one in FACTS.entities if one.role != "homonym"}
    for head in FACTS.entities:
        values = {value for value in FACTS.values[head.key].values() if isinstance(value, Entity)}
        named = {one for name, one in names.items() if re.search(rf"\b{name}\b", PASSAGES[head.key].text)}
        strangers = {one.key for one in named - values if one.name != head.name}
        assert strangers == ({head.like} if head.role == "decoy" else set())


def test_other_names_stand_only_in_the_own_passage() -> None:
    with_alias = [one for one in FACTS.entities if one.alias]
    assert len(with_alias) > 10
    for one in with_alias:
        holders = [key for key, passage in PASSAGES.items() if one.alias in passage.text]
        assert holders == [one.key]


def test_ids_are_shuffled_numbers() -> None:
    ids = [PASSAGES[one.key].id for one in FACTS.entities]
    assert sorted(ids) == [f"{number:04}" for number in range(len(ids))]
    assert ids != sorted(ids)


def test_no_filler_or_introduction_tells_a_fact() -> None:
    told = [pattern(template) for relation in RELATIONS for template in relation.sentences]
    silent = [text.format(head="Xa", number="six", colour="red", tree="oak", day="Monday")
              for texts in (*FILLERS.values(), *INTRODUCTIONS.values()) for text in texts]  # fmt: skip
    assert len(silent) > 40
    assert [text for text in silent if any(one.fullmatch(text) for one in told)] == []


def test_contents_are_search_r1s_form() -> None:
    passage = next(iter(PASSAGES.values()))
    assert isinstance(passage, Passage)
    assert passage.contents == f'"{passage.title}"\n{passage.text}'
