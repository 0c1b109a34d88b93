"""Keeps what the world of an episode said out of the skills: a copy of it is no lesson, whoever wrote it."""

import codecs
from collections.abc import Iterable, Iterator

from skill_gym.skillbanks.encoded_text import decoded
from skill_gym.skillbanks.finding import Finding, Severity, shown
from skill_gym.skillbanks.letter_runs import BETWEEN, LetterRuns, letters
from skill_gym.skillbanks.memories.record import MemoryRecord
from skill_gym.skillbanks.plain_text import spellings
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.world_goals import without
from skill_gym.skillbanks.world_names import WorldNames
from skill_gym.skillbanks.world_sentences import WorldSentences, sentences
from skill_gym.trajectory import Trajectory

COPIED = "copied from the world"
NAMED = "name from the world"

LONG_RUN = 28
"""Letters (about six words) that no entry has in common with what episodes said. In the banks that were
released or come with this package, 273 entries, the longest such run has 23 letters, against all texts of
140 ALFWorld episodes, 200 of WebShop, and 400 questions with their passages."""

SHORT_RUN = 16
MOST_IN_SHORT_RUNS = 0.3
"""Part of an entry's letters that may lie in runs of 16 letters. It is up to 0.17 in those banks."""

_MEND = "say in words of your own what the agent is to do; texts of the world may be there to mislead it"


class WorldText:
    """What was said in some episodes, by their environment and not by the agent.

    An entry is a copy when it has a long run of letters in common with it (case, spacing, punctuation,
    look-alike letters, leet, base64, reversal and rot13 make no difference), when short runs make up much of
    it (a sentence that stood in two places, or had words put in), or when one of its sentences is one of the
    world's with some words exchanged. The tasks' goals are not the world's. A name of two words and more that
    only one task's world has makes an entry a fact about that task, unless its keywords say what it is for.

    Args:
        episodes: The episodes.
        memories: Records of others; of these, what was observed.
    """

    def __init__(self, episodes: Iterable[Trajectory], memories: Iterable[MemoryRecord] = ()) -> None:
        said: dict[str, dict[str, None]] = {}
        commands: set[str] = set()
        goals: dict[str, None] = {}
        for episode in episodes:
            goals[episode.task.goal] = None
            texts = said.setdefault(episode.task.key, {})
            for turn in episode.turns:
                texts[turn.observation] = None
                commands.update(turn.admissible)
            texts[str(episode.meta.get("final_observation", ""))] = None
        for record in memories:
            goals[record.goal] = None
            said.setdefault(record.id, {}).update(
                dict.fromkeys(step.observation for step in record.steps or ())
            )
        texts = dict.fromkeys(text for own in said.values() for text in own)
        read = [*texts, *(hidden for text in texts for hidden in decoded(text))]
        as_letters = dict.fromkeys(letters(spelling) for text in read for spelling in spellings(text))
        foreign = without(as_letters, [letters(goal) for goal in goals], BETWEEN)
        self._long, self._short = LetterRuns(foreign, LONG_RUN), LetterRuns(foreign, SHORT_RUN)
        self._sentences = WorldSentences(without(read, goals, "\n"), commands)
        self._names = WorldNames(said)

    def check(self, entry: Skill | Mistake) -> tuple[Finding, ...]:
        """What the entry has from the world."""
        return tuple(self._findings(entry))

    def _findings(self, entry: Skill | Mistake) -> Iterator[Finding]:
        texts = _texts(entry)
        if copied := self._copied(texts):
            yield Finding(entry.id, "", COPIED, Severity.ERROR, shown(copied), _MEND)
        elif not (isinstance(entry, Skill) and entry.keywords):
            name = next((found for text in _prose(entry) if (found := self._names.first(text))), "")
            if name:
                yield Finding(
                    entry.id,
                    "",
                    NAMED,
                    Severity.ERROR,
                    shown(name),
                    "say what holds for all tasks of its kind",
                )

    def _copied(self, texts: tuple[str, ...]) -> str:
        """The beginning of the copy, "" if there is none."""
        # A title and the first word of a principle side by side would be a run that nobody wrote.
        as_letters = [letters(text) for text in texts]
        written, count = BETWEEN.join(as_letters), sum(map(len, as_letters))
        for reading in (written, written[::-1], codecs.encode(written, "rot13")):
            long = self._long.covered(reading)
            if long.any():
                start = int(long.argmax())
                return reading[start : start + LONG_RUN]
            short = self._short.covered(reading)
            if short.sum() > MOST_IN_SHORT_RUNS * count:
                start = int(short.argmax())
                return reading[start : start + SHORT_RUN]
        return next(
            (said for text in texts for said in sentences(text) if self._sentences.has(said)),
            "",
        )


def _texts(entry: Skill | Mistake) -> tuple[str, ...]:
    """What a model is shown of an entry, its title or description first."""
    if isinstance(entry, Mistake):
        return (entry.description, entry.why_it_happens, entry.how_to_avoid)
    return (entry.title, entry.principle, entry.when_to_apply or "", entry.example or "")


def _prose(entry: Skill | Mistake) -> tuple[str, ...]:
    """The texts without a skill's title, whose words may all begin with a capital."""
    texts = _texts(entry)
    return texts if isinstance(entry, Mistake) else texts[1:]
