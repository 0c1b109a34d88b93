"""How an answer's form is asked for: by schema where the endpoint has it, in words where it has not."""

import json
from collections.abc import Mapping
from typing import Any, Literal

Form = Literal["schema", "plain schema", "object", "words"]
FORMS: tuple[Form, ...] = ("schema", "plain schema", "object", "words")
"""From the strongest hold on an answer to the weakest: the schema with all that it says, only what OpenAI's
strict mode has always known, any JSON object, nothing. With the last two the schema stands in the prompt."""

_PLAIN = frozenset(
    {
        "$defs",
        "$ref",
        "additionalProperties",
        "anyOf",
        "const",
        "description",
        "enum",
        "items",
        "properties",
        "required",
        "type",
    }
)


def response_format(form: Form, schema: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """The field ``response_format`` of a request; None for none."""
    if form == "words":
        return None
    if form == "object":
        return {"type": "json_object"}
    strict = strict_schema(schema, plain=form == "plain schema")
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": strict}}


def in_words(schema: Mapping[str, Any]) -> str:
    """The schema as an order to the model."""
    return (
        "Answer with one JSON object and nothing else. It keeps to this JSON schema:\n"
        f"{json.dumps(schema, ensure_ascii=False, separators=(',', ':'))}"
    )


def strict_schema(schema: Mapping[str, Any], *, plain: bool = False) -> dict[str, Any]:
    """A schema as strict structured outputs want it: every property required, no others allowed.

    Args:
        schema: As pydantic writes it.
        plain: Leave out all keywords beyond those that OpenAI's strict mode has known from the start, e.g.
            ``maxItems``; what they forbid, only the check of the answer forbids then.

    Returns:
        A new schema. An object with free keys keeps them, which strict endpoints refuse.
    """
    # Titles and defaults only repeat what stands elsewhere, and strict mode has no place for them.
    told = {key: value for key, value in schema.items() if key not in ("title", "default", "examples")}
    if "oneOf" in told:
        told["anyOf"] = told.pop("oneOf")
        told.pop("discriminator", None)
    if plain:
        # A reference allows nothing beside it.
        told = {"$ref": told["$ref"]} if "$ref" in told else {k: v for k, v in told.items() if k in _PLAIN}
    for key in ("properties", "$defs"):
        if key in told:
            told[key] = {name: strict_schema(part, plain=plain) for name, part in told[key].items()}
    for key in ("anyOf", "allOf", "prefixItems"):
        if key in told:
            told[key] = [strict_schema(part, plain=plain) for part in told[key]]
    if isinstance(told.get("items"), Mapping):
        told["items"] = strict_schema(told["items"], plain=plain)
    if "properties" in told:
        told["required"] = list(told["properties"])
        told["additionalProperties"] = False
    return told
