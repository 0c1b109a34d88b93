"""Why an ALFWorld episode failed: causes found by rule in what its text tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from skill_gym.skillbanks.episode_facts import EpisodeFacts, Move, kind, read_episode
from skill_gym.skillbanks.goals import CLEAN, COOL, HEAT, LOOK, TWO
from skill_gym.trajectory import Trajectory

CHANGES: Mapping[str, str] = {CLEAN: "clean", HEAT: "heat", COOL: "cool"}
"""Task type -> the verb that changes the object as the goal demands."""


class Cause(StrEnum):
    """What went wrong, in a report's order: from the act nearest to the goal to the search for the object."""

    NOT_CHANGED = "missing transformation"
    MISPLACED = "object put in the wrong place"
    SPLIT_PAIR = "two objects in two different places"
    ONE_OF_TWO = "stopped after one of two objects"
    LAMP_NOT_USED = "lamp not used"
    LAMP_WITHOUT_OBJECT = "lamp used without the object in hand"
    NOT_DELIVERED = "object held but not delivered"
    SEEN_NOT_TAKEN = "goal object seen but not taken"
    WRONG_OBJECT = "wrong object taken"
    NOT_OPENED = "closed containers never opened"
    NOT_VISITED = "places never visited"
    REFUSED = "impossible commands"
    UNREADABLE = "replies without a readable command"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause in one episode.

    Attributes:
        cause: What went wrong.
        evidence: Half a sentence on what the text shows.
        details: Facts for advice: kinds of things or places, by role.
    """

    cause: Cause
    evidence: str
    details: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """An episode with its facts and the causes found; a solved one has none."""

    trajectory: Trajectory
    facts: EpisodeFacts
    findings: tuple[Finding, ...]


def diagnose(trajectory: Trajectory) -> Diagnosis:
    """Finds the causes of a failure.

    The task type is the environment's. Causes that concern the goal object need one of the game's own goal
    sentences (a person's words don't name the object as the game does); loops, refused commands and places
    left out are found in any case. An episode that ended well or broke has no findings.
    """
    facts = read_episode(trajectory)
    if trajectory.ended in ("solved", "broken"):
        return Diagnosis(trajectory, facts, ())
    task_type = trajectory.task.task_type
    found = [*_handling(facts, task_type), *_search(facts, task_type), *_conduct(facts)]
    return Diagnosis(trajectory, facts, tuple(sorted(found, key=lambda item: list(Cause).index(item.cause))))


def _handling(facts: EpisodeFacts, task_type: str) -> list[Finding]:
    wanted, target = facts.goal.object, facts.goal.target
    if not wanted:
        return []
    found: list[Finding] = []
    own: Callable[[str], bool] = lambda name: kind(name) == wanted  # noqa: E731
    change = CHANGES.get(task_type, "")
    got = [name for name in facts.taken if own(name)]
    rest = [move for move in facts.resting.values() if own(move.object)]
    delivered = [move for move in rest if kind(move.place) == target and _ready(move.changes, change)]

    def add(cause: Cause, evidence: str, **details: tuple[str, ...]) -> None:
        found.append(Finding(cause, evidence, {"object": (wanted,), "target": (target,), **details}))

    raw = [move for move in rest if not _ready(move.changes, change)]
    held_raw = own(facts.held) and not _ready(facts.held_changes, change)
    if change and (raw or held_raw):
        where = f"left in {raw[-1].place}" if raw else "still in hand"
        add(Cause.NOT_CHANGED, f"{wanted} {where} without '{change}'")
    if task_type == LOOK:
        if not facts.lit and got:
            add(Cause.LAMP_NOT_USED, f"{wanted} taken, no lamp turned on", places=_lamp_places(facts, target))
        elif facts.lit and not own(facts.held):
            add(
                Cause.LAMP_WITHOUT_OBJECT,
                f"lamp turned on {len(facts.lit)} times, no {wanted} in hand at the end",
            )
    else:
        astray = [move for move in rest if kind(move.place) != target]
        if astray:
            places = tuple(dict.fromkeys(kind(move.place) for move in astray))
            add(Cause.MISPLACED, f"{wanted} left in {astray[-1].place}, not in a {target}", places=places)
        if task_type == TWO and delivered:
            _pair(facts, delivered, add)
        if own(facts.held) and _ready(facts.held_changes, change):
            add(Cause.NOT_DELIVERED, f"{wanted} in hand at the end, never brought to a {target}")
    seen = facts.seen(wanted)
    if seen and not got:
        places = tuple(dict.fromkeys(kind(place) for place in seen.values()))
        add(Cause.SEEN_NOT_TAKEN, f"{wanted} seen at {next(iter(seen.values()))}, not taken", places=places)
    wrong = tuple(dict.fromkeys(kind(name) for name in facts.taken if not own(name)))
    if wrong:
        add(Cause.WRONG_OBJECT, f"took {', '.join(wrong)} instead of {wanted}", wrong=wrong)
    return found


def _pair(facts: EpisodeFacts, delivered: list[Move], add: Callable[..., None]) -> None:
    if len({move.place for move in delivered}) > 1:
        add(Cause.SPLIT_PAIR, f"delivered to {' and '.join(sorted({move.place for move in delivered}))}")
    elif len(delivered) == 1:
        add(Cause.ONE_OF_TWO, f"one {facts.goal.object} delivered, {len(facts.seen(facts.goal.object))} seen")


def _search(facts: EpisodeFacts, task_type: str) -> list[Finding]:
    wanted = facts.goal.object
    needed = 2 if task_type == TWO else 1
    if wanted and len(facts.seen(wanted)) >= needed:
        return []
    found = []
    missing = wanted or "the goal object"
    common = {"object": (wanted,) if wanted else (), "visited": _kinds(facts.visits)}
    if facts.closed:
        evidence = f"{missing} not found, {len(facts.closed)} closed containers passed by"
        found.append(Finding(Cause.NOT_OPENED, evidence, {**common, "places": _kinds(facts.closed)}))
    if facts.unvisited:
        evidence = f"{missing} not found, {len(facts.unvisited)} of {len(facts.places)} places never visited"
        found.append(Finding(Cause.NOT_VISITED, evidence, {**common, "places": _kinds(facts.unvisited)}))
    return found


def _conduct(facts: EpisodeFacts) -> list[Finding]:
    found = []
    unreadable = facts.refused.get("", 0)
    impossible = {command: count for command, count in facts.refused.items() if command}
    if unreadable >= 2:
        found.append(Finding(Cause.UNREADABLE, f"{unreadable} of {facts.steps} replies held no command"))
    if sum(impossible.values()) >= 3:
        worst = max(impossible, key=lambda command: impossible[command])
        evidence = f"{sum(impossible.values())} of {facts.steps} commands impossible, most often '{worst}'"
        verbs = tuple(dict.fromkeys(command.split()[0] for command in impossible))
        found.append(Finding(Cause.REFUSED, evidence, {"verbs": verbs}))
    # Small numbers are chance; a third of the episode is not.
    if facts.repeats >= max(4, facts.steps / 3):
        most = max(facts.visits, key=lambda place: facts.visits[place], default="")
        evidence = f"{facts.repeats} of {facts.steps} commands told nothing new"
        evidence += f", {most} visited {facts.visits[most]} times" if most else ""
        found.append(Finding(Cause.LOOP, evidence, {"places": (kind(most),) if most else ()}))
    return found


def _ready(changes: frozenset[str], change: str) -> bool:
    return not change or change in changes


def _lamp_places(facts: EpisodeFacts, lamp: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(kind(place) for place in facts.seen(lamp).values()))


def _kinds(places: Mapping[str, int] | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(kind(place) for place in places))
