"""An example of supervised training: what was shown, what is to be said, and where it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from skill_gym.agents.demonstration_play import Demonstration
from skill_gym.agents.sft_citations import block_lines, cited, skill_block

Unit = Literal["step", "transcript"]
"""``step``: one prompt, one reply. ``transcript``: a whole episode as one conversation."""


@dataclass(frozen=True, slots=True)
class SftExample:
    """Prompts and replies that a policy is to learn from.

    Attributes:
        episode: Prompts and replies, of which those marked ``learn`` are learnt; one of each in the step
            layout.
        skills: How the skills in the prompt were chosen: ``recorded``, ``practice``, or a kind of
            ``SkillVariation``.
        turn: The first reply's place in its episode.
        unit: One step of an episode, or the whole of it.
    """

    episode: Demonstration
    skills: str = "recorded"
    turn: int = 0
    unit: Unit = "transcript"

    @property
    def block(self) -> str:
        """The skill block of the first prompt, which every later one repeats or follows; "" without one."""
        return skill_block(self.episode.prompts[0]) if self.episode.skill_ids else ""

    @property
    def cited(self) -> tuple[str, ...]:
        """Ids of the shown skills that a learnt reply names or quotes, each once."""
        ids, lines = self.episode.skill_ids, block_lines(self.block)
        if len(lines) != len(ids):
            return ()
        marked = zip(self.episode.replies, self.episode.learn, strict=True)
        learnt = (reply for reply, learn in marked if learn)
        return tuple(dict.fromkeys(ids[place] for reply in learnt for place in cited(lines, ids, reply)))

    @property
    def key(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Equal for examples that teach the same."""
        return self.episode.prompts, self.episode.replies

    @property
    def clean(self) -> bool:
        """Whether every reply is to be learnt, so that a trainer without masks may have it."""
        return all(self.episode.learn)


def by_unit(example: SftExample, unit: Unit) -> Iterator[SftExample]:
    """The examples that an episode gives: itself, or one for each reply that is to be learnt."""
    if unit == "transcript":
        yield example
        return
    episode = example.episode
    for turn, learn in enumerate(episode.learn):
        if learn:
            alone = replace(
                episode,
                prompts=episode.prompts[turn : turn + 1],
                replies=episode.replies[turn : turn + 1],
                learn=(True,),
                admissible=episode.admissible[turn : turn + 1],
            )
            yield replace(example, episode=alone, turn=turn, unit="step")
