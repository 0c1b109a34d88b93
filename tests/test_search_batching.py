import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from skill_gym.search.batching import Batcher, NoAnswer
from skill_gym.search.passages import RetrievalError


class Line:
    """What a batcher sends its requests to: answers a key with its double, when it is let."""

    def __init__(self) -> None:
        self.sent: list[list[int]] = []
        self.go = threading.Semaphore(0)
        self.arrived = threading.Semaphore(0)

    def __call__(self, keys: list[int], deadline: float) -> Sequence[int | RetrievalError]:
        self.sent.append(keys)
        self.arrived.release()
        assert self.go.acquire(timeout=20)
        return [RetrievalError(f"no {key}") if key < 0 else 2 * key for key in keys]


def later(seconds: float = 20) -> float:
    return time.monotonic() + seconds


def until(holds: Callable[[], bool]) -> None:
    latest = later()
    while not holds():
        assert time.monotonic() < latest
        time.sleep(0.002)


def test_what_arrives_during_a_request_goes_into_the_next() -> None:
    line = Line()
    batcher: Batcher[int, int] = Batcher(line, lambda: (1, 100))
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(batcher.get, [0], later())
        assert line.arrived.acquire(timeout=20)
        others = [threads.submit(batcher.get, [number, number + 1], later()) for number in range(1, 11)]
        until(lambda: len(batcher._queue) == 11)
        assert line.sent == [[0]]
        line.go.release()
        assert first.result() == [0]
        line.go.release()
        assert [each.result() for each in others] == [[2 * n, 2 * n + 2] for n in range(1, 11)]
    # Doubles were sent once.
    assert len(line.sent) == 2
    assert sorted(line.sent[1]) == list(range(1, 12))
    assert not batcher._open
    assert not batcher._queue


def test_key_under_way_is_joined_and_asked_again_once_it_is_answered() -> None:
    line = Line()
    batcher: Batcher[int, int] = Batcher(line, lambda: (5, 5))
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(batcher.get, [7, 7], later()) for _ in range(3)]
        assert line.arrived.acquire(timeout=20)
        until(lambda: len(batcher._open) == 1 and len(batcher._open[7].waiting) == 3)
        line.go.release()
        assert [each.result() for each in asked] == [[14, 14]] * 3
    line.go.release()
    assert batcher.get([7], later()) == [14]
    assert line.sent == [[7], [7]]


def test_error_reaches_who_asked_for_it_and_no_one_else() -> None:
    line = Line()
    batcher: Batcher[int, int] = Batcher(line, lambda: (1, 100))
    with ThreadPoolExecutor(4) as threads:
        threads.submit(batcher.get, [0], later())
        assert line.arrived.acquire(timeout=20)
        good = threads.submit(batcher.get, [1, 2], later())
        bad = [threads.submit(batcher.get, [1, -5], later()) for _ in range(2)]
        until(lambda: len(batcher._queue) == 3 and len(batcher._queue[1].waiting) == 3)
        line.go.release(2)
        assert good.result() == [2, 4]
        errors = [each.exception() for each in bad]
    assert [str(error) for error in errors] == ["no -5"] * 2
    assert errors[0] is not errors[1]


@pytest.mark.parametrize("error", [RetrievalError("gone"), KeyboardInterrupt()])
def test_request_that_fails_fails_for_all_and_leaves_nothing_behind(error: BaseException) -> None:
    entered, go = threading.Event(), threading.Event()
    failing = [True]

    def ask(keys: list[int], deadline: float) -> list[int]:
        if failing:
            entered.set()
            assert go.wait(20)
            raise error
        return keys

    batcher: Batcher[int, int] = Batcher(ask, lambda: (1, 10))
    raised: list[BaseException] = []

    def send() -> None:
        try:
            batcher.get([1], later())
        except BaseException as found:  # noqa: BLE001
            raised.append(found)

    sender, other = threading.Thread(target=send), threading.Thread(target=send)
    sender.start()
    assert entered.wait(20)
    other.start()
    until(lambda: len(batcher._open[1].waiting) == 2)
    go.set()
    sender.join(20)
    other.join(20)
    assert len(raised) == 2
    assert sum(isinstance(each, type(error)) for each in raised) >= 1
    assert sum(isinstance(each, RetrievalError) for each in raised) >= 1
    failing.clear()
    assert batcher.get([1, 2], later()) == [1, 2]


