"""SkillRL's released retriever by embeddings, run from a checkout, or restated where there is none."""

import contextlib
import importlib
import io
import json
import sys
import types
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Skill
from skill_gym.skillbanks.skillrl_format import write_entry
from skill_gym.skillbanks.vectors import Vectors

_PLACE = Path("agent_system") / "memory"
_MODULE = "skills_only_memory"


class SentenceModel(Protocol):
    """What the released class asks of a SentenceTransformer."""

    def encode(self, sentences: list[str], **options: Any) -> Any:
        """Vectors, shape [sentence, width]."""
        ...


class ReleasedRetrieval:
    """The released ``SkillsOnlyMemory`` in embedding mode on a bank of ours, with a model that is loaded.

    Args:
        bank: The bank.
        model: The embedding model.
        file: Where the bank's JSON file is put, which the class reads.
        checkout: Of SkillRL; None for a restatement of its algorithm.
        vectors: Of the bank's skills, in its order; None lets the class embed them, which it does at once.

    Raises:
        ValueError: The checkout has no such class.
    """

    def __init__(
        self,
        bank: SkillBank,
        model: SentenceModel,
        file: Path,
        *,
        checkout: Path | None = None,
        vectors: Vectors | None = None,
    ) -> None:
        bank.save(file)
        make = _Restated if checkout is None else released_class(checkout)
        with contextlib.redirect_stdout(io.StringIO()):
            # Embedding mode embeds when it is made; the model must be in its place before.
            self._memory = make(str(file), retrieval_mode="template")
            self._memory.retrieval_mode = "embedding"
            self._memory._embedding_model = model
            if vectors is None:
                self._memory._compute_skill_embeddings()
        if vectors is not None:
            skills = self._memory.skills
            items = [("general", None, skill) for skill in skills.get("general_skills", [])]
            for name, entries in skills.get("task_specific_skills", {}).items():
                items += [("task_specific", name, skill) for skill in entries]
            self._memory._skill_embeddings_cache = {
                "items": items,
                "embeddings": vectors,
                "n_general": len(bank.general),
            }

    def retrieve(self, goal: str) -> dict[str, Any]:
        """What the class gives for a goal, with its default of six."""
        with contextlib.redirect_stdout(io.StringIO()):
            found: dict[str, Any] = self._memory.retrieve(goal, top_k=6)
        return found

    def ids(self, goal: str) -> tuple[str, ...]:
        """Ids in the order of our ``Retrieved.ids``."""
        found = self.retrieve(goal)
        skills = (*found["general_skills"], *found["task_specific_skills"])
        return (
            *(skill["skill_id"] for skill in skills),
            *(mistake["mistake_id"] for mistake in found["mistakes_to_avoid"]),
        )

    def task_specific_ids(self, goal: str) -> tuple[str, ...]:
        """Ids of the task-specific skills alone."""
        return tuple(skill["skill_id"] for skill in self.retrieve(goal)["task_specific_skills"])

    def add(self, skills: list[Skill]) -> None:
        """Adds general skills, and embeds what the class then embeds."""
        with contextlib.redirect_stdout(io.StringIO()):
            self._memory.add_skills([write_entry(skill) for skill in skills])
            self._memory._compute_skill_embeddings()


def released_class(checkout: Path) -> Any:
    """The class of a checkout.

    Raises:
        ValueError: The checkout has none.
    """
    return released_module(checkout, _MODULE).SkillsOnlyMemory


def released_module(checkout: Path, module: str) -> Any:
    """A module of a checkout's memories, loaded without its package's own imports.

    Raises:
        ValueError: The checkout has none of that name.
    """
    folder = checkout / _PLACE
    if not (folder / f"{module}.py").is_file():
        raise ValueError(f"no {_PLACE / module}.py in {checkout}; pass a checkout of aiming-lab/SkillRL")
    # The package's own __init__ imports what this module does not need.
    name = "released_skillrl_memory"
    # Another checkout may have been loaded before.
    for old in [loaded for loaded in sys.modules if loaded.partition(".")[0] == name]:
        del sys.modules[old]
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package
    return importlib.import_module(f"{name}.{module}")


class _Restated:
    """The released algorithm: everything embedded at once, one goal at a time, all cosines sorted."""

    def __init__(self, skills_json_path: str, retrieval_mode: str = "template") -> None:
        self.skills: dict[str, Any] = json.loads(Path(skills_json_path).read_text(encoding="utf-8"))
        self.retrieval_mode = retrieval_mode
        self._embedding_model: Any = None
        self._skill_embeddings_cache: dict[str, Any] | None = None

    def _compute_skill_embeddings(self) -> dict[str, Any]:
        if self._skill_embeddings_cache is None:
            general = self.skills.get("general_skills", [])
            by_category = self.skills.get("task_specific_skills", {})
            items = [
                *(("general", None, skill) for skill in general),
                *(("task_specific", name, skill) for name, skills in by_category.items() for skill in skills),
            ]
            fields = ("title", "principle", "when_to_apply")
            texts = [
                ". ".join(part for part in (skill.get(field, "").strip() for field in fields) if part)
                for _, _, skill in items
            ]
            self._skill_embeddings_cache = {
                "items": items,
                "embeddings": self._encode(texts),
                "n_general": len(general),
            }
        return self._skill_embeddings_cache

    def _encode(self, texts: list[str]) -> Any:
        return self._embedding_model.encode(
            texts, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )

    def retrieve(self, goal: str, top_k: int = 6) -> dict[str, Any]:
        cache = self._compute_skill_embeddings()
        cosines = cache["embeddings"] @ self._encode([goal])[0]
        first = cache["n_general"]
        chosen = [
            [cache["items"][start + int(place)][2] for place in np.argsort(part)[::-1][:top_k]]
            for start, part in ((0, cosines[:first]), (first, cosines[first:]))
        ]
        return {
            "general_skills": chosen[0],
            "task_specific_skills": chosen[1],
            "mistakes_to_avoid": self.skills.get("common_mistakes", [])[:5],
        }

    def add_skills(self, new_skills: list[dict[str, Any]]) -> int:
        self.skills.setdefault("general_skills", []).extend(new_skills)
        self._skill_embeddings_cache = None
        return len(new_skills)
