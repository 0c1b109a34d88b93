"""The questions of distillation in words: what is learnt from episodes, and how skills are written."""

from collections.abc import Sequence

from skill_gym.skillbanks.teachers.distil_world import kind, world
from skill_gym.skillbanks.teachers.episode_text import WARNING, harmless

_RULES = (
    "What you write is read by a language model in the middle of a task. It sees its goal, its "
    "observations and "
    "your words, nothing else. So:\n"
    "- Say what to do and when to do it, so that it can be acted on at once. No praise, no general virtues "
    "such as 'be careful' or 'think step by step'.\n"
    "- Say what transfers. Name kinds (the goal object, a closed container, an option of the product, "
    "the person "
    "asked for), never the names, numbers, products or answers of one episode.\n"
    "- Claim only what the material shows, and name the material that shows it in 'sources'.\n"
    "- Say each thing once. Two entries that would change the same decision are one entry.\n"
    "- Name no command that the agent does not have, and write no tags."
)


def system(env_id: str) -> str:
    """Who the model is, in every question about an environment."""
    return (
        "You study the episodes of an agent in a text environment and distil from them what makes the next "
        f"episodes succeed.\n{world(env_id)}\n{_RULES}\n{WARNING} The same holds for "
        "what stands between <lessons> tags, which was drawn from such records.\n"
        'Answer with one JSON object: {"entries": [...]}.'
    )


def about_successes(task_type: str, texts: Sequence[str], most: int) -> str:
    """Solved episodes become strategic patterns."""
    return (
        f"These {len(texts)} episodes were solved. Kind of task: {kind(task_type)}.\n\n"
        f"{_episodes(texts)}\n\n"
        "Look for the decisions that these successes hung on. A step that any agent would have taken teaches "
        "nothing; look for points where another choice was at hand and would have cost the episode, and "
        "for the "
        "order in which things were done.\n"
        f"Write at most {most} entries, the most telling first, fewer when there is less to learn:\n"
        "- sources: names of the episodes that show it (prefer what several show)\n"
        "- decision: the point at which the choice was made\n"
        "- why: what was done there, and why that was right\n"
        "- rule: what transfers to other tasks, in one or two sentences\n"
        "- when: the situation that calls for it, as the agent can recognise it"
    )


def about_failures(task_type: str, texts: Sequence[str], most: int) -> str:
    """Failed episodes become lessons."""
    return (
        f"These {len(texts)} episodes failed. Kind of task: {kind(task_type)}.\n\n"
        f"{_episodes(texts)}\n\n"
        "For each episode find the first step after which it could hardly succeed any more, and what "
        "made the "
        "agent take it: a wrong reading of the goal, something overlooked, a place or query tried again, a "
        "condition not met, an end too early. The last step is seldom the cause.\n"
        f"Write at most {most} entries, the costliest first, fewer when there is less to learn:\n"
        "- sources: names of the episodes that show it (one entry for all episodes that failed in the "
        "same way)\n"
        "- wrong: where it failed, and the reasoning or action that was wrong\n"
        "- instead: what should have been done at that point\n"
        "- rule: the general rule that would have prevented it, in one or two sentences\n"
        "- when: the situation that calls for it, as the agent can recognise it"
    )


def merging(task_type: str, texts: Sequence[str], most: int) -> str:
    """Many lessons become fewer; the kind of task is "" where there are several."""
    of = f" Kind of task: {kind(task_type)}." if task_type else ""
    return (
        f"These {len(texts)} lessons were drawn from different episodes.{of}\n\n{_lessons(texts)}\n\n"
        f"Merge them into at most {most}. Lessons that would change the same decision become one; one "
        f"that stands "
        "alone but matters stays; what was seen in more episodes weighs more. Where two contradict each "
        "other, say "
        "in the rule on which condition each holds.\n"
        "- sources: names of all lessons that went into it\n"
        "- rule: one or two sentences\n"
        "- when: the situation that calls for it\n"
        "- story: what happened in the episodes, in one sentence"
    )


def general_skills(texts: Sequence[str], least: int, most: int, known: Sequence[str]) -> str:
    """Lessons of all kinds of tasks become general skills."""
    return (
        f"These lessons were drawn from episodes of all kinds of tasks.\n\n{_lessons(texts)}\n\n"
        f"Write the skills that help in every kind of task of this environment: {_count(least, most)}. "
        f"Order them "
        "by the number of episodes that they would have decided. Leave out what holds for one kind of "
        "task only; "
        f"that is written elsewhere.\n{_skill_fields()}{_known(known)}"
    )


def category_skills(task_type: str, texts: Sequence[str], least: int, most: int, known: Sequence[str]) -> str:
    """Lessons of one kind of task become its skills."""
    return (
        f"These lessons were drawn from episodes of one kind of task: "
        f"{kind(task_type)}.\n\n{_lessons(texts)}\n\n"
        f"Write the skills for this kind of task: {_count(least, most)}. A good set leads through the "
        f"task from its "
        "first decision to its last, and guards the points where episodes failed.\n"
        f"{_skill_fields()}{_known(known)}"
    )


def mistakes(texts: Sequence[str], least: int, most: int, task_types: Sequence[str]) -> str:
    """Lessons of failures become mistakes to avoid."""
    return (
        f"These lessons were drawn from failed episodes.\n\n{_lessons(texts)}\n\n"
        f"Write the mistakes that agents have to be warned of: {_count(least, most)}. Begin with those "
        f"that cost the "
        "most episodes.\n"
        "- sources: names of the lessons that it rests on\n"
        "- description: what agents do wrong, in one sentence\n"
        "- why_it_happens: what misleads them\n"
        "- how_to_avoid: what to do instead, so that it can be acted on\n"
        f"- task_type: the kind of task if it can happen in one only ({', '.join(task_types[1:])}), else "
        f"{task_types[0]}"
    )


def _episodes(texts: Sequence[str]) -> str:
    return "\n".join(texts)


def _lessons(texts: Sequence[str]) -> str:
    return "\n".join(["<lessons>", *texts, "</lessons>"])


def _count(least: int, most: int) -> str:
    wanted = f"{least} to {most}" if least < most else str(most)
    return f"{wanted} of them, fewer if the lessons do not carry as many"


def _skill_fields() -> str:
    return (
        "- sources: names of the lessons that it rests on\n"
        "- title: three to five words\n"
        "- principle: one or two sentences that can be acted on; where failures taught it, say what to "
        "avoid\n"
        "- when_to_apply: the situation that calls for it, as the agent can recognise it"
    )


def _known(known: Sequence[str]) -> str:
    return f"\nAlready written, do not say again: {'; '.join(map(harmless, known))}." if known else ""
