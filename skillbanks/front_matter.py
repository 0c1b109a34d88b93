"""The YAML front matter of a SKILL.md: read with its errors named, written in one plain form."""

import json
import re
from collections.abc import Mapping
from typing import Any

from skill_gym.skillbanks.skill import BankError

MARK = "---"


def split_front_matter(text: str, where: str) -> tuple[dict[str, Any], str]:
    """Front matter and body of a file; scalars are strings as they stand (``1.0`` and ``yes`` too).

    Args:
        text: The whole file.
        where: Name of the file, for messages.

    Raises:
        BankError: There is no front matter, or it is no YAML mapping, or has a key twice.
        ImportError: PyYAML is missing.
    """
    found = re.match(r"\ufeff?---[ \t]*\r?\n(.*?)(?:^|(?<=\n))---[ \t]*(?:\r?\n|\Z)", text, re.DOTALL)
    if found is None:
        raise BankError(f"{where}: no front matter; begin with a line '---', name, description, a line '---'")
    return _parsed(found[1], where), text[found.end() :]


def join_front_matter(fields: Mapping[str, Any], body: str) -> str:
    """A file: the front matter, texts quoted, and the body."""
    return "\n".join([MARK, *_lines(fields, ""), MARK, body])


def _parsed(text: str, where: str) -> dict[str, Any]:
    yaml = _yaml()
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        _expect_unique(root, yaml, where)
        fields = yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        place = "" if line is None else f" in line {line + 2}"
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise BankError(
            f"{where}: the front matter is not YAML{place} ({problem}); put texts with ': ' or '#' in quotes"
        ) from error
    if not isinstance(fields, dict) or not all(isinstance(key, str) for key in fields):
        raise BankError(f"{where}: the front matter must be 'key: value' lines with name and description")
    return fields


def _expect_unique(node: Any, yaml: Any, where: str) -> None:
    """PyYAML takes the last of two equal keys without a word; a skill's file should not have them."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    line = key.start_mark.line + 2
                    raise BankError(f"{where}: {key.value} stands twice, again in line {line}; remove one")
                seen.add(key.value)
            _expect_unique(value, yaml, where)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _expect_unique(item, yaml, where)


def _lines(fields: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in fields.items():
        name = key if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", key) else quoted(key)
        if isinstance(value, Mapping) and value:
            lines += [f"{indent}{name}:", *_lines(value, f"{indent}  ")]
        elif isinstance(value, str):
            # Letters alone could be a word that YAML reads otherwise (yes, null), with a hyphen not.
            plain = re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", value)
            lines.append(f"{indent}{name}: {value if plain else quoted(value)}")
        else:
            # Lists and what is empty, in YAML's flow style, which JSON is.
            lines.append(f"{indent}{name}: {_flow(value)}")
    return lines


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quoted(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def quoted(text: str) -> str:
    """A text in double quotes that YAML and JSON read alike; what YAML takes for unprintable is escaped."""
    return re.sub(
        "[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]",
        lambda found: f"\\u{ord(found[0]):04x}",
        json.dumps(text, ensure_ascii=False),
    )


def _yaml() -> Any:
    try:
        import yaml
    except ImportError as error:
        raise ImportError(
            "SKILL.md files need PyYAML; install it with: pip install 'skill-gym[cli]'"
        ) from error
    return yaml
