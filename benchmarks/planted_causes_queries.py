"""Faults of a searcher in its queries and its turns, each a cause of failure by itself."""

from skill_gym.benchmarks.planted_causes_play import Plant, Scene
from skill_gym.benchmarks.planted_causes_search import Inquiry, answer, beginning, inside, search, searches
from skill_gym.search.language import BY_ID, RELATIONS_OF
from skill_gym.search.question_parser import Compared, Described
from skill_gym.skillbanks.search_diagnosis import SearchCause


class _AnsweredFirst(Inquiry):
    """Answers at once with something plausible."""

    def say(self, scene: Scene) -> str:
        self.acted += 1
        if isinstance(self.wanted, Compared) and self.wanted.larger is not None:
            sides = [self.path[0]["head"], self.path[-1]["head"]]
            wrong = [name for name in sides if not self.right(scene, name)]
            return answer(self.dice.pick(wrong or self.values(scene)))
        return answer(self.dice.pick(self.values(scene)))

    def happened(self, scene: Scene) -> bool:
        return not searches(scene)


class _Repeated(Inquiry):
    """Makes the same query over and over."""

    def say(self, scene: Scene) -> str:
        made = searches(scene)
        if not made or (scene.step < self.onset and self.left(scene) > 3):
            return super().say(scene)
        if self.left(scene) == 1 and self.dice.chance(0.5):
            return answer(self.guess(scene))
        self.acted += 1
        return search(self.dice.pick((made[-1], made[-1], made[-1].lower())))

    def happened(self, scene: Scene) -> bool:
        return self.acted > 1


class _WholeQuestion(Inquiry):
    """Sends the question as it stands, with small changes at most, and answers what comes."""

    def fits(self, scene: Scene) -> bool:
        self.searches = self.dice.between(1, 3)
        return len(self.path) > 1

    def say(self, scene: Scene) -> str:
        self.acted += 1
        if len(searches(scene)) < min(self.searches, self.left(scene) - 1 + len(searches(scene))):
            return search(self.dice.pick((self.question, self.question, self.question.rstrip("?"))))
        return answer(self.guess(scene))

    def noise_allowed(self, command: str) -> bool:
        return False


class _NoHits(Inquiry):
    """Misspells every word of its queries."""

    def say(self, scene: Scene) -> str:
        if self.left(scene) == 1:
            return answer(self.guess(scene)) if self.dice.chance(0.7) else search("qq")
        command = super().say(scene)
        if command.startswith("<answer>"):
            return answer(self.guess(scene))
        self.acted += 1
        return search(" ".join(f"{word[:2]}xq{word[2:]}" for word in inside(command).split()))

    def noise_allowed(self, command: str) -> bool:
        return False

    def happened(self, scene: Scene) -> bool:
        return self.acted > 0 and not self.passages


class _NothingNew(Inquiry):
    """Asks again and again about what it has read already, each time with other words."""

    def fits(self, scene: Scene) -> bool:
        self.repeated = 0
        return len(self.path) > 1

    def say(self, scene: Scene) -> str:
        made = searches(scene)
        if not made:
            return super().say(scene)
        if self.left(scene) == 1:
            return answer(self.guess(scene))
        self.acted += 1
        relation = self.dice.pick(RELATIONS_OF[BY_ID[self.path[0]["relation"]].head])
        return search(f"{self.path[0]['head']} {relation.words}")

    def noise_allowed(self, command: str) -> bool:
        return False

    def watch(self, scene: Scene) -> None:
        before = set(self.passages)
        super().watch(scene)
        self.repeated += scene.said[-1].startswith("<search>") and set(self.passages) == before

    def happened(self, scene: Scene) -> bool:
        return len(set(searches(scene))) > 2 and self.repeated > 1


class _KeptSearching(Inquiry):
    """Looks for more instead of answering, to the last turn."""

    def say(self, scene: Scene) -> str:
        command = super().say(scene)
        if command.startswith("<search>"):
            return command
        self.acted += 1
        relation = BY_ID[self.dice.pick(self.path)["relation"]]
        return search(
            f"{self.dice.pick(self.path)['head']} {relation.words} {self.dice.pick(relation.words.split())}"
        )

    def happened(self, scene: Scene) -> bool:
        return self.acted > 0 and scene.said[-1].startswith("<search>")


