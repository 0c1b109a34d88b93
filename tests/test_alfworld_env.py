"""ALFWorld as a Gymnasium environment: the contract, tasks, experts, copies, errors."""

import copy
import pickle
from dataclasses import replace

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from small_room import small_game

import skill_gym
from skill_gym.alfworld.env import ALFWorldEnv
from skill_gym.alfworld.experts import EXPERTS
from skill_gym.alfworld.games import TASK_TYPES, GameError
from skill_gym.alfworld.packs import write_pack
from skill_gym.registration import SUITE
from skill_gym.trajectory import Task

ENV_ID = "skill_gym/ALFWorld-v0"
GAME = small_game()


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)


@pytest.fixture
def data(tmp_path) -> str:
    other = replace(GAME, id=GAME.id.replace("trial_1", "trial_2"), task_descs=())
    write_pack(tmp_path / "valid_seen.jsonl.xz", (GAME, other))
    return str(tmp_path)


def make(**kwargs: object) -> gym.Env[str, str]:
    return gym.make(ENV_ID, **kwargs)


def play_out(env: gym.Env[str, str], seed: int | None = None, steps: int = 12) -> list[object]:
    """Everything that a deterministic player sees."""
    seen: list[object] = [env.reset(seed=seed)] if seed is not None else []
    for number in range(steps):
        commands = env.unwrapped.admissible_commands()  # type: ignore[attr-defined]
        seen.append(env.step(commands[number * 7 % len(commands)]))
        if seen[-1][2] or seen[-1][3]:
            break
    return seen


def test_gymnasium_finds_nothing_to_complain_about(recwarn):
    check_env(make().unwrapped)
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize("split", ["generated", "generated_validation", "generated_test"])
def test_generated_splits_need_no_data(split):
    env = make(split=split, size=12)
    observation, info = env.reset(seed=0)
    assert observation.startswith("-= Welcome to TextWorld, ALFRED! =-\n\nYou are in the middle of a room.")
    assert len(env.unwrapped.tasks) == 12
    assert info["task"].startswith(split)


def test_info_has_the_contract_at_reset_and_step(data):
    env = make(split="valid_seen", data=data)
    wanted = {"task", "task_key", "task_type", "goal", "admissible_commands", "won"}
    _, info = env.reset(options={"task": GAME.id})
    assert set(info) == wanted
    assert (info["task"], info["task_type"], info["goal"]) == (GAME.id, GAME.task_type, GAME.sentence)
    assert env.step("look")[4].keys() == wanted


def test_winning_pays_one_and_ends(data):
    env = make(split="valid_seen", data=data)
    env.reset(options={"task": GAME.id})
    results = [env.step(command) for command in GAME.walkthrough]
    assert [result[1:3] for result in results] == [(0.0, False)] * 6 + [(1.0, True)]
    assert results[-1][4]["won"]
    with pytest.raises(RuntimeError, match="call reset"):
        env.step("look")


def test_fifty_steps_truncate(data):
    env = make(split="valid_seen", data=data)
    env.reset(seed=0)
    ends = [env.step("nonsense")[2:4] for _ in range(50)]
    assert ends == [(False, False)] * 49 + [(False, True)]


def test_commands_must_be_text(data):
    env = make(split="valid_seen", data=data).unwrapped
    env.reset(seed=0)
    with pytest.raises(TypeError, match="must be a str, got int"):
        env.step(3)


def test_seeds_draw_the_same_game_every_time():
    first, second = make(size=50), make(size=50)
    for seed in (0, 7):
        assert play_out(first, seed) == play_out(second, seed)
    drawn = {first.reset(seed=seed)[1]["task"] for seed in range(20)}
    assert len(drawn) > 10


def test_every_task_of_the_list_can_be_played():
    env = make(size=12)
    for task in env.unwrapped.tasks:
        _, info = env.reset(options={"task": task.id})
        assert (info["task"], info["task_key"], info["task_type"], info["goal"]) == (
            task.id,
            task.key,
            task.task_type,
            task.goal,
        )


def test_task_types_are_filtered():
    env = make(size=12, task_types=["look", "pick_two_obj_and_place"])
    assert {task.task_type for task in env.unwrapped.tasks} == {TASK_TYPES[1], TASK_TYPES[5]}


@pytest.mark.parametrize("kwargs", [{"size": 20}, {"split": "valid_seen"}])
def test_unknown_tasks_name_near_ones(kwargs, data):
    if "split" in kwargs:
        kwargs = {**kwargs, "data": data}
    env = make(**kwargs)
    known = env.unwrapped.tasks[0].id
    with pytest.raises(ValueError, match=r"no task .*near ones are") as caught:
        env.reset(options={"task": known + "0"})
    assert known.rpartition("/")[0] in str(caught.value)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"split": "test"}, "unknown split 'test'; there are generated, .*valid_unseen"),
        ({"split": "train"}, "ALFWORLD_DATA is not set"),
        ({"data": "/tmp"}, "reads no data"),
        ({"expert": "oracle"}, "expert must be None or one of walkthrough, planner, explorer, got 'oracle'"),
        ({"goals": "poem"}, "goals must be one of template, human"),
        ({"task_types": ["fold"]}, "unknown task type 'fold'"),
        ({"generator": {"colour": 1}}, "generator: .*colour"),
        ({"size": 0}, "size must be"),
        ({"render_mode": "human"}, "render_mode"),
    ],
)
def test_bad_arguments_are_refused_in_words(kwargs, words):
    with pytest.raises(ValueError, match=words):
        ALFWorldEnv(**kwargs)


