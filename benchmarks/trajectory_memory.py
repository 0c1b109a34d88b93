"""SkillRL's released memory of whole trajectories, run from a checkout, or restated where there is none."""

import contextlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skill_gym.benchmarks.memory_block import Block
from skill_gym.benchmarks.released_retrieval import SentenceModel, released_module
from skill_gym.trajectory import Trajectory

HEADING = "## Retrieved Relevant Experience"
"""What the released prompts say before what was retrieved."""
TOP_K, THRESHOLD, BUDGET = 10, 0.7, 2000
"""The released defaults: successes asked for, least cosine, tokens as the class estimates them."""

_MODULE = "retrieval_memory"
_MODEL = "given"


def under_heading(text: str) -> str:
    """The text as the released prompts put it."""
    return f"{HEADING}\n\n{text}"


class TrajectoryMemory:
    """The released ``RetrievalMemory`` without skills, on records in the shape that it reads.

    Args:
        records: Memory records, solved and failed ones (the class cannot hold one kind alone).
        model: The embedding model, loaded.
        folder: An empty folder for the file that the class reads.
        checkout: Of SkillRL; None for a restatement of its algorithm in words of our own.
        top_k: Successes to look for, at least 2 (the class fails on 1: it asks for half as many failures).
        threshold: Least cosine of a record's goal with the task's; -1 takes the most similar ones, however
            unlike. The default was chosen for another model, if any.
        max_tokens: The class's budget: four characters of a record's JSON count as a token.

    Raises:
        ValueError: Records of one outcome only, ``top_k`` below 2, or the checkout has no such class.
    """

    def __init__(
        self,
        records: Sequence[Mapping[str, Any]],
        model: SentenceModel,
        folder: Path,
        *,
        checkout: Path | None = None,
        top_k: int = TOP_K,
        threshold: float = THRESHOLD,
        max_tokens: int = BUDGET,
    ) -> None:
        shaped = [in_one_shape(record) for record in records]
        outcomes = {str(record["tags"]["outcome"]) for record in shaped}
        if not {"Success"} < outcomes:
            raise ValueError(
                f"the released memory needs solved and failed episodes, got {sorted(outcomes) or 'none'}; "
                "collect more episodes, or let the player err more often"
            )
        if top_k < 2:
            raise ValueError(f"the released memory fails with top_k below 2, got {top_k}")
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "memories.json"
        file.write_text(json.dumps(shaped), encoding="utf-8")
        self._memory = _opened(file, model, checkout)
        self._asked = {"top_k": top_k, "similarity_threshold": threshold, "max_tokens": max_tokens}
        self._known: dict[str, Block] = {}

    def recall(self, goal: str) -> Block:
        """What the class shows for a goal, and how many solved episodes are in it."""
        if goal not in self._known:
            with contextlib.redirect_stdout(io.StringIO()):
                found = self._memory.retrieve(goal, **self._asked)
                text = self._memory.format_for_prompt(found)
            self._known[goal] = Block(under_heading(str(text)), len(found["task_specific_examples"]))
        return self._known[goal]


def records_of(
    episodes: Sequence[Trajectory], folder: Path, *, checkout: Path | None = None
) -> list[dict[str, Any]]:
    """Episodes as the class itself stores them, steps as they went, with what was seen after each.

    The class keeps the steps that it is handed; those here carry what its prompts show of a step.

    Raises:
        ValueError: The checkout has no such class.
    """
    folder.mkdir(parents=True, exist_ok=True)
    empty, file = folder / "empty.json", folder / "stored.json"
    empty.write_text("[]", encoding="utf-8")
    file.unlink(missing_ok=True)
    memory = _opened(empty, None, checkout)
    with contextlib.redirect_stdout(io.StringIO()):
        for episode in episodes:
            steps = [
                {"step_index": index, "action": command, "critical_observation": seen}
                for index, (command, seen) in enumerate(went(episode))
            ]
            memory.save_trajectory(episode.task.goal, steps, episode.solved, str(file))
    stored: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if episodes else []
    return stored


