"""A model's engine on a virtual clock: continuous batching and what it costs, without a model or a wait."""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from math import log
from random import Random

from skill_gym.agents.batching import BatchPolicy
from skill_gym.agents.policy import Completion, Request
from skill_gym.benchmarks.block_cache import BLOCK, BlockCache

CHARACTERS = 4
"""Of a token, about; prompts are counted so, because no tokenizer is wanted for it."""

CACHE_BLOCKS = 65_536
"""Of an H100's prefix cache beside a 7B model: 1M tokens of 57 kB (Qwen2.5-7B: 28 layers, 4 heads of 128)."""


@dataclass(frozen=True, slots=True)
class Work:
    """What an engine has done.

    Attributes:
        steps: Steps, each of one token for every running request.
        running: Requests that ran, summed over the steps.
        tokens: Tokens generated.
        prefill: Prompt tokens computed, without what its prefix cache had.
        waited: Seconds that it stood still while environments stepped.
    """

    steps: int = 0
    running: int = 0
    tokens: int = 0
    prefill: int = 0
    waited: float = 0.0

    def __sub__(self, earlier: "Work") -> "Work":
        return Work(
            self.steps - earlier.steps,
            self.running - earlier.running,
            self.tokens - earlier.tokens,
            self.prefill - earlier.prefill,
            self.waited - earlier.waited,
        )

    def occupancy(self, slots: int) -> float:
        """Share of the slots with a request, averaged over the steps; in [0, 1]."""
        return self.running / (slots * self.steps) if self.steps else 0.0


@dataclass(frozen=True, slots=True)
class Latency:
    """What a step of an engine costs: ``base + sequence * running + prompt tokens / prefill``.

    Attributes:
        base: Milliseconds of a step for reading the weights and starting the kernels.
        sequence: Milliseconds more for each running request: its keys and values, and its share of compute.
        prefill: Prompt tokens a second; None for no cost.
    """

    base: float
    sequence: float
    prefill: float | None

    def seconds(self, work: Work) -> float:
        """Virtual time; a sum over steps of a linear cost needs their totals only."""
        decoding = (self.base * work.steps + self.sequence * work.tokens) / 1000
        return decoding + (0.0 if self.prefill is None else work.prefill / self.prefill) + work.waited


LATENCIES = {
    # 15.2 GB of weights at 3.35 TB/s are 4.5 ms, vLLM's step takes 7 to 9 alone; 128 sequences of 1,000
    # tokens read 7.3 GB more. Reported: 9 ms a token at concurrency 4, about 12,500 tokens/s at most.
    "7B on one H100": Latency(7.0, 0.04, 30_000),
    # 2.0 TB/s and 312 TFLOPS for 3.35 and 989. Reported: 3,400 tokens/s at about 50 requests.
    "7B on one A100": Latency(11.0, 0.08, 12_000),
    # The weights of a 70B model in four parts, 35 GB each, and what the parts tell each other.
    "70B on four H100": Latency(24.0, 0.10, 9_000),
    # SmolLM2-135M in bf16, measured: 12 tokens/s alone, about 110 with 8 to 32, 650 prompt tokens/s.
    "135M on one CPU core": Latency(75.0, 7.5, 650),
    "steps alone": Latency(10.0, 0.0, None),
    "tokens alone": Latency(0.0, 0.1, None),
}
"""Round figures of real engines, and two limits: only steps cost, however full, or only tokens do."""
LATENCY = "7B on one H100"


@dataclass(frozen=True, slots=True)
class ReplyLengths:
    """Lengths of replies, log-normal, drawn by the reply's seed: the same for whoever asks.

    Attributes:
        mean: Tokens.
        spread: Standard deviation of the logarithm; 0 makes all replies equally long.
        most: Longest reply, where an engine would cut it.
    """

    mean: float = 60.0
    spread: float = 0.5
    most: int = 512

    def draw(self, seed: int) -> int:
        """Tokens of the reply with this seed, from 1 to ``most``."""
        middle = log(self.mean) - self.spread**2 / 2
        return max(1, min(self.most, round(Random(seed).lognormvariate(middle, self.spread))))


