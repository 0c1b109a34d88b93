"""Arms: which skills a group plays with is drawn by chance, shown as drawn, and recorded."""

from collections import Counter

import gymnasium as gym
import pytest
from toy_env import TOY_ID

from skill_gym.skillbanks.arms import Arm, draw_arm, fitting_candidates
from skill_gym.skillbanks.bank import BankError, SkillBank
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.trajectory import Task, Trajectory
from skill_gym.wrappers import RecordTrajectory, SkillAugmentedEnv, TaggedAction, TaskPrompt

TASK = "train/open_box-0"
BANK = SkillBank.empty().with_skills(
    [
        Skill("gen_001", "Read the goal", "Note the colour in the goal."),
        Skill("gen_002", "Do not wait", "Looking again tells you nothing new."),
        Skill("ope_001", "Match the key", "Take the key of the box's colour.", category="open_box"),
        Skill("loo_001", "Open first", "Open the box before you look in.", category="look_in_box"),
        Mistake("err_001", "Trying a key of another colour.", "Fetch the right key first."),
    ]
)
GENERAL = Skill("c_1", "Breathe", "Take your time.")
FITTING = Skill("c_2", "Knock", "Knock before you open.", category="open_box")
OTHER = Skill("c_3", "Peep", "Look twice.", category="look_in_box")
MISTAKE = Mistake("c_4", "Running.", "Walk.")
CANDIDATES = (GENERAL, FITTING, OTHER, MISTAKE)


def stack(bank: SkillBank = BANK) -> RecordTrajectory:
    shown = SkillAugmentedEnv(TaskPrompt(TaggedAction(gym.make(TOY_ID, max_episode_steps=1))), bank)
    return RecordTrajectory(shown)


def episode(arm: Arm, bank: SkillBank = BANK) -> tuple[str, Trajectory]:
    env = stack(bank)
    prompt, _ = env.reset(seed=1, options={"task": TASK, **arm.options()})
    _, _, _, _, info = env.step("<action>look</action>")
    return prompt, info["trajectory"]


def test_candidates_stand_first_in_their_section_where_they_fit():
    prompt, trajectory = episode(Arm(candidates=CANDIDATES))
    assert trajectory.skill_ids == ("c_1", "gen_001", "gen_002", "c_2", "ope_001", "c_4", "err_001")
    assert "Knock before you open." in prompt
    assert "Look twice." not in prompt
    assert trajectory.meta["bank_arm"]["candidates"] == ["c_1", "c_2", "c_4"]
    assert trajectory.bank_version == BANK.version
    assert Trajectory.from_json(trajectory.to_json()).meta == trajectory.meta


def test_withheld_skills_leave_a_gap():
    prompt, trajectory = episode(Arm(withheld=("gen_001", "loo_001"), kept=("ope_001",)))
    assert trajectory.skill_ids == ("gen_002", "ope_001", "err_001")
    assert "Note the colour" not in prompt
    # The other type's skill would not have been shown anyhow: it is no evidence.
    assert trajectory.meta["bank_arm"]["withheld"] == ["gen_001"]
    assert trajectory.meta["bank_arm"]["kept"] == ["ope_001"]


def test_candidates_that_are_held_back_are_recorded_and_not_shown():
    plain, _ = episode(Arm())
    prompt, trajectory = episode(Arm(held_back=CANDIDATES))
    assert prompt == plain
    assert trajectory.meta["bank_arm"] == {
        "candidates": [],
        "held_back": ["c_1", "c_2", "c_4"],
        "withheld": [],
        "kept": [],
        "probabilities": [0.5, 0.9],
    }


def test_an_episode_without_an_arm_is_as_ever():
    env = stack()
    prompt, info = env.reset(seed=1, options={"task": TASK})
    assert "bank_arm" not in info
    assert "bank_arm" not in env.step("<action>look</action>")[4]["trajectory"].meta
    assert Arm().options() == {}
    # An arm is for one episode only.
    env.reset(seed=1, options={"task": TASK, "withheld": BANK.ids})
    assert env.reset(seed=1, options={"task": TASK})[0] == prompt


