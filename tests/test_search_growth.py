"""The growth claim measures what it says, on corpora small enough for a test."""

import json

import pytest

from skill_gym.benchmarks.search_growth import _COLUMNS, WORDS_IN_TEXT, made_passages, made_query, main


def test_made_passages_are_always_the_same_and_their_words_their_own():
    passages = list(made_passages(300))
    assert passages[:20] == list(made_passages(20))
    texts = {passage.text for passage in passages}
    assert len(texts) == 300
    assert {len(text.split()) for text in texts} == {WORDS_IN_TEXT}
    assert set(made_query(7).split()) <= set(passages[7].text.split())


def test_growth_is_measured_for_each_size_and_engine(tmp_path, capsys):
    pytest.importorskip("tantivy")
    path = tmp_path / "growth.json"
    main(["--passages", "500", "1000", "--json", str(path), "--folder", str(tmp_path)])
    figures = json.loads(path.read_text())["figures"]
    for engine in ("tantivy", "lucene"):
        for size in (500, 1000):
            for name in _COLUMNS:
                assert figures[f"{engine}_{name}_{size}"] > 0, name
        assert figures[f"{engine}_disk_mb_1000"] > figures[f"{engine}_disk_mb_500"]
        assert 0.9 < figures[f"{engine}_found_in_top_10_500"] <= 1
    assert sorted(tmp_path.iterdir()) == [path], "the corpora are removed again"
    assert "query, ms" in capsys.readouterr().out
