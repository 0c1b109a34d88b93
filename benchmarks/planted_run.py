"""Plays one stage from its first candidate to its last cycle, for the bank and for its baselines alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skill_gym.benchmarks.planted_baselines import AppendEverything, MovingAverage, NoSkills, Oracle, Rule
from skill_gym.benchmarks.planted_candidates import (
    INHERITED,
    Candidate,
    Label,
    Truth,
    judged,
    read_candidates,
    true_effect,
)
from skill_gym.benchmarks.planted_household import Household
from skill_gym.benchmarks.planted_library import Library
from skill_gym.benchmarks.planted_life import Course, Keeper, LifeConfig
from skill_gym.benchmarks.planted_players import Stage
from skill_gym.benchmarks.planted_writer import Planted, plant
from skill_gym.dice import Dice

STAGES: Mapping[str, Callable[[int], Stage]] = {"household": Household, "library": Library}
RULES = ("ours", "oracle", "append", "average", "none")


@dataclass(slots=True)
class Outcome:
    """What came of one stage.

    Attributes:
        stage: Its name.
        seed: Its seed.
        candidates: In order of arrival.
        labels: Id -> label by what was measured.
        truths: Id -> true effect.
        courses: Id -> what became of it.
        successes: Rule -> successes of each cycle; all rules play the same tasks with the same luck.
        episodes: Episodes of each cycle.
        refused: Drafts that were written anew.
        mislabelled: Candidates of a file that do not do what their label says.
        bank: Ids in the bank at the end.
        played: Different episodes that were played for all this.
    """

    stage: str
    seed: int
    candidates: Sequence[Candidate]
    labels: Mapping[str, Label | None]
    truths: Mapping[str, Truth]
    courses: Mapping[str, Course]
    successes: dict[str, list[int]] = field(default_factory=dict)
    episodes: list[int] = field(default_factory=list)
    refused: int = 0
    mislabelled: int = 0
    bank: Sequence[str] = ()
    played: int = 0

    def regret(self, rule: str) -> float:
        """Successes that the oracle had more over all episodes."""
        return sum(self.successes["oracle"]) - sum(self.successes[rule])


def play_stage(
    kind: str, seed: int, total: int, config: LifeConfig, candidates: str | None = None
) -> Outcome:
    """Plants candidates in a stage, or takes them from a file, and plays their life.

    Args:
        kind: ``household`` or ``library``.
        seed: Of stage, writer and draws.
        total: How many are written; of a file all are taken.
        config: How much is played for what.
        candidates: Path of a candidates file.
    """
    stage: Stage = STAGES[kind](seed)
    planted = (
        plant(
            stage,
            total,
            first=config.first,
            arrivals=config.arrivals,
            inherited=config.inherited,
            min_effect=config.trial.min_effect,
            seed=seed,
        )
        if candidates is None
        else _from_file(candidates, stage, kind, seed, config)
    )
    return live(stage, planted, config, seed)


def live(stage: Stage, planted: Planted, config: LifeConfig, seed: int) -> Outcome:
    """Plays the life of planted candidates; every rule plays the tasks that the bank's arms drew."""
    labels = {
        one.skill.id: judged(one, planted.truths[one.skill.id], config.trial.min_effect)
        for one in planted.candidates
    }
    keeper = Keeper(stage, len(planted.candidates), config, seed)
    rules: dict[str, Rule] = {
        "oracle": Oracle(labels),
        "append": AppendEverything(),
        "average": MovingAverage(),
        "none": NoSkills(),
    }
    outcome = Outcome(
        stage.name,
        seed,
        planted.candidates,
        labels,
        planted.truths,
        keeper.courses,
        {rule: [] for rule in RULES},
        refused=planted.refused,
        mislabelled=sum(labels[one.skill.id] != one.label for one in planted.candidates),
    )
    first = [one for one in planted.candidates if one.arrives == INHERITED]
    keeper.inherit([one.skill for one in first])
    for rule in rules.values():
        rule.receive(first, changed=False)
    for cycle in range(config.cycles):
        changed = cycle >= config.change
        arriving = [one for one in planted.candidates if one.arrives == cycle]
        keeper.receive([one.skill for one in arriving], cycle)
        for rule in rules.values():
            rule.receive(arriving, changed=changed)
        episodes = keeper.episodes()
        played = [
            (one, stage.success(one.task, one.shelf.lines(one.task), one.luck, changed=changed))
            for one in episodes
        ]
        keeper.learn(played, cycle, changed=changed)
        outcome.successes["ours"].append(sum(success for _, success in played))
        for name, rule in rules.items():
            wins = 0
            for one in episodes:
                success = stage.success(one.task, rule.lines(one.task), one.luck, changed=changed)
                rule.learn(one.task, success)
                wins += success
            outcome.successes[name].append(wins)
        outcome.episodes.append(len(episodes))
    outcome.bank = keeper.bank.ids
    outcome.played = stage.episodes_played
    return outcome


def _from_file(path: str, stage: Stage, kind: str, seed: int, config: LifeConfig) -> Planted:
    """Candidates of a file in its order, those without a cycle spread evenly over the arrivals."""
    dice = Dice(f"planted file {stage.name}")
    found: list[Candidate] = []
    for one in read_candidates(path, kind, seed):
        arrives = one.arrives if one.arrives is not None else config.first + dice.below(config.arrivals)
        found.append(Candidate(one.skill, one.label, one.stage, min(arrives, config.cycles - 1), one.origin))
    found.sort(key=lambda one: one.arrives or 0)
    return Planted(tuple(found), {one.skill.id: true_effect(stage, one.skill) for one in found}, 0)


def summary(outcome: Outcome) -> dict[str, Any]:
    """One line a candidate, for reading afterwards."""
    rows = []
    for one in outcome.candidates:
        course, truth = outcome.courses[one.skill.id], outcome.truths[one.skill.id]
        rows.append(
            {
                **one.to_json(),
                "measured": outcome.labels[one.skill.id],
                "effect": round(truth.effect, 3),
                "later": round(truth.later, 3),
                "fate": course.fate,
                "reason": course.reason,
                "decided": course.decided,
                "trial_episodes": course.trial_episodes,
                "retired": course.retired,
                "alarm": course.alarm,
                "watch_episodes": course.watch_episodes,
                "changed_watch_episodes": course.changed_watch_episodes,
            }
        )
    return {"stage": outcome.stage, "seed": outcome.seed, "rows": rows}
