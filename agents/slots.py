"""The slots of a rollout: which environments there are, which of them are free, and which go after use."""

import logging
from collections.abc import Callable

import gymnasium as gym

from skill_gym.agents.slot import Slot

logger = logging.getLogger(__name__)


class Slots:
    """Makes an environment for each slot when it is first needed, and closes them.

    Args:
        make_env: Makes an environment.
        policy_name: Goes into the trajectories, see ``Slot``.
        most: Slots at once, at least 1.

    Attributes:
        most: As given.
    """

    def __init__(self, make_env: Callable[[], gym.Env[str, str]], policy_name: str, most: int) -> None:
        if most < 1:
            raise ValueError(f"slots must be at least 1, got {most}")
        self.most = most
        self._make_env = make_env
        self._policy_name = policy_name
        self._all: list[Slot] = []
        self._free: list[Slot] = []
        self._outdated: set[Slot] = set()

    @property
    def has_free(self) -> bool:
        """Whether an episode may begin."""
        return bool(self._free) or len(self._all) < self.most

    def take(self) -> Slot:
        """A slot for an episode; its environment is made where none is free."""
        return self._free.pop() if self._free else self._add(self._make_env)

    def give_back(self, slot: Slot) -> None:
        """The slot's episode is over; an environment of an earlier kind goes with it."""
        if slot in self._outdated:
            self.discard(slot)
        else:
            self._free.append(slot)

    def discard(self, slot: Slot) -> None:
        """An environment that has raised may be in any state: it is not used again."""
        self._all.remove(slot)
        self._outdated.discard(slot)
        self._close(slot)

    def renew(self, make_env: Callable[[], gym.Env[str, str]]) -> None:
        """Slots that are taken from now on have environments of this kind."""
        self._make_env = make_env
        for slot in self._free:
            self._all.remove(slot)
            self._close(slot)
        self._free = []
        self._outdated = set(self._all)

    def add_outdated(self, make_env: Callable[[], gym.Env[str, str]]) -> Slot:
        """A slot in use whose environment is of an earlier kind: it serves for one episode."""
        slot = self._add(make_env)
        self._outdated.add(slot)
        return slot

    def close(self) -> None:
        """Closes all environments."""
        for slot in self._all:
            self._close(slot)
        self._all, self._free = [], []

    def _add(self, make_env: Callable[[], gym.Env[str, str]]) -> Slot:
        slot = Slot(make_env(), self._policy_name)
        self._all.append(slot)
        return slot

    def _close(self, slot: Slot) -> None:
        try:
            slot.env.close()
        except Exception:
            logger.warning("an environment could not be closed", exc_info=True)
