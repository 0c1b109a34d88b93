"""Claim: from an explorer's episodes the teacher finds a world's habits, and says little else."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from skill_gym.agents.explorer_policy import ExplorerPolicy
from skill_gym.alfworld.furnishing import GeneratorConfig
from skill_gym.alfworld.games import Game
from skill_gym.alfworld.generator import GeneratedGames
from skill_gym.alfworld.habit_sentences import HabitNotes, read_habits
from skill_gym.alfworld.layout import Layout
from skill_gym.alfworld.problem import parse_problem
from skill_gym.alfworld.worlds import WorldHabits, true_habits
from skill_gym.benchmarks import suite
from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, table
from skill_gym.benchmarks.evaluate import evaluate
from skill_gym.benchmarks.laptop import EXPERIENCE_SPLIT, LAPTOP_GAMES, MAX_STEPS, TEST_SPLIT, held_out_worlds
from skill_gym.benchmarks.pooling import student
from skill_gym.benchmarks.progress import EpisodeBar
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.distillation import distil
from skill_gym.skillbanks.episode_facts import kind
from skill_gym.skillbanks.goals import PLACE, TWO, read_goal
from skill_gym.skillbanks.habit_evidence import RoomSeen, read_rooms
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.trajectory import Trajectory

EPISODES = (30, 60, 120)
"""After how many episodes the teacher is asked, each time anew and with all of them."""

FRESH = 300
"""Games that nobody played, in which a statement is held to its word."""

SHARES = {
    "place_precision": "stated places that the world lists",
    "place_holds": "stated places that hold in fresh games",
    "place_recall": "listed places that are stated",
    "place_recall_met": "... of things that were seen",
    "place_recall_seen": "... of things that were seen there in two rooms",
    "place_precision_elsewhere": "stated places that another world lists",
    "empty_precision": "stated empty kinds that the world lists",
    "empty_holds": "stated empty kinds that hold in fresh games",
    "empty_recall": "listed empty kinds that are stated",
    "second_stated": "worlds with a statement on the second of two",
    "second_right": "... that is right",
    "household_holds": "places stated of a plain household that hold there",
}
"""The measured shares in words; a place is a pair of kind of thing and kind of place."""

_WITH_INTERVAL = ("place_precision", "place_holds", "place_recall", "place_recall_met")

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """What the teacher said of one world, and what came of it.

    Attributes:
        stated: Pairs of kind of thing and kind of place that are stated.
        habits: Pairs that the world lists.
        met: Of those, the ones whose thing was seen in the episodes at all.
        seen: Of those, the ones whose thing was seen in such a place, in two rooms or more.
        hold: Stated pairs that hold more often than not in fresh games, and those that occur in them.
        empty: Kinds of place stated to be empty.
        empty_habits: Kinds that the world lists as empty.
        empty_hold: Stated kinds that are empty more often than not in fresh games, and those that occur.
        second: Whether the statement on the second of two is right; None for no statement.
    """

    stated: frozenset[Pair]
    habits: frozenset[Pair]
    met: frozenset[Pair]
    seen: frozenset[Pair]
    hold: tuple[int, int]
    empty: frozenset[str]
    empty_habits: frozenset[str]
    empty_hold: tuple[int, int]
    second: bool | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument("--worlds", type=int, help="held-out worlds; 10, or 3 with --quick")
    parser.add_argument("--certainty", type=float, default=RuleTeacher().certainty, help="of the teacher")
    parser.add_argument("--strength", type=float, help="share of things that keep to the habits")
    given = parser.parse_args(arguments)
    worlds = held_out_worlds(given.worlds or (3 if given.quick else 10))
    teacher = RuleTeacher(certainty=given.certainty)
    generator: dict[str, float] = dict(LAPTOP_GAMES)
    if given.strength is not None:
        generator["habit_strength"] = given.strength
    found: dict[int, list[Found]] = {count: [] for count in EPISODES}
    household: dict[int, Found] = {}
    with EpisodeBar((len(worlds) + 1) * max(EPISODES), "exploring") as bar:
        for world in (*worlds, None):
            episodes = _explore(world, generator, bar)
            fresh = _fresh_rooms(world, generator)
            for count in EPISODES:
                one = _judge(episodes[:count], teacher, world, fresh)
                if world is None:
                    household[count] = one
                else:
                    found[count].append(one)
    figures: dict[str, Figure] = {"worlds": len(worlds), "certainty": given.certainty}
    figures |= _figures(found, household)
    bounds = [
        *(Bound(f"place_precision_{count}", ">=", 0.8) for count in EPISODES),
        *(Bound(f"place_holds_{count}", ">=", given.certainty) for count in EPISODES),
        Bound("place_recall_120", ">=", 0.5),
        Bound("second_right_120", ">=", 0.9),
    ]
    text = (
        "four fifths of the usual places that the teacher states are listed by the world, and as many as it "
        "claims to be certain of hold in new games; after 120 episodes it states half of those listed"
    )
    return Claim(text, figures, bounds).finish(given.json)


def _explore(world: int | None, generator: Mapping[str, float], bar: EpisodeBar) -> list[Trajectory]:
    """The explorer's episodes without skills, in the order of the tasks."""
    episodes: dict[str, Trajectory] = {}

    def keep(played: Any) -> None:
        episodes[played.trajectory.task.id] = played.trajectory
        bar.played(played)

    env: dict[str, Any] = {"generator": dict(generator), "size": max(EPISODES), "split": EXPERIENCE_SPLIT}
    make_env = partial(
        suite.make,
        "skill_gym/ALFWorld-v0",
        max_episode_steps=MAX_STEPS,
        **(env if world is None else {**env, "world": world}),
    )
    result = evaluate(make_env, ExplorerPolicy(), on_played=keep)
    return [episodes[one.task_id] for one in result.results]


