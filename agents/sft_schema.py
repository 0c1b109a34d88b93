"""What the trainers' documentation asks of a file, checked row by row."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skill_gym.agents.sft_folder import REGISTER, SftFolder
from skill_gym.agents.sft_formats import FORMATS, SftFormat

_TAGS = {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"}
"""Of LLaMA-Factory's sharegpt format, unless the registration names others."""


def faults(folder: SftFolder) -> list[str]:
    """What is wrong with a folder of examples, as sentences; an empty list when all is well.

    Checked are the documented formats (LLaMA-Factory's ``data/README``, TRL's dataset formats, OpenAI's chat
    files), that every file has the rows that the manifest counts, and that no task is in both parts.
    """
    found: list[str] = []
    register = folder.path / REGISTER
    registered: Mapping[str, Any] = json.loads(register.read_text("utf-8")) if register.is_file() else {}
    by_file = {entry.get("file_name"): (name, entry) for name, entry in registered.items()}
    found += [f"{REGISTER}: {name} names no file that is there" for file, (name, _) in by_file.items()
              if file is None or not (folder.path / file).is_file()]  # fmt: skip
    for file, count in folder.manifest["rows"].items():
        form = FORMATS[file.split(".")[1]]
        rows = _rows(folder.path / file)
        if len(rows) != count:
            found.append(f"{file}: {len(rows)} rows, the manifest counts {count}")
        columns = by_file[file][1] if file in by_file else {}
        if form.registration is not None and rows and not columns:
            found.append(f"{file}: not registered in {REGISTER}")
        for number, row in enumerate(rows, 1):
            found += [f"{file}, row {number}: {fault}" for fault in row_faults(form, row, columns)]
    return found + _both(folder)


def row_faults(form: SftFormat, row: Any, columns: Mapping[str, Any]) -> list[str]:
    """What is wrong with one row, given its file's entry in ``dataset_info.json``."""
    if not isinstance(row, dict):
        return [f"expected an object, got {type(row).__name__}"]
    if form.name == "alpaca":
        return _alpaca(row, columns.get("columns", {}))
    if form.name == "sharegpt":
        names = columns.get("columns", {})
        tags = {**_TAGS, **columns.get("tags", {})}
        return _said(row.get(names.get("messages", "conversations")), *tags.values())
    if form.name == "trl_completion":
        parts = row.get("prompt"), row.get("completion")
        if not all(isinstance(part, list) and part for part in parts) or len(row["completion"]) != 1:
            return ["expected a prompt of messages and a completion of one"]
        return _said([*row["prompt"], *row["completion"]], "role", "content", "user", "assistant")
    faults = _said(row.get("messages"), "role", "content", "user", "assistant")
    if form.name == "chat" and not faults:
        weights = [one.get("weight", 1) for one in row["messages"] if one["role"] == "assistant"]
        if not set(weights) <= {0, 1} or not any(weights):
            faults.append(f"expected weights of 0 or 1, and not only 0, got {weights}")
    return faults


def _alpaca(row: Mapping[str, Any], columns: Mapping[str, str]) -> list[str]:
    texts = [columns.get("prompt", "instruction"), columns.get("response", "output")]
    faults = [f"expected a text in {name!r}" for name in texts if not _is_text(row.get(name))]
    faults += [f"a registered column {name!r} is missing" for name in columns.values() if name not in row]
    history = row.get(columns.get("history", ""), [])
    if not all(isinstance(pair, list) and len(pair) == 2 and all(map(_is_text, pair)) for pair in history):
        faults.append("expected a history of pairs of instruction and answer")
    return faults


def _said(said: Any, role: str, text: str, user: str, assistant: str) -> list[str]:
    if not isinstance(said, list) or not said:
        return ["expected a list of messages"]
    roles = [one.get(role) if isinstance(one, dict) else None for one in said]
    if roles != [user, assistant] * (len(said) // 2):
        return [f"expected {user!r} and {assistant!r} in turn, the last one {assistant!r}, got {roles}"]
    return [] if all(_is_text(one.get(text)) for one in said) else [f"expected a text in every {text!r}"]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _both(folder: SftFolder) -> list[str]:
    """Tasks of both parts; only the chat files name tasks."""
    if "train.chat.jsonl" not in folder.manifest["rows"]:
        return []
    training = {one.task_key for one in folder.episodes("train", "chat")}
    both = training & {one.task_key for one in folder.episodes("validation", "chat")}
    return [f"{len(both)} tasks are in train and validation, the first is {min(both)}"] if both else []


def _rows(path: Path) -> Sequence[Any]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        rows: list[Any] = json.loads(text)
        return rows
    return [json.loads(line) for line in text.split("\n") if line]
