"""The small shop as the original's files."""

import gzip
import json
from pathlib import Path
from typing import Any

from small_shop import ATTRIBUTES, RECORDS

HUMAN = {
    "B0000RUG01": [
        {
            "instruction": "i want a rug.",
            "instruction_attributes": ["washable"],
            "instruction_options": ["plain"],
        },
        {"instruction": "no attributes", "instruction_attributes": [], "instruction_options": []},
    ],
    "B0000MUG02": [{"instruction": "..a mug..", "instruction_attributes": ["x"], "instruction_options": []}],
    "B0UNKNOWN0": [{"instruction": "lost", "instruction_attributes": ["x"], "instruction_options": []}],
}


def write_files(folder: Path, *, packed: bool = False, ending: str = "", **more: Any) -> Path:
    """Writes the original's files; further ones by their name without ending."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        f"items_shuffle{ending}": RECORDS,
        f"items_ins_v2{ending}": ATTRIBUTES,
        f"items_human_ins{ending}": HUMAN,
        **more,
    }
    for name, content in contents.items():
        data = json.dumps(content).encode()
        if packed:
            (folder / f"{name}.json.gz").write_bytes(gzip.compress(data))
        else:
            (folder / f"{name}.json").write_bytes(data)
    return folder
