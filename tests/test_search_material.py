"""What an environment is made of, and what the environments of a process share."""

from pathlib import Path

import pytest
from small_search import PASSAGES, write_questions

from skill_gym.search.corpus import build_corpus
from skill_gym.search.material import open_index, open_material
from skill_gym.search.passages import CorpusError


def test_urls_mean_one_shared_client_that_waits() -> None:
    pytest.importorskip("urllib3")
    one = open_index("http://127.0.0.1:9")
    assert open_index("http://127.0.0.1:9") is open_index(("http://127.0.0.1:9",)) is one
    assert open_index(["http://127.0.0.1:9", "http://127.0.0.1:10"]) is not one
    assert one.waits


def test_a_built_corpus_is_opened_once(tmp_path: Path) -> None:
    build_corpus(PASSAGES, tmp_path / "corpus", engine="lucene")
    index = open_index(tmp_path / "corpus")
    assert open_index(str(tmp_path / "corpus"), None) is index
    assert (index.info().engine, index.info().passages, index.waits) == ("lucene", len(PASSAGES), False)
    with pytest.raises(CorpusError):
        open_index(tmp_path / "nothing")


def test_questions_of_a_file_are_searched_in_a_corpus_of_ones_own(tmp_path: Path) -> None:
    build_corpus(PASSAGES, tmp_path / "corpus", engine="lucene")
    data = write_questions(tmp_path / "q.jsonl")
    material = open_material(
        "all", data=data, corpus=tmp_path / "corpus", engine=None, size=1, generator=None
    )
    assert (len(material.questions), material.source, material.world) == (4, None, None)
    assert material.index.search(["Tessa Brund"], 1)[0][0].passage.id in ("p2", "p3")


def test_generated_questions_can_be_asked_of_another_index() -> None:
    material = open_material(
        "generated", data=None, corpus=None, engine=None, size=3, generator={"scale": 0.5, "hops": [1]}
    )
    assert material.index is material.world.index
    assert {question.metadata["hops"] for question in material.questions} == {1}
    with pytest.raises(ValueError, match="pass corpus= as well"):
        open_material("generated", data=None, corpus=None, engine="lucene", size=3, generator=None)


@pytest.mark.parametrize("corpus", [[], [1], 3, "", ("http://a", "folder")])
def test_what_is_no_corpus_is_refused(corpus: object) -> None:
    with pytest.raises(ValueError, match="corpus must be the folder"):
        open_index(corpus)
