"""Experts by name: what one would do next, told in ``info`` while somebody else plays."""

from typing import Protocol

from skill_gym.text_env import Player
from skill_gym.webshop.session import Session

EXPERTS = ("shopper", "oracle")
"""Names that ``expert=`` takes; the first one knows only what it has read."""


class Expert(Protocol):
    """Follows one visit and names the next command."""

    def observe(self, command: str, observation: str) -> None:
        """Takes note of a command that was carried out."""

    def command(self) -> str | None:
        """The next command; None when it knows none."""


class PlayerExpert:
    """A scripted player as an expert.

    Args:
        player: Of this visit.
        session: The visit; only what can be clicked is read.
    """

    def __init__(self, player: Player, session: Session) -> None:
        self._player, self._session = player, session

    def observe(self, command: str, observation: str) -> None:
        """Reads the page."""
        self._player.observe(command, observation)

    def command(self) -> str | None:
        """What it would try next."""
        return self._player.command(admissible(self._session))


def admissible(session: Session) -> tuple[str, ...]:
    """``search[<your query>]`` where there is a search bar, then a click for each clickable."""
    clicks = tuple([f"click[{label}]" for label in session.clickables])
    return ("search[<your query>]", *clicks) if session.has_search_bar else clicks


def make_expert(name: str, session: Session, observation: str) -> Expert:
    """The expert of that name (one of ``EXPERTS``) for a visit that has just begun."""
    if name == "shopper":
        from skill_gym.webshop.shopper import Shopper

        return PlayerExpert(Shopper(observation), session)
    from skill_gym.webshop.oracle import Oracle

    return Oracle(session)
