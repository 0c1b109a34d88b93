import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from search_servers import Slow, free_port, serving, town_index

from skill_gym.search import server
from skill_gym.search.passages import Hit, PassageIndex
from skill_gym.search.server import create_app, run

pytest.importorskip("fastapi")


def say(url: str, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any, Any]:
    """Status, body (parsed where it is JSON) and headers."""
    line = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        line.request(method, path, body, headers)
        answer = line.getresponse()
        text = answer.read()
        is_json = answer.headers.get("Content-Type") == "application/json"
        return answer.status, json.loads(text) if is_json else text.decode(), answer.headers
    finally:
        line.close()


def post(url: str, data: object, **headers: str) -> tuple[int, Any]:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return say(url, "POST", "/retrieve", body, **headers)[:2]


def test_both_shapes_are_answered_in_order_and_never_padded() -> None:
    index = town_index()
    queries = ["mayor of Velmora", "zzz", "Os3 river"]
    wanted = [
        [
            {"document": {"id": p.id, "title": p.title, "contents": p.contents}, "score": score}
            for p, score in hits
        ]
        for hits in index.search(queries, 5)
    ]
    with serving(create_app(index)) as url:
        batch = {"queries": queries, "topk": 5, "return_scores": True}
        assert post(url, batch) == (200, {"result": wanted})
        bare = [[item["document"] for item in row] for row in wanted]
        for count in (1, 2, 3):
            data = {"queries": queries[:count], "topk": 5}
            assert post(url, data) == (200, {"result": bare[:count]})
        for number, query in enumerate(queries):
            assert post(url, {"query": query, "topk": 5}) == (200, {"result": [wanted[number]]})
        assert post(url, {"queries": []}) == (200, {"result": []})
        assert post(url, {"query": ""}) == (200, {"result": [[]]})
        (default,) = post(url, {"query": "mayor"})[1]["result"]
        assert len(default) == 3
        assert wanted[1] == []
        assert b"\\u" not in server.wire.answer_body(index.search(["mayor"], 3), True)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "not JSON"),
        (b"queries=a", 400, "not JSON"),
        (b"\xff\xfe", 400, "not JSON"),
        (b"[" * 5000, 400, "not JSON"),
        (b"[]", 422, "expected a JSON object"),
        (b"{}", 422, "got neither"),
        (b'{"query": "a", "queries": ["b"]}', 422, "got both"),
        (b'{"queries": "a"}', 422, "must be a list"),
        (b'{"queries": [1]}', 422, "must be a text"),
        (b'{"query": null}', 422, "must be a text"),
        (b'{"query": "a", "topk": 0}', 422, "from 1 to 100"),
        (b'{"query": "a", "topk": 101}', 422, "from 1 to 100"),
        (b'{"query": "a", "topk": "3"}', 422, "from 1 to 100"),
        (b'{"query": "a", "return_scores": "yes"}', 422, "true or false"),
        (json.dumps({"query": "a" * 51}).encode(), 413, "may have 50 characters, got one of 51"),
        (json.dumps({"queries": ["a"] * 5}).encode(), 413, "at most 4 queries go into one request, got 5"),
        (b" " * 10_000, 413, "longer than"),
    ],
)
def test_bad_requests_are_told_why_and_harm_no_one(body: bytes, status: int, message: str) -> None:
    with serving(create_app(town_index(), max_query_chars=50, max_batch=4)) as url:
        got, told = post(url, body)
        assert got == status
        assert list(told) == ["error"]
        assert message in told["error"]
        assert post(url, {"queries": ["Velmora"] * 4})[0] == 200


def test_other_paths_and_methods_are_told_what_there_is() -> None:
    with serving(create_app(town_index())) as url:
        for method, path, status in [
            ("GET", "/", 404), ("POST", "/search", 404), ("GET", "/retrieve", 405), ("POST", "/health", 405),
        ]:  # fmt: skip
            got, told, _ = say(url, method, path)
            assert got == status
            assert f"no {method} {path}" in told["error"]
            assert "POST /retrieve" in told["error"]