def went(episode: Trajectory) -> list[tuple[str, str]]:
    """Each command of an episode with what was seen after it, on one line."""
    after = [turn.observation for turn in episode.turns[1:]]
    after.append(str(episode.meta.get("final_observation", "")))
    return [
        (turn.command or "(nothing)", " ".join(seen.split()))
        for turn, seen in zip(episode.turns, after, strict=True)
    ]


def in_one_shape(record: Mapping[str, Any]) -> dict[str, Any]:
    """A released record as ALFWorld's are, the only shape that the class reads.

    WebShop's and Search's records nest their guidelines once more, of which the class finds nothing, and
    Search's trajectories are bare lists, on which it fails.
    """
    content = dict(record["content"])
    guidelines = content.get("strategic_guidelines") or {}
    content["strategic_guidelines"] = guidelines.get("strategic_guidelines", guidelines)
    if isinstance(content.get("refined_trajectory"), list):
        content["refined_trajectory"] = {"refined_trajectory": content["refined_trajectory"]}
    return {**record, "content": content}


def _opened(file: Path, model: SentenceModel | None, checkout: Path | None) -> Any:
    if checkout is None:
        return _Restated(file, model)
    module = released_module(checkout, _MODULE)
    # The class looks for a loaded model here before it asks the hub for one.
    module._EMBEDDING_MODEL_CACHE[f"{_MODEL}_cpu"] = model
    with contextlib.redirect_stdout(io.StringIO()):
        return module.RetrievalMemory(str(file), _MODEL, device="cpu")


