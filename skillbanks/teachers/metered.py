"""Writes every request to a model into the ledger, and sends none that the budget does not allow."""

import json
import logging

from skill_gym.skillbanks.teachers.answer_form import strict_schema
from skill_gym.skillbanks.teachers.around import Around
from skill_gym.skillbanks.teachers.chat import ChatModel, ChatReply, ChatRequest
from skill_gym.skillbanks.teachers.failed_try import FailedTry
from skill_gym.skillbanks.teachers.ledger import Ledger

logger = logging.getLogger(__name__)

_OF_TEMPLATE = 256
_OF_MESSAGE = 16


class Metered(Around):
    """A chat model whose requests are counted, each single try of them.

    Args:
        model: Who answers.
        ledger: Counts; may be shared by several models.
    """

    def __init__(self, model: ChatModel, ledger: Ledger) -> None:
        super().__init__(model)
        self.ledger = ledger
        self._told = False

    def complete(self, request: ChatRequest) -> ChatReply:
        """Asks within the budget.

        Raises:
            TeacherError: ``over budget``, before anything is sent; or the model's.
        """
        reservation = self.ledger.reserve(
            self.name, request.purpose, most_prompt_tokens(request), request.max_tokens
        )
        # Whatever is raised from here on, an interrupt included, may have been charged.
        spent: tuple[int, int] | None = None
        try:
            reply = self.model.complete(request)
            spent = self._spent(request, reply)
            return reply
        except FailedTry as error:
            spent = error.spent
            raise
        finally:
            self.ledger.settle(reservation, spent)

    def _spent(self, request: ChatRequest, reply: ChatReply) -> tuple[int, int]:
        if reply.prompt_tokens or reply.reply_tokens:
            return reply.prompt_tokens, reply.reply_tokens
        if not self._told:
            self._told = True
            logger.warning(
                "%s does not say how many tokens a request had; it is counted at the most it can have had",
                self.name,
            )
        return most_prompt_tokens(request), min(request.max_tokens, len(reply.text.encode()))


def most_prompt_tokens(request: ChatRequest) -> int:
    """The most tokens that a request can have, whatever the tokenizer.

    A token stands for at least one byte. Three to four is usual, so this is several times too much: it is
    set aside for the time of the request only.
    """
    schema = 0
    if request.schema is not None:
        # The strict form names each property once more.
        schema = max(len(json.dumps(each)) for each in (request.schema, strict_schema(request.schema)))
    written = sum(len(message.content.encode()) + _OF_MESSAGE for message in request.messages)
    return written + schema + _OF_TEMPLATE
