"""Answers a question from the cache when it was answered before."""

import threading
from collections.abc import Callable

from skill_gym.skillbanks.teachers.answer_cache import AnswerCache
from skill_gym.skillbanks.teachers.around import Around
from skill_gym.skillbanks.teachers.chat import ChatModel, ChatReply, ChatRequest


class KeptAnswers(Around):
    """A chat model that asks another one only what it has not answered yet; failures are never kept.

    The same question from several threads at once is asked once.

    Args:
        model: Who answers.
        cache: Where answers are kept.
        variant: What else decides the answers, e.g. the effort of reasoning; part of the keys.
        on_kept: Called with each request that was answered from the cache.
    """

    def __init__(
        self,
        model: ChatModel,
        cache: AnswerCache,
        *,
        variant: str = "",
        on_kept: Callable[[ChatRequest], None] | None = None,
    ) -> None:
        super().__init__(model)
        self.cache = cache
        self.variant = variant
        self._on_kept = on_kept
        self._lock = threading.Lock()
        self._asked: dict[str, threading.Lock] = {}

    def complete(self, request: ChatRequest) -> ChatReply:
        """The kept answer, or a new one.

        Raises:
            TeacherError: The model's.
        """
        key = self._key(request)
        with self._lock:
            asked = self._asked.setdefault(key, threading.Lock())
        try:
            with asked:
                reply = self.cache.find(key)
                if reply is None:
                    reply = self.model.complete(request)
                    self.cache.keep(key, reply, purpose=request.purpose)
                elif self._on_kept is not None:
                    self._on_kept(request)
                return reply
        finally:
            with self._lock:
                self._asked.pop(key, None)

    def forget(self, request: ChatRequest) -> None:
        """Lets go of the answer to a request."""
        self.cache.forget(self._key(request))

    def _key(self, request: ChatRequest) -> str:
        return request.key(f"{self.name} {self.variant}".strip())
