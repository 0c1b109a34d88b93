"""What every environment of the suite must do, bare and with its whole stack of wrappers."""

import copy
import json
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from toy_env import TOY_ID

from skill_gym.agents.replies import in_tags
from skill_gym.benchmarks.suite import LINE_UP, make, stack
from skill_gym.registration import step_limit
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.rendering import about_tokens
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.text_env import TextEnv
from skill_gym.trajectory import Task, Trajectory
from skill_gym.wrappers.open_command import fill

IDS = [*LINE_UP, TOY_ID]
LAYOUTS = ["step", "transcript"]
INFO = {"task", "task_key", "task_type", "goal", "admissible_commands", "won"}
ADDED = {"command", "is_action_valid", "is_admissible", "invalid_reason", "observation"}
SKILLED = {"skill_ids", "dropped_skill_ids", "bank_version", "task_type_source", "task_type_confidence"}
BANK = SkillBank.empty().with_skills(
    [
        *(Skill(f"gen_{n:03}", f"Title {n}", f"Principle {n} is long enough. " * 3) for n in range(8)),
        Mistake("err_001", "Doing the same thing again.", "Try something else."),
    ]
)
pytestmark = pytest.mark.parametrize("env_id", IDS)


def checked(env: gym.Env[Any, Any]) -> list[str]:
    """The complaints of Gymnasium's checker, less the one about wrappers."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env(env)
    return [
        str(one.message) for one in caught if "different from the unwrapped version" not in str(one.message)
    ]


def bare(env_id: str, **kwargs: Any) -> TextEnv:
    env = gym.make(env_id, **kwargs).unwrapped
    assert isinstance(env, TextEnv)
    return env


def reply_to(info: dict[str, Any], place: int = 0) -> str:
    """An admissible command as a model replies it, with a word in its slot."""
    return in_tags(fill(info["admissible_commands"][place], "word"))


def replies(env: gym.Env[str, str], count: int = 3) -> list[tuple[str, dict[str, Any]]]:
    """Prompts and infos of an episode's beginning, the first admissible command taken each time."""
    shown = [env.reset(seed=3)]
    for _ in range(count):
        prompt, _, terminated, truncated, info = env.step(reply_to(shown[-1][1]))
        shown.append((prompt, info))
        if terminated or truncated:
            break
    return shown


def test_the_bare_environment_passes_the_checker(env_id):
    assert checked(bare(env_id)) == []


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_whole_stack_passes_the_checker(env_id, layout):
    assert checked(make(env_id, bank=BANK, layout=layout)) == []


def test_info_has_the_contracts_keys_at_reset_and_step(env_id):
    env = bare(env_id)
    infos = [env.reset(seed=0)[1], env.step("")[4]]
    for info in infos:
        assert info.keys() >= INFO
        assert "expert_command" not in info
        assert isinstance(info["admissible_commands"], tuple)
        assert isinstance(info["won"], bool)
        assert (info["task"], info["task_key"]) == (env.task.id, env.task.key)
    for _, info in replies(make(env_id, bank=BANK)):
        assert info.keys() >= INFO | ADDED | SKILLED


