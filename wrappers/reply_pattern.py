"""The regular expression of a well-formed reply, for engines that hold a model to one."""

import re
from collections.abc import Sequence

from skill_gym.wrappers.open_command import SLOT

THOUGHT = r"<think>[^<]*</think>[ \n]{0,2}"
TEXT = r"[^<>\s][^<>\n]*"
"""What a player may say in a block of the format: one line that does not begin with white space."""
FILLING = r"[^<>\[\]\s][^<>\[\]\n]*"
"""What may stand in a slot, as in ``search[<your query>]``: no brackets, so that it is seen where it ends."""
# None of them has a greatest length: an expression that counts to 200 takes seconds to compile.

_SPECIAL = re.compile(r"[.^$*+?{}\[\]()|\\]")


def reply_pattern(tags: Sequence[str], *, think: bool, commands: Sequence[str] = ()) -> str:
    r"""The expression that a reply matches as a whole, in the syntax that grammar engines share.

    It is the format that ``TaskPrompt`` asks for, and ``TaggedAction`` reads every reply that matches it. It
    is narrower than what is read: no text around the blocks, no ``<`` inside of them.

    Args:
        tags: The environment's ``metadata["reply_tags"]``; with several, commands keep their tag.
        think: Whether a thought comes first.
        commands: Admissible commands, of which the reply has exactly one; empty for any text in a tag.

    Raises:
        ValueError: There are no tags.

    Example:
        >>> reply_pattern(("action",), think=False, commands=("look", "search[<your query>]"))
        '<action>(look|search\\[[^<>\\[\\]\\s][^<>\\[\\]\\n]*\\])</action>'
    """
    if not tags:
        raise ValueError(
            "the environment names no reply tags, so its replies have no format; set metadata['reply_tags']"
        )
    if commands:
        said = "|".join(map(_literal, commands))
        reply = f"({said})" if len(tags) > 1 else f"<{tags[0]}>({said})</{tags[0]}>"
    else:
        reply = "(" + "|".join(f"<{tag}>{TEXT}</{tag}>" for tag in tags) + ")"
    return (THOUGHT if think else "") + reply


def _literal(command: str) -> str:
    """The command itself, with anything in its slots."""
    # Not re.escape: it escapes blanks and more, which not every engine knows.
    parts = [_SPECIAL.sub(r"\\\g<0>", part) for part in SLOT.split(command)]
    return FILLING.join(parts)
