import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import pytest

pytest.importorskip("openai", reason="needs the extra 'teachers'")

from pydantic import BaseModel, Field
from teacher_server import Asked, Said, TeacherServer, error, loopback_key

from skill_gym.skillbanks.teachers.answer_form import strict_schema
from skill_gym.skillbanks.teachers.chat import ChatMessage, ChatRequest
from skill_gym.skillbanks.teachers.failed_try import FailedTry
from skill_gym.skillbanks.teachers.openai_chat import OpenAIChat

pytestmark = pytest.mark.usefixtures(loopback_key.__name__)


class Step(BaseModel):
    what: str = Field(description="one command", max_length=80)
    how: Literal["fast", "slow"] = "slow"


class Plan(BaseModel):
    title: str | None = None
    steps: list[Step] = Field(max_length=5)
    last: Step = Field(description="the end")


def request(answer: type[BaseModel] = Plan, **fields: Any) -> ChatRequest:
    return ChatRequest(
        messages=(ChatMessage("user", "hello"),),
        schema=answer.model_json_schema(),
        schema_name=answer.__name__,
        **fields,
    )


def form(asked: Asked) -> str:
    wanted = asked.body.get("response_format")
    if wanted is None:
        return "words"
    if wanted["type"] == "json_object":
        return "object"
    return "schema" if "maxItems" in str(wanted) or "maxLength" in str(wanted) else "plain schema"


def objects(node: Any) -> list[dict[str, Any]]:
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    here = [node] if isinstance(node, dict) and "properties" in node else []
    return here + [each for part in parts for each in objects(part)]


