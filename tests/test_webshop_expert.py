"""The benchmark of the shop's players counts what they buy."""

import json
from pathlib import Path

import pytest
from small_shop import write_files

from skill_gym.benchmarks.webshop_expert import PLAYERS, main, one_a_product, play, spread
from skill_gym.webshop.catalogue import open_catalogue


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEBSHOP_DATA", raising=False)


def test_indices_are_spread_evenly_and_never_repeat(tmp_path: Path) -> None:
    assert spread(10, 4) == [0, 2, 5, 7]
    assert spread(10, None, 7) == [7, 8, 9]
    assert spread(3, 9) == [0, 1, 2]
    goals = open_catalogue(write_files(tmp_path / "shop")).goals("synthetic")
    products = {goals[index].asin for index in one_a_product(goals, None)}
    assert len(products) == len(one_a_product(goals, None)) == len({goal.asin for goal in goals})


def test_players_differ_in_what_they_know(tmp_path: Path) -> None:
    catalogue = open_catalogue(write_files(tmp_path / "shop"))
    goal = next(goal for goal in catalogue.goals("synthetic") if goal.asin == "B000SHIRT1")
    blind, reader, knower = (play(catalogue, goal, make) for make in PLAYERS.values())
    assert knower.wanted
    assert knower.score >= reader.score >= blind.score
    assert knower.score > blind.score
    assert knower.steps >= 3


def test_without_data_the_generated_shop_is_measured(no_data: None, tmp_path: Path) -> None:
    written = tmp_path / "expert.json"
    assert main(["--quick", "--limit", "20", "--json", str(written)]) == 0
    figures = json.loads(written.read_text())["figures"]
    assert figures["generated_oracle_success"] == figures["generated_people_oracle_success"] == 1
    assert figures["generated_shopper_success"] > figures["generated_first_hit_success"]
    assert "test_goals_shopper_success" not in figures


def test_the_players_still_do_well_on_real_goals(no_data: None, shared_data: Path, tmp_path: Path) -> None:
    written = tmp_path / "expert.json"
    data = str(shared_data / "webshop")
    main(["--data", data, "--limit", "60", "--json", str(written)])
    figures = json.loads(written.read_text())["figures"]
    assert figures["test_goals_shopper_score"] > 0.93
    assert figures["test_goals_oracle_success"] >= 0.9


def test_a_limit_of_nothing_is_refused(no_data: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--limit", "0"])
    assert "--limit must be at least 1, got 0" in capsys.readouterr().err
