"""Retrieved skills are judged by their category, alike for every retriever."""

import pytest
from word_vectors import WordVectors

from skill_gym.benchmarks.labelled_goals import Labelled, Sample
from skill_gym.benchmarks.retrieval_quality import NamedBank, environment_of, finders, measure, rows
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.goals import HEAT, LOOK, TWO
from skill_gym.skillbanks.skill import Skill


def skill(id_: str, category: str | None) -> Skill:
    return Skill(id_, f"Title {id_}", f"Principle {id_}.", f"When {category}.", category=category)


@pytest.fixture
def bank() -> SkillBank:
    places = {"a": "pick_and_place", "b": "heat", "c": "heat", "d": LOOK, "e": "examine"}
    return SkillBank.empty().with_skills([skill(id_, category) for id_, category in places.items()])


def goals(*types: str) -> list[Labelled]:
    return [Labelled(f"goal {number}", frozenset({one})) for number, one in enumerate(types)]


def test_shares_and_first_places_are_counted(bank):
    found = [("a", "d", "b", "c"), (), ("e", "d"), ("a",)]
    quality = measure(bank, goals(HEAT, HEAT, LOOK, TWO), lambda texts: found)
    assert (quality.goals, quality.retrieved, quality.right) == (4, 7, 5)
    assert quality.among_first == (2, 3, 3)
    assert quality.cells()[:2] == ["1.8", "71.4%"]
    assert quality.cells()[2].startswith("50.0% [")


def test_a_goal_of_several_types_takes_skills_of_each(bank):
    quality = measure(bank, [Labelled("goal", frozenset({HEAT, LOOK}))], lambda texts: [("b", "d", "a")])
    assert (quality.right, quality.retrieved) == (2, 3)


def test_nothing_retrieved_is_no_share(bank):
    quality = measure(bank, goals(HEAT), lambda texts: [()])
    assert quality.share is None
    assert quality.cells()[:2] == ["0.0", "-"]


@pytest.mark.parametrize(
    ("name", "environment"), [("alfworld", "ALFWorld"), ("webshop", "WebShop"), ("search", "Search")]
)
def test_a_banks_categories_tell_its_environment(name, environment):
    assert environment_of(SkillBank.starter(name)) == environment


def test_a_bank_with_other_things_only_is_of_no_environment():
    assert environment_of(SkillBank.empty().with_skills([skill("a", "other")])) is None


class WordModel(WordVectors):
    """Words' vectors on both sides."""

    @property
    def model(self):
        return self


def test_both_sides_retrieve_by_both_modes(tmp_path):
    bank = SkillBank.starter("alfworld")
    found = {
        way: find(["heat some mug and put it in shelf."])
        for way, find in finders(bank, WordModel(), None, tmp_path)
    }
    assert list(found) == [
        "ours, template", "released, template", "ours, embedding", "ours, embedding in the type",
        "released, embedding",
    ]  # fmt: skip
    heat = [skill.id for skill in bank.task_specific["heat"]]
    assert [*found["ours, template"][0]] == [*found["released, template"][0]] == heat
    assert {*found["ours, embedding in the type"][0]} == {*heat}
    assert [*found["ours, embedding"][0]] == [*found["released, embedding"][0]]
    assert len(found["ours, embedding"][0]) == 6


def test_banks_of_other_environments_are_left_out_and_no_model_leaves_templates(tmp_path):
    sample = Sample("Search", "some", "", (Labelled("Who is older, A or B?", frozenset({"comparison"})),))
    banks = [NamedBank(name, SkillBank.starter(name)) for name in ("alfworld", "search")]
    found = list(rows(sample, banks, None, None, tmp_path))
    assert [(name, way) for name, way, _ in found] == [
        ("search", "ours, template"),
        ("search", "released, template"),
    ]
    assert [quality.share for _, _, quality in found] == [1.0, None]
