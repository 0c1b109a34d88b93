import json
import logging
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.answer_form import FORMS, Form
from skill_gym.skillbanks.teachers.chat import ChatMessage, ChatReply, ChatRequest
from skill_gym.skillbanks.teachers.dialect import Dialect
from skill_gym.skillbanks.teachers.failed_try import FailedTry
from skill_gym.skillbanks.teachers.json_lines import JsonLines
from skill_gym.skillbanks.teachers.ledger import Ledger
from skill_gym.skillbanks.teachers.metered import Metered, most_prompt_tokens
from skill_gym.skillbanks.teachers.price import Price, read_prices
from skill_gym.skillbanks.teachers.spending import Budget, Spent

PRICES = {"m": Price(2.0, 8.0)}


def request(text: str = "hello", purpose: str = "lessons", max_tokens: int = 100) -> ChatRequest:
    return ChatRequest(messages=(ChatMessage("user", text),), purpose=purpose, max_tokens=max_tokens)


class Model:
    """Says something, at a cost that is drawn, or fails."""

    name = "m"
    context_tokens = 10_000

    def __init__(self, *said: ChatReply | Exception, seconds: float = 0.0) -> None:
        self.said = list(said)
        self.seconds = seconds
        self.asked = 0
        self.paid = 0
        self._lock = threading.Lock()
        self._random = random.Random(0)

    def complete(self, request: ChatRequest) -> ChatReply:
        with self._lock:
            self.asked += 1
            said = self.said.pop(0) if self.said else None
            tokens = self._random.randint(1, 60), self._random.randint(1, 100)
            if said is None:
                self.paid += sum(tokens)
        time.sleep(self.seconds)
        if isinstance(said, Exception):
            raise said
        return said or ChatReply(text="x", prompt_tokens=tokens[0], reply_tokens=tokens[1])


def test_tokens_and_cost_are_counted_by_purpose_and_model() -> None:
    ledger = Ledger(prices=PRICES)
    said = ChatReply(text="x", prompt_tokens=1000, reply_tokens=500)
    metered = Metered(Model(said, said, said), ledger)
    for purpose in ("lessons", "lessons", "skills"):
        metered.complete(request(purpose=purpose))
    assert set(ledger.by_purpose()) == {("lessons", "m"), ("skills", "m")}
    assert ledger.by_purpose()["lessons", "m"] == Spent(
        answers=2, prompt_tokens=2000, reply_tokens=1000, usd=pytest.approx(0.012)
    )
    assert ledger.total.tokens == 4500
    assert ledger.total.usd == pytest.approx(0.018)


def test_failures_cost_what_is_known_or_else_the_most() -> None:
    ledger = Ledger()
    failures = [
        FailedTry("unavailable", "429", passing=True),
        FailedTry("refused", "no", spent=(30, 4)),
        FailedTry("unavailable", "cut", passing=True, spent=None),
        KeyError("a fault of ours"),
    ]
    metered = Metered(Model(*failures), ledger)
    for failure in failures:
        with pytest.raises(type(failure)):
            metered.complete(request())
    worst = most_prompt_tokens(request()), 100
    assert ledger.total == Spent(
        answers=1, lost=2, prompt_tokens=30 + 2 * worst[0], reply_tokens=4 + 2 * worst[1]
    )


@pytest.mark.parametrize("form", FORMS)
def test_worst_case_bounds_what_is_sent_in_any_form(form: Form) -> None:
    schema = {
        "type": "object",
        "properties": {f"p{n}": {"type": "object", "properties": {"a": {}}} for n in range(50)},
    }
    asked = ChatRequest(messages=(ChatMessage("user", "hello"),), schema=schema)
    fields = Dialect("m", "max_tokens", {}).fields(asked, form)
    sent = fields["messages"][0]["content"] + json.dumps(fields.get("response_format", ""))
    assert most_prompt_tokens(asked) >= len(sent)


