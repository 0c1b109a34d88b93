"""The action ``skill-gym bank serve``: a local page on a store, to read and to decide."""

import argparse
import os
from pathlib import Path

from skill_gym.benchmarks.store_command import user

TOKEN = "SKILL_GYM_BANK_TOKEN"
"""Name of the environment variable with the token; on the command line other users could read it."""


def add_action(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the action."""
    serve = actions.add_parser(
        "serve",
        help="a local page to read, search, compare, and to approve, reject, merge, retire or restore",
        description="Serves a page on a store until Ctrl-C. Every action there is an event with a reason. On "
        f"another address than the loopback visitors log in with a token ({TOKEN} or --token-file).",
    )
    serve.add_argument("store", type=Path, help="the store's file")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen at (%(default)s)")
    serve.add_argument("--port", type=int, default=8765, help="port, 0 for a free one (%(default)s)")
    serve.add_argument("--token-file", type=Path, metavar="FILE", help="a file with the token")
    serve.add_argument("--actor", default=user(), help="who acts unless a form says other (%(default)s)")
    serve.add_argument("--read-only", action="store_true", help="show only")
    serve.set_defaults(run=run_serve)


def run_serve(options: argparse.Namespace) -> int:
    """Serves the page."""
    from skill_gym.benchmarks.bank_page.server import serve

    token = os.environ.get(TOKEN) or None
    if options.token_file is not None:
        token = options.token_file.read_text(encoding="utf-8").strip()
    serve(
        options.store,
        options.host,
        options.port,
        token=token,
        actor=options.actor,
        read_only=options.read_only,
        ready=lambda address: print(f"{options.store}: open {address} (Ctrl-C ends)", flush=True),
    )
    return 0
