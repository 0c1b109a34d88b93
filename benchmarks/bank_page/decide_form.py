"""The form beside an entry: what can be done with it, each with who and why."""

from skill_gym.benchmarks.bank_page.list_page import ACTIONS
from skill_gym.benchmarks.bank_page.markup import Markup, link, tag
from skill_gym.benchmarks.bank_page.visit import Visit, form_id, key_field, who_and_why
from skill_gym.skillbanks.duplicates import Duplicate
from skill_gym.skillbanks.lint import Lint
from skill_gym.skillbanks.store_listing import Listed


def decide_form(visit: Visit, listed: Listed, like: Duplicate | None) -> Markup:
    """What can be done with an entry in its state.

    Args:
        visit: The request.
        listed: The entry.
        like: What it resembles, to merge it into.
    """
    actions = ACTIONS[listed.state]
    errors = Lint().errors(listed.entry) if {"approve", "restore"} & set(actions) else ()
    despite = None
    if errors:
        despite = tag(
            "label",
            tag("input", type="checkbox", name="despite_lint", value="yes"),
            f" Into the bank in spite of {len(errors)} lint {'error' if len(errors) == 1 else 'errors'}",
            class_="despite",
        )
    plain = [
        tag("button", name.capitalize(), name="action", value=name, class_=f"do {name}")
        for name in actions
        if name != "merge"
    ]
    merge = None
    target = like.of if like is not None and like.kind != "variant" else None
    if "merge" in actions:
        merge = tag(
            "div",
            tag("label", "Merge into the entry", for_="one-into"),
            tag(
                "div",
                tag("input", id="one-into", name="into", placeholder="its id", value=target),
                tag("button", "Merge", name="action", value="merge", class_="do merge"),
                class_="together",
            ),
            class_="merge-into",
        )
    return tag(
        "aside",
        tag(
            "form",
            tag("h2", "Decide"),
            key_field(visit),
            tag("input", type="hidden", name="id", value=form_id(listed.entry.id)),
            tag("input", type="hidden", name="back", value=link("/entry", id=listed.entry.id)),
            who_and_why(visit, "one"),
            despite,
            tag("div", plain, class_="buttons"),
            merge,
            method="post",
            action="/act",
        ),
        class_="decide",
        aria_label="Decide",
    )
