"""Reads and writes the JSON form of a skill bank as SkillRL released it, without losing a byte of content."""

import json
from collections.abc import Mapping
from typing import Any, TypedDict, TypeVar

from skill_gym.skillbanks.skill import BankError, Mistake, Provenance, Skill

CATEGORY_KEYS = ("task_specific_skills", "query_type_skills")
"""Keys under which released banks keep their category skills; a bank has one of the two."""

_TOP_LEVEL = ("general_skills", *CATEGORY_KEYS, "common_mistakes", "metadata", "generation")
_SKILL = {
    "skill_id": "id",
    "title": "title",
    "principle": "principle",
    "when_to_apply": "when_to_apply",
    "example": "example",
    "keywords": "keywords",
    "provenance": "provenance",
}
_MISTAKE = {
    "mistake_id": "id",
    "description": "description",
    "why_it_happens": "why_it_happens",
    "how_to_avoid": "how_to_avoid",
    "category": "category",
    "provenance": "provenance",
}
_PROVENANCE = {name: name for name in ("trajectory_ids", "splits", "teacher", "bank_version", "evidence")}
_REQUIRED = {"skill_id", "title", "principle", "mistake_id", "description", "how_to_avoid"}

Record = TypeVar("Record", Skill, Mistake, Provenance)


class BankFields(TypedDict):
    """The parts of a bank as they stand in a file; the names are those of SkillBank's attributes."""

    general: tuple[Skill, ...]
    task_specific: Mapping[str, tuple[Skill, ...]]
    mistakes: tuple[Mistake, ...]
    metadata: Mapping[str, Any]
    generation: int
    category_key: str
    extra: Mapping[str, Any]
    keys: tuple[str, ...]


def read_bank(text: str, source: str = "bank") -> BankFields:
    """Reads the JSON text of a bank.

    Args:
        text: The file's content.
        source: Name of the file, for messages.

    Raises:
        BankError: Not JSON, or not a bank; the message names the entry, the field and the mend.
    """
    try:
        document = json.loads(text, object_pairs_hook=_object)
    except BankError as error:
        raise BankError(f"{source}: {error}") from error
    except json.JSONDecodeError as error:
        raise BankError(
            f"{source}: not JSON ({error}); a bank is one JSON object with 'general_skills'"
        ) from error
    if not isinstance(document, dict):
        raise BankError(
            f"{source}: expected one JSON object, got {_kind(document)}; wrap the lists in an object"
        )
    if not any(key in document for key in ("general_skills", *CATEGORY_KEYS, "common_mistakes")):
        found = ", ".join(map(repr, document)) or "an empty object"
        raise BankError(
            f"{source}: no skills found among the keys {found}; a bank has 'general_skills', "
            f"'{CATEGORY_KEYS[0]}' (or '{CATEGORY_KEYS[1]}') and 'common_mistakes'"
        )
    if all(key in document for key in CATEGORY_KEYS):
        raise BankError(
            f"{source}: has both {' and '.join(map(repr, CATEGORY_KEYS))}; merge them under one key"
        )
    category_key = next((key for key in CATEGORY_KEYS if key in document), CATEGORY_KEYS[0])
    generation = document.get("generation", 0)
    if not isinstance(generation, int) or isinstance(generation, bool) or generation < 0:
        raise BankError(
            f"{source}: generation must be a whole number from 0 up, got {generation!r}; remove the key"
        )
    categories = _expect(
        document.get(category_key, {}), dict, f"{source}: {category_key}", "category -> list"
    )
    return BankFields(
        general=_skills(document.get("general_skills", []), f"{source}: general_skills", None),
        task_specific={
            name: _skills(entries, f"{source}: {category_key}[{name!r}]", name)
            for name, entries in categories.items()
        },
        mistakes=_mistakes(document.get("common_mistakes", []), f"{source}: common_mistakes"),
        metadata=_expect(document.get("metadata", {}), dict, f"{source}: metadata", "any keys"),
        generation=generation,
        category_key=category_key,
        extra={key: value for key, value in document.items() if key not in _TOP_LEVEL},
        keys=tuple(document),
    )


def write_bank(fields: BankFields, *, canonical: bool = False) -> str:
    """The JSON text of a bank: indent 2, ASCII escapes, no final newline, keys in the order they were read.

    Args:
        fields: The bank's parts.
        canonical: Sort the keys and leave out what is empty, so that equal content gives equal text.
    """
    known: dict[str, Any] = {
        "general_skills": [_write(skill, _SKILL, canonical) for skill in fields["general"]],
        fields["category_key"]: {
            name: [_write(skill, _SKILL, canonical) for skill in skills]
            for name, skills in fields["task_specific"].items()
        },
        "common_mistakes": [_write(mistake, _MISTAKE, canonical) for mistake in fields["mistakes"]],
        "metadata": dict(fields["metadata"]),
        "generation": fields["generation"],
    }
    keys = () if canonical else fields["keys"]
    # A key that was not in the file is written only when there is something to say.
    missing = [key for key in known if key not in keys and (known[key] or not keys)]
    order = [*keys, *missing, *(key for key in fields["extra"] if key not in keys)]
    values = {key: known[key] if key in known else fields["extra"][key] for key in order}
    return json.dumps(values, indent=2, sort_keys=canonical)


