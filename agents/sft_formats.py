"""The file formats of supervised training: LLaMA-Factory's two, TRL's two, and weighted chat lines."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from skill_gym.agents.demonstration_play import Demonstration
from skill_gym.agents.sft_examples import SftExample, Unit

FormatName = Literal["chat", "alpaca", "sharegpt", "trl", "trl_completion"]
Row = Mapping[str, Any]


class FormatError(ValueError):
    """A row is not what its format wants; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class SftFormat:
    """How examples become rows of a file, and come back.

    Attributes:
        name: Also the file's: ``train.<name>.json`` or ``.jsonl``.
        suffix: ``.json`` is one list of rows, ``.jsonl`` one row a line.
        rows: The rows of an example; none where the format cannot say what is not to be learnt.
        episode: A row as prompts and replies.
        registration: What ``dataset_info.json`` says of its columns; None where LLaMA-Factory has no use for
            it.
    """

    name: FormatName
    suffix: Literal[".json", ".jsonl"]
    rows: Callable[[SftExample], Iterator[dict[str, Any]]]
    episode: Callable[[Row], Demonstration]
    registration: Mapping[str, Any] | None = None


def _messages(episode: Demonstration, turns: int | None = None) -> list[dict[str, Any]]:
    pairs = zip(episode.prompts[:turns], episode.replies[:turns], strict=True)
    return [
        {"role": role, "content": text}
        for prompt, reply in pairs
        for role, text in (("user", prompt), ("assistant", reply))
    ]


def _chat_rows(example: SftExample) -> Iterator[dict[str, Any]]:
    """Messages; ``weight`` 0 marks a reply that is read but not learnt, as in OpenAI's files."""
    episode = example.episode
    messages = _messages(episode)
    for message, learn in zip(messages[1::2], episode.learn, strict=True):
        message["weight"] = int(learn)
    meta: dict[str, Any] = {
        "task_id": episode.task_id,
        "task_key": episode.task_key,
        "task_type": episode.task_type,
        "turn": example.turn,
        "skills": example.skills,
        "skill_ids": list(episode.skill_ids),
        "cited": list(example.cited),
    }
    if any(episode.admissible):
        meta["admissible"] = [list(commands) for commands in episode.admissible]
    yield {"messages": messages, "meta": meta}


def _chat_episode(row: Row) -> Demonstration:
    prompts, replies = _pairs(row.get("messages"), "role", "content", "user", "assistant")
    answers = [message for message in row["messages"] if message["role"] == "assistant"]
    meta = row.get("meta") or {}
    return Demonstration(
        str(meta.get("task_id", "")),
        str(meta.get("task_type", "")),
        prompts,
        replies,
        tuple(bool(message.get("weight", 1)) for message in answers),
        tuple(tuple(commands) for commands in meta.get("admissible", [()] * len(replies))),
        str(meta.get("task_key", "")),
        tuple(meta.get("skill_ids", ())),
    )


def _alpaca_rows(example: SftExample) -> Iterator[dict[str, Any]]:
    """Instruction and output; earlier turns are the history, whose answers LLaMA-Factory learns, too."""
    if not example.clean:
        return
    episode = example.episode
    row: dict[str, Any] = {"instruction": episode.prompts[-1], "input": "", "output": episode.replies[-1]}
    earlier = list(zip(episode.prompts[:-1], episode.replies[:-1], strict=True))
    if example.unit == "transcript":
        row["history"] = [list(pair) for pair in earlier]
    yield row


def _alpaca_episode(row: Row) -> Demonstration:
    _has(row, "instruction", "output")
    history = row.get("history") or []
    prompt = "\n".join(text for text in (row["instruction"], row.get("input", "")) if text)
    prompts = (*(str(pair[0]) for pair in history), prompt)
    return _all_learnt(prompts, (*(str(pair[1]) for pair in history), row["output"]))


def _sharegpt_rows(example: SftExample) -> Iterator[dict[str, Any]]:
    """A conversation, all of whose ``gpt`` turns LLaMA-Factory learns."""
    if not example.clean:
        return
    names = {"user": "human", "assistant": "gpt"}
    said = _messages(example.episode)
    yield {"conversations": [{"from": names[one["role"]], "value": one["content"]} for one in said]}


