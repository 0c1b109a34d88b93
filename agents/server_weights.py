"""What a vLLM server was given last, weights or an adapter, and gets again when it has been started anew."""

import uuid
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from skill_gym.agents.policy import PolicyError
from skill_gym.agents.vllm_server import ServerFailure, VLLMServer
from skill_gym.agents.weights_folder import WeightsFolder

FIRST_WEIGHTS = "default"
"""vLLM's name for the weights that a server was started with."""


class ServerWeights:
    """Gives a server the newest weights, or the newest adapter, and knows whether it still has them.

    A sleeping server is woken by what it is given: the memory of its weights before they come, that of its
    cache after them, so that both and a learner's copy need not have room at once.

    Args:
        server: That samples.
        model: Its name of the model.
        folder: Where new weights are written; None for a server that gets none.

    Attributes:
        asked_for: Name under which what was given answers: the model's, or the adapter's.
        is_asleep: Whether it has to be woken.
    """

    def __init__(self, server: VLLMServer, model: str, folder: Path | None) -> None:
        self.asked_for = model
        self.is_asleep = False
        self._server = server
        self._model = model
        self._folder = None if folder is None else WeightsFolder(folder)
        self._adapter: Path | None = None
        # Names of weights are never used twice: those of another run, or of the same version, are others.
        self._run = uuid.uuid4().hex[:8]
        self._loads = 0

    def take(self, state: Mapping[str, Tensor], version: int) -> None:
        """Writes whole weights for ``give``.

        Raises:
            PolicyError: There is no folder for them, or it cannot be written.
        """
        if self._folder is None:
            raise PolicyError(
                "a server's weights are replaced through a folder that it sees; pass weights_folder "
                "(sampler.weights_folder)"
            )
        self._folder.write(state, version)
        self._loads += 1

    def take_adapter(self, folder: Path) -> None:
        """Remembers an adapter for ``give``."""
        self._adapter = folder
        self._loads += 1

    def give(self) -> None:
        """Has the server read what is newest, if there is anything, and wakes it.

        Raises:
            PolicyError: It does not take it, or is not there.
        """
        if self.is_asleep:
            self._server.wake("weights")
        if self._adapter is not None:
            self.forget_adapter()
            self._server.load_adapter(self._adapter, self._name())
            self.asked_for = self._name()
        elif self._folder is not None and self._folder.newest is not None:
            self._server.load_weights(self._folder.newest, self._name())
        if self.is_asleep:
            self._server.wake("kv_cache")
        self.is_asleep = False

    def are_there(self) -> bool:
        """Whether what answers is what was given last; true as long as nothing was."""
        try:
            if self._adapter is not None:
                return self._name() in self._server.names()
            if self._folder is None or self._folder.newest is None:
                return True
            return self._server.weights_name() == self._name()
        except ServerFailure:
            return False

    def forget_adapter(self) -> None:
        """Takes the last adapter out of the server, where it has one.

        Raises:
            PolicyError: It is not there.
        """
        if self.asked_for != self._model and self.asked_for in self._server.names():
            self._server.forget_adapter(self.asked_for)

    def clear(self) -> None:
        """Removes what was written."""
        if self._folder is not None:
            self._folder.clear()

    def _name(self) -> str:
        return f"{self._run}-{self._loads}"
