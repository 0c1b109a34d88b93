"""Faults of a searcher in the thread that it follows and in what it answers."""

from abc import ABC, abstractmethod
from dataclasses import replace

from skill_gym.benchmarks.planted_causes_play import Plant, Scene
from skill_gym.benchmarks.planted_causes_search import Inquiry, answer, beginning, inside, searches
from skill_gym.search.facts import Entity
from skill_gym.search.language import BY_ID, RELATIONS_OF
from skill_gym.search.question_draft import names
from skill_gym.search.question_parser import Asked, Compared, Named, Thing
from skill_gym.skillbanks.search_diagnosis import SearchCause


def links(thing: Thing) -> list[Asked]:
    """The facts of a chain, the first one first."""
    return [*links(thing.head), thing] if isinstance(thing, Asked) else []


class _OtherEntity(Inquiry):
    """Goes on with another one than the one it should, from the start or on the way."""

    def fits(self, scene: Scene) -> bool:
        if not isinstance(self.wanted, Asked):
            return False
        chain = links(self.wanted)
        self.hop = self.dice.below(len(chain))
        relation, facts = chain[self.hop].relation, scene.env.world.facts
        true = self.head(scene, self.hop)
        others = [one for one in facts.by_kind[relation.head] if true is not None and one is not true]
        alike = [one for one in others if set(one.name.split()) & set(true.name.split())] if true else []
        if not others or len(chain) != len(self.path):
            return False
        self.other: Entity = self.dice.pick(alike or others)
        self.met = false_value(scene, self.other, chain[self.hop :])
        self.misled = False
        return self.met != "" and not self.right(scene, self.met)

    def say(self, scene: Scene) -> str:
        wanted = self.wanted
        known = self.hop == 0 or str(self.path[self.hop - 1]["value"]) in self.shown
        if not self.misled and known and isinstance(wanted, Asked):
            self.misled = True
            self.acted += 1
            self.new_player(scene, str(from_hop(wanted, self.hop, self.other)))
        return super().say(scene)

    def happened(self, scene: Scene) -> bool:
        return self.misled and inside(scene.said[-1]) == self.met


def from_hop(asked: Asked, hop: int, other: Entity) -> Asked:
    """The rest of a chain with another one at its beginning."""
    chain = links(asked)
    thing: Thing = Named(other.kind, other.name)
    for link in chain[hop:]:
        thing = replace(link, head=thing)
    return thing if isinstance(thing, Asked) else asked


def false_value(scene: Scene, head: Entity, chain: list[Asked]) -> str:
    """Where a chain leads from another beginning; "" where it breaks off."""
    value: object = head
    for link in chain:
        value = scene.env.world.facts.value(value, link.relation) if isinstance(value, Entity) else None
    return "" if value is None else names(value)[0]  # type: ignore[arg-type]


class _MisreadPassage(Inquiry):
    """Reads the answer out of the passage of another one that was shown as well."""

    def fits(self, scene: Scene) -> bool:
        return isinstance(self.wanted, Asked)

    def say(self, scene: Scene) -> str:
        command = super().say(scene)
        if command.startswith("<search>"):
            return command
        relation, facts = BY_ID[self.path[-1]["relation"]], scene.env.world.facts
        shown = {passage.title for passage in self.passages}
        heads = [one for one in facts.by_kind[relation.head] if one.name in shown]
        told = [names(value)[0] for one in heads if (value := facts.value(one, relation)) is not None]
        way = {str(fact[part]) for fact in self.path for part in ("head", "value")}
        wrong = [value for value in told if value not in way and not self.right(scene, value)]
        if not wrong:
            return command
        self.acted += 1
        return answer(self.dice.pick(wrong))


class _HopForgotten(Inquiry):
    """Answers with what was only to be found on the way."""

    def fits(self, scene: Scene) -> bool:
        if not isinstance(self.wanted, Asked) or len(self.path) < 2:
            return False
        chain = links(self.wanted)
        link = chain[self.dice.below(len(chain) - 1)]
        self.asked = Asked(link.relation, link.head, self.dice.pick(link.relation.questions))
        self.started = False
        return True

    def say(self, scene: Scene) -> str:
        if not self.started:
            self.started = True
            self.new_player(scene, str(self.asked))
        self.acted += 1
        return super().say(scene)

    def happened(self, scene: Scene) -> bool:
        return inside(scene.said[-1]) in [str(fact["value"]) for fact in self.path[:-1]]


