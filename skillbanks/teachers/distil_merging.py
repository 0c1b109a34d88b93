"""Merges lessons until they have room in one question, level after level (the reduce)."""

import math
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.distil_evidence import Pile
from skill_gym.skillbanks.teachers.distil_forms import Merged, form
from skill_gym.skillbanks.teachers.distil_lesson import Lesson, common, joined
from skill_gym.skillbanks.teachers.distil_questions import Part, Questions, packed
from skill_gym.skillbanks.teachers.distil_words import merging

MOST_AT_ONCE = 160
"""More lessons in a question are read carelessly, however large the context is."""


class Merging:
    """Makes few lessons of many; where they have room already, it asks nothing.

    Args:
        questions: Asks.
    """

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def size(self, lessons: Iterable[Lesson]) -> int:
        """Tokens of lessons in a question, and of their names in the form of its answer."""
        return sum(self._questions.count_tokens(f'{lesson.tell("C999")}\n"C999",') for lesson in lessons)

    def until_fit(self, lessons: Sequence[Lesson], room: int) -> list[Lesson]:
        """Merges lessons of the same pile, and in the end of several, until all have room.

        Groups without an answer keep the half that was seen in most episodes.

        Args:
            lessons: To be merged.
            room: Tokens.

        Raises:
            TeacherError: There is no room for one lesson, or a part is lost and that ends it all.
        """
        lessons = list(lessons)
        while len(lessons) > 1 and (self.size(lessons) > room or len(lessons) > MOST_AT_ONCE):
            groups = self._groups(lessons, room)
            parts = [self._part(group) for group in groups]
            kept = {id(lesson) for group in groups for lesson in group}
            lessons = [lesson for lesson in lessons if id(lesson) not in kept]
            for group, part, answer in zip(groups, parts, self._questions.ask(parts), strict=True):
                if isinstance(answer, TeacherError):
                    self._questions.lose(part, answer, "the lessons seen in most episodes were kept")
                    lessons += _most_seen(group, len(group) // 2)
                else:
                    lessons += [_merged(entry, group) for entry in answer]
        if self.size(lessons) > room:
            raise self._questions.too_small("a lesson")
        return sorted(lessons, key=lambda lesson: (lesson.pile, -len(lesson.evidence)))

    def _groups(self, lessons: Sequence[Lesson], room: int) -> list[list[Lesson]]:
        """What is merged next: the piles that take more than their share, else all that there is."""
        by_pile: dict[Pile, list[Lesson]] = {}
        for lesson in lessons:
            by_pile.setdefault(lesson.pile, []).append(lesson)
        share, number = room / len(by_pile), MOST_AT_ONCE / len(by_pile)
        large = [
            own for own in by_pile.values() if len(own) > 1 and (self.size(own) > share or len(own) > number)
        ]
        groups = [group for own in large or [list(lessons)] for group in self._packs(own)]
        paired = [group for group in groups if len(group) > 1]
        if not paired:
            raise self._questions.too_small("two lessons")
        return paired

    def _packs(self, lessons: Sequence[Lesson]) -> list[list[Lesson]]:
        frame = self._framed("", (), ["C1"])
        room = self._questions.room(frame.text, frame.form)
        packs = packed([self.size([lesson]) for lesson in lessons], room, MOST_AT_ONCE)
        return [[lessons[place] for place in pack] for pack in packs]

    def _part(self, group: Sequence[Lesson]) -> Part[Merged]:
        names = _names(len(group))
        texts = [lesson.tell(name) for name, lesson in zip(names, group, strict=True)]
        part = self._framed(common(group).task_type, texts, names)
        return Part(part.purpose, part.text, part.form, tuple(one.id for one in joined(group)))

    def _framed(self, task_type: str, texts: Sequence[str], names: Sequence[str]) -> Part[Merged]:
        most = min(math.ceil(len(names) / 2), self._questions.most_entries)
        purpose = f"merging lessons of {own_category(task_type) or 'several kinds'}"
        return Part(purpose, merging(task_type, texts, most), form(Merged, names, most))


def _names(count: int) -> list[str]:
    return [f"C{number}" for number in range(1, count + 1)]


def _merged(entry: Merged, group: Sequence[Lesson]) -> Lesson:
    sources = [group[int(name[1:]) - 1] for name in dict.fromkeys(entry.sources)]
    return Lesson(common(sources), entry.rule, entry.when, entry.story, joined(sources))


def _most_seen(lessons: Sequence[Lesson], count: int) -> list[Lesson]:
    """The lessons with most evidence, in turn of their piles, so that none of these falls silent."""
    by_pile: dict[Pile, list[Lesson]] = {}
    for lesson in sorted(lessons, key=lambda lesson: -len(lesson.evidence)):
        by_pile.setdefault(lesson.pile, []).append(lesson)
    dealt = chain.from_iterable(zip_longest(*by_pile.values()))
    return [lesson for lesson in dealt if lesson is not None][: max(1, count)]
