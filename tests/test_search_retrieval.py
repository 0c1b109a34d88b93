"""The retrieval claim measures what it says."""

import json

import pytest
from small_corpus import PASSAGES

from skill_gym.benchmarks.search_retrieval import Asked, latencies, main, own_search, recalls
from skill_gym.search.lucene_index import memory_index

ASKED = [
    Asked("hotpot", "mayor of Tarnovale", frozenset({"p3"})),
    Asked("hotpot", "lanterns", frozenset({"q1", "p1"})),
    Asked("made", "nothing known", frozenset({"p5"})),
]


def test_recall_is_the_mean_share_of_gold_passages():
    figures = recalls(own_search(memory_index(PASSAGES)), ASKED)
    assert figures["hotpot_recall_3"] == 0.75
    assert (figures["hotpot_recall_3_tuned"], figures["hotpot_recall_3_held"]) == (1, 0.5)
    assert figures["made_recall_10"] == 0
    assert "made_recall_10_held" not in figures, "nothing was chosen on generated questions"


def test_latencies_are_of_every_question():
    calls = []

    def search(queries, k):
        calls.append(len(queries))
        return [[] for _ in queries]

    assert set(latencies(search, ASKED)) == {"p50_ms", "p99_ms", "batch_ms"}
    assert calls == [1, 1, 1, 1, 3]


def test_the_claim_holds_on_a_generated_world(tmp_path, capsys):
    pytest.importorskip("tantivy")
    pytest.importorskip("bm25s")
    path = tmp_path / "retrieval.json"
    assert main(["--quick", "--model", "-", "--json", str(path)]) in (0, 1)
    figures = json.loads(path.read_text())["figures"]
    assert 0 < figures["generated_recall_3"] <= figures["generated_recall_10"] <= 1
    assert 0 < figures["bm25s_generated_recall_3"] <= 1
    assert "bm25s, stemmed" in capsys.readouterr().out


@pytest.mark.slow
def test_recall_on_the_real_questions_is_at_least_bm25ss(shared_data, tmp_path):
    pytest.importorskip("tantivy")
    pytest.importorskip("bm25s")
    folder = shared_data / "search"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    path = tmp_path / "retrieval.json"
    main(["--data", str(folder), "--model", "-", "--json", str(path)])
    figures = json.loads(path.read_text())["figures"]
    assert (figures["passages"], figures["questions"]) == (5111, 400)
    for source, low in (("hotpot", (0.70, 0.92)), ("musique", (0.44, 0.58))):
        for depth, least in zip((3, 10), low, strict=True):
            name = f"{source}_recall_{depth}"
            assert figures[name] >= max(least, figures[f"bm25s_{name}"])
