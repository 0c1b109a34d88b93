"""Reads the fields of a memory record; what is amiss is told by its place in the file."""

from collections.abc import Mapping
from typing import Any


class MemoryFileError(ValueError):
    """A memory file cannot be read; the message names the file, the record and the field."""


def rest(fields: Mapping[str, Any], *known: str) -> dict[str, Any]:
    """The fields that are not known."""
    return {key: value for key, value in fields.items() if key not in known}


def need(fields: Mapping[str, Any], key: str, where: str) -> Any:
    """A field that has to be there.

    Args:
        fields: Of an object.
        key: The field's.
        where: The object's place, for the message.

    Raises:
        MemoryFileError: It is missing.
    """
    if key not in fields:
        raise MemoryFileError(f"{where}: {key} is missing; add it or remove the record")
    return fields[key]


def text(fields: Mapping[str, Any], key: str, where: str) -> str:
    """A field that has to be there and to be text."""
    value = need(fields, key, where)
    if not isinstance(value, str):
        raise MemoryFileError(f"{where}: {key} must be text, got {kind(value)}")
    return value


def mapping(value: object, where: str) -> dict[str, Any]:
    """A value that has to be a JSON object."""
    if not isinstance(value, dict):
        raise MemoryFileError(f"{where}: expected a JSON object, got {kind(value)}")
    return value


def items(value: object, where: str) -> list[Any]:
    """A value that has to be a JSON list."""
    if not isinstance(value, list):
        raise MemoryFileError(f"{where}: expected a JSON list, got {kind(value)}")
    return value


def kind(value: object) -> str:
    """What a value is in JSON, for messages."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
