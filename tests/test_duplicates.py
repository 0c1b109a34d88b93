"""Copies in other words are found, at a price that does not grow with the bank; other facts are no copy."""

import time

import numpy as np
import pytest

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.duplicates import NearDuplicates, find_duplicates, merge
from skill_gym.skillbanks.leaks import leaked_ids
from skill_gym.skillbanks.minhash import Bands
from skill_gym.skillbanks.skill import Mistake, Provenance, Skill
from skill_gym.skillbanks.wording import Wording, stem

OPEN = "A closed cabinet, drawer, fridge or safe hides its contents: open it before you say it is empty."
ONCE = "Search every place exactly once, and do not go back to one that you have seen."


def skill(skill_id: str, principle: str, **fields: object) -> Skill:
    return Skill(**{"id": skill_id, "title": "T", "principle": principle, **fields})


def kind(known: str, other: str) -> str | None:
    found = NearDuplicates([skill("a", known)]).find(skill("b", other))
    return None if found is None else found.kind


@pytest.mark.parametrize(
    "other",
    [
        "Before you say it is empty, open a closed cabinet, drawer, fridge or safe: it hides its contents.",
        "A closed cabinet, a drawer, a fridge or a safe hides contents; open it before saying it's empty!",
        "Closed cabinets, drawers, fridges or safes hide contents: open them before you say they are empty.",
        OPEN + " Always.",
        "А closed саbinet, drawer, fridge or safe hides its contents: open it before you say it is empty.",
    ],
)
def test_like_words_are_a_near_duplicate(other):
    assert kind(OPEN, other) == "near"


def test_same_words_are_the_same_whatever_case_and_title():
    assert kind(OPEN, OPEN.upper().replace(",", ";")) == "same"


@pytest.mark.parametrize(
    ("known", "other"),
    [
        (OPEN, OPEN.replace("open it", "never open it")),
        (OPEN, OPEN.replace("fridge", "toilet")),
        (
            "Keep two steps for the last delivery and go to the goal place.",
            "Keep five steps for the last delivery and go to the goal place.",
        ),
        ("Keep 2 steps for the last delivery.", "Keep 3 steps for the last delivery."),
        (
            "With the object in hand say `heat mug 1 with microwave 1` at once.",
            "With the object in hand say `cool mug 1 with fridge 1` at once.",
        ),
        (
            "Look for a mug first at a shelf: that is where earlier episodes found one.",
            "Look for a bowl first at a drawer: that is where earlier episodes found one.",
        ),
    ],
)
def test_other_facts_in_like_words_are_no_copy(known, other):
    assert kind(known, other) in (None, "variant")


def test_different_advice_is_not_alike():
    assert kind(OPEN, ONCE) is None


@pytest.mark.parametrize("name", ["alfworld", "webshop", "search"])
def test_starter_and_released_banks_hold_no_copies(name, shared_data):
    for bank in (
        SkillBank.starter(name),
        SkillBank.load(shared_data / "skillrl" / "banks" / f"{name}.json"),
    ):
        assert find_duplicates(bank) == {}


def test_only_what_may_be_shown_for_one_task_is_compared():
    near = OPEN + " Always."
    index = NearDuplicates([skill("heat", OPEN, category="heat")])
    assert index.find(skill("b", near, category="heat")).of == "heat"
    assert index.find(skill("b", near, category="cool")) is None
    assert index.find(skill("b", near)) is None  # it is for more tasks than the one that is there
    assert index.find(Mistake("m", near, "", category="heat")) is None
    general = NearDuplicates([skill("gen", OPEN)])
    assert general.find(skill("b", near, category="cool")).of == "gen"
    mugs = NearDuplicates([skill("mugs", OPEN, keywords=("Mug",))])
    assert mugs.find(skill("b", near, keywords=("mug",))).of == "mugs"
    assert mugs.find(skill("b", near, keywords=("bowl",))) is None
    assert mugs.find(skill("b", near)) is None


def test_index_follows_what_is_added_and_discarded():
    index = NearDuplicates([skill("a", OPEN)])
    copy = skill("b", OPEN + " Always.")
    assert index.find(copy, ignore=["a"]) is None
    index.discard("a")
    assert index.find(copy) is None
    assert (len(index), "a" in index) == (0, False)
    index.add([skill("a", ONCE)])
    index.add([skill("a", OPEN)])
    assert index.find(copy).of == "a"
    assert index.find(skill("c", ONCE)) is None
    assert index.find(skill("a", OPEN)) is None  # itself


def test_merge_keeps_the_text_and_the_origins_of_both():
    kept = skill("a", OPEN, provenance=Provenance(("e:1",), ("train",), "rule", "3-x", "4 of 5 failed"))
    other = skill(
        "b", OPEN + " Always.", title="Other", provenance=Provenance(("e:2", "e:1"), ("valid_seen",))
    )
    proposal = NearDuplicates([kept]).propose(other)
    assert (proposal.keep, proposal.entry.principle, proposal.title) == ("a", OPEN, "Other")
    origin = proposal.entry.provenance
    assert origin.trajectory_ids == ("e:1", "e:2")
    assert origin.splits == ("train", "valid_seen")
    assert (origin.teacher, origin.evidence) == ("rule", "4 of 5 failed")
    assert "near as a (words" in proposal.reason
    assert NearDuplicates([kept]).propose(skill("c", ONCE)) is None
    assert merge(skill("a", OPEN), other, "x").entry.provenance == other.provenance


