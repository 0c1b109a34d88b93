"""Skills fit the task: routing of goals, limits, and the share of evolved skills."""

import json
import lzma

import pytest

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.categories import bank_categories, target_category
from skill_gym.skillbanks.goals import CLEAN, COOL, HEAT, LOOK, PLACE, TASK_TYPES, TWO, read_goal
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.trajectory import Task

TEMPLATES = [
    ("put a mug in shelf.", PLACE, "mug", "shelf"),
    ("put some cd on drawer.", PLACE, "cd", "drawer"),
    ("put a clean cloth in toilet.", CLEAN, "cloth", "toilet"),
    ("clean some pan and put it in stoveburner.", CLEAN, "pan", "stoveburner"),
    ("put a hot apple in fridge.", HEAT, "apple", "fridge"),
    ("heat some egg and put it in garbagecan.", HEAT, "egg", "garbagecan"),
    ("put a cool tomato in microwave.", COOL, "tomato", "microwave"),
    ("cool some lettuce and put it in countertop.", COOL, "lettuce", "countertop"),
    ("put two pen in dresser.", TWO, "pen", "dresser"),
    ("find two book and put them in sofa.", TWO, "book", "sofa"),
    ("look at bowl under the desklamp.", LOOK, "bowl", "desklamp"),
    ("examine the watch with the floorlamp.", LOOK, "watch", "floorlamp"),
]
SLICED = [
    ("put a slice of bread in shelf.", PLACE, "bread"),
    ("put a clean slice of lettuce in countertop.", CLEAN, "lettuce"),
    ("heat some slice of potato and put it in fridge.", HEAT, "potato"),
    ("put a cool slice of tomato in microwave.", COOL, "tomato"),
    ("put two slice of apple in plate.", TWO, "apple"),
]
PARAPHRASES = [
    ("Kindly bring me the keychain and leave it on the ottoman.", PLACE),
    ("There is a newspaper lying around; throw it into the bin!", PLACE),
    ("Stow the cleaning spray in the cupboard", PLACE),
    ("Hang the wash cloth over the bath tub", PLACE),
    ("hold the tennis racket next to a lit floor lamp", LOOK),
    ("Switch the lamp on and have a look at the vase", LOOK),
    ("The mug is dirty. Rinse it, then store it in the cupboard.", CLEAN),
    ("Scrub a pot at the sink and return it to the stove", CLEAN),
    ("Warm up a slice of bread, then leave it on the counter", HEAT),
    ("set a cooked egg on the dining table", HEAT),
    ("I would like an ice cold, chilled wine bottle on the table", COOL),
    ("refrigerate an apple before you put it on the side table", COOL),
    ("Collect a couple of candles and put both in the cart", TWO),
    ("TWO pillows belong on the arm chair", TWO),
]


def task(task_type: str = "", goal: str = "", env_id: str = "skill_gym/ALFWorld-v0") -> Task:
    return Task("id", f"{env_id}:test:id", env_id, "test", task_type, goal)


def skills(prefix: str, count: int, category: str | None = None) -> tuple[Skill, ...]:
    return tuple(
        Skill(f"{prefix}_{number:03d}", f"T {prefix} {number}", f"P {prefix} {number}.", category=category)
        for number in range(1, count + 1)
    )


def bank_of(**categories: int) -> SkillBank:
    return SkillBank(
        general=skills("gen", 8),
        task_specific={name: skills(name, count, name) for name, count in categories.items()},
        mistakes=tuple(Mistake(f"err_{number:03d}", "d", "h") for number in range(1, 9)),
    )


@pytest.mark.parametrize(("goal", "task_type", "wanted", "target"), TEMPLATES)
def test_all_twelve_templates_route_with_certainty(goal, task_type, wanted, target):
    found = read_goal(goal)
    assert (found.task_type, found.object, found.target) == (task_type, wanted, target)
    assert (found.source, found.confidence) == ("template", 1.0)
    assert read_goal(goal.upper().rstrip(".")) == found


@pytest.mark.parametrize(("goal", "task_type", "wanted"), SLICED)
def test_sliced_goals_route_like_their_base_type(goal, task_type, wanted):
    found = read_goal(goal)
    assert (found.task_type, found.object, found.source) == (task_type, wanted, "template")


@pytest.mark.parametrize(("goal", "task_type"), PARAPHRASES)
def test_peoples_goals_route_by_their_cues(goal, task_type):
    found = read_goal(goal)
    assert found.task_type == task_type
    assert found.source == "goal"
    assert 0 < found.confidence < 1


@pytest.mark.parametrize("goal", ["", "???", "bonjour tout le monde"])
def test_text_without_a_cue_gets_no_type_instead_of_a_default(goal):
    assert read_goal(goal).task_type is None
    (found,) = ByTaskType(bank_of(clean=2)).retrieve([task("", goal)])
    assert (found.category, found.task_type_source, found.confidence) == (None, "none", 0.0)
    assert found.task_specific == ()
    assert len(found.general) == 6


