import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

pytest.importorskip("openai", reason="needs the extra 'teachers'")

from skill_gym.agents.openai_policy import OpenAIPolicy
from skill_gym.agents.policy import Completion, Policy, PolicyError, Request, Sampling
from skill_gym.skillbanks.teachers.ledger import Ledger
from skill_gym.skillbanks.teachers.price import Price
from skill_gym.skillbanks.teachers.spending import Budget

Answer = tuple[int, dict[str, Any]]
KEY = "secret-key-0123456789"


def said(text: str | None, finish_reason: str = "stop") -> Answer:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": finish_reason, "message": message}
    return 200, {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}


class Endpoint:
    """A chat-completions server on loopback that answers by a function and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.answer: Callable[[dict[str, Any]], Answer] = lambda body: said(body["messages"][-1]["content"])
        self.under_way = self.most_under_way = 0
        lock = threading.Lock()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    endpoint.asked.append(body)
                    endpoint.keys.append(self.headers["Authorization"])
                    endpoint.under_way += 1
                    endpoint.most_under_way = max(endpoint.most_under_way, endpoint.under_way)
                status, answer = endpoint.answer(body)
                with lock:
                    endpoint.under_way -= 1
                payload = json.dumps(answer).encode()
                self.send_response(status if self.path == "/v1/chat/completions" else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in ("OPENAI_BASE_URL", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    endpoint = Endpoint()
    yield endpoint
    endpoint.server.shutdown()
    endpoint.server.server_close()


def question(ticket: str, **sampling: Any) -> Request:
    return Request(ticket, [{"role": "user", "content": f"say {ticket}"}], sampling=Sampling(**sampling))


def answers(policy: OpenAIPolicy, requests: list[Request]) -> dict[str, Completion]:
    for request in requests:
        policy.submit(request)
    found: dict[str, Completion] = {}
    deadline = time.monotonic() + 20
    while len(found) < len(requests) and time.monotonic() < deadline:
        found |= {completion.ticket: completion for completion in policy.poll()}
    return found


def test_replies_come_back_under_their_tickets(endpoint: Endpoint) -> None:
    policy = OpenAIPolicy("some-model", endpoint.url)
    assert isinstance(policy, Policy)
    found = answers(policy, [question(str(number)) for number in range(20)])
    assert {ticket: each.text for ticket, each in found.items()} == {str(n): f"say {n}" for n in range(20)}
    assert all(
        (each.prompt_ids, each.token_ids, each.finish_reason) == ((), (), "stop") for each in found.values()
    )
    assert policy.poll() == []
    policy.close()


def test_request_carries_the_conversation_and_how_to_draw(endpoint: Endpoint) -> None:
    policy = OpenAIPolicy("some-model", endpoint.url, options={"reasoning_effort": "low"})
    answers(
        policy, [question("a", temperature=0.3, top_p=0.9, max_new_tokens=17, seed=5, stop=("</action>",))]
    )
    assert endpoint.asked == [
        {
            "model": "some-model",
            "messages": [{"role": "user", "content": "say a"}],
            "temperature": 0.3,
            "top_p": 0.9,
            "max_tokens": 17,
            "seed": 5,
            "reasoning_effort": "low",
        }
    ]
    assert endpoint.keys == [f"Bearer {KEY}"]
    policy.close()


def test_no_more_requests_are_under_way_than_asked_for(endpoint: Endpoint) -> None:
    def slowly(body: dict[str, Any]) -> Answer:
        time.sleep(0.05)
        return said("x")

    endpoint.answer = slowly
    policy = OpenAIPolicy("m", endpoint.url, concurrency=3)
    answers(policy, [question(str(number)) for number in range(9)])
    assert endpoint.most_under_way == 3
    policy.close()


def test_quick_answer_does_not_wait_for_a_slow_one(endpoint: Endpoint) -> None:
    quick_is_back = threading.Event()

    def answer(body: dict[str, Any]) -> Answer:
        if body["messages"][-1]["content"] == "say slow":
            quick_is_back.wait(10)
        return said("x")

    endpoint.answer = answer
    policy = OpenAIPolicy("m", endpoint.url)
    policy.submit(question("slow"))
    policy.submit(question("quick"))
    assert [each.ticket for each in policy.poll()] == ["quick"]
    quick_is_back.set()
    assert [each.ticket for each in policy.poll()] == ["slow"]
    policy.close()


def test_stop_text_ends_the_reply_and_stays_in_it(endpoint: Endpoint) -> None:
    endpoint.answer = lambda body: said("<action>look</action> and so on", "length")
    policy = OpenAIPolicy("m", endpoint.url)
    found = answers(policy, [question("a", stop=("</action>",)), question("b")])
    assert (found["a"].text, found["a"].finish_reason) == ("<action>look</action>", "stop")
    assert (found["b"].text, found["b"].finish_reason) == ("<action>look</action> and so on", "length")
    policy.close()


def test_failure_that_passes_is_tried_again(endpoint: Endpoint) -> None:
    endpoint.answer = lambda body: (
        said("there") if len(endpoint.asked) > 1 else (503, {"error": {"message": "busy"}})
    )
    policy = OpenAIPolicy("m", endpoint.url, max_retries=1)
    assert answers(policy, [question("a")])["a"].text == "there"
    assert len(endpoint.asked) == 2
    policy.close()


def test_failure_that_stays_costs_one_request_and_shows_no_key(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def answer(body: dict[str, Any]) -> Answer:
        if body["messages"][-1]["content"] == "say bad":
            return 401, {"error": {"message": f"the key {KEY} is unknown"}}
        return said("good")

    endpoint.answer = answer
    policy = OpenAIPolicy("m", endpoint.url, max_retries=0)
    found = answers(policy, [question("bad"), question("fine")])
    assert found["bad"].finish_reason == "error"
    assert "unavailable: the endpoint answered 401" in found["bad"].text
    assert "is unknown" in found["bad"].text
    assert found["fine"].text == "good"
    assert KEY not in found["bad"].text + caplog.text + repr(vars(policy))
    policy.close()


def test_answer_without_text_is_an_error(endpoint: Endpoint) -> None:
    endpoint.answer = lambda body: said(None)
    policy = OpenAIPolicy("m", endpoint.url, max_retries=0)
    found = answers(policy, [question("a")])["a"]
    assert found.finish_reason == "error"
    assert "the endpoint's answer holds no text" in found.text
    policy.close()


def test_endpoint_that_is_not_there_is_an_error_of_the_request(endpoint: Endpoint) -> None:
    endpoint.server.shutdown()
    endpoint.server.server_close()
    policy = OpenAIPolicy("m", endpoint.url, max_retries=0, timeout=5)
    assert answers(policy, [question("a")])["a"].finish_reason == "error"
    policy.close()


def test_aborted_requests_are_forgotten(endpoint: Endpoint) -> None:
    go = threading.Event()

    def answer(body: dict[str, Any]) -> Answer:
        go.wait(10)
        return said("x")

    endpoint.answer = answer
    policy = OpenAIPolicy("m", endpoint.url, concurrency=1)
    for ticket in ("first", "second", "third"):
        policy.submit(question(ticket))
    policy.abort({"first", "second"})
    go.set()
    assert [each.ticket for each in policy.poll()] == ["third"]
    assert "say second" not in [body["messages"][-1]["content"] for body in endpoint.asked]
    policy.close()


def test_missing_key_is_named_unless_the_endpoint_needs_none(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(PolicyError, match="environment variable OPENAI_API_KEY"):
        OpenAIPolicy("m")
    policy = OpenAIPolicy("m", endpoint.url)
    assert answers(policy, [question("a")])["a"].text == "say a"
    policy.close()


def test_play_is_counted_and_a_request_over_the_budget_is_an_error(endpoint: Endpoint) -> None:
    def answer(body: dict[str, Any]) -> Answer:
        status, said_ = said("x")
        return status, {**said_, "usage": {"prompt_tokens": 200, "completion_tokens": 30}}

    endpoint.answer = answer
    ledger = Ledger(budget=Budget(tokens=1000), prices={"m": Price(1.0, 10.0)})
    policy = OpenAIPolicy("m", endpoint.url, ledger=ledger)
    ends = [answers(policy, [question(str(n), max_new_tokens=100)])[str(n)] for n in range(6)]
    answered = [end for end in ends if end.finish_reason == "stop"]
    assert len(answered) == len(endpoint.asked) == 3
    assert all("over budget" in end.text for end in ends[3:])
    assert (policy.prompt_tokens, policy.reply_tokens) == (600, 90)
    assert ledger.by_purpose()["play", "m"].usd == pytest.approx(0.0015)
    policy.close()


def test_model_that_takes_no_temperature_plays_all_the_same(endpoint: Endpoint) -> None:
    def answer(body: dict[str, Any]) -> Answer:
        if "temperature" in body:
            return 400, {"error": {"message": "does not support 0.0", "param": "temperature"}}
        return said("x")

    endpoint.answer = answer
    policy = OpenAIPolicy("m", endpoint.url)
    assert answers(policy, [question("a")])["a"].text == "x"
    policy.close()
