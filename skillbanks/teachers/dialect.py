"""What an endpoint takes of a chat request, learned from its own words and remembered."""

import json
import logging
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from skill_gym.skillbanks.teachers.answer_form import FORMS, Form, in_words, response_format
from skill_gym.skillbanks.teachers.chat import ChatRequest
from skill_gym.skillbanks.teachers.endpoint_error import EndpointError

logger = logging.getLogger(__name__)

_LENGTH = ("max_tokens", "max_completion_tokens")

_OURS = frozenset({*_LENGTH, "messages", "model", "n", "response_format", "stream"})
_MAY_GO = ("temperature", "seed", "top_p")


class Dialect:
    """The fields of requests to one model behind one endpoint.

    What the endpoint declines is given up, with a warning, for all further requests: ``max_tokens`` for
    ``max_completion_tokens`` or the reverse, ``temperature``, ``seed``, ``top_p``. A schema that it refuses
    is asked for in the next weaker form (see ``FORMS``), for that schema only.

    Args:
        model: For the log.
        length_field: The field that bounds an answer, to begin with.
        options: Further fields of each request; they win over ours.

    Attributes:
        concessions: What was given up -> how often; a weaker form counts with each answer in it.

    Raises:
        ValueError: An option would break the budget's bound or the form of the answer.
    """

    def __init__(self, model: str, length_field: str, options: Mapping[str, Any]) -> None:
        if ours := sorted(_OURS & options.keys()):
            raise ValueError(f"{', '.join(ours)}: set by each question, not by an option; leave it out")
        self.model = model
        self.concessions: Counter[str] = Counter()
        self._length_field = length_field
        self._options = dict(options)
        self._left_out: set[str] = set()
        self._forms: dict[str, Form] = {}
        self._lock = threading.Lock()

    def fields(self, request: ChatRequest, form: Form) -> dict[str, Any]:
        """The body of a request, without the model."""
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        wanted: dict[str, Any] = {
            "temperature": request.temperature,
            "seed": request.seed,
            "top_p": None if request.top_p == 1.0 else request.top_p,
        }
        if request.schema is not None:
            if form in ("object", "words"):
                messages[-1]["content"] += f"\n\n{in_words(request.schema)}"
            wanted["response_format"] = response_format(form, request.schema, request.schema_name)
        with self._lock:
            taken = {k: v for k, v in wanted.items() if v is not None and k not in self._left_out}
            return {"messages": messages, self._length_field: request.max_tokens, **taken, **self._options}

    def concede(self, sent: Mapping[str, Any], error: EndpointError) -> bool:
        """Gives up a field that the endpoint declines.

        Args:
            sent: The fields of the request.
            error: What the endpoint says about it.

        Returns:
            Whether the next request will be another one, so that a new try makes sense.
        """
        declined = [field for field in (*_LENGTH, *_MAY_GO) if field in sent and error.declines(field)]
        with self._lock:
            # What the user asked for in so many words is not given up.
            field = next((each for each in declined if each not in self._options), None)
            if field is None:
                return False
            if field in self._left_out:
                # Another thread has learned it since this request was sent.
                return True
            told = f"no {field}"
            if field in _LENGTH:
                other = _LENGTH[1 - _LENGTH.index(field)]
                if other in self._left_out:
                    return False
                self._length_field = other
                told = f"{other} for {field}"
            self._left_out.add(field)
            self.concessions[told] += 1
        logger.warning("%s takes %s: %s", self.model, told, error.message)
        return True

    def form(self, request: ChatRequest) -> Form:
        """In which form the answer is asked for."""
        with self._lock:
            return self._forms.get(_key(request), FORMS[0])

    def weaker(self, request: ChatRequest, form: Form, error: EndpointError) -> Form | None:
        """The next form to try after a refusal; None when it was not the form's fault, or the last form."""
        place = FORMS.index(form) + 1
        if request.schema is None or place == len(FORMS) or not error.about_form:
            return None
        weaker = FORMS[place]
        logger.warning(
            "%s refuses the form %r of %s: %s; asked as %r",
            self.model,
            form,
            request.schema_name,
            error.message,
            weaker,
        )
        return weaker

    def remember(self, request: ChatRequest, form: Form) -> None:
        """Takes note of a form that was answered.

        Only an answer settles it: a request that is bad for another reason must not weaken the others.
        """
        if request.schema is None:
            return
        with self._lock:
            self._forms[_key(request)] = form
            if form != FORMS[0]:
                self.concessions[f"form {form}"] += 1


def _key(request: ChatRequest) -> str:
    return json.dumps(request.schema, sort_keys=True)
