import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from reviewed_store import Visitor, make_store

from skill_gym.benchmarks.bank_page.serve_command import TOKEN
from skill_gym.benchmarks.cli import main
from skill_gym.skillbanks.store import BankStore

SECRET = "a-token-of-more-than-16"


@contextmanager
def served(*arguments: str | Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and the address that it prints."""
    command = [
        sys.executable,
        "-m",
        "skill_gym.benchmarks",
        "bank",
        "serve",
        *map(str, arguments),
        "--port",
        "0",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    try:
        assert process.stdout is not None
        found = re.search(r"open (http://\S+)", process.stdout.readline())
        assert found is not None, process.stderr and process.stderr.read()
        yield process, found[1].rstrip("/")
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_page_is_served_until_it_is_stopped_and_what_was_done_stays(
    tmp_path: Path, stop: signal.Signals
) -> None:
    path = make_store(tmp_path / "bank.skb")
    with served(path, "--actor", "Grace") as (process, address):
        assert Visitor(address).act("retire", ["gen_001"], "no use")[0] == 303
        process.send_signal(stop)
        _, errors = process.communicate(timeout=20)
        assert "Traceback" not in errors
    with BankStore.open(path) as store:
        assert store.blame("gen_001")[-1].actor == "Grace"


def test_read_only_page_changes_nothing(tmp_path: Path) -> None:
    path = make_store(tmp_path / "bank.skb")
    with served(path, "--read-only") as (_, address):
        visitor = Visitor(address)
        assert visitor.ask("/")[0] == 200
        assert visitor.ask("/act", {"action": "retire", "id": "gen_001", "reason": "x"})[0] == 403


def test_token_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    path = make_store(tmp_path / "bank.skb")
    secret = tmp_path / "token"
    secret.write_text(f"{SECRET}\n", encoding="utf-8")
    for arguments, environment in (((path,), {TOKEN: SECRET}), ((path, "--token-file", secret), {})):
        with served(*arguments, "--host", "0.0.0.0", **environment) as (_, address):
            visitor = Visitor(address.replace("0.0.0.0", "127.0.0.1"))
            assert visitor.ask("/")[0] == 303
            assert visitor.ask("/login", {"token": SECRET})[0] == 303
            assert visitor.ask("/")[0] == 200


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.skb"], "no bank store"),
        (["bank.skb", "--host", "0.0.0.0"], "a token is needed"),
        (["bank.skb", "--host", "192.0.2.1", "--token-file", "token"], "cannot listen"),
        (["token"], "no bank store"),
        (["bank.skb", "--port", "65536"], "port must be from 0 to 65535, got 65536"),
    ],
)
def test_what_cannot_be_served_ends_with_what_to_do(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    says: str,
) -> None:
    make_store(tmp_path / "bank.skb")
    (tmp_path / "token").write_text(SECRET * 100, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(TOKEN, raising=False)
    assert main(["bank", "serve", "--port", "0", *arguments]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "missing.skb").exists()
