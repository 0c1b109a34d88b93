"""Reads the answer of a chat-completions endpoint: what was said, or why nothing was."""

from typing import Any

from skill_gym.skillbanks.teachers.chat import ChatReply
from skill_gym.skillbanks.teachers.failed_try import FailedTry


def read_completion(body: Any, model: str) -> ChatReply:
    """What a model said.

    Args:
        body: The decoded answer, of any form.
        model: Who was asked, for an answer that does not name its model.

    Raises:
        FailedTry: ``refused`` (the model's refusal, a content filter) or ``invalid answer`` (no choices, no
            text). An answer with nothing in it passes; a refusal does not.
    """
    answer = body if isinstance(body, dict) else {}
    spent = _usage(answer.get("usage"))
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise FailedTry("invalid answer", "the endpoint's answer holds no choices", passing=True, spent=spent)
    reason = choice.get("finish_reason")
    if reason == "content_filter":
        raise FailedTry("refused", "a content filter stopped the answer", spent=spent)
    if message.get("refusal"):
        raise FailedTry("refused", f"the model refuses: {str(message['refusal'])[:300]}", spent=spent)
    text = message.get("content")
    if not isinstance(text, str) or not text.strip():
        # A model that thinks may have used up its tokens before it said a word; another try costs the same.
        used_up = reason == "length"
        why = "; it used up max_tokens before it said anything" if used_up else ""
        told = f"the endpoint's answer holds no text{why}"
        raise FailedTry("invalid answer", told, passing=not used_up, spent=spent)
    prompt_tokens, reply_tokens = spent or (0, 0)
    return ChatReply(
        text=_whole(text),
        prompt_tokens=prompt_tokens,
        reply_tokens=reply_tokens,
        finish_reason="length" if reason == "length" else "stop",
        model=_whole(str(answer.get("model") or model)),
    )


def _usage(usage: Any) -> tuple[int, int] | None:
    """Prompt and reply tokens as the endpoint counts them, None when it does not."""
    told = usage if isinstance(usage, dict) else {}
    prompt, reply = told.get("prompt_tokens"), told.get("completion_tokens")
    if isinstance(prompt, int) and isinstance(reply, int) and prompt >= 0 and reply >= 0:
        return prompt, reply
    return None


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can carry and no file can hold."""
    return text.encode("utf-8", "replace").decode()
