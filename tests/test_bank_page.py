import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from reviewed_store import ODD_ID, PLANTED, SCRIPT, Visitor, make_store
from search_servers import serving

from skill_gym.benchmarks.bank_page.app import FILES, create_app
from skill_gym.benchmarks.bank_page.server import serve
from skill_gym.skillbanks.skill import Skill
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.store_events import State

TOKEN = "a-token-of-more-than-16"


@dataclass
class Room:
    visitor: Visitor
    store: BankStore


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with (
        BankStore.open(make_store(tmp_path / "bank.skb"), write=True) as store,
        serving(create_app(store, actor="Grace")) as root,
    ):
        yield Room(Visitor(root), store)


def test_list_shows_the_bank_in_its_order_without_candidates(room: Room) -> None:
    status, text, _ = room.visitor.ask("/")
    assert status == 200
    assert "cand_001" not in text
    titles = ["Open what is closed", "Look once", "Use the microwave", "Leaves the door open"]
    places = [text.index(title) for title in titles]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("q=DRAWER", {"gen_001"}),
        ("q=teacher", {"gen_002"}),
        ("q=twice+search", {"gen_002"}),
        ("q=shut+microwave", set()),
        ("place=mistake", {"err_001"}),
        ("place=task_type%3Aheat", {"heat_001"}),
        ("state=candidate", {"cand_001", "cand_002", "cand_003"}),
        ("state=all&q=fridge", {"cand_001"}),
        ("sort=worst", {"gen_001", "gen_002"}),
        ("page=2", set()),
    ],
)
def test_search_and_filters_narrow_the_list(room: Room, query: str, ids: set[str]) -> None:
    _, text, _ = room.visitor.ask(f"/?{query}")
    assert set(re.findall(r'class="open"', text)) == ({'class="open"'} if ids else set())
    assert set(re.findall(r'href="/entry\?id=(\w+)" class="open"', text)) == ids


def test_effects_order_the_list(room: Room) -> None:
    for sort, first in (("worst", "gen_002"), ("best", "gen_001")):
        _, text, _ = room.visitor.ask(f"/?sort={sort}")
        assert re.findall(r'href="/entry\?id=(\w+)" class="open"', text)[0] == first


@pytest.mark.parametrize(
    "query", ["state=gone", "sort=up", "page=0", "page=-1", "page=x", "page=" + "9" * 40]
)
def test_bad_address_says_what_is_wrong(room: Room, query: str) -> None:
    status, text, _ = room.visitor.ask(f"/?{query}")
    assert status == 422
    assert "That did not work" in text


def test_entry_page_tells_text_origin_worth_lint_and_history(room: Room) -> None:
    _, text, _ = room.visitor.ask("/entry?id=gen_001")
    for part in ("A shut drawer", "said better", "the first bank", "<del>closed</del>", "<ins>shut</ins>"):
        assert part in text
    assert "100% (20)" in text  # with the skill
    assert "0% (20)" in text
    assert ">160<" in text
    _, text, _ = room.visitor.ask("/entry?id=cand_001")
    for part in ("a teacher", "env:1:train/7", "7 of 9 failed", "distilled"):
        assert part in text


def test_near_duplicate_proposes_the_merge(room: Room) -> None:
    room.visitor.ask("/entry?id=cand_003")
    for _ in range(100):  # the words are read in the background first
        _, text, _ = room.visitor.ask("/entry?id=cand_003")
        if "still being read" not in text:
            break
    assert "Says the same" in text
    assert re.search(r'name="into"[^>]*value="gen_002"', text)


@pytest.mark.parametrize(
    "path", ["/entry?id=cand_002", "/?state=candidate", "/events", "/entry?id=nobody" + quote(SCRIPT)]
)
def test_no_text_of_a_skill_is_markup(room: Room, path: str) -> None:
    _, text, _ = room.visitor.ask(path)
    assert "&lt;script&gt;" in text
    assert "<script>" not in text
    assert "<img" not in text
    assert SCRIPT not in text
    assert PLANTED not in text


def test_planted_search_word_and_address_stay_text(room: Room) -> None:
    for path in (f"/?q={quote(PLANTED)}", f"/{quote(SCRIPT)}", f"/?state={quote(PLANTED)}"):
        _, text, _ = room.visitor.ask(path)
        assert "<img" not in text
        assert "<script>" not in text


