"""Reads episodes in batches: successes become strategic patterns, failures become lessons (the map)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.distil_evidence import Evidence, Pile
from skill_gym.skillbanks.teachers.distil_forms import Failure, Pattern, form
from skill_gym.skillbanks.teachers.distil_lesson import Lesson
from skill_gym.skillbanks.teachers.distil_questions import Part, Questions, packed
from skill_gym.skillbanks.teachers.distil_words import about_failures, about_successes

LEAST_EPISODE = 100
"""Tokens below which the text of an episode tells nothing."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was learnt from episodes.

    Attributes:
        lessons: In the order of the piles and their batches.
        silent: Failed episodes that were read, and that no lesson cites.
    """

    lessons: tuple[Lesson, ...]
    silent: tuple[Evidence, ...]


class Reading:
    """Asks about every episode of a sample once.

    Args:
        questions: Asks.
        batch_size: Most episodes in a question, all of one pile.
        episode_tokens: Longest text of an episode.
        most_lessons: Most lessons from a question.
    """

    def __init__(
        self, questions: Questions, *, batch_size: int, episode_tokens: int, most_lessons: int
    ) -> None:
        self._questions = questions
        self._batch_size, self._episode_tokens = batch_size, episode_tokens
        self._most = min(most_lessons, questions.most_entries)
        self._budgets: dict[Pile, int] = {}

    def read(self, sample: Mapping[Pile, Sequence[Evidence]]) -> Read:
        """Reads a sample; parts without an answer are noted with the questions.

        Raises:
            TeacherError: The context has no room for an episode, or a part is lost and that ends it all.
        """
        batches = [
            batch for pile, members in sample.items() if members for batch in self._batches(pile, members)
        ]
        lessons = [lesson for found in self._lessons(batches) for lesson in found]
        cited = {id(one) for lesson in lessons for one in lesson.evidence}
        lost = {evidence_id for part in self._questions.lost for evidence_id in part.evidence}
        silent = (one for batch in batches for one in batch if not one.pile.solved and one.id not in lost)
        return Read(tuple(lessons), tuple(one for one in silent if id(one) not in cited))

    def _batches(self, pile: Pile, members: Sequence[Evidence]) -> list[list[Evidence]]:
        frame = self._part(pile, (), _names(self._batch_size), ())
        room = self._questions.room(frame.text, frame.form)
        if room < LEAST_EPISODE:
            raise self._questions.too_small("an episode")
        self._budgets[pile] = min(room, self._episode_tokens)
        sizes = [self._questions.count_tokens(self._told(one, "E99")) for one in members]
        return [[members[place] for place in pack] for pack in packed(sizes, room, self._batch_size)]

    def _lessons(self, batches: Sequence[Sequence[Evidence]]) -> list[list[Lesson]]:
        """Lessons by batch; one that turns out too long for the model is asked about again in halves."""
        parts = [
            self._part(
                batch[0].pile,
                [self._told(one, name) for name, one in zip(_names(len(batch)), batch, strict=True)],
                _names(len(batch)),
                [one.id for one in batch],
            )
            for batch in batches
        ]
        found: list[list[Lesson]] = [[] for _ in batches]
        halves: list[tuple[int, Sequence[Evidence]]] = []
        for place, (part, answer) in enumerate(zip(parts, self._questions.ask(parts), strict=True)):
            batch = batches[place]
            if not isinstance(answer, TeacherError):
                found[place] = [_lesson(entry, batch) for entry in answer]
            elif answer.fault == "too long" and len(batch) > 1:
                half = (len(batch) + 1) // 2
                halves += [(place, batch[:half]), (place, batch[half:])]
            else:
                self._questions.lose(part, answer)
        if halves:
            again = self._lessons([half for _, half in halves])
            for (place, _), lessons in zip(halves, again, strict=True):
                found[place] += lessons
        return found

    def _told(self, one: Evidence, name: str) -> str:
        return one.tell(name, self._budgets[one.pile], count_tokens=self._questions.count_tokens)

    def _part(
        self, pile: Pile, texts: Sequence[str], names: Sequence[str], evidence: Sequence[str]
    ) -> Part[Any]:
        write = about_successes if pile.solved else about_failures
        return Part(
            f"lessons of {own_category(pile.task_type)}, {'solved' if pile.solved else 'failed'}",
            write(pile.task_type, texts, self._most),
            form(Pattern, names, self._most) if pile.solved else form(Failure, names, self._most),
            tuple(evidence),
        )


def _names(count: int) -> list[str]:
    return [f"E{number}" for number in range(1, count + 1)]


def _lesson(entry: Pattern | Failure, batch: Sequence[Evidence]) -> Lesson:
    cited = tuple(batch[int(name[1:]) - 1] for name in dict.fromkeys(entry.sources))
    if isinstance(entry, Pattern):
        story = f"{entry.decision} {entry.why}"
    else:
        story = f"{entry.wrong} Better: {entry.instead}"
    return Lesson(batch[0].pile, entry.rule, entry.when, story, cited)
