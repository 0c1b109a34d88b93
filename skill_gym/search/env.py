"""Search as a Gymnasium environment: questions that are answered with the help of a retriever."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from skill_gym.search.experts import EXPERTS, Expert, make_expert
from skill_gym.search.format_reward import FormatScores
from skill_gym.search.material import open_material
from skill_gym.search.observation import ObservationFormat
from skill_gym.search.passages import PassageIndex
from skill_gym.search.reward import Measure
from skill_gym.search.session import Rules, Session
from skill_gym.search.tasks import SearchTasks
from skill_gym.text_env import FreeText, Outcome, Player, TextEnv
from skill_gym.trajectory import Task

MAX_TURNS = 4


def _instructions(max_turns: int, *, extra: bool) -> str:
    turns = f"{max_turns} turn{'s' * (max_turns > 1)}"
    last = (
        f"You have {turns} to search and one more to answer."
        if extra
        else f"You have {turns}; a search in the last one comes to nothing."
    )
    return (
        "<search>query</search> finds passages; they come back between <information> and </information>.\n"
        "<answer>text</answer> gives the final answer and ends the task. "
        "Only the short answer counts: a name, a number, or yes or no.\n" + last
    )


class SearchEnv(TextEnv):
    """Question answering with a retriever (Search-R1, arXiv 2503.09516; the same task as SkillRL's Search).

    Commands are ``<search>query</search>`` and ``<answer>text</answer>``; anything else uses up a turn. An
    answer ends the episode; it is scored alone, never with what was retrieved or shown. The environment
    counts its own turns: after the last one it is truncated; a search in the last turn is not carried out.

    ``info`` adds, at reset and step, ``turn`` (turns taken), ``max_turns``, ``data_source``, ``action_type``
    (``search``, ``answer``, ``none``; "" at reset), ``query``, ``doc_ids`` and ``scores`` (of the passages
    shown), ``tool_called`` (the retriever was asked), ``repeated_query``, ``unused_action`` (a search in the
    last turn), ``shortened`` (ids of passages that were cut or left out), ``retrieval_error`` (None or what
    went wrong); at the end ``em``, ``f1`` and ``sub_em``. A failed retriever truncates the episode and adds
    ``broken``; it is never shown as evidence. The episode is won with an exact match.

    Args:
        split: ``generated`` (for training), ``generated_validation``, ``generated_test``: questions about an
            invented world; or ``train``, ``validation``, ``test``, ``all`` of the questions in ``data``.
        data: File or folder with questions, or ``hf:owner/name``, see ``open_questions``; None reads the
            environment variable ``SEARCH_DATA``.
        corpus: What is searched: the folder of a built corpus, the URL or URLs of a server, or an index. None
            takes the world's own passages, or the contexts that the records of ``data`` bring.
            The variable ``SEARCH_TOKEN`` may hold a server's token.
        engine: Engine of a built corpus; None for the best that it has.
        topk: Most passages for each query.
        max_turns: Most turns.
        observation: ``plain``, or byte for byte Search-R1's (``r1``) or SkillRL's (``skillrl``) layout, in
            which passages are not made harmless.
        reward: What an answer earns: ``em``, ``f1`` or ``sub_em``, see ``reward``.
        reward_format: Scores of Search-R1's format reward (structure, final, retrieval), such as
            ``(0.2, 0.1, 0)``; None for none. Whole replies are known behind a ``TaggedAction`` only.
        max_chars: Most characters of passages in an observation, None for no limit as in the originals.
        invalid_hint: Whether a reminder follows what is no action.
        final_answer_turn: Adds Search-R1's further turn, in which only an answer counts, and says so.
        on_error: What a failed retriever does: ``end`` the episode as broken, or ``raise``.
        unicode_norm: Ignores all of Unicode's punctuation when answers are compared, see ``reward``.
        expert: Adds ``info["expert_command"]``: of the ``seeker`` (knows only what it has read) or the
            ``oracle`` (knows the way to the answer of a generated question).
        size: Number of tasks of a generated split.
        generator: Settings of the generator, see ``GeneratorConfig``.
        task_types: Only these query types; None for all.
        sources: Only these data sources; None for all.
        render_mode: None or ``ansi``.

    Raises:
        ValueError: An argument is not one of its choices, or questions or corpus cannot be read
            (``QuestionError``, ``CorpusError``).

    Example:
        >>> import gymnasium as gym
        >>> import skill_gym
        >>> env = gym.make("skill_gym/Search-v0")
        >>> observation, info = env.reset(seed=0)
        >>> observation, reward, terminated, truncated, info = env.step("<search>a name</search>")
    """

    metadata: dict[str, Any] = {  # type: ignore[misc]  # noqa: RUF012 - an instance has its own
        "render_modes": ["ansi"],
        "render_fps": 1,
        "reply_tags": ("search", "answer"),
        "stop": ("</search>", "</answer>"),
        "experts": EXPERTS,
        "step_limit": "max_turns",
        "measures": ("data_source", "em", "f1", "sub_em"),
        "role": "You are a researcher. You answer a question with the help of a search engine.",
        "instructions": _instructions(MAX_TURNS, extra=False),
    }

    def __init__(
        self,
        split: str = "generated",
        *,
        data: str | Path | None = None,
        corpus: str | Path | Sequence[str] | PassageIndex | None = None,
        engine: str | None = None,
        topk: int = 3,
        max_turns: int = MAX_TURNS,
        observation: ObservationFormat = "plain",
        reward: Measure = "em",
        reward_format: Sequence[float] | None = None,
        max_chars: int | None = 4000,
        invalid_hint: bool = True,
        final_answer_turn: bool = False,
        on_error: str = "end",
        unicode_norm: bool = False,
        expert: str | None = None,
        size: int = 1000,
        generator: Mapping[str, Any] | None = None,
        task_types: Sequence[str] | None = None,
        sources: Sequence[str] | None = None,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(render_mode=render_mode)
        _check("observation", observation, get_args(ObservationFormat))
        _check("reward", reward, get_args(Measure))
        _check("on_error", on_error, ("end", "raise"))
        if expert is not None and expert not in EXPERTS:
            raise ValueError(f"expert must be None or one of {', '.join(EXPERTS)}, got {expert!r}")
        _check_count("topk", topk)
        _check_count("max_turns", max_turns)
        _check_count("size", size)
        if max_chars is not None:
            _check_count("max_chars", max_chars)
        if reward_format is not None and reward != "em":
            raise ValueError(
                f"reward_format goes with reward='em' only, got reward={reward!r}; leave one out"
            )
        self.rules = Rules(
            topk=topk,
            max_turns=max_turns,
            final_answer_turn=final_answer_turn,
            observation=observation,
            max_chars=max_chars,
            invalid_hint=invalid_hint,
            reward=reward,
            reward_format=None if reward_format is None else FormatScores.of(reward_format),
            unicode_norm=unicode_norm,
            on_error=on_error,
        )
        self.split, self.expert = split, expert
        material = open_material(
            split, data=data, corpus=corpus, engine=engine, size=size, generator=generator
        )
        self.index, self.world = material.index, material.world
        if expert == "oracle" and self.world is None:
            raise ValueError(
                f"expert='oracle' knows generated worlds only; take 'seeker' for split {split!r}"
            )
        self.tasks: SearchTasks = SearchTasks(
            material.questions, split, source=material.source, task_types=task_types, sources=sources
        )
        self.metadata = {
            **type(self).metadata,
            "instructions": _instructions(max_turns, extra=final_answer_turn),
        }
        self.action_space = FreeText(samples=("<search>capital</search>", "<answer>yes</answer>", ""))
        self._session: Session | None = None
        self._expert: Expert | None = None

    @classmethod
    def player(cls, first_observation: str, advice: str = "") -> Player:
        """A ``seeker.Seeker``, see ``TextEnv.player``."""
        from skill_gym.search.seeker import Seeker

        return Seeker(first_observation, advice)

    @property
    def waits(self) -> bool:
        """Whether a step may wait for something outside of the process, such as a server."""
        return self.index.waits

    @property
    def session(self) -> Session:
        """The question being played; read it, and copy it before changing it."""
        if self._session is None:
            raise RuntimeError("no question is being played; call reset() first")
        return self._session

    @property
    def won(self) -> bool:
        """Whether the answer given is an exact match."""
        return self.session.won

    def gold_answers(self, task: Task) -> tuple[str, ...]:
        """The accepted answers to the task's question."""
        return self.tasks.question(task.id).answers

    def begin(self, task: Task) -> Outcome:
        """Shows the question."""
        question = self.tasks.question(task.id)
        self._session = Session(question, self.rules, self.index)
        self.reply = ""
        info = self._session.facts()
        if self.expert is not None:
            instructions = self.metadata["instructions"]
            self._expert = make_expert(self.expert, self._session, self.world, instructions)
            info["expert_command"] = self._expert.command()
        return Outcome(self._session.first_observation, info=info)

    def advance(self, command: str) -> Outcome:
        """Carries out one command; an answer, the last turn or a failed retriever ends the episode."""
        session = self.session
        reply, self.reply = self.reply or command, ""
        step = session.do(command, reply)
        if self._expert is not None:
            self._expert.observe(command, step.observation)
            step.info["expert_command"] = None if session.over else self._expert.command()
        truncated = session.over and not step.answered
        return Outcome(step.observation, step.reward, step.answered, truncated, step.info)

    def admissible_commands(self) -> tuple[str, ...]:
        """A search and an answer, with any words in place of the slot; none after the end."""
        return self.session.admissible()

    def find_task(self, task_id: str) -> Task:
        """The task of that id, which is ``<data source>/<question id>``.

        Raises:
            ValueError: No such task in this split, or it is filtered out; the message names near ones.
        """
        task = self.tasks.find(task_id)
        if task is None:
            raise ValueError(
                f"no task {task_id!r} in split {self.split!r}; ids are <data source>/<question id>, near "
                f"ones are {self.tasks.near(task_id)}"
            )
        return task


def _check(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")


def _check_count(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be an integer, at least 1, got {value!r}")
