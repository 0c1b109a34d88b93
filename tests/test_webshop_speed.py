"""The speed claim: what it plays, and that a difference to a recording is noticed."""

import gzip
import json
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from small_shop import write_files

from skill_gym.benchmarks.webshop_speed import RECORDING, drawn_episodes, main, play, recorded_episodes
from skill_gym.webshop.tasks import ENV_ID

COMMANDS = ("search[tarn cotton shirt]", "click[b000shirt1]", "foo", "click[buy now]", "search[mug]")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def record(folder: Path, change: dict[str, Any]) -> dict[str, Any]:
    """Writes a recording of one episode, its third step changed; gives what ``gym.make`` wants."""
    make = {"split": "all", "data": str(write_files(folder))}
    session = gym.make(ENV_ID, session_prefix="p0_", **make).unwrapped
    session.reset(options={"task": "5"})
    steps = []
    for command in (None, *COMMANDS):
        reward, done = session.session.do(command) if command else (0, False)
        step = {"action": command, "reward": reward, "done": done, "text": session.session.text}
        step |= {"url": session.session.url, "clickables": list(session.session.clickables)}
        steps.append({**step, "has_search_bar": session.session.has_search_bar})
    steps[3] |= change
    row = {"goal_idx": 5, "session": "p0_5", "steps": steps}
    with gzip.open(folder / RECORDING, "wt", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    return make


@pytest.mark.parametrize(
    ("change", "different"),
    [({}, 0), ({"reward": 1e-6}, 1), ({"url": "x"}, 1), ({"text": "x"}, 1), ({"clickables": []}, 1)],
)
def test_a_recording_is_replayed_and_compared(tmp_path, change, different):
    make = record(tmp_path, change)
    result = play(make, recorded_episodes(tmp_path))
    assert result.different == different
    assert {kind: len(times) for kind, times in result.actions.items()} == {
        "reset": 1,
        "search": 2,
        "product": 1,
        "nothing": 1,
        "buy now": 1,
    }


def test_a_difference_breaks_the_claim(tmp_path, capsys):
    record(tmp_path / "shop", {"text": "x"})
    path = tmp_path / "claim.json"
    assert main(["--quick", "--data", str(tmp_path / "shop"), "--json", str(path)]) == 1
    figures = json.loads(path.read_text(encoding="utf-8"))["figures"]
    assert set(figures) >= {"actions_per_s", "rss_first_mb", "rss_next_mb", "identical"}
    assert 0 < figures["first_round_actions_per_s"] <= figures["actions_per_s"]
    assert figures["identical"] is False
    assert "1 recorded episodes of the original, 5 actions" in capsys.readouterr().out


def test_without_recordings_random_play_is_timed(tmp_path):
    make = {"split": "all", "data": str(write_files(tmp_path))}
    episodes = drawn_episodes(gym.make(ENV_ID, **make), 12)
    assert episodes == drawn_episodes(gym.make(ENV_ID, **make), 12)
    result = play(make, episodes)
    assert len(result.episodes) == 12
    assert sum(map(len, result.actions.values())) == 12 + sum(len(one.commands) for one in episodes)
    assert {"search", "product", "back to search"} <= set(result.actions)
    assert recorded_episodes(tmp_path) == []