@pytest.mark.parametrize("expert", EXPERTS)
@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_experts_win_when_followed(expert, task_type):
    env = make(size=2, task_types=[task_type], expert=expert)
    for task in env.unwrapped.tasks:
        _, info = env.reset(options={"task": task.id})
        steps = 0
        while not info["won"]:
            assert info["expert_command"] in info["admissible_commands"]
            _, _, terminated, truncated, info = env.step(info["expert_command"])
            steps += 1
            assert terminated or not truncated
        assert info["expert_command"] is None
        if expert == "walkthrough":
            assert steps == len(env.unwrapped.game.walkthrough)


def test_the_walkthrough_is_told_while_followed_and_the_planner_after(data):
    env = make(split="valid_seen", data=data, expert="walkthrough")
    _, info = env.reset(options={"task": GAME.id})
    for command in GAME.walkthrough[:3]:
        assert info["expert_command"] == command
        info = env.step(command)[4]
    info = env.step("go to shelf 1")[4]
    for _ in range(12):
        if info["won"]:
            break
        info = env.step(info["expert_command"])[4]
    assert info["won"]


@pytest.mark.parametrize("expert", [None, *EXPERTS])
@pytest.mark.parametrize("twin", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_copies_made_in_the_middle_go_on_alike(expert, twin):
    env = make(size=20, expert=expert)
    play_out(env, seed=5, steps=4)
    other = twin(env)
    assert play_out(env) == play_out(other)
    assert env.unwrapped.tasks[3] == other.unwrapped.tasks[3]
    assert env.reset() == other.reset()


def test_pickles_are_small(data):
    env = make(split="valid_seen", data=data)
    env.reset(seed=0)
    assert len(pickle.dumps(env)) < 60_000
    assert "tasks" not in env.unwrapped.__getstate__()


def test_environments_are_rebuilt_from_their_spec(data):
    env = make(split="valid_seen", data=data, expert="planner", task_types=["heat"], goals="template")
    again = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert play_out(env, seed=1) == play_out(again, seed=1)


@pytest.mark.parametrize(
    ("mode", "vector_kwargs"), [("sync", {}), ("async", {"shared_memory": False, "context": "fork"})]
)
def test_vector_environments_play(mode, vector_kwargs):
    envs = gym.make_vec(
        ENV_ID, 2, vectorization_mode=mode, vector_kwargs=vector_kwargs, size=10, expert="planner"
    )
    try:
        observations, infos = envs.reset(seed=3)
        single = make(size=10, expert="planner")
        assert observations == (single.reset(seed=3)[0], single.reset(seed=4)[0])
        assert len(infos["admissible_commands"]) == 2
        observations, rewards, *_ = envs.step(("look", "inventory"))
        assert observations[1] == "You are not carrying anything."
        assert list(rewards) == [0.0, 0.0]
    finally:
        envs.close()


def test_human_goals_replace_the_template(data):
    env = make(split="valid_seen", data=data, goals="human")
    seen = set()
    for seed in range(12):
        observation, info = env.reset(seed=seed, options={"task": GAME.id})
        seen.add(info["goal"])
        assert observation.endswith(f"Your task is to: {info['goal']}")
        assert env.step("look")[4]["goal"] == info["goal"] == env.unwrapped.task.goal
        assert env.reset(seed=seed, options={"task": GAME.id})[1]["goal"] == info["goal"]
    assert seen == {text + "." for text in GAME.task_descs}


def test_human_goals_that_are_not_there_are_an_error(data):
    env = make(split="valid_seen", data=data, goals="human")
    with pytest.raises(GameError, match="no human goal; make the env with goals='template'"):
        env.reset(options={"task": env.unwrapped.tasks[1].id})


def test_nothing_can_be_asked_before_the_first_reset():
    env = make(size=2).unwrapped
    for ask in (lambda: env.game, lambda: env.world, lambda: env.won, lambda: env.step("look")):
        with pytest.raises(RuntimeError, match="reset"):
            ask()


def test_ansi_shows_the_last_text():
    env = make(size=2, render_mode="ansi")
    observation, _ = env.reset(seed=0)
    assert env.render() == observation
    assert env.step("inventory")[0] == env.render() == "You are not carrying anything."


def test_instructions_are_short_and_name_every_command():
    words = ALFWorldEnv.metadata["instructions"]
    assert len(words.split()) < 90
    verbs = (
        "go to",
        "open",
        "close",
        "examine",
        "take",
        "move",
        "use",
        "clean",
        "heat",
        "cool",
        "slice",
        "look",
        "inventory",
    )
    assert [verb for verb in verbs if verb not in words] == []


def test_tasks_are_a_sequence_of_tasks(data):
    tasks = make(split="valid_seen", data=data).unwrapped.tasks
    assert [isinstance(task, Task) for task in tasks] == [True, True]
    assert tasks[-1] == tasks[1]
    assert tasks[0] in tasks
    with pytest.raises(IndexError):
        tasks[2]


def test_registering_twice_changes_nothing():
    skill_gym.register_suite()
    assert set(SUITE) <= set(gym.registry)
    assert gym.spec(ENV_ID).max_episode_steps == 50
