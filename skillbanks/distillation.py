"""Experience makes a bank: all episodes of an agent, solved or not, go to the teacher at once."""

import logging
from collections.abc import Iterable

from skill_gym.skillbanks.admission import admit
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.evolution import Evolution
from skill_gym.skillbanks.guard import Guard
from skill_gym.skillbanks.success import success_by_task_type
from skill_gym.skillbanks.teacher import Teacher, TeacherAnswer, TeacherError, TeacherRequest
from skill_gym.trajectory import Trajectory

_log = logging.getLogger(__name__)


def distil(
    bank: SkillBank,
    trajectories: Iterable[Trajectory],
    teacher: Teacher,
    *,
    max_new: int = 12,
    max_new_habits: int | None = None,
    guard: Guard | None = None,
) -> Evolution:
    """Makes the next version of a bank from experience (SkillRL, section 3.2).

    Unlike in evolution nobody is judged: every task type is taught, and successes count as much as failures.
    Broken episodes are left out and counted. A teacher's error leaves the bank as it is and stands in the
    result.

    Args:
        bank: The bank to start from, often ``SkillBank.empty()``.
        trajectories: All episodes. The bank must not be evaluated on their split afterwards (``check_leak``).
        teacher: Who proposes.
        max_new: How many skills may enter, at least 1.
        max_new_habits: How many habits may enter besides, None for all that the teacher is certain of.
        guard: Who examines the proposals; one with the defaults if None.

    Raises:
        ValueError: ``max_new`` is below 1.
    """
    episodes = list(trajectories)
    whole = [episode for episode in episodes if episode.ended != "broken"]
    failures = tuple(episode for episode in whole if not episode.solved)
    request = TeacherRequest(
        failures,
        bank,
        max_new=max_new,
        kind="distillation",
        successes=tuple(episode for episode in whole if episode.solved),
    )
    error: str | None = None
    answer = TeacherAnswer()
    if whole:
        try:
            answer = teacher.ask(request)
        except TeacherError as failure:
            error = str(failure)
            _log.warning(
                "the teacher %s gave no answer, the bank stays at %s: %s", teacher.name, bank.version, error
            )
    admitted = admit(bank, answer, max_new_skills=max_new, max_new_habits=max_new_habits, guard=guard)
    success = success_by_task_type(whole)
    return Evolution(
        bank=admitted.bank,
        added=admitted.added,
        skipped=admitted.skipped,
        success=success,
        weak=tuple(success),
        causes=answer.causes,
        failures_read=len(failures),
        unexplained=answer.unexplained,
        broken=len(episodes) - len(whole),
        previous_version=bank.version,
        teacher=teacher.name if whole else "",
        error=error,
        revised=admitted.revised,
        retired=admitted.retired,
        findings=admitted.findings,
        merges=admitted.merges,
    )
