"""The ablation without skills: what the bank holds are earlier solved episodes, told as they went."""

from collections.abc import Callable

from skill_gym.skillbanks.rendering import about_tokens
from skill_gym.skillbanks.skill import Provenance
from skill_gym.skillbanks.teacher import Proposal, TeacherAnswer, TeacherRequest
from skill_gym.trajectory import Trajectory

HEADROOM = 40
"""Tokens of a skill block that are its headings and an entry's title."""


class RawEpisode(Proposal):
    """An episode instead of a principle, and so as long as it likes."""

    def __post_init__(self) -> None:
        """Nothing to check: the text is our own."""


class RawTrajectoryTeacher:
    """Hands solved episodes on instead of learning from them.

    The bank, its retrieval by task type and the token budget stay as they are, so that a comparison with a
    RuleTeacher tells what the abstraction is worth.

    Args:
        max_tokens: Budget of the skill block; of an episode that is longer only the last steps that fit stay.
        count_tokens: Length of a text in the policy's tokens.
    """

    def __init__(self, *, max_tokens: int, count_tokens: Callable[[str], int] | None = None) -> None:
        if max_tokens <= HEADROOM:
            raise ValueError(f"max_tokens must be more than {HEADROOM}, got {max_tokens}")
        self._room = max_tokens - HEADROOM
        self._count = count_tokens or about_tokens

    @property
    def name(self) -> str:
        """For provenance."""
        return "raw-trajectories"

    def ask(self, request: TeacherRequest) -> TeacherAnswer:
        """The solved episodes of the request, in order, as far as they are wanted."""
        episodes = [one for one in (*request.trajectories, *request.successes) if one.solved]
        proposals = tuple(self._proposal(one, request.bank.version) for one in episodes)
        return TeacherAnswer(proposals[: request.max_new])

    def _proposal(self, episode: Trajectory, bank_version: str) -> RawEpisode:
        return RawEpisode(
            title=episode.task.goal,
            principle=self._told(episode),
            task_type=episode.task.task_type,
            provenance=Provenance(
                trajectory_ids=(episode.task.key,),
                splits=(episode.task.split,),
                teacher=self.name,
                bank_version=bank_version,
                evidence=f"solved in {len(episode.turns)} turns",
            ),
        )

    def _told(self, episode: Trajectory) -> str:
        after = [turn.observation for turn in episode.turns[1:]]
        after.append(str(episode.meta.get("final_observation", "")))
        steps = [
            " ".join(f"> {turn.command or '(nothing)'} {seen}".split())
            for turn, seen in zip(episode.turns, after, strict=True)
        ]
        while len(steps) > 1 and self._count(" ".join(steps)) > self._room:
            del steps[0]
        return " ".join(steps)
