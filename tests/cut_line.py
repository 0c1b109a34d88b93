"""A line to a server that can be cut, as when the server dies, and put up again."""

import contextlib
import socket
import threading


class CutLine:
    """Passes on what comes in at ``url`` to a port of this machine, until it is cut."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._at = 0
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.put_up()
        self.url = f"http://127.0.0.1:{self._at}"

    def put_up(self) -> None:
        """Takes connections, under the same address as before."""
        listening = socket.create_server(("127.0.0.1", self._at), backlog=64)
        self._at = listening.getsockname()[1]
        self._open = [listening]
        threading.Thread(target=self._listen, args=(listening,), daemon=True).start()

    def cut(self) -> None:
        """Ends all connections and refuses further ones."""
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
            self._open.clear()

    def _listen(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                with self._lock:
                    self._open += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=_pass_on, args=ends, daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while said := source.recv(65536):
            target.sendall(said)
        target.shutdown(socket.SHUT_WR)