def test_every_action_is_an_event_with_actor_and_reason(room: Room) -> None:
    store, act = room.store, room.visitor.act
    for action, entry_id, state, kind, more in [
        ("approve", "cand_001", State.ACTIVE, "added", {}),
        ("reject", "cand_002", State.REJECTED, "rejected", {}),
        ("merge", "cand_003", State.MERGED, "merged", {"into": "gen_002"}),
        ("retire", "heat_001", State.RETIRED, "retired", {}),
        ("restore", "heat_001", State.ACTIVE, "restored", {}),
    ]:
        status, where = act(
            action, [entry_id], f"{action} it", actor="  Ada   L. ", back="/?state=active", **more
        )
        assert (status, where) == (303, f"/?state=active&done={action}&count=1")
        event = store.blame(entry_id)[-1]
        assert (event.kind, event.reason, event.actor) == (kind, f"{action} it", "Ada L.")
        assert store.state(entry_id) is state
        page = room.visitor.ask(where)[1]
        assert 'class="flash"' in page
    assert store.bank.get("cand_001").provenance is not None


def test_merge_keeps_the_origins_of_both(room: Room) -> None:
    assert room.visitor.act("merge", ["cand_001"], into="gen_001")[0] == 303
    provenance = room.store.bank.get("gen_001").provenance
    assert provenance is not None
    assert provenance.splits == ("train",)
    assert room.store.blame("cand_001")[-1].into == "gen_001"


def test_actor_is_the_servers_when_the_form_says_none(room: Room) -> None:
    room.visitor.act("retire", ["gen_001"], actor="")
    assert room.store.blame("gen_001")[-1].actor == "Grace"


def test_several_entries_are_one_change(room: Room) -> None:
    before = room.store.head.number
    room.visitor.act("retire", ["gen_001", "gen_002", "err_001"])
    assert room.store.head.number == before + 1
    assert room.store.count(State.RETIRED) == 3


def test_odd_id_has_a_page_and_can_be_acted_on(room: Room) -> None:
    status, text, _ = room.visitor.ask(f"/entry?id={quote(ODD_ID, safe='')}")
    assert status == 200
    field = re.search(r'name="id" value="([^"]+)"', text)
    assert field is not None
    assert room.visitor.act("retire", [html.unescape(field[1])])[0] == 303
    assert ODD_ID not in room.store.bank


def test_lint_keeps_a_malicious_candidate_out_unless_said(room: Room) -> None:
    before = room.store.head.number
    status, text = room.visitor.act("approve", ["cand_001", "cand_002"])
    assert status == 422
    assert "the lint keeps" in text.lower()
    assert room.store.head.number == before
    assert room.visitor.act("approve", ["cand_002"], despite_lint="yes")[0] == 303
    assert "cand_002" in room.store.bank


def test_rejected_entry_cannot_slip_in_by_restoring(room: Room) -> None:
    room.visitor.act("reject", ["cand_002"])
    assert room.visitor.act("restore", ["cand_002"])[0] == 422
    assert room.store.state("cand_002") is State.REJECTED


@pytest.mark.parametrize(
    ("action", "ids", "more", "status", "says"),
    [
        ("retire", [], {}, 422, "choose 1"),
        ("retire", ["gen_001"], {"reason": "  \n "}, 422, "needs a reason"),
        ("retire", ["gen_001"], {"reason": "x" * 2001}, 422, "2,000"),
        ("retire", ["gen_001"], {"actor": "x" * 101}, 422, "100 characters"),
        ("explode", ["gen_001"], {}, 422, "no action"),
        ("merge", ["gen_001"], {}, 422, "id of the entry that stays"),
        ("merge", ["gen_001"], {"into": "gen_001"}, 422, "into itself"),
        ("merge", ["gen_001"], {"into": "nobody"}, 409, "no entry"),
        ("retire", ["cand_001"], {}, 409, "expected it to be active"),
        ("approve", ["gen_001"], {}, 409, "candidate"),
        ("rollback", [], {"version": "99"}, 409, "no version"),
        ("rollback", [], {"version": "x"}, 422, "must be a number"),
    ],
)
def test_impossible_action_changes_nothing_and_says_why(
    room: Room, action: str, ids: list[str], more: dict[str, str], status: int, says: str
) -> None:
    events = len(room.store.log())
    found, text = room.visitor.act(action, ids, **more)
    assert found == status
    assert says in text.lower()
    assert len(room.store.log()) == events


