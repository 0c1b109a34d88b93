"""Records what a model said, and plays it back exactly: for tests and for runs that are repeated."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from skill_gym.skillbanks.teacher import Fault, TeacherError
from skill_gym.skillbanks.teachers.around import Around
from skill_gym.skillbanks.teachers.chat import ChatModel, ChatReply, ChatRequest, KeepsAnswers
from skill_gym.skillbanks.teachers.json_lines import JsonLines, read_object

FORMAT = 1
_HEADER = frozenset({"recording", "model", "context_tokens"})


class NotRecorded(TeacherError):
    """A recording was asked for something that it does not hold."""


class Recorder(Around):
    """A chat model that writes down what another one says, failures included.

    Args:
        model: Who answers.
        path: JSON-lines file; one that is there already is added to, if it is of the same model.

    Raises:
        ValueError: The file is no recording, of another model, or in use.
    """

    def __init__(self, model: ChatModel, path: str | Path) -> None:
        super().__init__(model)
        self._lock = threading.Lock()
        self._file = JsonLines(Path(path))
        header = {"recording": FORMAT, "model": model.name, "context_tokens": model.context_tokens}
        if not self._file.earlier:
            self._file.append(header)
        elif self._file.earlier[0] != header:
            self._file.close()
            raise ValueError(
                f"{path} is no recording of {model.name}: it begins with {self._file.earlier[0]}"
            )
        self._recorded: dict[str, list[ChatReply | tuple[Fault, str]]] = defaultdict(list)
        self._times: dict[str, int] = defaultdict(int)
        for key, said in _answers(self._file.earlier, Path(path)):
            self._recorded[key].append(said)

    def complete(self, request: ChatRequest) -> ChatReply:
        """Asks and writes down.

        Raises:
            TeacherError: The model's, written down, too.
        """
        try:
            reply = self.model.complete(request)
        except TeacherError as error:
            message = str(error).removeprefix(f"{error.fault}: ")
            self._write(request, {"fault": error.fault, "message": message})
            raise
        said = {
            "text": reply.text,
            "prompt_tokens": reply.prompt_tokens,
            "reply_tokens": reply.reply_tokens,
            "finish_reason": reply.finish_reason,
            "model": reply.model,
        }
        self._write(request, said)
        return reply

    def forget(self, request: ChatRequest) -> None:
        """Passed on to a model that keeps answers; the recording keeps what was said."""
        if isinstance(self.model, KeepsAnswers):
            self.model.forget(request)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _write(self, request: ChatRequest, said: dict[str, Any]) -> None:
        key = request.key(self.name)
        with self._lock:
            recorded, turn = self._recorded[key], self._times[key]
            self._times[key] += 1
            # A run that goes on gets its first answers from the cache: they stand here already.
            if recorded[turn : turn + 1] != [_said(said)]:
                recorded.append(_said(said))
                self._file.append({"key": key, "purpose": request.purpose, "said": said})


class Replay:
    """A chat model that says what was recorded, and nothing else.

    The same question gets its answers in the order in which they were recorded, the last one again and
    again. A failure is played back only for a question that was never answered.

    Args:
        path: The recording.

    Raises:
        ValueError: The file is no recording.
        OSError: It cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        held = self.path.read_bytes()
        # What a kill left of the last line is no answer.
        lines = held[: held.rfind(b"\n") + 1].splitlines()
        records = [read_object(line, f"{path}:{number}") for number, line in enumerate(lines, 1)]
        header = records[0] if records else {}
        if not header.keys() >= _HEADER or header["recording"] != FORMAT:
            raise ValueError(f"{path} is no recording of format {FORMAT}; make one with --record {path}")
        self._name = str(header["model"])
        self._context_tokens = int(header["context_tokens"])
        self._lock = threading.Lock()
        self._said: dict[str, list[ChatReply | tuple[Fault, str]]] = defaultdict(list)
        self._times: dict[str, int] = defaultdict(int)
        for key, said in _answers(records, self.path):
            self._said[key].append(said)

    @property
    def name(self) -> str:
        """Of the model that was recorded."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """Of the model that was recorded."""
        return self._context_tokens

    def complete(self, request: ChatRequest) -> ChatReply:
        """What was said to the request.

        Raises:
            NotRecorded: Nothing was.
            TeacherError: The failure that was recorded.
        """
        key = request.key(self.name)
        with self._lock:
            said = self._said.get(key, [])
            replies = [each for each in said if isinstance(each, ChatReply)]
            turn = self._times[key]
            self._times[key] += 1
        if replies:
            return replies[min(turn, len(replies) - 1)]
        for each in said[-1:]:
            if not isinstance(each, ChatReply):
                raise TeacherError(*each)
        asked = request.messages[-1].content[:80] if request.messages else ""
        raise NotRecorded(
            "unavailable",
            f"{self.path} holds no answer to this request for {request.purpose or 'no purpose'} ({asked!r}"
            "...); the questions have changed since, record them anew with --record",
        )


def _answers(
    records: list[dict[str, Any]], path: Path
) -> Iterator[tuple[str, ChatReply | tuple[Fault, str]]]:
    """The keys and what was said; the header is left out."""
    for number, record in enumerate(records[1:], 2):
        try:
            yield str(record["key"]), _said(record["said"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}:{number}: no recorded answer ({error!r}); record it anew") from None


def _said(said: dict[str, Any]) -> ChatReply | tuple[Fault, str]:
    if "fault" in said:
        if said["fault"] not in get_args(Fault):
            raise ValueError(f"unknown fault {said['fault']!r}")
        return said["fault"], str(said["message"])
    return ChatReply(**said, cached=True)
