"""What the blocks themselves cost: by section, by top_k, and what is left of skills in a memory's tokens."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from skill_gym.benchmarks.claim import Figure, table
from skill_gym.benchmarks.context_sources import Sources
from skill_gym.benchmarks.labelled_goals import Environment
from skill_gym.benchmarks.memory_block import Arm
from skill_gym.skillbanks.rendering import render
from skill_gym.skillbanks.retrieval import ByTaskType, Retrieved
from skill_gym.trajectory import Task, Trajectory

DEPTHS = (2, 3, 6, 10)
"""Values of top_k on the curve; the released memory fails with 1."""
ENDLESS = 10**9
"""A budget that leaves nothing out."""


def block_tables(
    environment: Environment,
    compared: Sequence[Arm],
    lived: Sequence[Trajectory],
    tasks: Sequence[Task],
    sources: Sources,
) -> dict[str, Figure]:
    """Prints the three tables; the figures are shares of skills left at equal budgets."""
    (raw,) = (arm for arm in compared if arm.name == "raw")
    room = [sources.count(raw.block(task).text) for task in tasks]
    figures: dict[str, Figure] = {}
    rows = []
    for name, bank in sources.named_banks(environment).items():
        found = ByTaskType(bank).retrieve(tasks)
        entries = _mean([len(one.ids) for one in found])
        cut = [
            render(one, max_tokens=most, count_tokens=sources.count)
            for one, most in zip(found, room, strict=True)
        ]
        kept = _mean([len(block.skill_ids) for block in cut])
        parts = [section_tokens(one, sources.count) for one in found]
        whole = _mean([tokens_of(one, sources.count) for one in found])
        rows.append(
            [
                name,
                *(f"{_mean([part[section] for part in parts]):,.0f}" for section in range(3)),
                f"{whole:,.0f}",
                f"{entries:.1f}",
                f"{_mean(room):,.0f}",
                f"{kept:.1f}",
            ]
        )
        figures[f"{environment.lower()}_{name}_kept_in_raw_tokens"] = kept / entries if entries else None
    head = ["block of the bank", "general", "task type", "mistakes", "whole", "entries", "raw's block", "fit"]
    print("\n" + table(head, rows))
    _curve(environment, lived, tasks, sources)
    return figures


def section_tokens(found: Retrieved, count: Callable[[str], int]) -> tuple[int, int, int]:
    """Tokens of general skills, the task type's and mistakes, each shown alone without the first line."""
    nothing = replace(found, general=(), task_specific=(), mistakes=())
    alone = (
        replace(nothing, general=found.general),
        replace(nothing, task_specific=found.task_specific),
        replace(nothing, mistakes=found.mistakes),
    )
    general, specific, mistakes = (
        count(render(one, max_tokens=ENDLESS, count_tokens=count).text.partition("\n")[2]) for one in alone
    )
    return general, specific, mistakes


def tokens_of(found: Retrieved, count: Callable[[str], int]) -> int:
    """Tokens of the whole block."""
    return render(found, max_tokens=ENDLESS, count_tokens=count).tokens


def _curve(
    environment: Environment, lived: Sequence[Trajectory], tasks: Sequence[Task], sources: Sources
) -> None:
    banks = sources.named_banks(environment)
    rows = []
    for depth in DEPTHS:
        row = [str(depth)]
        for bank in banks.values():
            retriever = ByTaskType(bank, top_k=depth, task_specific_top_k=depth, max_mistakes=depth)
            row.append(_per_task([tokens_of(one, sources.count) for one in retriever.retrieve(tasks)]))
        raw = sources.raw(environment, lived, top_k=depth, threshold=-1.0)
        whole = sources.whole(lived, max_tokens=ENDLESS, top_k=depth)
        for recall in (raw.recall, whole.recall):
            row.append(_per_task([sources.count(recall(task.goal).text) for task in tasks]))
        rows.append(row)
    head = [
        "block by top_k",
        *(f"skills, {name}" for name in banks),
        "raw, however unlike",
        "whole, no budget",
    ]
    print("\n" + table(head, rows))


def _per_task(values: Sequence[float]) -> str:
    return f"{_mean(values):,.0f}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
