"""Whether a skill helps, harms or does too little: a test that may be stopped at any time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from skill_gym.skillbanks.e_process import EProcess

Verdict = Literal["undecided", "admit", "retire", "futile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialConfig:
    """What a trial must be able to tell, and how often it may be wrong.

    Attributes:
        min_effect: Gain in success worth having, in (0, 1).
        null_effect: A skill is only admitted if its effect is shown to be above this, in [0, min_effect).
        alpha: Probability to admit a skill whose effect is at most ``null_effect``; over many candidates
            (``CandidateTrials``) the false discovery rate.
        harm_alpha: Probability to call a skill harmful whose effect is 0 or more.
        beta: Probability to give up a skill, as futile, whose effect is ``min_effect`` or more.
        max_observations: A trial that is undecided after so many observations is given up as futile; None
            for no end. It bounds what a trial costs and takes power away, never adds false admissions.
    """

    min_effect: float = 0.2
    null_effect: float = 0.0
    alpha: float = 0.05
    harm_alpha: float = 0.05
    beta: float = 0.05
    max_observations: int | None = None

    def __post_init__(self) -> None:
        for name in ("min_effect", "alpha", "harm_alpha", "beta"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}")
        if not 0 <= self.null_effect < self.min_effect:
            raise ValueError(
                f"null_effect must be at least 0 and below min_effect={self.min_effect}, got "
                f"{self.null_effect}; 0 asks for any effect at all"
            )
        if self.max_observations is not None and self.max_observations < 1:
            raise ValueError(f"max_observations must be at least 1 or None, got {self.max_observations}")


@dataclass(frozen=True, slots=True)
class Contrast:
    """One unbiased observation of a skill's effect on success.

    Attributes:
        value: Its expectation, given everything before it, is the effect: success with less without.
        low: The least that it could have been, below 0.
        high: The most that it could have been, above 0.
    """

    value: float
    low: float
    high: float


def pair_contrast(shown: float, withheld: float) -> Contrast:
    """The same task played with the skill and without it.

    Tasks must be new or drawn with replacement: where nothing is left to chance, a pair that was played
    before says nothing new, and counting it again would break the error control.

    Args:
        shown: Success with the skill, in [0, 1]; the mean of siblings, if there are any.
        withheld: Success without it, in [0, 1].
    """
    _check_success(shown)
    _check_success(withheld)
    return Contrast(shown - withheld, -1.0, 1.0)


def group_contrast(success: float, *, shown: bool, probability: float, baseline: float) -> Contrast:
    """A group that was drawn to play with the skill or without it.

    ``(A - p) / (p (1 - p)) (success - baseline)``: the effect on average, by the randomisation alone, however
    tasks and policy change from group to group (inverse probability weighting; Horvitz and Thompson 1952).
    Siblings depend on each other, therefore their mean is one observation.

    Args:
        success: Mean success of the group, in [0, 1].
        shown: Which arm was drawn.
        probability: With which probability the skill is shown, in (0, 1).
        baseline: Any guess of the success, in [0, 1], made without this group: it takes variance away.
    """
    _check_success(success)
    _check_success(baseline)
    if not 0 < probability < 1:
        raise ValueError(f"probability must lie between 0 and 1, got {probability}; no arm may be certain")
    with_it, without = 1 / probability, 1 / (1 - probability)
    return Contrast(
        with_it * (success - baseline) if shown else -without * (success - baseline),
        min(-with_it * baseline, -without * (1 - baseline)),
        max(with_it * (1 - baseline), without * baseline),
    )


class Trial:
    """The sequential test of one skill.

    Three bets run on the same observations: against "the effect is at most ``null_effect``" (won: admit),
    against "the effect is at least 0" (won: retire, it harms), and against "the effect is at least
    ``min_effect``" (won: futile). Each keeps its error probability at any stopping time, since each is an
    ``EProcess``; the policy may learn meanwhile, as only expectations given the past enter.

    Args:
        config: What is asked.
    """

    def __init__(self, config: TrialConfig) -> None:
        self.config = config
        self.observations = 0
        self.help = EProcess()
        self.harm = EProcess()
        self.futility = EProcess()

    def observe(self, contrast: Contrast) -> None:
        """Takes one observation."""
        effect, low, high = contrast.value, contrast.low, contrast.high
        least, worth = self.config.null_effect, self.config.min_effect
        self.help.bet(effect - least, least - low)
        self.harm.bet(-effect, high)
        self.futility.bet(worth - effect, high - worth)
        self.observations += 1

    def observe_pair(self, shown: float, withheld: float) -> None:
        """As ``pair_contrast``."""
        self.observe(pair_contrast(shown, withheld))

    def observe_group(
        self, success: float, *, shown: bool, probability: float = 0.5, baseline: float = 0.5
    ) -> None:
        """As ``group_contrast``."""
        self.observe(group_contrast(success, shown=shown, probability=probability, baseline=baseline))

    @property
    def verdict(self) -> Verdict:
        """What this trial says on its own; among many candidates ``CandidateTrials`` decides."""
        if self.help.wealth >= 1 / self.config.alpha:
            return "admit"
        return self.verdict_against

    @property
    def verdict_against(self) -> Verdict:
        """``retire``, ``futile`` or ``undecided``, leaving admission out."""
        if self.harm.wealth >= 1 / self.config.harm_alpha:
            return "retire"
        if self.futility.wealth >= 1 / self.config.beta or self.exhausted:
            return "futile"
        return "undecided"

    @property
    def exhausted(self) -> bool:
        """Whether there were as many observations as there may be."""
        return self.config.max_observations is not None and self.observations >= self.config.max_observations

    def to_json(self) -> dict[str, Any]:
        """The state, for ``from_json``."""
        return {
            "observations": self.observations,
            "help": self.help.to_json(),
            "harm": self.harm.to_json(),
            "futility": self.futility.to_json(),
        }

    @classmethod
    def from_json(cls, config: TrialConfig, state: Mapping[str, Any]) -> "Trial":
        """A trial that goes on where ``to_json`` left it."""
        trial = cls(config)
        trial.observations = int(state["observations"])
        trial.help = EProcess.from_json(state["help"])
        trial.harm = EProcess.from_json(state["harm"])
        trial.futility = EProcess.from_json(state["futility"])
        return trial


def _check_success(success: float) -> None:
    if not 0 <= success <= 1:
        raise ValueError(f"success must lie in [0, 1], got {success}; pass a rate, not a return")
