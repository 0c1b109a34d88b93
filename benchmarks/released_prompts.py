"""SkillRL's own ALFWorld prompts, from a checkout: the paper's comparison, with what was released."""

import contextlib
import importlib.util
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from skill_gym.benchmarks.claim import Figure, table
from skill_gym.benchmarks.memory_block import saved
from skill_gym.benchmarks.released_retrieval import released_class
from skill_gym.benchmarks.token_counters import TokenCounter
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.trajectory import Trajectory

HISTORY = 2
"""Past steps in a prompt, the released default."""
PAPER = {"skills": 1300, "raw": 1450}
"""Tokens that the paper reports: below, and about."""

_TEMPLATES = Path("agent_system") / "environments" / "prompts" / "alfworld.py"


def count_released_prompts(
    checkout: Path,
    bank: SkillBank,
    episodes: Sequence[Trajectory],
    memories: Mapping[str, Callable[[str], str]],
    counter: TokenCounter,
    folder: Path,
) -> dict[str, Figure]:
    """Prints and gives the tokens of the released prompts over recorded episodes.

    The first prompt of an episode has no experience in it, as released.

    Args:
        checkout: Of SkillRL.
        bank: The released bank, for the released SkillsOnlyMemory.
        episodes: ALFWorld episodes.
        memories: Titles of memories, and what each shows for a goal, without a heading.
        counter: The tokenizer.
        folder: For the file that the class reads.

    Raises:
        ValueError: The checkout lacks the class or the prompts.
    """
    templates = released_templates(checkout)
    file = folder / "released-skills.json"
    bank.save(file)
    with contextlib.redirect_stdout(io.StringIO()):
        skills = released_class(checkout)(str(file))

    def with_skills(goal: str) -> str:
        with contextlib.redirect_stdout(io.StringIO()):
            return str(skills.format_for_prompt(skills.retrieve(goal, top_k=6)))

    shown: dict[str, Callable[[str], str] | None] = {"neither": None, "skills": with_skills, **memories}
    means: dict[str, float] = {}
    later: dict[str, float] = {}
    for title, find in shown.items():
        counted = [
            [counter.prompt(text) for text in released_prompts(templates, episode, find)]
            for episode in episodes
        ]
        means[title] = _mean([number for one in counted for number in one])
        later[title] = _mean([number for one in counted for number in one[1:]])
    rows = [
        [
            title,
            f"{means[title]:,.0f}",
            f"{later[title]:,.0f}",
            f"{saved(means, 'skills', title):+.1%}" if title in memories else "",
        ]
        for title in shown
    ]
    head = ["SkillRL's ALFWorld prompts", "tokens a step", "from the second step on", "skills save"]
    print("\n" + table(head, rows))
    print(
        f"The paper: below {PAPER['skills']:,} with skills, about {PAPER['raw']:,} with raw memories "
        f"({1 - PAPER['skills'] / PAPER['raw']:.1%} fewer)."
    )
    figures: dict[str, Figure] = {"released_prompts_skills": means["skills"]}
    for title in memories:
        name = title.partition(":")[0].replace(", ", "_").replace(" ", "_")
        figures[f"released_prompts_{name}"] = means[title]
        figures[f"released_prompts_saving_vs_{name}"] = saved(means, "skills", title)
    return figures


def released_prompts(
    templates: Any, episode: Trajectory, experience: Callable[[str], str] | None
) -> list[str]:
    """The prompts of an episode as the released environment manager fills its templates."""
    goal = episode.task.goal
    prompts = []
    for at, turn in enumerate(episode.turns):
        admissible = "\n ".join(f"'{command}'" for command in turn.admissible if command != "help")
        if at == 0:
            prompts.append(
                templates.ALFWORLD_TEMPLATE_NO_HIS.format(
                    current_observation=turn.observation, admissible_actions=admissible
                )
            )
            continue
        first = max(0, at - HISTORY)
        history = "\n".join(
            f"[Observation {number}: '{past.observation}', Action {number}: '{past.command}']"
            for number, past in enumerate(episode.turns[first:at], first + 1)
        )
        fields = {
            "task_description": goal,
            "step_count": at,
            "history_length": at - first,
            "action_history": history,
            "current_step": at + 1,
            "current_observation": turn.observation,
            "admissible_actions": admissible,
        }
        if experience is None:
            prompts.append(templates.ALFWORLD_TEMPLATE.format(**fields))
        else:
            prompts.append(
                templates.ALFWORLD_TEMPLATE_WITH_MEMORY.format(retrieved_memories=experience(goal), **fields)
            )
    return prompts


def released_templates(checkout: Path) -> Any:
    """The released module with ALFWorld's prompt templates, from a checkout.

    Raises:
        ValueError: The checkout lacks it.
    """
    path = checkout / _TEMPLATES
    spec = importlib.util.spec_from_file_location("released_skillrl_prompts", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise ValueError(f"no {_TEMPLATES} in {checkout}; pass a checkout of aiming-lab/SkillRL")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
