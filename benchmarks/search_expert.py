"""Claim: generated questions have one answer, can be solved in time, and hardly without searching."""

import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, table
from skill_gym.dice import Dice
from skill_gym.search.checker import answers, check
from skill_gym.search.env import SearchEnv
from skill_gym.search.facts import Entity
from skill_gym.search.generator import GeneratorConfig, World, generated_world
from skill_gym.search.oracle import Oracle
from skill_gym.search.question_kinds import HOPS
from skill_gym.search.question_parser import Compared, Described, Named, read_wanted
from skill_gym.search.questions import Question
from skill_gym.search.seeker import Seeker
from skill_gym.text_env import Player
from skill_gym.wrappers.open_command import fill

CLAIM = (
    "every generated question has exactly one answer; within its turns the oracle solves all of them, the "
    "seeker, which only reads, at least 95%, random play under 5%, and whoever searches with nothing but the "
    "question under 60% of those of several facts"
)
SIZE, QUICK = 1000, 300
"""Questions, and those of ``--quick``."""
FACTS = (1, 2, 3, 4)
_MOST_WORDS = 6


class Episode(NamedTuple):
    """How one question was played: whether it was solved, and in how many turns."""

    solved: bool
    turns: int


class _OracleReader:
    """The oracle as a player."""

    thought = ""

    def __init__(self, world: World, question: Question) -> None:
        self._oracle = Oracle(world, question)

    def command(self, commands: Sequence[str]) -> str:
        return self._oracle.command() or ""

    def observe(self, command: str, observation: str) -> None:
        self._oracle.observe(command, observation)


class _RandomWords:
    """Searches or answers, with a few words of the question."""

    thought = ""

    def __init__(self, world: World, question: Question) -> None:
        self._dice = Dice(f"random {world.source} {question.id}")
        self._words = question.question.rstrip("?").split()

    def command(self, commands: Sequence[str]) -> str:
        first = self._dice.below(len(self._words))
        words = self._words[first : first + self._dice.between(1, _MOST_WORDS)]
        return fill(self._dice.pick(commands), " ".join(words))

    def observe(self, command: str, observation: str) -> None:
        """It pays no attention."""


class OneShot:
    """Searches once, with the question, and reads the three passages without a mistake.

    Where they do not tell the answer, it says the best that they have: the value of the relation that is
    asked for at the end, of the first passage that has one, or for comparisons the first of the two.

    Args:
        world: Its facts stand in for reading.
        question: What is asked.
    """

    thought = ""

    def __init__(self, world: World, question: Question) -> None:
        self._world, self._question = world, question
        self._searched = False

    def command(self, commands: Sequence[str]) -> str:
        """The question as a query, then the answer."""
        if not self._searched:
            self._searched = True
            return f"<search>{self._question.question}</search>"
        return f"<answer>{self._answer()}</answer>"

    def observe(self, command: str, observation: str) -> None:
        """The index is asked again for the answer."""

    def _answer(self) -> str:
        hits = self._world.index.search([self._question.question], 3)[0]
        ids = [hit.passage.id for hit in hits]
        heads = {
            self._world.passage_of[one.key].id: one
            for one in self._world.facts.entities
            if self._world.passage_of[one.key].id in ids
        }
        read = self._world.facts.only({one.key for one in heads.values()})
        wanted = read_wanted(self._question.question)
        if wanted is None:
            return "unknown"
        found = answers(read, wanted)
        if len(found) == 1:
            return _said(found.pop())
        told = [heads[number] for number in ids]
        if isinstance(wanted, Described):
            people = [one for one in told if one.kind == "person"]
            return people[0].name if people else "unknown"
        if isinstance(wanted, Compared):
            ends = [end for thing in (wanted.one, wanted.other) for end in _ends(read, thing.head)]
            return ends[0] if wanted.larger is not None and ends else "no"
        values = [read.value(one, wanted.relation) for one in told if one.kind == wanted.relation.head]
        return next((_said(value) for value in values if value is not None), "unknown")


def _ends(read: object, thing: object) -> list[str]:
    """The name of a compared thing, where it is known."""
    if isinstance(thing, Named):
        return [thing.name]
    return [_said(value) for value in answers(read, thing)]  # type: ignore[arg-type]


def _said(value: object) -> str:
    return value.name if isinstance(value, Entity) else str(value)


def _seeker(world: World, question: Question) -> Player:
    return Seeker(f"Question: {question.question}")


PLAYERS: dict[str, Callable[[World, Question], Player]] = {
    "random": _RandomWords,
    "one shot": OneShot,
    "seeker": _seeker,
    "oracle": _OracleReader,
}


