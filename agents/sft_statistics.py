"""Figures about exported examples: how many, from how many tasks, how long, and what skills they show."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from skill_gym.agents.sft_examples import SftExample


@dataclass(frozen=True, slots=True)
class Length:
    """Tokens of one example.

    Attributes:
        prompt: Tokens that are read.
        reply: Tokens that are learnt.
    """

    prompt: int
    reply: int

    @property
    def total(self) -> int:
        """All tokens."""
        return self.prompt + self.reply


Measure = Callable[[SftExample], Length]
"""Counts the tokens of an example."""


def statistics(examples: Sequence[SftExample], measure: Measure) -> dict[str, Any]:
    """Figures about one part of an export.

    Shares are of examples. ``cites_a_skill`` counts examples with a learnt reply that names or quotes a skill
    of its prompt (see ``sft_citations``), ``skill_blocks`` the different texts of skill blocks.
    """
    lengths = [measure(example) for example in examples]
    blocks = [example.block for example in examples]
    return {
        "examples": len(examples),
        "replies": sum(sum(example.episode.learn) for example in examples),
        "masked_replies": sum(example.episode.learn.count(False) for example in examples),
        "tasks": len({example.episode.task_key for example in examples}),
        "task_types": dict(sorted(Counter(example.episode.task_type for example in examples).items())),
        "tokens": {
            "prompt": _spread([length.prompt for length in lengths]),
            "reply": _spread([length.reply for length in lengths]),
            "all": sum(length.total for length in lengths),
            "longest": max((length.total for length in lengths), default=0),
        },
        "skills": {
            "shown": _share(sum(map(bool, blocks)), len(examples)),
            "drawn": dict(sorted(Counter(example.skills for example in examples).items())),
            "skill_blocks": len(set(blocks) - {""}),
            "most_common_block": _share(
                max(Counter(filter(None, blocks)).values(), default=0), len(examples)
            ),
            "cites_a_skill": _share(sum(map(bool, (example.cited for example in examples))), len(examples)),
        },
    }


def _spread(values: Sequence[int]) -> dict[str, float]:
    if not values:
        return {}
    ordered = sorted(values)
    return {
        "mean": round(mean(values), 1),
        "median": ordered[len(ordered) // 2],
        "p95": ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)],
        "max": ordered[-1],
    }


def _share(count: int, of: int) -> float:
    return round(count / of, 4) if of else 0.0
