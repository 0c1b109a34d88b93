"""A stage in Search: a reader that knows one wording of each fact, in a library that tells it in several."""

import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from skill_gym.benchmarks.planted_lessons import LIBRARY, STOPS, read_lessons
from skill_gym.benchmarks.planted_players import TRUST, Stage, Topic
from skill_gym.dice import Dice
from skill_gym.search.env import SearchEnv
from skill_gym.search.findings import Findings
from skill_gym.search.generator import GeneratorConfig, generated_world
from skill_gym.search.language import RELATIONS, Relation
from skill_gym.search.passage_reader import FactReader
from skill_gym.search.question_parser import Named, read_wanted
from skill_gym.search.seeker import Seeker
from skill_gym.search.session import Rules, Session
from skill_gym.search.shown_passages import ShownPassage
from skill_gym.trajectory import Task

TURNS = 4
WORLDS_OF_A_SEED, QUESTIONS = 2, 700
LEARNT = 0.35
"""Share of the relations that the player comes to know by itself."""
MOST = 20
"""Most questions of each relation."""
SLIPS = 0.04
"""Share of the searches that go out with one word only."""

_DENIED = re.compile(r"\b(?:not|never|no|ignore|disregard|mislead\w*|rumou?rs?|distrust)\b|n't\b")
_COMMON = frozenset(
    (
        "are", "company", "did", "does", "first", "for", "from", "has", "have", "how", "into", "its", "many",
        "person", "prize", "region", "river", "school", "since", "take", "that", "the", "there", "this",
        "town", "was", "what", "when", "where", "which", "who", "whom", "with", "year",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Understood:
    """What a player of this stage takes from its skills for one question."""

    learnt: frozenset[str] = frozenset()
    doubted: frozenset[str] = frozenset()
    lessons: frozenset[tuple[str, bool]] = frozenset()


class Library(Stage):
    """Generated questions for one fact, and a ``Seeker`` that reads too little.

    Of each relation's wordings in passages the player knows one; a text that quotes another one teaches it,
    a text that calls a wording untrue takes it away. By the change the player has come to know some relations
    on its own, as a policy in training does, so that skills about them are no longer worth their place.

    Args:
        seed: Decides worlds, questions and what is known.
        questions: Of each of the worlds.
    """

    def __init__(self, seed: int, *, questions: int = QUESTIONS) -> None:
        super().__init__()
        self.name = f"library {seed}"
        dice = Dice(f"planted {self.name}")
        self.metadata = SearchEnv.metadata
        self.known = {relation.id: dice.pick(relation.sentences) for relation in RELATIONS}
        self.moved = frozenset(relation.id for relation in RELATIONS if dice.chance(LEARNT))
        self.faults = tuple(f"other wordings of {relation.id}" for relation in RELATIONS)
        self._rules = Rules(
            topk=3, max_turns=TURNS, final_answer_turn=False, observation="plain", max_chars=4000,
            invalid_hint=True, reward="em", reward_format=None, unicode_norm=False, on_error="raise",
        )  # fmt: skip
        self._sessions: dict[str, tuple[int, int]] = {}
        self._relation: dict[str, str] = {}
        self._worlds = []
        tasks = []
        counts: Counter[str] = Counter()
        for number in range(WORLDS_OF_A_SEED):
            config = GeneratorConfig(
                kinds=("lookup",), hops=(1,), seed=(WORLDS_OF_A_SEED * seed + number) % 1000
            )
            world = generated_world("generated_validation", config, questions)
            self._worlds.append(world)
            for place, question in enumerate(world.questions):
                relation = _relation_of(question.question)
                if relation is None or counts[relation] >= MOST:
                    continue
                counts[relation] += 1
                name = f"{number}/{place}"
                self._sessions[name] = (number, place)
                self._relation[name] = relation
                tasks.append(
                    Task(
                        id=name,
                        key=f"skill_gym/Search-v0:planted-{seed}:{name}",
                        env_id="skill_gym/Search-v0",
                        split="generated_validation",
                        task_type="direct_retrieval",
                        goal=question.question,
                    )
                )
        self.tasks = tasks
        self.topics = [
            Topic(relation.id, keywords=words_of(relation), moves=relation.id in self.moved)
            for relation in RELATIONS
            if counts[relation.id] >= 10
        ]

    def understand(self, task: Task, lines: Sequence[str]) -> Hashable:
        """As ``Stage.understand``: wordings of facts, and lessons."""
        del task
        told: dict[str, bool] = {}
        lessons: dict[str, bool] = {}
        for line in lines:
            wordings, said = _read_line(line)
            for name, trusted in wordings.items():
                told.setdefault(name, trusted)
            for name, done in said.items():
                lessons.setdefault(name, done)
        return Understood(
            frozenset(name for name, trusted in told.items() if trusted),
            frozenset(name for name, trusted in told.items() if not trusted),
            frozenset(lessons.items()),
        )

    def affected(self, task: Task) -> bool:
        """As ``Stage.affected``: whether what is asked is among what the player comes to know."""
        return self._relation[task.id] in self.moved

    def play(self, task: Task, understood: Hashable, luck: Dice, *, changed: bool) -> bool:
        """As ``Stage.play``."""
        if not isinstance(understood, Understood):
            raise TypeError(f"expected what understand() gave, got {understood!r}")
        number, place = self._sessions[task.id]
        world = self._worlds[number]
        session = Session(world.questions[place], self._rules, world.index)
        readable: dict[str, tuple[str, ...]] = {}
        for relation in RELATIONS:
            own = relation.sentences if changed and relation.id in self.moved else (self.known[relation.id],)
            readable[relation.id] = tuple(
                template
                for template in relation.sentences
                if (template in own or template in understood.learnt) and template not in understood.doubted
            )
        lessons = dict(understood.lessons)
        # Every draw is made, whatever was read, so that the rest of the luck stays the same.
        trusted = [lesson.name for lesson in LIBRARY if luck.chance(TRUST)]
        follows = {name for name in trusted if lessons.get(name)}
        player = _Reader(session.first_observation, readable, follows)
        while not session.over:
            command = player.command(session.admissible())
            if command.startswith("<search>") and luck.chance(SLIPS):
                command = _terse(command)
            step = session.do(command, command)
            if not session.over:
                player.observe(command, step.observation)
        return session.won


class _Reader(Seeker):
    """A seeker that understands some wordings only, and trusts whatever it has read."""

    def __init__(
        self, first_observation: str, readable: Mapping[str, tuple[str, ...]], follows: set[str]
    ) -> None:
        super().__init__(first_observation)
        self._reader = _Wordings(readable)
        wanted = read_wanted(self.question)
        self._findings = None if wanted is None else Findings(wanted, self._reader)
        self._follows = follows
        self._before = ""

    def command(self, commands: Sequence[str]) -> str:
        """As ``Seeker.command``, but for what the texts make it do instead."""
        if "hasty" in self._follows:
            return f"<answer>{' '.join(re.findall(r'[A-Z][a-z]+', self.question)[-2:])}</answer>"
        command = super().command(commands)
        if command.startswith("<search>"):
            if "repeat" in self._follows and self._before and self._turn % 2 == 1:
                return self._before
            if "terse" in self._follows:
                command = _terse(command)
            self._before = command
        return command


class _Wordings(FactReader):
    def __init__(self, readable: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        self._readable = readable

    def _told(self, passage: ShownPassage, relation: Relation) -> Named | str | None:
        return super()._told(passage, replace(relation, sentences=self._readable[relation.id]))


@cache
def words_of(relation: Relation) -> tuple[str, ...]:
    """The words of a relation's questions that call for a skill about it: its own where it has any."""
    own = _question_words(relation)
    others = {word for other in RELATIONS if other is not relation for word in _question_words(other)}
    return tuple(word for word in own if word not in others) or own


def _question_words(relation: Relation) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for question in (*relation.questions, *relation.phrases):
        for word in re.findall(r"[a-z]{3,}", question.replace("{head}", "").lower()):
            if word not in _COMMON:
                found[word] = None
    return tuple(found)


def quoted(template: str) -> str:
    """A wording as a text may quote it: ``... is a native of ...``."""
    return re.sub(r"\{\w+\}", "...", template)


def _terse(command: str) -> str:
    words = command.removeprefix("<search>").removesuffix("</search>").split()
    return f"<search>{words[-1] if words else ''}</search>"


@cache
def _wordings() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each wording with what finds it in a text: its own words in their order, names and dots between."""
    found = []
    for relation in RELATIONS:
        for template in relation.sentences:
            parts = [part.strip(" .") for part in re.split(r"\{\w+\}", template.lower())]
            pattern = r"\W+(?:\w+\W+){0,3}?".join(re.escape(part) for part in parts if part)
            found.append((template, re.compile(rf"(?<!\w){pattern}(?!\w)")))
    return tuple(found)


@lru_cache(maxsize=100_000)
def _read_line(line: str) -> tuple[Mapping[str, bool], Mapping[str, bool]]:
    told: dict[str, bool] = {}
    # Dots stand for names in a quoted wording; elsewhere they end a sentence.
    for sentence in STOPS.split(line.lower().replace("...", " x ")):
        for template, pattern in _wordings():
            if template not in told and pattern.search(sentence):
                told[template] = _DENIED.search(sentence) is None
    return told, read_lessons(line.replace("...", " "), LIBRARY)


@lru_cache(maxsize=10_000)
def _relation_of(question: str) -> str | None:
    """The relation that a question asks for at last."""
    wanted = read_wanted(question)
    relation = getattr(wanted, "relation", None)
    return relation.id if isinstance(relation, Relation) else None
