"""Measurements in a process of their own, and what the system says of a process's memory."""

import json
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

MemoryKind = Literal["VmRSS", "VmHWM", "RssAnon"]
"""Names of Linux: resident now, the highest so far, and what of it no file is mapped to."""


def memory_mb(kind: MemoryKind = "VmRSS") -> float:
    """This process's memory in MB; the highest so far stands for each kind that the system does not tell."""
    status = Path("/proc/self/status")
    text = status.read_text(encoding="ascii") if status.is_file() else ""
    found = re.search(rf"^{kind}:\s+(\d+) kB", text, re.MULTILINE)
    if found:
        return int(found[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, others count KB.
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def in_new_process(module: str, function: str, *arguments: Any) -> Any:
    """What a function gives when a new Python process imports its module and calls it.

    Args:
        module: Full name.
        function: Its name there.
        *arguments: For the function; like what it gives, they travel as JSON.

    Raises:
        RuntimeError: The function failed; the message ends with what it wrote to stderr.
    """
    code = (
        "import importlib, json, sys; "
        "found = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])(*json.loads(sys.argv[3])); "
        "print(json.dumps(found))"
    )
    command = [sys.executable, "-c", code, module, function, json.dumps(arguments)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        raise RuntimeError(f"{module}.{function} failed in a new process:\n{told.stderr[-2000:]}")
    return json.loads(told.stdout.splitlines()[-1])
