"""Skills on trial while a policy trains: new ones prove themselves before they enter the bank."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from skill_gym.agents.ruling import Ruling
from skill_gym.agents.slot import Played
from skill_gym.skillbanks.arms import Arm, draw_arm, fitting_candidates
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.candidate_trials import CandidateTrials
from skill_gym.skillbanks.evidence import EvidenceBook
from skill_gym.skillbanks.evolution import Evolution
from skill_gym.skillbanks.rendering import about_tokens
from skill_gym.skillbanks.retrieval import Retriever
from skill_gym.skillbanks.selection import ByUtility
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.store_events import STATE_AFTER, Event, State
from skill_gym.skillbanks.trials import TrialConfig
from skill_gym.skillbanks.utility import Utility
from skill_gym.skillbanks.watch import Watch, WatchConfig
from skill_gym.trajectory import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillTrialsConfig:
    """How skills prove themselves while the policy trains.

    Attributes:
        enable: Whether evolution's skills go on trial; without, they enter the bank at once, as in SkillRL.
        min_effect: Gain in success worth having.
        alpha: False discovery rate of admissions.
        beta: Probability to give up a skill worth having, as futile.
        max_groups: Groups after which an undecided trial is given up; null for no end.
        show: Probability that a group is shown a candidate that fits its task.
        per_group: Candidates drawn for in a group, at most.
        withhold: Probability that a group plays without a skill of the bank that fits; 0 watches none.
        keep_effect: A watched skill that gains at least this is kept.
        run_length: Groups until a good skill is taken out by mistake, on average, at least.
        choice: Who chooses among the skills that fit: the ``retriever``, or by utility from the evidence so
            far, by its ``mean`` or with exploration (``thompson``, ``ucb``) while training.
        canaries: Tasks that are played before and after an admission, which is undone if success falls
            significantly; 0 for none.
    """

    enable: bool = False
    min_effect: float = 0.2
    alpha: float = 0.1
    beta: float = 0.1
    max_groups: int | None = 500
    show: float = 0.5
    per_group: int = 2
    withhold: float = 0.1
    keep_effect: float = 0.05
    run_length: float = 2000.0
    choice: Literal["retriever", "mean", "thompson", "ucb"] = "retriever"
    canaries: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.show < 1 or not 0 <= self.withhold < 1:
            raise ValueError(
                f"trials.show must lie between 0 and 1 and trials.withhold in [0, 1), got {self.show} and "
                f"{self.withhold}; what is certain teaches nothing"
            )
        if self.per_group < 1 or self.canaries < 0:
            raise ValueError(
                f"trials.per_group must be at least 1 and trials.canaries at least 0, got {self.per_group} "
                f"and {self.canaries}"
            )
        # Raise early, with the names of their own.
        _ = (self.trial, self.watch)

    @property
    def trial(self) -> TrialConfig:
        """Of each candidate's trial."""
        return TrialConfig(
            min_effect=self.min_effect, alpha=self.alpha, beta=self.beta, max_observations=self.max_groups
        )

    @property
    def watch(self) -> WatchConfig:
        """Of each of the bank's skills."""
        return WatchConfig(keep_effect=self.keep_effect, run_length=self.run_length)