def _sharegpt_episode(row: Row) -> Demonstration:
    return _all_learnt(*_pairs(row.get("conversations"), "from", "value", "human", "gpt"))


def _trl_rows(example: SftExample) -> Iterator[dict[str, Any]]:
    """A conversation for ``SFTConfig(assistant_only_loss=True)``, which learns every assistant turn."""
    if example.clean:
        yield {"messages": _messages(example.episode)}


def _trl_episode(row: Row) -> Demonstration:
    return _all_learnt(*_pairs(row.get("messages"), "role", "content", "user", "assistant"))


def _completion_rows(example: SftExample) -> Iterator[dict[str, Any]]:
    """Prompt and completion: one row a reply to learn, whatever else was said before it."""
    for turn, learn in enumerate(example.episode.learn):
        if learn:
            said = _messages(example.episode, turn + 1)
            yield {"prompt": said[:-1], "completion": said[-1:]}


def _completion_episode(row: Row) -> Demonstration:
    _has(row, "prompt", "completion")
    said = [*row["prompt"], *row["completion"]]
    prompts, replies = _pairs(said, "role", "content", "user", "assistant")
    learn = (*(False for _ in replies[1:]), True)
    return Demonstration("", "", prompts, replies, learn, tuple(() for _ in replies))


FORMATS: Mapping[FormatName, SftFormat] = {
    "chat": SftFormat("chat", ".jsonl", _chat_rows, _chat_episode),
    "alpaca": SftFormat(
        "alpaca",
        ".json",
        _alpaca_rows,
        _alpaca_episode,
        {"columns": {"prompt": "instruction", "query": "input", "response": "output"}},
    ),
    "sharegpt": SftFormat(
        "sharegpt",
        ".json",
        _sharegpt_rows,
        _sharegpt_episode,
        {"formatting": "sharegpt", "columns": {"messages": "conversations"}},
    ),
    "trl": SftFormat("trl", ".jsonl", _trl_rows, _trl_episode),
    "trl_completion": SftFormat("trl_completion", ".jsonl", _completion_rows, _completion_episode),
}
"""By name, in the order in which a reader of a folder prefers them."""

USUAL: Mapping[Unit, tuple[FormatName, ...]] = {
    "step": ("chat", "alpaca", "sharegpt", "trl", "trl_completion"),
    # Alpaca needs a history there, and prompt with completion says every turn again for each reply.
    "transcript": ("chat", "sharegpt", "trl"),
}
"""The formats of each layout unless others are asked for."""


def registration(form: SftFormat, file_name: str, layout: Unit) -> dict[str, Any] | None:
    """The file's entry in ``dataset_info.json``, None for a format that LLaMA-Factory does not read."""
    if form.registration is None:
        return None
    entry = {"file_name": file_name, **form.registration}
    if form.name == "alpaca" and layout == "transcript":
        entry["columns"] = {**entry["columns"], "history": "history"}
    return entry


def _pairs(
    said: Any, role: str, text: str, user: str, assistant: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Prompts and replies of a conversation in which they alternate."""
    if not isinstance(said, list) or not said or len(said) % 2:
        raise FormatError("expected a conversation of prompts and replies in turn, with a reply at its end")
    for place, message in enumerate(said):
        wanted = assistant if place % 2 else user
        known = isinstance(message, dict) and message.get(role) == wanted
        if not known or not isinstance(message.get(text), str):
            raise FormatError(f"expected message {place + 1} to be a text of {wanted!r}, got {message!r:.80}")
    texts = [message[text] for message in said]
    return tuple(texts[::2]), tuple(texts[1::2])


def _has(row: Row, *names: str) -> None:
    for name in names:
        if name not in row:
            raise FormatError(f"expected a row with {name!r}, got {', '.join(row) or 'an empty one'}")


def _all_learnt(prompts: tuple[str, ...], replies: tuple[str, ...]) -> Demonstration:
    return Demonstration("", "", prompts, replies, (True,) * len(replies), tuple(() for _ in replies))
