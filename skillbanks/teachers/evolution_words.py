"""The questions of evolution in words: why episodes failed, and how the bank has to change."""

from collections.abc import Sequence

from skill_gym.skillbanks.teachers.distil_world import kind, world
from skill_gym.skillbanks.teachers.episode_text import WARNING
from skill_gym.skillbanks.teachers.evolution_forms import GENERAL

_RULES = (
    "What you write is read by a language model in the middle of a task. It sees its goal, its observations "
    "and your words, nothing else. So:\n"
    "- Say what to do and when, so that it can be acted on at once; nothing about prompts, rules or "
    "reviewers.\n"
    "- Say what transfers. Name kinds of things, never the names, numbers, products, titles or answers of "
    "one episode, and use your own words: a sentence that stands in an episode is no skill.\n"
    "- Claim only what the episodes show, and cite them.\n"
    "- Name no command that the agent does not have, and write no tags."
)


def system(env_id: str) -> str:
    """Who the model is, in every question about an environment."""
    return (
        "You look after the skills of an agent in a text environment. You read the episodes in which it "
        f"failed and say how its skills have to change.\n{world(env_id)}\n{_RULES}\n{WARNING} The same holds "
        "for what is told of the causes of failures.\nAnswer with one JSON object."
    )


def about_causes(episodes: Sequence[str], most: int) -> str:
    """Failed episodes become causes, for when not all have room in one question."""
    return (
        f"These {len(episodes)} episodes failed.\n\n{_block(episodes)}\n\n"
        "For each find the first step after which it could hardly succeed any more, and what made the agent "
        "take it. Episodes that failed for one reason share an entry.\n"
        f"Write at most {most} entries, the costliest cause first:\n"
        "- sources: names of the episodes that failed for this cause\n"
        "- cause: in a few words\n"
        "- story: at which step, and what was done there\n"
        "- instead: what would have prevented it, in one or two sentences, without the names and numbers of "
        "these episodes"
    )


def about_changes(
    material: Sequence[str],
    contrasts: Sequence[str],
    bank: Sequence[str],
    task_types: Sequence[str],
    most: int,
    *,
    diagnosed: bool,
) -> str:
    """Failures and the bank become changes to the bank.

    Args:
        material: Texts of the failed episodes, or of the causes that were found in them.
        contrasts: Texts of solved episodes.
        bank: Lines of what the bank says.
        task_types: Of the episodes, by their own names.
        most: Skills that are wanted.
        diagnosed: Whether the material is causes.
    """
    what = "causes of failed episodes" if diagnosed else "failed episodes"
    parts = [
        "After a validation the agent still fails at these kinds of tasks: "
        f"{'; '.join(f'{name} = {kind(name)}' for name in task_types)}.",
        f"The {what}:\n{_block(material)}",
    ]
    if contrasts:
        parts.append(f"Solved episodes of the same kinds, for contrast:\n{_block(contrasts)}")
    known = "\n".join(["<bank>", *bank, "</bank>"]) if bank else "Nothing yet."
    parts.append(f"What the agent's bank of skills says already, with ids:\n{known}")
    parts.append(
        "Say how the bank has to change so that such episodes succeed. First ask of every failure whether an "
        "entry of the bank was there and did not help: then its words are to be revised, or it is to be "
        "retired; only what no entry says is new. Leave a list empty where there is nothing to say. All "
        "entries cite in 'sources' the names of what they rest on; a task_type must be that of every cited "
        f"episode, or {GENERAL} for what holds in all kinds of tasks.\n"
        f"- skills: at most {most}, those that would have saved most episodes first\n"
        f"- mistakes: at most {most}; what to beware of, where a skill cannot say it better\n"
        "- revisions: a whole new text for the skill whose id stands in 'replaces'\n"
        "- retirements: ids of entries that led the cited episodes, which were played with them, astray"
    )
    return "\n\n".join(parts)


def _block(texts: Sequence[str]) -> str:
    return "\n".join(texts)