def test_compare_shows_both_texts_and_rollback_serves_the_old_bytes(room: Room) -> None:
    _, text, _ = room.visitor.ask("/compare?a=1&b=2")
    assert "<del>closed</del>" in text
    assert "<ins>shut</ins>" in text
    assert room.visitor.ask("/compare?a=1&b=99")[0] == 404
    assert room.visitor.act("rollback", [], version="1") == (303, "/versions?done=rollback")
    assert room.store.bank.dumps() == room.store.version(1).dumps()
    assert "The two are equal" in room.visitor.ask("/compare?a=1&b=3")[1]


def test_page_follows_what_other_processes_publish(room: Room) -> None:
    with BankStore.open(room.store.path, write=True) as other:
        other.add_entries([Skill("new_001", "From elsewhere", "Another writer put it here.")], reason="more")
    _, text, _ = room.visitor.ask("/?q=elsewhere")
    assert "new_001" in text
    assert "version 3" in text


def test_a_store_that_was_removed_is_told_and_nothing_is_done(room: Room) -> None:
    key = room.visitor.key()
    moved = room.store.path.rename(room.store.path.with_name("moved.skb"))
    form = {"action": "retire", "id": "gen_001", "reason": "because", "key": key}
    for answer in (room.visitor.ask("/"), room.visitor.ask("/act", form)):
        assert answer[0] == 503
        assert "removed or replaced" in answer[1]
    moved.rename(room.store.path)
    assert room.store.state("gen_001") is State.ACTIVE


def test_form_without_the_key_or_from_another_site_is_refused(room: Room) -> None:
    form = {"action": "retire", "id": "gen_001", "reason": "because"}
    key = room.visitor.key()
    host = {"Host": "localhost:80"}
    refused = [
        ({**form}, {}),
        ({**form, "key": "0" * 64}, {}),
        ({**form, "key": key}, {"Origin": "http://evil.example"}),
        ({**form, "key": key}, {"Origin": "null"}),
        ({**form, "key": key}, {"Origin": "http://[::1"}),
        ({**form, "key": key}, {"Origin": "http://localhost:81", **host}),
        ({**form, "key": key}, {"Sec-Fetch-Site": "cross-site"}),
    ]
    for sent, headers in refused:
        assert room.visitor.ask("/act", sent, headers=headers)[0] == 403
    assert room.store.state("gen_001") is State.ACTIVE
    allowed = {"Origin": "http://localhost:80", "Sec-Fetch-Site": "same-origin", **host}
    assert room.visitor.ask("/act", {**form, "key": key}, headers=allowed)[0] == 303


def test_get_never_acts(room: Room) -> None:
    key = room.visitor.key()
    assert room.visitor.ask(f"/act?key={key}&action=retire&id=gen_001&reason=x")[0] == 405
    assert room.store.state("gen_001") is State.ACTIVE


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "[::1", "", "10.0.0.1"]
)
def test_foreign_host_names_are_refused_on_the_loopback(room: Room, host: str) -> None:
    assert room.visitor.ask("/", headers={"Host": host})[0] == 421


@pytest.mark.parametrize("host", ["localhost", "localhost:9", "127.0.0.1:1", "[::1]:8765"])
def test_loopback_names_are_served(room: Room, host: str) -> None:
    assert room.visitor.ask("/", headers={"Host": host})[0] == 200


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/act", "/static/style.css", "/entry?id=nobody", "/?page=x"]
)
def test_every_answer_carries_the_headers_that_forbid_foreign_content(room: Room, path: str) -> None:
    _, text, headers = room.visitor.ask(path)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    # What the policy forbids is not tried either.
    assert " style=" not in text
    assert "http://" not in text.replace("http://127.0.0.1", "") or path.startswith("/static")


def test_action_never_leads_to_another_site(room: Room) -> None:
    for number, back in enumerate(
        ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x", "/x"]
    ):
        action = ("retire", "restore")[number % 2]
        status, where = room.visitor.act(action, ["gen_001"], back=back)
        assert (status, where) == (303, f"/?done={action}&count=1")


