"""Writes a file whole or not at all."""

import os
import secrets
from pathlib import Path


def write_atomically(path: str | Path, text: str) -> None:
    """Replaces a file so that a reader, or a machine that loses power, finds the old text or the new one.

    The text goes to a temporary file beside the target, is flushed to disk and renamed over it.

    Raises:
        OSError: The folder does not exist or cannot be written; the old file is untouched.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    # The rename itself is only durable once the folder is; Windows cannot open folders and needs no flush.
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