def test_who_waits_too_long_leaves_and_is_not_sent_for() -> None:
    line = Line()
    batcher: Batcher[int, int] = Batcher(line, lambda: (1, 100))
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(batcher.get, [0], later())
        assert line.arrived.acquire(timeout=20)
        start = time.monotonic()
        with pytest.raises(TimeoutError):
            batcher.get([1, 0], later(0.05))
        assert 0.04 < time.monotonic() - start < 5
        patient = threads.submit(batcher.get, [2], later())
        until(lambda: list(batcher._queue) == [2])
        line.go.release(2)
        assert (first.result(), patient.result()) == ([0], [4])
    assert line.sent == [[0], [2]]


def test_who_has_more_time_than_the_sender_is_sent_for_again() -> None:
    asked: list[tuple[list[int], float]] = []
    entered, go = threading.Event(), threading.Event()

    def ask(keys: list[int], deadline: float) -> list[int]:
        asked.append((keys, deadline))
        if len(asked) == 1:
            entered.set()
            assert go.wait(20)
            raise NoAnswer("too late for the sender")
        return keys

    batcher: Batcher[int, int] = Batcher(ask, lambda: (1, 10))
    hasty, patient = later(20), later(40)
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(batcher.get, [1], hasty)
        assert entered.wait(20)
        joined = threads.submit(batcher.get, [1, 2], patient)
        alike = threads.submit(batcher.get, [3], patient)
        until(lambda: len(batcher._open) == 3 and len(batcher._open[1].waiting) == 2)
        go.set()
        assert isinstance(first.exception(20), NoAnswer)
        assert joined.result(20) == [1, 2]
        assert alike.result(20) == [3]
    # The sender's own deadline holds for what it sends, so that nobody is late for others' sake.
    assert asked == [([1], hasty), ([1, 2, 3], patient)]
    assert not batcher._open
    assert not batcher._queue


def test_failure_reaches_those_whose_time_is_up_as_well() -> None:
    entered, go = threading.Event(), threading.Event()

    def ask(keys: list[int], deadline: float) -> list[int]:
        entered.set()
        assert go.wait(20)
        raise NoAnswer("the server is gone")

    batcher: Batcher[int, int] = Batcher(ask, lambda: (1, 10))
    deadline = later()
    with ThreadPoolExecutor(5) as threads:
        asked = [threads.submit(batcher.get, [1], deadline + number / 10) for number in range(5)]
        assert entered.wait(20)
        until(lambda: len(batcher._open[1].waiting) == 5)
        go.set()
        assert [str(each.exception(20)) for each in asked] == ["the server is gone"] * 5
    assert not batcher._open


def test_many_keys_of_one_thread_go_in_pieces() -> None:
    sent: list[list[int]] = []

    def ask(keys: list[int], deadline: float) -> list[int]:
        sent.append(keys)
        return keys

    batcher: Batcher[int, int] = Batcher(ask, lambda: (1, 4))
    assert batcher.get(list(range(10)), later()) == list(range(10))
    assert sent == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert batcher.get([], later()) == []


@pytest.mark.parametrize(("lanes", "most"), [(1, 1), (1, 128), (2, 5), (7, 1), (4, 128)])
def test_many_threads_all_get_their_own_answers(lanes: int, most: int) -> None:
    dice = random.Random(lanes)
    under_way, highest, sizes = 0, 0, []
    lock = threading.Lock()

    def ask(keys: list[int], deadline: float) -> list[int | RetrievalError]:
        nonlocal under_way, highest
        with lock:
            under_way += 1
            highest = max(highest, under_way)
            sizes.append(len(keys))
        time.sleep(0.001)
        with lock:
            under_way -= 1
        return [RetrievalError(str(key)) if key % 13 == 0 else key * key for key in keys]

    batcher: Batcher[int, int] = Batcher(ask, lambda: (lanes, most))

    def play(keys: list[int]) -> None:
        for place in range(0, len(keys), 3):
            wanted = keys[place : place + 3]
            bad = [str(key) for key in wanted if key % 13 == 0]
            if bad:
                with pytest.raises(RetrievalError) as raised:
                    batcher.get(wanted, later())
                assert str(raised.value) in bad
            else:
                assert batcher.get(wanted, later()) == [key * key for key in wanted]

    with ThreadPoolExecutor(32) as threads:
        for each in [threads.submit(play, [dice.randrange(500) for _ in range(30)]) for _ in range(32)]:
            each.result(timeout=60)
    assert highest <= lanes
    assert max(sizes) <= most
    if most == 128:
        assert sum(sizes) / len(sizes) > 2
    else:
        assert highest == lanes
    assert not batcher._open
    assert not batcher._idle
