"""WebShop's goals find their category of a bank, by the environment's type or by their own words."""

from pathlib import Path

import pytest

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.goals import CLEAN
from skill_gym.skillbanks.rendering import render
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.shop_goals import SHOP_TYPES, read_shop_goal
from skill_gym.trajectory import Task

LAMP = "Find me easy install table lamps with glass shade, and price lower than 60.00 dollars"


def task(task_type: str, goal: str = "g") -> Task:
    return Task("1", "k", "skill_gym/WebShop-v0", "train", task_type, goal)


def test_a_goal_is_read_with_a_confidence_by_what_tells_its_type() -> None:
    named = read_shop_goal(LAMP)
    hinted = read_shop_goal("i want something nice for my iphone")
    silent = read_shop_goal("i want something nice")
    assert [one.task_type for one in (named, hinted, silent)] == ["home_decor", "electronics", "other"]
    assert 1 > named.confidence > hinted.confidence > silent.confidence > 0
    assert read_shop_goal("  ").task_type is None


@pytest.mark.parametrize("name", SHOP_TYPES)
def test_the_environments_type_finds_its_category(name: str) -> None:
    bank = SkillBank.starter("webshop")
    (found,) = ByTaskType(bank).retrieve([task(name, LAMP)])
    assert (found.category, found.task_type_source, found.confidence) == (name, "environment", 1.0)
    assert found.task_specific == bank.task_specific[name]
    assert 250 < len(render(found).text.split()) < 450


def test_without_the_environments_type_the_goals_words_decide() -> None:
    (found,) = ByTaskType(SkillBank.starter("webshop")).retrieve([task("", LAMP)])
    assert (found.category, found.task_type_source) == ("home_decor", "goal")


def test_a_bank_that_lacks_the_type_gives_what_holds_for_all(caplog: pytest.LogCaptureFixture) -> None:
    bank = SkillBank.starter("webshop")
    kept = {name: skills for name, skills in bank.task_specific.items() if name != "footwear"}
    smaller = SkillBank(general=bank.general, task_specific=kept, mistakes=bank.mistakes)
    (found,) = ByTaskType(smaller).retrieve([task("footwear", LAMP)])
    assert (found.category, found.task_specific, found.task_type_source) == (None, (), "environment")
    assert len(found.general) == 6
    assert not caplog.messages


def test_each_bank_reads_goals_by_its_own_environments_rules() -> None:
    goal = "put a clean lamp in shelf."
    (ours,) = ByTaskType(SkillBank.starter("alfworld")).retrieve([task("", goal)])
    (theirs,) = ByTaskType(SkillBank.starter("webshop")).retrieve([task("", goal)])
    assert (ours.category, theirs.category) == ("clean", "home_decor")
    (both,) = ByTaskType(SkillBank.starter("webshop")).retrieve([task(CLEAN, goal)])
    assert both.category is None


def test_starter_bank_covers_all_departments_with_short_principles() -> None:
    bank = SkillBank.starter("skill_gym/WebShop-v0")
    assert set(bank.categories) == set(SHOP_TYPES)
    assert (len(bank.general), len(bank.mistakes)) == (6, 6)
    assert all(3 <= len(skills) <= 5 for skills in bank.task_specific.values())
    assert max(len(skill.principle.split()) for skill in bank.skills) <= 30
    assert SkillBank.loads(bank.dumps()).dumps() == bank.dumps()


def test_starter_bank_repeats_no_sentence_of_the_released_one(shared_data: Path) -> None:
    released = SkillBank.load(shared_data / "skillrl" / "banks" / "webshop.json")
    ours = SkillBank.starter("webshop")
    assert not {entry.fingerprint for entry in ours} & {entry.fingerprint for entry in released}
    assert not {skill.title for skill in ours.skills} & {skill.title for skill in released.skills}


def test_the_released_banks_categories_are_found(shared_data: Path) -> None:
    released = SkillBank.load(shared_data / "skillrl" / "banks" / "webshop.json")
    found = ByTaskType(released).retrieve([task(name) for name in SHOP_TYPES] + [task("", LAMP)])
    assert [one.category for one in found] == [*SHOP_TYPES, "home_decor"]