def test_worst_case_bounds_any_tokenizer() -> None:
    for text in ("", "plain words", "名前を入力してください", "🦊🦊🦊", '{"a":[1,2,3]}' * 100):
        asked = ChatRequest(messages=(ChatMessage("user", text),), schema={"type": "object"})
        # No tokenizer makes more tokens than there are bytes.
        assert most_prompt_tokens(asked) >= len(text.encode()) + len("type object")


@pytest.mark.parametrize("threads", [1, 16])
@pytest.mark.parametrize("budget", [Budget(tokens=3000), Budget(usd=0.015), Budget(tokens=3000, usd=0.015)])
def test_budget_stops_before_it_is_passed_however_many_ask_at_once(threads: int, budget: Budget) -> None:
    ledger = Ledger(budget=budget, prices=PRICES)
    model = Model(seconds=0.002)
    metered = Metered(model, ledger)

    def ask(number: int) -> str:
        try:
            metered.complete(request())
        except TeacherError as error:
            return error.fault
        return "answered"

    with ThreadPoolExecutor(threads) as pool:
        ends = list(pool.map(ask, range(100)))
    assert set(ends) == {"answered", "over budget"}
    assert ends.count("answered") == model.asked
    assert ledger.total.tokens == model.paid
    if budget.tokens is not None:
        assert ledger.total.tokens <= budget.tokens
    if budget.usd is not None:
        assert ledger.total.usd <= budget.usd
    # And it is used: what is left is less than one request can cost.
    worst = most_prompt_tokens(request()) + 100
    assert (budget.tokens is not None and ledger.total.tokens + worst > budget.tokens) or (
        budget.usd is not None and ledger.total.usd + PRICES["m"].usd(worst - 100, 100) > budget.usd
    )


def test_request_waits_for_what_others_may_give_back() -> None:
    worst = most_prompt_tokens(request()) + 100
    ledger = Ledger(budget=Budget(tokens=worst + 20))
    model = Model(*[ChatReply(text="x", prompt_tokens=1, reply_tokens=1)] * 8, seconds=0.01)
    metered = Metered(model, ledger)
    with ThreadPoolExecutor(8) as pool:
        # Together they would reserve far too much; one after the other all of them fit.
        assert len(list(pool.map(lambda _: metered.complete(request()), range(8)))) == 8
    assert ledger.total.tokens == 16


def test_nothing_is_sent_over_budget_and_the_mend_is_named() -> None:
    model = Model()
    metered = Metered(model, Ledger(budget=Budget(tokens=50)))
    with pytest.raises(TeacherError, match=r"over budget: .* of 50 tokens; raise the budget"):
        metered.complete(request())
    assert model.asked == 0


def test_budget_in_dollars_needs_a_price() -> None:
    with pytest.raises(ValueError, match=r"needs the price of m; give it, e\.g\. --price 2,8"):
        Metered(Model(), Ledger(budget=Budget(usd=1.0))).complete(request())


def test_endpoint_without_usage_is_counted_at_the_most(caplog: pytest.LogCaptureFixture) -> None:
    ledger = Ledger()
    metered = Metered(Model(*[ChatReply(text="four")] * 2), ledger)
    for _ in range(2):
        metered.complete(request())
    assert ledger.total.tokens == 2 * (most_prompt_tokens(request()) + 4)
    assert sum("does not say how many tokens" in record.message for record in caplog.records) == 1


def test_endpoint_that_counts_more_than_was_allowed_is_told(caplog: pytest.LogCaptureFixture) -> None:
    ledger = Ledger(budget=Budget(tokens=1000))
    metered = Metered(Model(ChatReply(text="x", prompt_tokens=10, reply_tokens=5000)), ledger)
    metered.complete(request())
    assert ledger.total.tokens == 5010
    assert any(record.levelno == logging.WARNING for record in caplog.records)
    with pytest.raises(TeacherError, match="over budget"):
        metered.complete(request())


