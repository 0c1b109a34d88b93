"""A run's changes and a reviewer's on the same bank: neither is lost."""

import pytest

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.merged_bank import follow_words, merge_banks
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.store_events import Event, Kind


def skill(name: str, text: str = "Do it.", category: str | None = None) -> Skill:
    return Skill(name, f"Title {name}", text, category=category)


BASE = SkillBank.empty().with_skills(
    [skill("a"), skill("b"), skill("c", category="heat"), Mistake("m", "Hurry", "Wait.", "Haste")]
)


def word(kind: Kind, entry_id: str, entry: Skill | Mistake | None = None) -> Event:
    return Event(1, kind, entry_id, 1, 0.0, "because", "Ada", entry=entry)


def no_text(name: str) -> Skill:
    raise AssertionError(f"nobody asks for the text of {name}")


def test_without_other_changes_ours_is_the_step():
    ours = BASE.without(["a"]).with_skills([skill("n")])
    assert merge_banks(BASE, ours, BASE) is ours


def test_what_they_took_out_stays_out_and_what_they_put_in_stays_in():
    ours, theirs = BASE.with_skills([skill("n")]), BASE.without(["b"]).with_skills([skill("t")])
    merged = merge_banks(BASE, ours, theirs)
    assert merged.ids == ("a", "t", "n", "c", "m")
    assert merged.generation > max(ours.generation, theirs.generation) - 1


def test_an_entry_that_they_revised_is_not_taken_out():
    theirs = follow_words(BASE, {"a": word(Kind.REVISED, "a", skill("a", "Better."))}, no_text)
    merged = merge_banks(BASE, BASE.without(["a", "b"]), theirs)
    assert merged.ids == ("a", "c", "m")
    assert merged.get("a").principle == "Better."


def test_refused_entries_do_not_enter_even_without_other_changes():
    ours = BASE.with_skills([skill("n"), skill("o")])
    assert merge_banks(BASE, ours, BASE, leave_out=["n"]).ids == ("a", "b", "o", "c", "m")
    assert merge_banks(BASE, BASE.with_skills([skill("n")]), BASE, leave_out=["n"]) is BASE


def test_memory_of_either_side_is_kept():
    noted = SkillBank(BASE.general, BASE.task_specific, BASE.mistakes, {"memory": 1}, BASE.generation + 1)
    theirs = BASE.without(["b"])
    assert dict(merge_banks(BASE, noted, theirs).metadata) == {"memory": 1}
    assert dict(merge_banks(BASE, BASE.without(["a"]), noted).metadata) == {"memory": 1}


def test_words_are_followed_as_one_generation():
    words = {
        "a": word(Kind.RETIRED, "a"),
        "b": word(Kind.REVISED, "b", skill("b", "Better.")),
        "c": word(Kind.REVISED, "c", skill("c", "Hotter.", "heat")),
        "m": word(Kind.REVISED, "m", Mistake("m", "Hurry", "Breathe.", "Haste")),
        "n": word(Kind.ADDED, "n"),
        "gone": word(Kind.REJECTED, "gone"),
        "waits": word(Kind.PROPOSED, "waits", skill("waits")),
    }
    after = follow_words(BASE, words, skill)
    assert after.ids == ("b", "n", "c", "m")
    assert after.get("b").principle == "Better."
    assert after.get("c").principle == "Hotter."
    assert after.get("m") == words["m"].entry
    assert after.generation == BASE.generation + 1


def test_a_revision_into_another_category_moves():
    after = follow_words(BASE, {"a": word(Kind.REVISED, "a", skill("a", "Cool it.", "cool"))}, no_text)
    assert after.ids == ("b", "c", "a", "m")
    assert after.get("a").category == "cool"


@pytest.mark.parametrize("kind", [Kind.RETIRED, Kind.MERGED, Kind.REJECTED])
def test_words_about_strangers_change_nothing(kind):
    assert follow_words(BASE, {"x": word(kind, "x")}, no_text) is BASE
    assert follow_words(BASE, {}, no_text) is BASE
