"""Whether an admitted skill is still worth its place: alarms with a bound on how often they are false."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from skill_gym.skillbanks.e_process import EDetector
from skill_gym.skillbanks.trials import Contrast, group_contrast, pair_contrast

Alarm = Literal["harmful", "stale"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchConfig:
    """When a skill of the bank is taken out again.

    Attributes:
        keep_effect: A skill that gains at least this keeps its place, in (0, 1).
        run_length: Mean number of observations of a good skill until it is called stale or harmful by
            mistake, at least; greater than 2. Both alarms share it.
    """

    keep_effect: float = 0.1
    run_length: float = 2000.0

    def __post_init__(self) -> None:
        if not 0 < self.keep_effect < 1:
            raise ValueError(f"keep_effect must lie between 0 and 1, got {self.keep_effect}")
        if not self.run_length > 2:
            raise ValueError(f"run_length must be greater than 2, got {self.run_length}")


class Watch:
    """Observes a skill of the bank, for as long as it is there.

    A skill may be good for a time. What it gained long ago must not protect it, so that each alarm is an
    ``EDetector``, which looks for a change at any time: from "the effect is at least 0" (harmful) and from
    "the effect is at least ``keep_effect``" (stale).

    Args:
        config: When to raise an alarm.
    """

    def __init__(self, config: WatchConfig) -> None:
        self.config = config
        self.observations = 0
        self.harm = EDetector()
        self.decay = EDetector()

    def observe(self, contrast: Contrast) -> None:
        """Takes one observation of the effect."""
        keep = self.config.keep_effect
        self.harm.bet(-contrast.value, contrast.high)
        self.decay.bet(keep - contrast.value, contrast.high - keep)
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
    def alarm(self) -> Alarm | None:
        """What is wrong with the skill; None as long as nothing is."""
        # Two alarms, each with half of the rate of false ones.
        limit = 2 * self.config.run_length
        if self.harm.wealth >= limit:
            return "harmful"
        return "stale" if self.decay.wealth >= limit else None

    def to_json(self) -> dict[str, Any]:
        """The state, for ``from_json``."""
        return {
            "observations": self.observations,
            "harm": self.harm.to_json(),
            "decay": self.decay.to_json(),
        }

    @classmethod
    def from_json(cls, config: WatchConfig, state: Mapping[str, Any]) -> "Watch":
        """A watch that goes on where ``to_json`` left it."""
        watch = cls(config)
        watch.observations = int(state["observations"])
        watch.harm = EDetector.from_json(state["harm"])
        watch.decay = EDetector.from_json(state["decay"])
        return watch
