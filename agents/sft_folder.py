"""The folder of exported examples: written whole or not at all, and read back by whoever trains on it."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Self, get_args

from skill_gym.agents.demonstration_play import Demonstration
from skill_gym.agents.llamafactory_recipe import recipe
from skill_gym.agents.sft_examples import SftExample, Unit
from skill_gym.agents.sft_formats import FORMATS, FormatError, FormatName, SftFormat, registration

VERSION = 1
"""Of the folder's layout; another one is refused."""

MANIFEST = "export.json"
RECIPE = "llamafactory_sft.yaml"
REGISTER = "dataset_info.json"

Part = Literal["train", "validation"]


class SftFolderError(ValueError):
    """A folder of examples cannot be read or written; the message says what to do."""


def file_name(form: SftFormat, part: Part) -> str:
    """A part's file in a format."""
    return f"{part}.{form.name}{form.suffix}"


def write_folder(
    out: str | Path,
    examples: Mapping[Part, Sequence[SftExample]],
    *,
    formats: Sequence[FormatName],
    layout: Unit,
    manifest: Mapping[str, Any],
    longest: int | None = None,
    tokenizer: Any = None,
) -> dict[str, int]:
    """Writes all files beside the target and puts them in its place at the end; an older export goes.

    Args:
        out: The folder.
        examples: By part; an empty part has no files.
        formats: What is written.
        layout: Of the examples.
        manifest: Statistics and settings, for ``export.json``.
        longest: Tokens of the longest example, for the recipe.
        tokenizer: Saved beside the files, where a policy from scratch needs it.

    Returns:
        Rows by file.

    Raises:
        SftFolderError: The folder holds something else than an export.
    """
    out = Path(out)
    if out.exists() and not (out / MANIFEST).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise SftFolderError(f"{out} holds something else than an export; choose another --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".{out.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    fresh.mkdir()
    try:
        rows: dict[str, int] = {}
        datasets: dict[str, Any] = {}
        for name in formats:
            form = FORMATS[name]
            for part, chosen in examples.items():
                if not chosen:
                    continue
                file = file_name(form, part)
                rows[file] = _write(fresh / file, form, part, chosen)
                entry = registration(form, file, layout)
                if entry is not None and rows[file]:
                    datasets[f"skill_gym_{name}" + ("" if part == "train" else f"_{part}")] = entry
        if datasets:
            _write_json(fresh / REGISTER, datasets)
            (fresh / RECIPE).write_text(recipe(datasets, folder=str(out), longest=longest), encoding="utf-8")
        if tokenizer is not None:
            tokenizer.save_pretrained(fresh / "tokenizer")
        _write_json(fresh / MANIFEST, {"version": VERSION, "layout": layout, **manifest, "rows": rows})
        _take_place(fresh, out)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return rows


@dataclass(frozen=True, slots=True)
class SftFolder:
    """Exported examples on the disk.

    Attributes:
        path: The folder.
        manifest: Its ``export.json``.
    """

    path: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Opens a folder that ``skill-gym export`` wrote.

        Raises:
            SftFolderError: There is none, or one of another version.
        """
        path = Path(path)
        try:
            manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise SftFolderError(
                f"{path} has no {MANIFEST}, so it is no folder of exported examples; "
                "make one with skill-gym export"
            ) from error
        except ValueError as error:
            raise SftFolderError(f"{path / MANIFEST} is not JSON: {error}; export anew") from error
        version = manifest.get("version") if isinstance(manifest, dict) else None
        if version != VERSION:
            raise SftFolderError(
                f"expected export version {VERSION} in {path}, got {version!r}; "
                "export anew, or install the skill-gym version that wrote it"
            )
        return cls(path, manifest)

    @property
    def tokenizer(self) -> Path | None:
        """The tokenizer that the prompts were written for, where it was made for them."""
        folder = self.path / "tokenizer"
        return folder if folder.is_dir() else None

    @property
    def fingerprint(self) -> str:
        """Changes with the examples."""
        digest = sha256()
        for name in sorted(self.manifest["rows"]):
            digest.update(name.encode() + b"\0" + (self.path / name).read_bytes())
        return digest.hexdigest()[:16]

    def format(self, name: FormatName | None = None) -> SftFormat:
        """The format to read: the one named, else the first there is that keeps the most.

        Raises:
            SftFolderError: The folder lacks it.
        """
        if name is not None and name not in get_args(FormatName):
            raise SftFolderError(f"no format {name!r}; the formats are {', '.join(FORMATS)}")
        for form in FORMATS.values():
            if name in (None, form.name) and file_name(form, "train") in self.manifest["rows"]:
                return form
        raise SftFolderError(f"{self.path} has no examples in the format {name or 'of any kind'}; export it")

    def episodes(self, part: Part, name: FormatName | None = None) -> Iterator[Demonstration]:
        """Prompts and replies, in the order of the file; nothing for a part that is not there.

        Raises:
            SftFolderError: The format is missing, or a row is not what its format wants.
        """
        form = self.format(name)
        file = file_name(form, part)
        if file not in self.manifest["rows"]:
            return
        for number, row in enumerate(_read(self.path / file, form), 1):
            try:
                yield form.episode(row)
            except (FormatError, KeyError, TypeError) as error:
                raise SftFolderError(f"{self.path / file}, row {number}: {error}") from error


def _write(path: Path, form: SftFormat, part: Part, examples: Sequence[SftExample]) -> int:
    count = 0
    listed = form.suffix == ".json"
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("[" if listed else "")
        for example in examples:
            if part == "train":
                # Only validation asks what else could have been said.
                example = replace(example, episode=replace(example.episode, admissible=()))
            for row in form.rows(example):
                if listed:
                    file.write(",\n" if count else "\n")
                file.write(json.dumps(row, ensure_ascii=False) + ("" if listed else "\n"))
                count += 1
        file.write("\n]\n" if listed else "")
    return count


def _read(path: Path, form: SftFormat) -> Iterator[Any]:
    try:
        with open(path, encoding="utf-8") as file:
            if form.suffix == ".json":
                yield from json.load(file)
            else:
                # Not splitlines: a text may hold other line ends than JSON lines know.
                yield from map(json.loads, file)
    except FileNotFoundError as error:
        raise SftFolderError(f"{path} is missing; export anew") from error
    except ValueError as error:
        raise SftFolderError(f"{path} is not JSON: {error}; export anew") from error


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _take_place(fresh: Path, out: Path) -> None:
    """Two renames: at any moment the old export, or the new one, is whole on the disk."""
    if not out.exists():
        os.replace(fresh, out)
        return
    old = fresh.with_suffix(".old")
    os.replace(out, old)
    os.replace(fresh, out)
    shutil.rmtree(old)
