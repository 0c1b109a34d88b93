"""HTTP responses that have to be there whole in time, however slowly their bytes come."""

import io
import socket
from http.client import HTTPResponse
from time import monotonic
from typing import Any


class TimedResponse(HTTPResponse):
    """A response for which the socket's timeout is that of the whole: status, headers and body.

    A socket's timeout is for one read, so that a server which sends a byte now and then, in a header or in
    the size of a chunk, would hold its client for hours.
    """

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp = io.BufferedReader(_TimedReader(sock, self.fp.detach(), monotonic() + seconds))


class _TimedReader(io.RawIOBase):
    """Reads a socket until a deadline (``time.monotonic``); then raises TimeoutError."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, deadline: float) -> None:
        super().__init__()
        self._sock = sock
        self._raw = raw
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