@pytest.mark.parametrize("plain", [False, True])
def test_strict_schema_requires_every_property_and_allows_no_other(plain: bool) -> None:
    schema = strict_schema(Plan.model_json_schema(), plain=plain)
    found = objects(schema)
    assert len(found) == 2
    for each in found:
        assert each["required"] == list(each["properties"])
        assert each["additionalProperties"] is False
    assert "default" not in str(schema)
    assert schema["properties"]["title"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    step = schema["$defs"]["Step"]["properties"]
    assert step["how"]["enum"] == ["fast", "slow"]
    assert ("maxLength" in step["what"], "maxItems" in schema["properties"]["steps"]) == (
        not plain,
        not plain,
    )
    assert schema["properties"]["last"] == (
        {"$ref": "#/$defs/Step"} if plain else {"$ref": "#/$defs/Step", "description": "the end"}
    )


def test_property_may_have_the_name_of_a_keyword() -> None:
    class Odd(BaseModel):
        title: str
        default: str
        maxItems: int

    properties = strict_schema(Odd.model_json_schema(), plain=True)["properties"]
    assert list(properties) == ["title", "default", "maxItems"]


def test_schema_is_asked_for_where_the_server_has_it() -> None:
    with TeacherServer(lambda asked: "{}") as server:
        OpenAIChat("m", server.url).complete(request())
    wanted = server.requests[0].body["response_format"]
    assert wanted["type"] == "json_schema"
    assert (wanted["json_schema"]["name"], wanted["json_schema"]["strict"]) == ("Plan", True)
    assert server.requests[0].text == "hello"


@pytest.mark.parametrize("takes", ["schema", "plain schema", "object", "words"])
def test_refused_form_falls_to_the_next_one_is_remembered_and_logged(
    takes: str, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(asked: Asked) -> Said:
        return "{}" if form(asked) == takes else error(400, "response_format is not what we know")

    forms = ["schema", "plain schema", "object", "words"]
    with TeacherServer(answer) as server:
        chat = OpenAIChat("m", server.url)
        for _ in range(3):
            assert chat.complete(request()).text == "{}"
    tried = forms[: forms.index(takes) + 1]
    assert [form(asked) for asked in server.requests] == [*tried, takes, takes]
    assert ('"steps"' in server.requests[-1].text) == (takes in ("object", "words"))
    assert chat.dialect.concessions == ({} if takes == "schema" else {f"form {takes}": 3})
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warned) == len(tried) - 1


def test_schema_that_one_question_cannot_have_stays_with_the_others() -> None:
    def answer(asked: Asked) -> Said:
        return error(400, "Invalid schema") if asked.schema_name == "Plan" else "{}"

    with TeacherServer(answer) as server:
        chat = OpenAIChat("m", server.url)
        for _ in range(2):
            chat.complete(request(Plan))
            chat.complete(request(Step))
    assert [form(asked) for asked in server.requests[-2:]] == ["object", "schema"]


def test_request_that_is_bad_for_another_reason_weakens_nothing() -> None:
    def answer(asked: Asked) -> Said:
        return error(400, "bad today") if len(server.requests) <= 4 else "{}"

    with TeacherServer(answer) as server:
        chat = OpenAIChat("m", server.url)
        with pytest.raises(FailedTry, match="bad today"):
            chat.complete(request())
        chat.complete(request())
    assert [form(asked) for asked in server.requests] == [
        "schema",
        "plain schema",
        "object",
        "words",
        "schema",
    ]


def test_too_long_request_is_not_asked_in_other_forms() -> None:
    said = error(400, "x", code="context_length_exceeded")
    with TeacherServer(lambda asked: said) as server, pytest.raises(FailedTry) as caught:
        OpenAIChat("m", server.url).complete(request())
    assert (caught.value.fault, len(server.requests)) == ("too long", 1)


def test_model_that_thinks_gets_its_own_fields_and_they_are_remembered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answer(asked: Asked) -> Said:
        unsupported: dict[str, Any] = {"code": "unsupported_parameter"}
        if "max_tokens" in asked.body:
            return error(400, "Unsupported parameter: 'max_tokens'", param="max_tokens", **unsupported)
        if "temperature" in asked.body:
            return error(400, "'temperature' does not support 0.0 with this model", param="temperature")
        if "seed" in asked.body:
            return error(422, "Extra inputs are not permitted: 'seed'")
        return "{}"

    with TeacherServer(answer) as server:
        chat = OpenAIChat("m", server.url)
        for _ in range(2):
            assert chat.complete(request(max_tokens=9)).text == "{}"
    assert len(server.requests) == 5
    assert {"model", "messages", "response_format", "max_completion_tokens"} == set(server.requests[-1].body)
    assert server.requests[-1].body["max_completion_tokens"] == 9
    assert chat.dialect.concessions == {
        "max_completion_tokens for max_tokens": 1,
        "no temperature": 1,
        "no seed": 1,
    }
    assert sum(record.levelno == logging.WARNING for record in caplog.records) == 3


def test_threads_that_learn_the_same_at_once_do_not_weaken_the_form() -> None:
    together = threading.Barrier(8)

    def answer(asked: Asked) -> Said:
        if "max_tokens" in asked.body:
            together.wait(10)
            return error(
                400, "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            )
        return "{}"

    with TeacherServer(answer) as server:
        chat = OpenAIChat("m", server.url)
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(lambda _: chat.complete(request()).text == "{}", range(8)))
    assert {form(asked) for asked in server.requests} == {"schema"}
    assert len(server.requests) == 16
    assert chat.dialect.concessions == {"max_completion_tokens for max_tokens": 1}


def test_field_that_the_user_asked_for_is_not_given_up() -> None:
    said = error(400, "temperature is unsupported", param="temperature")
    with TeacherServer(lambda asked: said) as server:
        chat = OpenAIChat("m", server.url, options={"temperature": 0.7})
        with pytest.raises(FailedTry, match="temperature is unsupported"):
            chat.complete(ChatRequest(messages=(ChatMessage("user", "x"),)))
    assert [asked.body["temperature"] for asked in server.requests] == [0.7]


@pytest.mark.parametrize("name", ["max_tokens", "n", "stream", "response_format"])
def test_options_that_break_the_budget_or_the_form_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: set by each question"):
        OpenAIChat("m", "http://127.0.0.1:1/v1", options={name: 2})


def test_server_that_declines_both_length_fields_is_no_circle() -> None:
    def answer(asked: Asked) -> Said:
        field = "max_tokens" if "max_tokens" in asked.body else "max_completion_tokens"
        return error(400, f"unknown field '{field}'", param=field)

    with TeacherServer(answer) as server, pytest.raises(FailedTry, match="unknown field"):
        OpenAIChat("m", server.url).complete(request())
    assert len(server.requests) <= 6
