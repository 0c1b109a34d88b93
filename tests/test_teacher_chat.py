import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("openai", reason="needs the extra 'teachers'")

from teacher_server import HOSTILE, KEY, Asked, Raw, Said, TeacherServer, completion, error, loopback_key

from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.access import AZURE_API_VERSION
from skill_gym.skillbanks.teachers.chat import ChatMessage, ChatReply, ChatRequest
from skill_gym.skillbanks.teachers.failed_try import FailedTry
from skill_gym.skillbanks.teachers.openai_chat import OpenAIChat

pytestmark = pytest.mark.usefixtures(loopback_key.__name__)

AZURE = (
    "AZURE_OPENAI_ENDPOINT",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_AD_TOKEN",
    "AZURE_OPENAI_API_VERSION",
    "OPENAI_API_VERSION",
)


def request(text: str = "hello", **fields: Any) -> ChatRequest:
    return ChatRequest(messages=(ChatMessage("system", "be brief"), ChatMessage("user", text)), **fields)


def failure(said: Raw, **settings: Any) -> FailedTry:
    with TeacherServer(lambda asked: said) as server:
        chat = OpenAIChat("m", server.url, **settings)
        with pytest.raises(FailedTry) as caught:
            chat.complete(request())
        chat.close()
    return caught.value


def test_reply_carries_what_was_said_and_what_it_cost() -> None:
    said = completion("good day", prompt_tokens=7, reply_tokens=2, finish_reason="length")
    with TeacherServer(lambda asked: said) as server:
        chat = OpenAIChat("some-model", server.url, options={"reasoning_effort": "low"})
        reply = chat.complete(request(max_tokens=17, temperature=0.5, top_p=0.9, seed=3))
        chat.close()
    assert reply == ChatReply(
        text="good day", prompt_tokens=7, reply_tokens=2, finish_reason="length", model="scripted"
    )
    assert server.requests[0].body == {
        "model": "some-model",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}],
        "max_tokens": 17,
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 3,
        "reasoning_effort": "low",
    }
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("name", "fault", "passing", "spent"),
    [
        ("429 with Retry-After", "unavailable", True, (0, 0)),
        ("500", "unavailable", True, (0, 0)),
        ("503 in HTML", "unavailable", True, (0, 0)),
        ("time-out", "unavailable", True, None),
        ("cut before the answer", "unavailable", True, None),
        ("cut in the middle", "unavailable", True, None),
        ("invalid JSON", "invalid answer", True, None),
        ("JSON of another form", "invalid answer", True, None),
        ("empty choices", "invalid answer", True, (20, 0)),
        ("no text", "invalid answer", True, (20, 10)),
        ("10 MB answer", "invalid answer", True, None),
        ("refusal", "refused", False, (20, 10)),
        ("content filter", "refused", False, (20, 10)),
        ("content filter on the prompt", "refused", False, (0, 0)),
    ],
)
def test_each_failure_is_typed_and_says_whether_it_passes_and_what_it_cost(
    name: str, fault: str, passing: bool, spent: tuple[int, int] | None
) -> None:
    error = failure(HOSTILE[name](), timeout=0.5)
    assert (error.fault, error.passing, error.spent) == (fault, passing, spent)


@pytest.mark.parametrize(
    ("said", "fault", "passing", "mend"),
    [
        (error(401, "who are you"), "unavailable", False, "check the key"),
        (error(403), "unavailable", False, "check the key"),
        (error(404, "no such model"), "unavailable", False, "check the model's name"),
        (error(408), "unavailable", True, "408"),
        (error(409), "unavailable", True, "409"),
        (error(429, "pay first", code="insufficient_quota"), "unavailable", False, "waiting does not help"),
        (error(400, "too many", code="context_length_exceeded"), "too long", False, "show the model less"),
        (error(400, "This model's maximum context length is 9 tokens"), "too long", False, "context"),
        (error(413), "too long", False, "413"),
        (error(400, "no reason"), "unavailable", False, "no reason"),
        (Raw(status=500), "unavailable", True, "no reason given"),
        (
            Raw(status=400, body=b'{"message": "older servers", "object": "error"}'),
            "unavailable",
            False,
            "older",
        ),
        (Raw(status=502, body=b'{"error": "plain words"}'), "unavailable", True, "plain words"),
    ],
)
def test_refusals_say_whose_fault_they_are(said: Raw, fault: str, passing: bool, mend: str) -> None:
    error = failure(said)
    assert (error.fault, error.passing, error.spent) == (fault, passing, (0, 0))
    assert mend in str(error)


def test_thoughts_that_use_up_the_answer_are_not_paid_again() -> None:
    error = failure(completion("", finish_reason="length"))
    assert (error.fault, error.passing) == ("invalid answer", False)
    assert "used up max_tokens" in str(error)


@pytest.mark.parametrize("status", [200, 500])
def test_endless_answer_is_stopped_while_it_is_read(status: int) -> None:
    pieces = 0

    def endless() -> Iterator[bytes]:
        nonlocal pieces
        for pieces in range(10_000):  # noqa: B007
            yield b"x" * 100_000

    error = failure(Raw(body=endless(), status=status), max_answer_bytes=1_000_000)
    assert error.fault == ("invalid answer" if status == 200 else "unavailable")
    time.sleep(0.1)
    # What the sockets' buffers hold is sent as well, not a gigabyte.
    assert pieces < 500


