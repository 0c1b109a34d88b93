"""The routing benchmark tells its own rules and the released ones apart, in all three environments."""

import json
import os
from pathlib import Path

import pytest
from shop_files import write_files

from skill_gym.benchmarks.labelled_goals import TEMPLATES, department, search_samples, shop_samples
from skill_gym.benchmarks.released_rules import ReleasedTemplates, question_rule, restated_category
from skill_gym.benchmarks.routing import main
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.goals import CLEAN, COOL, HEAT, LOOK, PLACE, TWO

HOME = ("pick_and_place", "clean")
SHOP = ("apparel",)
CLASS = """
class SkillsOnlyMemory:
    def __init__(self, path): pass
    def retrieve(self, goal):
        return {"task_type": "found " + goal, "task_specific_skills": [{"skill_id": "one"}]}
"""
SCRIPT = """
from openai import AzureOpenAI
def classify_query_type(memory):
    return memory["tags"]["data_source"] + " " + memory["content"]["task_meta"]["original_goal"]
"""


@pytest.fixture
def checkout(tmp_path):
    for place, text in (
        ("agent_system/memory/skills_only_memory.py", CLASS),
        ("skill_generation/search.py", SCRIPT),
    ):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_text(text)
    return tmp_path


def test_restated_rules_get_the_eight_templates_right_that_the_release_gets():
    own = {PLACE: "pick_and_place", LOOK: "look_at_obj_in_light", TWO: "pick_two"}
    own |= {CLEAN: "clean", HEAT: "heat", COOL: "cool"}
    right = [
        number for number, (goal, kind) in enumerate(TEMPLATES) if restated_category(goal, HOME) == own[kind]
    ]
    assert right == [0, 1, 2, 3, 5, 6, 7, 10]
    assert restated_category("find two mug and put them in shelf.", HOME) == "examine"


@pytest.mark.parametrize(
    ("goal", "found"),
    [
        ("Find me a T-shirt", "apparel"),
        ("a pantry shelf", "apparel"),
        ("high heel pumps", "footwear"),
        ("string lights", "accessories"),
        ("a table lamp", "home_decor"),
        ("dry shampoo", "beauty_health"),
        ("granola", "other"),
    ],
)
def test_restated_rules_for_the_shop_match_parts_of_words_in_their_order(goal, found):
    assert restated_category(goal, SHOP) == found


def test_a_bank_of_neither_falls_back_on_its_first_category():
    assert restated_category("Who is older?", ("comparison", "direct_retrieval")) == "comparison"
    assert restated_category("Who is older?", ()) == "unknown"


def test_template_mode_gives_a_categorys_skills_and_none_for_search(tmp_path):
    bank = SkillBank.starter("alfworld")
    home = ReleasedTemplates(bank, tmp_path / "home.json")
    assert home.category("put a cool mug in shelf.") == "cool"
    assert home.ids("put a cool mug in shelf.") == tuple(skill.id for skill in bank.task_specific["cool"])
    search = ReleasedTemplates(SkillBank.starter("search"), tmp_path / "search.json")
    assert (search.category("Who is older?"), search.ids("Who is older?")) == ("unknown", ())


def test_a_checkouts_rules_are_run(checkout, tmp_path):
    theirs = ReleasedTemplates(SkillBank.starter("alfworld"), tmp_path / "bank.json", checkout=checkout)
    assert (theirs.category("mug"), theirs.ids("mug")) == ("found mug", ("one",))
    assert question_rule(checkout)("Who?", "popqa") == "popqa Who?"
    with pytest.raises(ValueError, match="pass a checkout of aiming-lab/SkillRL"):
        question_rule(tmp_path / "nothing")


def test_run_and_restated_rules_agree(tmp_path, shared_data):
    if not os.environ.get("SKILLRL_CHECKOUT"):
        pytest.skip("set SKILLRL_CHECKOUT to a checkout of aiming-lab/SkillRL")
    released = Path(os.environ["SKILLRL_CHECKOUT"])
    goals = [goal.text for sample in shop_samples(str(shared_data / "webshop")) for goal in sample.goals]
    for name, texts in (("alfworld", [goal for goal, _ in TEMPLATES]), ("webshop", goals)):
        bank = SkillBank.load(shared_data / "skillrl" / "banks" / f"{name}.json")
        run = ReleasedTemplates(bank, tmp_path / "bank.json", checkout=released)
        restated = ReleasedTemplates(bank, tmp_path / "bank.json")
        assert [run.category(text) for text in texts] == [restated.category(text) for text in texts]
        assert [run.ids(text) for text in texts[:50]] == [restated.ids(text) for text in texts[:50]]
    run_rule, restated_rule = question_rule(released), question_rule(None)
    for sample in search_samples(str(shared_data / "search"), 100):
        for goal in sample.goals:
            told = (goal.text, sample.data_source)
            assert run_rule(*told) == restated_rule(*told)


def test_a_path_that_tells_a_department_needs_no_words():
    assert department("Home & Kitchen › Furniture") == "home_decor"
    assert department("Grocery & Gourmet Food › Snacks & Sweets") == "other"
    assert department("Sports & Outdoors › Sports") is None
    assert department("") is None


def test_shop_goals_are_one_a_product_with_the_paths_department(tmp_path):
    found = {sample.figure: sample for sample in shop_samples(str(write_files(tmp_path / "shop")))}
    # The rug has no path, and the shirt several goals.
    assert [(goal.text, {*goal.types}) for goal in found["shop_real_person"].goals] == [
        ("a mug, and price lower than 50.00 dollars", {"home_decor"})
    ]
    assert sorted(one for goal in found["shop_real"].goals for one in goal.types) == ["apparel", "home_decor"]
    texts = [goal.text for goal in found["shop_person"].goals]
    assert len(texts) > 500
    assert {one for goal in found["shop_person"].goals for one in goal.types} == {
        "accessories", "apparel", "beauty_health", "electronics", "footwear", "home_decor", "other",
    }  # fmt: skip


def test_without_games_only_what_needs_none_is_claimed(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    assert main(["--quick", "--model", "none", "--json", str(tmp_path / "routing.json")]) == 0
    written = json.loads((tmp_path / "routing.json").read_text())
    figures = written["figures"]
    assert (figures["templates"], figures["released_templates"], figures["people"]) == (12, 8, None)
    assert (figures["sentences"], figures["search_look_ups"]) == (1, 1)
    assert figures["shop_person"] > figures["released_shop_person"] + 0.3
    assert figures["share_starter_webshop_ours_template"] > 0.8
    assert figures["share_starter_webshop_released_template"] < 0.5
    assert figures["share_starter_alfworld_released_template"] < 0.9
    assert figures["share_starter_search_released_template"] is None
    assert figures["released_code"] == "restated"
    assert "people's goals" not in written["claim"]
    out = capsys.readouterr().out
    assert "released rules (restated)" in out
    assert "pass --shop-data" in out


def test_folder_without_games_is_a_usage_error(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--data", str(tmp_path)])
    assert caught.value.code == 2
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"), [("{}", "no skills found"), ('{"general_skills": []}', "no cat")]
)
def test_a_bank_of_no_environment_is_a_usage_error(text, message, tmp_path, capsys):
    (tmp_path / "bank.json").write_text(text)
    with pytest.raises(SystemExit) as caught:
        main(["--quick", "--model", "none", "--bank", str(tmp_path / "bank.json")])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
