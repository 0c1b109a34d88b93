"""Retrieval by meaning: the skills whose embeddings are nearest to the goal's."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.bank_vectors import KINDS, Among, BankVectors, Entry, Section
from skill_gym.skillbanks.categories import bank_categories
from skill_gym.skillbanks.nearest import EXACT_UP_TO
from skill_gym.skillbanks.retrieval import Retrieved, TaskTypeSource, task_type_of
from skill_gym.skillbanks.similarity import ReleasedRanking, ranked
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.vectors import Encoder, VectorCache, Vectors
from skill_gym.trajectory import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingOptions:
    """How many skills, and which of the near ones.

    Attributes:
        top_k: Number of general skills (SkillRL's ``top_k``), None for all.
        task_specific_top_k: Number of task-specific skills; None for ``top_k``, as released.
        max_mistakes: Number of mistakes, None for all.
        similarity_threshold: Task-specific skills must have a greater cosine with the goal (the paper's
            delta); general skills are always shown. None for no threshold.
        diversity: Lambda of maximal marginal relevance in [0, 1], for skills of each kind: 1 is similarity
            alone, less avoids skills that say the same. None for similarity alone.
        within: Whether task-specific skills of the whole ``bank`` are compared, as released, or those of the
            ``task_type`` only (template mode finds the category, similarity ranks it; a type that no rule
            knows is the most similar skill's).
        by_keywords: Whether skills with keywords are for goals that have one of them only (see
            ``ByTaskType``).
        semantics: ``skillrl`` does what the released embedding mode does: goals are embedded as documents
            are, so without an instruction, all skills are compared whatever their keywords, and mistakes come
            in the bank's order. No threshold, diversity or task type then.

    Raises:
        ValueError: A limit is negative, diversity not in [0, 1], or an option that ``skillrl`` does not have.
    """

    top_k: int | None = 6
    task_specific_top_k: int | None = None
    max_mistakes: int | None = 5
    similarity_threshold: float | None = None
    diversity: float | None = None
    within: Literal["bank", "task_type"] = "bank"
    by_keywords: bool = True
    semantics: Literal["ours", "skillrl"] = "ours"

    def __post_init__(self) -> None:
        for name in ("top_k", "task_specific_top_k", "max_mistakes"):
            limit = getattr(self, name)
            if limit is not None and limit < 0:
                raise ValueError(f"{name} must be at least 0, got {limit}; pass {name}=None to keep all")
        if self.diversity is not None and not 0 <= self.diversity <= 1:
            raise ValueError(
                f"diversity must be between 0 and 1, got {self.diversity}; None for similarity alone"
            )
        for name, choices in (("within", ("bank", "task_type")), ("semantics", ("ours", "skillrl"))):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}")
        if self.semantics == "skillrl":
            for name, nothing in (("similarity_threshold", None), ("diversity", None), ("within", "bank")):
                if getattr(self, name) != nothing:
                    raise ValueError(
                        f"semantics='skillrl' has no {name}; pass {name}={nothing!r} or semantics='ours'"
                    )


class _Type(NamedTuple):
    """What a task's type allows (categories of skills and of mistakes, None for all), and its source."""

    categories: Among
    of_mistakes: Among
    source: TaskTypeSource
    confidence: float | None
    category: str | None


class ByEmbedding:
    """Retrieval by similarity (SkillRL's embedding mode): a goal's embedding against those of all skills.

    Goals are embedded in one batch, equal ones once, and remembered; so are the results for each bank. A bank
    that grew out of another is embedded by ``with_bank`` as far as it is new. Up to 100,000 skills the
    nearest are the nearest exactly; of equally near ones (to six decimals) the bank's first come first. The
    bank is embedded when it is first asked for a task, or by ``prepare``. May be shared by threads; a pickle
    embeds again what is in no file.

    Args:
        bank: The bank.
        encoder: The model; for ``semantics="skillrl"`` without an instruction.
        options: How many and which; ``**changes`` are single options.
        cache: Where vectors are kept; None for memory only.
        remembered: Goals whose results are kept; 0 for none.
        exact_up_to: Skills of a kind above which an approximate index is used (it needs faiss).
        **changes: Fields of ``EmbeddingOptions``.

    Raises:
        ValueError: As ``EmbeddingOptions``.
    """

    def __init__(
        self,
        bank: SkillBank,
        encoder: Encoder,
        options: EmbeddingOptions | None = None,
        *,
        cache: VectorCache | None = None,
        remembered: int = 10_000,
        exact_up_to: int = EXACT_UP_TO,
        **changes: Any,
    ) -> None:
        self.bank = bank
        self.encoder = encoder
        if options is not None and changes:
            raise ValueError(f"pass {', '.join(changes)} in options, or no options")
        self.options = options if options is not None else EmbeddingOptions(**changes)
        self.cache = cache if cache is not None else VectorCache()
        self._remembered = remembered
        self._exact_up_to = exact_up_to
        self._results: OrderedDict[tuple[str, str], Retrieved] = OrderedDict()
        self._vectors: BankVectors | None = None
        self._before: BankVectors | None = None
        self._lock = threading.RLock()

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (
            self.bank, self.encoder, self.options, self.cache, self._remembered, self._exact_up_to,
        )  # fmt: skip

    def with_bank(self, bank: SkillBank) -> Self:
        """The same retrieval from another bank: only texts that this one lacks will be embedded."""
        other = type(self)(
            bank,
            self.encoder,
            self.options,
            cache=self.cache,
            remembered=self._remembered,
            exact_up_to=self._exact_up_to,
        )
        other._before = self._vectors if self._vectors is not None else self._before
        return other

    def prepare(self) -> BankVectors:
        """Embeds what is new in the bank, once; the first ``retrieve`` does it, too."""
        with self._lock:
            if self._vectors is None:
                kinds = KINDS if self.options.semantics == "ours" else KINDS[:2]
                self._vectors = BankVectors(
                    self.bank,
                    self.encoder,
                    self.cache,
                    kinds=kinds,
                    before=self._before,
                    exact_up_to=self._exact_up_to,
                )
                self._before = None
            return self._vectors

    def retrieve(self, tasks: Sequence[Task]) -> list[Retrieved]:
        """The skills for each task, in the tasks' order; equal goals are looked up once.

        Raises:
            VectorError: The model's vectors do not fit those of the bank.
        """
        with self._lock:
            # The type counts only where it chooses among the skills.
            by_type = self.options.within == "task_type"
            keys = [(task.task_type if by_type else "", task.goal) for task in tasks]
            known = {key: self._results[key] for key in keys if key in self._results}
            for key in known:
                self._results.move_to_end(key)
            unknown = {key: task for key, task in zip(keys, tasks, strict=True) if key not in known}
            if unknown:
                known |= dict(zip(unknown, self._find(list(unknown.values())), strict=True))
                self._results |= {key: known[key] for key in unknown}
                while len(self._results) > self._remembered:
                    self._results.popitem(last=False)
            return [known[key] for key in keys]

    def _find(self, tasks: Sequence[Task]) -> list[Retrieved]:
        if not self.bank:
            return [Retrieved() for _ in tasks]
        vectors, options = self.prepare(), self.options
        goals = [task.goal for task in tasks]
        if options.semantics == "skillrl":
            return self._as_released(goals, vectors)
        queries = self.cache.vectors(self.encoder, goals, query=True)
        types = [self._task_type(task, query, vectors) for task, query in zip(tasks, queries, strict=True)]
        limit = options.top_k if options.task_specific_top_k is None else options.task_specific_top_k
        everywhere: list[Among] = [None] * len(tasks)
        general = self._ranked(vectors.general, goals, queries, options.top_k, everywhere)
        skills = self._ranked(
            vectors.task_specific,
            goals,
            queries,
            limit,
            [one.categories for one in types],
            options.similarity_threshold,
        )
        mistakes = self._ranked(
            vectors.mistakes, goals, queries, options.max_mistakes, [one.of_mistakes for one in types]
        )
        return [_retrieved(*found) for found in zip(general, skills, mistakes, types, strict=True)]

    def _ranked(
        self,
        section: Section[Entry],
        goals: Sequence[str],
        queries: Vectors,
        limit: int | None,
        among: Sequence[Among],
        least: float | None = None,
    ) -> list[list[tuple[Entry, float]]]:
        return ranked(
            section,
            goals,
            queries,
            limit,
            among,
            least=least,
            diversity=self.options.diversity,
            by_keywords=self.options.by_keywords,
        )

    def _task_type(self, task: Task, query: Vectors, vectors: BankVectors) -> _Type:
        if self.options.within == "bank":
            return _Type(None, None, "similarity", None, None)
        name, source, confidence = task_type_of(self.bank, task)
        if name is not None:
            names = bank_categories(self.bank, name)
            return _Type(names, (*names, name, None), source, confidence, names[0] if names else None)
        ((*best,),) = ranked(vectors.task_specific, [task.goal], query[None], 1, [None])
        least = self.options.similarity_threshold
        if not best or (least is not None and best[0][1] <= least):
            return _Type((), (None,), "none", 0.0, None)
        category = best[0][0].category
        return _Type((category,), (category, None), "similarity", _share(best[0][1]), category)

    def _as_released(self, goals: Sequence[str], vectors: BankVectors) -> list[Retrieved]:
        options = self.options
        general = len(self.bank.general) if options.top_k is None else options.top_k
        specific = general if options.task_specific_top_k is None else options.task_specific_top_k
        rank = ReleasedRanking(vectors.general, vectors.task_specific, self.encoder, self.cache)
        mistakes = [(mistake, 0.0) for mistake in self.bank.mistakes[: options.max_mistakes]]
        kind = _Type(None, None, "similarity", None, None)
        return [
            _retrieved(first, second, mistakes, kind) for first, second in rank(goals, (general, specific))
        ]


def _retrieved(
    general: Sequence[tuple[Skill, float]],
    skills: Sequence[tuple[Skill, float]],
    mistakes: Sequence[tuple[Mistake, float]],
    kind: _Type,
) -> Retrieved:
    best = max((cosine for _, cosine in skills), default=0.0)
    return Retrieved(
        general=tuple(skill for skill, _ in general),
        task_specific=tuple(skill for skill, _ in skills),
        mistakes=tuple(mistake for mistake, _ in mistakes),
        category=kind.category,
        task_type_source=kind.source,
        confidence=_share(best) if kind.confidence is None else kind.confidence,
        similarities={
            **{skill.id: cosine for skill, cosine in (*general, *skills)},
            **{mistake.id: cosine for mistake, cosine in mistakes},
        },
    )


def _share(cosine: float) -> float:
    return min(1.0, max(0.0, cosine))


def _again(
    bank: SkillBank,
    encoder: Encoder,
    options: EmbeddingOptions,
    cache: VectorCache,
    remembered: int,
    exact_up_to: int,
) -> ByEmbedding:
    return ByEmbedding(bank, encoder, options, cache=cache, remembered=remembered, exact_up_to=exact_up_to)
