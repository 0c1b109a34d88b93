"""An engine's prefix cache as vLLM keeps it: full blocks of tokens, found by the hash of all before them."""

from collections import OrderedDict
from collections.abc import Sequence

BLOCK = 16
"""Tokens of a block, vLLM's default."""


class BlockCache:
    """Counts the tokens of prompts that an engine need not compute again.

    A block is known by its tokens and the block before it, so that a hit is always a prefix; at least one
    token of a prompt is computed, since its logits are wanted. The least recently used blocks go first, the
    last ones of a sequence before its first ones, as in vLLM.

    Args:
        capacity: Most blocks kept, at least 1; None for no limit.
        block: Tokens of a block, at least 1.

    Attributes:
        asked: Prompt tokens so far.
        hits: Those that were cached.
    """

    def __init__(self, capacity: int | None = None, *, block: int = BLOCK) -> None:
        if block < 1 or (capacity is not None and capacity < 1):
            raise ValueError(f"block and capacity must be at least 1, got {block} and {capacity}")
        self.asked = 0
        self.hits = 0
        self._block = block
        self._capacity = capacity
        self._kept: OrderedDict[int, None] = OrderedDict()

    @property
    def rate(self) -> float:
        """Share of prompt tokens that were cached; 0 before the first."""
        return self.hits / self.asked if self.asked else 0.0

    def read(self, prompt: Sequence[int]) -> int:
        """Takes a prompt and gives the number of its tokens that were cached; all its full blocks are now."""
        chain = self._chain(prompt)
        most = (len(prompt) - 1) // self._block
        found = 0
        while found < most and chain[found] in self._kept:
            found += 1
        self._keep(chain)
        self.asked += len(prompt)
        self.hits += found * self._block
        return found * self._block

    def write(self, sequence: Sequence[int]) -> None:
        """Takes a prompt with its reply, whose blocks are kept, too."""
        self._keep(self._chain(sequence))

    def _chain(self, tokens: Sequence[int]) -> list[int]:
        chain, before = [], 0
        for start in range(0, len(tokens) - self._block + 1, self._block):
            before = hash((before, *tokens[start : start + self._block]))
            chain.append(before)
        return chain

    def _keep(self, chain: Sequence[int]) -> None:
        # The last block first, so that of one sequence the beginning is given up last.
        for name in reversed(chain):
            self._kept[name] = None
            self._kept.move_to_end(name)
        while self._capacity is not None and len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
