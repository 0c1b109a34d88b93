"""Serves the page of a bank until SIGTERM or Ctrl-C."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skill_gym.benchmarks.bank_page.app import create_app
from skill_gym.benchmarks.bank_page.guard import is_loopback
from skill_gym.skillbanks.store import BankStore

GRACE_SECONDS = 5
"""How long requests under way may take after a request to stop."""

BUSY_S = 5.0
"""How long an action waits for another writer before the reviewer is told."""


def serve(
    path: str | Path,
    host: str = "127.0.0.1",
    port: int = 8765,
    *,
    token: str | None = None,
    actor: str = "",
    read_only: bool = False,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serves until SIGTERM or Ctrl-C; requests under way are answered first.

    Args:
        path: A store; it must be there.
        host: Address to listen at.
        port: Port to listen at; 0 for a free one.
        token: See ``create_app``.
        actor: See ``create_app``.
        read_only: Whether to show only.
        ready: Called with the page's address once it can be opened.

    Raises:
        ValueError: Another host than the loopback without a token, or no such port.
        StoreError: The store cannot be opened.
        OSError: The address is taken.
        ImportError: FastAPI or uvicorn is not installed.
    """
    if token is None and not is_loopback(host):
        raise ValueError(
            f"{host} may be reached from elsewhere, so a token is needed: give one that visitors log in "
            "with, or listen at 127.0.0.1"
        )
    if not 0 <= port <= 65535:
        raise ValueError(f"port must be from 0 to 65535, got {port}; 0 takes a free one")
    uvicorn = _uvicorn()
    # Opened for reading first: a mistyped path must not become a new store.
    BankStore.open(path).close()
    with BankStore.open(path, write=not read_only, busy_s=BUSY_S) as store:
        app = create_app(store, token=token, actor=actor)
        config = uvicorn.Config(
            app, access_log=False, log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS,
            server_header=False, date_header=False, lifespan="off",
        )  # fmt: skip
        with _listening(host, port) as listener:
            if ready is not None:
                ready(f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/")
            uvicorn.Server(config).run(sockets=[listener])
        app.state.listing.close()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise OSError(
            f"cannot listen at {host}, port {port} ({error}); choose another with --port"
        ) from error


def _uvicorn() -> Any:
    try:
        import uvicorn
    except ImportError:
        raise ImportError('the page of a bank needs uvicorn: pip install "skill-gym[page]"') from None
    return uvicorn
