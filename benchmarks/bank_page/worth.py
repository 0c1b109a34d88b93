"""What is known of a skill's worth, as figures and as a small picture of the effect."""

from collections.abc import Mapping
from typing import Any

from skill_gym.benchmarks.bank_page.markup import Content, Markup, tag, visible
from skill_gym.skillbanks.evidence import Evidence, EvidenceBook
from skill_gym.skillbanks.utility import Posterior, Utility

WIDTH, HEIGHT, MOST = 96, 14, 0.5
"""Of the picture; effects beyond ``MOST`` are drawn at its edge."""

Rows = Mapping[tuple[str, str], Mapping[str, Any]]


class Worth:
    """Posteriors of the entries of one page.

    Args:
        rows: What the store has on them; rows that are no evidence of ours are kept as they are.
    """

    def __init__(self, rows: Rows) -> None:
        self.foreign: dict[tuple[str, str], Mapping[str, Any]] = {}
        found = {}
        for key, row in rows.items():
            try:
                found[key] = Evidence.from_json(row)
            except ValueError:
                self.foreign[key] = row
        self.book = EvidenceBook(found)
        self._utility = Utility(self.book)

    def of(self, entry_id: str, task_type: str | None = None) -> Posterior | None:
        """The effect on success; None where nothing drawn by chance says anything."""
        posterior = self._utility.of(entry_id, task_type)
        return posterior if posterior.observations else None

    def summary(self, entry_id: str) -> Markup | None:
        """Picture and figure for a row of the list."""
        effect = self.of(entry_id)
        if effect is None:
            return None
        return tag("span", picture(effect), tag("span", signed(effect.mean), class_="figure"), class_="worth")

    def section(self, entry_id: str) -> Markup:
        """All that is known, by task type."""
        kinds = self.book.task_types(entry_id)
        foreign = {kind: row for (name, kind), row in self.foreign.items() if name == entry_id}
        if not kinds and not foreign:
            return tag("p", "Nothing is known yet: no episode was counted for it.", class_="quiet")
        parts: list[Content] = []
        if kinds:
            head = (
                "Task type",
                "Effect on success",
                "95% interval",
                "With",
                "Without",
                "Better / worse",
                "Used",
                "Last use",
            )
            rows = [self._row(entry_id, kind) for kind in kinds]
            if len(kinds) > 1:
                rows.append(self._row(entry_id, None))
            table = tag(
                "table",
                tag("thead", tag("tr", [tag("th", name, scope="col") for name in head])),
                tag("tbody", rows),
                class_="worths",
            )
            parts.append(
                tag(
                    "div",
                    table,
                    class_="scroll",
                    tabindex="0",
                    role="region",
                    aria_label="Evidence by task type",
                )
            )
            parts.append(
                tag(
                    "p",
                    "Success of groups drawn to play with the skill, less that of groups drawn to play "
                    "without; few groups count for little. With and Without: mean success (groups); "
                    "Last use: iteration.",
                    class_="quiet small",
                )
            )
        for kind, row in foreign.items():
            facts = [
                (tag("dt", visible(str(key))), tag("dd", visible(str(value)))) for key, value in row.items()
            ]
            parts.append(tag("h3", visible(kind or "all task types")))
            parts.append(tag("dl", facts, class_="facts"))
        return tag("div", parts)

    def _row(self, entry_id: str, task_type: str | None) -> Markup:
        seen = self.book.get(entry_id, task_type)
        effect = self.of(entry_id, task_type)
        name = tag("th", "all" if task_type is None else visible(task_type), scope="row")
        if effect is None:
            figures: tuple[Content, ...] = (tag("td", "not known", class_="quiet"), tag("td", "–"))
        else:
            low, high = effect.interval()
            figures = (
                tag("td", tag("span", picture(effect), signed(effect.mean), class_="worth")),
                tag("td", f"{signed(low)} … {signed(high)}"),
            )
        return tag(
            "tr",
            name,
            figures,
            [
                tag("td", f"{arm.mean:.0%} ({arm.groups:,})" if arm.groups else "–")
                for arm in (seen.shown, seen.withheld)
            ],
            tag("td", f"{seen.helpful:,} / {seen.harmful:,}"),
            tag("td", f"{seen.usage:,}"),
            tag("td", "–" if seen.last_use is None else f"{seen.last_use:,}"),
            class_="sum" if task_type is None else None,
        )


def picture(effect: Posterior) -> Markup:
    """The interval around 0, as a small drawing that says its figures."""
    low, high = effect.interval()
    kind = "good" if low > 0 else "bad" if high < 0 else "open"
    left, right = _x(low), _x(high)
    words = f"effect {signed(effect.mean)}, 95% interval {signed(low)} to {signed(high)}"
    return tag(
        "svg",
        tag("title", words),
        tag("line", x1=WIDTH / 2, x2=WIDTH / 2, y1=0, y2=HEIGHT, class_="zero"),
        tag("rect", x=left, y=5, width=max(2.0, round(right - left, 1)), height=4, rx=2, class_="interval"),
        tag("circle", cx=_x(effect.mean), cy=HEIGHT / 2, r=3.5, class_="mean"),
        viewBox=f"0 0 {WIDTH} {HEIGHT}", width=WIDTH, height=HEIGHT, class_=f"effect {kind}", role="img",
    )  # fmt: skip


def signed(value: float) -> str:
    """An effect with its sign."""
    return f"{value:+.2f}".replace("-", "−")


def _x(value: float) -> float:
    return round((min(max(value / MOST, -1), 1) + 1) / 2 * (WIDTH - 8) + 4, 1)
