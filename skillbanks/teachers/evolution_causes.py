"""Asks why episodes failed, batch by batch, when not all have room in one question."""

from collections.abc import Mapping, Sequence

from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.distil_forms import Entries, form
from skill_gym.skillbanks.teachers.distil_questions import packed
from skill_gym.skillbanks.teachers.episode_text import harmless
from skill_gym.skillbanks.teachers.evolution_answer import Cited
from skill_gym.skillbanks.teachers.evolution_forms import CauseEntry
from skill_gym.skillbanks.teachers.evolution_questions import EvolutionQuestions
from skill_gym.skillbanks.teachers.evolution_words import about_causes

PURPOSE = "causes of failures"
MOST_IN_BATCH = 8
"""Most episodes in one question; of more, each is read less carefully."""

_MOST_CAUSES = 4

Batch = Mapping[str, Cited]
"""Episodes of one task type, by their names."""


def room_for_episodes(questions: EvolutionQuestions) -> int:
    """Tokens that a question about causes has for episodes."""
    names = [f"E{number}" for number in range(1, MOST_IN_BATCH + 1)]
    return questions.room(about_causes([], _MOST_CAUSES), form(CauseEntry, names, _MOST_CAUSES))


def find_causes(questions: EvolutionQuestions, shown: Mapping[str, Cited]) -> list[Cited]:
    """Causes of failed episodes, those of most episodes first; no cause mixes task types.

    Batches without an answer are noted with the questions; one that is too long is asked about in halves.

    Args:
        questions: Asks.
        shown: The failed episodes, by the names in their texts.
    """
    piles: dict[str, list[str]] = {}
    for name, one in shown.items():
        piles.setdefault(one.episodes[0].task.task_type, []).append(name)
    room = room_for_episodes(questions)
    batches: list[Batch] = []
    for names in piles.values():
        sizes = [questions.size([shown[name]]) for name in names]
        batches += [
            {names[place]: shown[names[place]] for place in pack}
            for pack in packed(sizes, room, MOST_IN_BATCH)
        ]
    found = _asked(questions, batches)
    found.sort(key=lambda item: -len(item[1]))
    return [
        Cited(_told(f"D{number}", entry, episodes), tuple(one for each in episodes for one in each.episodes))
        for number, (entry, episodes) in enumerate(found, 1)
    ]


def _asked(questions: EvolutionQuestions, batches: Sequence[Batch]) -> list[tuple[CauseEntry, list[Cited]]]:
    asked = [
        (
            about_causes([one.text for one in batch.values()], _MOST_CAUSES),
            form(CauseEntry, list(batch), _MOST_CAUSES),
        )
        for batch in batches
    ]
    found: list[tuple[CauseEntry, list[Cited]]] = []
    halves: list[Batch] = []
    for batch, answer in zip(batches, questions.ask_all(PURPOSE, asked), strict=True):
        if not isinstance(answer, TeacherError):
            found += _entries(answer, batch)
        elif answer.fault == "too long" and len(batch) > 1:
            names = list(batch)
            half = len(names) // 2
            halves += [{name: batch[name] for name in part} for part in (names[:half], names[half:])]
        else:
            keys = [one.episodes[0].task.key for one in batch.values()]
            questions.lose(PURPOSE, answer, keys)
    return [*found, *_asked(questions, halves)] if halves else found


def _entries(answer: Entries[CauseEntry], batch: Batch) -> list[tuple[CauseEntry, list[Cited]]]:
    return [(entry, [batch[name] for name in dict.fromkeys(entry.sources)]) for entry in answer.entries]


def _told(name: str, entry: CauseEntry, episodes: Sequence[Cited]) -> str:
    kind = own_category(episodes[0].episodes[0].task.task_type)
    text = f"{entry.cause}. Seen: {entry.story} Better: {entry.instead}"
    return f"{name}. [{kind}; {len(episodes)} failed episodes] {harmless(' '.join(text.split()))}"
