"""Recordings of the original shop, reproduced action for action; skipped where they are not there."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skill_gym.webshop.env import WebShopEnv

EPISODES, ACTIONS, PURCHASES = 200, 3108, 131


@pytest.fixture(scope="module")
def data(shared_data, tmp_path_factory) -> Iterator[Path]:
    folder: Path = shared_data / "webshop"
    if not (folder / "traces_200.jsonl.gz").is_file():
        pytest.skip(f"no recordings in {folder}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield folder


def episodes(folder: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(folder / "traces_200.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def test_recorded_episodes_are_reproduced_action_for_action(data):
    """The bare environment; the recording goes on after a purchase, so its session does."""
    count = actions = purchases = 0
    for episode in episodes(data):
        task = str(episode["goal_idx"])
        prefix = episode["session"].removesuffix(task)
        env = WebShopEnv("all", data=data, session_prefix=prefix)
        rich = WebShopEnv("all", data=data, session_prefix=prefix, observation="text_rich")
        text, info = env.reset(options={"task": task})
        text_rich, _ = rich.reset(options={"task": task})
        assert info["goal"] == episode["goal"]["instruction_text"]
        over = False
        for number, step in enumerate(episode["steps"]):
            reward, done = 0.0, False
            if number and not over:
                text, reward, done, _, info = env.step(step["action"])
                text_rich, rich_reward, *_ = rich.step(step["action"])
                assert rich_reward == reward
                url, commands = info["url"], info["admissible_commands"]
                if done:
                    assert info["reward_info"] == step["reward_info"]
                    assert info["won"] == (step["reward"] == 1.0)
                    purchases += 1
                over = done
            elif number:
                # After the purchase the original goes on; the environment's session does the same.
                reward, done = env.session.do(step["action"])
                text, text_rich, url = env.session.text, env.session.text_rich, env.session.url
                commands = env.admissible_commands()
            else:
                url, commands = info["url"], info["admissible_commands"]
            bar = ("search[<your query>]",) if step["has_search_bar"] else ()
            wanted = (*bar, *(f"click[{label}]" for label in step["clickables"]))
            found = (text, text_rich, url, commands, done)
            assert found == (step["text"], step["text_rich"], step["url"], wanted, step["done"]), (
                f"{episode['session']}, step {number}: {step['action']!r}"
            )
            assert reward == pytest.approx(step["reward"], abs=1e-9)
            actions += number > 0
        count += 1
    assert (count, actions, purchases) == (EPISODES, ACTIONS, PURCHASES)