def test_environments_task_type_beats_the_goals_words():
    (found,) = ByTaskType(bank_of(heat=2, clean=3)).retrieve([task(HEAT, "put a clean mug in shelf.")])
    assert (found.category, found.task_type_source, found.confidence) == ("heat", "environment", 1.0)
    assert [skill.id for skill in found.task_specific] == ["heat_001", "heat_002"]


def test_unknown_type_of_the_environment_falls_back_to_the_goal():
    (found,) = ByTaskType(bank_of(clean=3)).retrieve([task("odd", "put a clean mug in shelf.")])
    assert (found.category, found.task_type_source) == ("clean", "template")


def test_released_categories_are_aliases_of_the_task_types():
    bank = bank_of(pick_and_place=2, look_at_obj_in_light=2, examine=3)
    assert bank_categories(bank, LOOK) == ("look_at_obj_in_light", "examine")
    assert bank_categories(bank, TWO) == ("pick_and_place",)
    assert bank_categories(bank, HEAT) == ()
    assert target_category(bank, TWO) == "pick_two"
    (found,) = ByTaskType(bank).retrieve([task(LOOK)])
    assert len(found.task_specific) == 5
    assert bank_categories(bank_of(pick_two=1, pick_and_place=2), TWO) == ("pick_two",)


def test_an_evolved_category_does_not_displace_what_stood_in_for_it():
    bank = bank_of(pick_and_place=3).with_skills([Skill("dyn_001", "T", "Fetch both.", category="pick_two")])
    (found,) = ByTaskType(bank).retrieve([task(TWO)])
    assert found.category == "pick_two"
    assert [skill.id for skill in found.task_specific] == [
        "dyn_001",
        *(f"pick_and_place_{n:03d}" for n in (1, 2, 3)),
    ]


def test_other_environments_types_are_the_banks_own_categories():
    bank = bank_of(apparel=2)
    (found,) = ByTaskType(bank).retrieve([task("apparel", "buy a shirt", "skill_gym/WebShop-v0")])
    assert (found.category, found.task_type_source) == ("apparel", "environment")
    (found,) = ByTaskType(bank_of(multi_hop=2)).retrieve([task("", "put a shirt in the cart")])
    assert found.task_type_source == "none"


def test_limits_count_each_kind():
    bank = bank_of(heat=5)
    (found,) = ByTaskType(bank, top_k=2, task_specific_top_k=3, max_mistakes=1).retrieve([task(HEAT)])
    assert [len(found.general), len(found.task_specific), len(found.mistakes)] == [2, 3, 1]
    (found,) = ByTaskType(bank, top_k=None, max_mistakes=0).retrieve([task(HEAT)])
    assert [len(found.general), len(found.task_specific), len(found.mistakes)] == [8, 5, 0]
    with pytest.raises(ValueError, match="top_k must be at least 0, got -1"):
        ByTaskType(bank, top_k=-1)


def test_evolved_skills_take_at_most_half_newest_first():
    bank = bank_of().with_skills(skills("dyn", 9))
    (found,) = ByTaskType(bank).retrieve([task(HEAT)])
    assert [skill.id for skill in found.general] == [
        *("dyn_009", "dyn_008", "dyn_007"),
        *("gen_001", "gen_002", "gen_003"),
    ]


def test_evolved_skills_fill_what_static_ones_leave_free():
    bank = SkillBank(general=skills("gen", 1)).with_skills(skills("dyn", 9))
    (found,) = ByTaskType(bank).retrieve([task(HEAT)])
    assert [skill.id for skill in found.general] == [f"dyn_{n:03d}" for n in (9, 8, 7, 6, 5)] + ["gen_001"]


def test_mistakes_of_the_category_come_first_and_those_of_others_not_at_all():
    bank = SkillBank(
        task_specific={"heat": skills("hea", 1, "heat")},
        mistakes=(
            Mistake("err_001", "d", "h"),
            Mistake("err_002", "d", "h", category="cool"),
            Mistake("err_003", "d", "h", category="heat"),
            Mistake("err_004", "d", "h", category=HEAT),
        ),
    )
    (found,) = ByTaskType(bank).retrieve([task(HEAT)])
    assert [mistake.id for mistake in found.mistakes] == ["err_003", "err_004", "err_001"]


def test_batch_keeps_order_and_another_bank_keeps_limits():
    retriever = ByTaskType(bank_of(heat=1, cool=2), top_k=1)
    found = retriever.retrieve([task(COOL), task(HEAT), task(COOL)])
    assert [item.category for item in found] == ["cool", "heat", "cool"]
    other = retriever.with_bank(SkillBank.empty())
    assert (other.top_k, len(other.bank)) == (1, 0)
    assert other.retrieve([task(HEAT)])[0].ids == ()


