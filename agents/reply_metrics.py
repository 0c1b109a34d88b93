"""Figures of what was said: how long replies and prompts were, which were cut, how old their weights."""

from collections.abc import Iterable

from skill_gym.agents.metrics import spread
from skill_gym.agents.rollout import Played


def reply_metrics(
    played: Iterable[Played], *, iteration: int, max_new_tokens: int, context_length: int | None = None
) -> dict[str, float]:
    """Figures of the replies that an iteration trains on; those of broken episodes are left out.

    Args:
        played: Episodes.
        iteration: Number of the iteration, from 1. Replies by the newest weights have the version
            ``iteration - 1``.
        max_new_tokens: Longest reply.
        context_length: Longest prompt with reply, in tokens; None where it is not known.

    Returns:
        ``reply/tokens`` and ``prompt/tokens`` (each with ``_p50``, ``_p90`` and ``_max``),
        ``reply/cut_share`` (of replies, cut at ``max_new_tokens``), ``staleness/mean`` and ``staleness/max``
        (updates between the weights that said a token and those that learn from it; over tokens), and
        ``prompt/context_share`` (the longest prompt with room for a whole reply, of the context). Nothing
        where there are no tokens, as of scripted policies.
    """
    replies = [
        reply
        for one in played
        if one.trajectory.ended != "broken"
        for reply in one.completions
        if reply.token_ids
    ]
    if not replies:
        return {}
    lengths = [len(reply.token_ids) for reply in replies]
    ages = [iteration - 1 - reply.weights_version for reply in replies]
    figures = {
        **spread("reply/tokens", lengths),
        **spread("prompt/tokens", [len(reply.prompt_ids) for reply in replies]),
        "reply/cut_share": sum(reply.finish_reason == "length" for reply in replies) / len(replies),
        "staleness/mean": sum(age * length for age, length in zip(ages, lengths, strict=True)) / sum(lengths),
        "staleness/max": float(max(ages)),
    }
    if context_length is not None:
        longest = max(len(reply.prompt_ids) for reply in replies)
        figures["prompt/context_share"] = (longest + max_new_tokens) / context_length
    return figures