class _NoAnswer(Inquiry):
    """Knows what it wants to say, and says it without the form of an answer."""

    def say(self, scene: Scene) -> str:
        if self.left(scene) == 1:
            self.acted += 1
            return ""
        command = super().say(scene)
        if command.startswith("<search>"):
            return command
        return search(f"{self.path[-1]['head']} {self.dice.pick(self.path)['value']}")


class _OneSide(Inquiry):
    """Looks up one of two things that are to be compared, and then says the wrong one."""

    def fits(self, scene: Scene) -> bool:
        wanted = self.wanted
        if not isinstance(wanted, Compared) or wanted.larger is None or not self.right_sides(scene, wanted):
            return False
        one, other = self.dice.pick(((wanted.one, wanted.other), (wanted.other, wanted.one)))
        self.ends = one, other
        self.started = False
        return True

    def right_sides(self, scene: Scene, wanted: Compared) -> bool:
        """Whether both sides have names of their own at their beginnings."""
        return bool(beginning(wanted.one) != beginning(wanted.other))

    def say(self, scene: Scene) -> str:
        if not self.started:
            self.started = True
            self.new_player(scene, str(self.ends[0]))
        command = super().say(scene)
        if command.startswith("<search>"):
            return command
        self.acted += 1
        sides = [str(self.path[hop]["head"]) for hop in range(len(self.path))]
        ends = [name for name in sides if name in scene.env.session.question.question]
        wrong = [name for name in ends if not self.right(scene, name)]
        return answer(self.dice.pick(wrong or self.values(scene)))

    def happened(self, scene: Scene) -> bool:
        name = beginning(self.ends[1])
        return self.acted > 0 and not any(name in query for query in searches(scene))


class _OneSearch(Inquiry):
    """Takes the first person that one search shows for the one who is described."""

    def fits(self, scene: Scene) -> bool:
        return isinstance(self.wanted, Described)

    def say(self, scene: Scene) -> str:
        if not searches(scene):
            command = super().say(scene)
            words = inside(command).split()
            return search(" ".join(words[: max(2, len(words) // 2)]))
        self.acted += 1
        people = [one.name for one in scene.env.world.facts.by_kind["person"]]
        met = [passage.title for passage in self.passages if passage.title in people]
        met = [name for name in met if name not in self.question]
        wrong = [name for name in met if not self.right(scene, name)]
        return answer(wrong[0] if wrong else self.guess(scene))

    def noise_allowed(self, command: str) -> bool:
        return False

    def happened(self, scene: Scene) -> bool:
        return self.acted > 0 and inside(scene.said[-1]) in [passage.title for passage in self.passages]


class _Unreadable(Inquiry):
    """Forgets in most replies to say a command."""

    def fits(self, scene: Scene) -> bool:
        self.rate = self.dice.pick((0.6, 0.8, 1.0))
        return True

    def say(self, scene: Scene) -> str:
        command = super().say(scene)
        if not self.dice.chance(self.rate):
            return command
        self.acted += 1
        return ""

    def happened(self, scene: Scene) -> bool:
        return self.acted > 1


QUERY_PLANTS = (
    Plant("answers without a search", _AnsweredFirst, (SearchCause.UNSEARCHED,)),
    Plant("repeats a query", _Repeated, (SearchCause.REPEATED,)),
    Plant("sends the whole question", _WholeQuestion, (SearchCause.WHOLE_QUESTION,)),
    Plant("misspells its queries", _NoHits, (SearchCause.NO_HITS,)),
    Plant("asks for what it has read", _NothingNew, (SearchCause.NOTHING_NEW,)),
    Plant("searches to the last turn", _KeptSearching, (SearchCause.LATE,)),
    Plant("gives the answer no form", _NoAnswer, (SearchCause.NO_ANSWER,)),
    Plant("looks one of two things up", _OneSide, (SearchCause.ONE_SIDE,)),
    Plant("takes the first person shown", _OneSearch, (SearchCause.EARLY, SearchCause.OTHER_PASSAGE)),
    Plant("replies without a command", _Unreadable, (SearchCause.UNREADABLE,)),
)
"""What goes wrong with queries and turns."""
