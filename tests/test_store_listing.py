from pathlib import Path

import pytest
from reviewed_store import ODD_ID, make_store

from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.store_events import GENERAL, MISTAKE, TASK_TYPE, State
from skill_gym.skillbanks.store_listing import Found, StoreListing
from skill_gym.skillbanks.store_schema import StoreError

ACTIVE = (State.ACTIVE,)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make_store(tmp_path / "bank.skb")


def ids(found: Found) -> list[str]:
    return [listed.entry.id for listed in found.entries]


def test_active_entries_are_those_of_the_bank_in_its_order(path: Path) -> None:
    with BankStore.open(path) as store:
        assert ids(StoreListing(path).find(states=ACTIVE)) == list(store.bank.ids)


def test_pages_follow_each_other_and_count_all(path: Path) -> None:
    listing = StoreListing(path)
    whole = ids(listing.find(states=tuple(State)))
    pages = [listing.find(states=tuple(State), offset=offset, limit=3) for offset in range(0, 12, 3)]
    assert [name for page in pages for name in ids(page)] == whole
    assert {page.total for page in pages} == {len(whole)} == {8}


def test_counts_are_by_state_and_place_in_order(path: Path) -> None:
    counts = StoreListing(path).counts()
    assert counts[State.ACTIVE, GENERAL] == 3
    assert counts[State.CANDIDATE, GENERAL] == 3
    assert [place for state, place in counts if state is State.ACTIVE] == [
        GENERAL,
        f"{TASK_TYPE}heat",
        MISTAKE,
    ]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ["gen_001", "gen_002", ODD_ID, "heat_001", "err_001"]),
        ("  DOOR ", ["err_001"]),
        ("drawer open", ["gen_001"]),
        ("drawer fridge", []),
        ("<ü>", [ODD_ID]),
        ("a/B?", [ODD_ID]),
        ("train", ["gen_002"]),
        ("principle", []),  # names of fields are no text
        ("%", []),
        ('"', [ODD_ID]),
    ],
)
def test_every_word_must_be_in_id_or_texts_in_any_case(path: Path, words: str, found: list[str]) -> None:
    assert ids(StoreListing(path).find(words, states=ACTIVE)) == found


def test_other_scripts_and_escapes_are_found(path: Path) -> None:
    with BankStore.open(path, write=True) as store:
        store.add_entries(
            [Skill("x1", "ÖFFNE", 'say "go\\now" 打开 \ud800'), Mistake("x2", "Straße 🧑‍🍳", "weg")],
            reason="more",
        )
    listing = StoreListing(path)
    for words, entry_id in (
        ("öffne", "x1"),
        ('"go\\now"', "x1"),
        ("打开", "x1"),
        ("STRASSE", "x2"),
        ("🧑‍🍳", "x2"),
    ):
        assert ids(listing.find(words, states=ACTIVE)) == [entry_id]


def test_newest_text_first(path: Path) -> None:
    found = ids(StoreListing(path).find(states=(State.ACTIVE, State.CANDIDATE), newest=True))
    assert found[:4] == ["cand_003", "cand_002", "cand_001", "gen_001"]


def test_given_entries_keep_their_order_and_are_filtered(path: Path) -> None:
    listing = StoreListing(path)
    given = ["err_001", "cand_001", "nobody", "gen_002", "gen_001"]
    found = listing.find(states=ACTIVE, among=given)
    assert (ids(found), found.total) == (["err_001", "gen_002", "gen_001"], 3)
    assert ids(listing.find("drawer", states=ACTIVE, among=given)) == ["gen_001"]
    assert ids(listing.find(states=ACTIVE, among=given, offset=1, limit=1)) == ["gen_002"]


def test_entries_and_evidence_by_id(path: Path) -> None:
    listing = StoreListing(path)
    assert [listed.state for listed in listing.get(["cand_001", "nobody", "gen_001"])] == [
        State.CANDIDATE,
        State.ACTIVE,
    ]
    with BankStore.open(path) as store:
        assert listing.evidence() == store.load_evidence()
    assert list(listing.evidence(["gen_002", "nobody"])) == [("gen_002", "heat")]


def test_what_a_writer_publishes_is_seen_at_once(path: Path) -> None:
    listing = StoreListing(path)
    assert listing.find("brandnew", states=ACTIVE).total == 0
    with BankStore.open(path, write=True) as store:
        store.add_entries([Skill("n1", "brandnew", "thing")], reason="more")
        assert listing.find("brandnew", states=ACTIVE).total == 1
        store.retire(["n1"], reason="less")
    assert listing.find("brandnew", states=ACTIVE).total == 0
    assert listing.find("brandnew", states=(State.RETIRED,)).total == 1


def test_ten_thousand_skills_of_one_title_are_paged(tmp_path: Path) -> None:
    path = tmp_path / "many.skb"
    with BankStore.open(path, write=True) as store:
        store.add_entries(
            (Skill(f"s{n:05}", "One title", f"Text {n}.") for n in range(10_000)), reason="many"
        )
    listing = StoreListing(path)
    last = listing.find("title", states=ACTIVE, offset=9_950)
    assert (last.total, ids(last)[0], ids(last)[-1]) == (10_000, "s09950", "s09999")


def test_missing_store_is_an_error_and_stays_missing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no bank store"):
        StoreListing(tmp_path / "none.skb")
    assert list(tmp_path.iterdir()) == []
