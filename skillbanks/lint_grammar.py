"""Finds commands in skills that an environment does not know."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from skill_gym.skillbanks.finding import Hit, error, warning

_BACKQUOTED = re.compile(r"`([^`\n]{1,200})`")
_TAGGED = re.compile(r"<(\w+)>([^<>]{0,300})</(\w+)>")
_TAG = re.compile(r"</?(\w+)>")
_BRACKETED = re.compile(r"(?<![\w.])([a-z_]+)\[([^\[\]\n]{0,100})\]")
_SAID = re.compile(r"(?i)\b(?:say|issue|type|command|enter)\s+(?:the\s+)?['\"‘“]([^'\"’”\n]{2,60})['\"’”]")
_NAMED = re.compile(r"['\"‘“]([^'\"’”\n]{2,60})['\"’”]\s+(?:action|command)\b")
_PROTOCOL = frozenset(
    {"action", "answer", "search", "think", "information", "documents", "observation", "result"}
)
_SHOWN = frozenset({"information", "documents", "observation", "result"})
_PLACEHOLDER = re.compile(r"\W*|(?:the |your |a |an |one |final |short |exact |bare )*(?:command|action|"
                          r"query|text|answer|"
                          r"name|words?|reasoning|thoughts?|question|entity|value|response|reply)s?(?: "
                          r"here)?", re.I)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CommandGrammar:
    """The commands of an environment, as its instructions state them.

    Attributes:
        tags: Tags of a reply (``metadata["reply_tags"]``).
        commands: Commands with capital letters or brackets for what varies: ``take O from X``,
            ``search[words]``; empty where the tags are the commands.
    """

    tags: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> Self:
        """Reads it from a ``TextEnv``'s ``metadata``: what follows "Commands" up to the end of the line."""
        text = str(metadata.get("instructions", ""))
        line = next((line for line in text.splitlines() if line.lstrip().startswith("Commands")), "")
        body = line.partition(":")[2]
        commands = []
        for part in body.split(";"):
            command = re.sub(r"\([^)]*\)", "", part).strip().rstrip(".").strip()
            if bracketed := _BRACKETED.match(command):
                command = bracketed[0]
            if command:
                commands.append(command)
        return cls(tuple(metadata.get("reply_tags", ())), tuple(commands))

    @property
    def verbs(self) -> frozenset[str]:
        """First words of the commands, and the tags that are commands themselves."""
        own = self.tags if not self.commands else ()
        return frozenset([*own, *(re.split(r"[\s\[]", command, maxsplit=1)[0] for command in self.commands)])

    def __call__(self, text: str) -> Iterator[Hit]:
        """Commands that the environment would refuse, whatever its state."""
        yield from self._tags(text)
        if self.commands:
            yield from self._quoted(text)
            yield from self._brackets(text)

    def _tags(self, text: str) -> Iterator[Hit]:
        for match in _TAGGED.finditer(text):
            name, inside, _ = match.groups()
            if name in self.tags and _PLACEHOLDER.fullmatch(inside.strip()):
                continue
            form = inside.strip()
            if name in self.tags and form in self.commands and form != form.lower():
                continue  # the form of a reply, with something left to fill in
            told = "names no tag of the environment" if name not in self.tags else "is a reply already given"
            yield error(
                "command grammar",
                match[0],
                f"{told}; its tags are {', '.join(self.tags)}; describe the step in words",
            )
            return
        for match in _TAG.finditer(text):
            if match[1] in _PROTOCOL and match[1] not in self.tags and match[1] != "think":
                yield error(
                    "command grammar",
                    match[0],
                    f"the environment's tags are {', '.join(self.tags)}; remove this one",
                )
                return

    def _quoted(self, text: str) -> Iterator[Hit]:
        for match in _BACKQUOTED.finditer(text):
            command = match[1].strip()
            if self._knows(command) or not _is_command(command):
                continue
            # One word may be the name of a thing.
            tell = error if " " in command or "[" in command else warning
            yield tell("command grammar", match[0], self._mend())
            return
        for pattern in (_SAID, _NAMED):
            for match in pattern.finditer(text):
                if _is_command(match[1]) and not self._knows(match[1].strip()):
                    yield warning("command grammar", match[0], self._mend())
                    return

    def _brackets(self, text: str) -> Iterator[Hit]:
        for match in _BRACKETED.finditer(text):
            if match[1] not in self.verbs and any("[" in command for command in self.commands):
                yield error("command grammar", match[0], self._mend())
                return

    def _knows(self, command: str) -> bool:
        return re.split(r"[\s\[]", command.casefold(), maxsplit=1)[0] in self.verbs

    def _mend(self) -> str:
        return f"use one of the environment's commands: {'; '.join(self.commands)}"


def find_protocol(text: str) -> Iterator[Hit]:
    """Tags of replies and observations, for when no environment is known that has them."""
    for match in _TAGGED.finditer(text):
        if match[1].casefold() in _PROTOCOL and not _PLACEHOLDER.fullmatch(match[2].strip()):
            yield error("protocol tag", match[0], "describe the step in words; a skill is no reply")
            return
    tags = [tag for tag in _TAG.finditer(text) if tag[1].casefold() in _PROTOCOL]
    named = next((tag for tag in tags if tag[1].casefold() in _SHOWN), tags[0] if tags else None)
    if named is None:
        return
    if named[1].casefold() in _SHOWN:
        yield error("protocol tag", named[0], "remove the tag; only the environment shows passages")
    else:
        yield warning("protocol tag", named[0], "check it against the environment (Lint's metadata)")


def _is_command(text: str) -> bool:
    """Whether a quoted text may be meant as a command: no sentence of the environment, no name of a thing."""
    return (
        bool(re.match(r"[a-z_]+\b", text))
        and not text.endswith((".", "!", "?"))
        and not re.fullmatch(r"\w+ \d+", text)
    )
