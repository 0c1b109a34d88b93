"""The page of one entry: its text, its origin, what it is worth, what the lint says, and its history."""

import json
from collections.abc import Mapping
from typing import Any

from skill_gym.benchmarks.bank_page.decide_form import decide_form
from skill_gym.benchmarks.bank_page.entry_texts import LONG, NAMES, field_changes, fields_of, folded
from skill_gym.benchmarks.bank_page.likeness import MOST
from skill_gym.benchmarks.bank_page.list_page import HEADINGS
from skill_gym.benchmarks.bank_page.markup import Content, Markup, join, link, tag, visible
from skill_gym.benchmarks.bank_page.visit import (
    PageError,
    Visit,
    entry_link,
    moment,
    page,
    place_name,
    state_chip,
    title_of,
)
from skill_gym.benchmarks.bank_page.worth import Worth
from skill_gym.skillbanks.duplicates import Duplicate
from skill_gym.skillbanks.lint import Lint
from skill_gym.skillbanks.skill import Mistake, Provenance, Skill
from skill_gym.skillbanks.skillrl_format import write_entry
from skill_gym.skillbanks.store_events import Event

LATEST = 200
"""Events that are shown of an entry."""

IN_FULL = 20
"""Of which so many, the latest, with what they changed."""


def entry_page(visit: Visit) -> Markup:
    """The page at ``/entry``."""
    entry_id = visit.query.get("id", "")
    found = visit.listing.get([entry_id])
    if not found:
        raise PageError(f"no entry {entry_id!r} in this store; search for it in the list", 404)
    (listed,) = found
    entry = listed.entry
    worth = Worth(visit.listing.evidence([entry_id]))
    like, note = _resembled(visit, entry)
    return page(
        visit,
        title_of(entry)[:80],
        tag(
            "p",
            tag(
                "a",
                "← " + HEADINGS.get(listed.state.value, listed.state.value.capitalize()),
                href=link("/", state=listed.state.value),
            ),
            class_="quiet small",
        ),
        tag(
            "div",
            tag(
                "article",
                tag(
                    "h1",
                    visible(title_of(entry))
                    if len(title_of(entry)) <= LONG
                    else visible(title_of(entry)[:LONG] + "…"),
                    dir="auto",
                ),
                tag(
                    "p",
                    state_chip(listed.state),
                    tag("code", visible(entry.id)),
                    tag("span", visible(place_name(listed.place)), class_="place"),
                    class_="about",
                ),
                _texts(entry),
                _alike(visit, entry, like, note),
                _lint(entry),
                tag("section", tag("h2", "Worth"), worth.section(entry_id)),
                _provenance(entry),
                _history(visit, entry_id),
            ),
            decide_form(visit, listed, like) if visit.writable else None,
            class_="with-actions" if visit.writable else None,
        ),
    )


def _texts(entry: Skill | Mistake) -> Markup:
    fields: list[Content] = []
    for name, text in fields_of(entry).items():
        if name in ("title", "description"):
            continue
        fields.append(
            tag("div", tag("dt", NAMES.get(name, name)), tag("dd", folded(text), dir="auto", class_="text"))
        )
    keywords = entry.keywords if isinstance(entry, Skill) else ()
    if keywords:
        fields.append(tag("div", tag("dt", "Keywords"), tag("dd", visible(", ".join(keywords)))))
    if entry.extra:
        fields.append(tag("div", tag("dt", "Other fields"), tag("dd", _json(entry.extra))))
    return tag("dl", fields, class_="texts")


def _resembled(visit: Visit, entry: Skill | Mistake) -> tuple[Duplicate | None, str]:
    """What the entry resembles, or why that is not known."""
    if visit.store.head.size > MOST:
        return None, f"Banks of more than {MOST:,} entries are not searched for similar ones."
    if visit.likeness.busy:
        return None, "The bank's words are still being read; open this page again in a moment."
    return visit.likeness.find(visit.store.bank, entry), ""


