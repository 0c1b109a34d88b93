"""What trials and watches of skills have come to after an iteration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.candidate_trials import Decision
from skill_gym.skillbanks.watch import Alarm

_VERDICTS = {
    "admit": "admitted",
    "retire": "turned away as harmful",
    "futile": "given up as not worth having",
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What trials and watches say after an iteration.

    Attributes:
        bank: The next version of the bank; the bank itself when nothing changed.
        decisions: Trials that ended.
        retired: Id of an entry that was taken out -> what was wrong with it.
    """

    bank: SkillBank
    decisions: tuple[Decision, ...] = ()
    retired: Mapping[str, Alarm] = field(default_factory=dict)

    @property
    def reasons(self) -> dict[str, str]:
        """Id -> what was decided and on what evidence, in words."""
        ended = {
            one.skill_id: f"{one.skill_id}: {_VERDICTS[one.verdict]} after {one.observations} groups "
            f"(log e-value {one.log_e:.2f}{', no groups left' if one.exhausted else ''})"
            for one in self.decisions
        }
        return ended | {
            name: f"{name}: retired by its watch ({alarm})" for name, alarm in self.retired.items()
        }

    def turned_away(self, *, undone: bool) -> dict[str, str]:
        """Candidates that do not enter -> why.

        Args:
            undone: Whether success on the canaries fell, which keeps the admitted ones out, too.
        """
        reasons = {
            one.skill_id: self.reasons[one.skill_id] for one in self.decisions if one.verdict != "admit"
        }
        if undone:
            fell = "but success on the canaries fell with the new bank"
            admitted = (one.skill_id for one in self.decisions if one.verdict == "admit")
            reasons |= {name: f"{self.reasons[name]}, {fell}" for name in admitted}
        return reasons

    def to_dict(self) -> dict[str, Any]:
        """Everything but the bank itself, ready for JSON."""
        return {
            "version": self.bank.version,
            "decisions": [
                {
                    "id": one.skill_id,
                    "verdict": one.verdict,
                    "groups": one.observations,
                    "log_e": one.log_e,
                    "exhausted": one.exhausted,
                }
                for one in self.decisions
            ],
            "retired": dict(self.retired),
        }