@pytest.mark.parametrize(
    ("kept", "other", "merged"),
    [("3-x", "12-y", "12-y"), ("12-y", "3-x", "12-y"), ("", "3-x", ""), ("3-x", "", "")],
)
def test_what_is_merged_in_this_cycle_is_of_this_cycle(kept, other, merged):
    first = skill("a", OPEN, provenance=Provenance(("e:1",), ("valid_seen",), "rule", kept))
    second = skill("b", OPEN, provenance=Provenance(("e:2",), ("valid_seen",), "rule", other))
    entry = merge(first, second, "x").entry
    assert entry.provenance.bank_version == merged
    bank = SkillBank(general=(entry,), generation=13)
    assert leaked_ids(bank, "valid_seen", policy="same_cycle") == ("a",)


def encoder(table: dict[str, list[float]]):
    def encode(texts):
        vectors = np.array([table[text] for text in texts], dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return encode


def test_vectors_find_paraphrases_but_not_the_opposite():
    never = "Never look into anything that is shut."
    paraphrase = "Look into anything that is shut."
    far = "Buy the cheapest one."
    encode = encoder({OPEN: [1, 0], paraphrase: [1, 0.1], never: [1, 0.1], far: [0, 1]})
    index = NearDuplicates([skill("far", far), skill("a", OPEN)], encode=encode)
    found = index.find(skill("b", paraphrase))
    assert (found.of, found.kind, found.by) == ("a", "near", "vectors")
    assert found.similarity == pytest.approx(1 / np.hypot(1, 0.1))
    assert index.find(skill("b", never)) is None
    assert NearDuplicates([skill("a", OPEN)]).find(skill("b", paraphrase)) is None
    index.discard("a")
    assert index.find(skill("b", paraphrase)) is None
    index.add([skill("c", OPEN)])  # takes the free row
    assert index.find(skill("b", paraphrase)).of == "c"


def test_vectors_of_another_width_are_refused():
    encode = encoder({OPEN: [1, 0], ONCE: [1, 0, 0]})
    index = NearDuplicates([skill("a", OPEN)], encode=encode)
    with pytest.raises(ValueError, match="expected vectors of width 2, got 3"):
        index.add([skill("b", ONCE)])


@pytest.mark.parametrize("value", [0, 1.5])
def test_thresholds_are_checked(value):
    with pytest.raises(ValueError, match=r"threshold must be in \(0, 1\]"):
        NearDuplicates(threshold=value)
    with pytest.raises(ValueError, match=r"vector_threshold must be in \(0, 1\]"):
        NearDuplicates(vector_threshold=value)


@pytest.mark.parametrize(
    "text",
    [
        "Look for the item in the drawer before you open the cabinet, and never go back.",
        "Look for item number {n} in the drawer before you open the cabinet, and never go back.",
    ],
)
def test_ten_thousand_skills_of_one_title_stay_fast(text):
    bank = [skill(f"s{n}", text.replace("{n}", str(n))) for n in range(10_000)]
    started = time.process_time()
    copies = find_duplicates(bank)
    assert time.process_time() - started < 30
    assert len(copies) == (0 if "{n}" in text else 9_999)


def test_text_of_100_kb_is_read_at_once():
    long = " ".join(f"word{n}" for n in range(12_000))
    index = NearDuplicates([skill("a", long)])
    started = time.process_time()
    assert index.find(skill("b", long + " more")).kind == "near"
    assert time.process_time() - started < 3


def test_results_are_equal_in_another_process(tmp_path):
    import subprocess
    import sys

    code = (
        "from skill_gym.skillbanks.minhash import Bands; from skill_gym.skillbanks.wording import Wording; "
        "print(Bands().signature(Wording.of('Open the closed drawers at once.').features).sum())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_signatures_estimate_the_similarity():
    bands = Bands()
    one = Wording.of(" ".join(f"alpha{n}" for n in range(200)))
    other = Wording.of(" ".join(f"alpha{n}" for n in range(60, 260)))
    exact = one.similarity(other)
    estimate = np.mean(bands.signature(one.features) == bands.signature(other.features))
    assert estimate == pytest.approx(exact, abs=0.11)
    assert one.similarity(one) == 1
    with pytest.raises(ValueError, match="bands, rows and bucket must be at least 1"):
        Bands(rows=0)


def test_stems_join_inflections_and_common_synonyms():
    assert stem("drawers") == stem("drawer")
    assert stem("opened") == stem("opening") == stem("open")
    assert stem("grabbing") != stem("opening")
    assert stem("grab") == stem("take") == stem("taken"[:-1])
    assert stem("bodies") == stem("body")
    assert Wording.of("Don't open it.").strict == {"not"}
