"""A lesson on its way from episodes to skills: what was learnt, from which evidence."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.skill import Provenance
from skill_gym.skillbanks.teachers.distil_evidence import Evidence, Pile
from skill_gym.skillbanks.teachers.episode_text import harmless


@dataclass(frozen=True, slots=True)
class Lesson:
    """A strategic pattern of solved episodes, or what failed ones teach.

    Attributes:
        pile: Task type ("" for several) and outcome of the episodes; solved only if all were.
        rule: What holds for other tasks.
        when: The situation that calls for it.
        story: What happened in the episodes, in a sentence or two.
        evidence: The episodes, each once.
    """

    pile: Pile
    rule: str
    when: str
    story: str
    evidence: tuple[Evidence, ...]

    def tell(self, name: str) -> str:
        """Its text under a name."""
        learnt = "pattern of solved" if self.pile.solved else "lesson of failed"
        kind = own_category(self.pile.task_type) or "several kinds"
        return (
            f"{name}. [{kind}; {learnt} episodes, seen in {len(self.evidence)}] {_cut(self.rule, 500)} "
            f"When: {_cut(self.when, 200)} Seen: {_cut(self.story, 300)}"
        )


def common(lessons: Sequence[Lesson]) -> Pile:
    """The pile of what is made from several lessons, at least one."""
    types = {lesson.pile.task_type for lesson in lessons}
    return Pile(types.pop() if len(types) == 1 else "", all(lesson.pile.solved for lesson in lessons))


def joined(lessons: Iterable[Lesson]) -> tuple[Evidence, ...]:
    """The evidence of several lessons, each piece once."""
    return tuple({id(one.source): one for lesson in lessons for one in lesson.evidence}.values())


def provenance(evidence: Sequence[Evidence], teacher: str, bank_version: str) -> Provenance:
    """Where something comes from that rests on this evidence."""
    solved = sum(one.pile.solved for one in evidence)
    types = Counter(own_category(one.pile.task_type) for one in evidence)
    told = ", ".join(f"{name} {count}" for name, count in sorted(types.items()))
    return Provenance(
        trajectory_ids=tuple(dict.fromkeys(one.id for one in evidence)),
        splits=tuple(sorted({one.split for one in evidence if one.split})),
        teacher=teacher,
        bank_version=bank_version,
        evidence=f"{solved} solved and {len(evidence) - solved} failed episodes ({told})",
    )


def _cut(text: str, limit: int) -> str:
    line = " ".join(text.replace("->", "→").split())
    return harmless(line if len(line) <= limit else f"{line[: limit - 4]} ...")
