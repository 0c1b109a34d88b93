"""WebShop as a Gymnasium environment: the contract, tasks, splits, copies, errors."""

import copy
import json
import pickle
import subprocess
import sys

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from small_shop import ATTRIBUTES, HUMAN, RECORDS, record, write_files

from skill_gym.trajectory import Task
from skill_gym.webshop.catalogue import build_catalogue
from skill_gym.webshop.env import MAX_STEPS, WebShopEnv
from skill_gym.webshop.experts import EXPERTS
from skill_gym.webshop.product import ShopError
from skill_gym.webshop.task_types import TASK_TYPES

ENV_ID = "skill_gym/WebShop-v0"
SMALL = {"generator": {"products": 60, "goals": 30}, "size": 20}


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("WEBSHOP_DATA", raising=False)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> str:
    return str(write_files(tmp_path_factory.mktemp("shop")))


def make(**kwargs: object) -> gym.Env[str, str]:
    return gym.make(ENV_ID, **kwargs)


def shirt(env: gym.Env[str, str]) -> Task:
    """The goal of the black shirt in size x-large."""
    return next(task for task in env.unwrapped.tasks if "color: black, and size: x-large" in task.goal)


BUYING = (
    "search[tarn cotton shirt]",
    "click[b000shirt1]",
    "click[black]",
    "click[x-large]",
    "click[buy now]",
)


def test_gymnasium_finds_nothing_to_complain_about(data, recwarn):
    check_env(make(**SMALL).unwrapped)
    check_env(make(split="all", data=data).unwrapped)
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize("split", ["generated", "generated_validation", "generated_test"])
def test_generated_splits_need_no_data(split):
    env = make(split=split, **SMALL)
    observation, info = env.reset(seed=0)
    assert observation == f"WebShop [SEP] Instruction: [SEP] {info['goal']} [SEP] Search"
    assert len(env.unwrapped.tasks) == 20
    assert env.unwrapped.task.split == split


def test_the_generated_splits_share_no_task():
    splits = ("generated", "generated_validation", "generated_test")
    keys = [task.key for split in splits for task in make(split=split, **SMALL).unwrapped.tasks]
    assert len(set(keys)) == 60


def test_info_has_the_contract_and_the_url(data):
    env = make(split="all", data=data, session_prefix="p_")
    _, info = env.reset(seed=1)
    wanted = {"task", "task_key", "task_type", "goal", "admissible_commands", "won", "url"}
    assert set(info) == wanted
    assert info["admissible_commands"] == ("search[<your query>]", "click[search]")
    assert info["url"] == f"http://127.0.0.1:3000/p_{info['task']}"
    assert (info["task_type"] in TASK_TYPES, info["won"]) == (True, False)
    after = env.step("search[mug]")[4]
    assert set(after) == wanted
    assert after["admissible_commands"][:2] == ("click[back to search]", "click[next >]")


def test_buying_what_was_asked_for_wins(data):
    env = make(split="all", data=data)
    task = shirt(env)
    env.reset(options={"task": task.id})
    results = [env.step(command) for command in BUYING]
    assert [result[1:4] for result in results] == [(0.0, False, False)] * 4 + [(1.0, True, False)]
    info = results[-1][4]
    assert info["won"]
    assert info["purchased"] == {"asin": "B000SHIRT1", "options": {"color": "black", "size": "x-large"}}
    assert info["reward_info"]["r_option"] == 1.0
    assert info["admissible_commands"] == ()
    with pytest.raises(RuntimeError, match="call reset"):
        env.step("search[mug]")


def test_buying_something_else_ends_without_winning(data):
    env = make(split="all", data=data)
    env.reset(options={"task": shirt(env).id})
    for command in BUYING[:3]:
        env.step(command)
    _, reward, terminated, _, info = env.step("click[buy now]")
    assert (reward, terminated, info["won"]) == (4 / 5, True, False)
    assert info["reward_info"]["r_option"] == 0.5


