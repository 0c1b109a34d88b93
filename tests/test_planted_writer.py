import ast
from collections import Counter
from pathlib import Path

import pytest
from planted_meadow import Meadow

from skill_gym.benchmarks import planted_lessons, planted_malice
from skill_gym.benchmarks.planted_candidates import INHERITED, fits_label
from skill_gym.benchmarks.planted_household import Household
from skill_gym.benchmarks.planted_library import Library
from skill_gym.benchmarks.planted_writer import plant

SIZE = {"first": 6, "arrivals": 10, "inherited": 2, "min_effect": 0.2, "seed": 7}


@pytest.fixture(scope="module", params=["household", "library"])
def stage(request):
    return Household(7, games=3) if request.param == "household" else Library(7, questions=200)


@pytest.fixture(scope="module")
def planted(stage):
    return plant(stage, 30, **SIZE)


def test_every_label_is_planted(planted):
    proposed = [one for one in planted.candidates if one.arrives != INHERITED]
    counts = Counter(one.label for one in proposed)
    assert len(proposed) == 30
    assert set(counts) == {"helpful", "stale", "useless", "harmful", "duplicate", "malicious"}
    assert [one.label for one in planted.candidates if one.arrives == INHERITED] == ["harmful"] * 2


def test_everyone_does_what_its_label_says(planted):
    for one in planted.candidates:
        assert fits_label(one.label, planted.truths[one.skill.id], 0.2), one


def test_a_duplicate_comes_after_its_origin(planted):
    arrives = {one.skill.id: one.arrives for one in planted.candidates}
    copies = [one for one in planted.candidates if one.label == "duplicate"]
    assert copies
    for one in copies:
        assert arrives[one.origin] < one.arrives
        assert planted.truths[one.skill.id].effect == pytest.approx(
            planted.truths[one.origin].effect, abs=0.5
        )


def test_arrivals_keep_to_their_cycles(planted):
    cycles = [one.arrives for one in planted.candidates]
    assert cycles == sorted(cycles)
    assert set(cycles) <= {INHERITED, *range(6, 16)}


def test_some_malicious_ones_carry_what_helps(planted):
    bad = [one for one in planted.candidates if one.label == "malicious"]
    assert any(planted.truths[one.skill.id].effect >= 0.2 for one in bad)


def test_equal_seeds_write_equal_candidates(stage, planted):
    assert plant(stage, 30, **SIZE).candidates == planted.candidates


def test_other_stages_are_refused():
    with pytest.raises(TypeError, match="Household or a Library"):
        plant(Meadow(), 10, **SIZE)


@pytest.mark.parametrize("module", [planted_lessons, planted_malice])
def test_players_and_attackers_share_nothing_with_the_lint(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any("skillbanks" in str(name) for name in imported)
    rooms = Path(module.__file__).parent.parent / "skillbanks"
    for path in rooms.glob("*.py"):
        assert "planted" not in path.read_text(encoding="utf-8"), path
