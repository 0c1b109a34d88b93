"""Validation failures make the next version of the bank."""

import logging
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import Any, Literal

from skill_gym.skillbanks.admission import Skipped, admit
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.duplicates import MergeProposal
from skill_gym.skillbanks.finding import Finding
from skill_gym.skillbanks.guard import Guard
from skill_gym.skillbanks.leaks import LeakError, check_leak, leaked_ids
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.success import SuccessRate, success_by_task_type
from skill_gym.skillbanks.teacher import Lost, Teacher, TeacherAnswer, TeacherError, TeacherRequest
from skill_gym.skillbanks.world_text import WorldText
from skill_gym.trajectory import Trajectory

__all__ = ["Evolution", "EvolutionConfig", "LeakError", "Skipped", "check_leak", "evolve", "leaked_ids"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvolutionConfig:
    """When a bank evolves, and how far (names of SkillRL's table, and its defaults but for the first).

    Attributes:
        enable_dynamic_update: Whether it evolves at all; on here, since who calls ``evolve`` wants it.
        update_threshold: A task type with a success rate below this is weak, in [0, 1].
        max_new_skills: How many skills may enter in one round, over all task types together.
        min_episodes: A task type with fewer episodes is not judged.
        rule: ``rate`` compares the rate itself, ``interval`` the upper end of its 95% interval.
        max_failures: How many failed episodes the teacher reads for advice.
        max_new_habits: How many habits may enter in one round besides, None for all that the teacher is
            certain of.
        max_new_mistakes: How many mistakes to avoid may enter in one round; none in a run with trials, which
            are of skills.
        every_validations: The bank evolves after every so many validations of a run.
    """

    enable_dynamic_update: bool = True
    update_threshold: float = 0.4
    max_new_skills: int = 3
    min_episodes: int = 3
    rule: Literal["rate", "interval"] = "rate"
    max_failures: int = 30
    max_new_habits: int | None = None
    max_new_mistakes: int = 3
    every_validations: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.update_threshold <= 1:
            raise ValueError(
                f"update_threshold must be in [0, 1], got {self.update_threshold}; 0 never evolves"
            )
        for name in ("max_new_skills", "min_episodes", "max_failures", "every_validations"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be at least 1, got {getattr(self, name)}; "
                    "set enable_dynamic_update=False to keep the bank as it is"
                )
        if self.max_new_habits is not None and self.max_new_habits < 0:
            raise ValueError(
                f"max_new_habits must be at least 0, got {self.max_new_habits}; None admits every habit"
            )
        if self.max_new_mistakes < 0:
            raise ValueError(
                f"max_new_mistakes must be at least 0, got {self.max_new_mistakes}; 0 admits none"
            )
        if self.rule not in ("rate", "interval"):
            raise ValueError(f"rule must be 'rate' or 'interval', got {self.rule!r}")


@dataclass(frozen=True, slots=True)
class Evolution:
    """One round of evolution.

    Attributes:
        bank: The next version; the bank itself when nothing changed.
        added: The new skills, with their ids, in order, those that replace others among them.
        skipped: What was proposed and left out.
        success: Success by task type of the validation.
        weak: Task types whose failures went to the teacher.
        spared: Task type -> why it was left alone.
        causes: Cause -> number of episodes, as the teacher counted them.
        failures_read: Number of failed episodes that the teacher read.
        unexplained: Task keys of failures in which the teacher found no cause.
        broken: Number of broken episodes, which count for nothing.
        previous_version: Version of the bank before.
        teacher: Name of the teacher; "" when none was asked.
        error: The teacher's error, None when it answered or was not asked.
        revised: Id of an entry that was replaced -> id of its new version.
        retired: Id of an entry that was taken out -> why.
        findings: What lint found in the proposals.
        merges: What to do with near-duplicates that were left out.
        mistakes: The new mistakes to avoid, with their ids, in order.
        lost: What the teacher was asked and could not answer, while the rest of its answer stands.
    """

    bank: SkillBank
    added: tuple[Skill, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    success: Mapping[str, SuccessRate] = field(default_factory=dict)
    weak: tuple[str, ...] = ()
    spared: Mapping[str, str] = field(default_factory=dict)
    causes: Mapping[str, int] = field(default_factory=dict)
    failures_read: int = 0
    unexplained: tuple[str, ...] = ()
    broken: int = 0
    previous_version: str = ""
    teacher: str = ""
    error: str | None = None
    revised: Mapping[str, str] = field(default_factory=dict)
    retired: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    merges: tuple[MergeProposal, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    lost: tuple[Lost, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Everything but the bank itself, ready for JSON."""
        return {
            "previous_version": self.previous_version,
            "version": self.bank.version,
            "teacher": self.teacher,
            "error": self.error,
            "success": {
                name: {
                    "solved": rate.solved,
                    "episodes": rate.episodes,
                    "rate": rate.rate,
                    "interval": rate.interval,
                }
                for name, rate in self.success.items()
            },
            "weak": list(self.weak),
            "spared": dict(self.spared),
            "broken": self.broken,
            "failures_read": self.failures_read,
            "unexplained": list(self.unexplained),
            "causes": dict(self.causes),
            "added": [
                {
                    "id": skill.id,
                    "title": skill.title,
                    "principle": skill.principle,
                    "category": skill.category,
                    "evidence": skill.provenance.evidence if skill.provenance else "",
                }
                for skill in self.added
            ],
            "mistakes": [
                {
                    "id": mistake.id,
                    "description": mistake.description,
                    "how_to_avoid": mistake.how_to_avoid,
                    "category": mistake.category,
                    "evidence": mistake.provenance.evidence if mistake.provenance else "",
                }
                for mistake in self.mistakes
            ],
            "skipped": [
                {"title": item.title, "task_type": item.task_type, "reason": item.reason}
                for item in self.skipped
            ],
            "revised": dict(self.revised),
            "retired": dict(self.retired),
            "findings": [str(finding) for finding in self.findings],
            "merges": [
                {"keep": merge.keep, "title": merge.title, "reason": merge.reason} for merge in self.merges
            ],
            "lost": [
                {
                    "purpose": part.purpose,
                    "fault": part.fault,
                    "reason": part.reason,
                    "evidence": list(part.evidence),
                }
                for part in self.lost
            ],
        }


def evolve(
    bank: SkillBank,
    trajectories: Iterable[Trajectory],
    teacher: Teacher,
    config: EvolutionConfig | None = None,
    *,
    seed: int = 0,
    guard: Guard | None = None,
) -> Evolution:
    """Makes the next version of a bank from a validation (SkillRL, section 3.4).

    Task types under the threshold hand their failed episodes to the teacher, one type after the other in
    turn until ``max_failures`` is reached, each type's in an order drawn by the seed; broken episodes are
    left out and counted. All other episodes go with them, for facts. The teacher's first ``max_new_skills``
    proposals that pass the guard and say something new enter the bank under fresh ids, in the category of
    their task type, and besides them its habits and its mistakes to avoid; new versions replace the old ones,
    and what does not hold any more is taken out. Nothing enters that repeats what the episodes' worlds said
    (``WorldText``), whatever the teacher made of it. A teacher's error leaves the bank as it is and stands in
    the result.

    Args:
        bank: The bank in force, on which the new ids and categories depend.
        trajectories: All episodes of the validation. The bank must not be evaluated on their split afterwards
            (``check_leak``).
        teacher: Who proposes.
        config: Thresholds; the defaults if None.
        seed: Order of the failures.
        guard: Who examines the proposals; one with the defaults if None. Keep one for a large bank, which it
            then reads once.
    """
    config = config or EvolutionConfig()
    episodes = list(trajectories)
    success = success_by_task_type(episodes)
    broken = sum(episode.ended == "broken" for episode in episodes)
    spared = {name: reason for name, rate in success.items() if (reason := _reason_to_spare(rate, config))}
    weak = tuple(name for name in success if name not in spared)
    failures = _in_turn(episodes, weak, config.max_failures, seed)
    if not failures:
        return Evolution(bank, success=success, spared=spared, broken=broken, previous_version=bank.version)
    read = {id(episode) for episode in failures}
    others = [episode for episode in episodes if episode.ended != "broken" and id(episode) not in read]
    error: str | None = None
    answer = TeacherAnswer()
    try:
        answer = teacher.ask(
            TeacherRequest(
                failures,
                bank,
                max_new=config.max_new_skills,
                kind="evolution",
                successes=tuple(episode for episode in others if episode.solved),
                others=tuple(episode for episode in others if not episode.solved),
            )
        )
    except TeacherError as failure:
        error = str(failure)
        # Whoever evolves a bank decides how loudly to say it.
        _log.info(
            "the teacher %s gave no answer, the bank stays at %s: %s", teacher.name, bank.version, error
        )
    admitted = admit(
        bank,
        answer,
        max_new_skills=config.max_new_skills,
        max_new_habits=config.max_new_habits,
        max_new_mistakes=config.max_new_mistakes,
        guard=guard,
        world=WorldText(episodes) if answer.proposals or answer.mistakes else None,
    )
    return Evolution(
        bank=admitted.bank,
        added=admitted.added,
        skipped=admitted.skipped,
        success=success,
        weak=weak,
        spared=spared,
        causes=answer.causes,
        failures_read=len(failures),
        unexplained=answer.unexplained,
        broken=broken,
        previous_version=bank.version,
        teacher=teacher.name,
        error=error,
        revised=admitted.revised,
        retired=admitted.retired,
        findings=admitted.findings,
        merges=admitted.merges,
        mistakes=admitted.mistakes,
        lost=answer.lost,
    )


def _reason_to_spare(rate: SuccessRate, config: EvolutionConfig) -> str:
    if not config.enable_dynamic_update:
        return "evolution is switched off (enable_dynamic_update)"
    if rate.episodes < config.min_episodes:
        return f"{rate.episodes} episodes, fewer than min_episodes={config.min_episodes}"
    measured = rate.rate if config.rule == "rate" else rate.interval[1]
    if measured >= config.update_threshold:
        what = "success rate" if config.rule == "rate" else "upper end of the success rate's 95% interval"
        return f"{what} {measured:.2f}, not below update_threshold={config.update_threshold}"
    return ""


def _in_turn(
    episodes: Sequence[Trajectory], task_types: Sequence[str], limit: int, seed: int
) -> tuple[Trajectory, ...]:
    piles = []
    for task_type in task_types:
        pile = [
            episode
            for episode in episodes
            if episode.task.task_type == task_type and episode.ended in ("failed", "truncated")
        ]
        random.Random(f"{seed}:{task_type}").shuffle(pile)
        piles.append(pile)
    dealt = chain.from_iterable(zip_longest(*piles))
    return tuple(episode for episode in dealt if episode is not None)[:limit]