def test_rich_text_shows_what_was_chosen(data):
    env = make(split="all", data=data, observation="text_rich")
    assert "[button] Search [button_]" in env.reset(options={"task": shirt(env).id})[0]
    shown = [env.step(command)[0] for command in BUYING[:4]]
    assert shown[-1].startswith("You have clicked x-large.\nYou have clicked black.\n")


def test_fifteen_steps_truncate(data):
    env = make(split="all", data=data)
    env.reset(seed=0)
    ends = [env.step("nonsense")[2:4] for _ in range(MAX_STEPS)]
    assert ends == [(False, False)] * (MAX_STEPS - 1) + [(False, True)]


def test_seeds_draw_the_same_goal_every_time():
    first, second = make(**SMALL), make(**SMALL)
    for seed in (0, 7):
        assert first.reset(seed=seed) == second.reset(seed=seed)
    assert len({first.reset(seed=seed)[1]["task"] for seed in range(20)}) > 8


def test_every_task_of_the_list_can_be_played(data):
    env = make(split="all", data=data)
    assert [task.id for task in env.unwrapped.tasks] == [str(number) for number in range(13)]
    for task in env.unwrapped.tasks:
        _, info = env.reset(options={"task": task.id})
        found = info["task"], info["task_key"], info["task_type"], info["goal"]
        assert found == (task.id, task.key, task.task_type, task.goal)
    assert env.unwrapped.tasks[-1] == env.unwrapped.tasks[12:13][0]
    with pytest.raises(IndexError):
        env.unwrapped.tasks[13]


def test_task_types_are_filtered(data):
    env = make(split="all", data=data, task_types=["apparel"])
    assert [task.task_type for task in env.unwrapped.tasks] == ["apparel"] * 6
    other = next(task for task in make(split="all", data=data).unwrapped.tasks if "rug" in task.goal)
    with pytest.raises(ValueError, match=f"no task '{other.id}' in split 'all'"):
        env.reset(options={"task": other.id})


def test_human_goals_are_numbered_apart(data):
    env = make(split="all", data=data, goals="human")
    assert len(env.unwrapped.tasks) == 1
    task = env.unwrapped.tasks[0]
    assert task.goal.startswith(HUMAN["B000SHIRT1"][0]["instruction"].strip("."))
    assert task.key != make(split="all", data=data).unwrapped.tasks[0].key
    env.reset(seed=0)
    rewards = [env.step(command)[1] for command in (*BUYING[:3], BUYING[4])]
    assert rewards[-1] == 1.0


@pytest.mark.parametrize("task_id", ["13", "-1", "01", "1.0", "", "٣", "no-such-task", "9" * 5000, 3, None])
def test_unknown_tasks_name_near_ones(task_id, data):
    env = make(split="all", data=data)
    with pytest.raises(ValueError, match=r"no task .* in split 'all'; ids are goal .* near ones are 1?\d, "):
        env.reset(options={"task": task_id})


def test_the_folder_may_come_from_the_environment(data, monkeypatch):
    monkeypatch.setenv("WEBSHOP_DATA", data)
    assert len(make(split="all").unwrapped.tasks) == 13


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"split": "valid"}, "unknown split 'valid'; there are generated, .*train, validation, test, all"),
        ({"split": "train"}, "WEBSHOP_DATA is not set"),
        ({"split": "train", "data": "/no/such/folder"}, "there is no folder /no/such/folder"),
        ({"split": "train", "generator": {}}, "is not generated; leave generator= out"),
        ({"data": "/tmp"}, "reads no data"),
        ({"partition": "random"}, "partition must be one of official, product_disjoint, got 'random'"),
        ({"observation": "html"}, "observation must be one of text, text_rich"),
        ({"goals": "poem"}, "goals must be one of synthetic, human"),
        ({"expert": "planner"}, "expert must be None or one of shopper, oracle, got 'planner'"),
        ({"generator": {"colour": 1}}, "generator must be .*goals_per_product.*got {'colour': 1}"),
        ({**SMALL, "task_types": ["toys"]}, "unknown task type 'toys'; there are apparel"),
        ({**SMALL, "task_types": []}, "task_types is empty"),
        ({"generator": 5}, "generator must be a dict of settings .*products, goals.*got 5"),
        ({"size": 0}, "size must be an integer, at least 1, got 0"),
        ({"size": 2.5}, "size must be an integer, at least 1, got 2.5"),
        ({"size": "10"}, "size must be an integer, at least 1, got '10'"),
        ({"size": True}, "size must be an integer"),
        ({"session_prefix": None}, "session_prefix must be a str, .*got None"),
        ({**SMALL, "task_types": 5}, "task_types must be None or a list of apparel, .*got 5"),
        ({"split": "all", "data": ""}, "data must be the path of a folder, or None for WEBSHOP_DATA, got ''"),
        ({"split": "all", "data": 5}, "data must be the path of a folder"),
        (
            {**SMALL, "size": 31},
            "size must be at most 30, the number of synthetic goals .* got 31; .*'goals'",
        ),
        ({"render_mode": "human"}, "render_mode"),
    ],
)
def test_bad_arguments_are_refused_in_words(kwargs, words):
    with pytest.raises(ValueError, match=words):
        WebShopEnv(**kwargs)


