"""One entry as a SKILL.md (the Agent Skills standard), and any SKILL.md as an entry, both without loss."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from skill_gym.skillbanks.front_matter import join_front_matter, split_front_matter
from skill_gym.skillbanks.skill import BankError, Mistake, Skill
from skill_gym.skillbanks.skillrl_format import read_mistake, read_skill, write_entry

Entry = Skill | Mistake

NAME_LENGTH, DESCRIPTION_LENGTH, COMPATIBILITY_LENGTH = 64, 1024, 500
"""The standard's limits, in characters."""

OWN = "skill-gym-"
"""Keys under ``metadata`` that hold what the standard has no field for."""

KEPT = "skill_md"
"""Key of an entry's ``extra`` with what a SKILL.md has beyond an entry's fields: ``text`` (a file of another
author, whole), ``front_matter`` (fields that an entry has no place for)."""

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_HEADINGS = {
    "skill": {"When to apply": "when_to_apply", "Example": "example"},
    "mistake": {"Why it happens": "why_it_happens", "How to avoid": "how_to_avoid"},
}
_OPENING = {"skill": "principle", "mistake": "description"}


@dataclass(frozen=True, slots=True)
class SkillFile:
    """What a SKILL.md says.

    Attributes:
        entry: The skill or mistake.
        name: The standard's name, equal to the folder's.
        evidence: Task type -> counters, as the store keeps them.
    """

    entry: Entry
    name: str
    evidence: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def valid_name(name: str) -> bool:
    """Whether the standard allows a name: up to 64 of a-z, 0-9 and single hyphens inside."""
    return len(name) <= NAME_LENGTH and _NAME.fullmatch(name) is not None


