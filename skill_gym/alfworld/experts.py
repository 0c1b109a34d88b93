"""Experts by name: what one would do next, told in ``info`` while somebody else plays."""

from typing import Protocol

from skill_gym.alfworld.games import Game
from skill_gym.alfworld.world import World

EXPERTS = ("walkthrough", "planner", "explorer")
"""Names that ``expert=`` takes."""


class Expert(Protocol):
    """Follows one game and names the next command."""

    def observe(self, command: str, feedback: str) -> None:
        """Takes note of a command that was carried out."""

    def command(self) -> str | None:
        """The next command; None when no command leads to the goal."""


class PlannerExpert:
    """Knows the whole world; keeps its plan while the player follows it.

    Args:
        world: The world being played, read only.
        plan: A plan to begin with; None makes one when asked.
    """

    def __init__(self, world: World, plan: tuple[str, ...] | None = None) -> None:
        self._world = world
        self._plan = plan

    def observe(self, command: str, feedback: str) -> None:
        """Steps on in the plan, or drops it when another command was given."""
        if self._plan and command.strip() == self._plan[0]:
            self._plan = self._plan[1:]
        else:
            self._plan = None

    def command(self) -> str | None:
        """The next command of the plan."""
        if not self._plan:
            from skill_gym.alfworld.planner import plan

            found = plan(self._world)
            self._plan = tuple(found) if found else None
        return self._plan[0] if self._plan else None


class ExplorerExpert:
    """Knows only what the player has read.

    Args:
        world: The world being played; only its admissible commands are read.
        observation: The first observation.
    """

    def __init__(self, world: World, observation: str) -> None:
        from skill_gym.alfworld.explorer import Explorer

        self._world = world
        self._explorer = Explorer(observation)

    def observe(self, command: str, feedback: str) -> None:
        """Reads the feedback."""
        self._explorer.observe(command, feedback)

    def command(self) -> str | None:
        """What it would try next."""
        return self._explorer.command(self._world.admissible())


def make_expert(name: str, game: Game, world: World, observation: str) -> Expert:
    """The expert of that name (one of ``EXPERTS``) for a game that has just begun."""
    if name == "explorer":
        return ExplorerExpert(world, observation)
    return PlannerExpert(world, game.walkthrough if name == "walkthrough" else None)
