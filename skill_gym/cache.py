"""The user's cache folder: where what is expensive to make again is kept between runs."""

import atexit
import functools
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

_LOG = logging.getLogger(__name__)


def cache_folder(room: str) -> Path:
    """A writable folder for one kind of thing, made if needed.

    It is ``$XDG_CACHE_HOME/skill-gym/<room>`` (``~/.cache`` without the variable). Where that cannot be
    written, a warning is logged and a temporary folder, removed at exit, stands in.
    """
    root = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _writable(str(Path(root).expanduser() / "skill-gym" / room))


@functools.lru_cache(maxsize=64)
def _writable(wanted: str) -> Path:
    folder = Path(wanted)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        stand_in = Path(tempfile.mkdtemp(prefix="skill-gym-"))
        atexit.register(shutil.rmtree, stand_in, ignore_errors=True)
        _LOG.warning(
            "cannot write to the cache folder %s (%s); using %s for this process only. "
            "Set XDG_CACHE_HOME to a writable folder to keep the cache",
            folder, error, stand_in,
        )  # fmt: skip
        return stand_in


def fill_once(folder: Path, write: Callable[[Path], None]) -> None:
    """Makes a folder whole or not at all, also when several processes try at once.

    Args:
        folder: The folder to make; nothing happens when it is there.
        write: Writes the files into the (temporary) folder given.
    """
    if folder.is_dir():
        return
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        write(partial)
        partial.chmod(0o755)
        try:
            partial.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
