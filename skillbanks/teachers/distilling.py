"""Distils experience into skills with a model: lessons of all episodes, then what they have in common."""

from collections.abc import Callable
from dataclasses import dataclass

from skill_gym.skillbanks.teacher import TeacherAnswer, TeacherError, TeacherRequest
from skill_gym.skillbanks.teachers.asking import Asker
from skill_gym.skillbanks.teachers.distil_evidence import evidence_of, shuffled
from skill_gym.skillbanks.teachers.distil_questions import Questions
from skill_gym.skillbanks.teachers.distil_reading import Reading
from skill_gym.skillbanks.teachers.distil_writing import Range, Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class DistillationConfig:
    """How experience is distilled (numbers of SkillRL's prompts where they have any).

    Attributes:
        general: Least and most general skills that are asked for; most 0 asks for none, here and below.
        per_category: Of each kind of task.
        mistakes: Of mistakes to avoid.
        batch_size: Most episodes in one question.
        episode_tokens: Longest text of an episode, at least 100.
        lessons_per_batch: Most lessons that one question about episodes may give.
        answer_tokens: Longest answer, hidden thoughts included; a sixth of the model's context if None, at
            most 16,384.
        seed: Of the order in which episodes are read, and so of what stands together in a question.
        strict: Whether the first part without an answer ends the distillation; else the rest goes on.

    Raises:
        ValueError: A number is out of its range.
    """

    general: Range = (8, 12)
    per_category: Range = (4, 6)
    mistakes: Range = (8, 12)
    batch_size: int = 8
    episode_tokens: int = 1500
    lessons_per_batch: int = 4
    answer_tokens: int | None = None
    seed: int = 0
    strict: bool = False

    def __post_init__(self) -> None:
        for name in ("general", "per_category", "mistakes"):
            least, most = getattr(self, name)
            if not 0 <= least <= most:
                raise ValueError(
                    f"{name} must be (least, most) with 0 <= least <= most, got {(least, most)}; (0, 0) "
                    f"for none"
                )
        for name, least in (
            ("batch_size", 1),
            ("episode_tokens", 100),
            ("lessons_per_batch", 1),
            ("answer_tokens", 100),
        ):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")


class Distiller:
    """Map and reduce over any number of episodes, within the model's context.

    Every episode is read once, in batches of one kind of task and one outcome (the map).
    Lessons that have no room in one question are merged level after level (the reduce). From what remains
    the skills are written: general ones from all, those of each kind of task from its own, mistakes from
    failures. Each knows the episodes that it rests on, since an answer may cite only what it was shown.

    The same episodes in any order, with the same seed, make the same questions.

    Args:
        asker: Asks the model.
        config: Settings; the defaults if None.
        count_tokens: Number of tokens of a text; an estimate on the safe side if None.
    """

    def __init__(
        self,
        asker: Asker,
        config: DistillationConfig | None = None,
        *,
        count_tokens: Callable[[str], int] | None = None,
    ) -> None:
        self._asker, self._config, self._count_tokens = asker, config or DistillationConfig(), count_tokens

    def answer(self, request: TeacherRequest) -> TeacherAnswer:
        """Distils a request's episodes and memories; those that broke are left out.

        Raises:
            TeacherError: No part was answered; or one was not, when the configuration is strict; or the
                model's context is too small.
            ValueError: The request mixes environments.
        """
        config = self._config
        evidence = evidence_of(request.episodes, request.memories)
        if not evidence:
            return TeacherAnswer()
        environments = sorted({one.env_id for one in evidence})
        if len(environments) > 1:
            raise ValueError(
                f"the episodes come from {' and '.join(environments)}; distil each environment by itself"
            )
        questions = Questions(
            self._asker,
            environments[0],
            answer_tokens=config.answer_tokens,
            strict=config.strict,
            count_tokens=self._count_tokens,
        )
        reading = Reading(
            questions,
            batch_size=config.batch_size,
            episode_tokens=config.episode_tokens,
            most_lessons=config.lessons_per_batch,
        )
        found = reading.read(shuffled(evidence, config.seed))
        writing = Writing(questions, request.bank)
        by_kind = writing.by_kind(found.lessons, config.per_category)
        lessons = [lesson for own in by_kind.values() for lesson in own]
        general = writing.general(lessons, config.general)
        special = writing.of_kinds(by_kind, config.per_category, [proposal.title for proposal in general])
        answer = TeacherAnswer(
            proposals=(*general, *special),
            mistakes=tuple(writing.mistakes(lessons, config.mistakes)),
            unexplained=tuple(dict.fromkeys(one.id for one in found.silent)),
            lost=tuple(questions.lost),
        )
        if questions.lost and not (answer.proposals or answer.mistakes):
            first = questions.lost[0]
            raise TeacherError(
                first.fault, f"no part of the distillation came to an end; {first.purpose}: {first.reason}"
            )
        return answer
