"""What a policy says in one turn: a command in its tags, behind a thought or not."""

import re

# Of an environment with several reply tags a command comes in the tag that says which one is meant.
_BLOCK = re.compile(r"<(\w+)>.*</\1>", re.DOTALL)
_FIRST_BLOCK = re.compile(r"<(\w+)>(.*?)</\1>", re.DOTALL)


def in_tags(command: str) -> str:
    """The command as a reply holds it: ``<action>look</action>``; one that has its own tag stays as it is."""
    return command if _BLOCK.fullmatch(command) else f"<action>{command}</action>"


def reply(thought: str, command: str) -> str:
    """What is said in one turn, with the thought before it."""
    return f"<think>{thought}</think>{in_tags(command)}"


def said_command(text: str) -> str:
    """The command in a reply, with its tag where it has one of its own; "" without one."""
    block = _FIRST_BLOCK.search(text.rpartition("</think>")[2])
    if block is None:
        return ""
    inner = block[2].strip()
    return inner if block[1] == "action" else f"<{block[1]}>{' '.join(inner.split())}</{block[1]}>"