def test_answer_that_drips_is_stopped_at_the_time_limit() -> None:
    def drip() -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.05)
            yield b" "

    started = time.monotonic()
    assert failure(Raw(body=drip()), timeout=0.4).fault == "unavailable"
    assert time.monotonic() - started < 3


def test_endpoint_that_is_not_there_costs_nothing() -> None:
    with TeacherServer(lambda asked: "x") as server:
        pass
    chat = OpenAIChat("m", server.url)
    with pytest.raises(FailedTry) as caught:
        chat.complete(request())
    assert (caught.value.fault, caught.value.passing, caught.value.spent) == ("unavailable", True, (0, 0))


def test_halves_of_surrogate_pairs_do_not_reach_files() -> None:
    said = Raw(body=b'{"choices": [{"message": {"content": "a\\ud83d b"}}]}')
    with TeacherServer(lambda asked: said) as server:
        reply = OpenAIChat("m", server.url).complete(request())
    assert (reply.text, reply.prompt_tokens) == ("a? b", 0)


def test_key_is_in_no_log_answer_or_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told = f"the key {KEY} is wrong"

    def answer(asked: Asked) -> Said:
        return {
            "echo": completion(f"you sent {asked.headers['authorization']}"),
            "refuse": completion(None, refusal=told),
            "garbage": Raw(body=told.encode()),
        }.get(asked.text, error(400 if asked.text.startswith("bad") else 401, told))

    texts = []
    with TeacherServer(answer) as server:
        chat = OpenAIChat("m", server.url)
        texts += [chat.complete(request("echo")).text, repr(vars(chat))]
        for text in ("refuse", "garbage", "bad", "401"):
            with pytest.raises(FailedTry) as caught:
                chat.complete(request(text, schema={"type": "object"} if text == "bad" else None))
            texts += [str(caught.value), repr(caught.value), repr(caught.value.__cause__)]
            assert caught.value.__suppress_context__
    assert "***" in texts[0]
    assert len(server.requests) == 8
    assert KEY not in " ".join(texts) + caplog.text


def test_missing_key_is_named_unless_the_endpoint_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(TeacherError, match="environment variable OPENAI_API_KEY"):
        OpenAIChat("m")
    with pytest.raises(TeacherError, match="environment variable OTHER"):
        OpenAIChat("m", api_key_variable="OTHER")
    with TeacherServer(lambda asked: asked.text) as server:
        assert OpenAIChat("m", server.url).complete(request("x")).text == "x"


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8000/v1", "ftp://host/v1", "http://", "http://user:pw@host:x"]
)
def test_address_that_is_none_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ValueError) as caught:
        OpenAIChat("m", address)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("field", ["context_tokens", "timeout", "max_answer_bytes"])
def test_figures_out_of_range_are_refused(field: str) -> None:
    settings: dict[str, Any] = {field: 0}
    with pytest.raises(ValueError, match=f"{field} must be above 0, got 0"):
        OpenAIChat("m", "http://127.0.0.1:1/v1", **settings)


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in AZURE:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_azure_is_reached_by_the_variables_of_skillrl(azure: pytest.MonkeyPatch) -> None:
    with TeacherServer(lambda asked: asked.text) as server:
        address = server.url.removesuffix("/v1")
        azure.setenv("AZURE_OPENAI_ENDPOINT", address)
        azure.setenv("AZURE_OPENAI_API_KEY", "azure-key")
        chat = OpenAIChat("o3", azure=True)
        assert chat.complete(request("x")).text == "x"
        azure.setenv("AZURE_OPENAI_API_VERSION", "2024-10-21")
        OpenAIChat("o3", azure=True).complete(request("x", max_tokens=5))
        azure.setenv("AZURE_OPENAI_AD_TOKEN", "token")
        OpenAIChat("o3", azure=True).complete(request("x"))
    paths = [asked.path for asked in server.requests]
    place = "/openai/deployments/o3/chat/completions?api-version="
    assert paths == [place + AZURE_API_VERSION, place + "2024-10-21", place + "2024-10-21"]
    assert [asked.headers.get("api-key") for asked in server.requests] == ["azure-key", "azure-key", None]
    assert server.requests[2].headers["authorization"] == "Bearer token"
    assert server.requests[1].body["max_completion_tokens"] == 5


def test_what_azure_lacks_is_named(azure: pytest.MonkeyPatch) -> None:
    with pytest.raises(TeacherError, match="AZURE_OPENAI_ENDPOINT"):
        OpenAIChat("o3", azure=True)
    azure.setenv("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(TeacherError, match="AZURE_OPENAI_API_KEY"):
        OpenAIChat("o3", azure=True)
    azure.setenv("AZURE_OPENAI_ENDPOINT", "name.openai.azure.com")
    with pytest.raises(ValueError, match="AZURE_OPENAI_ENDPOINT"):
        OpenAIChat("o3", azure=True)


def test_a_stand_in_for_a_key_does_not_mangle_answers():
    from skill_gym.skillbanks.teachers.access import Access

    assert Access(arguments={}, secrets=("x",)).hide("an axe") == "an axe"
    assert Access(arguments={}, secrets=("sk-0123456789",)).hide("it is sk-0123456789") == "it is ***"