def write_entry(entry: Skill | Mistake) -> dict[str, Any]:
    """One entry as its object in a bank file, keys in the order read; without a skill's category."""
    return _write(entry, _SKILL, False) if isinstance(entry, Skill) else _write(entry, _MISTAKE, False)


def read_skill(fields: object, where: str, category: str | None) -> Skill:
    """Reads one skill's object; the opposite of ``write_entry``.

    Raises:
        BankError: No skill; the message names ``where``, the field and the mend.
    """
    return Skill(category=category, **_read(fields, where, _SKILL))


def read_mistake(fields: object, where: str) -> Mistake:
    """Reads one mistake's object; raises like ``read_skill``."""
    return Mistake(**_read(fields, where, _MISTAKE))


def _skills(entries: object, where: str, category: str | None) -> tuple[Skill, ...]:
    return tuple(
        read_skill(entry, f"{where}[{index}]", category)
        for index, entry in enumerate(_expect(entries, list, where, "a list of skills"))
    )


def _mistakes(entries: object, where: str) -> tuple[Mistake, ...]:
    return tuple(
        read_mistake(entry, f"{where}[{index}]")
        for index, entry in enumerate(_expect(entries, list, where, "a list of mistakes"))
    )


def _read(entry: object, where: str, names: Mapping[str, str]) -> dict[str, Any]:
    fields = _expect(entry, dict, where, "an object with " + ", ".join(names))
    identity = fields.get("skill_id", fields.get("mistake_id"))
    where = f"{where} ({identity})" if isinstance(identity, str) and identity else where
    values: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key, value in fields.items():
        if key not in names or (value is None and key == "why_it_happens"):
            extra[key] = value
        elif key == "provenance" and value is not None and not isinstance(value, dict):
            extra[key] = value  # somebody else's idea of a provenance: kept, not understood
        elif key == "keywords" and not _is_words(value):
            extra[key] = value
        else:
            values[names[key]] = _value(key, value, where)
    missing = [key for key in names if key in _REQUIRED and names[key] not in values]
    if missing:
        raise BankError(f"{where}: {', '.join(missing)} missing; add the field or remove the entry")
    return {**values, "extra": extra, "keys": tuple(fields)}


def _value(key: str, value: object, where: str) -> object:
    if key == "provenance":
        return None if value is None else _provenance(value, f"{where}: provenance")
    if key in ("when_to_apply", "example", "category") and value is None:
        return None
    if key == "keywords" and isinstance(value, list):
        return tuple(value)
    if not isinstance(value, str):
        raise BankError(f"{where}: {key} must be a string, got {_kind(value)}; correct the value")
    if key in _REQUIRED and not value.strip():
        raise BankError(f"{where}: {key} is empty; write it or remove the entry")
    return value


def _is_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _provenance(value: object, where: str) -> Provenance:
    fields = _expect(value, dict, where, "an object")
    values: dict[str, Any] = {}
    for key in _PROVENANCE.keys() & fields.keys():
        found = fields[key]
        if key in ("trajectory_ids", "splits"):
            if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
                raise BankError(f"{where}: {key} must be a list of strings, got {found!r}; correct the value")
            found = tuple(found)
        elif not isinstance(found, str):
            raise BankError(f"{where}: {key} must be a string, got {_kind(found)}; correct the value")
        values[key] = found
    extra = {key: item for key, item in fields.items() if key not in _PROVENANCE}
    return Provenance(**values, extra=extra, keys=tuple(fields))


def _write(record: Record, names: Mapping[str, str], canonical: bool) -> dict[str, Any]:
    keys: tuple[str, ...] = () if canonical else record.keys
    values: dict[str, Any] = {}
    for key, attribute in names.items():
        value = getattr(record, attribute)
        if isinstance(value, Provenance):
            value = _write(value, _PROVENANCE, canonical)
        elif isinstance(value, tuple):
            value = list(value)
        # What a file did not have and nobody set since is not written.
        if key in keys or value not in (None, "", []):
            values[key] = value
    values.update(record.extra)
    order = [*(key for key in keys if key in values), *(key for key in values if key not in keys)]
    return {key: values[key] for key in order}


Expected = TypeVar("Expected", dict[str, Any], list[Any])


def _expect(value: object, kind: type[Expected], where: str, shape: str) -> Expected:
    if not isinstance(value, kind):
        wanted = "an object" if kind is dict else "a list"
        raise BankError(f"{where}: expected {wanted} ({shape}), got {_kind(value)}; correct the file")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise BankError(f"the key {twice!r} stands twice in one object; remove one of the two")
    return fields


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
