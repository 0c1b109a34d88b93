import copy
import json
import multiprocessing
import pickle
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from search_servers import (
    Answer,
    Asked,
    Slow,
    echo,
    found,
    free_port,
    passages,
    scripted,
    serving,
    town_index,
)

from skill_gym.search import failover, search_client
from skill_gym.search.passages import LONGEST_QUERY, IndexInfo, RetrievalError
from skill_gym.search.remote import RemoteIndex
from skill_gym.search.server import create_app

pytest.importorskip("urllib3")
pytest.importorskip("fastapi")

QUERIES = ["mayor of Velmora", "Os3 river", "Höl Ostrin born", "", "nothing known here", "town", "!?", "1904"]


def texts(hits: list[list[Any]]) -> list[list[str]]:
    return [[hit.passage.id for hit in row] for row in hits]


@pytest.mark.parametrize("shape", ["auto", "batch", "single"])
def test_remote_index_finds_what_the_index_finds(shape: Any) -> None:
    index = town_index()
    with serving(create_app(index)) as url, RemoteIndex(url, shape=shape) as remote:
        assert remote.waits
        assert remote.search(QUERIES, 3) == index.search(QUERIES, 3)
        assert remote.search(QUERIES[::-1], 16) == index.search(QUERIES[::-1], 16)
        assert remote.search(QUERIES * 2, 3) == index.search(QUERIES * 2, 3)
        assert remote.search([], 3) == []
        assert remote.info() == index.info()
        huge = "Velmora " * 20_000
        assert remote.search([huge], 3) == index.search([huge], 3) != [[]]


def test_many_threads_get_their_own_answers_in_few_requests() -> None:
    index = Slow(town_index(), 0.01)
    words = [word for one in passages() for word in (one.title, one.text)]
    with serving(create_app(index)) as url, RemoteIndex(url, cache=0) as remote:

        def play(number: int) -> None:
            for turn in range(5):
                query = f"{words[(number * 5 + turn) % len(words)]} {number}"
                assert remote.search([query], 3) == index.inner.search([query], 3)

        with ThreadPoolExecutor(64) as threads:
            for each in [threads.submit(play, number) for number in range(64)]:
                each.result(timeout=60)
        assert remote.stats.queries >= 320
        assert remote.stats.requests < 320 / 5
        assert remote.stats.failures == 0


def test_answers_are_kept() -> None:
    with scripted(echo) as (url, seen), RemoteIndex(url, cache=2) as remote:
        assert texts(remote.search(["a", "b", "a"], 3)) == [["a"], ["b"], ["a"]]
        asked = len(seen)
        first = remote.search(["a", "b"], 3)
        first[0].clear()
        assert texts(remote.search(["a", "b"], 3)) == [["a"], ["b"]]
        assert len(seen) == asked
        remote.search(["a"], 2)
        assert len(seen) == asked + 1
        # The least recently used one went.
        remote.search(["b"], 3)
        assert len(seen) == asked + 1
        remote.search(["a"], 3)
        assert len(seen) == asked + 2
    with scripted(echo) as (url, seen), RemoteIndex(url, cache=0, shape="batch") as remote:
        remote.search(["a"], 3)
        remote.search(["a"], 3)
        assert len(seen) == 2


def only(shape: str) -> Any:
    """A server of one project: FastAPI refuses what its model lacks."""

    def answer(asked: Asked) -> Answer:
        key = "queries" if shape == "batch" else "query"
        if asked.method == "GET":
            return 404, {}, b'{"detail":"Not Found"}'
        if key not in json.loads(asked.body):
            return 422, {}, b'{"detail":[{"type":"missing","loc":["body","' + key.encode() + b'"]}]}'
        return echo(asked)

    return answer


@pytest.mark.parametrize("shape", ["batch", "single"])
def test_servers_of_either_project_are_understood(shape: str) -> None:
    with scripted(only(shape)) as (url, seen), RemoteIndex(f"{url}/retrieve") as remote:
        for _ in range(2):
            assert texts(remote.search(["a", "b", "c"], 3)) == [["a"], ["b"], ["c"]]
        assert texts(remote.search(["d"], 3)) == [["d"]]
        assert remote.info() == IndexInfo("remote", 0, "")
        refused = sum("queries" in json.loads(one.body) for one in seen) if shape == "single" else 0
        assert refused == (1 if shape == "single" else 0)
        assert all(one.path == "/retrieve" for one in seen)
        assert all(json.loads(one.body)["return_scores"] is True for one in seen)