def test_a_relative_folder_stays_the_same_after_the_working_folder_changes(tmp_path, monkeypatch):
    built = build_catalogue(RECORDS, ATTRIBUTES, tmp_path / "shop", tagger="words")
    monkeypatch.chdir(tmp_path)
    env = make(split="all", data="shop")
    monkeypatch.chdir("/")
    task = shirt(env)
    twin = pickle.loads(pickle.dumps(env.unwrapped))
    for one in (env, twin):
        one.reset(options={"task": task.id})
        for command in BUYING:
            *_, info = one.step(command)
        assert info["won"]
    assert twin.catalogue.folder == built.folder


@pytest.mark.parametrize("value", ["a[b]c", "a\nb", "", "search", "< Prev", "Buy Now", "Description"])
def test_experts_buy_although_an_option_cannot_be_chosen(tmp_path, value):
    one = record("B00000ODD1", "Tarn odd shirt", customization_options={"cut": [{"value": value}]})
    entry = {"attributes": ["odd"], "instruction": "find me odd shirts", "instruction_attributes": ["odd"]}
    build_catalogue([one], {"B00000ODD1": entry}, tmp_path / "shop", tagger="words")
    for expert in EXPERTS:
        env = make(split="all", data=tmp_path / "shop", expert=expert)
        _, info = env.reset(seed=0)
        over = False
        while not over:
            _, reward, bought, cut, info = env.step(info["expert_command"])
            over = bought or cut
        assert bought, expert
        assert reward > 0.5, expert


def test_a_type_without_tasks_is_refused(data):
    with pytest.raises(ValueError, match="there is no task of type footwear"):
        make(split="all", data=data, task_types=["footwear"])


def test_an_empty_split_is_refused(data):
    with pytest.raises(ShopError, match="leaves none for"):
        make(split="validation", data=data, partition="official", goals="human")


@pytest.mark.parametrize("expert", EXPERTS)
@pytest.mark.parametrize("observation", ["text", "text_rich"])
def test_experts_tell_a_command_that_can_be_played_until_the_purchase(expert, observation):
    env = make(**SMALL, expert=expert, observation=observation)
    rewards = []
    for task in env.unwrapped.tasks[:8]:
        _, info = env.reset(options={"task": task.id})
        terminated = truncated = False
        while not (terminated or truncated):
            command = info["expert_command"]
            assert command in info["admissible_commands"] or command.startswith("search[")
            _, reward, terminated, truncated, info = env.step(command)
        assert terminated
        assert info["expert_command"] is None
        rewards.append(reward)
    if expert == "oracle":
        assert rewards == [1.0] * 8
    assert max(rewards) > 0


def test_the_shopper_expert_plays_as_the_player_does():
    env = make(**SMALL, expert="shopper")
    observation, info = env.reset(seed=1)
    player = WebShopEnv.player(observation)
    for _ in range(4):
        command = player.command(info["admissible_commands"])
        assert command == info["expert_command"]
        observation, _, over, _, info = env.step(command)
        player.observe(command, observation)
        if over:
            break