class _Restated:
    """The released algorithm; what it says is in words of our own of about the same length."""

    def __init__(self, file: Path, model: SentenceModel | None) -> None:
        rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        self._model = model
        self._solved = [row for row in rows if row["tags"]["outcome"] == "Success"]
        self._failed = [row for row in rows if row["tags"]["outcome"] in ("Failure", "Failed")]
        self._vectors: list[Any] | None = None

    def retrieve(
        self, goal: str, *, top_k: int, similarity_threshold: float, max_tokens: int
    ) -> dict[str, Any]:
        pools = (self._solved, self._failed)
        if self._vectors is None:
            goals = [[row["content"]["task_meta"]["original_goal"] for row in pool] for pool in pools]
            self._vectors = [self._encode(texts) for texts in goals]
        query = self._encode([goal])[0]
        limits = (top_k, min(top_k // 2, 5))
        found: list[list[tuple[dict[str, Any], float]]] = []
        for pool, vectors, limit in zip(pools, self._vectors, limits, strict=True):
            cosines = vectors @ query
            places = np.argsort(-cosines, kind="stable")[:limit]
            found.append(
                [(pool[at], float(cosines[at])) for at in places if cosines[at] >= similarity_threshold]
            )
        plans: dict[str, dict[str, Any]] = {}
        for row, cosine in found[0]:
            content = row["content"]
            plan = content["strategic_guidelines"].get("planning_pattern")
            if plan:
                example = content["task_meta"]["original_goal"]
                plans.setdefault(plan, {"pattern": plan, "example_task": example, "score": cosine})
        return {
            "general_skills": _within(list(plans.values()), 500),
            "task_specific_examples": _within(found[0], max_tokens - 800),
            "mistakes_to_avoid": _within(found[1], 300),
        }

    def format_for_prompt(self, found: Mapping[str, Any]) -> str:
        sections = []
        if found["general_skills"]:
            lines = ["### Plans from earlier episodes:"]
            for number, plan in enumerate(found["general_skills"], 1):
                lines.append(f"{number}. [Plan]: {plan['pattern']}\n   - For: {plan['example_task']}")
            sections.append("\n".join(lines))
        if found["task_specific_examples"]:
            lines = ["### Solved episodes alike:"]
            for number, (row, cosine) in enumerate(found["task_specific_examples"], 1):
                steps = _steps(row)
                lines.append(example_head(number, row["content"]["task_meta"]["original_goal"], cosine))
                for step in steps[:5]:
                    lines.append(f"   - {step.get('action', '')}")
                    if seen := step.get("critical_observation", ""):
                        lines.append(f"     Observation: {seen}")
                if len(steps) > 5:
                    lines.append(f"   ... ({len(steps) - 5} steps follow)")
                lines.append("")
            sections.append("\n".join(lines))
        if found["mistakes_to_avoid"]:
            lines = ["### What went wrong earlier:"]
            for row, _ in found["mistakes_to_avoid"]:
                for mistake in row["content"]["strategic_guidelines"].get("mistakes_to_avoid", []):
                    if isinstance(mistake, str):
                        lines.append(f"- {mistake}")
                    elif mistake.get("trigger_condition") and mistake.get("bad_action"):
                        lines.append(
                            f"- When: {mistake['trigger_condition']}\n  Avoid: {mistake['bad_action']}"
                        )
            sections.append("\n".join(lines))
        return "\n\n".join(sections) or "Nothing relevant is remembered for this task."

    def save_trajectory(
        self, goal: str, steps: Sequence[Mapping[str, Any]], success: bool, path: str
    ) -> None:
        file = Path(path)
        rows = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
        commands = [str(step["action"]) for step in steps]
        guidelines = {
            "planning_pattern": _plan(commands) if success else None,
            "mistakes_to_avoid": [] if success else _mistakes(commands, goal),
        }
        content = {
            "task_meta": {"original_goal": goal},
            "refined_trajectory": {"refined_trajectory": list(steps)} if success else None,
            "strategic_guidelines": guidelines,
        }
        outcome = "Success" if success else "Failure"
        rows.append(
            {
                "memory_id": f"mem_{len(rows):08x}",
                "contextual_description": f"Task: {goal}. {outcome}.",
                "tags": {"environment": "Alfworld", "outcome": outcome, "training_generated": True},
                "content": content,
                "origin_env_id": "training",
            }
        )
        file.write_text(json.dumps(rows, indent=2), encoding="utf-8")

    def _encode(self, texts: list[str]) -> Any:
        if self._model is None:
            raise RuntimeError("this memory was opened to store episodes; pass a model to retrieve")
        return self._model.encode(
            texts, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )


def example_head(number: int, goal: str, cosine: float) -> str:
    """The lines that begin a shown episode."""
    return f'{number}. Task: "{goal}" (similarity: {cosine:.2f})\n   Steps:'


def _steps(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    trajectory = row["content"].get("refined_trajectory") or {}
    steps: list[Mapping[str, Any]] = trajectory.get("refined_trajectory", [])
    return steps


def _within(items: Sequence[Any], most: int) -> list[Any]:
    """The first items whose JSON, at four characters a token, fits; the first that does not ends it."""
    kept: list[Any] = []
    spent = 0
    for item in items:
        spent += len(json.dumps(item[0] if isinstance(item, tuple) else item)) // 4
        if spent > most:
            break
        kept.append(item)
    return kept


_KINDS = (
    (("go to", "navigate"), "Navigate"),
    (("take", "pick", "grab"), "Acquire"),
    (("put", "place", "move"), "Place"),
    (("open",), "Open"),
    (("use", "turn on"), "Use"),
    (("search", "look", "examine"), "Search"),
)


def _plan(commands: Sequence[str]) -> str:
    """The kinds of commands in the order of their first use."""
    kinds: dict[str, None] = {}
    for command in commands:
        kind = next((name for cues, name in _KINDS if any(cue in command.lower() for cue in cues)), None)
        if kind is not None:
            kinds.setdefault(kind)
    return " → ".join(kinds) or "No known kinds of steps"


def _mistakes(commands: Sequence[str], goal: str) -> list[str]:
    found = []
    if len(set(commands)) < len(commands):
        found.append("The same command was given several times and led nowhere")
    if 2 * sum("go to" in command.lower() for command in commands) > len(commands):
        found.append("Most steps went from one place to another, few did anything there")
    if "two" in goal.lower() and len(commands) < 5:
        found.append(f"Two things were wanted, and the search for them ended after {len(commands)} steps")
    return found or [f"This task was not solved: {goal}. Another way may do better."]
