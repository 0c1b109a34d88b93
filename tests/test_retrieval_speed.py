"""The measurement of retrieval by embeddings compares the same goals, and tells when the results differ."""

import json
from types import SimpleNamespace

import pytest
from word_vectors import WordVectors

from skill_gym.benchmarks import retrieval_speed
from skill_gym.benchmarks.many_skills import big_bank, many_goals, many_skills, vectors_like
from skill_gym.benchmarks.released_retrieval import ReleasedRetrieval
from skill_gym.skillbanks.bank_vectors import text_of


class Model(WordVectors):
    """Words' vectors, as the measurement asks for them."""

    def __init__(self, *_, **__):
        super().__init__(64)

    @property
    def model(self):
        return self


@pytest.fixture
def fast(monkeypatch):
    """Small sizes, and a model that takes no time."""
    pytest.importorskip("torch")
    monkeypatch.setattr(retrieval_speed, "Embedder", Model)
    monkeypatch.setattr(retrieval_speed, "SIZES", {60: "60", 10_000: "10k"})
    monkeypatch.setattr(retrieval_speed, "TASKS", 16)


def sides(tmp_path, count=80):
    bank, encoder = big_bank(count), Model()
    vectors = vectors_like(encoder([text_of(skill) for skill in many_skills(40)]), count)
    theirs = ReleasedRetrieval(bank, encoder, tmp_path / "bank.json", vectors=vectors)
    return retrieval_speed._ours(bank, encoder, vectors), theirs, encoder


def test_given_vectors_are_not_embedded_again(tmp_path):
    ours, _, _ = sides(tmp_path)
    assert ours.cache.encoded == 0


def test_every_round_asks_both_sides_for_the_same_new_goals(tmp_path, monkeypatch):
    monkeypatch.setattr(retrieval_speed, "TASKS", 8)
    ours, theirs, _ = sides(tmp_path)
    asked, find = [], theirs.ids
    theirs.ids = lambda goal: asked.append(goal) or find(goal)
    timing = retrieval_speed._compare(ours, theirs, 3)
    assert timing.identical
    goals = many_goals(32)
    assert asked[1:] == goals[8:], "after one to warm up, 24 goals, each once"
    assert ours.cache.encoded >= 8 + 24, "cold goals were not known"


def test_other_results_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(retrieval_speed, "TASKS", 8)
    ours, theirs, _ = sides(tmp_path)
    find, last = theirs.ids, many_goals(16)[-1]
    theirs.ids = lambda goal: find(goal)[::-1] if goal == last else find(goal)
    assert not retrieval_speed._compare(ours, theirs, 1).identical


def test_adding_embeds_the_new_skills_alone(tmp_path):
    ours, theirs, encoder = sides(tmp_path)
    encoder.texts = 0
    whole = []
    encode = encoder.encode
    encoder.encode = lambda texts, **options: whole.append(len(texts)) or encode(texts, **options)
    _, _, scaled = retrieval_speed._adding(ours, theirs, encoder, quick=False)
    assert not scaled
    assert encoder.texts == 100, "ours"
    assert whole == [100, 180], "the released side embeds its whole bank again"


def test_when_quick_the_released_side_is_scaled_up(tmp_path, monkeypatch):
    ours, theirs, encoder = sides(tmp_path)
    monkeypatch.setattr(theirs, "add", lambda skills: pytest.fail("takes minutes"))
    monkeypatch.setattr(retrieval_speed, "_timed", lambda work, *given: (2.0, work(*given)))
    mine, released, scaled = retrieval_speed._adding(ours, theirs, encoder, quick=True)
    assert (mine, scaled) == (2.0, True)
    assert released == pytest.approx(2 * (80 + 100) / 1000)


def test_the_claim_names_its_figures_and_says_what_was_run(fast, tmp_path, capsys):
    retrieval_speed.main(["--quick", "--rounds", "1", "--json", str(tmp_path / "out.json")])
    figures = json.loads((tmp_path / "out.json").read_text())["figures"]
    assert {"cold_ratio_10k", "warm_ratio_10k", "add_ratio_10k", "cold_half_ratio_10k"} < {*figures}
    assert figures["identical"] is True
    assert figures["released_code"] == "restated"
    assert figures["half_overlap"] == 1, "one model, so one result"
    out = capsys.readouterr().out
    assert "pass --released CHECKOUT to run it" in out
    assert "10,000 *" in out


def test_results_that_differ_break_the_claim(fast, tmp_path, monkeypatch):
    real = ReleasedRetrieval.ids
    monkeypatch.setattr(ReleasedRetrieval, "ids", lambda self, goal: real(self, goal)[::-1])
    assert retrieval_speed.main(["--quick", "--json", str(tmp_path / "out.json")]) == 1
    assert json.loads((tmp_path / "out.json").read_text())["figures"]["identical"] is False


def test_one_thread_is_measured_by_the_processors_time(monkeypatch):
    torch = pytest.importorskip("torch")
    clock = SimpleNamespace(process_time=iter([1.0, 3.0]).__next__, perf_counter=iter([1.0, 8.0]).__next__)
    monkeypatch.setattr(retrieval_speed, "time", clock)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert retrieval_speed._timed(str, 5) == (2.0, "5")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert retrieval_speed._timed(str, 5) == (7.0, "5")
