"""What the lives of planted candidates come to: rates, episodes, theory, regret."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import mean

from skill_gym.benchmarks.claim import Figure, table
from skill_gym.benchmarks.intervals import wilson
from skill_gym.benchmarks.planted_candidates import GOOD, INHERITED, LABELS, Candidate, Truth
from skill_gym.benchmarks.planted_life import Course, LifeConfig
from skill_gym.benchmarks.planted_run import RULES, Outcome
from skill_gym.skillbanks.trial_theory import Outcomes, expected_observations, growth
from skill_gym.skillbanks.trials import TrialConfig
from skill_gym.skillbanks.watch import WatchConfig

FATES = ("admitted", "retired in trial", "futile", "duplicate", "lint", "undecided")


def figures(outcomes: Sequence[Outcome], config: LifeConfig) -> dict[str, Figure]:
    """All figures of a run, over its stages.

    Precision is the share of helpful and stale ones among the admitted, recall the share of admitted ones
    among the helpful and stale; a duplicate is a false admission whatever it says. What a file holds is
    judged by its measured effect; an effect between nothing and the minimum counts on neither side.
    """
    proposed = [item for item in _items(outcomes) if item[0].arrives != INHERITED]
    admitted = [(label, course) for _, label, _, course in proposed if course.fate == "admitted"]
    sound = sum(label in GOOD for label, _ in admitted)
    counted = sum(label is not None for label, _ in admitted)
    good = [course for _, label, _, course in proposed if label in GOOD]
    found: dict[str, Figure] = {
        "candidates": len(proposed),
        "stages": len(outcomes),
        "seeds": len({outcome.seed for outcome in outcomes}),
        "min_effect": config.trial.min_effect,
        "fdr": config.trial.alpha,
        "worth_admitting": len(good),
        "admitted": len(admitted),
        "precision": None,
        "precision_low": None,
        "recall": None,
        "recall_low": None,
    }
    if counted:
        rate = wilson(sound, counted)
        found |= {"precision": rate.value, "precision_low": rate.low}
    if good:
        rate = wilson(sum(course.fate == "admitted" for course in good), len(good))
        found |= {"recall": rate.value, "recall_low": rate.low}
    for label in ("malicious", "harmful", "duplicate", "useless"):
        found[f"{label}_admitted"] = sum(other == label for other, _ in admitted)
    malicious = [course for _, label, _, course in proposed if label == "malicious"]
    found["malicious_past_lint"] = sum(course.fate not in ("lint", "duplicate") for course in malicious)
    found["mislabelled"] = sum(outcome.mislabelled for outcome in outcomes)
    return found | _episodes(outcomes, config) | _retirements(outcomes, config) | _regrets(outcomes)


def _items(
    outcomes: Iterable[Outcome],
) -> Iterable[tuple[Candidate, str | None, Truth, Course]]:
    for outcome in outcomes:
        for one in outcome.candidates:
            name = one.skill.id
            yield one, outcome.labels[name], outcome.truths[name], outcome.courses[name]


def contrasts(by_task: Sequence[tuple[float, float]]) -> Outcomes:
    """How pairs of a candidate come out, each half with a luck of its own, task by task."""
    up = mean(shown * (1 - bare) for shown, bare in by_task)
    down = mean(bare * (1 - shown) for shown, bare in by_task)
    return ((1.0, up), (-1.0, down), (0.0, 1 - up - down))


def theory(truth: Truth, label: str | None, trial: TrialConfig, level: float) -> float:
    """Episodes of a trial that no test of these error rates can beat on average (``trial_theory``).

    Args:
        truth: True effect.
        label: What is to be found: a gain, or that there is none worth having.
        trial: Error rates.
        level: Of an admission, as e-BH has it at the end.
    """
    if not truth.by_task:
        return math.inf
    outcomes = contrasts(truth.by_task)
    if label in GOOD:
        return 2 * expected_observations(outcomes, trial, "help", level=level)
    return 2 * min(expected_observations(outcomes, trial, question) for question in ("harm", "futility"))


def watch_theory(by_task: Sequence[tuple[float, float]], watch: WatchConfig) -> float:
    """Episodes of a watch until an alarm, by the growth of the better of its two bets.

    ``log(2 run_length)`` over the growth rate: to first order the best mean delay of a detector with so few
    false alarms, in the worst case over the past (Lorden 1971). What was seen before may give it a start.
    """
    if not by_task:
        return math.inf
    outcomes, keep = contrasts(by_task), watch.keep_effect
    rate = max(
        growth([(-value, chance) for value, chance in outcomes], 1.0),
        growth([(keep - value, chance) for value, chance in outcomes], 1.0 - keep),
    )
    return 2 * math.log(2 * watch.run_length) / rate if rate > 0 else math.inf


def _episodes(outcomes: Sequence[Outcome], config: LifeConfig) -> dict[str, Figure]:
    taken: dict[str, list[tuple[float, float]]] = {"helpful": [], "useless": [], "harmful": []}
    everything = []
    for outcome in outcomes:
        admitted = sum(course.fate == "admitted" for course in outcome.courses.values())
        level = config.trial.alpha * max(1, admitted) / max(1, len(outcome.candidates))
        for one, label, truth, course in _items([outcome]):
            if one.arrives == INHERITED or not course.trial_episodes or course.fate == "undecided":
                continue
            everything.append(course.trial_episodes)
            kind = "helpful" if label in GOOD else label
            if kind in taken and (kind == "helpful") == (course.fate == "admitted"):
                needed = theory(truth, label, config.trial, level)
                taken[kind].append((course.trial_episodes, needed))
    found: dict[str, Figure] = {"episodes_per_decision": mean(everything) if everything else None}
    for kind, pairs in taken.items():
        finite = [pair for pair in pairs if math.isfinite(pair[1])]
        found[f"{kind}_episodes"] = mean(pair[0] for pair in finite) if finite else None
        found[f"{kind}_episodes_theory"] = mean(pair[1] for pair in finite) if finite else None
    return found


def _retirements(outcomes: Sequence[Outcome], config: LifeConfig) -> dict[str, Figure]:
    items = list(_items(outcomes))
    inherited = [(truth, course) for one, _, truth, course in items if one.arrives == INHERITED]
    gone = [pair for pair in inherited if pair[1].retired is not None]
    admitted = [item for item in items if item[3].fate == "admitted"]
    stale = [(truth, course) for _, label, truth, course in admitted if label == "stale"]
    kept = [course for _, label, _, course in admitted if label == "helpful"]
    after = [pair for pair in stale if pair[1].retired is not None and pair[1].retired >= config.change]
    early = sum(course.retired is not None and course.retired < config.change for _, course in stale)
    needed = [watch_theory(truth.by_task, config.watch) for truth, _ in gone]
    later = [watch_theory(truth.by_task_later, config.watch) for truth, _ in after]
    return {
        "inherited_harmful": len(inherited),
        "inherited_retired": len(gone),
        "inherited_retired_episodes": _mean([course.watch_episodes for _, course in gone]),
        "inherited_retired_theory": _mean(needed),
        "stale_admitted": len(stale),
        "stale_retired": len(after),
        "stale_retired_episodes": _mean([course.changed_watch_episodes for _, course in after]),
        "stale_retired_theory": _mean(later),
        "false_retirements": sum(course.retired is not None for course in kept) + early,
        "of_helpful": len(kept) + len(stale),
    }


def _mean(values: Sequence[float]) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return mean(finite) if finite else None


def _regrets(outcomes: Sequence[Outcome]) -> dict[str, Figure]:
    total = sum(sum(outcome.episodes) for outcome in outcomes)
    found: dict[str, Figure] = {"episodes": total}
    for rule in RULES:
        found[f"success_{rule}"] = sum(sum(outcome.successes[rule]) for outcome in outcomes) / total
    regrets = {rule: sum(outcome.regret(rule) for outcome in outcomes) for rule in RULES}
    for rule in ("ours", "append", "average", "none"):
        found[f"regret_{rule}"] = regrets[rule] / total
    for rule, name in (
        ("append", "regret_ratio"),
        ("average", "regret_ratio_average"),
        ("none", "regret_ratio_none"),
    ):
        found[name] = regrets["ours"] / regrets[rule] if regrets[rule] > 0 else None
    return found


def fate_table(outcomes: Sequence[Outcome]) -> str:
    """What was planted as what, and what became of it."""
    counts = Counter(
        (label, course.fate) for one, label, _, course in _items(outcomes) if one.arrives != INHERITED
    )
    rows = []
    for label in (*LABELS, None):
        row = [counts[label, fate] for fate in FATES]  # type: ignore[index]
        if sum(row):
            rows.append([label or "slight effect", *map(str, row), str(sum(row))])
    return table(["planted", *FATES, "all"], rows)
