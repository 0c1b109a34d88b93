"""Parses a model's reply into the command that it wraps in a tag, and says whether it was one."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, get_args

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from skill_gym.text_env import FreeText, TextEnv
from skill_gym.wrappers.open_command import fitted, has_slot

Projection = Literal["strict", "skillrl"]

SKILLRL_TAIL = 30
"""Characters that the released ALFWorld rules take from the end of a reply without tags."""

_CJK = re.compile("[\u4e00-\u9fff]")
_THOUGHT_END = re.compile("</think>", re.IGNORECASE)


class Parsed(NamedTuple):
    """A reply as read.

    Attributes:
        command: What to send to the environment.
        invalid_reason: Why the reply could not be read, None when it could.
    """

    command: str
    invalid_reason: str | None = None


class TaggedAction(gym.Wrapper[str, str, str, str], RecordConstructorArgs):
    """Turns replies such as ``<think>...</think><action>go to desk 1</action>`` into commands.

    The tags are the environment's: ``metadata["reply_tags"]``. With one tag the command is the text inside
    it; with several (``("search", "answer")``) the command keeps its tag, ``<search>text</search>``, so that
    the environment knows which one was meant.

    ``info`` gains, at reset and step, ``command`` (what was sent; ``""`` at reset), ``is_action_valid`` (the
    reply could be read), ``is_admissible`` (its command was in the admissible list; an empty list means an
    open action space, where every command is) and ``invalid_reason`` (None or a short sentence). A command of
    the list with a slot, such as ``search[<your query>]``, admits any text but the slot itself in its place.

    Args:
        env: A TextEnv, or wrappers around one.
        projection: "strict": of the text after the last ``</think>``, exactly one non-empty block counts; any
            other reply becomes the empty command, a no-op that uses up a turn. A command that differs from
            an admissible one in case or white space only is sent in the environment's own spelling.
            "skillrl": the rules of the released SkillRL code (commit 48c8446), for comparisons: a command is
            always sent, lower-cased, and the admissible list changes nothing.

    Raises:
        ValueError: Unknown projection, or the environment names no reply tags.

    Example:
        >>> import gymnasium as gym
        >>> import skill_gym
        >>> from skill_gym.wrappers import TaggedAction
        >>> env = TaggedAction(gym.make("skill_gym/ALFWorld-v0"))
        >>> observation, info = env.reset(seed=0)
        >>> _, _, _, _, info = env.step("<action>LOOK</action>")
        >>> info["command"], info["is_action_valid"], info["is_admissible"]
        ('look', True, True)
    """

    def __init__(self, env: gym.Env[str, str], *, projection: Projection = "strict") -> None:
        RecordConstructorArgs.__init__(self, projection=projection)
        gym.Wrapper.__init__(self, env)
        if projection not in get_args(Projection):
            raise ValueError(
                f"projection must be one of {', '.join(get_args(Projection))}, got {projection!r}"
            )
        tags = tuple(env.metadata.get("reply_tags", ()))
        if not tags or not all(isinstance(tag, str) and tag for tag in tags):
            raise ValueError(
                f"expected the tags of a reply in metadata['reply_tags'], e.g. ('action',), got {tags!r}; "
                "set them in the environment's metadata"
            )
        self.projection = projection
        self.reply_tags = tags
        self._tail = int(env.metadata.get("skillrl_tail", SKILLRL_TAIL))
        self._admissible: tuple[str, ...] = ()
        samples = [f"<{tags[0]}>{text}</{tags[0]}>" for text in ("look", "inventory")]
        self.action_space = FreeText(samples=[*samples, ""])

    def parse(self, reply: str) -> Parsed:
        """Reads a reply by the wrapper's rules, without looking at the admissible list."""
        if self.projection == "strict":
            return parse_strict(reply, self.reply_tags)
        if self.reply_tags == ("action",):
            return parse_skillrl_action(reply, tail=self._tail)
        return parse_skillrl_tools(reply, self.reply_tags)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Starts an episode; the info says that nothing was wrong yet."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._admissible = tuple(info.get("admissible_commands", ()))
        return observation, {**info, **_verdict("", valid=True, admissible=True, reason=None)}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Parses the reply and carries its command out.

        Raises:
            TypeError: The reply is not a str.
            RuntimeError: The episode is over or has not begun.
        """
        if not isinstance(action, str):
            raise TypeError(f"a reply must be a str, got {type(action).__name__}: {action!r}")
        parsed = self.parse(action)
        command, reason = parsed
        readable = reason is None
        admissible = readable and not self._admissible
        if self._admissible and command:
            spelling = own_spelling(command, self._admissible, mend=self.projection == "strict")
            admissible = readable and spelling is not None
            if self.projection == "strict" and spelling is not None:
                command = spelling
        if isinstance(self.unwrapped, TextEnv):
            self.unwrapped.reply = action
        observation, reward, terminated, truncated, info = self.env.step(command)
        if readable and not admissible:
            reason = f"{command[:80]!r} is not admissible"
        self._admissible = tuple(info.get("admissible_commands", ()))
        verdict = _verdict(command, valid=readable, admissible=admissible, reason=reason)
        return observation, float(reward), terminated, truncated, {**info, **verdict}


def own_spelling(command: str, admissible: Sequence[str], *, mend: bool = True) -> str | None:
    """The admissible command that is meant, in the environment's own spelling; None when there is none.

    Args:
        command: What the player said; differences in case are forgiven.
        admissible: What the environment admits. A slot admits any text but the slot itself in its place.
        mend: Whether differences in white space are forgiven, too.
    """
    fold: Callable[[str], str] = _folded if mend else str.lower
    wanted = fold(command)
    for known in admissible:
        if not has_slot(known):
            if fold(known) == wanted:
                return known
        elif (filled := fitted(command, known, mend=mend)) is not None:
            return filled
    return None


def parse_strict(reply: str, tags: Sequence[str]) -> Parsed:
    """Exactly one non-empty block of one of the tags, after the thought; else the empty command."""
    text = _THOUGHT_END.split(reply)[-1]
    if "<think>" in text.lower():
        return Parsed("", "the thought is not closed with </think>")
    names = "|".join(map(re.escape, tags))
    wanted = " or ".join(f"<{tag}>...</{tag}>" for tag in tags)
    marks = [(slash, tag.lower()) for slash, tag in re.findall(rf"<(/?)({names})>", text, re.IGNORECASE)]
    opened, closed = [tag for slash, tag in marks if not slash], [tag for slash, tag in marks if slash]
    if not opened and not closed:
        return Parsed("", f"no {wanted} in the reply")
    if len(opened) > 1 or len(closed) > 1:
        return Parsed("", f"expected one {wanted}, got {max(len(opened), len(closed))}")
    block = re.search(rf"<({names})>(.*?)</\1>", text, re.DOTALL | re.IGNORECASE)
    if block is None:
        return Parsed("", f"<{marks[0][1]}> is not opened and closed in order")
    tag, inner = block[1].lower(), " ".join(block[2].split()) if len(tags) > 1 else block[2].strip()
    if not inner:
        return Parsed("", f"<{tag}> is empty")
    return Parsed(f"<{tag}>{inner}</{tag}>" if len(tags) > 1 else inner)


def parse_skillrl_action(reply: str, *, tail: int = SKILLRL_TAIL) -> Parsed:
    """The released ALFWorld and WebShop rules: first ``<action>`` to first ``</action>``, lower-cased.

    Without both tags the last ``tail`` characters are the command. A thought is required, Chinese
    characters are not allowed; both make the reply invalid, but its command is sent all the same.
    """
    lowered = reply.lower()
    start, end = lowered.find("<action>"), lowered.find("</action>")
    if start < 0 or end < 0:
        return Parsed(lowered[-tail:], "no <action>...</action> in the reply")
    command = lowered[start + len("<action>") : end].strip()
    if "<think>" not in reply or "</think>" not in reply:
        return Parsed(command, "no <think>...</think> in the reply")
    if _CJK.search(reply):
        return Parsed(command, "Chinese characters in the reply")
    return Parsed(command)


def parse_skillrl_tools(reply: str, tags: Sequence[str]) -> Parsed:
    """The released Search rules: the first block of the first tag that has one; its tag is kept.

    The text is cut after the first end tag; opening tags of two kinds, or two of one kind, in the uncut
    text make the reply invalid, but its command is sent all the same.
    """
    text = reply
    for tag in tags:
        before, mark, _ = reply.partition(f"</{tag}>")
        if mark:
            text = before + mark
            break
    command = ""
    for tag in tags:
        first = re.search(rf"<{re.escape(tag)}>", text, re.IGNORECASE)
        # Searched for from the first opening tag only: a pattern for both would try each opening tag anew.
        last = first and re.compile(rf"</{re.escape(tag)}>", re.IGNORECASE).search(text, first.end())
        if first and last:
            command = f"<{tag}>{text[first.end() : last.start()].strip()}</{tag}>"
            break
    if not command:
        return Parsed("", "no " + " or ".join(f"<{tag}>...</{tag}>" for tag in tags) + " in the reply")
    counts = [len(re.findall(rf"<{re.escape(tag)}>", reply, re.IGNORECASE)) for tag in tags]
    if sum(counts) > 1:
        return Parsed(command, f"expected one opening tag, got {sum(counts)}")
    return Parsed(command)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _verdict(command: str, *, valid: bool, admissible: bool, reason: str | None) -> dict[str, Any]:
    return {
        "command": command,
        "is_action_valid": valid,
        "is_admissible": admissible,
        "invalid_reason": reason,
    }
