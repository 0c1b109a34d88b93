"""SkillAugmentedEnv: skills from the first observation on, under a budget, or nothing changed at all."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from toy_env import TOY_ID

from skill_gym.skillbanks.bank import BankError, SkillBank
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.trajectory import read_trajectories
from skill_gym.wrappers import RecordTrajectory, SkillAugmentedEnv, TaggedAction, TaskPrompt

TASK = "train/open_box-0"
REPLIES = tuple(f"<action>{command}</action>" for command in ("take red key", "go to cellar", "open red box"))
BANK = SkillBank.empty().with_skills(
    [
        Skill("gen_001", "Read the goal", "Note the colour in the goal before you move.", "at the start"),
        Skill("gen_002", "Do not wait", "Looking again tells you nothing new.", "always"),
        Skill("ope_001", "Match the key", "Take the key of the box's colour.", "a lock", category="open_box"),
        Skill("loo_001", "Open first", "Open the box before you look in.", "a box", category="look_in_box"),
        Mistake("err_001", "Trying a key of another colour.", "Fetch the right key first."),
    ]
)


def wrapped(layout: str) -> TaskPrompt:
    return TaskPrompt(TaggedAction(gym.make(TOY_ID)), layout=layout)


def play(env: gym.Env[str, str], seed: int = 1) -> list[tuple[str, dict[str, Any]]]:
    shown = [env.reset(seed=seed, options={"task": TASK})]
    for reply in REPLIES:
        prompt, _, _, _, info = env.step(reply)
        shown.append((prompt, info))
    return shown


@pytest.mark.parametrize("layout", ["step", "transcript"])
def test_an_empty_bank_changes_nothing(layout):
    plain = play(wrapped(layout))
    with_bank = play(SkillAugmentedEnv(wrapped(layout), SkillBank.empty()))
    assert [prompt for prompt, _ in with_bank] == [prompt for prompt, _ in plain]
    for (_, info), (_, before) in zip(with_bank, plain, strict=True):
        assert {name: info[name] for name in before} == before
        assert (info["skill_ids"], info["dropped_skill_ids"]) == ((), ())
        assert info["bank_version"] == SkillBank.empty().version


def test_step_layout_begins_every_prompt_with_the_same_skills():
    plain, shown = play(wrapped("step")), play(SkillAugmentedEnv(wrapped("step"), BANK))
    block = shown[0][0].removesuffix(plain[0][0])
    assert "Take the key of the box's colour." in block
    assert "Open the box before you look in." not in block
    assert [prompt for prompt, _ in shown] == [block + prompt for prompt, _ in plain]


def test_transcript_layout_shows_the_skills_once_at_the_very_beginning():
    plain, shown = play(wrapped("transcript")), play(SkillAugmentedEnv(wrapped("transcript"), BANK))
    block = shown[0][0].removesuffix(plain[0][0])
    assert "Take the key of the box's colour." in block
    assert [prompt for prompt, _ in shown[1:]] == [prompt for prompt, _ in plain[1:]]


@pytest.mark.parametrize("layout", ["step", "transcript"])
def test_info_names_what_is_in_force_at_every_step(layout):
    for _, info in play(SkillAugmentedEnv(wrapped(layout), BANK)):
        assert set(info["skill_ids"]) == {"gen_001", "gen_002", "ope_001", "err_001"}
        assert info["bank_version"] == BANK.version
        assert info["dropped_skill_ids"] == ()
        assert info["task_type_source"] == "environment"
        assert 0 < info["task_type_confidence"] <= 1


def test_the_ids_in_info_are_in_the_order_shown():
    env = SkillAugmentedEnv(wrapped("step"), BANK, show_ids=True)
    prompt, info = env.reset(options={"task": TASK})
    places = [prompt.index(skill_id) for skill_id in info["skill_ids"]]
    assert places == sorted(places)


@pytest.mark.parametrize("budget", [0, 30, 60, 90, 1000])
def test_the_block_never_exceeds_its_budget_and_names_what_it_left_out(budget):
    def count(text: str) -> int:
        return len(text.split())

    plain, _ = wrapped("step").reset(options={"task": TASK})
    env = SkillAugmentedEnv(wrapped("step"), BANK, max_tokens=budget, count_tokens=count)
    prompt, info = env.reset(options={"task": TASK})
    assert count(prompt.removesuffix(plain)) <= budget
    assert {*info["skill_ids"], *info["dropped_skill_ids"]} == {"gen_001", "gen_002", "ope_001", "err_001"}
    assert bool(info["dropped_skill_ids"]) == (budget < 90)


def test_a_new_bank_waits_for_the_next_reset():
    env = SkillAugmentedEnv(wrapped("step"), SkillBank.empty())
    env.reset(options={"task": TASK})
    env.set_bank(BANK)
    prompt, _, _, _, info = env.step(REPLIES[0])
    assert "Take the key" not in prompt
    assert (info["bank_version"], env.bank) == (SkillBank.empty().version, SkillBank.empty())
    prompt, info = env.reset(options={"task": TASK})
    assert "Take the key" in prompt
    assert (info["bank_version"], env.bank) == (BANK.version, BANK)


def test_a_retriever_keeps_its_settings_when_the_bank_changes():
    env = SkillAugmentedEnv(wrapped("step"), ByTaskType(SkillBank.empty(), top_k=1, max_mistakes=0))
    env.set_bank(BANK)
    _, info = env.reset(options={"task": TASK})
    assert info["skill_ids"] == ("gen_001", "ope_001")


def test_a_bank_file_is_read_and_keeps_the_spec_json(tmp_path):
    path = tmp_path / "bank.json"
    BANK.save(path)
    env = SkillAugmentedEnv(wrapped("step"), path)
    assert env.bank.ids == BANK.ids
    spec = gym.envs.registration.EnvSpec.from_json(env.spec.to_json())
    assert gym.make(spec).reset(options={"task": TASK})[0] == env.reset(options={"task": TASK})[0]


def test_record_to_logs_the_same_as_the_outer_wrapper(tmp_path):
    path = tmp_path / "t.jsonl"
    shown = play(SkillAugmentedEnv(wrapped("step"), BANK, record_to=path))
    outer = play(RecordTrajectory(SkillAugmentedEnv(wrapped("step"), BANK)))
    (kept,) = read_trajectories(path)
    assert kept == shown[-1][1]["trajectory"] == outer[-1][1]["trajectory"]
    assert kept.bank_version == BANK.version
    assert kept.meta["task_type_source"] == "environment"
    assert all(set(turn.skill_ids) == {"gen_001", "gen_002", "ope_001", "err_001"} for turn in kept.turns)
    assert kept.turns[0].prompt == shown[0][0]


def test_what_was_dropped_is_in_the_trajectory():
    env = RecordTrajectory(SkillAugmentedEnv(wrapped("step"), BANK, max_tokens=0))
    trajectory = play(env)[-1][1]["trajectory"]
    assert set(trajectory.meta["dropped_skill_ids"]) == {"gen_001", "gen_002", "ope_001", "err_001"}
    assert trajectory.skill_ids == ()


def test_above_a_bare_environment_every_observation_has_the_skills():
    env = SkillAugmentedEnv(gym.make(TOY_ID), BANK)
    env.reset(options={"task": TASK})
    assert env.step("look")[0].endswith("\n\nYou are in the hall. You hold no key.")
    assert "Take the key" in env.step("look")[0]


def test_bad_arguments_are_named(tmp_path: Path):
    with pytest.raises(TypeError, match="expected a SkillBank, a path of one or a Retriever, got dict"):
        SkillAugmentedEnv(wrapped("step"), {})
    with pytest.raises(ValueError, match="max_tokens must be an int of at least 0, got -1"):
        SkillAugmentedEnv(wrapped("step"), BANK, max_tokens=-1)
    with pytest.raises(TypeError, match="count_tokens must be callable"):
        SkillAugmentedEnv(wrapped("step"), BANK, count_tokens=5)
    with pytest.raises(BankError, match=r"no\.json"):
        SkillAugmentedEnv(wrapped("step"), tmp_path / "no.json")
    with pytest.raises(TypeError, match="set_bank expects a SkillBank, got str"):
        SkillAugmentedEnv(wrapped("step"), BANK).set_bank("bank.json")
