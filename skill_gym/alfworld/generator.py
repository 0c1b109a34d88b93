"""Endless games of all six task types, each with a proven solution; nothing to download."""

import hashlib
import json
from collections.abc import Sequence
from typing import overload

from skill_gym.alfworld.assignment import Assignment, draw_assignment, task_types_of
from skill_gym.alfworld.furnishing import GeneratorConfig, furnish
from skill_gym.alfworld.games import TASK_TYPES, Game, GameError, Listing, TaskList, long_task_types
from skill_gym.alfworld.planner import plan
from skill_gym.alfworld.problem import parse_problem
from skill_gym.alfworld.problem_text import problem_text
from skill_gym.alfworld.world import World
from skill_gym.dice import Dice
from skill_gym.trajectory import Task

__all__ = ["GENERATED_SPLITS", "VERSION", "GeneratedGames", "GeneratorConfig", "generate"]

VERSION = "v1"
"""Raised whenever the same seed would give another game, so that task keys never lie."""

GENERATED_SPLITS = ("generated", "generated_validation", "generated_test")
"""Training, validation and test; their seeds never meet."""

SEEDS_PER_SPLIT = 1_000_000_000
"""Games of each task type that a split can have."""

_TRIES = 20


def generate(
    task_type: str,
    seed: int,
    config: GeneratorConfig = GeneratorConfig(),  # noqa: B008 - frozen
    *,
    split: str = "generated",
) -> Game:
    """Makes one game; the same arguments give the same game everywhere.

    Its walkthrough is proven on the engine: every command is admissible in its turn, and the goal holds after
    the last one and not before.

    Args:
        task_type: One of the six, long name.
        seed: Number of the game in its split, in [0, 1e9).
        config: What rooms look like.
        split: One of ``GENERATED_SPLITS``.

    Raises:
        ValueError: Unknown split or task type, a seed out of range, or no allowed room has such tasks.
        GameError: No game could be made, which no valid configuration should lead to.
    """
    number = _first_seed(split) + seed
    if not 0 <= seed < SEEDS_PER_SPLIT:
        raise ValueError(f"seed must be in [0, {SEEDS_PER_SPLIT}), got {seed}")
    assignment = draw_assignment(task_type, number, config.rooms)
    for attempt in range(_TRIES):
        # A room in which the task is done or cannot be done is drawn again (never seen in 10,000 games).
        house = furnish(assignment, Dice(f"room {task_type} {number} {attempt}"), config)
        problem = problem_text(f"plan_{_trial(number)}", house, assignment)
        walkthrough = _solve(World(parse_problem(problem)))
        if walkthrough:
            return Game(
                id=_task_id(split, assignment, number),
                task_type=task_type,
                sentence=assignment.sentence,
                walkthrough=walkthrough,
                problem=problem,
                floor_plan=f"FloorPlan{assignment.plan}",
            )
    raise GameError(
        f"no solvable game in {_TRIES} tries for {task_type}, seed {seed}, {config}; "
        "use larger scales or more rooms"
    )


def _solve(world: World) -> tuple[str, ...]:
    """A proven walkthrough; empty when the game is won at the start or cannot be won."""
    walkthrough = plan(world) or []
    for command in walkthrough:
        if world.won or command not in world.actions():
            return ()
        world.step(command)
    return tuple(walkthrough) if world.won else ()


