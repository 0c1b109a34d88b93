"""Writes a bank from lessons: general skills, skills of each kind of task, and mistakes to avoid."""

from collections.abc import Mapping, Sequence
from typing import Any

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.categories import bank_categories, own_category
from skill_gym.skillbanks.memories.task_type import UNKNOWN
from skill_gym.skillbanks.skill import Provenance
from skill_gym.skillbanks.teacher import MistakeProposal, Proposal, TeacherError
from skill_gym.skillbanks.teachers import distil_words as words
from skill_gym.skillbanks.teachers.distil_forms import MistakeEntry, SkillEntry, form
from skill_gym.skillbanks.teachers.distil_lesson import Lesson, joined, provenance
from skill_gym.skillbanks.teachers.distil_merging import Merging
from skill_gym.skillbanks.teachers.distil_questions import Part, Questions
from skill_gym.skillbanks.teachers.episode_text import harmless

Range = tuple[int, int]
"""Least and most entries that are asked for; most 0 asks for none."""

ALL = "all"
"""What a mistake says that belongs to every kind of task."""

_TITLES_SHARE = 16
"""The titles of what is there already take at most this part of the context."""


class Writing:
    """Asks for what goes into the bank.

    Args:
        questions: Asks.
        bank: The bank as it stands, whose titles are not to be said again.
    """

    def __init__(self, questions: Questions, bank: SkillBank) -> None:
        self._questions, self._bank = questions, bank
        self._merging = Merging(questions)

    def by_kind(self, lessons: Sequence[Lesson], wanted: Range) -> dict[str, list[Lesson]]:
        """The lessons by task type, merged so far that each type's have room in its question."""
        found: dict[str, list[Lesson]] = {}
        for lesson in lessons:
            found.setdefault(lesson.pile.task_type, []).append(lesson)
        return {
            task_type: self._merging.until_fit(
                found[task_type], self._room(self._of_kind(task_type, (), wanted, ())) - self._for_titles
            )
            for task_type in sorted(found)
        }

    def general(self, lessons: Sequence[Lesson], wanted: Range) -> list[Proposal]:
        """Skills for every kind of task."""
        if not lessons or not wanted[1]:
            return []
        known = self._titles([skill.title for skill in self._bank.general])

        def part(shown: Sequence[Lesson]) -> Part[SkillEntry]:
            least, most = self._limits(wanted)
            text = words.general_skills(_told(shown), least, most, known)
            return Part("general skills", text, form(SkillEntry, _names(shown), most), _ids(shown))

        shown = self._merging.until_fit(lessons, self._room(part(())))
        return self._skills([(None, part(shown), shown)])

    def of_kinds(
        self, lessons: Mapping[str, Sequence[Lesson]], wanted: Range, said: Sequence[str]
    ) -> list[Proposal]:
        """Skills of each task type; of episodes whose type nobody knows there are none.

        Args:
            lessons: By task type, as ``by_kind`` gives them.
            wanted: For each type.
            said: Titles of the general skills of this round.
        """
        if not wanted[1]:
            return []
        asked = []
        for task_type, shown in lessons.items():
            if shown and task_type != UNKNOWN:
                own = (self._bank.task_specific[name] for name in bank_categories(self._bank, task_type))
                there = [skill.title for skills in own for skill in skills]
                part = self._of_kind(task_type, shown, wanted, self._titles([*said, *there]))
                asked.append((task_type, part, shown))
        return self._skills(asked)

    def mistakes(self, lessons: Sequence[Lesson], wanted: Range) -> list[MistakeProposal]:
        """Mistakes to avoid, from failed episodes alone: without failures there are none to tell."""
        failed = [lesson for lesson in lessons if not lesson.pile.solved]
        if not failed or not wanted[1]:
            return []
        types = sorted({lesson.pile.task_type for lesson in lessons} - {"", UNKNOWN})
        labels = {ALL: None, **{own_category(task_type): task_type for task_type in types}}

        def part(shown: Sequence[Lesson]) -> Part[MistakeEntry]:
            least, most = self._limits(wanted)
            text = words.mistakes(_told(shown), least, most, list(labels))
            return Part("mistakes", text, form(MistakeEntry, _names(shown), most, list(labels)), _ids(shown))

        shown = self._merging.until_fit(failed, self._room(part(())))
        asked = part(shown)
        (answer,) = self._questions.ask([asked])
        if isinstance(answer, TeacherError):
            self._questions.lose(asked, answer)
            return []
        return [
            MistakeProposal(
                description=entry.description,
                how_to_avoid=entry.how_to_avoid,
                why_it_happens=entry.why_it_happens,
                task_type=labels[entry.task_type],
                provenance=self._origin(entry.sources, shown),
            )
            for entry in answer
        ]

    def _of_kind(
        self, task_type: str, shown: Sequence[Lesson], wanted: Range, known: Sequence[str]
    ) -> Part[SkillEntry]:
        least, most = self._limits(wanted)
        text = words.category_skills(task_type, _told(shown), least, most, known)
        entry_form = form(SkillEntry, _names(shown), most)
        return Part(f"skills of {own_category(task_type)}", text, entry_form, _ids(shown))

    def _skills(
        self, asked: Sequence[tuple[str | None, Part[SkillEntry], Sequence[Lesson]]]
    ) -> list[Proposal]:
        proposals = []
        answers = self._questions.ask([part for _, part, _ in asked])
        for (task_type, part, shown), answer in zip(asked, answers, strict=True):
            if isinstance(answer, TeacherError):
                self._questions.lose(part, answer)
                continue
            proposals += [
                Proposal(
                    title=entry.title,
                    principle=entry.principle,
                    task_type=task_type,
                    when_to_apply=entry.when_to_apply,
                    provenance=self._origin(entry.sources, shown),
                )
                for entry in answer
            ]
        return proposals

    def _limits(self, wanted: Range) -> Range:
        most = max(1, min(wanted[1], self._questions.most_entries))
        return min(wanted[0], most), most

    def _room(self, frame: Part[Any]) -> int:
        return self._questions.room(frame.text, frame.form)

    @property
    def _for_titles(self) -> int:
        return self._questions.context_tokens // _TITLES_SHARE

    def _titles(self, titles: Sequence[str]) -> list[str]:
        """As many titles as have room."""
        left = self._for_titles
        kept: list[str] = []
        for title in dict.fromkeys(titles):
            left -= self._questions.count_tokens(f"; {harmless(title)}") + 1
            if left < 0:
                break
            kept.append(title)
        return kept

    def _origin(self, sources: Sequence[str], shown: Sequence[Lesson]) -> Provenance:
        cited = [shown[int(name[1:]) - 1] for name in dict.fromkeys(sources)]
        return provenance(joined(cited), self._questions.teacher, self._bank.version)


def _told(lessons: Sequence[Lesson]) -> list[str]:
    return [lesson.tell(name) for name, lesson in zip(_names(lessons), lessons, strict=False)]


def _names(lessons: Sequence[Lesson]) -> list[str]:
    """Names of lessons, and one where there are none: a form needs one."""
    return [f"C{number}" for number in range(1, max(1, len(lessons)) + 1)]


def _ids(lessons: Sequence[Lesson]) -> tuple[str, ...]:
    return tuple(one.id for one in joined(lessons))
