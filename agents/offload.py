"""Keeps a model in main memory but while it is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def on_device(model: Any, device: torch.device) -> Iterator[None]:
    """The model on a device, then where it was before; the device's memory is free again."""
    home = next(iter(model.parameters())).device
    model.to(device)
    try:
        yield
    finally:
        model.to(home)
        if device.type == "cuda":
            torch.cuda.empty_cache()
