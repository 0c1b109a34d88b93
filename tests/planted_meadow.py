"""A stage for tests of planted skills that needs no environment: a player that knows words."""

from collections.abc import Hashable, Sequence

from skill_gym.benchmarks.planted_players import Stage, Topic
from skill_gym.dice import Dice
from skill_gym.trajectory import Task


class Meadow(Stage):
    """A task succeeds when its word is known; a text with the word teaches it, "forget" takes all away.

    The word "moon" is worth nothing after the change.
    """

    def __init__(self, words: Sequence[str] = ("sun", "moon", "star"), *, tasks: int = 12) -> None:
        super().__init__()
        self.name = "meadow 0"
        self.metadata: dict[str, object] = {}
        self.faults = ()
        self.tasks = [
            Task(
                f"{word}-{number}",
                f"meadow:{word}-{number}",
                "meadow",
                "test",
                "multi_hop_reasoning",
                f"find the {word}",
            )
            for word in words
            for number in range(tasks)
        ]
        self.topics = [Topic(word, keywords=(word,)) for word in words]

    def understand(self, task: Task, lines: Sequence[str]) -> Hashable:
        text = " ".join(lines).lower()
        return (task.goal.split()[-1] in text.split(), "forget" in text)

    def affected(self, task: Task) -> bool:
        return "moon" in task.goal

    def play(self, task: Task, understood: Hashable, luck: Dice, *, changed: bool) -> bool:
        knows, forgets = understood  # type: ignore[misc]
        lucky = luck.chance(0.3)
        return not forgets and (lucky or (knows and not changed))