def test_a_seed_draws_a_task_reproducibly_and_an_id_plays_exactly_it(env_id):
    env = bare(env_id)
    drawn = [env.reset(seed=seed)[1]["task"] for seed in range(12)]
    assert drawn == [env.reset(seed=seed)[1]["task"] for seed in range(12)]
    assert len(set(drawn)) > 1
    task = env.tasks[len(env.tasks) // 2]
    assert isinstance(task, Task)
    assert (task.env_id, task.key.startswith(f"{env_id}:"), task.key.endswith(task.id)) == (
        env_id,
        True,
        True,
    )
    first, info = env.reset(options={"task": task.id})
    assert (info["task"], env.task, env.find_task(task.id)) == (task.id, task, task)
    assert env.reset(seed=9, options={"task": task.id})[0] == first


def test_wrong_use_is_refused_with_a_mend(env_id):
    env = bare(env_id)
    with pytest.raises(RuntimeError, match=r"has not begun; call reset\(\)"):
        env.step("look")
    with pytest.raises(ValueError, match="no-such-task"):
        env.reset(options={"task": "no-such-task"})
    with pytest.raises(ValueError, match="unknown reset option 'tsk'"):
        env.reset(options={"tsk": 1})
    env.reset(seed=0)
    with pytest.raises(TypeError, match="a command must be a str, got bytes"):
        env.step(b"look")
    env._over = True
    with pytest.raises(RuntimeError, match=r"is over; call reset\(\)"):
        env.step("look")


def test_the_empty_command_uses_up_a_turn_and_changes_nothing(env_id):
    env = gym.make(env_id, **step_limit(env_id, 2))
    _, info = env.reset(seed=0)
    assert info["admissible_commands"]
    _, reward, terminated, truncated, after = env.step("")
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert after["admissible_commands"] == info["admissible_commands"]
    assert env.step("")[3] is True


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_vector_environments_take_the_stack(env_id, mode, tmp_path):
    kwargs = {"shared_memory": False} if mode == "async" else {}
    path = tmp_path / "t.jsonl"
    wrappers = stack(bank=BANK, layout="step", record_to=path)
    limit = step_limit(env_id, 2)
    env = gym.make_vec(env_id, 2, vectorization_mode=mode, vector_kwargs=kwargs, wrappers=wrappers, **limit)
    try:
        alone = make(env_id, bank=BANK, layout="step", **limit)
        prompts, infos = env.reset(seed=[0, 1])
        assert prompts == (alone.reset(seed=0)[0], alone.reset(seed=1)[0])
        reply = reply_to(alone.reset(seed=0)[1])
        prompts, _, _, _, infos = env.step((reply, "nonsense"))
        assert list(infos["command"]) == [alone.step(reply)[4]["command"], ""]
        assert list(infos["is_action_valid"]) == [True, False]
        assert list(infos["bank_version"]) == [BANK.version] * 2
        _, _, _, truncated, infos = env.step((reply, reply))
        assert list(truncated) == [True, True]
        trajectories = list(infos["trajectory"])
        assert all(isinstance(one, Trajectory) and len(one.turns) == 2 for one in trajectories)
        env.call("set_bank", SkillBank.empty())
        env.reset(seed=[0, 1])
        prompts, _, _, _, infos = env.step((reply, reply))
        assert list(infos["bank_version"]) == [SkillBank.empty().version] * 2
    finally:
        env.close()
    kept = [json.loads(line)["task"]["id"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert sorted(kept) == sorted(one.task.id for one in trajectories)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["deepcopy", "pickle"]
)
def test_a_copy_in_mid_episode_goes_on_the_same(env_id, copied: Callable[[Any], Any]):
    env = make(env_id, bank=BANK, layout="step")
    reply = reply_to(replies(env, 2)[-1][1], -1)
    twin = copied(env)
    one, other = (which.step(reply) for which in (env, twin))
    assert one == other
    assert replies(env) == replies(twin)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_stack_rebuilds_from_its_spec(env_id, layout, tmp_path: Path):
    path = tmp_path / "bank.json"
    BANK.save(path)
    for bank, through in ((BANK, lambda spec: spec), (path, lambda spec: EnvSpec.from_json(spec.to_json()))):
        env = make(env_id, bank=bank, layout=layout, history=1, max_tokens=150, **step_limit(env_id, 7))
        again = gym.make(through(env.spec))
        assert str(again) == str(env)
        assert replies(again) == replies(env)
        assert again.spec == env.spec


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_empty_bank_changes_nothing(env_id, layout):
    """Invariant 1."""
    plain, shown = (replies(make(env_id, bank=bank, layout=layout)) for bank in (None, SkillBank.empty()))
    assert [prompt for prompt, _ in shown] == [prompt for prompt, _ in plain]
    for (_, info), (_, before) in zip(shown, plain, strict=True):
        assert {name: value for name, value in info.items() if name not in SKILLED} == before


def test_skills_are_the_stable_prefix_from_the_first_observation_on(env_id):
    """Invariant 2."""
    plain, shown = (replies(make(env_id, bank=bank, layout="step")) for bank in (None, BANK))
    block = shown[0][0].removesuffix(plain[0][0])
    assert "Principle 0 is long enough." in block
    assert [prompt for prompt, _ in shown] == [block + prompt for prompt, _ in plain]
    transcripts = [replies(make(env_id, bank=bank, layout="transcript")) for bank in (None, BANK)]
    (first, *later), (skilled, *skilled_later) = transcripts
    assert skilled[0] == block + first[0]
    assert [prompt for prompt, _ in skilled_later] == [prompt for prompt, _ in later]


@pytest.mark.parametrize("budget", [0, 40, 120, 2000])
def test_the_budget_holds_and_what_was_left_out_is_named(env_id, budget):
    """Invariant 7."""
    whole = make(env_id, bank=BANK).reset(seed=3)[1]["skill_ids"]
    plain = make(env_id).reset(seed=3)[0]
    prompt, info = make(env_id, bank=BANK, max_tokens=budget).reset(seed=3)
    block = prompt.removesuffix(plain)
    assert about_tokens(block.removesuffix("\n\n")) <= budget
    assert sorted([*info["skill_ids"], *info["dropped_skill_ids"]]) == sorted(whole)
    assert bool(info["dropped_skill_ids"]) == (budget < 2000)
