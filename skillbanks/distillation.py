"""Experience makes a bank: all episodes of an agent, solved or not, go to the teacher at once."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from skill_gym.skillbanks.admission import Admitted, admit
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.evolution import Evolution
from skill_gym.skillbanks.guard import Guard
from skill_gym.skillbanks.memories.record import MemoryRecord
from skill_gym.skillbanks.memories.task_type import task_type_of
from skill_gym.skillbanks.numbering import Numbering
from skill_gym.skillbanks.skillrl_format import CATEGORY_KEYS
from skill_gym.skillbanks.success import SuccessRate, success_by_task_type
from skill_gym.skillbanks.teacher import Teacher, TeacherAnswer, TeacherError, TeacherRequest
from skill_gym.skillbanks.teachers.distil_evidence import sampled
from skill_gym.skillbanks.world_text import WorldText
from skill_gym.trajectory import Trajectory

_log = logging.getLogger(__name__)


def distil(
    bank: SkillBank,
    trajectories: Iterable[Trajectory],
    teacher: Teacher,
    *,
    memories: Iterable[MemoryRecord] = (),
    max_new: int | None = 12,
    max_new_habits: int | None = None,
    max_new_mistakes: int | None = None,
    max_episodes: int | None = None,
    seed: int = 0,
    guard: Guard | None = None,
    numbering: Numbering = "evolved",
) -> Evolution:
    """Makes the next version of a bank from experience (SkillRL, section 3.2).

    Unlike in evolution nobody is judged: every task type is taught, and successes count as much as failures.
    Broken episodes are left out and counted. A teacher's error leaves the bank as it is and stands in the
    result; what a teacher could answer only in part stands under ``lost``.

    Args:
        bank: The bank to start from, often ``SkillBank.empty()``.
        trajectories: All episodes. The bank must not be evaluated on their split afterwards (``check_leak``).
        teacher: Who proposes.
        memories: Episodes of which only a memory record is there, for a teacher that reads them.
        max_new: How many skills may enter, at least 1; None for all, as is right for a model, whose own
            settings limit what it proposes (``DistillationConfig``).
        max_new_habits: How many habits may enter besides, None for all that the teacher is certain of.
        max_new_mistakes: How many mistakes may enter, None for all.
        max_episodes: How many episodes and memories the teacher is given, drawn in turn from the task
            types and their outcomes; None for all.
        seed: Of that draw.
        guard: Who examines the proposals; one with the defaults if None.
        numbering: ``evolved``, or ``released`` for a bank in the form of the released ones: their ids, the
            key under which Search's skills stand, and metadata on what was read, added to what earlier
            distillations read.

    Raises:
        ValueError: A limit is below 1, or the teacher cannot read what it is given.
    """
    episodes = list(trajectories)
    remembered = list(memories)
    whole = [episode for episode in episodes if episode.ended != "broken"]
    broken = len(episodes) - len(whole)
    if max_episodes is not None:
        if max_episodes < 1:
            raise ValueError(f"max_episodes must be at least 1, got {max_episodes}; None gives all")
        whole, remembered = sampled(whole, remembered, max_episodes, seed)
    failures = tuple(episode for episode in whole if not episode.solved)
    request = TeacherRequest(
        failures,
        bank,
        max_new=max_new,
        kind="distillation",
        successes=tuple(episode for episode in whole if episode.solved),
        memories=tuple(remembered),
    )
    error: str | None = None
    answer = TeacherAnswer()
    if whole or remembered:
        try:
            answer = teacher.ask(request)
        except TeacherError as failure:
            error = str(failure)
            _log.warning(
                "the teacher %s gave no answer, the bank stays at %s: %s", teacher.name, bank.version, error
            )
    admitted = admit(
        bank,
        answer,
        max_new_skills=max_new,
        max_new_habits=max_new_habits,
        max_new_mistakes=max_new_mistakes,
        guard=guard,
        numbering=numbering,
        world=WorldText(whole, remembered) if answer.proposals or answer.mistakes else None,
    )
    success = _success(whole, remembered)
    env_ids = {*(episode.task.env_id for episode in whole), *(record.env_id for record in remembered)}
    if numbering == "released" and admitted.bank is not bank:
        admitted = _as_released(admitted, success, min(env_ids), teacher.name)
    return Evolution(
        bank=admitted.bank,
        added=admitted.added,
        skipped=admitted.skipped,
        success=success,
        weak=tuple(success),
        causes=answer.causes,
        failures_read=len(failures) + sum(not record.success for record in remembered),
        unexplained=answer.unexplained,
        broken=broken,
        previous_version=bank.version,
        teacher=teacher.name if whole or remembered else "",
        error=error,
        revised=admitted.revised,
        retired=admitted.retired,
        findings=admitted.findings,
        merges=admitted.merges,
        mistakes=admitted.mistakes,
        lost=answer.lost,
    )


_DISTRIBUTIONS: Mapping[str, str] = {
    "skill_gym/WebShop-v0": "product_distribution",
    "skill_gym/Search-v0": "query_type_distribution",
}
"""Environment -> the released key for its counts; ``task_distribution`` for all others."""


def _success(episodes: Iterable[Trajectory], memories: Iterable[MemoryRecord]) -> dict[str, SuccessRate]:
    """Success by task type, played and remembered together."""
    solved: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for name, rate in success_by_task_type(episodes).items():
        solved[name], count[name] = rate.solved, rate.episodes
    for record in memories:
        name = task_type_of(record)
        solved[name] += record.success
        count[name] += 1
    return {name: SuccessRate(solved[name], count[name]) for name in sorted(count)}


def _as_released(
    admitted: Admitted, success: Mapping[str, SuccessRate], env_id: str, teacher: str
) -> Admitted:
    """The bank with the released ones' metadata and the key of their categories."""
    bank = admitted.bank
    key = _DISTRIBUTIONS.get(env_id, "task_distribution")
    before = bank.metadata.get(key)
    counts: dict[str, Any] = {**before} if isinstance(before, dict) else {}
    for task_type, rate in success.items():
        name = own_category(task_type)
        earlier = counts.get(name) if isinstance(counts.get(name), dict) else {}
        counts[name] = {
            "success": _number(earlier, "success") + rate.solved,
            "failure": _number(earlier, "failure") + rate.episodes - rate.solved,
        }
    total = _number(bank.metadata, "total_memories_analyzed") + sum(
        rate.episodes for rate in success.values()
    )
    source = f"distilled from episodes of {env_id} by {teacher}"
    metadata = {**bank.metadata, "source": source, "total_memories_analyzed": total, key: counts}
    # A bank that was read from a file keeps the key that it had there.
    fresh = not bank.keys and key == "query_type_distribution"
    category_key = CATEGORY_KEYS[1] if fresh else bank.category_key
    return replace(admitted, bank=replace(bank, metadata=metadata, category_key=category_key))


def _number(fields: Any, key: str) -> int:
    value = fields.get(key, 0)
    return value if isinstance(value, int) else 0