class _Answer(Inquiry, ABC):
    """Searches well, then says something else than what it found."""

    @abstractmethod
    def other(self, scene: Scene, right: str) -> str:
        """The answer; "" where there is none of this fault."""

    def say(self, scene: Scene) -> str:
        command = super().say(scene)
        if command.startswith("<search>") or not searches(scene):
            return command
        said = self.other(scene, inside(command))
        self.acted += bool(said)
        return answer(said) if said else command


class _NamedInQuestion(_Answer):
    """Answers with a name that the question holds already."""

    def fits(self, scene: Scene) -> bool:
        return isinstance(self.wanted, Asked)

    def other(self, scene: Scene, right: str) -> str:
        return beginning(self.wanted) if isinstance(self.wanted, Asked) else ""


class _OtherRelation(_Answer):
    """Reads another fact out of the right passage, of another kind than what is asked for."""

    def fits(self, scene: Scene) -> bool:
        return not isinstance(self.wanted, Compared)

    def other(self, scene: Scene, right: str) -> str:
        last = BY_ID[self.path[-1]["relation"]]
        head = self.head(scene, -1)
        if head is None:
            return ""
        asked = last.value if isinstance(self.wanted, Asked) else "person"
        facts = scene.env.world.facts
        values = [
            names(value)[0]
            for relation in RELATIONS_OF[last.head]
            if relation.value != asked
            and {relation.kind, last.kind} != {"integer"}
            and (value := facts.value(head, relation)) is not None
        ]
        told = [value for value in values if value in self.shown and value not in self.question]
        return self.dice.pick(told) if told else ""


class _Sentence(_Answer):
    """Answers with a whole sentence around the right words."""

    def other(self, scene: Scene, right: str) -> str:
        forms = (
            "The answer is {}.",
            "It is {}, as the first passage says.",
            "{}, according to what I found",
            "Based on the passages, I am confident that it is {}",
        )
        return self.dice.pick(forms).format(right)


class _PartOfName(_Answer):
    """Leaves out a part of the name."""

    def other(self, scene: Scene, right: str) -> str:
        words = right.split()
        part = self.dice.pick(words) if len(words) > 1 else ""
        return "" if part.lower() in ("the", "of") or self.right(scene, part) else part


class _FromMemory(_Answer):
    """Answers something plausible that no passage has shown."""

    def fits(self, scene: Scene) -> bool:
        return isinstance(self.wanted, Asked)

    def other(self, scene: Scene, right: str) -> str:
        unseen = [value for value in self.values(scene) if value not in self.shown]
        return self.dice.pick(unseen) if unseen else ""


class _NeitherSide(_Answer):
    """Answers a comparison with a value, or with a third one."""

    def fits(self, scene: Scene) -> bool:
        return isinstance(self.wanted, Compared) and self.wanted.larger is not None

    def other(self, scene: Scene, right: str) -> str:
        third = [name for name in self.values(scene) if name not in self.question and name in self.shown]
        sides = {str(fact["head"]) for fact in self.path} | {str(fact["value"]) for fact in self.path}
        value = str(self.path[-1]["value"])
        third = [name for name in third if name not in sides]
        return self.dice.pick(third) if third and self.dice.chance(0.5) else value


ANSWER_PLANTS = (
    Plant("follows another entity", _OtherEntity, (SearchCause.OTHER_PASSAGE,)),
    Plant("reads another's passage", _MisreadPassage, (SearchCause.OTHER_PASSAGE,)),
    Plant("forgets a hop", _HopForgotten, (SearchCause.BRIDGE, SearchCause.EARLY)),
    Plant("answers a name of the question", _NamedInQuestion, (SearchCause.NAMED,)),
    Plant("answers another relation", _OtherRelation, (SearchCause.WRONG_KIND,)),
    Plant("answers a whole sentence", _Sentence, (SearchCause.TOO_LONG,)),
    Plant("answers a part of the name", _PartOfName, (SearchCause.PARTIAL,)),
    Plant("answers from memory", _FromMemory, (SearchCause.UNSUPPORTED,)),
    Plant("answers neither of two", _NeitherSide, (SearchCause.NEITHER,)),
)
"""What goes wrong with the answer."""
