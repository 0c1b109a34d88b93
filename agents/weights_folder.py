"""New weights for an engine that reads them from a folder, as one on another machine does."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from skill_gym.agents.policy import PolicyError

SHARD_BYTES = 2 * 1024**3
"""Bytes of a file, about: what of a GPU's weights lies in this machine's memory while they are written."""


class WeightsFolder:
    """Keeps the newest weights on a path that both sides see, and no others.

    Args:
        path: Made when it is first needed; the engine must find it under the same name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._newest: Path | None = None

    @property
    def newest(self) -> Path | None:
        """Where the weights that were written last lie; None before the first."""
        return self._newest

    def write(self, state: Mapping[str, Tensor], version: int) -> Path:
        """Writes weights in safetensors and removes the ones before; returns their folder.

        Args:
            state: Tensors in the checkpoint's names, on any device.
            version: Names the folder.

        Raises:
            PolicyError: They cannot be written.
        """
        from safetensors.torch import save_file

        def write(folder: Path) -> None:
            for number, shard in enumerate(_shards(state), 1):
                save_file(shard, folder / f"model-{number:05d}.safetensors", metadata={"format": "pt"})

        return self.fill(f"weights-{version:06d}", write)

    def fill(self, name: str, write: Callable[[Path], None]) -> Path:
        """Has a folder written, under its name only when it is whole, and removes the one before.

        Args:
            name: Of the folder.
            write: Fills the folder that it is given.

        Raises:
            PolicyError: It cannot be written.
        """
        final = self.path / name
        torn = self.path / f".torn-{name}"
        try:
            shutil.rmtree(torn, ignore_errors=True)
            torn.mkdir(parents=True)
            write(torn)
            shutil.rmtree(final, ignore_errors=True)
            torn.rename(final)
        except OSError as error:
            raise PolicyError(
                f"{name} cannot be written to {self.path}: {error}; free space, or set "
                "sampler.weights_folder to a folder that this machine can write and the server read"
            ) from error
        old, self._newest = self._newest, final
        if old is not None and old != final:
            shutil.rmtree(old, ignore_errors=True)
        return final

    def clear(self) -> None:
        """Removes the weights."""
        if self._newest is not None:
            shutil.rmtree(self._newest, ignore_errors=True)
            self._newest = None


def _shards(state: Mapping[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """Copies in this machine's memory, a file's worth at a time; no two of a file share theirs."""
    shard: dict[str, Tensor] = {}
    size = 0
    for name, value in state.items():
        if size and size + value.nbytes > SHARD_BYTES:
            yield shard
            shard, size = {}, 0
        # A tied head is the same memory under another name, which safetensors refuses.
        shard[name] = torch.empty_like(value, device="cpu", memory_format=torch.contiguous_format)
        shard[name].copy_(value)
        size += value.nbytes
    yield shard
