"""SkillRL's released rules for goals and its template mode, run from a checkout, or restated without one."""

import contextlib
import importlib.util
import io
import json
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from skill_gym.benchmarks.released_retrieval import released_class
from skill_gym.benchmarks.search_routing import released_type as restated_question_type
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.goals import CLEAN, COOL, HEAT, LOOK, PLACE, TWO

ALFWORLD_TYPES: Mapping[str, frozenset[str]] = {
    PLACE: frozenset({"pick_and_place"}),
    LOOK: frozenset({"look_at_obj_in_light"}),
    CLEAN: frozenset({"clean"}),
    HEAT: frozenset({"heat"}),
    COOL: frozenset({"cool"}),
    TWO: frozenset({"pick_two"}),
}
"""Task type -> what the rules call it; they have no name for two objects."""
BY_ACCIDENT: Mapping[str, frozenset[str]] = {
    LOOK: frozenset({"examine"}),
    TWO: frozenset({"pick_and_place"}),
}
"""What the released bank has for the type although the rule means something else by it."""

_DEPARTMENTS: Mapping[str, str] = {
    "apparel": "shirt dress jacket pant coat sweater blouse clothing clothes t-shirt",
    "footwear": "shoe boot sneaker sandal heel slipper footwear",
    "electronics": "laptop phone computer tablet charger cable headphone speaker camera electronic",
    "accessories": "necklace ring bracelet earring watch jewelry bag purse wallet",
    "home_decor": "furniture lamp curtain pillow bedding decor candle vase rug",
    "beauty_health": "cream lotion shampoo conditioner moisturizer serum makeup beauty vitamin supplement",
}
_SCRIPT = Path("skill_generation") / "search.py"


class _Memory(Protocol):
    skills: dict[str, Any]

    def retrieve(self, goal: str, top_k: int = 6) -> dict[str, Any]: ...


def restated_category(goal: str, categories: Sequence[str]) -> str:
    """The category that template mode finds for a goal: substrings, in this order.

    Args:
        goal: The goal.
        categories: Of the bank under ``task_specific_skills``, which tell the environment.
    """
    text = goal.lower()
    if {"pick_and_place", "clean"} & {*categories}:
        if "look at" in text and "under" in text:
            return "look_at_obj_in_light"
        for word in ("clean", "heat", "cool"):
            if word in text:
                return word
        return "examine" if "examine" in text or "find" in text else "pick_and_place"
    if {"apparel", "electronics"} & {*categories}:
        found = (name for name, words in _DEPARTMENTS.items() if any(word in text for word in words.split()))
        return next(found, "other")
    return next(iter(categories), "unknown")


class ReleasedTemplates:
    """The released ``SkillsOnlyMemory`` in template mode on a bank of ours.

    Args:
        bank: The bank.
        file: Where the bank's JSON file is put, which the class reads.
        checkout: Of SkillRL; None for a restatement.

    Raises:
        ValueError: The checkout has no such class.
    """

    def __init__(self, bank: SkillBank, file: Path, *, checkout: Path | None = None) -> None:
        bank.save(file)
        make = _Restated if checkout is None else released_class(checkout)
        with contextlib.redirect_stdout(io.StringIO()):
            self._memory: _Memory = make(str(file))

    def category(self, goal: str) -> str:
        """What the class takes the goal for; ``unknown`` for any goal where the bank is Search's."""
        return str(self._memory.retrieve(goal)["task_type"])

    def ids(self, goal: str) -> tuple[str, ...]:
        """The ids of the task-specific skills for a goal."""
        return tuple(skill["skill_id"] for skill in self._memory.retrieve(goal)["task_specific_skills"])


def question_rule(checkout: Path | None) -> Callable[[str, str], str]:
    """The rule by which the released Search bank was distilled: type of a question and the set's name.

    Raises:
        ValueError: The checkout has no such script.
    """
    if checkout is None:
        return restated_question_type
    path = checkout / _SCRIPT
    if not path.is_file():
        raise ValueError(f"no {_SCRIPT} in {checkout}; pass a checkout of aiming-lab/SkillRL")
    spec = importlib.util.spec_from_file_location("released_skillrl_search", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python file; pass a checkout of aiming-lab/SkillRL")
    module = importlib.util.module_from_spec(spec)
    # The script asks for a client of a teacher that the rule has no need of.
    client = types.ModuleType("openai")
    vars(client)["AzureOpenAI"] = object
    before = sys.modules.get("openai")
    sys.modules["openai"] = client
    try:
        spec.loader.exec_module(module)
    finally:
        if before is None:
            del sys.modules["openai"]
        else:
            sys.modules["openai"] = before

    def rule(question: str, data_source: str) -> str:
        task = {"original_goal": question}
        found = module.classify_query_type(
            {"tags": {"data_source": data_source}, "content": {"task_meta": task}}
        )
        return str(found)

    return rule


class _Restated:
    def __init__(self, skills_json_path: str) -> None:
        self.skills: dict[str, Any] = json.loads(Path(skills_json_path).read_text(encoding="utf-8"))

    def retrieve(self, goal: str, top_k: int = 6) -> dict[str, Any]:
        by_category = self.skills.get("task_specific_skills", {})
        category = restated_category(goal, list(by_category))
        return {"task_type": category, "task_specific_skills": by_category.get(category, [])}
