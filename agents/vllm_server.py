"""Speaks HTTP with a vLLM server: completions by token ids, and new weights through its reload path."""

import contextlib
import http.client
import json
import os
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from skill_gym.agents.policy import PolicyError

START = (
    "VLLM_SERVER_DEV_MODE=1 python -m vllm.entrypoints.openai.api_server --model FOLDER "
    "--generation-config vllm"
)
"""How such a server is started; the variable opens the paths by which weights are loaded."""
START_FOR_ADAPTERS = "VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 and --enable-lora --max-lora-rank RANK"
"""What lets it take adapters while it runs."""
START_FOR_SLEEP = "--enable-sleep-mode"
"""What lets it give its GPU memory up."""


class ServerRefusal(PolicyError):
    """The server does not take the request; it is well."""


class ServerFailure(PolicyError):
    """The server cannot be reached, did not answer in time or failed inside."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """What a server serves.

    Attributes:
        name: Under which it is asked for.
        context_length: In tokens, reply included.
    """

    name: str
    context_length: int


class Exchange:
    """One question under way, which may be cut off from another thread: vLLM then stops generating."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: http.client.HTTPConnection | None = None
        self.is_cut = False

    def use(self, connection: http.client.HTTPConnection | None) -> None:
        """The connection that ``cut`` closes."""
        with self._lock:
            self._connection = connection

    def cut(self) -> None:
        """Closes the connection; whoever waits at it gets a ``ServerFailure``."""
        with self._lock:
            self.is_cut = True
            found = None if self._connection is None else self._connection.sock
            if found is not None:
                # Closing alone would not wake the thread that reads.
                with contextlib.suppress(OSError):
                    found.shutdown(socket.SHUT_RDWR)