def _alike(visit: Visit, entry: Skill | Mistake, like: Duplicate | None, note: str) -> Markup | None:
    if note:
        return tag("section", tag("h2", "Similar"), tag("p", note, class_="quiet"))
    if like is None:
        return None
    other = visit.store.bank.get(like.of)
    says = {"same": "in the same words", "near": "in like words", "variant": "of something else: no copy"}
    return tag(
        "section",
        tag("h2", "Says the same" if like.kind != "variant" else "Similar"),
        tag(
            "p",
            entry_link(like.of, visible(title_of(other)[:160])),
            " ",
            tag("code", visible(like.of)),
            tag("span", f" {says[like.kind]} ({like.similarity:.0%} alike)", class_="quiet"),
        ),
        tag("details", tag("summary", "Compare"), field_changes(other, entry)),
    )


def _lint(entry: Skill | Mistake) -> Markup:
    findings = Lint().check(entry)
    if not findings:
        return tag("section", tag("h2", "Lint"), tag("p", "Nothing was found.", class_="quiet"))
    items = [
        tag(
            "li",
            tag("span", finding.severity.value, class_=f"chip {finding.severity.value}"),
            tag("b", visible(finding.rule)),
            tag("span", " in ", visible(finding.field)) if finding.field else None,
            tag("p", tag("code", visible(finding.excerpt)), class_="excerpt"),
            tag("p", visible(finding.mend), class_="quiet small"),
        )
        for finding in findings
    ]
    return tag("section", tag("h2", "Lint"), tag("ul", items, class_="findings"))


def _provenance(entry: Skill | Mistake) -> Markup:
    source = entry.provenance
    if source is None:
        body = tag("p", "The bank file says nothing about its origin.", class_="quiet")
    else:
        body = tag("dl", _origin(source), class_="facts")
    return tag("section", tag("h2", "Provenance"), body)


def _origin(source: Provenance) -> Content:
    facts: dict[str, Content] = {
        "Teacher": visible(source.teacher) if source.teacher else None,
        "Written for": visible(source.bank_version) if source.bank_version else None,
        "Splits": [tag("span", visible(split), class_="chip") for split in source.splits] or None,
        "Evidence": folded(source.evidence) if source.evidence else None,
        "Trajectories": _trajectories(source.trajectory_ids),
        "More": _json(source.extra) if source.extra else None,
    }
    return [join(tag("dt", name), tag("dd", value)) for name, value in facts.items() if value is not None]


def _trajectories(ids: tuple[str, ...]) -> Content:
    if not ids:
        return None
    items = tag("ul", [tag("li", tag("code", visible(name))) for name in ids[:LATEST]])
    more = None if len(ids) <= LATEST else tag("p", f"and {len(ids) - LATEST:,} more")
    return tag("details", tag("summary", f"{len(ids):,}"), items, more)


def _json(value: Mapping[str, Any]) -> Markup:
    return tag("pre", visible(json.dumps(dict(value), indent=1, ensure_ascii=False, default=str)))


def _history(visit: Visit, entry_id: str) -> Markup:
    events = visit.store.blame(entry_id)
    before: Skill | Mistake | None = None
    items: list[Content] = []
    for place, event in enumerate(events):
        in_full = place >= len(events) - IN_FULL
        items.append(_event(event, before, in_full))
        before = event.entry or before
    shown = items[::-1][:LATEST]
    more = tag("p", f"and {len(items) - LATEST:,} before", class_="quiet") if len(items) > LATEST else None
    return tag("section", tag("h2", "History"), tag("ol", shown, class_="timeline"), more, id="history")


def _event(event: Event, before: Skill | Mistake | None, in_full: bool) -> Markup:
    change = None
    if (
        in_full
        and before is not None
        and event.entry is not None
        and write_entry(before) != write_entry(event.entry)
    ):
        change = tag("details", tag("summary", "What changed"), field_changes(before, event.entry))
    return tag(
        "li",
        tag(
            "p",
            tag("b", event.kind.value.capitalize()),
            (" into ", entry_link(event.into)) if event.into else None,
            (" by ", tag("span", visible(event.actor), class_="actor")) if event.actor else None,
            " · ",
            moment(event.time),
            None if event.version is None else (" · ", _version_link(event.version)),
        ),
        tag("p", visible(event.reason), class_="reason", dir="auto"),
        change,
        id=f"event-{event.seq}",
        class_=event.kind.value,
    )


def _version_link(number: int) -> Markup:
    return tag("a", f"version {number}", href=link("/compare", a=max(0, number - 1), b=number))
