"""Why a WebShop episode failed: causes found by rule in the pages that were shown."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from skill_gym.skillbanks.episode_facts import exchanges
from skill_gym.trajectory import Trajectory, Turn
from skill_gym.webshop.comparison import Sighting, affordable, choices, for_others, lacking, missing
from skill_gym.webshop.pages import SUB_PAGES
from skill_gym.webshop.shop_page import FIXED, Card, page_name, read_page
from skill_gym.webshop.shopper import STEPS
from skill_gym.webshop.wish import Wish, audience, read_wish, words

SPARE = 6
"""With so many steps left another product could have been looked at."""
ROW = 4
"""So many commands in a row that tell nothing new are a loop."""
_TELLING = frozenset({"features", "description"})
"""Sub-pages that tell what a product is like; reviews and the list of attributes are empty."""
_WAYS_BACK = ("click[< prev]", "click[back to search]")


class ShopCause(StrEnum):
    """What went wrong, in a report's order: from the purchase back to the search."""

    NOT_CHOSEN = "wished options not chosen"
    OTHER_VALUE = "other option values chosen"
    NOT_OFFERED = "bought without a wished option on offer"
    TOO_DEAR = "bought above the price limit"
    FOR_OTHERS = "bought what is made for others"
    OTHER_KIND = "bought another kind of thing"
    UNREAD = "bought without reading the features"
    NOT_TOLD = "bought although wished attributes were not told"
    NEVER_BOUGHT = "ran out of steps before buying"
    NOTHING_OPENED = "no product opened"
    NEVER_SEARCHED = "never searched"
    ONE_SEARCH = "never searched again"
    INADMISSIBLE = "clicks that the page does not offer"
    UNREADABLE = "replies without a readable command"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class ShopFinding:
    """One cause in one episode.

    Attributes:
        cause: What went wrong.
        evidence: Half a sentence on what the pages show.
        names: Names of the options concerned, if any.
    """

    cause: ShopCause
    evidence: str
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class Visit:
    """What happened in an episode, as far as its pages tell.

    Attributes:
        wish: What the instruction says.
        searches: The commands that searched, with their numbers.
        opened: Products by label, as far as their pages were shown.
        label: The product at hand, or bought.
        chosen: Values chosen on its page.
        bought: Whether the last command was a purchase.
        unreadable: Turns without a command.
        inadmissible: Commands that were not admissible, with their numbers.
        repeats: Commands that told what they had told before.
        streak: Most of them in a row.
        steps: Number of turns.
    """

    wish: Wish
    searches: Counter[str] = field(default_factory=Counter)
    opened: dict[str, Sighting] = field(default_factory=dict)
    label: str = ""
    chosen: list[str] = field(default_factory=list)
    bought: bool = False
    unreadable: int = 0
    inadmissible: Counter[str] = field(default_factory=Counter)
    repeats: int = 0
    streak: int = 0
    steps: int = 0


def is_visit(trajectory: Trajectory) -> bool:
    """Whether an episode was played in the shop."""
    return trajectory.task.env_id.rpartition("/")[2].startswith("WebShop")


def read_visit(trajectory: Trajectory) -> Visit:
    """Reads what happened from observations and commands; nothing is played again."""
    visit = Visit(read_wish(trajectory.task.goal), steps=len(trajectory.turns))
    told: set[tuple[str, str]] = set()
    row = 0
    for turn, (command, after) in zip(trajectory.turns, exchanges(trajectory), strict=False):
        visit.unreadable += not command
        if command.startswith("search["):
            visit.searches[command] += 1
        if command and not turn.valid:
            visit.inadmissible[command] += 1
        # The way back always shows what was seen before; it leads round in a circle only where the way there
        # was known as well.
        if command:
            again = row > 0 if command in _WAYS_BACK else (command, after) in told
            told.add((command, after))
            row = row + 1 if again else 0
            visit.repeats += again
            visit.streak = max(visit.streak, row)
        if command.startswith("click[") and turn.valid:
            _click(visit, turn, command[6:-1].lower(), after)
    return visit


def diagnose_visit(trajectory: Trajectory) -> tuple[ShopFinding, ...]:
    """Finds the causes of a failure; an episode that ended well or broke has none."""
    if trajectory.ended in ("solved", "broken"):
        return ()
    visit = read_visit(trajectory)
    seen = visit.opened.get(visit.label)
    found = [*(_purchase(visit, seen) if visit.bought and seen is not None else _unsold(visit))]
    found += _conduct(visit)
    order = list(ShopCause)
    return tuple(sorted(found, key=lambda finding: order.index(finding.cause)))