class VLLMServer:
    """A server's address and what can be asked of it.

    Args:
        url: Of the server, with or without ``/v1``.
        timeout: Seconds for one answer.
        api_key_variable: Environment variable with the server's key, if it wants one; never shown.

    Raises:
        PolicyError: The address is not one.
    """

    def __init__(self, url: str, *, timeout: float = 600.0, api_key_variable: str = "VLLM_API_KEY") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PolicyError(
                f"expected the address of a vLLM server such as http://10.0.0.5:8000, got {url!r}"
            )
        self.url = f"{parts.scheme}://{parts.netloc}"
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._root = parts.path.rstrip("/").removesuffix("/v1")
        self._timeout = timeout
        self._key_variable = api_key_variable

    def model(self) -> ServedModel:
        """The model that is served.

        Raises:
            ServerFailure: There is no such server.
        """
        found = self._ask("GET", "/v1/models")["data"][0]
        return ServedModel(str(found["id"]), int(found["max_model_len"]))

    def names(self) -> frozenset[str]:
        """Names of the model and of its adapters that are loaded."""
        return frozenset(str(each["id"]) for each in self._ask("GET", "/v1/models")["data"])

    def is_healthy(self) -> bool:
        """Whether it answers, and its engine lives."""
        try:
            self._send("GET", "/health", timeout=10.0)
        except (ServerFailure, ServerRefusal):
            return False
        return True

    def tokenize(self, model: str, text: str) -> tuple[int, ...]:
        """A text's tokens by the server's tokenizer."""
        body = {"model": model, "prompt": text, "add_special_tokens": False}
        return tuple(self._ask("POST", "/tokenize", body)["tokens"])

    def complete(self, body: Mapping[str, Any], exchange: Exchange) -> Mapping[str, Any]:
        """An answer of ``/v1/completions``.

        Raises:
            ServerRefusal: The server does not take the request.
            ServerFailure: It failed, or the exchange was cut.
        """
        answer: Mapping[str, Any] = self._ask("POST", "/v1/completions", body, exchange=exchange)
        return answer

    def weights_name(self) -> str | None:
        """Name of the weights that answer; None for a server that tells none."""
        try:
            return str(self._ask("GET", "/weight_info")["weight_version"])
        except ServerRefusal:
            return None

    def load_weights(self, folder: Path, name: str) -> None:
        """Has the server read weights from a folder and forget the prefixes of the old ones.

        Args:
            folder: With safetensors, on a path that the server sees.
            name: What ``weights_name`` gives from then on.

        Raises:
            PolicyError: It cannot, or was not started for it.
        """
        try:
            self._send(
                "POST",
                "/collective_rpc",
                {"method": "reload_weights", "kwargs": {"weights_path": str(folder)}},
            )
            emptied = self._ask("POST", "/reset_prefix_cache")
            self._send("POST", "/update_weight_version", {"new_version": name})
        except ServerRefusal as error:
            raise PolicyError(
                f"the vLLM server at {self.url} does not load weights ({error}); start it as {START}"
            ) from error
        if not emptied["success"]:
            raise PolicyError(
                f"the vLLM server at {self.url} did not give up its prefix cache; others use it, and their "
                "replies would come from old keys and values"
            )

    def takes_adapters(self) -> bool:
        """Whether it was started for adapters that come while it runs."""
        return "/v1/load_lora_adapter" in self._ask("GET", "/openapi.json")["paths"]

    def load_adapter(self, folder: Path, name: str) -> None:
        """Has the server read a LoRA adapter, which is then asked for like a model.

        Args:
            folder: As peft writes it, on a path that the server sees.
            name: Of no adapter that is loaded.

        Raises:
            PolicyError: It does not take the adapter.
        """
        try:
            self._send("POST", "/v1/load_lora_adapter", {"lora_name": name, "lora_path": str(folder)})
        except ServerRefusal as error:
            raise PolicyError(
                f"the vLLM server at {self.url} does not take the adapter ({error}); start it with "
                f"{START_FOR_ADAPTERS}"
            ) from error

    def forget_adapter(self, name: str) -> None:
        """Takes an adapter out of the server."""
        self._send("POST", "/v1/unload_lora_adapter", {"lora_name": name})

    def gives_memory_up(self) -> bool:
        """Whether it was started so that its GPU memory is free while it sleeps."""
        config = self._ask("GET", "/server_info?config_format=json")["vllm_config"]
        return bool(config["model_config"]["enable_sleep_mode"])

    def is_asleep(self) -> bool:
        """Whether it has to be woken before it answers.

        Raises:
            PolicyError: It cannot sleep.
        """
        try:
            return bool(self._ask("GET", "/is_sleeping")["is_sleeping"])
        except ServerRefusal as error:
            raise PolicyError(
                f"the vLLM server at {self.url} cannot sleep ({error}); start it as {START} {START_FOR_SLEEP}"
            ) from error

    def sleep(self, *, keep_weights: bool) -> None:
        """Has it give up the memory of its cache and its weights, until it is woken.

        Args:
            keep_weights: In its machine's memory; else they are lost.
        """
        self._send("POST", f"/sleep?level={1 if keep_weights else 2}")

    def wake(self, part: Literal["weights", "kv_cache"]) -> None:
        """Gives a part its memory back; it answers when it has both. Does nothing to a part that is awake."""
        self._send("POST", f"/wake_up?tags={part}")

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        exchange: Exchange | None = None,
    ) -> Any:
        said = self._send(method, path, body, exchange=exchange)
        try:
            return json.loads(said)
        except ValueError as error:
            raise ServerFailure(
                f"{self.url}{path} does not answer like a vLLM server: {said[:100]!r}"
            ) from error

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        exchange: Exchange | None = None,
        timeout: float | None = None,
    ) -> bytes:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=timeout or self._timeout)
        headers = {"Content-Type": "application/json"}
        key = os.environ.get(self._key_variable)
        if key:
            headers["Authorization"] = f"Bearer {key}"
        try:
            connection.connect()
            if exchange is not None:
                exchange.use(connection)
                if exchange.is_cut:
                    raise ServerFailure("the request was taken back")
            payload = None if body is None else json.dumps(body).encode()
            connection.request(method, self._root + path, payload, headers)
            response = connection.getresponse()
            status, said = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise ServerFailure(f"the vLLM server at {self.url} cannot be reached: {reason}") from error
        finally:
            if exchange is not None:
                exchange.use(None)
            connection.close()
        if status >= 400:
            text = f"the vLLM server at {self.url} answered {status} to {path}: {_reason(said)}"
            raise ServerFailure(text) if status >= 500 else ServerRefusal(text)
        return said


def _reason(said: bytes) -> str:
    """The message of an error's answer, or its beginning."""
    try:
        answer = json.loads(said)
        return str(answer["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return said[:300].decode(errors="replace")
