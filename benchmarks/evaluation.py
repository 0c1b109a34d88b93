"""The record of an evaluation: results, success by task type, comparison of two on the same tasks."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from skill_gym.agents.policy import Completion
from skill_gym.benchmarks.intervals import PairedDifference, Rate, newcombe, wilson
from skill_gym.benchmarks.measures import Measures
from skill_gym.trajectory import Boundary, Ended, Trajectory

FORMAT = 1
"""Version of the JSON form."""


class EvaluationError(ValueError):
    """A stored evaluation cannot be read, or two evaluations cannot be compared."""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """How one task went.

    Attributes:
        task_id: Id of the task.
        task_key: Its key, unique across data sets.
        task_type: Its type.
        ended: How the episode ended.
        reward: Sum of its rewards.
        steps: Number of turns.
        valid_steps: Turns whose reply could be read and whose command was admissible.
        prompt_tokens: Prompt tokens of all turns, counted anew for each turn; 0 for policies without tokens.
        reply_tokens: Tokens of all replies.
        boundary: Where a broken episode broke.
        error: Why it broke, "" unless it did.
        measures: What the environment measured at the end besides success, see ``measures``.
    """

    task_id: str
    task_key: str
    task_type: str
    ended: Ended
    reward: float
    steps: int
    valid_steps: int
    prompt_tokens: int = 0
    reply_tokens: int = 0
    boundary: Boundary | None = None
    error: str = ""
    measures: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def solved(self) -> bool:
        """Whether the task was done."""
        return self.ended == "solved"

    @property
    def valid_share(self) -> float | None:
        """Share of valid turns; None without turns."""
        return self.valid_steps / self.steps if self.steps else None

    @classmethod
    def of(cls, trajectory: Trajectory, completions: Sequence[Completion] = ()) -> Self:
        """The result of a played episode."""
        return cls(
            task_id=trajectory.task.id,
            task_key=trajectory.task.key,
            task_type=trajectory.task.task_type,
            ended=trajectory.ended,
            reward=trajectory.total_reward,
            steps=len(trajectory.turns),
            valid_steps=sum(turn.valid for turn in trajectory.turns),
            prompt_tokens=sum(len(completion.prompt_ids) for completion in completions),
            reply_tokens=sum(len(completion.token_ids) for completion in completions),
            boundary=trajectory.boundary,
            error=str(trajectory.meta.get("error", "")),
            measures=dict(trajectory.meta.get("measures", {})),
        )


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a policy achieved on a set of tasks, each played once.

    Success rates are over *all* tasks: a broken episode (an error outside the agent) counts as not solved, so
    that errors can never raise a figure, and is counted in ``broken`` besides.

    Attributes:
        env_id: The environment.
        splits: Splits of the tasks.
        policy: Name of the policy.
        bank_version: Version of the skill bank, "" without one.
        seed: Seed of the evaluation.
        temperature: Of the sampling; 0 is greedy.
        results: One per task, in the order of the tasks.
        seconds: Wall-clock time; no part of equality.
    """

    env_id: str
    splits: tuple[str, ...]
    policy: str
    bank_version: str
    seed: int
    temperature: float
    results: tuple[TaskResult, ...]
    seconds: float = field(default=0.0, compare=False)

    @property
    def task_types(self) -> tuple[str, ...]:
        """The types of the tasks, sorted."""
        return tuple(sorted({result.task_type for result in self.results}))

    @property
    def broken(self) -> int:
        """How many episodes broke."""
        return sum(result.ended == "broken" for result in self.results)

    @property
    def measures(self) -> Measures:
        """Means of what the environment measured besides success, by data source; false without any."""
        return Measures(result.measures for result in self.results)

    @property
    def mean_steps(self) -> float:
        """Mean number of turns of all episodes."""
        return sum(result.steps for result in self.results) / len(self.results)

    @property
    def reply_tokens(self) -> int:
        """Tokens of all replies."""
        return sum(result.reply_tokens for result in self.results)

    @property
    def valid_share(self) -> float | None:
        """Share of valid turns among all turns; None without turns."""
        steps = sum(result.steps for result in self.results)
        return sum(result.valid_steps for result in self.results) / steps if steps else None

    def success(self, task_type: str | None = None) -> Rate:
        """Success rate with Wilson's 95% interval, of one task type or of all.

        Raises:
            ValueError: No task of that type was played.
        """
        results = self._of_type(task_type)
        if not results:
            raise ValueError(f"no task of type {task_type!r}; there are {', '.join(self.task_types)}")
        return wilson(sum(result.solved for result in results), len(results))

    def table(self) -> str:
        """Success by task type as a Markdown table, with a last row for all."""
        head = "| task type | tasks | solved | success | 95% interval | mean steps | valid | broken |"
        rows = [head, "|---|---:|---:|---:|---|---:|---:|---:|"]
        rows += [self._row(task_type, task_type) for task_type in self.task_types]
        return "\n".join([*rows, self._row("all", None)])

    def to_json(self) -> str:
        """The evaluation as JSON text; the rates are in it for readers, and recomputed when it is read."""
        rates = {name: asdict(self.success(name)) for name in self.task_types}
        derived = {"success": asdict(self.success()), "success_by_type": rates, "broken": self.broken}
        if measures := self.measures:
            derived["measures_by_source"] = {
                source: {name: asdict(measures.mean(name, source)) for name in measures.names}
                for source in measures.sources
            }
        return json.dumps({"format": FORMAT, **derived, **asdict(self)}, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads what ``to_json`` wrote.

        Raises:
            EvaluationError: Not JSON, another format, or a field is missing.
        """
        try:
            row: dict[str, Any] = json.loads(text)
            if row.get("format") != FORMAT:
                raise EvaluationError(
                    f"expected evaluation format {FORMAT}, got {row.get('format')!r}; "
                    "install the skill-gym version that wrote it"
                )
            names = ("env_id", "policy", "bank_version", "seed", "temperature", "seconds")
            results = tuple(TaskResult(**result) for result in row["results"])
            fields = {name: row[name] for name in names}
            return cls(**fields, splits=tuple(row["splits"]), results=results)
        except (json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
            raise EvaluationError(f"not a stored evaluation: {type(error).__name__}: {error}") from error

    def save(self, path: str | Path) -> None:
        """Writes the JSON form to a file."""
        Path(path).write_text(self.to_json() + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Reads a file that ``save`` wrote.

        Raises:
            EvaluationError: The file is no evaluation; the message names it.
        """
        try:
            return cls.from_json(Path(path).read_text(encoding="utf-8"))
        except EvaluationError as error:
            raise EvaluationError(f"{path}: {error}") from error

    def _of_type(self, task_type: str | None) -> list[TaskResult]:
        return [result for result in self.results if task_type in (None, result.task_type)]

    def _row(self, label: str, task_type: str | None) -> str:
        results, rate = self._of_type(task_type), self.success(task_type)
        steps = sum(result.steps for result in results)
        valid = f"{sum(result.valid_steps for result in results) / steps:.1%}" if steps else "-"
        broken = sum(result.ended == "broken" for result in results)
        cells = (
            label,
            rate.trials,
            rate.successes,
            f"{rate.value:.1%}",
            f"{rate.low:.1%} to {rate.high:.1%}",
            f"{steps / len(results):.1f}",
            valid,
            broken,
        )
        return "| " + " | ".join(map(str, cells)) + " |"


def paired_difference(
    before: Evaluation, after: Evaluation, *, task_type: str | None = None
) -> PairedDifference:
    """How much ``after`` is better on the same tasks, with Newcombe's 95% interval for paired proportions.

    Raises:
        EvaluationError: The evaluations are not of the same tasks, or none is of the type.
    """
    first, second = dict(_outcomes(before, task_type)), dict(_outcomes(after, task_type))
    if first.keys() != second.keys():
        other = sorted(first.keys() ^ second.keys())
        raise EvaluationError(
            f"a paired comparison needs the same tasks; {len(other)} are in one only, e.g. {other[0]!r}"
        )
    if not first:
        raise EvaluationError(f"no task of type {task_type!r} to compare")
    pairs = [(solved, second[key]) for key, solved in first.items()]
    counts = [pairs.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False))]
    return newcombe(*counts)


def _outcomes(evaluation: Evaluation, task_type: str | None) -> Iterator[tuple[str, bool]]:
    for result in evaluation.results:
        if task_type in (None, result.task_type):
            yield result.task_key, result.solved
