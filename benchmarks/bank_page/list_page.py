"""The list: entries by state, place and words, a page at a time, with actions on those that are chosen."""

from skill_gym.benchmarks.bank_page.markup import Content, Markup, join, link, tag, visible
from skill_gym.benchmarks.bank_page.visit import (
    PageError,
    Visit,
    entry_link,
    form_id,
    key_field,
    page,
    place_name,
    state_chip,
    title_of,
    who_and_why,
)
from skill_gym.benchmarks.bank_page.worth import Worth
from skill_gym.skillbanks.skill import Mistake
from skill_gym.skillbanks.store_events import State
from skill_gym.skillbanks.store_listing import Found, Listed, order_of

PER_PAGE = 50
EXCERPT = 280
"""Characters of a text in the list."""

ALL = "all"
SORTS = {"": "Bank order", "newest": "Newest text", "worst": "Lowest effect", "best": "Highest effect"}
HEADINGS = {"active": "Skills", "candidate": "Candidates", ALL: "All entries"}

BY_EFFECT = ("worst", "best")

ACTIONS = {
    State.ACTIVE: ("retire", "merge"),
    State.CANDIDATE: ("approve", "reject", "merge"),
    State.RETIRED: ("restore",),
    State.MERGED: ("restore",),
    State.REJECTED: ("restore",),
}
"""What can be done with an entry."""


def list_page(visit: Visit) -> Markup:
    """The page at ``/``."""
    chosen = visit.query.get("state", State.ACTIVE.value)
    if chosen != ALL and chosen not in [state.value for state in State]:
        raise PageError(f"no state {chosen!r}; choose one of {', '.join(State)} or {ALL}")
    states = tuple(State) if chosen == ALL else (State(chosen),)
    number = visit.number("page", 1, least=1)
    found = _find(visit, states, (number - 1) * PER_PAGE)
    heading = HEADINGS.get(chosen, chosen.capitalize())
    waiting = chosen == State.CANDIDATE.value
    return page(
        visit,
        heading,
        tag(
            "div",
            _filters(visit, chosen),
            tag(
                "section",
                tag("h1", heading),
                _search(visit, found),
                _rows(visit, found, None if chosen == ALL else State(chosen)),
                _pager(visit, found, number),
                _keys(),
            ),
            class_="with-side",
        ),
        here="/?state=candidate" if waiting else "/",
    )


def _find(visit: Visit, states: tuple[State, ...], offset: int) -> Found:
    sort = visit.query.get("sort", "")
    words, place = visit.query.get("q", ""), visit.query.get("place") or None
    if sort not in SORTS:
        raise PageError(f"no order {sort!r}; choose one of {', '.join(filter(None, SORTS))}")
    if sort not in BY_EFFECT:
        return visit.listing.find(
            words, states=states, place=place, newest=sort == "newest", offset=offset, limit=PER_PAGE
        )
    # Only entries with an effect have a place in such an order.
    rows = visit.listing.evidence()
    by_id: dict[str, dict[tuple[str, str], dict[str, object]]] = {}
    for key, row in rows.items():
        by_id.setdefault(key[0], {})[key] = row
    effects = {
        entry_id: effect.mean for entry_id, own in by_id.items() if (effect := Worth(own).of(entry_id))
    }
    ids = sorted(effects, key=lambda entry_id: (effects[entry_id] * (1 if sort == "worst" else -1), entry_id))
    return visit.listing.find(words, states=states, place=place, among=ids, offset=offset, limit=PER_PAGE)


def _filters(visit: Visit, chosen: str) -> Markup:
    counts = visit.listing.counts()
    keep = {name: visit.query.get(name, "") for name in ("q", "sort")}

    def item(name: Content, count: int, here: bool, **query: str) -> Markup:
        address = link("/", **{**keep, **query})
        current = "true" if here else None
        return tag(
            "li",
            tag(
                "a",
                tag("span", name),
                tag("span", f"{count:,}", class_="count"),
                href=address,
                aria_current=current,
            ),
        )

    by_state = [
        item(
            state.value,
            sum(n for (s, _), n in counts.items() if s is state),
            chosen == state.value,
            state=state.value,
        )
        for state in State
    ]
    by_state.append(item(ALL, sum(counts.values()), chosen == ALL, state=ALL))
    in_state: dict[str, int] = {}
    for (state, place), count in counts.items():
        if chosen in (ALL, state.value):
            in_state[place] = in_state.get(place, 0) + count
    here = visit.query.get("place", "")
    by_place = [item("any", sum(in_state.values()), not here, state=chosen)]
    by_place += [
        item(visible(place_name(place)), in_state[place], here == place, state=chosen, place=place)
        for place in sorted(in_state, key=order_of)
    ]
    return tag(
        "aside",
        tag("h2", "State"),
        tag("ul", by_state, class_="filter"),
        tag("h2", "Category"),
        tag("ul", by_place, class_="filter"),
        aria_label="Filters",
    )


