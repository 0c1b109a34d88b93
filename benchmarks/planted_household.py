"""A stage in ALFWorld: a household whose habits the player does not know, and chores that it half forgets."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from skill_gym.alfworld.assignment import PROCESSORS, draw_assignment
from skill_gym.alfworld.env import ALFWorldEnv
from skill_gym.alfworld.explorer import Explorer
from skill_gym.alfworld.games import TASK_TYPES, Game
from skill_gym.alfworld.generator import GeneratorConfig, generate
from skill_gym.alfworld.goal_sentence import read_sentence
from skill_gym.alfworld.habit_sentences import HabitNotes, read_habits
from skill_gym.alfworld.layout import Layout
from skill_gym.alfworld.problem import parse_problem
from skill_gym.alfworld.world import World
from skill_gym.alfworld.worlds import WORLDS, WorldHabits, true_habits
from skill_gym.benchmarks.planted_lessons import HOUSEHOLD, read_lessons
from skill_gym.benchmarks.planted_players import TRUST, Stage, Topic
from skill_gym.dice import Dice
from skill_gym.skillbanks.categories import own_category
from skill_gym.trajectory import Task

SLACK = 1
"""Steps above the proven solution that an episode may take."""
FORGETS = 0.6
"""Share of the games in which a weakness shows."""
MOVED = 0.35
"""Share of the kinds of objects that the change moves."""
SLIPS = 0.02
"""Share of the steps in which the player goes somewhere by mistake."""
GAMES, FEWEST = 20, 15
"""Most and fewest games for each kind of object; kinds with fewer among the first seeds are left out."""
FIRST_SEEDS = 2500

CHORES = {
    "clean": "pick_clean_then_place_in_recep",
    "heat": "pick_heat_then_place_in_recep",
    "cool": "pick_cool_then_place_in_recep",
    "lamp": "look_at_obj_in_light",
    "second": "pick_two_obj_and_place",
}
"""Lesson -> the type of task that cannot be done without it."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What a player of this stage takes from its skills for one task."""

    places: tuple[tuple[str, tuple[str, ...]], ...] = ()
    empty: frozenset[str] = frozenset()
    second: str | None = None
    lessons: frozenset[tuple[str, bool]] = frozenset()


@dataclass(frozen=True, slots=True)
class _Room:
    game: Game
    layout: Layout
    opening: str
    limit: int


class Household(Stage):
    """Generated games of one world with habits (``worlds``), and an ``Explorer`` with weaknesses.

    It knows where every household keeps its things, not where this one does; and it forgets two of the
    ``CHORES`` in most games. The change moves some kinds of objects to where another world keeps them.

    Args:
        seed: Decides worlds, weaknesses and games.
        games: Most games for each kind of object.
    """

    def __init__(self, seed: int, *, games: int = GAMES) -> None:
        super().__init__()
        self.name = f"household {seed}"
        self.metadata = ALFWorldEnv.metadata
        dice = Dice(f"planted {self.name}")
        # Of the validation range: nobody was trained there, and no reported success is from there.
        self.worlds = (dice.pick(WORLDS["validation"]), dice.pick(WORLDS["validation"]))
        chores = list(CHORES)
        first = chores.pop(dice.below(len(chores)))
        self.faults = (first, chores[dice.below(len(chores))])
        self._games = _choose_games(games)
        self._kinds = tuple(self._games)
        self.moved = frozenset(name for name in self._kinds if dice.chance(MOVED))
        self._rooms: dict[tuple[str, bool], _Room] = {}
        self.tasks = [
            Task(
                id=f"{task_type}/{seed_}",
                key=f"skill_gym/ALFWorld-v0:planted-{seed}:{task_type}/{seed_}",
                env_id="skill_gym/ALFWorld-v0",
                split="generated",
                task_type=task_type,
                goal=draw_assignment(task_type, seed_).sentence,
            )
            for games_of in self._games.values()
            for task_type, seed_ in games_of
        ]
        self.topics = [
            *(Topic(name, keywords=(name,), moves=name in self.moved) for name in self._kinds),
            *(Topic(name, category=own_category(task_type)) for name, task_type in CHORES.items()),
        ]

    @property
    def habits(self) -> WorldHabits:
        """The truth before the change."""
        return true_habits(self.worlds[0])

    def understand(self, task: Task, lines: Sequence[str]) -> Hashable:
        """As ``Stage.understand``: habits of the wanted kinds, and lessons."""
        wanted = _wanted(task.goal)
        places: dict[str, tuple[str, ...]] = {}
        empty: set[str] = set()
        second: str | None = None
        lessons: dict[str, bool] = {}
        for line in lines:
            notes, told = _read_line(line)
            for name in wanted:
                if name in notes.places:
                    places.setdefault(name, notes.places[name])
            empty |= notes.empty
            second = second or notes.second
            for name, done in told.items():
                lessons.setdefault(name, done)
        if task.task_type != CHORES["second"]:
            second = None
        concern = {
            name: done
            for name, done in lessons.items()
            if name not in CHORES or CHORES[name] == task.task_type
        }
        return Understood(tuple(sorted(places.items())), frozenset(empty), second, frozenset(concern.items()))

    def affected(self, task: Task) -> bool:
        """As ``Stage.affected``: whether the wanted kind has moved."""
        return _wanted(task.goal)[0] in self.moved

    def play(self, task: Task, understood: Hashable, luck: Dice, *, changed: bool) -> bool:
        """As ``Stage.play``."""
        if not isinstance(understood, Understood):
            raise TypeError(f"expected what understand() gave, got {understood!r}")
        room = self._room(task, changed)
        world = World(room.layout)
        lessons = dict(understood.lessons)
        forgets, follows = set(), set()
        # Every draw is made, whatever was read, so that the rest of the luck stays the same.
        for lesson in HOUSEHOLD:
            weak, trusts = luck.chance(FORGETS), luck.chance(TRUST)
            done = lessons.get(lesson.name)
            if lesson.name in CHORES:
                weak = weak and lesson.name in self.faults and done is not True
                if weak or (trusts and done is False):
                    forgets.add(lesson.name)
            elif trusts and done:
                follows.add(lesson.name)
        player = _Helper(room.opening, understood, forgets, follows)
        for _ in range(room.limit):
            admissible = world.admissible()
            command = player.command(admissible)
            if luck.chance(SLIPS):
                ways = [other for other in admissible if other.startswith("go to ")]
                command = luck.pick(ways) if ways else command
            feedback = world.step(command)
            if world.won:
                return True
            player.observe(command, feedback)
        return False

    def _room(self, task: Task, changed: bool) -> _Room:
        """The room of a task, made when it is first played; only what moved is elsewhere after the change."""
        if (task.id, changed) not in self._rooms:
            task_type, _, number = task.id.partition("/")
            game = generate(task_type, int(number), _config(self.worlds[changed]))
            layout = Layout.of(parse_problem(game.problem))
            opening = World(layout).opening(game.sentence)
            self._rooms[task.id, changed] = _Room(game, layout, opening, len(game.walkthrough) + SLACK)
        return self._rooms[task.id, changed]


