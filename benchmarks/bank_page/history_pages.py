"""The bank's history: its versions, any two of which can be compared, and its events."""

from skill_gym.benchmarks.bank_page.entry_texts import field_changes, fields_of
from skill_gym.benchmarks.bank_page.markup import Content, Markup, join, link, tag, visible
from skill_gym.benchmarks.bank_page.visit import (
    PageError,
    Visit,
    entry_link,
    key_field,
    moment,
    page,
    place_name,
    title_of,
    who_and_why,
)
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.store_events import Event, Version, place_of

PER_PAGE = 50
CHANGES_PER_PAGE = 40
SIGNS = {
    "added": "+",
    "revised": "~",
    "retired": "−",
    "merged": "⤳",
    "restored": "↺",
    "proposed": "?",
    "rejected": "×",
}


def versions_page(visit: Visit) -> Markup:
    """The page at ``/versions``."""
    number = visit.number("page", 1, least=1)
    versions = visit.store.versions()[::-1]
    head = versions[0].number
    shown = versions[(number - 1) * PER_PAGE : number * PER_PAGE]
    names = ("A", "B", "Version", "Published", "Entries", "Changes", "Why")
    rows = [_version_row(version, head) for version in shown]
    table = tag(
        "table",
        tag("thead", tag("tr", [tag("th", name, scope="col") for name in names])),
        tag("tbody", rows),
        class_="versions",
    )
    return page(
        visit,
        "Versions",
        tag("h1", "Versions"),
        tag(
            "form",
            tag(
                "p",
                "Choose an older version A and a newer one B.",
                tag("button", "Compare A with B"),
                class_="bar",
            ),
            tag("div", table, class_="scroll"),
            method="get",
            action="/compare",
        ),
        _pager("/versions", number, len(versions)),
        here="/versions",
    )


def _version_row(version: Version, head: int) -> Markup:
    def choice(name: str, chosen: bool) -> Markup:
        label = f"Version {version.number} as {name.upper()}"
        return tag(
            "td",
            tag("input", type="radio", name=name, value=version.number, checked=chosen, aria_label=label),
        )

    counts = [
        tag("span", f"{SIGNS.get(kind, '')}{count:,} {kind}", class_=f"chip {kind}")
        for kind, count in version.counts.items()
    ]
    return tag(
        "tr",
        choice("a", version.number == max(0, head - 1)),
        choice("b", version.number == head),
        tag(
            "th",
            tag(
                "a",
                str(version.number),
                href=link("/compare", a=max(0, version.number - 1), b=version.number),
            ),
            " ",
            tag("code", version.name),
            scope="row",
        ),
        tag("td", moment(version.time)),
        tag("td", f"{version.size:,}", class_="number"),
        tag("td", counts or tag("span", "–", class_="quiet")),
        tag(
            "td",
            visible(version.reason),
            tag("span", " by ", visible(version.actor), class_="quiet") if version.actor else None,
        ),
    )


def compare_page(visit: Visit) -> Markup:
    """The page at ``/compare``."""
    a, b = visit.number("a", 0), visit.number("b", visit.store.head.number)
    number = visit.number("page", 1, least=1)
    known = {version.number for version in visit.store.versions()}
    for wanted in (a, b):
        if wanted not in known:
            raise PageError(f"no version {wanted}; the page Versions lists those there are", 404)
    old, new = visit.store.version(a), visit.store.version(b)
    difference = old.diff(new)
    changes = [
        *(("changed", entry_id) for entry_id in difference.changed),
        *(("added", entry_id) for entry_id in difference.added),
        *(("removed", entry_id) for entry_id in difference.removed),
    ]
    shown = changes[(number - 1) * CHANGES_PER_PAGE : number * CHANGES_PER_PAGE]
    counts = [
        tag("span", f"{len(ids):,} {name}", class_=f"chip {name}")
        for name, ids in (
            ("changed", difference.changed),
            ("added", difference.added),
            ("removed", difference.removed),
        )
    ]
    if changes:
        body: Content = [_change(kind, entry_id, old, new) for kind, entry_id in shown]
    else:
        same = old.dumps() == new.dumps()
        body = tag(
            "p", "The two are equal." if same else "No entry differs; order or metadata do.", class_="empty"
        )
    return page(
        visit,
        f"Versions {a} and {b}",
        tag("h1", f"Version {a} → version {b}"),
        tag(
            "p",
            counts,
            tag("span", tag("code", old.version), " → ", tag("code", new.version), class_="quiet"),
            tag("a", "Swap", href=link("/compare", a=b, b=a)),
            class_="about",
        ),
        tag("section", body, class_="changes"),
        _pager("/compare", number, len(changes), CHANGES_PER_PAGE, a=a, b=b),
        _rollback(visit, a) if visit.writable and a != visit.store.head.number else None,
        here="/versions",
    )


