"""A bank as a folder of SKILL.md folders (the Agent Skills standard), and such a folder as a bank."""

import base64
import binascii
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import BankError, Skill
from skill_gym.skillbanks.skill_md import KEPT, Entry, read_skill_md, skill_name, write_skill_md
from skill_gym.skillbanks.store_events import place_of
from skill_gym.skillbanks.store_state import Frame, Places, bank_of

log = logging.getLogger(__name__)

SKILL_FILE = "SKILL.md"
FRAME_FILE = "bank.json"
"""What a bank has beside its entries, and their order; missing where the folder is not ours."""

LARGEST = 2**23
"""Bytes of the files beside one SKILL.md (scripts, references, assets) that a bank will carry."""

Evidence = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SkillFolders:
    """What a folder of skills holds.

    Attributes:
        bank: The entries.
        evidence: Counters by (id, task type), as ``BankStore.save_evidence`` takes them.
    """

    bank: SkillBank
    evidence: Evidence


def write_skill_folders(bank: SkillBank, folder: str | Path, *, evidence: Evidence | None = None) -> None:
    """Writes a bank as SKILL.md folders, all of them or none.

    Args:
        bank: The bank.
        folder: A folder that does not exist yet, or is empty.
        evidence: Counters to keep under ``metadata``.

    Raises:
        BankError: The folder is not empty.
        OSError: It cannot be written.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BankError(f"{folder} is there already and not empty; give a new folder, or remove it first")
    counters: dict[str, dict[str, Mapping[str, Any]]] = {}
    for (entry_id, task_type), counted in (evidence or {}).items():
        counters.setdefault(entry_id, {})[task_type] = counted
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.absolute().parent))
    try:
        names: dict[str, str] = {}
        for entry in bank:
            name = _free(skill_name(entry), names)
            names[name] = entry.id
            _write_one(made / name, entry, name, counters.get(entry.id))
        frame = {**json.loads(Frame.of(bank).text), "generation": bank.generation, "order": names}
        (made / FRAME_FILE).write_text(json.dumps(frame, indent=2) + "\n", encoding="utf-8")
        os.chmod(made, 0o755)
        os.replace(made, folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def read_skill_folders(folder: str | Path) -> SkillFolders:
    """Reads all skills of a folder: those that ``write_skill_folders`` wrote, or any of the standard.

    Where the folder has no ``bank.json`` of ours the skills come in the order of their names. A skill's
    folder that was removed is a skill less, one that was put in comes last.

    Raises:
        BankError: There is no skill, or one is not of the standard; the message names file, field and mend.
        ImportError: PyYAML is missing.
    """
    folder = Path(folder)
    if (folder / SKILL_FILE).is_file():
        folders = [folder]
    else:
        if not folder.is_dir():
            raise BankError(f"no folder {folder}; pass one whose folders hold a {SKILL_FILE} each")
        folders = sorted(path for path in folder.iterdir() if (path / SKILL_FILE).is_file())
    if not folders and not (folder / FRAME_FILE).is_file():
        raise BankError(
            f"{folder}: no folder in it has a {SKILL_FILE}; pass the folder that holds the skills'"
        )
    frame, order = _frame(folder / FRAME_FILE)
    gone = [name for name in order if name not in {path.name for path in folders}]
    if gone:
        log.warning("%s: %d skills have no folder any more, for example %s", folder, len(gone), gone[0])
    rank = {name: index for index, name in enumerate(order)}
    places: Places[Entry] = Places()
    evidence: dict[tuple[str, str], Mapping[str, Any]] = {}
    taken: dict[str, str] = {}
    categories: dict[str, None] = {}
    for path in sorted(folders, key=lambda path: (rank.get(path.name, len(rank)), path.name)):
        entry, counted = _read_one(path)
        if entry.id in taken:
            raise BankError(
                f"{path / SKILL_FILE}: the id {entry.id!r} is that of {taken[entry.id]!r} too; change one"
            )
        taken[entry.id] = path.name
        places.put(entry.id, place_of(entry), entry)
        if isinstance(entry, Skill) and entry.category is not None:
            categories[entry.category] = None
        evidence |= {(entry.id, task_type): counters for task_type, counters in counted.items()}
    whole = replace(frame.next(categories), generation=frame.generation)
    return SkillFolders(bank_of(places, whole), evidence)


def _frame(path: Path) -> tuple[Frame, Mapping[str, str]]:
    if not path.is_file():
        return Frame.of(SkillBank.empty()), {}
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))
        order = parts.pop("order")
        generation = parts.pop("generation")
        frame = Frame(int(generation), json.dumps(parts))
        bank_of(Places(), frame)
        return frame, dict(order)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BankError(
            f"{path}: not as an export writes it ({type(error).__name__}: {error}); mend it, or remove it to "
            "have the skills in the order of their names"
        ) from error


def _free(name: str, taken: Mapping[str, str]) -> str:
    number, free = 2, name
    while free in taken:
        tail = f"-{number}"
        free, number = name[: 64 - len(tail)].rstrip("-") + tail, number + 1
    return free


def _write_one(
    folder: Path, entry: Entry, name: str, evidence: Mapping[str, Mapping[str, Any]] | None
) -> None:
    folder.mkdir()
    kept = entry.extra.get(KEPT)
    files = kept.get("files", {}) if isinstance(kept, dict) else {}
    for place, content in files.items():
        target = folder / place
        if not target.resolve().is_relative_to(folder.resolve()) or place == SKILL_FILE:
            raise BankError(f"entry {entry.id!r}: file {place!r} lies outside its folder; remove it")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_bytes(content, entry.id))
    (folder / SKILL_FILE).write_bytes(write_skill_md(entry, name, evidence).encode("utf-8"))


def _read_one(folder: Path) -> tuple[Entry, Mapping[str, Mapping[str, Any]]]:
    path = folder / SKILL_FILE
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BankError(f"{path}: cannot be read ({error}); it must be a UTF-8 text") from error
    found = read_skill_md(text, str(path), folder.absolute().name)
    files = _files(folder)
    kept = found.entry.extra.get(KEPT)
    if files or (isinstance(kept, dict) and "files" in kept):
        rest = {key: value for key, value in kept.items() if key != "files"} if isinstance(kept, dict) else {}
        extra = {**found.entry.extra, KEPT: {**rest, "files": files} if files else rest}
        return replace(found.entry, extra=extra), found.evidence
    return found.entry, found.evidence


def _files(folder: Path) -> dict[str, Any]:
    """The files beside a SKILL.md, text as text and others in base64."""
    found: dict[str, Any] = {}
    total = 0
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise BankError(f"{path}: a link; put the file itself there")
        if not path.is_file() or path == folder / SKILL_FILE:
            continue
        total += path.stat().st_size
        if total > LARGEST:
            raise BankError(
                f"{path}: the files beside {SKILL_FILE} exceed {LARGEST} bytes; keep large ones elsewhere"
            )
        content = path.read_bytes()
        try:
            found[path.relative_to(folder).as_posix()] = content.decode("utf-8")
        except UnicodeDecodeError:
            found[path.relative_to(folder).as_posix()] = {"base64": base64.b64encode(content).decode()}
    return found


def _bytes(content: Any, entry_id: str) -> bytes:
    try:
        return content.encode("utf-8") if isinstance(content, str) else base64.b64decode(content["base64"])
    except (TypeError, KeyError, binascii.Error, UnicodeEncodeError) as error:
        raise BankError(
            f"entry {entry_id!r}: a file under {KEPT} is neither text nor base64; remove it"
        ) from error