def test_too_large_a_form_is_refused(room: Room) -> None:
    assert room.visitor.act("retire", ["gen_001"], note="x" * 300_000)[0] == 413
    assert room.visitor.ask("/act", {f"f{n}": "" for n in range(3000)})[0] == 400


def test_long_and_strange_texts_have_a_page(room: Room) -> None:
    text = "A \ud800 half, \u202eturned\u202c, nul \0, سلام 🧑‍🍳 " + "long " * 20_000
    room.store.add_entries([Skill("odd", text, text, text)], reason="odd")
    status, page, _ = room.visitor.ask("/entry?id=odd")
    assert status == 200
    for mark in ("U+D800", "U+202E", "U+0000", "سلام 🧑‍🍳", "more characters"):
        assert mark in page
    assert "\u202e" not in page
    assert room.visitor.ask("/?q=half")[0] == 200
    other = Skill("odd", text.replace("long", "short"), text[::-1], text)
    room.store.publish(room.store.bank.without(["odd"]).with_skills([other]), reason="revised")
    assert room.visitor.ask("/compare?a=3&b=4")[0] == 200


def test_foreign_evidence_is_shown_as_it_is(room: Room) -> None:
    room.store.save_evidence({("gen_002", "cool"): {"wins": 3, "note": SCRIPT}})
    _, text, _ = room.visitor.ask("/entry?id=gen_002")
    assert "wins" in text
    assert "<script>" not in text
    assert room.visitor.ask("/")[0] == 200


def test_reading_only_offers_no_action(tmp_path: Path) -> None:
    with BankStore.open(make_store(tmp_path / "bank.skb")) as store, serving(create_app(store)) as root:
        visitor = Visitor(root)
        assert "<button" not in visitor.ask("/entry?id=gen_001")[1]
        _, text, _ = visitor.ask("/")
        assert 'type="checkbox"' not in text


def test_token_is_asked_for_and_a_session_ends(tmp_path: Path) -> None:
    with (
        BankStore.open(make_store(tmp_path / "bank.skb"), write=True) as store,
        serving(create_app(store, token=TOKEN)) as root,
    ):
        visitor = Visitor(root, Host="bank.example")
        for path in ("/", "/entry?id=gen_001", "/compare", "/events", "/versions"):
            status, text, headers = visitor.ask(path)
            assert (status, headers["location"], text) == (303, "/login", "")
        assert visitor.ask("/act", {"action": "retire", "id": "gen_001", "reason": "x"})[0] == 303
        assert visitor.ask("/login", {"token": "wrong"})[0] == 401
        assert visitor.cookies == {}
        status, _, headers = visitor.ask("/login", {"token": TOKEN})
        assert status == 303
        assert "HttpOnly" in headers["set-cookie"]
        assert TOKEN not in headers["set-cookie"]
        assert visitor.ask("/")[0] == 200
        assert visitor.act("retire", ["gen_001"])[0] == 303
        assert store.state("gen_001") is State.RETIRED
        forged = Visitor(root)
        forged.cookies = {
            name: value[:-1] + "0" if value[-1] != "0" else value[:-1] + "1"
            for name, value in visitor.cookies.items()
        }
        assert forged.ask("/")[0] == 303
        other = Visitor(root)
        other.ask("/login", {"token": TOKEN})
        stolen = {"key": other.key(), "action": "retire", "id": "gen_002", "reason": "x"}
        assert visitor.ask("/act", stolen)[0] == 403  # a key is of one session
        assert visitor.ask("/logout", {"key": visitor.key()})[0] == 303
        assert visitor.ask("/")[0] == 303


def test_another_address_needs_a_token_and_a_good_one(tmp_path: Path) -> None:
    path = make_store(tmp_path / "bank.skb")
    with pytest.raises(ValueError, match="token is needed"):
        serve(path, "0.0.0.0")
    with pytest.raises(ValueError, match="at least 16"):
        serve(path, "0.0.0.0", token="short")


def test_missing_store_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no bank store"):
        serve(tmp_path / "mistyped.skb")
    assert list(tmp_path.iterdir()) == []


def test_static_files_are_served_with_their_types(room: Room) -> None:
    for name, kind in FILES.items():
        status, text, headers = room.visitor.ask(f"/static/{name}")
        assert (status, headers["content-type"].partition(";")[0]) == (200, kind)
        assert text
    assert room.visitor.ask("/static/..%2fapp.py")[0] == 404