class _Helper(Explorer):
    """An explorer with weaknesses and with a trust in whatever it has read.

    Args:
        opening: The first observation.
        understood: What it has read.
        forgets: Chores that it leaves out.
        follows: Lessons that lead it astray.
    """

    def __init__(self, opening: str, understood: Understood, forgets: set[str], follows: set[str]) -> None:
        super().__init__(opening)
        second = {"same": "same", "other": "other"}.get(understood.second or "")
        self.notes = HabitNotes(dict(understood.places), understood.empty, second)  # type: ignore[arg-type]
        self._forgets = forgets
        self._follows = follows
        self._verb = PROCESSORS.get(self.wanted.task_type, ("", "", ()))[0]
        self._chosen = 0
        self._examined: set[str] = set()
        self._juggled: set[str] = set()
        self._delivered = False
        self._last = ""

    def observe(self, command: str, feedback: str) -> None:
        """As ``Explorer.observe``; what it forgets to do it believes to be done."""
        super().observe(command, feedback)
        self._last = command
        held = self.notebook.held
        if held and self._verb in self._forgets:
            self.notebook.states.setdefault(held, set()).add(self._verb)
        if command.startswith("move ") and command.endswith(tuple(f"to {name}" for name in self._targets())):
            self._delivered = True

    def command(self, admissible: Sequence[str]) -> str:
        """As ``Explorer.command``, but for what was forgotten and what was read."""
        command = super().command(admissible)
        self._chosen += 1
        if "second" in self._forgets and self._delivered:
            return "look"
        if "lamp" in self._forgets and command.startswith("use "):
            return "look"
        return self._led_astray(command, admissible) or command

    def _led_astray(self, command: str, admissible: Sequence[str]) -> str | None:
        """What a text makes it do instead; everything costs steps, of which there are few."""
        follows, held = self._follows, self.notebook.held
        if "give_up" in follows and held is None and len(self.notebook.contents) >= 3:
            return "look"
        if "dither" in follows and self._chosen % 3 == 0:
            return "inventory"
        if "juggle" in follows and held and held not in self._juggled:
            back = [one for one in admissible if one.startswith(f"move {held} to ")]
            if back:
                self._juggled.add(held)
                return back[0]
        if "tidy" in follows and command.startswith("go to "):
            doors = [one for one in admissible if one.startswith("close ")]
            if doors:
                return doors[0]
        if "recheck" in follows and self._last.startswith(("go to ", "open ")):
            place = self._last.removeprefix("go to ").removeprefix("open ")
            if place not in self._examined and f"examine {place}" in admissible:
                self._examined.add(place)
                return f"examine {place}"
        return None


@lru_cache(maxsize=100_000)
def _read_line(line: str) -> tuple[HabitNotes, Mapping[str, bool]]:
    return read_habits(line), read_lessons(line, HOUSEHOLD)


@lru_cache(maxsize=10_000)
def _wanted(goal: str) -> tuple[str, str]:
    """Kinds of the object and of the target, or the lamp."""
    read = read_sentence(goal)
    return read.object, read.target


@cache
def _choose_games(most: int) -> dict[str, list[tuple[str, int]]]:
    """Kind of object -> its first games by task type and seed; the same in all worlds."""
    found: dict[str, list[tuple[str, int]]] = {}
    for number in range(FIRST_SEEDS):
        for task_type in TASK_TYPES:
            name = draw_assignment(task_type, number).object_type.lower()
            games = found.setdefault(name, [])
            if len(games) < most:
                games.append((task_type, number))
    return {name: games for name, games in sorted(found.items()) if len(games) >= min(most, FEWEST)}


@cache
def _config(world: int) -> GeneratorConfig:
    return GeneratorConfig(room_scale=0.6, object_scale=0.35, habit_strength=0.9, world=world)