def _fresh_rooms(world: int | None, generator: Mapping[str, float]) -> list[RoomSeen]:
    """Rooms of games that nobody plays, with everything in sight."""
    config = GeneratorConfig.from_mapping({**generator, **({} if world is None else {"world": world})})
    games = GeneratedGames(TEST_SPLIT, FRESH, config=config)
    return [_whole_room(games.game(task.id)) for task in games.tasks]


def _whole_room(game: Game) -> RoomSeen:
    layout = Layout.of(parse_problem(game.problem))
    wanted, target = _goal(game)
    return RoomSeen(
        split="",
        wanted=wanted,
        target=target,
        pair=game.task_type == TWO,
        looked={
            place: tuple(layout.kind[thing] for thing in things) for place, things in layout.contents.items()
        },
    )


def _goal(game: Game) -> Pair:
    goal = read_goal(game.sentence)
    return goal.object, goal.target if game.task_type in (PLACE, TWO) else ""


def _judge(
    episodes: Sequence[Trajectory], teacher: RuleTeacher, world: int | None, fresh: Sequence[RoomSeen]
) -> Found:
    bank = distil(SkillBank.empty(), episodes, teacher).bank
    stated = [skill for skill in bank.skills if skill.provenance and "habit" in skill.provenance.extra]
    notes = read_habits("\n".join(skill.principle for skill in stated))
    truth = WorldHabits({}, (), "same") if world is None else true_habits(world)
    habits = frozenset((thing, place) for thing, places in truth.places.items() for place in places)
    sightings: Counter[Pair] = Counter()
    for room in read_rooms(episodes).values():
        sightings.update({(thing, kind(place)) for place, things in room.looked.items() for thing in things})
    things = {thing for thing, _ in sightings}
    return Found(
        stated=frozenset((thing, place) for thing, places in notes.places.items() for place in places),
        habits=habits,
        met=frozenset(pair for pair in habits if pair[0] in things),
        seen=frozenset(pair for pair in habits if sightings[pair] > 1),
        hold=_places_hold(notes, fresh),
        empty=notes.empty,
        empty_habits=frozenset(truth.empty),
        empty_hold=_empty_holds(notes, fresh),
        second=None if notes.second is None or world is None else notes.second == truth.second,
    )


def _places_hold(notes: HabitNotes, fresh: Sequence[RoomSeen]) -> tuple[int, int]:
    """A place is stated for the rooms that have it and none of those stated before it."""
    there: Counter[Pair] = Counter()
    every: Counter[Pair] = Counter()
    for room in fresh:
        kinds = {kind(place) for place in room.looked}
        for thing, places in notes.places.items():
            barred = room.target if thing == room.wanted else ""
            first = next((place for place in places if place in kinds and place != barred), None)
            for place, contents in room.looked.items():
                count = contents.count(thing)
                if first is not None and count and kind(place) != barred:
                    every[thing, first] += count
                    there[thing, first] += count * (kind(place) == first)
    return sum(2 * there[pair] > count for pair, count in every.items()), len(every)


def _empty_holds(notes: HabitNotes, fresh: Sequence[RoomSeen]) -> tuple[int, int]:
    empty: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for room in fresh:
        for place, contents in room.looked.items():
            every[kind(place)] += 1
            empty[kind(place)] += not contents
    return sum(2 * empty[name] > every[name] for name in notes.empty), sum(
        every[name] > 0 for name in notes.empty
    )


def _figures(found: Mapping[int, Sequence[Found]], household: Mapping[int, Found]) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    rows = []
    for count, worlds in found.items():
        others = [*worlds[1:], worlds[0]]
        shares = {
            "place_precision": [(len(one.stated & one.habits), len(one.stated)) for one in worlds],
            "place_holds": [one.hold for one in worlds],
            "place_recall": [(len(one.stated & one.habits), len(one.habits)) for one in worlds],
            "place_recall_met": [(len(one.stated & one.met), len(one.met)) for one in worlds],
            "place_recall_seen": [(len(one.stated & one.seen), len(one.seen)) for one in worlds],
            "place_precision_elsewhere": [
                (len(one.stated & other.habits), len(one.stated))
                for one, other in zip(worlds, others, strict=True)
                if one is not other
            ],
            "empty_precision": [(len(one.empty & one.empty_habits), len(one.empty)) for one in worlds],
            "empty_holds": [one.empty_hold for one in worlds],
            "empty_recall": [(len(one.empty & one.empty_habits), len(one.empty_habits)) for one in worlds],
            "second_stated": [(int(one.second is not None), 1) for one in worlds],
            "second_right": [(int(one.second), 1) for one in worlds if one.second is not None],
            "household_holds": [household[count].hold],
        }
        for name, parts in shares.items():
            every = sum(number for _, number in parts)
            if not every:
                continue
            value = sum(right for right, _ in parts) / every
            figures[f"{name}_{count}"] = value
            spread = student([right / number for right, number in parts if number], within=(0, 1))
            interval = ""
            if spread.runs > 1:
                low, high = max(0.0, spread.low), min(1.0, spread.high)
                interval = f"[{low:.1%}, {high:.1%}]"
                if name in _WITH_INTERVAL:
                    figures |= {f"{name}_{count}_low": low, f"{name}_{count}_high": high}
            rows.append([str(count), SHARES[name], f"{every}", f"{value:.1%}", interval])
    print(table(["episodes", "share", "of", "value", "95% interval of the mean over worlds"], rows))
    return figures


if __name__ == "__main__":
    raise SystemExit(main())
