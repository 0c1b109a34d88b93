"""Many candidates on trial at once, with a bound on the share of false admissions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from skill_gym.skillbanks.e_process import e_bh, stream_weight
from skill_gym.skillbanks.trials import Contrast, Trial, TrialConfig, Verdict, group_contrast, pair_contrast


@dataclass(frozen=True, slots=True)
class Decision:
    """The end of a trial.

    Attributes:
        skill_id: Who was on trial.
        verdict: ``admit``, ``retire`` or ``futile``.
        observations: Groups or pairs that it took.
        log_e: Logarithm of the evidence: for the gain, for harm, or against an effect worth having.
        exhausted: Whether the trial was given up since it had all observations that it may have.
    """

    skill_id: str
    verdict: Verdict
    observations: int
    log_e: float
    exhausted: bool = False


class CandidateTrials:
    """Runs a trial for each candidate and decides over all of them together.

    Admissions are those of e-BH on the trials' e-values, so that the expected share of admitted candidates
    whose effect is at most ``null_effect`` is at most ``alpha``, whenever one looks, however the candidates'
    trials depend on each other (they share groups). A trial that was decided takes no more observations,
    which keeps its e-value. Retiring and giving up are by each trial alone.

    Args:
        config: Of each trial; ``alpha`` is the false discovery rate.
        candidates: How many candidates there will ever be, where that is known: each gets the same share of
            alpha. None for a stream: the shares fall with the candidate's number (``stream_weight``).
    """

    def __init__(self, config: TrialConfig, *, candidates: int | None = None) -> None:
        if candidates is not None and candidates < 1:
            raise ValueError(f"candidates must be at least 1 or None, got {candidates}")
        self.config = config
        self.candidates = candidates
        self.trials: dict[str, Trial] = {}
        self.decisions: dict[str, Decision] = {}
        self._successes: dict[str, float] = {}
        self._groups: dict[str, int] = {}

    @property
    def open_ids(self) -> tuple[str, ...]:
        """Candidates without a decision, in the order in which they came."""
        return tuple(skill_id for skill_id in self.trials if skill_id not in self.decisions)

    @property
    def admitted(self) -> tuple[str, ...]:
        """Candidates that were admitted, in the order in which they came."""
        return tuple(name for name in self.trials if self.verdict(name) == "admit")

    def verdict(self, skill_id: str) -> Verdict:
        """What was decided."""
        decision = self.decisions.get(skill_id)
        return "undecided" if decision is None else decision.verdict

    def begin(self, skill_ids: Iterable[str]) -> None:
        """Puts candidates on trial; their order counts in a stream.

        Raises:
            ValueError: One has been on trial before, or there are more than ``candidates``.
        """
        for skill_id in skill_ids:
            if skill_id in self.trials:
                raise ValueError(
                    f"{skill_id!r} has been on trial already; a second trial of the same id would undo the "
                    "error control, give a revised skill a new id"
                )
            if self.candidates is not None and len(self.trials) >= self.candidates:
                raise ValueError(f"there are more than candidates={self.candidates}; None takes any number")
            self.trials[skill_id] = Trial(self.config)

    def observe_pair(self, skill_id: str, shown: float, withheld: float) -> None:
        """A task that was played with the candidate and without it (``pair_contrast``)."""
        self._observe(skill_id, pair_contrast(shown, withheld))

    def observe_group(
        self, success: float, arms: Mapping[str, bool], *, probability: float = 0.5, task_type: str = ""
    ) -> None:
        """A group for which it was drawn which of several candidates are shown.

        Args:
            success: Mean success of the group, in [0, 1].
            arms: Candidate -> whether it was shown; those for whom nothing was drawn are left out.
            probability: With which each was shown.
            task_type: Groups of the type so far are the baseline.
        """
        # Before this group is counted: the baseline may not know it.
        baseline = self.baseline(task_type)
        for skill_id, shown in arms.items():
            self._observe(
                skill_id,
                group_contrast(success, shown=shown, probability=probability, baseline=baseline),
            )
        self._successes[task_type] = self._successes.get(task_type, 0.0) + success
        self._groups[task_type] = self._groups.get(task_type, 0) + 1

    def baseline(self, task_type: str) -> float:
        """Mean success of the groups of a type so far, in (0, 1); one half before the first."""
        return (self._successes.get(task_type, 0.0) + 0.5) / (self._groups.get(task_type, 0) + 1)

    def _observe(self, skill_id: str, contrast: Contrast) -> None:
        if skill_id not in self.trials:
            raise ValueError(f"{skill_id!r} is not on trial; begin() it first")
        if skill_id not in self.decisions:
            self.trials[skill_id].observe(contrast)

    def decide(self) -> list[Decision]:
        """Ends the trials that have come to a verdict; returns the new decisions."""
        names = list(self.trials)
        if not names:
            return []
        shares = {
            name: 1 / self.candidates if self.candidates else stream_weight(number)
            for number, name in enumerate(names, start=1)
        }
        closed = {name for name in self.decisions if self.verdict(name) != "admit"}
        log_e = {name: self.trials[name].help.log_wealth for name in names if name not in closed}
        new = [
            self._decision(name, "admit")
            for name in e_bh(log_e, self.config.alpha, shares)
            if name not in self.decisions
        ]
        taken = {decision.skill_id for decision in new}
        for name in self.open_ids:
            verdict = self.trials[name].verdict_against
            if name not in taken and verdict != "undecided":
                new.append(self._decision(name, verdict))
        self.decisions |= {decision.skill_id: decision for decision in new}
        return new

    def close(self, skill_id: str, verdict: Verdict) -> None:
        """Ends an open trial by somebody's word; its evidence stays what it is."""
        if skill_id not in self.open_ids:
            raise ValueError(f"{skill_id!r} is not on trial, open are: {', '.join(self.open_ids)}")
        self.decisions[skill_id] = self._decision(skill_id, verdict)

    def _decision(self, name: str, verdict: Verdict) -> Decision:
        trial = self.trials[name]
        process = {"admit": trial.help, "retire": trial.harm}.get(verdict, trial.futility)
        given_up = verdict == "futile" and process.wealth < 1 / self.config.beta
        return Decision(name, verdict, trial.observations, process.log_wealth, given_up)

    def to_json(self) -> dict[str, Any]:
        """The state, for ``from_json``."""
        return {
            "candidates": self.candidates,
            "trials": {name: trial.to_json() for name, trial in self.trials.items()},
            "decisions": {
                name: [one.verdict, one.observations, one.log_e, one.exhausted]
                for name, one in self.decisions.items()
            },
            "successes": dict(self._successes),
            "groups": dict(self._groups),
        }

    @classmethod
    def from_json(cls, config: TrialConfig, state: Mapping[str, Any]) -> "CandidateTrials":
        """Trials that go on where ``to_json`` left them."""
        trials = cls(config, candidates=state["candidates"])
        trials.trials = {name: Trial.from_json(config, one) for name, one in state["trials"].items()}
        trials.decisions = {name: Decision(name, *one) for name, one in state["decisions"].items()}
        trials._successes.update(state["successes"])
        trials._groups.update(state["groups"])
        return trials
