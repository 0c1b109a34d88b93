import math
import threading
import time
from collections.abc import Callable, Iterable

import pytest

from skill_gym.skillbanks.teachers.chat import ChatReply, ChatRequest
from skill_gym.skillbanks.teachers.endpoint_error import wait_asked
from skill_gym.skillbanks.teachers.failed_try import FailedTry
from skill_gym.skillbanks.teachers.retries import Retrying, RetryRule

REQUEST = ChatRequest(messages=(), purpose="test")
GOOD = ChatReply(text="good")


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Scripted:
    """Fails as told, then answers."""

    name = "scripted"
    context_tokens = 1000

    def __init__(self, failures: Iterable[FailedTry]) -> None:
        self.failures = iter(failures)
        self.asked = 0

    def complete(self, request: ChatRequest) -> ChatReply:
        self.asked += 1
        for failure in self.failures:
            raise failure
        return GOOD


def busy(wait: float | None = None) -> FailedTry:
    return FailedTry("unavailable", "busy", passing=True, wait=wait)


def retrying(failures: Iterable[FailedTry], **rule: float) -> tuple[Retrying, Scripted, Clock]:
    model, clock = Scripted(failures), Clock()
    rules = RetryRule(**rule)  # type: ignore[arg-type]
    return Retrying(model, rules, seed=0, sleep=clock.sleep, clock=clock), model, clock


def test_failure_that_passes_is_tried_again_after_growing_spread_waits() -> None:
    chat, model, clock = retrying([busy()] * 4, first_wait=1.0)
    assert chat.complete(REQUEST) is GOOD
    assert (model.asked, chat.retries) == (5, 4)
    for failures, slept in enumerate(clock.slept):
        assert 2**failures / 2 <= slept < 2**failures
    assert len({slept / 2**n for n, slept in enumerate(clock.slept)}) == 4, "no jitter"


def test_waits_stop_growing() -> None:
    chat, _, clock = retrying([busy()] * 9, tries=10, longest_wait=5.0)
    chat.complete(REQUEST)
    assert max(clock.slept) <= 5


def test_failure_that_stays_is_not_tried_again() -> None:
    chat, model, clock = retrying([FailedTry("refused", "no")])
    with pytest.raises(FailedTry, match="refused: no"):
        chat.complete(REQUEST)
    assert (model.asked, clock.slept) == (1, [])


def test_tries_are_bounded_and_the_last_failure_comes_back() -> None:
    chat, model, _ = retrying((busy() for _ in iter(int, 1)), tries=3)
    with pytest.raises(FailedTry, match=r"unavailable: busy \(after 3 tries\)") as caught:
        chat.complete(REQUEST)
    assert (model.asked, caught.value.fault, caught.value.passing) == (3, "unavailable", True)


def test_wait_that_the_endpoint_asks_for_is_kept() -> None:
    chat, _, clock = retrying([busy(wait=30.0), busy(wait=0.0)])
    chat.complete(REQUEST)
    assert clock.slept[0] == 30
    assert 1 <= clock.slept[1] < 2


def test_longer_wait_than_the_bound_ends_the_request_and_is_named() -> None:
    chat, model, clock = retrying([busy(wait=3600.0)], longest_wait=100)
    with pytest.raises(FailedTry, match="asks to wait 3600 s, longer than 100 s") as caught:
        chat.complete(REQUEST)
    assert (model.asked, clock.slept, caught.value.wait) == (1, [], 3600)


def test_no_try_begins_after_the_deadline() -> None:
    chat, model, clock = retrying((busy(wait=40.0) for _ in iter(int, 1)), tries=100, deadline=100)
    with pytest.raises(FailedTry, match="not answered within 100 s"):
        chat.complete(REQUEST)
    assert (model.asked, clock.now) == (3, 80)


def test_wait_asked_of_one_request_holds_back_the_others() -> None:
    clock = Clock()

    class Model:
        name, context_tokens = "m", 10

        def __init__(self) -> None:
            self.at: list[float] = []

        def complete(self, request: ChatRequest) -> ChatReply:
            self.at.append(clock.now)
            if len(self.at) == 1:
                raise busy(wait=20.0)
            return GOOD

    model = Model()
    inner: list[Callable[[], ChatReply]] = []

    def sleep(seconds: float) -> None:
        # While the first request sleeps, a second one comes.
        if inner:
            inner.pop()()
        clock.sleep(seconds)

    chat = Retrying(model, sleep=sleep, clock=clock)
    inner.append(lambda: chat.complete(REQUEST))
    chat.complete(REQUEST)
    assert model.at[0] == 0
    assert min(model.at[1:]) >= 20


def test_dead_endpoint_costs_one_deadline_and_then_one_try_a_request() -> None:
    chat, model, clock = retrying((busy() for _ in range(200)), tries=6, first_wait=10, deadline=300)
    asked = []
    for _ in range(20):
        before = model.asked
        with pytest.raises(FailedTry):
            chat.complete(REQUEST)
        asked.append(model.asked - before)
    assert asked[0] > 1
    assert asked[5:] == [1] * 15
    assert clock.now < 1000
    model.failures = iter(())
    assert chat.complete(REQUEST) is GOOD
    model.failures = iter([busy()])
    assert chat.complete(REQUEST) is GOOD, "the endpoint is back, and so are the tries"


def test_closing_ends_the_waits() -> None:
    model = Scripted(busy(wait=60.0) for _ in iter(int, 1))
    chat = Retrying(model)
    ends: list[BaseException] = []

    def ask() -> None:
        with pytest.raises(FailedTry) as caught:
            chat.complete(REQUEST)
        ends.append(caught.value)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    while not model.asked:
        time.sleep(0.01)
    chat.close()
    for thread in threads:
        thread.join(5)
    assert len(ends) == 4


def test_many_threads_share_one_rule() -> None:
    lock, count = threading.Lock(), [0]

    class Model:
        name, context_tokens = "m", 10

        def complete(self, request: ChatRequest) -> ChatReply:
            with lock:
                count[0] += 1
                if count[0] % 2:
                    raise busy()
            return GOOD

    chat = Retrying(Model(), RetryRule(tries=50, first_wait=0.0))
    results: list[ChatReply] = []
    threads = [threading.Thread(target=lambda: results.append(chat.complete(REQUEST))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert results == [GOOD] * 16


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"RETRY-AFTER": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT"}, 30),
        ({"retry-after": "Wed, 21 Oct 2015 07:27:00 GMT"}, 0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    at = 1445412480.0  # Wed, 21 Oct 2015 07:28:00 GMT
    found = wait_asked(headers, now=at)
    assert found == seconds if seconds is None or found is None else math.isclose(found, seconds)


@pytest.mark.parametrize(
    "wrong", [{"tries": 0}, {"first_wait": -1}, {"longest_wait": -1}, {"deadline": float("nan")}]
)
def test_rules_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be at least"):
        RetryRule(**wrong)  # type: ignore[arg-type]
