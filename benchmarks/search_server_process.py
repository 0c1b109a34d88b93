"""A search server in a process of its own, on a generated world, that can be killed and started again."""

import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from types import TracebackType

from skill_gym.search.generator import GeneratorConfig, generated_world
from skill_gym.search.passages import Hit, IndexInfo, PassageIndex

SPLIT = "generated"
STARTS_WITHIN = 60.0


class Delayed:
    """An index whose searches take some time more, however many queries they hold, as an encoder's do."""

    waits = False

    def __init__(self, inner: PassageIndex, seconds: float) -> None:
        self._inner = inner
        self._seconds = seconds

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """Searches after the delay."""
        time.sleep(self._seconds)
        return self._inner.search(queries, k)

    def info(self) -> IndexInfo:
        """Of the index inside."""
        return self._inner.info()


class ServerProcess:
    """Serves the world's passages on a free port of the loopback address.

    Args:
        questions: How many questions the world has (they decide how many passages there are).
        delay: Seconds that each search takes more.
        gather: Whether the server searches for several requests at once.
    """

    def __init__(self, questions: int, delay: float = 0.0, *, gather: bool = True) -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            self.port = bound.getsockname()[1]
        arguments = (self.port, questions, delay, int(gather))
        self._command = [sys.executable, "-m", __name__, *map(str, arguments)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where passages are retrieved."""
        return f"http://127.0.0.1:{self.port}/retrieve"

    def start(self) -> None:
        """Starts it and waits until it is well.

        Raises:
            RuntimeError: It ended or did not answer in time.
        """
        self._process = subprocess.Popen(self._command)
        latest = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < latest and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the search server at port {self.port} did not start; see what it wrote")

    def kill(self) -> None:
        """Kills it without notice (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> "ServerProcess":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class Outages:
    """Kills a server and starts it again, in a thread.

    Args:
        server: Which one.
        up: Seconds between its start and its end.
        down: Seconds between its end and its next start, one for each kill.

    Attributes:
        kills: How often so far.
    """

    def __init__(self, server: ServerProcess, up: float, down: Sequence[float]) -> None:
        self._server = server
        self._up, self._down = up, down
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self.kills = 0

    def __enter__(self) -> "Outages":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        for seconds in self._down:
            if self._stop.wait(self._up):
                return
            self._server.kill()
            self.kills += 1
            self._stop.wait(seconds)
            self._server.start()


def main(port: int, questions: int, delay: float, gather: bool) -> None:
    """Serves until it is ended."""
    from skill_gym.search.server import run

    index = generated_world(SPLIT, GeneratorConfig(), questions).index
    run(Delayed(index, delay) if delay else index, port=port, gather=gather)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4] == "1")