@pytest.mark.parametrize("expert", [None, *EXPERTS])
@pytest.mark.parametrize("twin", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
@pytest.mark.parametrize("split", ["generated", "all"])
def test_copies_made_in_the_middle_go_on_alike(expert, twin, split, data):
    where = SMALL if split == "generated" else {"split": split, "data": data}
    env = make(**where, expert=expert)
    env.reset(seed=5)
    results = env.step("search[cotton mug]")[4]["admissible_commands"]
    env.step(results[2])
    other = twin(env)
    assert other.unwrapped.tasks[3] == env.unwrapped.tasks[3]
    for command in ("click[features]", "click[< prev]", "", "click[buy now]"):
        assert env.step(command) == other.step(command)
    assert env.reset() == other.reset()


def test_pickles_are_small(data):
    env = make(split="all", data=data)
    env.reset(seed=0)
    env.step("search[mug]")
    assert len(pickle.dumps(env)) < 20_000


def test_environments_of_a_process_share_the_shop(data):
    one, other = (make(split="all", data=data, task_types=["apparel"]).unwrapped for _ in "12")
    assert one.catalogue is other.catalogue
    assert one.tasks.indices is other.tasks.indices
    assert pickle.loads(pickle.dumps(one)).catalogue is one.catalogue


def test_environments_are_rebuilt_from_their_spec(data):
    env = make(split="all", data=data, observation="text_rich", task_types=["apparel"], session_prefix="x")
    again = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert env.reset(seed=1) == again.reset(seed=1)
    assert env.step("search[mug]") == again.step("search[mug]")


@pytest.mark.parametrize(
    ("mode", "vector_kwargs"), [("sync", {}), ("async", {"shared_memory": False, "context": "fork"})]
)
def test_vector_environments_play(mode, vector_kwargs, data):
    kwargs = {"split": "all", "data": data}
    envs = gym.make_vec(ENV_ID, 2, vectorization_mode=mode, vector_kwargs=vector_kwargs, **kwargs)
    try:
        observations, infos = envs.reset(seed=3)
        single = make(**kwargs)
        assert observations == (single.reset(seed=3)[0], single.reset(seed=4)[0])
        assert len(infos["admissible_commands"]) == 2
        for command in BUYING[:-1]:
            envs.step((command, ""))
        _, rewards, terminated, _, infos = envs.step((BUYING[-1], ""))
        assert rewards[0] > 0
        assert list(terminated) == [True, False]
        assert infos["purchased"]["asin"][0] == "B000SHIRT1"
    finally:
        envs.close()


def test_two_processes_build_and_see_the_same(tmp_path):
    data = str(write_files(tmp_path))
    code = (
        "import gymnasium as gym, json, skill_gym; "
        f"env = gym.make({ENV_ID!r}, split='all', data={data!r}); "
        "seen = [env.reset(seed=2), env.step('search[oval rug]')]; print(json.dumps(seen))"
    )
    players = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in "12"]
    told = [json.loads(player.communicate()[0]) for player in players]
    env = make(split="all", data=data)
    seen = json.loads(json.dumps([env.reset(seed=2), env.step("search[oval rug]")]))
    assert told == [seen, seen]


def test_nothing_can_be_asked_before_the_first_reset(data):
    env = make(split="all", data=data).unwrapped
    for ask in (lambda: env.session, lambda: env.won, env.admissible_commands, lambda: env.step("x")):
        with pytest.raises(RuntimeError, match="reset"):
            ask()


def test_instructions_are_short_and_name_every_command():
    words = WebShopEnv.metadata["instructions"]
    assert len(words.split()) < 110
    for name in ("search[", "click[", "Buy Now", "Back to Search", "Next >", "Features", "option"):
        assert name in words


def test_the_step_limit_is_registered():
    assert gym.spec(ENV_ID).max_episode_steps == MAX_STEPS == 15
