import json

import pytest

from skill_gym.benchmarks.phases import Phases, claim_folder


def do(phases, name, value):
    calls = []

    def work():
        calls.append(name)
        return value

    return phases.do(name, work, save=json.dumps, load=json.loads), calls


def test_a_phase_is_done_once_and_its_time_is_kept(tmp_path):
    first, calls = do(Phases(tmp_path), "play", [1, 2])
    assert calls == ["play"]
    again = Phases(tmp_path)
    assert do(again, "play", [3]) == (first, [])
    assert again.done("play")
    assert list(again.seconds) == ["play"]


def test_a_phase_that_fails_leaves_nothing(tmp_path):
    def work():
        raise RuntimeError("cut off")

    with pytest.raises(RuntimeError, match="cut off"):
        Phases(tmp_path).do("play", work, save=json.dumps, load=json.loads)
    assert not Phases(tmp_path).done("play")
    assert do(Phases(tmp_path), "play", 1) == (1, ["play"])


def test_a_folder_belongs_to_one_experiment(tmp_path):
    folder = tmp_path / "run"
    assert not claim_folder(folder, {"seed": 0})
    (folder / "result.json").touch()
    assert claim_folder(folder, {"seed": 0})
    with pytest.raises(FileExistsError, match="another seed; pass --fresh"):
        claim_folder(folder, {"seed": 1})
    assert (folder / "result.json").exists()
    assert not claim_folder(folder, {"seed": 1}, fresh=True)
    assert not (folder / "result.json").exists()


def test_what_is_no_experiment_is_never_removed(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(FileExistsError, match="something else"):
        claim_folder(tmp_path, {}, fresh=True)
    assert (tmp_path / "thesis.tex").exists()