def test_resumed_run_keeps_its_count_and_its_old_prices(tmp_path: Path) -> None:
    path = tmp_path / "run" / "ledger.jsonl"
    with Ledger(path, prices=PRICES) as ledger:
        Metered(Model(ChatReply(text="x", prompt_tokens=100, reply_tokens=50)), ledger).complete(request())
        before = ledger.total, ledger.by_purpose()
    with Ledger(path, prices={"m": Price(1000, 1000)}, budget=Budget(tokens=200)) as again:
        assert (again.total, again.by_purpose()) == before
        with pytest.raises(TeacherError, match="150 \\+ up to"):
            again.reserve("m", "lessons", 20, 100)
        again.settle(again.reserve("m", "lessons", 20, 30), (1, 1))
        assert again.total.tokens == 152


def test_request_that_a_kill_left_open_counts_as_lost(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path, prices=PRICES)
    ledger.reserve("m", "lessons", 300, 100)
    ledger.close()
    for _ in range(2):
        with Ledger(path) as again:
            assert again.total == Spent(
                lost=1, prompt_tokens=300, reply_tokens=100, usd=PRICES["m"].usd(300, 100)
            )


def test_line_that_was_being_written_is_taken_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path) as ledger:
        ledger.settle(ledger.reserve("m", "lessons", 300, 100), (7, 3))
    whole = path.read_bytes()
    for cut in (1, len(whole.splitlines(keepends=True)[1]) - 1):
        path.write_bytes(whole[:-cut])
        with Ledger(path) as again:
            # The settlement is torn, so the request counts at its worst: never less than was paid.
            assert again.total.tokens == 400
            again.settle(again.reserve("m", "lessons", 10, 10), (2, 2))
        with Ledger(path) as third:
            assert third.total.tokens == 404
    assert "not finished" in caplog.text


def test_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    for text in ("no JSON\n", "[1]\n", '{"settled": "unknown"}\n', '{"other": 1}\n'):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"ledger\.jsonl:1: "):
            Ledger(path)
        assert path.read_text() == text


def test_second_process_is_kept_out(tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="needs file locks")
    wanted = pytest.raises(ValueError, match="is being written by another process")
    with Ledger(tmp_path / "ledger.jsonl"), wanted:
        Ledger(tmp_path / "ledger.jsonl")
    Ledger(tmp_path / "ledger.jsonl").close()


def test_kept_answers_are_counted_and_cost_nothing() -> None:
    ledger = Ledger()
    ledger.count_kept("m", "lessons")
    assert ledger.total == Spent(kept=1)


def test_prices_are_given_by_hand_or_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(json.dumps({"m": [2, 8], "n": [0.5, 1]}))
    assert read_prices("2, 8", "m") == {"m": Price(2, 8)}
    assert read_prices(str(file), "m") == {"m": Price(2, 8), "n": Price(0.5, 1)}


@pytest.mark.parametrize("text", ["2", "2,8,9", "a,b", "-1,2", "nan,1", "no/such/file.json"])
def test_prices_that_are_none_are_refused_with_their_form(text: str) -> None:
    with pytest.raises(ValueError, match=r"IN,OUT in US dollars"):
        read_prices(text, "m")


@pytest.mark.parametrize("text", ["[1]", "no json", '{"m": 2}', '{"m": [1]}'])
def test_price_files_that_are_none_are_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"prices\.json"):
        read_prices(str(file), "m")


def test_budget_below_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0, got -1"):
        Budget(tokens=-1)


def test_a_file_that_cannot_be_written_any_more_leaves_nobody_waiting(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path / "ledger.jsonl", budget=Budget(tokens=10))
    first = ledger.reserve("m", "p", 5, 5)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(ledger.reserve, "m", "p", 1, 1)

        def full(file: JsonLines, record: dict[str, object]) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(JsonLines, "append", full)
        with pytest.raises(OSError, match="No space"):
            ledger.settle(first, (1, 1))
        with pytest.raises(OSError, match="No space"):
            waiting.result(timeout=5)
    assert ledger.total.tokens == 2