def play(
    env: SearchEnv, world: World, question: Question, make: Callable[[World, Question], Player]
) -> Episode:
    """Plays a question to its end."""
    _, info = env.reset(options={"task": f"{question.data_source}/{question.id}"})
    player = make(world, question)
    turns, over = 0, False
    while not over:
        command = player.command(info["admissible_commands"])
        observation, _, terminated, truncated, info = env.step(command)
        player.observe(command, observation)
        turns, over = turns + 1, terminated or truncated
    return Episode(info["won"], turns)


def spread(questions: Sequence[Question]) -> str:
    """The share of each number of facts."""
    counts = Counter(question.metadata["hops"] for question in questions)
    return ", ".join(f"{hops}: {count / len(questions):.1%}" for hops, count in sorted(counts.items()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument("--limit", type=int, help=f"questions; {SIZE} when left out")
    parser.add_argument("--levels", type=int, nargs="+", default=[0, 1, 2, 3], help="of distraction")
    given = parser.parse_args(arguments)
    if given.limit is not None and given.limit < 1:
        parser.error(f"--limit must be at least 1, got {given.limit}")
    size = given.limit or (QUICK if given.quick else SIZE)
    figures: dict[str, Figure] = {}
    rows: list[list[str]] = []
    checked: list[list[str]] = []
    bounds: list[Bound] = []
    for level in given.levels:
        _measure(f"level {level}", GeneratorConfig(level=level), size, rows, checked, figures, bounds)
    every = GeneratorConfig(kinds=tuple(HOPS), turns=5)
    _measure("all kinds", every, size, rows, checked, figures, bounds)
    print(table(["world", "passages", "questions", "wrong", "facts", "made s", "checked s"], checked))
    print()
    print(
        table(
            ["world", "player", "EM", "1 fact", "2 facts", "3 facts", "4 facts", *HOPS, "turns", "ms"], rows
        )
    )
    return Claim(CLAIM, figures, bounds).finish(given.json)


def _measure(
    name: str,
    config: GeneratorConfig,
    size: int,
    rows: list[list[str]],
    checked: list[list[str]],
    figures: dict[str, Figure],
    bounds: list[Bound],
) -> None:
    short = name.replace(" ", "_")
    begin = time.perf_counter()
    world = generated_world("generated_test", config, size)
    made = time.perf_counter()
    wrong = sum(bool(check(world, question)) for question in world.questions)
    took = time.perf_counter()
    checked.append(
        [
            name,
            str(len(world.passages)),
            str(size),
            str(wrong),
            spread(world.questions),
            f"{made - begin:.2f}",
            f"{took - made:.2f}",
        ]
    )
    figures[f"{short}_wrong"] = wrong
    bounds.append(Bound(f"{short}_wrong", "<=", 0))
    settings = {"level": config.level, "kinds": config.kinds, "turns": config.turns}
    env = SearchEnv("generated_test", size=size, max_turns=config.turns, generator=settings)
    for player, make in PLAYERS.items():
        begin = time.perf_counter()
        episodes = [play(env, world, question, make) for question in world.questions]
        each = (time.perf_counter() - begin) / size * 1000
        by_facts = {str(hops): _share(world, episodes, "hops", hops) for hops in FACTS}
        by_kind = {kind: _share(world, episodes, "kind", kind) for kind in HOPS}
        if player in ("one shot", "seeker"):
            figures.update(
                {f"{short}_{player}_{hops}".replace(" ", "_"): by_facts[hops] for hops in by_facts}
            )
        shares = [f"{share:.3f}" if share is not None else "-" for share in (by_facts | by_kind).values()]
        solved = statistics.mean(one.solved for one in episodes)
        figures[f"{short}_{player}".replace(" ", "_")] = solved
        turns = statistics.mean(one.turns for one in episodes)
        rows.append([name, player, f"{solved:.3f}", *shares, f"{turns:.2f}", f"{each:.2f}"])
    bounds += [Bound(f"{short}_oracle", ">=", 1), Bound(f"{short}_random", "<=", 0.05)]
    bounds.append(Bound(f"{short}_seeker", ">=", 0.95))
    # Yes or no is guessed half of the time.
    if config.level >= 1 and "boolean" not in config.kinds:
        bounds += [Bound(f"{short}_one_shot_{hops}", "<=", 0.6) for hops in (2, 3, 4)]


def _share(world: World, episodes: Sequence[Episode], key: str, value: object) -> float | None:
    """The share of solved questions among those whose metadata have the value."""
    pairs = zip(episodes, world.questions, strict=True)
    solved = [episode.solved for episode, question in pairs if question.metadata[key] == value]
    return statistics.mean(solved) if solved else None


if __name__ == "__main__":
    raise SystemExit(main())
