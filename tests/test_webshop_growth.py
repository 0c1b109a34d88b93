"""The growth claim measures what it says, on shops small enough for a test."""

import json

from skill_gym.benchmarks.webshop_growth import COLUMNS, main


def test_growth_is_measured_for_each_size(tmp_path, capsys):
    path = tmp_path / "growth.json"
    main(["--products", "60", "120", "--json", str(path), "--folder", str(tmp_path)])
    figures = json.loads(path.read_text())["figures"]
    for size in (60, 120):
        for name in COLUMNS:
            assert figures[f"{name}_{size}"] > 0, name
    assert figures["disk_mb_120"] > figures["disk_mb_60"]
    assert figures["found_in_top_50_60"] <= 1
    assert sorted(tmp_path.iterdir()) == [path], "the shops are removed again"
    assert "query, ms" in capsys.readouterr().out