@dataclass(slots=True)
class _Running:
    request: Request
    length: int
    begun: int = field(default=0)


class LatencyEngine:
    """Says what a scripted player says, as slowly as a language model would.

    Each ``poll`` is one engine step: waiting requests join while fewer than ``slots`` run, every running
    one gets a token, and those that are finished are answered. ``work`` counts, and a ``Latency`` makes
    seconds of it; so one play is timed on any engine.

    Args:
        player: Chooses the words.
        slots: Most requests that run at once, at least 1.
        lengths: Of replies, in tokens; a request without a sampling seed counts as seed 0.
        cache_blocks: Blocks of 16 tokens in the prefix cache.

    Attributes:
        name: The player's.
        work: What was done so far.
    """

    def __init__(
        self,
        player: BatchPolicy,
        *,
        slots: int,
        lengths: ReplyLengths,
        cache_blocks: int = CACHE_BLOCKS,
    ) -> None:
        if slots < 1:
            raise ValueError(f"slots must be at least 1, got {slots}")
        self.name = player.name
        self.work = Work()
        self._player = player
        self._slots = slots
        self._lengths = lengths
        self._cache = BlockCache(cache_blocks, block=1)
        self._waiting: deque[_Running] = deque()
        self._ends: list[tuple[int, int, str]] = []
        self._running: dict[str, _Running] = {}
        self._begun = 0

    def submit(self, request: Request) -> None:
        """Queues a request."""
        self._waiting.append(_Running(request, self._lengths.draw(request.sampling.seed or 0)))

    def poll(self) -> list[Completion]:
        """One step; an empty list when nothing is finished, or nothing was asked."""
        prefill = 0
        while self._waiting and len(self._running) < self._slots:
            prefill += self._start(self._waiting.popleft())
        if not self._running:
            return []
        done, running = self.work, len(self._running)
        self.work = replace(
            done,
            steps=done.steps + 1,
            running=done.running + running,
            tokens=done.tokens + running,
            prefill=done.prefill + prefill,
        )
        finished: list[_Running] = []
        while self._ends and self._ends[0][0] <= self.work.steps:
            _, begun, ticket = heappop(self._ends)
            one = self._running.get(ticket)
            # An aborted ticket may run again by now.
            if one is not None and one.begun == begun:
                finished.append(self._running.pop(ticket))
        return self._say(finished)

    def wait(self, seconds: float) -> None:
        """Stands still, as an engine in the process of the environments does while they step."""
        self.work = replace(self.work, waited=self.work.waited + seconds)

    def abort(self, tickets: Collection[str]) -> None:
        """Forgets requests that nobody waits for any more."""
        self._waiting = deque(one for one in self._waiting if one.request.ticket not in tickets)
        for ticket in tickets:
            self._running.pop(ticket, None)

    def _start(self, one: _Running) -> int:
        """Takes a request into the running batch and gives the prompt tokens that have to be computed."""
        self._begun += 1
        one.begun = self._begun
        ticket = one.request.ticket
        self._running[ticket] = one
        heappush(self._ends, (self.work.steps + one.length, one.begun, ticket))
        text = "\n".join(message["content"] for message in one.request.messages)
        size = BLOCK * CHARACTERS
        blocks = [hash(text[start : start + size]) for start in range(0, len(text), size)]
        return (len(blocks) - self._cache.read(blocks)) * BLOCK

    def _say(self, finished: list[_Running]) -> list[Completion]:
        if not finished:
            return []
        for one in finished:
            self._player.submit(one.request)
        said = {completion.ticket: completion for completion in self._player.poll()}
        return [
            replace(said[one.request.ticket], token_ids=(0,) * one.length, logprobs=(0.0,) * one.length)
            for one in finished
        ]
