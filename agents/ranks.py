"""The processes that learn together, one a device: the first says what is done, and all do their share."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

PATIENCE = timedelta(days=30)
"""Longest wait for the first rank's next word: it plays, validates and evolves meanwhile. A process that ends
closes its connections, which is noticed at once."""
_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


class RanksError(RuntimeError):
    """The processes of a run cannot work together; the message says which failed, or what to set."""


class Ranks:
    """One of ``size`` processes that take the same steps; alone, every exchange is nothing.

    Args:
        rank: Number of this process, from 0.
        size: Of them.
        words: Group that carries objects through main memory; None for one process alone.
        tensors: Group that carries tensors between the devices.

    Attributes:
        rank: Number of this process.
        size: Of them.
    """

    def __init__(self, rank: int = 0, size: int = 1, *, words: Any = None, tensors: Any = None) -> None:
        self.rank = rank
        self.size = size
        self._words = words
        self._tensors = tensors

    @property
    def first(self) -> bool:
        """Whether this process leads."""
        return self.rank == 0

    def tell(self, word: Any) -> None:
        """On the first rank: gives all others an object.

        Raises:
            RanksError: Another rank is gone.
        """
        if self.size > 1:
            with _noticing("another"):
                dist.broadcast_object_list([word], src=0, group=self._words)

    def told(self) -> Any:
        """On another rank: waits for what the first one tells.

        Raises:
            RanksError: The first rank is gone.
        """
        word: list[Any] = [None]
        with _noticing("the first"):
            dist.broadcast_object_list(word, src=0, group=self._words)
        return word[0]

    def together(self, work: Callable[[], Result]) -> list[Result]:
        """Each rank works, and all get the results of all, by rank; when one fails, all raise.

        Raises:
            RanksError: Another rank has failed, or is gone; the own failure is raised as it is.
        """
        if self.size == 1:
            return [work()]
        mine, failure = None, None
        try:
            mine = work()
        except Exception as error:  # noqa: BLE001 - all ranks have to know
            failure = error
        said = None if failure is None else f"{type(failure).__name__}: {failure}"
        everyone: list[Any] = [None] * self.size
        with _noticing("another"):
            dist.all_gather_object(everyone, (mine, said), group=self._words)
        if failure is not None:
            raise failure
        for rank, (_, trouble) in enumerate(everyone):
            if trouble is not None:
                raise RanksError(f"rank {rank} of {self.size} failed: {trouble}")
        return [result for result, _ in everyone]

    def add(self, values: Tensor, owner: int) -> None:
        """Sums a tensor over the ranks, in place, on the owner's; the others' is worth nothing afterwards."""
        if self.size > 1:
            dist.reduce(values, dst=owner, group=self._tensors)

    def spread(self, values: Tensor, owner: int) -> None:
        """Copies the owner's tensor into that of every other rank."""
        if self.size > 1:
            dist.broadcast(values, src=owner, group=self._tensors)

    def total(self, values: Tensor) -> Tensor:
        """Sum of a small tensor over the ranks, the same on all."""
        if self.size > 1:
            dist.all_reduce(values, group=self._tensors)
        return values


@contextmanager
def _noticing(who: str) -> Iterator[None]:
    """Names what a closed connection means."""
    try:
        yield
    except RuntimeError as error:
        raise RanksError(f"{who} rank has ended without a word; its own message says why") from error


ALONE = Ranks()
"""A run of one process."""


@contextmanager
def open_ranks(device: str = "auto", *, environ: Mapping[str, str] = os.environ) -> Iterator[Ranks]:
    """Joins the processes that ``torchrun`` has started; alone where it has not.

    At the end the first rank lets the others go. One that fails says nothing, for they may wait for something
    else than its word: its connections close, and they fail with it.

    Args:
        device: ``model.device``; on GPUs each process has its own, and tensors go through NCCL, else Gloo.
        environ: Where torchrun leaves its variables.

    Raises:
        RanksError: The variables are incomplete, or there are fewer GPUs than processes.
    """
    given = [name for name in _VARIABLES if environ.get(name)]
    # Some clusters set WORLD_SIZE or RANK for one process, too.
    if "LOCAL_RANK" not in given and environ.get("WORLD_SIZE", "1") == "1":
        yield ALONE
        return
    missing = [name for name in _VARIABLES if name not in given]
    if missing:
        raise RanksError(
            f"{', '.join(given)} are set, but not {', '.join(missing)}; start with "
            "torchrun --nproc-per-node N -m skill_gym.benchmarks train ..., or unset them for one process"
        )
    rank, size = int(environ["RANK"]), int(environ["WORLD_SIZE"])
    if size == 1:
        yield ALONE
        return
    own = rank_device(device, environ=environ)
    dist.init_process_group("gloo", rank=rank, world_size=size)
    try:
        words: Any = dist.new_group(backend="gloo", timeout=PATIENCE)
        tensors: Any = words
        if own.type == "cuda":
            torch.cuda.set_device(own)
            # Ranks have always met before they exchange tensors, so that its usual timeout will do.
            tensors = dist.new_group(backend="nccl")
        ranks = Ranks(rank, size, words=words, tensors=tensors)
        yield ranks
        if ranks.first:
            # One that has failed cannot hear it, and needs not.
            with suppress(RanksError):
                ranks.tell(None)
    finally:
        dist.destroy_process_group()


def rank_device(name: str, *, environ: Mapping[str, str] = os.environ) -> torch.device:
    """The device of this process.

    Args:
        name: ``auto`` is cuda where there is one; under torchrun ``auto`` and ``cuda`` are each process's own
            GPU.
        environ: Where torchrun leaves its variables.

    Raises:
        RanksError: There are fewer GPUs than processes, or all are sent to one.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(name)
    if device.type != "cuda" or int(environ.get("WORLD_SIZE") or 1) == 1:
        return device
    if ":" in name:
        raise RanksError(f"model.device={name} sends all processes to one GPU; set model.device=cuda")
    local, count = int(environ["LOCAL_RANK"]), torch.cuda.device_count()
    if local >= count:
        raise RanksError(
            f"process {local} (from 0) of this machine has no GPU of its own: there are {count}; start with "
            f"--nproc-per-node {count} at most, or set model.device=cpu"
        )
    return torch.device("cuda", local)