def test_every_official_sentence_routes_right(shared_data):
    wrong = []
    for split in ("valid_seen", "valid_train"):
        with lzma.open(shared_data / "alfworld" / f"{split}.jsonl.xz", "rt") as rows:
            for game in map(json.loads, rows):
                found = read_goal(game["task"])
                names = (
                    game["pddl_params"]["object_target"],
                    *filter(
                        None, (game["pddl_params"]["parent_target"] or game["pddl_params"]["toggle_target"],)
                    ),
                )
                if (found.task_type, found.object, found.target) != (
                    game["task_type"],
                    *map(str.lower, names),
                ):
                    wrong.append(game["task"])
    assert wrong == []


def test_peoples_goals_of_heldout_games_route_better_than_nine_in_ten(shared_data):
    right = total = 0
    for split in ("valid_seen", "valid_train"):
        with lzma.open(shared_data / "alfworld" / f"{split}.jsonl.xz", "rt") as rows:
            for game in map(json.loads, rows):
                for goal in game["task_descs"]:
                    total += 1
                    right += read_goal(goal).task_type == game["task_type"]
    assert total > 1000
    assert right / total > 0.93


def test_starter_bank_has_skills_for_every_task_type():
    found = ByTaskType(SkillBank.starter("alfworld")).retrieve([task(name) for name in TASK_TYPES])
    assert all(item.task_specific and item.category for item in found)


def keyworded(number: int, *keywords: str, category: str | None = None) -> Skill:
    return Skill(f"dyn_{number:03d}", f"K {number}", f"K {number}.", category=category, keywords=keywords)


def test_skills_with_keywords_are_for_goals_with_such_a_word():
    bank = SkillBank(
        general=(*skills("gen", 3), keyworded(1, "mug"), keyworded(2, "Cup", "mug"), keyworded(3, "pan")),
        task_specific={"heat": (*skills("hea", 2, "heat"), keyworded(4, "shelf", category="heat"))},
    )
    (found,) = ByTaskType(bank, top_k=2).retrieve([task(HEAT, "Put a hot MUG in shelf.")])
    assert [skill.id for skill in found.general] == ["dyn_002", "dyn_001", "gen_001", "gen_002"]
    assert [skill.id for skill in found.task_specific] == ["dyn_004", "hea_001", "hea_002"]
    for goal in ("put a hot mugshot in drawer.", "put a hot plate in drawer."):
        (found,) = ByTaskType(bank, top_k=2).retrieve([task(HEAT, goal)])
        assert not any(skill.keywords for skill in (*found.general, *found.task_specific))


def test_tasks_of_one_type_with_different_goals_get_their_own_keywords():
    retriever = ByTaskType(SkillBank(general=(keyworded(1, "mug"), keyworded(2, "pan"))), max_mistakes=0)
    found = retriever.with_bank(retriever.bank).retrieve(
        [task(HEAT, "put a hot mug in shelf."), task(HEAT, "put a hot pan in shelf.")]
    )
    assert [item.ids for item in found] == [("dyn_001",), ("dyn_002",)]


def test_keywords_can_be_left_out_of_account():
    bank = SkillBank(general=(*skills("gen", 3), keyworded(1, "mug"), keyworded(2, "pan")))
    (found,) = ByTaskType(bank, top_k=2, by_keywords=False).retrieve([task(HEAT, "put a hot mug in shelf.")])
    assert found.ids == ("dyn_002", "gen_001")


def test_without_the_hierarchy_everything_is_general():
    bank = bank_of(heat=2, cool=2).with_skills([keyworded(1, "mug")])
    (found,) = ByTaskType(bank, hierarchy=False).retrieve([task(HEAT, "put a hot pan in shelf.")])
    assert set(found.ids) == set(bank.ids)
    assert found.general[0].id == "dyn_001"
    assert found.task_specific == ()
    assert found.category is None
    assert ByTaskType(bank, hierarchy=False).with_bank(SkillBank.empty()).hierarchy is False


def test_an_unknown_task_type_is_said_once_for_an_environment_and_not_for_every_task(caplog):
    tasks = [
        Task(str(at), f"Riddle:0:{at}", "Riddle", "train", kind, f"guess {at}")
        for at, kind in enumerate(("rhyme", "rhyme", "sum"))
    ]
    for _ in range(2):
        found = ByTaskType(SkillBank.empty()).retrieve(tasks)
    assert [one.task_type_source for one in found] == ["none"] * 3
    said = [record.getMessage() for record in caplog.records if "no task type" in record.getMessage()]
    assert [message.partition(":")[0] for message in said] == [
        "no task type for 'guess 0' (Riddle says 'rhyme')",
        "no task type for 'guess 2' (Riddle says 'sum')",
    ]
