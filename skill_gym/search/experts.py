"""Experts by name: what one would do next, told in ``info`` while somebody else plays."""

from typing import Any, Protocol

from skill_gym.search.session import Session
from skill_gym.text_env import Player

EXPERTS = ("seeker", "oracle")
"""Names that ``expert=`` takes; the first one knows only what it has read."""


class Expert(Protocol):
    """Follows one question and names the next command."""

    def observe(self, command: str, observation: str) -> None:
        """Takes note of a command that was carried out."""

    def command(self) -> str | None:
        """The next command; None when it knows none."""


class PlayerExpert:
    """A scripted player as an expert.

    Args:
        player: Of this question.
        session: Only what is admissible is read.
    """

    def __init__(self, player: Player, session: Session) -> None:
        self._player, self._session = player, session

    def observe(self, command: str, observation: str) -> None:
        """Reads what was found."""
        self._player.observe(command, observation)

    def command(self) -> str | None:
        """What it would try next."""
        return self._player.command(self._session.admissible())


def make_expert(name: str, session: Session, world: Any, instructions: str) -> Expert:
    """The expert of that name (one of ``EXPERTS``) for a question that was just asked.

    Args:
        name: Which one.
        session: The question being played.
        world: The generated world, for the oracle.
        instructions: What the environment tells every player, for the seeker.
    """
    if name == "seeker":
        from skill_gym.search.seeker import Seeker

        return PlayerExpert(Seeker(session.first_observation, instructions), session)
    from skill_gym.search.oracle import Oracle

    return Oracle(world, session.question, session.rules.turns)
