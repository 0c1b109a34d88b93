import json

from skill_gym.benchmarks import skill_value


def test_explorer_gains_by_its_own_worlds_habits_only(tmp_path, capsys):
    out = tmp_path / "out.json"
    call = ["--worlds", "6", "--games", "18", "--episodes", "0", "--json", str(out)]
    skill_value.main(call)
    figures = json.loads(out.read_text())["figures"]
    assert figures["games"] == 6 * 18
    assert figures["right_gain_low"] > 0
    assert figures["right_steps"] < figures["none_steps"]
    assert figures["other_gain"] < figures["right_gain"] / 2
    assert "over 6 runs" in capsys.readouterr().out


def test_habits_found_in_a_worlds_episodes_help_there_and_not_when_dealt_elsewhere(tmp_path):
    out = tmp_path / "out.json"
    call = ["--worlds", "4", "--games", "18", "--episodes", "60", "--json", str(out)]
    skill_value.main(call)
    figures = json.loads(out.read_text())["figures"]
    assert figures["found_gain"] > figures["shuffled_gain"]
    assert figures["found_steps"] < figures["none_steps"]