def test_health_info_and_metrics_tell_how_it_fares() -> None:
    index = town_index()
    with serving(create_app(index, max_batch=4)) as url:
        assert say(url, "GET", "/health")[:2] == (200, {"status": "ok"})
        info = say(url, "GET", "/info")[1]
        assert (info["engine"], info["passages"], info["corpus"]) == index.info()
        assert (info["max_batch"], info["max_topk"]) == (4, 100)
        body = json.dumps({"queries": ["Velmora", "Ostrin"]}).encode()
        assert say(url, "POST", "/retrieve", body)[2]["X-Corpus"] == index.info().corpus
        post(url, {"query": "Velmora"})
        post(url, b"{")
        text = say(url, "GET", "/metrics")[1]
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert lines['search_requests_total{shape="batch",status="200"}'] == "1.0"
    assert lines['search_requests_total{shape="single",status="200"}'] == "1.0"
    assert lines['search_requests_total{shape="unknown",status="400"}'] == "1.0"
    assert lines["search_queries_total"] == "3.0"
    assert lines["search_request_seconds_count"] == "3.0"
    assert lines["search_batch_queries_sum"] == "3.0"


def test_requests_that_arrive_during_a_search_are_searched_together() -> None:
    index = Slow(town_index(), 0.2)
    with serving(create_app(index, max_batch=64)) as url, ThreadPoolExecutor(20) as threads:
        first = threads.submit(post, url, {"query": "Velmora"})
        while not index.asked:
            time.sleep(0.005)
        others = [threads.submit(post, url, {"query": f"Os{n % 8} {n}", "topk": 2}) for n in range(12)]
        odd = threads.submit(post, url, {"queries": ["Ostrin", "Norvale"], "topk": 1})
        assert first.result()[0] == 200
        for number, each in enumerate(others):
            wanted = index.inner.search([f"Os{number % 8} {number}"], 2)
            ids = [item["document"]["id"] for item in each.result()[1]["result"][0]]
            assert ids == [hit.passage.id for hit in wanted[0]]
        ids = [[document["id"] for document in row] for row in odd.result()[1]["result"]]
        assert (
            ids
            == [["001"], ["006"]]
            == [[hit.passage.id for hit in row] for row in index.inner.search(["Ostrin", "Norvale"], 1)]
        )
    # One search has one number of passages, so that no list has to be cut.
    assert len(index.asked) <= 6
    assert all(k in (1, 2, 3) for _, k in index.asked)
    assert max(len(queries) for queries, _ in index.asked) >= 6


def test_requests_are_searched_for_alone_if_so_wished() -> None:
    index = Slow(town_index(), 0.02)
    with serving(create_app(index, gather=False)) as url, ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(post, url, {"queries": [f"Velmora {n}", "b"]}) for n in range(8)]
        assert all(each.result()[0] == 200 for each in asked)
    assert [len(queries) for queries, _ in index.asked] == [2] * 8


def test_more_than_it_takes_on_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_WAITING", 3)
    index = Slow(town_index(), 0.3)
    with serving(create_app(index, max_batch=8)) as url, ThreadPoolExecutor(12) as threads:
        asked = [threads.submit(post, url, {"query": "Velmora"}) for _ in range(12)]
        statuses = [each.result()[0] for each in asked]
        assert set(statuses) == {200, 503}
        assert 3 <= statuses.count(200) <= 6
        assert post(url, {"queries": ["Velmora"] * 8})[0] == 200
        text = say(url, "GET", "/metrics")[1]
    assert f'search_requests_total{{shape="single",status="503"}} {statuses.count(503)}.0' in text


class Broken(Slow):
    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        if "break" in queries:
            raise OSError("the disk is gone")
        found = super().search(queries, k)
        return found[:-1] if "lose" in queries else found


