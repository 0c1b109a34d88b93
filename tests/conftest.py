"""Where the real data lies, and threads kept to one so that tests do not fight over cores."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the official games and recordings; tests that need it skip when it is not there."""
    folder = Path(os.environ.get("SKILL_GYM_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set SKILL_GYM_DATA to a folder with alfworld/ and skillrl/")
    return folder
