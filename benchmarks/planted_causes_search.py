"""What the faults of a searcher share: the question taken apart, the truth about it, and its commands."""

from typing import Any

from skill_gym.benchmarks.planted_causes_play import Fault, Scene
from skill_gym.dice import Dice
from skill_gym.search.evidence_answer import answer_from
from skill_gym.search.facts import Entity
from skill_gym.search.language import BY_ID
from skill_gym.search.question_draft import names
from skill_gym.search.question_parser import Asked, Compared, Described, Thing, read_wanted
from skill_gym.search.reward import exact_match
from skill_gym.search.seeker import Seeker
from skill_gym.search.shown_passages import ShownPassage, read_passages


def noise(scene: Scene, dice: Dice) -> str:
    """Looks somebody up who has nothing to do with it, while there are turns to spare."""
    if scene.env.session.rules.turns - scene.step < 4:
        return ""
    return f"<search>{dice.pick(scene.env.world.facts.entities).name}</search>"


class Inquiry(Fault):
    """What these faults share: the question taken apart, and the truth about it."""

    def furnish(self, scene: Scene) -> bool:
        """Takes the question apart, see ``fits``."""
        self.question: str = scene.env.session.question.question
        self.path: list[dict[str, Any]] = scene.env.session.question.metadata["path"]
        self.wanted = read_wanted(self.question)
        self.passages: list[ShownPassage] = []
        return self.wanted is not None and self.fits(scene)

    def fits(self, scene: Scene) -> bool:
        """Whether the question has a place for the fault."""
        return True

    def watch(self, scene: Scene) -> None:
        """Remembers what was read."""
        self.passages += read_passages(scene.observation)

    @property
    def shown(self) -> str:
        """All that was read."""
        return " ".join(f"{passage.title} {passage.text}" for passage in self.passages)

    def left(self, scene: Scene) -> int:
        """Turns left, this one included."""
        return int(scene.env.session.rules.turns) - scene.step

    def right(self, scene: Scene, answer: str) -> bool:
        """Whether an answer would be accepted."""
        return exact_match(answer, scene.env.session.question.answers) == 1.0

    def head(self, scene: Scene, hop: int) -> Entity | None:
        """Whom a fact of the way is about."""
        name = self.path[hop]["head"]
        found = [one for one in scene.env.world.facts.entities if name in names(one)]
        return found[0] if len(found) == 1 else None

    def values(self, scene: Scene) -> list[str]:
        """Wrong values of the relation that is asked for at the end, such as may be told of others."""
        relation = BY_ID[self.path[-1]["relation"]]
        if isinstance(self.wanted, Described | Compared):
            kind = relation.head
            found = [one.name for one in scene.env.world.facts.by_kind[kind]]
        else:
            heads = scene.env.world.facts.by_kind[relation.head]
            found = [
                names(value)[0] for one in heads if (value := scene.env.world.facts.value(one, relation))
            ]
        return sorted({one for one in found if not self.right(scene, one)})

    def guess(self, scene: Scene) -> str:
        """An answer out of what was read, if anything, that is wrong."""
        said = answer_from(self.question, self.passages)
        return (
            said if said != "unknown" and not self.right(scene, said) else self.dice.pick(self.values(scene))
        )

    def new_player(self, scene: Scene, question: str) -> None:
        """Lets somebody go on who takes the question for another one."""
        scene.player = Seeker(f"Question: {question}", scene.env.metadata["instructions"])
        for command in scene.said:
            scene.player.observe(command, "")


def search(query: str) -> str:
    """The command for a query."""
    return f"<search>{query}</search>"


def answer(text: str) -> str:
    """The command for an answer."""
    return f"<answer>{text}</answer>"


def inside(command: str) -> str:
    """The text of a command."""
    return command.partition(">")[2].rpartition("<")[0]


def searches(scene: Scene) -> list[str]:
    """The queries so far."""
    return [inside(text) for text in scene.said if text.startswith("<search>")]


def beginning(thing: Thing) -> str:
    """The name that a chain of facts begins with."""
    return beginning(thing.head) if isinstance(thing, Asked) else thing.name
