"""Keeps the start of an inference engine from changing this process and from writing on the terminal."""

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def output_to(target: int) -> Iterator[None]:
    """Sends what the process writes, C++ libraries included, to a file instead of the terminal.

    Args:
        target: File descriptor, open for writing.
    """
    # Buffers are emptied on both sides, so that nobody else's words land in the file.
    _flush()
    kept = [(stream, os.dup(stream)) for stream in (1, 2)]
    try:
        for stream, _ in kept:
            os.dup2(target, stream)
        yield
    finally:
        _flush()
        for stream, copy in kept:
            os.dup2(copy, stream)
            os.close(copy)


@contextmanager
def process_state_kept() -> Iterator[None]:
    """Undoes what an engine's start does to the whole process.

    vLLM seeds all generators, replaces ``torch.set_num_threads`` by a no-op and adds its libraries to
    ``LD_PRELOAD`` of every later child process.
    """
    python, numpy, threads = random.getstate(), np.random.get_state(), torch.set_num_threads
    preload = os.environ.get("LD_PRELOAD")
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    _name_no_function_dict()
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_num_threads = threads
        if preload is None:
            os.environ.pop("LD_PRELOAD", None)
        else:
            os.environ["LD_PRELOAD"] = preload


def _name_no_function_dict() -> None:
    """Keeps vLLM's look into every object of every module from failing in numba.

    Once numba is imported, as by bm25s, its C library takes any name for a function of its own, ``__dict__``
    too (llvmlite 0.47 with vLLM 0.32).
    """
    library = getattr(sys.modules.get("llvmlite.binding.ffi"), "lib", None)
    functions = getattr(library, "_fntab", None)
    if isinstance(functions, dict):
        functions["__dict__"] = {}


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
