"""The routing benchmark of Search tells its own rules and the released one apart."""

import json
from pathlib import Path

import pytest

from skill_gym.benchmarks.search_routing import LOOK_UPS, main, released_type, samples

HOTPOT = [
    {
        "_id": str(number),
        "question": question,
        "answer": "yes",
        "type": kind,
        "supporting_facts": [["A", 0]],
        "context": [["A", ["One."]]],
    }
    for number, (question, kind) in enumerate(
        [
            ("Who is older, Ada Vask or Tam Brell?", "comparison"),
            ("Are Oulford and Brigford both towns?", "comparison"),
            ("Who is the mayor of the town where Ada Vask was born?", "bridge"),
            ("Baltimore is the home of the painter who founded what school?", "bridge"),
        ]
    )
]
MUSIQUE = [
    {
        "id": f"2hop__{number}",
        "question": "Who is the mayor of the town where Ada Vask was born?",
        "answer": "Tam Brell",
        "answer_aliases": [],
        "answerable": True,
        "paragraphs": [{"idx": 0, "title": "A", "paragraph_text": "One.", "is_supporting": True}],
        "question_decomposition": [
            {"id": 1, "question": step, "answer": "x", "paragraph_support_idx": 0}
            for step in ("Where was Ada Vask born", "Who is the mayor of #1?", "Oulford >> river", *own)
        ],
    }
    for number, own in enumerate([(), ("Who governs Grellshire?",)])
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, rows in (("hotpot.json", HOTPOT), ("musique.json", MUSIQUE)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return tmp_path


def test_the_released_rule_needs_the_sets_name_and_matches_parts_of_words() -> None:
    assert released_type("Who is older, A or B?", "hotpotqa") == "comparison"
    assert released_type("Who is older, A or B?", "popqa") == "entity_attribute_lookup"
    assert released_type("Who is older, A or B?", "nq") == "direct_retrieval"
    assert released_type("Who rules the commonest town?", "musique") == "comparison"
    assert released_type("Who is the mayor of A?", "musique") == "multi_hop_reasoning"


def test_halves_share_no_row_and_no_step(folder: Path) -> None:
    found = {sample.name: sample for sample in samples(folder)}
    texts = {name: [one.question for one in sample.questions] for name, sample in found.items()}
    assert texts["HotpotQA, held out"] == [HOTPOT[1]["question"], HOTPOT[3]["question"]]
    assert texts["HotpotQA, tuning"] == [HOTPOT[0]["question"], HOTPOT[2]["question"]]
    assert texts["MuSiQue's single steps, tuning"] == ["Where was Ada Vask born?"]
    assert texts["MuSiQue's single steps, held out"] == ["Who governs Grellshire?"]
    assert {sample.figure for name, sample in found.items() if "tuning" in name} == {""}


def test_labels_are_those_of_the_sets(folder: Path) -> None:
    held_out, *_ = samples(folder)
    assert [set(one.types) for one in held_out.questions] == [{"comparison"}, {"multi_hop_reasoning"}]


def test_without_data_a_stranger_sees_the_generated_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCH_DATA", str(tmp_path))
    assert main(["--quick", "--json", str(tmp_path / "routing.json")]) == 0
    figures = json.loads((tmp_path / "routing.json").read_text())["figures"]
    assert figures["look_ups"] == 1
    assert figures["generated"] >= 0.97
    assert figures["released_generated"] < 0.9
    assert "hotpot" not in figures
    assert "HotpotQA's" not in json.loads((tmp_path / "routing.json").read_text())["claim"]
    assert "pass --data" in capsys.readouterr().out


def test_with_data_both_sides_are_measured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--quick", "--data", str(folder), "--json", str(folder / "out.json")])
    figures = json.loads((folder / "out.json").read_text())["figures"]
    assert (figures["hotpot"], figures["released_hotpot"], figures["hotpot_comparison"]) == (1, 0.5, 1)
    assert (figures["musique"], figures["one_hop"], figures["released_one_hop"]) == (1, 1, 0)
    assert f"{len(LOOK_UPS)}  100.0%" in capsys.readouterr().out


def test_a_folder_without_the_files_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--quick", "--data", str(tmp_path)])
    assert caught.value.code == 2
    assert "hotpot.json" in capsys.readouterr().err
    (tmp_path / "hotpot.json").write_text("{", encoding="utf-8")
    (tmp_path / "musique.json").write_text("{}\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["--quick", "--data", str(tmp_path)])
    assert "line 1" in capsys.readouterr().err