def _search(visit: Visit, found: Found) -> Markup:
    kept = [
        tag("input", type="hidden", name=name, value=visit.query[name])
        for name in ("state", "place")
        if visit.query.get(name)
    ]
    sort = visit.query.get("sort", "")
    options = [tag("option", name, value=key, selected=key == sort) for key, name in SORTS.items()]
    query = visit.query.get("q", "")
    return join(
        tag(
            "form",
            kept,
            tag("label", "Search", for_="q", class_="unseen"),
            tag(
                "input", type="search", id="q", name="q", value=query,
                placeholder="Search titles, texts, ids, teachers …",
                data_hotkey="/", aria_keyshortcuts="/", autocomplete="off",
            ),
            tag("label", "Order", for_="sort", class_="unseen"),
            tag("select", options, id="sort", name="sort", data_submits=True),
            tag("button", "Search"),
            method="get",
            action="/",
            role="search",
            class_="search",
        ),
        tag(
            "p",
            f"{found.total:,} {'entry' if found.total == 1 else 'entries'}",
            " whose effect is known" if sort in BY_EFFECT else None,
            (" for “", visible(query), "”") if query else None,
            class_="quiet small",
            role="status",
        ),
    )  # fmt: skip


def _rows(visit: Visit, found: Found, state: State | None) -> Markup:
    if not found.entries:
        return tag("p", "Nothing here. Change the words or the filters.", class_="empty")
    worth = Worth(visit.listing.evidence(listed.entry.id for listed in found.entries))
    acts = state is not None and visit.writable
    rows = tag("ol", [_row(listed, worth, acts, state is None) for listed in found.entries], class_="entries")
    if state is None or not acts:
        return rows
    buttons: list[Content] = []
    for action in ACTIONS[state]:
        if action == "merge":
            continue
        buttons.append(tag("button", action.capitalize(), name="action", value=action, class_=f"do {action}"))
    if "merge" in ACTIONS[state]:
        buttons.append(
            tag(
                "span",
                tag("label", "or merge into", for_="bulk-into"),
                tag("input", id="bulk-into", name="into", placeholder="id that stays", size=14),
                tag("button", "Merge", name="action", value="merge", class_="do merge"),
                class_="merge-into",
            )
        )
    back = link("/", **{name: visit.query.get(name, "") for name in ("state", "place", "q", "sort")})
    return tag(
        "form",
        key_field(visit),
        tag("input", type="hidden", name="back", value=back),
        rows,
        tag(
            "fieldset",
            tag("legend", "With the chosen entries", data_chosen=True),
            tag("div", who_and_why(visit, "bulk"), class_="fields"),
            tag("div", buttons, class_="buttons"),
            class_="bulk",
        ),
        method="post",
        action="/act",
    )


def _row(listed: Listed, worth: Worth, acts: bool, with_state: bool) -> Markup:
    entry = listed.entry
    text = entry.how_to_avoid if isinstance(entry, Mistake) else entry.principle
    excerpt = text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"
    title = title_of(entry)
    box = tag("input", type="checkbox", name="id", value=form_id(entry.id), aria_label=f"Choose {entry.id}")
    return tag(
        "li",
        box if acts else None,
        tag(
            "div",
            tag(
                "h2",
                entry_link(
                    entry.id,
                    visible(title[:EXCERPT]) if title.strip() else tag("i", "no title"),
                    class_="open",
                ),
            ),
            tag("p", visible(excerpt), class_="excerpt", dir="auto"),
            tag(
                "p",
                tag("code", visible(entry.id)),
                tag("span", visible(place_name(listed.place)), class_="place"),
                state_chip(listed.state) if with_state else None,
                class_="about",
            ),
            class_="body",
        ),
        tag("div", worth.summary(entry.id), class_="side"),
    )


def _keys() -> Markup:
    keys = (("/", "search"), ("j k", "next, previous"), ("Enter", "open"), ("x", "choose"), ("n p", "pages"))
    told = [tag("span", [(tag("kbd", key), " ") for key in names.split()], what) for names, what in keys]
    return tag("p", told, class_="keys quiet small", aria_label="Keys")


def _pager(visit: Visit, found: Found, number: int) -> Markup | None:
    last = max(1, -(-found.total // PER_PAGE))
    if last == 1 and number == 1:
        return None

    def to(target: int, name: str, rel: str) -> Markup:
        if not 1 <= target <= last:
            return tag("span", name, class_="quiet")
        return tag("a", name, href=link("/", **{**visit.query, "page": target, "done": None}), rel=rel)

    return tag(
        "nav",
        to(min(number, last + 1) - 1, "← Previous", "prev"),
        tag("span", f"Page {number:,} of {last:,}"),
        to(number + 1, "Next →", "next"),
        class_="pager",
        aria_label="Pages",
    )