class GeneratedGames:
    """A split of generated games: listed at once, made when played.

    The task types take turns, so that every stretch of tasks holds all of them alike. A game depends on its
    task type and its number among those of its type only, not on ``size`` or on which other types are there.

    Args:
        split: One of ``GENERATED_SPLITS``.
        size: Number of tasks, at least 1.
        task_types: Only these, in long or short names; None for all that the allowed rooms have.
        config: What rooms look like.

    Attributes:
        source: ``generator-v1-`` and a hash of the config, for ``Task.key``.

    Raises:
        ValueError: Unknown split or task type, a bad size, or a task type that no allowed room has.
    """

    def __init__(
        self,
        split: str = "generated",
        size: int = 1000,
        task_types: Sequence[str] | None = None,
        config: GeneratorConfig = GeneratorConfig(),  # noqa: B008 - frozen
    ) -> None:
        _first_seed(split)
        types = long_task_types(task_types) or _possible(config)
        most = SEEDS_PER_SPLIT * len(types)
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= most:
            raise ValueError(f"size must be an integer from 1 to {most}, got {size!r}")
        for task_type in types:
            draw_assignment(task_type, 0, config.rooms)
        self.split, self.task_types, self.config = split, types, config
        digest = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode()).hexdigest()
        self.source = f"generator-{VERSION}-{digest[:8]}"
        self._listings = _Listings(split, types, config, range(size))
        self._tasks = TaskList(self._listings, split, self.source)

    @property
    def tasks(self) -> TaskList:
        """The tasks in their fixed order, made when asked for."""
        return self._tasks

    def __len__(self) -> int:
        return len(self._listings)

    def find(self, task_id: str) -> Task | None:
        """The task of that id, None when it is not among ``tasks``."""
        listing = self._listings.find(task_id)
        return None if listing is None else self._tasks.task(listing)

    def game(self, task_id: str) -> Game:
        """Makes the game of that id.

        Raises:
            GameError: The id is not among ``tasks``.
        """
        place = self._listings.place(task_id)
        if place is None:
            raise GameError(
                f"no task {task_id!r} among the {len(self)} of {self.split}; "
                f"the first is {self._listings[0].id}; ids depend on the generator's settings"
            )
        return generate(*place, self.config, split=self.split)


class _Listings(Sequence[Listing]):
    """Listings of generated games, drawn when asked for."""

    def __init__(self, split: str, types: tuple[str, ...], config: GeneratorConfig, indices: range) -> None:
        self._split, self._types, self._config, self._indices = split, types, config, indices

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, index: int) -> Listing: ...

    @overload
    def __getitem__(self, index: slice) -> "_Listings": ...

    def __getitem__(self, index: int | slice) -> "Listing | _Listings":
        if isinstance(index, slice):
            return _Listings(self._split, self._types, self._config, self._indices[index])
        seed, turn = divmod(self._indices[index], len(self._types))
        return self._draw(self._types[turn], seed)

    def _draw(self, task_type: str, seed: int) -> Listing:
        number = _first_seed(self._split) + seed
        assignment = draw_assignment(task_type, number, self._config.rooms)
        return Listing(_task_id(self._split, assignment, number), task_type, assignment.sentence)

    def place(self, task_id: str) -> tuple[str, int] | None:
        """Task type and seed of an id, None when it is not listed here."""
        split, _, rest = task_id.partition("/")
        folder, _, trial = rest.partition("/")
        task_type, number = folder.partition("-")[0], trial.removeprefix("trial_G")
        if split != self._split or task_type not in self._types:
            return None
        if not (number.isascii() and number.isdigit()):
            return None
        seed = int(number) - _first_seed(split)
        index = seed * len(self._types) + self._types.index(task_type)
        if index not in self._indices or self._draw(task_type, seed).id != task_id:
            return None
        return task_type, seed

    def find(self, task_id: str) -> Listing | None:
        place = self.place(task_id)
        return None if place is None else self._draw(*place)


def _first_seed(split: str) -> int:
    if split not in GENERATED_SPLITS:
        raise ValueError(f"unknown split {split!r}; the generated ones are {', '.join(GENERATED_SPLITS)}")
    return GENERATED_SPLITS.index(split) * SEEDS_PER_SPLIT


def _trial(number: int) -> str:
    return f"trial_G{number:010d}"


def _task_id(split: str, assignment: Assignment, number: int) -> str:
    return f"{split}/{assignment.folder}/{_trial(number)}"


def _possible(config: GeneratorConfig) -> tuple[str, ...]:
    """The task types that the allowed rooms have."""
    return tuple(name for name in TASK_TYPES if name in task_types_of(config.rooms))
