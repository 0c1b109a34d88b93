import threading
from collections.abc import Callable

import pytest

from skill_gym.search import failover
from skill_gym.search.failover import RequestRefused, Server, ServerFailed, Servers
from skill_gym.search.passages import RetrievalError


class Clock:
    """Stands in for ``time``: sleeping moves it on."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(failover, "time", clock)
    return clock


class Fleet:
    """Three servers, some of them down; writes down who was asked and until when."""

    def __init__(self, clock: Clock, *, urls: str = "abc", attempts: int = 3, timeout: float = 30) -> None:
        self.clock = clock
        self.down: dict[str, Exception] = {}
        self.asked: list[str] = []
        self.latest: list[float] = []
        self.probed: list[str] = []
        self.seconds = 0.0
        self.servers = Servers(list(urls), None, self.is_well, attempts=attempts, timeout=timeout)

    def is_well(self, server: Server) -> bool:
        self.probed.append(server.url)
        return server.url not in self.down

    def ask(self, server: Server, deadline: float) -> str:
        self.asked.append(server.url)
        self.latest.append(deadline - self.clock.now)
        self.clock.now += self.seconds
        if error := self.down.get(server.url):
            raise error
        return server.url

    def go(self, seconds: float = 30) -> str:
        return self.servers.ask(self.ask, self.clock.now + seconds)


def test_servers_take_turns(clock: Clock) -> None:
    fleet = Fleet(clock)
    assert [fleet.go() for _ in range(6)] == list("abcabc")
    assert clock.pauses == []


def test_failure_is_tried_elsewhere_at_once(clock: Clock) -> None:
    fleet = Fleet(clock)
    fleet.down["a"] = ServerFailed("a is down")
    assert fleet.go() == "b"
    assert fleet.asked == ["a", "b"]
    assert clock.pauses == []
    # Half of the time is left for others, always.
    assert fleet.latest == [15, 15]


def test_all_down_is_given_up_after_rounds_with_growing_pauses(clock: Clock) -> None:
    fleet = Fleet(clock, urls="ab")
    fleet.down = {url: ServerFailed(f"{url} is down") for url in "ab"}
    with pytest.raises(RetrievalError, match=r"no answer after \d\.\d s: . is down. Check that") as raised:
        fleet.go()
    assert not isinstance(raised.value, ServerFailed)
    assert sorted(fleet.asked) == list("aaabbb")
    assert len(clock.pauses) == 2
    assert 0.25 <= clock.pauses[0] <= 0.75
    assert 1 <= clock.pauses[1] <= 3
    assert fleet.latest[-1] == pytest.approx(30 - sum(clock.pauses))


def test_many_attempts_last_until_the_deadline(clock: Clock) -> None:
    fleet = Fleet(clock, urls="a", attempts=50, timeout=6)
    fleet.down["a"] = ServerFailed("a is down")
    with pytest.raises(RetrievalError):
        fleet.go(6)
    assert 103.5 < clock.now <= 106
    assert max(clock.pauses) <= 1.5 * 1.5
    assert len(fleet.asked) + len(fleet.probed) >= 4


def test_deadline_ends_the_attempts(clock: Clock) -> None:
    fleet = Fleet(clock, urls="a")
    fleet.down["a"] = ServerFailed("a is slow")
    fleet.seconds = 0.9
    with pytest.raises(RetrievalError, match="a is slow"):
        fleet.go(1.0)
    assert fleet.asked == ["a"]
    assert clock.now <= 101


def test_refusal_is_final_and_no_failure(clock: Clock) -> None:
    fleet = Fleet(clock)
    fleet.down = {url: RequestRefused("too long", 413) for url in "abc"}
    for _ in range(9):
        with pytest.raises(RequestRefused, match="too long"):
            fleet.go()
    assert len(fleet.asked) == 9
    assert all(server.failures == 0 for server in fleet.servers.all)


def test_server_that_keeps_failing_rests_and_comes_back(clock: Clock) -> None:
    fleet = Fleet(clock)
    fleet.down["a"] = ServerFailed("a is down")
    for _ in range(30):
        fleet.go()
    # Asked three times, then left alone.
    assert fleet.asked.count("a") == 3
    assert fleet.probed == []
    rests = []
    for _ in range(8):
        start = clock.now
        known = len(fleet.probed)
        while len(fleet.probed) == known:
            clock.now += 0.01
            fleet.go()
        rests.append(clock.now - start)
    assert fleet.asked.count("a") == 3
    # Each rest is twice as long as the last, give or take a quarter, up to the longest.
    assert 0.3 < rests[0] < 0.75
    assert 3 < rests[3] < 6
    assert rests[-1] < 7.5 * 1.3
    del fleet.down["a"]
    clock.now += 15
    assert {fleet.go() for _ in range(3)} == set("abc")
    known = len(fleet.probed)
    assert [fleet.go() for _ in range(30)].count("a") == 10
    assert len(fleet.probed) == known


def test_only_server_is_waited_for_while_it_rests(clock: Clock) -> None:
    fleet = Fleet(clock, urls="a")
    fleet.down["a"] = ServerFailed("a is down")
    with pytest.raises(RetrievalError):
        fleet.go()
    assert fleet.servers.all[0].resting_until > clock.now
    del fleet.down["a"]
    assert fleet.go() == "a"
    assert fleet.probed == ["a"]


def test_only_server_that_stays_away_is_given_up_in_time(clock: Clock) -> None:
    fleet = Fleet(clock, urls="a")
    fleet.down["a"] = ServerFailed("a is down")
    for _ in range(10):
        start = clock.now
        with pytest.raises(RetrievalError, match=r"a is down|not back yet|failed before and rest"):
            fleet.go(5)
        assert clock.now - start <= 5


def test_search_that_begins_in_a_rest_outlasts_it(clock: Clock) -> None:
    fleet = Fleet(clock, urls="a", timeout=4)
    fleet.down["a"] = ServerFailed("a is down")
    for _ in range(10):
        probes = len(fleet.probed)
        with pytest.raises(RetrievalError):
            fleet.go(4)
        assert len(fleet.asked) == 3 or len(fleet.probed) > probes
    fleet.down = {}
    assert fleet.go(4) == "a"


def test_retry_after_is_kept_to(clock: Clock) -> None:
    fleet = Fleet(clock, urls="a")
    fleet.down["a"] = ServerFailed("busy", retry_after=4.0)
    start = clock.now
    with pytest.raises(RetrievalError, match="busy"):
        fleet.go(6)
    assert fleet.asked == ["a", "a"]
    assert clock.pauses[0] == pytest.approx(4.0)
    assert clock.now - start < 6
    clock.now += 100
    fleet.down = {}
    fleet.go()
    fleet.down["a"] = ServerFailed("closed for today", retry_after=3600.0)
    with pytest.raises(RetrievalError, match="closed for today"):
        fleet.go()
    assert len(clock.pauses) == 1


def test_server_that_asks_for_ages_is_asked_again_after_a_minute(clock: Clock) -> None:
    fleet = Fleet(clock, urls="a")
    fleet.down["a"] = ServerFailed("busy", retry_after=float("inf"))
    with pytest.raises(RetrievalError, match="busy"):
        fleet.go()
    fleet.down = {}
    clock.now += 61
    assert fleet.go() == "a"


def test_one_thread_probes_while_the_others_go_on() -> None:
    probing, go = threading.Event(), threading.Event()

    def is_well(server: Server) -> bool:
        probing.set()
        return go.wait(20)

    servers = Servers(["a", "b"], None, is_well, attempts=1, timeout=30)
    servers.all[0].rests = servers.all[0].failures = 3
    ask: Callable[[Server, float], str] = lambda server, deadline: server.url  # noqa: E731
    later = failover.time.monotonic() + 60
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(servers.ask(ask, later)))
    thread.start()
    assert probing.wait(20)
    assert [servers.ask(ask, later) for _ in range(5)] == ["b"] * 5
    go.set()
    thread.join(20)
    assert found == ["a"]
    assert {servers.ask(ask, later) for _ in range(2)} == {"a", "b"}


def test_interrupt_leaves_no_server_in_a_probe(clock: Clock) -> None:
    fleet = Fleet(clock, urls="a")
    fleet.servers.all[0].rests = 1

    def interrupted(server: Server, deadline: float) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fleet.servers.ask(interrupted, clock.now + 30)
    clock.now += 60
    assert fleet.go() == "a"
