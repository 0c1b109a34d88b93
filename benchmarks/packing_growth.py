"""How the tokens that prefix trees save grow with siblings, skill block, episode and size of the trees."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from skill_gym.agents.packing import Sample
from skill_gym.agents.random_pass import tokens_of
from skill_gym.benchmarks.recorded_groups import Group
from skill_gym.wrappers.task_prompt import Layout

BLOCKS = (0, 500, 1000, 2000)
SIBLINGS = (2, 4, 8, 16)
TURNS = (2, 5, 10)
BATCHES = (8192, 16_384, 32_768)
LAYOUTS: tuple[Layout, Layout] = ("step", "transcript")


def ratios(
    steps: Sequence[Sequence[Sample]], transcripts: Sequence[Sequence[Sample]], max_tokens: int
) -> tuple[float, float]:
    """Tokens of padded samples of single steps over those of trees, in the step and the transcript layout.

    Args:
        steps: Samples of each group in the step layout.
        transcripts: Those of the same groups in the transcript layout.
        max_tokens: Budget of a batch or tree.
    """
    padded = sum(tokens_of(group, "padded", max_tokens) for group in steps)
    trees = [sum(tokens_of(group, "tree", max_tokens) for group in layout) for layout in (steps, transcripts)]
    return padded / trees[0], padded / trees[1]


def growth(
    groups: Mapping[Layout, Sequence[Group]], bare: Mapping[Layout, Sequence[Group]], max_tokens: int
) -> dict[str, tuple[float, float]]:
    """Ratios of the step and the transcript layout, by what was changed.

    Args:
        groups: By layout, with as many siblings as the largest of ``SIBLINGS``.
        bare: The same without a skill block; blocks of a length are made of tokens of their own, because no
            bank has all lengths.
        max_tokens: Budget of a batch or tree.
    """

    def changed(budget: int = max_tokens, **cut: int) -> tuple[float, float]:
        step, transcript = (
            [one.samples(**{"siblings": 8, **cut}) for one in groups[layout]] for layout in LAYOUTS
        )
        return ratios(step, transcript, budget)

    def behind(length: int) -> tuple[float, float]:
        step, transcript = (
            [[_behind(sample, length) for sample in one.samples(siblings=8)] for one in bare[layout]]
            for layout in LAYOUTS
        )
        return ratios(step, transcript, max_tokens)

    return {
        **{f"{count} siblings": changed(siblings=count) for count in SIBLINGS},
        **{f"skill block of {length:,} tokens": behind(length) for length in BLOCKS},
        **{f"first {turns} turns": changed(turns=turns) for turns in TURNS},
        **{f"batches of {budget:,} tokens": changed(budget) for budget in BATCHES},
    }


def _behind(sample: Sample, length: int) -> Sample:
    """The sample behind a block that all share."""
    block = np.arange(length, dtype=np.int64)
    return replace(sample, token_ids=np.append(block, sample.token_ids), positions=sample.positions + length)
