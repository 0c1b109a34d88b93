"""The routing benchmark tells its own rules and the released ones apart."""

import json

import pytest

from skill_gym.benchmarks.routing import TEMPLATES, main, released_category


def test_restated_rules_get_the_eight_templates_right_that_the_release_gets():
    own = {
        "pick_and_place_simple": "pick_and_place",
        "look_at_obj_in_light": "look_at_obj_in_light",
        "pick_two_obj_and_place": "pick_two",
        "pick_clean_then_place_in_recep": "clean",
        "pick_heat_then_place_in_recep": "heat",
        "pick_cool_then_place_in_recep": "cool",
    }
    right = [number for number, (goal, kind) in enumerate(TEMPLATES) if released_category(goal) == own[kind]]
    assert right == [0, 1, 2, 3, 5, 6, 7, 10]
    assert released_category("find two mug and put them in shelf.") == "examine"


def test_without_games_only_the_templates_are_claimed(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    assert main(["--quick", "--json", str(tmp_path / "routing.json")]) == 0
    written = json.loads((tmp_path / "routing.json").read_text())
    assert written["figures"]["templates"] == 12
    assert written["figures"]["released_templates"] == 8
    assert written["figures"]["people"] is None
    assert "people's" not in written["claim"]
    assert "restated" in capsys.readouterr().out


def test_folder_without_games_is_a_usage_error(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--data", str(tmp_path)])
    assert caught.value.code == 2
    assert str(tmp_path) in capsys.readouterr().err
