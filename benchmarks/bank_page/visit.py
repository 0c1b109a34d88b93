"""What every page knows of the request that it answers, and the frame that all pages share."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from skill_gym.benchmarks.bank_page.likeness import Likeness
from skill_gym.benchmarks.bank_page.markup import Content, Markup, join, link, plain, tag, visible
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.store_events import MISTAKE, TASK_TYPE, State
from skill_gym.skillbanks.store_listing import StoreListing

DONE = {
    "approve": "Approved",
    "reject": "Rejected",
    "merge": "Merged",
    "retire": "Retired",
    "restore": "Restored",
    "rollback": "Published again",
}
"""What was done, by action."""


class PageError(ValueError):
    """A request cannot be met; the message says what to do.

    Attributes:
        status: Of the answer.
    """

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request.

    Attributes:
        store: The store.
        listing: The same store, for pages of entries.
        likeness: Finds what may be merged.
        query: The address's parameters; of repeated ones the last.
        form_key: For forms, see ``Guard.form_key``.
        actor: Who acts unless the form says other.
        writable: Whether anything can be done.
        logs_out: Whether there is a session that can end.
    """

    store: BankStore
    listing: StoreListing
    likeness: Likeness
    query: Mapping[str, str] = field(default_factory=dict)
    form_key: str = ""
    actor: str = ""
    writable: bool = True
    logs_out: bool = False

    def number(self, name: str, default: int, least: int = 0) -> int:
        """A whole number of the query.

        Raises:
            PageError: It is none, or too small.
        """
        text = self.query.get(name, "")
        if not text:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) < 16) or int(text) < least:
            raise PageError(
                f"{name} must be a whole number from {least} on, got {text!r}; correct the address"
            )
        return int(text)


def page(visit: Visit, title: str, *content: Content, here: str = "") -> Markup:
    """A whole page."""
    waiting = sum(count for (state, _), count in visit.listing.counts().items() if state is State.CANDIDATE)
    places = (
        ("/", "Skills", None),
        ("/?state=candidate", "Candidates", waiting or None),
        ("/versions", "Versions", None),
        ("/events", "Events", None),
    )
    links = [
        tag(
            "a",
            name,
            None if count is None else tag("span", f"{count:,}", class_="count"),
            href=address,
            aria_current="page" if address == here else None,
        )
        for address, name, count in places
    ]
    head = visit.store.head
    version = tag(
        "span",
        f"version {head.number}",
        tag("span", f" · {head.size:,} entries", class_="wide"),
        class_="head-version",
        title=head.name or None,
    )
    leave = None
    if visit.logs_out:
        leave = tag(
            "form",
            key_field(visit),
            tag("button", "Log out", class_="plain"),
            method="post",
            action="/logout",
        )
    return bare_page(
        title,
        tag(
            "header",
            tag(
                "a",
                tag("b", "Skill bank"),
                tag("span", visit.store.path.name, class_="wide"),
                href="/",
                class_="brand",
            ),
            tag("nav", links, aria_label="Main"),
            version,
            leave,
        ),
        tag("main", flash(visit), content, id="main", tabindex="-1"),
    )


def bare_page(title: str, *content: Content) -> Markup:
    """A page without anything of the store."""
    return join(
        Markup("<!doctype html>\n"),
        tag(
            "html",
            tag(
                "head",
                tag("meta", charset="utf-8"),
                tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
                tag("meta", name="color-scheme", content="light dark"),
                tag("title", f"{plain(title)} · Skill bank"),
                tag("link", rel="icon", href="/static/icon.svg", type="image/svg+xml"),
                tag("link", rel="stylesheet", href="/static/style.css"),
                tag("script", src="/static/page.js", defer=True),
            ),
            tag("body", tag("a", "Skip to content", href="#main", class_="skip"), content),
            lang="en",
        ),
    )


def flash(visit: Visit) -> Markup | None:
    """Tells what the action before this page did."""
    done = DONE.get(visit.query.get("done", ""))
    if done is None:
        return None
    count = visit.number("count", 1)
    what = "" if count == 1 else f" {count:,} entries"
    return tag(
        "p",
        f"{done}{what}; the store is at version {visit.store.head.number}.",
        class_="flash",
        role="status",
    )


def key_field(visit: Visit) -> Markup:
    """The hidden field that proves that a form is ours."""
    return tag("input", type="hidden", name="key", value=visit.form_key)


def who_and_why(visit: Visit, name: str, *, why: str = "") -> Markup:
    """The fields that every action needs.

    Args:
        visit: The request.
        name: Prefix of the fields' ids, unique in the page.
        why: What to suggest as a reason.
    """
    return join(
        tag("label", "Reason", for_=f"{name}-reason"),
        tag(
            "textarea", id=f"{name}-reason", name="reason", required=True, maxlength=2000, rows=2,
            placeholder=why or "Kept in the history",
        ),
        tag("label", "Your name", for_=f"{name}-actor"),
        tag(
            "input", id=f"{name}-actor", name="actor", value=visit.actor, maxlength=100,
            autocomplete="username",
        ),
    )  # fmt: skip


def entry_link(entry_id: str, *content: Content, class_: str | None = None) -> Markup:
    """A link to an entry's page."""
    return tag("a", content or visible(entry_id), href=link("/entry", id=entry_id), class_=class_)


def form_id(entry_id: str) -> str:
    """An id as a form carries it: browsers change line ends and more in plain values."""
    return quote(entry_id, safe="", errors="replace")


def state_chip(state: State) -> Markup:
    """A state, in its colour."""
    return tag("span", state.value, class_=f"chip {state.value}")


def place_name(place: str) -> str:
    """A list of the bank, for people."""
    if place.startswith(TASK_TYPE):
        return place.removeprefix(TASK_TYPE)
    return "mistakes" if place == MISTAKE else place


def title_of(entry: Skill | Mistake) -> str:
    """What heads an entry."""
    return entry.title if isinstance(entry, Skill) else entry.description


def moment(seconds: float) -> Markup:
    """A point in time, in UTC."""
    try:
        when = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return tag("span", f"{seconds:g} s", class_="quiet")
    return tag(
        "time",
        when.strftime("%Y-%m-%d %H:%M"),
        datetime=when.isoformat(),
        title=when.strftime("%H:%M:%S UTC"),
    )
