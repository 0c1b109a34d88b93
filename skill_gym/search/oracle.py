"""An expert that knows the way to a generated question's answer, and the answer."""

from skill_gym.search.generator import World
from skill_gym.search.questions import Question


class Oracle:
    """Makes the queries that find the facts on the way, as few as it takes, then answers.

    Where somebody else plays, it goes on from the next passage that was not asked for; in the last turn in
    which the question could be solved it answers at once.

    Args:
        world: Which the question is about.
        question: What is being asked.
        max_turns: Most turns; those that the world's questions may take when left out.
    """

    def __init__(self, world: World, question: Question, max_turns: int | None = None) -> None:
        self._queries: list[str] = list(question.metadata["queries"])
        self._answer = question.answers[0]
        self._left = world.config.turns if max_turns is None else max_turns

    def command(self) -> str | None:
        """The next command; None after the answer."""
        if self._left < 1:
            return None
        if self._queries and self._left > 1:
            return f"<search>{self._queries[0]}</search>"
        return f"<answer>{self._answer}</answer>"

    def observe(self, command: str, observation: str) -> None:
        """Takes note of a turn.

        Args:
            command: What was done.
            observation: What it led to.
        """
        self._left -= 1
        if command == f"<search>{self._queries[0] if self._queries else ''}</search>":
            del self._queries[:1]
        elif command.startswith("<answer>"):
            self._left = 0
