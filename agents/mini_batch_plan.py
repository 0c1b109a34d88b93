"""Which samples make which mini-batch."""

from collections.abc import Iterator, Sequence

import numpy as np

from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.packing import Sample


def mini_batch_plan(
    samples: Sequence[Sample], config: GRPOConfig, *, seed: Sequence[int]
) -> Iterator[list[int]]:
    """Indices of each mini-batch, shuffled anew each epoch; depends on the arguments only.

    Args:
        samples: Of one update.
        config: ``ppo_epochs``, ``mini_batch_size`` and ``mini_batches``.
        seed: Of the order.
    """
    generator = np.random.default_rng(list(seed))
    groups = np.array([sample.group for sample in samples])
    for _ in range(config.ppo_epochs):
        order = generator.permutation(len(samples))
        if config.mini_batches == "by_task":
            # Tasks in the order of their first samples.
            first: dict[int, int] = {}
            for one in order:
                first.setdefault(int(groups[one]), len(first))
            order = np.array(sorted(order, key=lambda one: first[int(groups[one])]), dtype=np.int64)
        for start in range(0, len(samples), config.mini_batch_size):
            yield [int(one) for one in order[start : start + config.mini_batch_size]]
