"""Brings a learner's weights to whoever samples, by the shortest way, and lets it sleep in between."""

from functools import partial
from pathlib import Path
from typing import Any

import torch

from skill_gym.agents.adapter import has_adapter, merged_state, save_adapter
from skill_gym.agents.trainable_policy import AdaptablePolicy, SleepingPolicy, TrainablePolicy
from skill_gym.agents.weights_folder import WeightsFolder


class WeightSync:
    """Whole weights go as tensors; an adapter goes by itself where the policy takes one, else merged.

    Args:
        policy: Who samples.
        folder: Where adapters are written for it, the newest only.
    """

    def __init__(self, policy: TrainablePolicy, folder: Path) -> None:
        self._policy = policy
        self._folder = WeightsFolder(folder)

    def make_room(self) -> None:
        """Has the policy give its memory to the learner until the next ``send``, where it is set to."""
        if isinstance(self._policy, SleepingPolicy) and self._policy.sleeps:
            self._policy.sleep()

    def send(self, model: Any, version: int) -> None:
        """Gives the policy the model's weights, which also wakes it.

        Args:
            model: That is trained.
            version: What completions carry from then on.
        """
        if isinstance(self._policy, SleepingPolicy) and self._policy.sleeps and torch.cuda.is_available():
            # What the update needed is kept for the next one, and would be missing to the engine.
            torch.cuda.empty_cache()
        samples_itself = getattr(self._policy, "model", None) is model
        if samples_itself or not has_adapter(model):
            self._policy.load_weights(model.state_dict(), version)
        elif isinstance(self._policy, AdaptablePolicy) and self._policy.takes_adapters:
            written = self._folder.fill(f"adapter-{version:06d}", partial(save_adapter, model))
            self._policy.load_adapter(written, version)
        else:
            self._policy.load_weights(merged_state(model), version)

    def close(self) -> None:
        """Removes what was written."""
        self._folder.clear()
