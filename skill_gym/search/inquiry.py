"""How a script searches for any question: its words first, then the names that the evidence leads to."""

from collections.abc import Sequence

from skill_gym.search.evidence_answer import content_words, names
from skill_gym.search.shown_passages import ShownPassage


def next_query(question: str, passages: Sequence[ShownPassage], asked: Sequence[str]) -> str:
    """The next query that was not made yet.

    Args:
        question: The text.
        passages: All that was read.
        asked: Queries made before.

    Returns:
        "" when nothing is left to search for.
    """
    titles = " ".join(passage.title.lower() for passage in passages)
    whole = " ".join(content_words(question))
    unseen = [name for name in names(question) if name.lower() not in titles]
    told = {word for passage in passages for word in content_words(passage.title)}
    # What no title has yet is still to be found.
    rest = [word for word in content_words(question) if word not in told]
    queries = [whole]
    if passages:
        leads = _leads(question, passages)
        queries += unseen[:2]
        queries += [" ".join([lead, *rest[:6]]) for lead in leads]
        queries += leads
    return next((query for query in queries if query and query not in asked), "")


def _leads(question: str, passages: Sequence[ShownPassage]) -> list[str]:
    """Names that stand in sentences with many words of the question and not in the question itself."""
    wanted = set(content_words(question))
    read = {passage.title.lower() for passage in passages}
    worth: dict[str, float] = {}
    for place, passage in enumerate(passages):
        near = len(set(content_words(passage.title + " " + passage.text)) & wanted) - 0.1 * place
        for name in names(passage.text):
            fresh = not set(content_words(name)) & wanted and name.lower() not in read
            if fresh and (" " in name or len(name) > 4):
                worth[name] = max(worth.get(name, 0), near)
    return sorted(worth, key=lambda name: -worth[name])[:3]