def _change(kind: str, entry_id: str, old: SkillBank, new: SkillBank) -> Markup:
    entry = new.get(entry_id) if entry_id in new else old.get(entry_id)
    head = tag(
        "h2",
        tag("span", kind, class_=f"chip {kind}"),
        entry_link(entry_id, visible(title_of(entry)[:160])),
        tag("code", visible(entry_id)),
    )
    body = field_changes(old.get(entry_id), entry) if kind == "changed" else _whole(entry, kind)
    return tag("article", head, body, class_="change")


def _whole(entry: Skill | Mistake, kind: str) -> Markup:
    element = "ins" if kind == "added" else "del"
    texts = [
        tag("p", tag(element, visible(text)), dir="auto") for text in list(fields_of(entry).values())[1:]
    ]
    place = tag("p", visible(place_name(place_of(entry))), class_="quiet small")
    empty = tag("td", class_="nothing")
    full = tag("td", texts, place)
    sides = (empty, full) if kind == "added" else (full, empty)
    return tag("table", tag("tbody", tag("tr", tag("th", "Text", scope="row"), sides)), class_="sides")


def _rollback(visit: Visit, number: int) -> Markup:
    return tag(
        "details",
        tag("summary", f"Publish version {number} again"),
        tag(
            "p",
            "Its bank becomes the next version, byte for byte; what came since stays in the history.",
            class_="quiet",
        ),
        tag(
            "form",
            key_field(visit),
            tag("input", type="hidden", name="version", value=number),
            who_and_why(visit, "rollback"),
            tag("button", "Publish again", name="action", value="rollback", class_="do retire"),
            method="post",
            action="/act",
        ),
        class_="panel",
    )


def events_page(visit: Visit) -> Markup:
    """The page at ``/events``."""
    before = visit.number("before", 0)
    events = visit.store.log(PER_PAGE + 1, before=before or None)
    shown = events[:PER_PAGE]
    older = None
    if len(events) > PER_PAGE:
        older = tag("a", "Older →", href=link("/events", before=shown[-1].seq), rel="next")
    newest = tag("a", "← Newest", href="/events") if before else None
    body = tag("ol", [_event_line(event) for event in shown], class_="timeline") if shown else None
    return page(
        visit,
        "Events",
        tag("h1", "Events"),
        body or tag("p", "Nothing happened yet.", class_="empty"),
        tag("nav", newest, older, class_="pager", aria_label="Pages"),
        here="/events",
    )


def _event_line(event: Event) -> Markup:
    version = None
    if event.version is not None:
        version = join(
            " · ",
            tag(
                "a",
                f"version {event.version}",
                href=link("/compare", a=max(0, event.version - 1), b=event.version),
            ),
        )
    return tag(
        "li",
        tag(
            "p",
            tag("b", event.kind.value.capitalize()),
            " ",
            entry_link(event.entry_id, tag("code", visible(event.entry_id))),
            (" into ", entry_link(event.into, tag("code", visible(event.into)))) if event.into else None,
            (" by ", tag("span", visible(event.actor), class_="actor")) if event.actor else None,
            " · ",
            moment(event.time),
            version,
        ),
        tag("p", visible(event.reason), class_="reason", dir="auto"),
        class_=event.kind.value,
    )


def _pager(path: str, number: int, total: int, per_page: int = PER_PAGE, **query: object) -> Markup | None:
    last = max(1, -(-total // per_page))
    if last == 1 and number == 1:
        return None
    before = min(number, last + 1) - 1
    return tag(
        "nav",
        tag("a", "← Previous", href=link(path, **query, page=before), rel="prev") if before >= 1 else None,
        tag("span", f"Page {number:,} of {last:,}"),
        tag("a", "Next →", href=link(path, **query, page=number + 1), rel="next") if number < last else None,
        class_="pager",
        aria_label="Pages",
    )
