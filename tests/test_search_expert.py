"""The benchmark of Search's players counts what they answer."""

import json
from pathlib import Path

import pytest

from skill_gym.benchmarks.search_expert import PLAYERS, main, play, spread
from skill_gym.search.env import SearchEnv
from skill_gym.search.generator import GeneratorConfig, generated_world


def test_the_players_differ_in_what_they_know(tmp_path: Path) -> None:
    written = tmp_path / "expert.json"
    main(["--limit", "60", "--levels", "1", "--json", str(written)])
    figures = json.loads(written.read_text())["figures"]
    assert figures["level_1_wrong"] == figures["all_kinds_wrong"] == 0
    assert figures["level_1_oracle"] == figures["all_kinds_oracle"] == 1
    assert figures["level_1_random"] < 0.1 < figures["level_1_one_shot"] < 0.75 < figures["level_1_seeker"]
    assert figures["level_1_one_shot_1"] > 0.9
    assert figures["level_1_one_shot_3"] < 0.5


def test_one_search_does_not_solve_a_chain() -> None:
    settings = {"kinds": ("chain",), "hops": (3,)}
    world = generated_world("generated_test", GeneratorConfig(kinds=("chain",), hops=(3,)), 30)
    env = SearchEnv("generated_test", size=30, generator=settings)
    episodes = [play(env, world, question, PLAYERS["one shot"]) for question in world.questions]
    assert {one.turns for one in episodes} == {2}
    assert sum(one.solved for one in episodes) <= 6
    assert spread(world.questions) == "3: 100.0%"


def test_a_limit_of_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--limit", "0"])
    assert "--limit must be at least 1, got 0" in capsys.readouterr().err
