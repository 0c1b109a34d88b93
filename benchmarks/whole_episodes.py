"""Raw trajectories as memory: the most similar solved episodes from first step to last, in a budget."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from skill_gym.benchmarks.memory_block import Block
from skill_gym.benchmarks.released_retrieval import SentenceModel
from skill_gym.benchmarks.trajectory_memory import (
    TOP_K,
    example_head,
    under_heading,
    went,
)
from skill_gym.trajectory import Trajectory

_TITLE = "### Similar episodes that were solved:"
_NONE = "No similar episode was solved before."


class WholeEpisodes:
    """What the released memory says it does: similar solved episodes under a budget of tokens.

    Order and layout are the released memory's. But its examples end after five steps, its budget counts the
    characters of a record's JSON, plans and mistakes take 800 tokens of it, and its least cosine belongs to
    one model, so that it shows few episodes and none to its end. Here the most similar episodes are shown
    whole, however similar, and the finished text is what keeps to the budget. If not even the first fits, its
    first steps go.

    Args:
        episodes: Those of one agent; solved ones are remembered.
        model: The embedding model, loaded.
        max_tokens: Hard budget of the block, heading included, at least 1.
        count_tokens: Tokens of a text.
        top_k: Episodes shown at most, at least 1.

    Raises:
        ValueError: No solved episode, or a budget below 1.
    """

    def __init__(
        self,
        episodes: Sequence[Trajectory],
        model: SentenceModel,
        *,
        max_tokens: int,
        count_tokens: Callable[[str], int],
        top_k: int = TOP_K,
    ) -> None:
        self._solved = [episode for episode in episodes if episode.solved]
        if not self._solved:
            raise ValueError("no episode was solved, so there is none to remember; collect more")
        if max_tokens < 1 or top_k < 1:
            raise ValueError(f"max_tokens and top_k must be at least 1, got {max_tokens} and {top_k}")
        self._model, self._count, self._most = model, count_tokens, max_tokens
        self._top_k = top_k
        self._vectors = self._encode([episode.task.goal for episode in self._solved])
        self._known: dict[str, Block] = {}

    def recall(self, goal: str) -> Block:
        """What is shown for a goal."""
        if goal not in self._known:
            self._known[goal] = self._found(goal)
        return self._known[goal]

    def _found(self, goal: str) -> Block:
        cosines = self._vectors @ self._encode([goal])[0]
        places = [int(at) for at in np.argsort(-cosines, kind="stable")[: self._top_k]]
        shown: list[str] = []
        for at in places:
            told = _told(len(shown) + 1, self._solved[at], float(cosines[at]))
            if not self._fits([*shown, told]):
                break
            shown.append(told)
        if not shown:
            episode, cosine = self._solved[places[0]], float(cosines[places[0]])
            cuts = (_told(1, episode, cosine, left_out) for left_out in range(1, len(episode.turns)))
            shown = [*islice((cut for cut in cuts if self._fits([cut])), 1)]
        return Block(under_heading(_text(shown) if shown else _NONE), len(shown))

    def _fits(self, shown: Sequence[str]) -> bool:
        return self._count(under_heading(_text(shown))) <= self._most

    def _encode(self, texts: list[str]) -> Any:
        return self._model.encode(
            texts, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )


def _text(shown: Sequence[str]) -> str:
    return "\n".join([_TITLE, *shown])


def _told(number: int, episode: Trajectory, cosine: float, left_out: int = 0) -> str:
    lines = [example_head(number, episode.task.goal, cosine)]
    if left_out:
        lines.append(f"   ... (after {left_out} steps)")
    for command, seen in went(episode)[left_out:]:
        lines += [f"   - {command}", f"     Observation: {seen}"]
    return "\n".join(lines)