def test_query_that_a_server_refuses_does_not_take_the_others_with_it() -> None:
    def picky(asked: Asked) -> Answer:
        if any("bad" in query for query in asked.queries):
            return 422, {}, b'{"error": "a bad query"}'
        return echo(asked)

    with scripted(picky) as (url, _), RemoteIndex(url) as remote:
        barrier = threading.Barrier(16)

        def ask(number: int) -> list[list[Any]]:
            barrier.wait()
            return remote.search([f"bad {number}" if number % 5 == 2 else f"good {number}"], 3)

        with ThreadPoolExecutor(16) as threads:
            asked = [threads.submit(ask, number) for number in range(16)]
        for number, each in enumerate(asked):
            if number % 5 == 2:
                error = each.exception()
                assert isinstance(error, RetrievalError)
                assert "a bad query" in str(error)
                assert "422" in str(error)
            else:
                assert texts(each.result()) == [[f"good {number}"]]
        assert remote.stats.failures == 0


GARBAGE: list[Answer] = [
    (200, {}, b"<html>proxy</html>"),
    (200, {}, b""),
    (200, {}, b'{"result": []}'),
    (200, {}, b'{"result": [[{"nothing": 1}]]}'),
    (200, {}, b'{"result": "Search error: connection refused"}'),
    (500, {}, b"Internal Server Error"),
    (502, {}, b""),
    (302, {"Location": "http://127.0.0.1:9/"}, b""),
    (404, {}, b'{"detail":"Not Found"}'),
    (401, {}, b"who are you"),
    (200, {"Content-Encoding": "gzip"}, b"not gzip at all"),
    (200, {"Content-Length": "1000"}, b'{"result": [[]]}'),
    None,
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_an_error_that_says_what_came(garbage: Answer) -> None:
    with scripted(lambda asked: garbage) as (url, seen), RemoteIndex(url, timeout=5, attempts=2) as remote:
        with pytest.raises(RetrievalError, match=f"no answer after .*{url}") as raised:
            remote.search(["a"], 3)
        assert len(seen) == remote.stats.requests == remote.stats.failures == 2
        if garbage is not None and garbage[0] != 200:
            assert f"answered {garbage[0]}" in str(raised.value)
        assert ("token=" in str(raised.value)) == (garbage is not None and garbage[0] == 401)


@pytest.mark.parametrize("garbage", GARBAGE)
def test_one_bad_answer_is_tried_again(garbage: Answer) -> None:
    answers = [garbage]
    answer = lambda asked: answers.pop() if answers else echo(asked)  # noqa: E731
    with scripted(answer) as (url, _), RemoteIndex(url, timeout=10) as remote:
        assert texts(remote.search(["a"], 3)) == [["a"]]


def test_fewer_passages_and_bare_documents_are_fine_and_more_are_cut() -> None:
    with scripted(lambda asked: found(["1"], [], ["1", "2", "3", "4"], scores=False)) as (url, _):
        remote = RemoteIndex(url, shape="batch")
        assert texts(remote.search(["a", "b", "c"], 2)) == [["1"], [], ["1", "2"]]


def test_nobody_there_is_told_with_the_address() -> None:
    url = f"http://127.0.0.1:{free_port()}/retrieve"
    start = time.monotonic()
    with pytest.raises(RetrievalError, match=f"{url}.*refused.*Check that the server runs"):
        RemoteIndex(url, attempts=2).search(["a"], 3)
    with pytest.raises(RetrievalError, match="refused"):
        RemoteIndex(url, attempts=2).info()
    assert time.monotonic() - start < 5


@contextmanager
def listening(talk: Any) -> Iterator[str]:
    """A server that takes connections and talks as it likes."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen(16)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    line, _ = bound.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(line, stop), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            stop.set()
            bound.shutdown(socket.SHUT_RDWR)


def silent(line: socket.socket, stop: threading.Event) -> None:
    stop.wait(20)
    line.close()


def slowly(start: bytes, again: bytes) -> Any:
    """A talk that begins like an answer and never gets to its end."""

    def talk(line: socket.socket, stop: threading.Event) -> None:
        try:
            line.sendall(start)
            while not stop.wait(0.05):
                line.sendall(again)
        except OSError:
            pass

    return talk


ENDLESS_HEADER = slowly(b"HTTP/1.1 200 OK\r\nServer: ", b"x")
ENDLESS_CHUNK_SIZE = slowly(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x")
ENDLESS_PROMISES = slowly(b"", b"HTTP/1.1 100 Continue\r\n\r\n")
DRIPPING = slowly(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" ")


@pytest.mark.parametrize(
    "talk", [silent, DRIPPING, ENDLESS_HEADER, ENDLESS_CHUNK_SIZE, ENDLESS_PROMISES], ids=range(5)
)
def test_slow_server_costs_the_timeout_and_no_more(talk: Any) -> None:
    with listening(talk) as url:
        remote = RemoteIndex(url, timeout=0.6, attempts=3)
        start = time.monotonic()
        with ThreadPoolExecutor(8) as threads:
            asked = [threads.submit(remote.search, [f"q{number}"], 3) for number in range(8)]
            errors = [each.exception(timeout=20) for each in asked]
        assert all(isinstance(error, RetrievalError) for error in errors)
        assert 0.4 < time.monotonic() - start < 3


def test_slow_server_is_passed_over_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_client, "PROBE_SECONDS", 0.1)
    with listening(silent) as slow, scripted(echo) as (good, _):
        remote = RemoteIndex([slow, good], timeout=1.0)
        for number in range(12):
            assert texts(remote.search([f"q{number}"], 3)) == [[f"q{number}"]]
        assert remote.stats.failures <= 3


def test_dead_server_is_passed_over_and_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failover, "FIRST_REST", 0.05)
    monkeypatch.setattr(failover, "LONGEST_REST", 0.2)
    port = free_port()
    with scripted(echo) as (good, good_seen):
        remote = RemoteIndex([f"http://127.0.0.1:{port}", good], cache=0)
        for number in range(20):
            assert texts(remote.search([f"q{number}"], 3)) == [[f"q{number}"]]
        assert remote.stats.failures == 3
        with scripted(echo, port) as (_, back_seen):
            time.sleep(0.5)
            before = len(good_seen)
            for number in range(20):
                assert texts(remote.search([f"q{number}"], 3)) == [[f"q{number}"]]
            assert len(back_seen) >= 9
            assert len(good_seen) - before <= 11


def test_server_that_restarts_is_waited_for() -> None:
    port = free_port()
    remote = RemoteIndex(f"http://127.0.0.1:{port}", cache=0, attempts=5)
    with scripted(echo, port):
        assert texts(remote.search(["a"], 3)) == [["a"]]
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(remote.search, [f"q{number}"], 3) for number in range(4)]
        time.sleep(0.4)
        with scripted(echo, port):
            assert [texts(each.result(timeout=20)) for each in asked] == [[[f"q{n}"]] for n in range(4)]


def test_retry_after_is_kept_to() -> None:
    times: list[float] = []

    def busy(asked: Asked) -> Answer:
        times.append(time.monotonic())
        return echo(asked) if len(times) > 1 else (503, {"Retry-After": "1"}, b'{"error": "loading"}')

    with scripted(busy) as (url, _), RemoteIndex(url) as remote:
        assert texts(remote.search(["a"], 3)) == [["a"]]
    assert 1 <= times[1] - times[0] < 5
    with scripted(lambda asked: (503, {"Retry-After": "600"}, b"")) as (url, seen):
        with pytest.raises(RetrievalError, match="503"):
            RemoteIndex(url).search(["a"], 3)
        assert len(seen) == 1
    assert search_client._seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 0
    assert search_client._seconds("soon") is None


def test_servers_of_different_corpora_are_not_mixed() -> None:
    def of(corpus: str) -> Any:
        def answer(asked: Asked) -> Answer:
            told = echo(asked)
            assert told is not None
            return told[0], {"X-Corpus": corpus}, told[2]

        return answer

    with scripted(of("aa")) as (one, _), scripted(of("bb")) as (other, _):
        remote = RemoteIndex([one, other], attempts=1)
        for number in range(6):
            assert texts(remote.search([f"q{number}"], 3)) == [[f"q{number}"]]
        assert remote.stats.failures == 3
    corpora = ["bb", "aa"]
    with scripted(lambda asked: of(corpora.pop())(asked)) as (url, _):
        remote = RemoteIndex(url, attempts=1, shape="batch")
        remote.search(["a"], 3)
        with pytest.raises(RetrievalError, match="the corpus bb, but aa was searched before"):
            remote.search(["b"], 3)


def test_token_is_sent() -> None:
    with serving(create_app(town_index(), token="secret")) as url:
        good = RemoteIndex(url, token="secret")
        assert good.search(["Velmora"], 3) == town_index().search(["Velmora"], 3)
        assert good.info().passages == 16
        for wrong in (None, "Secret", "sécret"):
            with pytest.raises(RetrievalError, match=r"401.*token="):
                RemoteIndex(url, token=wrong, attempts=1).search(["Velmora"], 3)
        assert "secret" not in repr(good)


@pytest.mark.parametrize("make", [copy.deepcopy, lambda index: pickle.loads(pickle.dumps(index))])
def test_copy_connects_anew(make: Any) -> None:
    with scripted(echo) as (url, _):
        remote = RemoteIndex(url, timeout=7, token="t", cache=0)
        remote.search(["a"], 3)
        other = make(remote)
        remote.close()
        assert texts(other.search(["b"], 3)) == [["b"]]
        assert other.urls == remote.urls
        assert other.stats.queries == 1
        with pytest.raises(RetrievalError, match="closed"):
            remote.search(["a"], 3)


def _search_in_child(remote: RemoteIndex, number: int, answers: Any) -> None:
    answers.put([texts(remote.search([f"child {number} {turn}"], 3)) for turn in range(50)])


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
def test_forked_processes_do_not_share_connections() -> None:
    context = multiprocessing.get_context("fork")
    with scripted(echo) as (url, _), RemoteIndex(url, cache=0, timeout=20) as remote:
        remote.search(["a"], 3)
        answers = context.Queue()
        children = [context.Process(target=_search_in_child, args=(remote, n, answers)) for n in range(3)]
        for child in children:
            child.start()
        for turn in range(50):
            assert texts(remote.search([f"parent {turn}"], 3)) == [[f"parent {turn}"]]
        told = sorted(answers.get(timeout=30) for _ in children)
        for child in children:
            child.join(20)
    assert told == [[[[f"child {n} {turn}"]] for turn in range(50)] for n in range(3)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"urls": "127.0.0.1:8000"}, "expected a URL such as"),
        ({"urls": "ftp://host/retrieve"}, "expected a URL such as"),
        ({"urls": "http://"}, "expected a URL such as"),
        ({"urls": []}, "at least one server"),
        ({"shape": "both"}, "shape must be"),
        ({"timeout": 0}, "timeout must be above 0"),
        ({"attempts": 0}, "attempts must be at least 1"),
        ({"max_batch": 0}, "max_batch must be at least 1"),
        ({"cache": -1}, "cache must be at least 0"),
    ],
)
def test_arguments_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RemoteIndex(**{"urls": "http://127.0.0.1:8000", **options})


def test_search_arguments_are_checked_and_paths_kept() -> None:
    with scripted(echo) as (url, seen):
        remote = RemoteIndex(f"{url}/v2/find?x=1")
        with pytest.raises(ValueError, match="k must be at least 1"):
            remote.search(["a"], 0)
        with pytest.raises(TypeError, match="list of queries"):
            remote.search("abc", 3)
        assert seen == []
        remote.search(["a" * (LONGEST_QUERY + 5), "\ud800"], 3)
        assert seen[0].path == "/v2/find?x=1"
        assert sorted({len(query) for one in seen for query in one.queries}) == [LONGEST_QUERY]


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "urllib3", None)
    with pytest.raises(ImportError, match=r"skill-gym\[search\]"):
        RemoteIndex("http://127.0.0.1:8000")
