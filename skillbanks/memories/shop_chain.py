"""Which steps of a solved WebShop episode made its success possible."""

from skill_gym.skillbanks.memories.abstraction import abstraction_of
from skill_gym.skillbanks.memories.link import ChainError, Link
from skill_gym.skillbanks.shop_diagnosis import read_visit
from skill_gym.trajectory import Trajectory
from skill_gym.webshop.shop_page import FIXED, Page, read_page

_BUY, _NEXT = "click[buy now]", "click[next >]"


def shop_chain(trajectory: Trajectory) -> tuple[Link, ...]:
    """The chain of a solved episode; replayed alone, its commands buy the same thing again.

    Walks back from the purchase: the wished option values that stood when it was made, the product's page,
    the page of results that listed it, the search that found it.

    Raises:
        ChainError: The text does not show one of these.
    """
    turns = trajectory.turns
    pages = [read_page(turn.observation, turn.admissible) for turn in turns]
    commands = [turn.command if turn.valid else "" for turn in turns]
    if not commands or commands[-1] != _BUY:
        raise ChainError("solved without a purchase in the last turn; the record is not whole")
    bought = len(turns) - 1
    opened = max((at for at in range(bought) if _opens(pages[at], commands[at])), default=-1)
    search = max((at for at in range(opened) if commands[at].startswith("search[")), default=-1)
    if search < 0:
        raise ChainError("bought without a search and a product opened; the record is not whole")
    item = trajectory.task.task_type or "product"
    words = abstraction_of(trajectory)
    query = words.apply(commands[search].removeprefix("search[").removesuffix("]"))
    links = [
        Link(
            search,
            f"search[{query}]",
            "A page of results lists products with their prices.",
            "Name the kind of thing and what is wished of it, so that fitting products are found.",
            "Search [Item] with [Constraints]",
        )
    ]
    for number in range(1, pages[opened].number):
        turned = [at for at in range(search, opened) if commands[at] == _NEXT and pages[at].number == number]
        if not turned:
            raise ChainError(f"page {number + 1} of the results was never turned to; the record is not whole")
        text = "The next page of results lists further products."
        links.append(Link(turned[-1], "click[next >]", text, "None before it fits.", "Turn Page"))
    links.append(
        Link(
            opened,
            f"click[{item}_item]",
            "The product's page shows its options and its price.",
            "Title and price fit what is wished.",
            "Open [Product]",
        )
    )
    links += [
        Link(at, f"click[[{hole}]]", f"The wished {name} is chosen.", f"The goal names its {name}.", stage)
        for at, name in _choices(trajectory, pages, commands, opened)
        for hole in [f"{name.title().replace(' ', '_')}_Constraint"]
        for stage in [f"Choose [{hole}]"]
    ]
    thanks = "The purchase is confirmed."
    links.append(Link(bought, _BUY, thanks, "Product, options and price fit the goal.", "Buy"))
    return tuple(sorted(links, key=lambda link: link.index))


def _opens(page: Page, command: str) -> bool:
    return page.name == "results" and command.startswith("click[") and command[6:-1] not in FIXED


def _choices(
    trajectory: Trajectory, pages: list[Page], commands: list[str], opened: int
) -> list[tuple[int, str]]:
    """The clicks that set the wished options, with the options' names; a later click replaces an earlier."""
    wished = dict(read_visit(trajectory).wish.options)
    last: dict[str, int] = {}
    for at in range(opened + 1, len(commands)):
        value = commands[at].removeprefix("click[").removesuffix("]")
        names = [name for name, values in pages[at].options.items() if value in values]
        # Of two options that share a value the shop sets the later one.
        if names and value not in FIXED:
            last[names[-1]] = at
    return [(at, name) for name, at in last.items() if not wished or name in wished]