def skill_name(entry: Entry) -> str:
    """A name for an entry: its id where the standard allows that, else words of id and title."""
    if valid_name(entry.id):
        return entry.id
    words = f"{entry.id} {entry.title if isinstance(entry, Skill) else ''}".casefold()
    name = "-".join(re.findall(r"[a-z0-9]+", words))[:NAME_LENGTH].strip("-")
    return name or "skill-" + hashlib.sha256(entry.id.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def write_skill_md(
    entry: Entry, name: str | None = None, evidence: Mapping[str, Mapping[str, Any]] | None = None
) -> str:
    """The text of an entry's SKILL.md.

    A file of another author that was read and not revised since comes back as it was.

    Args:
        entry: The entry.
        name: Name of its folder; ``skill_name`` if not given.
        evidence: Task type -> counters, kept under ``metadata``.

    Raises:
        BankError: The name is not valid.
    """
    name = name or skill_name(entry)
    if not valid_name(name):
        raise BankError(f"entry {entry.id!r}: {_name_error(name)}")
    kept = entry.extra.get(KEPT)
    kept = kept if isinstance(kept, dict) else {}
    if "files" in kept:  # they lie beside the text
        kept = {key: value for key, value in kept.items() if key != "files"}
        rest = {key: value for key, value in entry.extra.items() if key != KEPT}
        entry = replace(entry, extra={**rest, KEPT: kept} if kept else rest)
    original = kept.get("text")
    if isinstance(original, str) and not evidence and _still_says(original, name, entry):
        return original
    kind = "mistake" if isinstance(entry, Mistake) else "skill"
    fields = write_entry(entry)
    identity = f"{kind}_id"
    inside = {key: value for key, value in fields.items() if key in _in_body(kind)}
    body = _body(inside, kind)
    beyond = dict(kept.get("front_matter") or {})
    foreign = beyond.pop("metadata", {})
    own = {"kind": kind, "id": entry.id}
    if isinstance(entry, Skill) and entry.category is not None:
        own["category"] = entry.category
    if "provenance" in fields:
        own["provenance"] = json.dumps(fields["provenance"])
    if evidence:
        own["evidence"] = json.dumps({task_type: dict(value) for task_type, value in evidence.items()})
    outside = {key: value for key, value in fields.items() if key not in {*inside, identity, "provenance"}}
    if outside:
        own["fields"] = json.dumps(outside)
    own["keys"] = json.dumps([*fields])
    if _sections(body, kind) != inside:
        # The body's form cannot carry these texts; they hold until somebody edits the body.
        own["texts"], own["body"] = json.dumps(inside), _hash(body)
    head = {"name": name, "description": _description(entry), **beyond}
    metadata = {**foreign, **{f"{OWN}{key}": value for key, value in own.items()}}
    return join_front_matter({**head, "metadata": metadata}, body)


def read_skill_md(text: str, where: str, folder: str | None = None) -> SkillFile:
    """Reads a SKILL.md: one that ``write_skill_md`` wrote, or any other of the standard.

    Another author's skill gets the name as id, the first heading as title, the body as principle and the
    description as when_to_apply.

    Args:
        text: The file's content.
        where: Its name, for messages.
        folder: Name of its folder, which the standard wants to be the skill's.

    Raises:
        BankError: Not of the standard, or no entry; the message names file, field and mend.
        ImportError: PyYAML is missing.
    """
    fields, body = split_front_matter(text, where)
    name = _checked(fields, where, folder)
    metadata = fields.get("metadata") or {}
    foreign = {key: value for key, value in metadata.items() if not key.startswith(OWN)}
    beyond = {key: value for key, value in fields.items() if key not in ("name", "description", "metadata")}
    if foreign:
        beyond["metadata"] = foreign
    if f"{OWN}kind" not in metadata:
        kept = {"front_matter": beyond, "text": text} if beyond else {"text": text}
        return SkillFile(_foreign_skill(name, fields["description"], body, kept, where), name)
    own = {key.removeprefix(OWN): value for key, value in metadata.items() if key.startswith(OWN)}
    entry = _own_entry(own, body, beyond, fields["description"], where)
    return SkillFile(entry, name, _json(own, "evidence", dict, where))


def _own_entry(
    own: Mapping[str, str], body: str, beyond: dict[str, Any], description: str, where: str
) -> Entry:
    kind = own["kind"]
    if kind not in _OPENING:
        raise BankError(f"{where}: metadata {OWN}kind must be skill or mistake, got {kind!r}; correct it")
    values: dict[str, Any] = {f"{kind}_id": own.get("id", "")}
    unedited = own.get("body") == _hash(body)
    values |= _json(own, "texts", dict, where) if unedited else _sections(body, kind)
    values |= _json(own, "fields", dict, where)
    if "provenance" in own:
        values["provenance"] = _json(own, "provenance", dict, where)
    order = [key for key in _json(own, "keys", list, where) if key in values]
    values = {key: values[key] for key in (*order, *(key for key in values if key not in order))}
    entry = (
        read_mistake(values, where) if kind == "mistake" else read_skill(values, where, own.get("category"))
    )
    if description != _description(entry):
        beyond = {"description": description, **beyond}
    kept = entry.extra.get(KEPT)
    kept = dict(kept) if isinstance(kept, dict) else {}
    if kept.get("front_matter", {}) == beyond:
        return entry
    # What the front matter says now counts, not what it said when the file was written.
    kept.pop("front_matter", None)
    kept = {"front_matter": beyond, **kept} if beyond else kept
    rest = {key: value for key, value in entry.extra.items() if key != KEPT}
    return replace(entry, extra={**rest, KEPT: kept} if kept else rest)


def _foreign_skill(name: str, description: str, body: str, kept: dict[str, Any], where: str) -> Skill:
    heading = re.match(r"\s*# +(\S.*)", body)
    title, rest = (heading[1].strip(), body[heading.end() :]) if heading else (name, body)
    fields = {
        "skill_id": name,
        "title": title,
        "principle": rest.strip() or description,
        "when_to_apply": description,
        KEPT: kept,
    }
    return read_skill(fields, where, None)


def _checked(fields: Mapping[str, Any], where: str, folder: str | None) -> str:
    """The name, when name, description and compatibility keep to the standard."""
    for key, longest in (
        ("name", NAME_LENGTH),
        ("description", DESCRIPTION_LENGTH),
        ("compatibility", COMPATIBILITY_LENGTH),
    ):
        if key not in fields and key == "compatibility":
            continue
        value = fields.get(key)
        if not isinstance(value, str) or not value.strip():
            raise BankError(f"{where}: {key} is {'missing' if key not in fields else 'no text'}; write it")
        if len(value) > longest:
            raise BankError(
                f"{where}: {key} has {len(value)} characters, the standard allows {longest}; shorten it"
            )
    name = str(fields["name"])
    if not valid_name(name):
        raise BankError(f"{where}: {_name_error(name)}")
    if folder is not None and name != folder:
        raise BankError(f"{where}: name is {name!r} but the folder is {folder!r}; rename one of the two")
    if not isinstance(fields.get("metadata") or {}, dict):
        raise BankError(f"{where}: metadata must be 'key: value' lines; indent them under it")
    return name


def _name_error(name: str) -> str:
    return (
        f"name {name!r} is not of 1 to {NAME_LENGTH} of a-z, 0-9 and single hyphens between them; rename the "
        "skill and its folder"
    )


def _in_body(kind: str) -> set[str]:
    return {_OPENING[kind], *_HEADINGS[kind].values(), *(("title",) if kind == "skill" else ())}


def _body(texts: Mapping[str, Any], kind: str) -> str:
    parts = [f"# {texts['title']}" if kind == "skill" else "# Common mistake", str(texts[_OPENING[kind]])]
    for heading, key in _HEADINGS[kind].items():
        if texts.get(key):
            parts += [f"## {heading}", str(texts[key])]
    text = "\n" + "\n\n".join(parts) + "\n"
    return text.encode("utf-8", "replace").decode("utf-8")


def _sections(body: str, kind: str) -> dict[str, str]:
    """The texts of a body by field; what is not there or empty is left out."""
    found: dict[str, list[str]] = {_OPENING[kind]: []}
    current = found[_OPENING[kind]]
    lines = body.strip().split("\n")
    title = lines.pop(0)[2:].strip() if lines[0].startswith("# ") else ""
    for line in lines:
        key = _HEADINGS[kind].get(line[3:].strip()) if line.startswith("## ") else None
        if key is not None and key not in found:
            current = found[key] = []
        else:
            current.append(line)
    texts = {key: "\n".join(lines).strip() for key, lines in found.items()}
    texts |= {"title": title} if kind == "skill" else {}
    return {key: text for key, text in texts.items() if text}


def _description(entry: Entry) -> str:
    if isinstance(entry, Mistake):
        text = f"A mistake to avoid: {entry.description}"
    else:
        text = entry.title + (f". Use when: {entry.when_to_apply}" if entry.when_to_apply else "")
    text = " ".join(re.sub("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", " ", text).split()) or "A skill."
    return text if len(text) <= DESCRIPTION_LENGTH else text[: DESCRIPTION_LENGTH - 1] + "…"


Kind = TypeVar("Kind", dict[str, Any], list[Any])


def _json(own: Mapping[str, str], key: str, kind: type[Kind], where: str) -> Kind:
    try:
        value = json.loads(own[key]) if key in own else kind()
    except (TypeError, ValueError) as error:
        raise BankError(f"{where}: metadata {OWN}{key} is not JSON ({error}); correct it") from error
    if not isinstance(value, kind):
        raise BankError(f"{where}: metadata {OWN}{key} must be a JSON {kind.__name__}; correct or remove it")
    return value


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _still_says(original: str, name: str, entry: Entry) -> bool:
    try:
        found = read_skill_md(original, "SKILL.md", name).entry
    except BankError:
        return False
    same_place = isinstance(found, Skill) and isinstance(entry, Skill) and found.category == entry.category
    return same_place and json.dumps(write_entry(found)) == json.dumps(write_entry(entry))
