"""Stands in for a vLLM server on loopback: answers at once, notes what it was asked, may be told to fail."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from skill_gym.agents.models import load_tokenizer

Answer = tuple[int, Any]


class StandIn:
    """Answers like a vLLM server that was not started for training; ``answers`` replaces a path's answer."""

    def __init__(self, folder: Path, *, context: int = 256) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.keys: list[str | None] = []
        self.weights = "default"
        self.asleep: set[str] = set()
        self.answers: dict[str, Callable[[Any], Answer]] = {
            "/v1/models": lambda _: (200, {"data": [{"id": "served", "max_model_len": context}]}),
            "/tokenize": lambda body: (200, {"tokens": tokenizer(body["prompt"])["input_ids"]}),
            "/openapi.json": lambda _: (200, {"paths": {"/v1/completions": {}}}),
            "/health": lambda _: (200, {}),
            "/v1/completions": lambda body: (200, said(body)),
        }
        tokenizer = load_tokenizer(folder)
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length)) if length else None
                stand_in.asked.append((self.path, body))
                stand_in.keys.append(self.headers.get("Authorization"))
                unknown: Callable[[Any], Answer] = lambda _: (404, {"detail": "Not Found"})  # noqa: E731
                status, answer = stand_in.answers.get(self.path, unknown)(body)
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def open_for_training(self, *, enable_sleep_mode: bool = True) -> None:
        """From now on it loads weights, sleeps and wakes as the real one, whose sleep is that of a GPU."""

        def name(body: Any) -> Answer:
            self.weights = body["new_version"]
            return 200, {}

        def sleep(_: Any) -> Answer:
            self.asleep = {"weights", "kv_cache"}
            return 200, {"status": "sleeping"}

        def wake(part: str) -> Answer:
            self.asleep.discard(part)
            return 200, {"status": "sleeping" if self.asleep else "awake"}

        config = {"vllm_config": {"model_config": {"enable_sleep_mode": enable_sleep_mode}}}
        self.answers |= {
            "/collective_rpc": lambda _: (500 if "weights" in self.asleep else 200, {"results": [None]}),
            "/reset_prefix_cache": lambda _: (200, {"success": True}),
            "/update_weight_version": name,
            "/weight_info": lambda _: (200, {"weight_version": self.weights}),
            "/server_info?config_format=json": lambda _: (200, config),
            "/is_sleeping": lambda _: (200, {"is_sleeping": bool(self.asleep)}),
            "/sleep?level=1": sleep,
            "/sleep?level=2": sleep,
            "/wake_up?tags=weights": lambda _: wake("weights"),
            "/wake_up?tags=kv_cache": lambda _: wake("kv_cache"),
            "/v1/completions": lambda body: (500 if self.asleep else 200, said(body)),
        }

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def said(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    choice = {
        "text": "",
        "finish_reason": "stop",
        "prompt_token_ids": body["prompt"],
        "token_ids": [7, 2],
        "logprobs": {"token_logprobs": [-0.5, -0.25]},
        **changes,
    }
    return {"choices": [choice], "usage": {"prompt_tokens_details": None}}