class SkillTrials:
    """Draws arms for groups, learns from what became of them, and rules on candidates and skills.

    A skill that was ever on trial is remembered, so that none is tried twice until chance lets it pass.

    Args:
        config: How skills prove themselves.
        seed: Of the run; with iteration and group it decides the arm.

    Attributes:
        book: The evidence so far.
        candidates: Id -> entry of everything that was ever on trial, in order.
    """

    def __init__(self, config: SkillTrialsConfig, *, seed: int) -> None:
        self.config = config
        self.seed = seed
        self.book = EvidenceBook()
        self.trials = CandidateTrials(config.trial)
        self.watches: dict[str, Watch] = {}
        self.candidates: dict[str, Skill | Mistake] = {}
        self.replaces: dict[str, str] = {}

    @property
    def utility(self) -> Utility:
        """What skills are worth by the evidence so far."""
        return Utility(self.book)

    def arm(self, iteration: int, group: int, task: Task, retriever: Retriever) -> Arm:
        """The arm of a group: the same for all siblings, drawn among what fits their task."""
        on_trial = [self.candidates[name] for name in self.trials.open_ids]
        fitting = set(fitting_candidates(retriever, on_trial, task).ids)
        withhold = self.config.withhold
        return draw_arm(
            self.seed,
            iteration,
            group,
            candidates=[entry for entry in on_trial if entry.id in fitting],
            watched=retriever.retrieve([task])[0].ids if withhold else (),
            probabilities=(self.config.show, 1 - withhold) if withhold else (self.config.show, 0.5),
            per_group=self.config.per_group,
        )

    def choose(
        self,
        retriever: Retriever,
        *,
        iteration: int,
        exploring: bool,
        max_tokens: int,
        count_tokens: Callable[[str], int] | None = None,
    ) -> Retriever:
        """The retriever with the choice of the config; draws are the same throughout an iteration."""
        choice = self.config.choice
        if choice == "retriever":
            return retriever
        return ByUtility(
            retriever,
            self.utility,
            explore=choice if exploring and choice != "mean" else None,
            max_tokens=max_tokens,
            count_tokens=count_tokens or about_tokens,
            seed=self.seed,
            round=iteration,
            unjudged=frozenset(self.trials.open_ids),
        )

    def propose(self, bank: SkillBank, evolution: Evolution) -> SkillBank:
        """Puts what evolution added on trial; the bank takes its memory and loses what it retired.

        Args:
            bank: The bank in force.
            evolution: Of ``known(bank)``.
        """
        entries = {skill.id: skill for skill in evolution.added}
        self.candidates |= entries
        self.replaces |= {new: old for old, new in evolution.revised.items() if old in bank}
        self.trials.begin(entries)
        gone = [name for name in evolution.retired if name in bank]
        metadata = evolution.bank.metadata
        if not gone and dict(metadata) == dict(bank.metadata):
            return bank
        return replace(bank.without(gone), metadata=metadata, generation=bank.generation + 1)

    def known(self, bank: SkillBank) -> SkillBank:
        """The bank with everything that was ever on trial, for a teacher, who shall not propose it again."""
        return bank.with_skills(entry for name, entry in self.candidates.items() if name not in bank)

    def hear(self, words: Mapping[str, Event]) -> None:
        """Takes what reviewers decided: trials end by it, and a skill that they touched is watched anew.

        A new text for a candidate ends its trial, too, whose evidence is of the old one; it waits for
        approval. What an approved revision was to replace stays until somebody merges or retires it.

        Args:
            words: Id of an entry -> the last event of it by somebody else.
        """
        for name, event in words.items():
            self.watches.pop(name, None)
            if name in self.trials.open_ids:
                approved = STATE_AFTER[event.kind] is State.ACTIVE
                self.trials.close(name, "admit" if approved else "retire")

    def observe(self, iteration: int, played: Sequence[Played]) -> None:
        """Takes the episodes of an iteration, group by group; broken ones tell nothing."""
        groups: dict[int, list[Played]] = {}
        for one in played:
            if one.trajectory.ended != "broken":
                groups.setdefault(one.episode.group, []).append(one)
        for group in groups.values():
            self._observe_group(iteration, group)

    def _observe_group(self, iteration: int, group: Sequence[Played]) -> None:
        first = group[0].trajectory
        task_type = first.task.task_type
        outcomes = [float(one.trajectory.solved) for one in group]
        success = math.fsum(outcomes) / len(outcomes)
        arm = first.meta.get("bank_arm", {})
        show, keep = arm.get("probabilities", (0.5, 0.5))
        on_trial = _shown(arm, "candidates", "held_back")
        under_watch = _shown(arm, "kept", "withheld")
        # Before the trials count this group: it may not be in its own baseline.
        baseline = self.trials.baseline(task_type)
        self.trials.observe_group(success, on_trial, probability=show, task_type=task_type)
        for name, shown in under_watch.items():
            watch = self.watches.setdefault(name, Watch(self.config.watch))
            watch.observe_group(success, shown=shown, probability=keep, baseline=baseline)
        self.book.observe_group(task_type, outcomes, {**on_trial, **under_watch})
        self.book.observe_use(task_type, first.skill_ids, episodes=len(group), when=iteration)

    def rule(self, bank: SkillBank) -> Ruling:
        """Admits candidates that have proved themselves, and takes out skills that no longer do."""
        decisions = tuple(self.trials.decide())
        admitted = [one.skill_id for one in decisions if one.verdict == "admit"]
        alarms = {name: watch.alarm for name, watch in self.watches.items() if name in bank}
        retired = {name: alarm for name, alarm in alarms.items() if alarm is not None}
        replaced = {self.replaces[name] for name in admitted if name in self.replaces} - retired.keys()
        gone = [name for name in bank.ids if name in retired or name in replaced]
        self.watches = {name: one for name, one in self.watches.items() if name in bank and name not in gone}
        if not admitted and not gone:
            return Ruling(bank, decisions)
        changed = bank.without(gone).with_skills(self.candidates[name] for name in admitted)
        return Ruling(replace(changed, generation=bank.generation + 1), decisions, retired)

    def metrics(self) -> dict[str, Any]:
        """Counts for the run's metrics."""
        verdicts = [one.verdict for one in self.trials.decisions.values()]
        return {
            "trials/open": len(self.trials.open_ids),
            "trials/admitted": verdicts.count("admit"),
            "trials/turned_away": len(verdicts) - verdicts.count("admit"),
            "trials/watched": len(self.watches),
        }

    def to_json(self) -> dict[str, Any]:
        """The state, for a checkpoint."""
        return {
            "candidates": SkillBank.empty().with_skills(self.candidates.values()).dumps(),
            "replaces": dict(self.replaces),
            "trials": self.trials.to_json(),
            "watches": {name: watch.to_json() for name, watch in self.watches.items()},
            "evidence": self.book.to_json(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on where ``to_json`` left off."""
        tried = SkillBank.loads(state["candidates"], "candidates in the checkpoint")
        self.trials = CandidateTrials.from_json(self.config.trial, state["trials"])
        # In the order of their trials: a bank sorts its entries by place.
        self.candidates = {name: tried.get(name) for name in self.trials.trials}
        self.replaces = dict(state["replaces"])
        self.watches = {
            name: Watch.from_json(self.config.watch, one) for name, one in state["watches"].items()
        }
        self.book = EvidenceBook.from_json(state["evidence"])


def _shown(arm: Mapping[str, Any], shown: str, hidden: str) -> dict[str, bool]:
    return {**dict.fromkeys(arm.get(shown, ()), True), **dict.fromkeys(arm.get(hidden, ()), False)}
