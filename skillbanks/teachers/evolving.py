"""Evolves a bank with a model: failed episodes, and what the bank says, become changes to the bank."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.teacher import TeacherAnswer, TeacherRequest
from skill_gym.skillbanks.teachers import evolution_words as words
from skill_gym.skillbanks.teachers.asking import Asker
from skill_gym.skillbanks.teachers.episode_text import tell
from skill_gym.skillbanks.teachers.evolution_answer import Cited, faults, read_changes
from skill_gym.skillbanks.teachers.evolution_bank import tell_bank
from skill_gym.skillbanks.teachers.evolution_causes import find_causes, room_for_episodes
from skill_gym.skillbanks.teachers.evolution_forms import Changes, changes_form
from skill_gym.skillbanks.teachers.evolution_questions import EvolutionQuestions
from skill_gym.trajectory import Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class EvolvingConfig:
    """How much a model is shown when a bank evolves.

    Attributes:
        episode_tokens: Longest text of an episode, at least 100.
        contrasts: Solved episodes of each weak task type that are shown beside the failed ones, where there
            is room.
        bank_share: Part of the context that the bank's entries may take, in (0, 1).
        answer_tokens: Longest answer, hidden thoughts included; a sixth of the model's context if None, at
            most 16,384.
        most_changes: Changes of each kind that are asked for where the request sets no limit.

    Raises:
        ValueError: A number is out of its range.
    """

    episode_tokens: int = 1500
    contrasts: int = 1
    bank_share: float = 0.15
    answer_tokens: int | None = None
    most_changes: int = 8

    def __post_init__(self) -> None:
        for name, least in (("episode_tokens", 100), ("contrasts", 0), ("most_changes", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.answer_tokens is not None and self.answer_tokens < 100:
            raise ValueError(f"answer_tokens must be at least 100, got {self.answer_tokens}")
        if not 0 < self.bank_share < 1:
            raise ValueError(f"bank_share must be between 0 and 1, got {self.bank_share}")


_LEAST_EPISODE = 100
"""Tokens below which the text of an episode tells nothing."""


def propose(
    asker: Asker,
    request: TeacherRequest,
    config: EvolvingConfig | None = None,
    *,
    count_tokens: Callable[[str], int] | None = None,
) -> TeacherAnswer:
    """Asks a model how the bank has to change, from the failed episodes of a request.

    Everything that it says cites episodes that it was shown; what it says of one kind of task cites episodes
    of that kind only. Where the episodes do not fit the model's context, the causes of failures are asked for
    first, batch by batch, and stand for the episodes then. A batch without an answer is noted in ``lost``.

    Args:
        asker: Asks the model.
        request: Failed episodes, already dealt over the weak task types; solved ones for contrast; the bank.
        config: Settings; the defaults if None.
        count_tokens: Number of tokens of a text; an estimate on the safe side if None.

    Raises:
        TeacherError: There is no usable answer.
        ValueError: The request mixes environments.
    """
    config = config or EvolvingConfig()
    failures = request.trajectories
    if not failures:
        return TeacherAnswer()
    environments = sorted({episode.task.env_id for episode in failures})
    if len(environments) > 1:
        raise ValueError(
            f"the episodes come from {' and '.join(environments)}; evolve each environment's bank by itself"
        )
    questions = EvolutionQuestions(
        asker, environments[0], answer_tokens=config.answer_tokens, count_tokens=count_tokens
    )
    return _Round(questions, request, config).answer()


class _Round:
    """One request."""

    def __init__(
        self, questions: EvolutionQuestions, request: TeacherRequest, config: EvolvingConfig
    ) -> None:
        self._questions, self._request, self._config = questions, request, config
        self._most = request.max_new or config.most_changes
        self._task_types = list(dict.fromkeys(episode.task.task_type for episode in request.trajectories))
        self._longest = min(config.episode_tokens, room_for_episodes(questions))
        if self._longest < _LEAST_EPISODE:
            raise questions.none_left("an episode")
        count = questions.count_tokens
        share = int(questions.context_tokens * config.bank_share)
        self._bank = tell_bank(request.bank, self._task_types, request.episodes, share, count_tokens=count)

    def answer(self) -> TeacherAnswer:
        failures = self._request.trajectories
        shown = [Cited(self._tell(one, f"E{n}"), (one,)) for n, one in enumerate(failures, 1)]
        contrasts = self._contrasts(len(failures) + 1)
        room = self._room(len(shown) + len(contrasts))
        size = self._questions.size(shown)
        if size <= room:
            while contrasts and size + self._questions.size(contrasts) > room:
                contrasts.pop()
            return self._changes({f"E{n}": one for n, one in enumerate([*shown, *contrasts], 1)}, len(shown))
        causes = find_causes(self._questions, {f"E{n}": one for n, one in enumerate(shown, 1)})
        # The costliest come first, so that the last ones are those to leave out.
        while causes and self._questions.size(causes) > self._room(len(causes)):
            causes.pop()
        if not causes:
            raise self._questions.none_left("a cause of failure")
        return self._changes({f"D{n}": one for n, one in enumerate(causes, 1)}, len(causes))

    def _tell(self, episode: Trajectory, name: str) -> str:
        count = self._questions.count_tokens
        known = [entry_id for entry_id in episode.skill_ids if entry_id in self._request.bank]
        shown = f"\n({name} was played with {', '.join(known)})" if known else ""
        return tell(episode, max_tokens=self._longest - count(shown), count_tokens=count, name=name) + shown

    def _contrasts(self, first: int) -> list[Cited]:
        """Solved episodes, the task types in turn."""
        chosen = []
        for rank in range(self._config.contrasts):
            for task_type in self._task_types:
                solved = [one for one in self._request.successes if one.task.task_type == task_type]
                chosen += solved[rank : rank + 1]
        return [Cited(self._tell(one, f"E{n}"), (one,)) for n, one in enumerate(chosen, first)]

    def _form(self, names: Sequence[str]) -> type[Changes]:
        kinds = [own_category(task_type) for task_type in self._task_types]
        return changes_form(names, kinds, self._bank.skill_ids, self._bank.failing, self._most)

    def _text(self, material: Sequence[Cited], contrasts: Sequence[Cited], *, diagnosed: bool) -> str:
        return words.about_changes(
            [one.text for one in material],
            [one.text for one in contrasts],
            self._bank.lines,
            self._task_types,
            self._most,
            diagnosed=diagnosed,
        )

    def _room(self, count: int) -> int:
        names = [f"E{number}" for number in range(1, count + 1)]
        return self._questions.room(self._text([], [], diagnosed=False), self._form(names))

    def _changes(self, cited: Mapping[str, Cited], failed: int) -> TeacherAnswer:
        """Asks for the changes.

        Args:
            cited: What is shown, by name.
            failed: How many of them, the first ones, are failures.
        """
        material = list(cited.values())
        diagnosed = next(iter(cited)).startswith("D")
        changes = self._questions.ask(
            "evolution",
            self._text(material[:failed], material[failed:], diagnosed=diagnosed),
            self._form(list(cited)),
            lambda answer: faults(answer, cited),
        )
        return read_changes(changes, cited, self._request, self._questions.teacher, self._questions.lost)
