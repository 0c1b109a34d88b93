"""Search's questions find their category of a bank, by the environment's type or by their own words."""

from pathlib import Path

import pytest

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.rendering import render
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.search_goals import SEARCH_TYPES, read_search_goal
from skill_gym.trajectory import Task

CHAIN = "Who is the mayor of the town where Ada Vask was born?"
KITCHEN = "put a clean lamp in shelf."


def task(task_type: str, goal: str = CHAIN) -> Task:
    return Task("1", "k", "skill_gym/Search-v0", "train", task_type, goal)


def test_a_question_is_read_with_the_probability_of_its_type() -> None:
    goal = read_search_goal(CHAIN)
    assert (goal.task_type, goal.source) == ("multi_hop_reasoning", "goal")
    assert 0.8 < goal.confidence < 1
    assert read_search_goal(" ?").task_type is None


@pytest.mark.parametrize("name", SEARCH_TYPES)
def test_the_environments_type_finds_its_category(name: str) -> None:
    bank = SkillBank.starter("search")
    (found,) = ByTaskType(bank).retrieve([task(name)])
    assert (found.category, found.task_type_source, found.confidence) == (name, "environment", 1.0)
    assert found.task_specific == bank.task_specific[name]
    assert 300 < len(render(found).text.split()) < 450


def test_without_the_environments_type_the_questions_words_decide() -> None:
    (found,) = ByTaskType(SkillBank.starter("search")).retrieve([task("")])
    assert (found.category, found.task_type_source) == ("multi_hop_reasoning", "goal")


def test_a_type_that_the_bank_lacks_leaves_what_holds_for_all(caplog: pytest.LogCaptureFixture) -> None:
    bank = SkillBank.starter("search")
    kept = {name: skills for name, skills in bank.task_specific.items() if name != "comparison"}
    smaller = SkillBank(general=bank.general, task_specific=kept, mistakes=bank.mistakes)
    (found,) = ByTaskType(smaller).retrieve([task("comparison")])
    assert (found.category, found.task_specific, found.task_type_source) == (None, (), "environment")
    assert len(found.general) == 6
    assert not caplog.messages


def test_each_bank_reads_goals_by_its_own_environments_rules() -> None:
    found = [
        ByTaskType(SkillBank.starter(name)).retrieve([task("", KITCHEN)])[0].category
        for name in ("alfworld", "webshop", "search")
    ]
    assert found == ["clean", "home_decor", "direct_retrieval"]


def test_starter_bank_covers_all_types_with_short_principles() -> None:
    bank = SkillBank.starter("skill_gym/Search-v0")
    assert set(bank.categories) == set(SEARCH_TYPES)
    assert (len(bank.general), len(bank.mistakes)) == (6, 6)
    assert all(4 <= len(skills) <= 5 for skills in bank.task_specific.values())
    assert max(len(skill.principle.split()) for skill in bank.skills) <= 30
    assert SkillBank.loads(bank.dumps()).dumps() == bank.dumps()


def test_starter_bank_repeats_no_sentence_of_the_released_one(shared_data: Path) -> None:
    released = SkillBank.load(shared_data / "skillrl" / "banks" / "search.json")
    ours = SkillBank.starter("search")
    assert not {entry.fingerprint for entry in ours} & {entry.fingerprint for entry in released}
    assert not {skill.title for skill in ours.skills} & {skill.title for skill in released.skills}


def test_every_skill_of_the_released_bank_is_found(shared_data: Path) -> None:
    """The released code never retrieves one of its twenty skills by type."""
    released = SkillBank.load(shared_data / "skillrl" / "banks" / "search.json")
    found = ByTaskType(released).retrieve([*map(task, SEARCH_TYPES), task("")])
    assert [one.category for one in found] == [*SEARCH_TYPES, "multi_hop_reasoning"]
    assert sum(len(one.task_specific) for one in found[:-1]) == 20
