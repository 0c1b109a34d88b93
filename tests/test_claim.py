"""Claims: a broken bound fails the command, what was not measured is not judged, the JSON is as promised."""

import json

import pytest

from skill_gym.benchmarks.alfworld_speed import main as alfworld_speed
from skill_gym.benchmarks.alfworld_walkthroughs import main as alfworld_walkthroughs
from skill_gym.benchmarks.claim import Bound, Claim, machine, shown, table


@pytest.mark.parametrize(
    ("figures", "code"),
    [({"speed": 10.0}, 0), ({"speed": 9.9}, 1), ({"speed": None}, 0), ({}, 0), ({"speed": 11, "size": 6}, 1)],
)
def test_the_exit_code_says_whether_every_bound_holds(figures, code, capsys):
    claim = Claim("fast and small", figures, (Bound("speed", ">=", 10), Bound("size", "<=", 5)))
    assert claim.finish() == code
    assert claim.holds == (code == 0)
    assert ("DOES NOT HOLD: fast" in capsys.readouterr().out) == (code == 1)


def test_the_json_has_claim_figures_and_machine(tmp_path, capsys):
    path = tmp_path / "claim.json"
    Claim("fast", {"speed": 12.5, "identical": True}, versions=("numpy", "no-such-package")).finish(str(path))
    written = json.loads(path.read_text())
    assert set(written) == {"claim", "figures", "machine"}
    assert (written["claim"], written["figures"]) == ("fast", {"speed": 12.5, "identical": True})
    assert written["machine"]["no-such-package"] == "not installed"
    assert "12.5" in capsys.readouterr().out


def test_the_machine_is_described_without_its_name():
    import platform

    described = machine()
    assert int(described["cores"]) >= 1
    assert platform.node() not in described.values()


def test_figures_have_three_digits():
    assert [shown(value) for value in (None, True, "x", 1234567, 12345.6, 12.345, 0.01234)] == [
        "-", "True", "x", "1,234,567", "12,346", "12.3", "0.0123",
    ]  # fmt: skip


def test_tables_align_numbers_to_the_right():
    assert table(["name", "value"], [["a", "5"], ["long", "12"]]).splitlines() == [
        "name  value",
        "----  -----",
        "a         5",
        "long     12",
    ]


def test_alfworld_speed_measures_without_data_and_original(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "speed.json"
    alfworld_speed(["--quick", "--no-original", "--json", str(path)])
    figures = json.loads(path.read_text())["figures"]
    assert 0 < figures["reset_again_us"] < figures["reset_us"]
    assert figures["step_us"] > 0
    assert 10 < figures["rss_mb_128"] <= figures["rss_peak_mb_128"] + 1 < 301
    assert "generated games" in capsys.readouterr().out


def test_alfworld_walkthroughs_count_every_game(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "walk.json"
    assert alfworld_walkthroughs(["--limit", "12", "--mid-game", "10", "--json", str(path)]) == 0
    figures = json.loads(path.read_text())["figures"]
    assert (figures["walkthrough_games"], figures["walkthrough_success"]) == (12, 1)
    assert figures["planner_mid_game_games"] == 10
    with pytest.raises(SystemExit):
        alfworld_walkthroughs(["--splits", "nowhere"])
    assert "unknown split 'nowhere'" in capsys.readouterr().err