@pytest.mark.parametrize("word", ["break", "lose"])
def test_index_that_fails_is_500_and_no_empty_list(word: str) -> None:
    with serving(create_app(Broken(town_index()))) as url:
        status, told = post(url, {"queries": ["Velmora", word]})
        assert status == 500
        assert "the index failed" in told["error"]
        assert "result" not in told
        assert post(url, {"query": "Velmora"})[0] == 200


def test_loading_is_503_until_the_index_is_open() -> None:
    go = threading.Event()

    def load() -> PassageIndex:
        assert go.wait(20)
        return town_index()

    with serving(create_app(load)) as url:
        for method, path in (("GET", "/health"), ("GET", "/info"), ("POST", "/retrieve")):
            status, told, headers = say(url, method, path, b'{"query": "Velmora"}')
            assert status == 503
            assert "loading" in told["error"]
            assert headers["Retry-After"] == "1"
        assert post(url, b"{}")[0] == 422
        go.set()
        while say(url, "GET", "/health")[0] != 200:
            time.sleep(0.01)
        assert post(url, {"query": "Velmora"})[0] == 200


def test_index_that_cannot_be_opened_stops_the_server(caplog: pytest.LogCaptureFixture) -> None:
    def load() -> PassageIndex:
        raise FileNotFoundError("no corpus here")

    with pytest.raises(FileNotFoundError, match="no corpus here"):
        run(load, port=free_port())
    (told,) = [record for record in caplog.records if record.name == server.__name__]
    assert "could not be opened: no corpus here" in told.getMessage()
    assert not told.exc_info
    with serving(create_app(load)) as url:
        while "loading" in say(url, "GET", "/health")[1]["error"]:
            time.sleep(0.01)
        status, answer = post(url, {"query": "Velmora"})
        assert status == 503
        assert "no corpus here" in answer["error"]


def test_token_guards_all_but_health() -> None:
    with serving(create_app(town_index(), token="secret")) as url:
        assert say(url, "GET", "/health")[0] == 200
        for method, path in (("GET", "/info"), ("GET", "/metrics"), ("POST", "/retrieve")):
            for sent in ("", "Bearer", "Bearer secre", "Bearer secret ", "secret", "Bearer s\xe9cret"):
                headers = {"Authorization": sent} if sent else {}
                status, told, _ = say(url, method, path, b'{"query": "a"}', **headers)
                if sent != "Bearer secret ":  # blanks at the end are no part of a header
                    assert status == 401, (path, sent)
                    assert "secret" not in told["error"]
            assert say(url, method, path, b'{"query": "a"}', Authorization="Bearer secret")[0] == 200


@pytest.mark.parametrize("port", [-1, 0, 70_000])
def test_port_is_checked(port: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to 65535, got {port}"):
        run(town_index(), port=port)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_other_hosts_need_a_token(host: str) -> None:
    with pytest.raises(ValueError, match=r"token is needed.*127\.0\.0\.1"):
        run(town_index(), host)
    with pytest.raises(ValueError, match="the token is empty"):
        run(town_index(), host, token=" ")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_loopback_needs_none(host: str) -> None:
    assert server._is_loopback(host)


SERVE = """
import sys, time
from skill_gym.search.server import run
from search_servers import Slow, town_index
run(Slow(town_index(), float(sys.argv[2])), port=int(sys.argv[1]))
"""


def started(port: int, seconds: float) -> "subprocess.Popen[bytes]":
    """A server in a process of its own, up and running."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(port), str(seconds)], env=env)
    latest = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < latest
            time.sleep(0.05)


def test_sigterm_lets_requests_under_way_end() -> None:
    port = free_port()
    process = started(port, 1.0)
    url = f"http://127.0.0.1:{port}"
    try:
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(post, url, {"query": "Velmora"})
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            status, told = asked.result()
        assert status == 200
        assert told["result"][0][0]["document"]["id"] == "000"
        assert process.wait(20) in (0, -signal.SIGTERM)
        with pytest.raises(OSError):
            post(url, {"query": "Velmora"})
    finally:
        process.kill()
        process.wait()


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(ImportError, match=r"needs fastapi: pip install \"skill-gym\[search\]\""):
        create_app(town_index())