def test_withholding_everything_equals_an_empty_bank():
    prompt, _ = episode(Arm(withheld=BANK.ids))
    assert prompt == episode(Arm(), SkillBank.empty())[0]


def test_a_candidate_fits_by_the_categories_of_the_bank_in_force():
    """Skills of one object stand in for those of two only in a bank that has none of two."""
    task = Task("t", "k", "env", "train", "pick_two_obj_and_place", "put two cups on a desk")
    arm = Arm(candidates=(Skill("c_1", "Carry", "One at a time.", category="pick_and_place"),))
    two = Skill("two_001", "Remember", "Note where the second is.", category="pick_two")
    with_two = ByTaskType(SkillBank.empty().with_skills([two]))
    without = ByTaskType(SkillBank.empty())
    shown = {
        name: arm.apply(retriever, task, retriever.retrieve([task])[0])[0].ids
        for name, retriever in (("two", with_two), ("none", without))
    }
    assert shown == {"two": ("two_001",), "none": ("c_1",)}


def test_bad_arms_are_refused():
    with pytest.raises(BankError, match="fresh id"):
        episode(Arm(candidates=(Skill("gen_001", "Again", "Same id."),)))
    env = stack()
    with pytest.raises(TypeError, match="Skills and Mistakes"):
        env.reset(options={"task": TASK, "candidates": ["gen_001"]})
    with pytest.raises(TypeError, match="sequence of ids"):
        env.reset(options={"task": TASK, "withheld": "gen_001"})


def test_draws_are_seeded_fair_and_independent():
    def draw(*seed: int) -> list[Arm]:
        return [draw_arm(*seed, n, candidates=CANDIDATES[:2], watched=["a", "b"]) for n in range(2000)]

    arms = draw(1, 0)
    assert arms == draw(1, 0)
    assert arms != draw(1, 1)
    assert arms != draw(2, 0)
    both = Counter(tuple(entry.id for entry in arm.candidates) for arm in arms)
    assert all(abs(both[some] / 2000 - 0.25) < 0.04 for some in ((), ("c_1",), ("c_2",), ("c_1", "c_2")))
    withheld = Counter(name for arm in arms for name in arm.withheld)
    assert all(abs(withheld[name] / 2000 - 0.1) < 0.03 for name in ("a", "b"))
    assert all({*arm.withheld, *arm.kept} == {"a", "b"} for arm in arms)
    assert all(len(arm.candidates) + len(arm.held_back) == 2 for arm in arms)


def test_a_group_draws_for_few_candidates_at_a_time():
    arms = [draw_arm(0, n, candidates=CANDIDATES, watched=list("abcdef"), per_group=2) for n in range(400)]
    assert {len(arm.candidates) + len(arm.held_back) for arm in arms} == {2}
    assert {len(arm.withheld) + len(arm.kept) for arm in arms} == {6}
    drawn = Counter(entry.id for arm in arms for entry in (*arm.candidates, *arm.held_back))
    assert min(drawn.values()) > 150
    with pytest.raises(ValueError, match="per_group"):
        draw_arm(0, per_group=0)
    with pytest.raises(ValueError, match="probabilities"):
        draw_arm(0, probabilities=(0.5, 1.0))


def test_which_candidates_fit_a_task():
    task = Task(TASK, "k", TOY_ID, "train", "open_box", "open the red box")
    assert fitting_candidates(ByTaskType(BANK), CANDIDATES, task).ids == ("c_1", "c_2", "c_4")
    assert fitting_candidates(ByTaskType(BANK), (), task).ids == ()
    named = Skill("c_5", "Red", "Red keys lie low.", keywords=("red",))
    blue = Skill("c_6", "Blue", "Blue keys hang high.", keywords=("blue",))
    assert fitting_candidates(ByTaskType(BANK), (named, blue), task).ids == ("c_5",)
