import json
from dataclasses import replace

import pytest
from planted_meadow import Meadow

from skill_gym.benchmarks.planted_candidates import (
    INHERITED,
    Candidate,
    Truth,
    fits_label,
    judged,
    read_candidates,
    true_effect,
    write_candidates,
)
from skill_gym.skillbanks.skill import Skill

SUN = Skill("a", "Sun", "the sun is up", keywords=("sun",))


def truth(effect, later):
    return Truth(effect, later, 0.5, ())


def test_the_true_effect_is_exact_over_all_tasks_and_lucks():
    found = true_effect(Meadow(), SUN)
    assert len(found.by_task) == 12
    assert found.effect == found.later == pytest.approx(1 - found.without)
    assert 0.05 < found.without < 0.7


def test_a_stale_skill_is_worth_nothing_later():
    found = true_effect(Meadow(), replace(SUN, principle="the moon is up", keywords=("moon",)))
    assert found.effect > 0.3
    assert found.later == 0


def test_a_skill_that_is_never_shown_has_no_effect():
    assert true_effect(Meadow(), replace(SUN, keywords=("rain",))) == Truth(0.0, 0.0, 0.0, ())


@pytest.mark.parametrize(
    ("label", "effect", "later", "fits"),
    [
        ("helpful", 0.2, 0.2, True),
        ("helpful", 0.3, 0.0, False),
        ("helpful", 0.19, 0.3, False),
        ("stale", 0.2, 0.0, True),
        ("stale", 0.3, -0.4, True),
        ("stale", 0.3, 0.3, False),
        ("harmful", -0.1, 0.0, True),
        ("harmful", -0.05, -0.5, False),
        ("useless", 0.05, 0.0, True),
        ("useless", 0.15, 0.0, False),
        ("duplicate", 0.4, 0.4, True),
        ("malicious", 0.4, 0.4, True),
    ],
)
def test_labels_are_held_to_what_was_measured(label, effect, later, fits):
    assert fits_label(label, truth(effect, later), 0.2) is fits


def test_a_wrong_label_is_replaced_by_the_measured_one():
    candidate = Candidate(SUN, "helpful", "household")
    assert judged(candidate, truth(0.3, 0.3), 0.2) == "helpful"
    assert judged(candidate, truth(0.3, 0.0), 0.2) == "stale"
    assert judged(candidate, truth(-0.3, 0.0), 0.2) == "harmful"
    assert judged(candidate, truth(0.0, 0.0), 0.2) == "useless"
    assert judged(candidate, truth(0.1, 0.1), 0.2) is None
    assert judged(replace(candidate, label="malicious"), truth(0.0, 0.0), 0.2) == "malicious"


def test_candidates_come_back_from_their_file(tmp_path):
    path = tmp_path / "candidates.jsonl"
    candidates = [
        Candidate(SUN, "helpful", "household", 3),
        Candidate(replace(SUN, id="b", keywords=(), category="clean"), "duplicate", "household", None, "a"),
        Candidate(replace(SUN, id="c", title="Mønd \N{FULL MOON SYMBOL}"), "harmful", "household", INHERITED),
    ]
    write_candidates(path, candidates, seed=2)
    write_candidates(path, [Candidate(SUN, "useless", "library")], seed=2)
    assert read_candidates(path, "household", 2) == candidates
    assert read_candidates(path, "household", 3) == []
    assert [one.label for one in read_candidates(path, "library", 2)] == ["useless"]


def test_ids_are_made_unique(tmp_path):
    path = tmp_path / "candidates.jsonl"
    row = {"stage": "library", "label": "useless", "id": "x", "title": "t", "principle": "p"}
    path.write_text(f"{json.dumps(row)}\n\n{json.dumps(row)}\n")
    assert [one.skill.id for one in read_candidates(path, "library", 0)] == ["x", "x_2"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stage": "garden"}, "stage must be"),
        ({"label": "nice"}, "label must be"),
        ({"title": ""}, "title must be"),
        ({"principle": 3}, "principle must be"),
        ({"keywords": "sun"}, "keywords must be"),
        ({"arrives": -2}, "arrives must be"),
        ({"arrives": "soon"}, "arrives must be"),
    ],
)
def test_bad_rows_are_named(tmp_path, change, message):
    row = {"stage": "library", "label": "useless", "title": "t", "principle": "p"}
    path = tmp_path / "candidates.jsonl"
    path.write_text(f"{json.dumps(row)}\n{json.dumps({**row, **change})}\n")
    with pytest.raises(ValueError, match=f"line 2: {message}"):
        read_candidates(path, "library", 0)


@pytest.mark.parametrize("line", ["no json", "[1, 2]"])
def test_lines_that_are_no_rows_are_named(tmp_path, line):
    path = tmp_path / "candidates.jsonl"
    path.write_text(line)
    with pytest.raises(ValueError, match="line 1: expected a JSON object"):
        read_candidates(path, "library", 0)