def _click(visit: Visit, turn: Turn, label: str, after: str) -> None:
    """Takes note of a click and of the page on which it was made."""
    page = read_page(turn.observation, turn.admissible)
    if page.name == "item" and visit.label and turn.admissible:
        seen = visit.opened[visit.label]
        seen.options, seen.opened = page.options, True
    if label == "buy now":
        visit.bought = True
    elif page.name == "results" and label not in FIXED:
        visit.label, visit.chosen = label, []
        card = next((card for card in page.cards if card.label == label), Card(label, "", ""))
        visit.opened.setdefault(label, Sighting(card.title, card.tag))
    elif page.name == "item" and label in SUB_PAGES and visit.label and page_name(after) == "sub":
        visit.opened[visit.label].told[label] = read_page(after, ()).content
    elif page.name == "item" and label not in FIXED:
        visit.chosen.append(label)


def _purchase(visit: Visit, seen: Sighting) -> list[ShopFinding]:
    wish = visit.wish
    found = _options(visit, seen) if seen.opened else []
    if not affordable(wish, seen.tag):
        found.append(ShopFinding(ShopCause.TOO_DEAR, f"bought at {seen.tag}, the limit is ${wish.limit:g}"))
    if for_others(wish, seen.title):
        found.append(ShopFinding(ShopCause.FOR_OTHERS, f"{wish.kind} wished, bought '{seen.title[:60]}'"))
    if _other_kind(wish, seen):
        found.append(ShopFinding(ShopCause.OTHER_KIND, f"{wish.kind} wished, bought '{seen.title[:60]}'"))
    untold = missing(wish, seen)
    if untold and not _TELLING & seen.told.keys():
        text = f"{', '.join(untold)} not in the title, features never opened"
        found.append(ShopFinding(ShopCause.UNREAD, text))
    elif untold and visit.steps <= STEPS - SPARE:
        text = f"{', '.join(untold)} told nowhere, bought at step {visit.steps}"
        found.append(ShopFinding(ShopCause.NOT_TOLD, text))
    return found


def _other_kind(wish: Wish, seen: Sighting) -> bool:
    """Whether neither the title nor any option on offer speaks for the kind of thing that is wished."""
    kind = set(words(wish.kind))
    # For whom it is tells nothing about what it is.
    named = {word for word in kind if not audience(word)} or kind
    return not named & set(words(seen.title)) and len(lacking(wish, seen.options)) == len(wish.options)


def _options(visit: Visit, seen: Sighting) -> list[ShopFinding]:
    wish, found = visit.wish, []
    wanted = choices(wish, seen.options)
    offered = {
        name: value for name, value in wanted.items() if not wish.options or (name, value) in wish.options
    }
    left = {name: value for name, value in offered.items() if value not in visit.chosen}
    other = tuple(name for name in left if set(seen.options[name]) & set(visit.chosen))
    if not_chosen := tuple(name for name in left if name not in other):
        text = ", ".join(f"{name}: {left[name]}" for name in not_chosen)
        found.append(ShopFinding(ShopCause.NOT_CHOSEN, f"{text} on offer and not clicked", not_chosen))
    if other:
        found.append(ShopFinding(ShopCause.OTHER_VALUE, f"another {' and '.join(other)} clicked", other))
    if lacks := lacking(wish, seen.options):
        names = tuple(text.partition(": ")[0] for text in lacks)
        found.append(ShopFinding(ShopCause.NOT_OFFERED, f"the product has no {', '.join(lacks)}", names))
    return found


def _unsold(visit: Visit) -> list[ShopFinding]:
    if not visit.searches:
        return [ShopFinding(ShopCause.NEVER_SEARCHED, f"no search in {visit.steps} steps")]
    if not visit.opened:
        return [
            ShopFinding(ShopCause.NOTHING_OPENED, f"{visit.searches.total()} searches, no product opened")
        ]
    text = f"{len(visit.opened)} products opened in {visit.steps} steps, none bought"
    return [ShopFinding(ShopCause.NEVER_BOUGHT, text)]


def _conduct(visit: Visit) -> list[ShopFinding]:
    found = []
    if len(visit.searches) == 1 and len(visit.opened) > 2 and not visit.bought:
        text = f"{len(visit.opened)} products opened after one search"
        found.append(ShopFinding(ShopCause.ONE_SEARCH, text))
    if visit.unreadable >= 2:
        text = f"{visit.unreadable} of {visit.steps} replies held no command"
        found.append(ShopFinding(ShopCause.UNREADABLE, text))
    if visit.inadmissible.total() >= 2:
        worst = visit.inadmissible.most_common(1)[0][0]
        text = f"{visit.inadmissible.total()} of {visit.steps} commands not on the page, e.g. '{worst[:60]}'"
        found.append(ShopFinding(ShopCause.INADMISSIBLE, text))
    # Small numbers are chance; a third of the episode is not, and neither is a long row.
    if visit.repeats >= max(3, visit.steps / 3) or visit.streak >= ROW:
        text = f"{visit.repeats} of {visit.steps} commands led to a page as it had been seen"
        found.append(ShopFinding(ShopCause.LOOP, text))
    return found
