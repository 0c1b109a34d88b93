"""The life of candidates in a bank, blind to their labels: lint, duplicates, trial, watch, retirement."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from skill_gym.benchmarks.planted_players import LUCKS, Shelf, Stage, suits
from skill_gym.dice import Dice
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.candidate_trials import CandidateTrials
from skill_gym.skillbanks.duplicates import NearDuplicates
from skill_gym.skillbanks.lint import Lint
from skill_gym.skillbanks.lint_answers import BenchmarkAnswers
from skill_gym.skillbanks.skill import Skill
from skill_gym.skillbanks.trials import TrialConfig
from skill_gym.skillbanks.watch import Watch, WatchConfig
from skill_gym.trajectory import Task

Fate = Literal["inherited", "lint", "duplicate", "futile", "retired in trial", "admitted", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeConfig:
    """How much is played for what.

    Attributes:
        cycles: Iterations of play, each with its decisions at the end.
        first: Cycle from which on candidates arrive; before it the inherited bank is watched.
        arrivals: Cycles in which they arrive.
        change: Cycle from which on the stage is changed.
        pairs: Pairs that each open trial gets in a cycle.
        watched: Pairs that each skill of the bank gets in a cycle.
        inherited: Harmful skills that stand in the bank before anything is tried.
        served: Episodes of a cycle that are played with the bank as it is.
        trial: Effects and error rates of the trials.
        watch: When an admitted skill is retired.
    """

    cycles: int = 64
    first: int = 6
    arrivals: int = 10
    change: int = 30
    pairs: int = 10
    watched: int = 6
    inherited: int = 2
    served: int = 500
    trial: TrialConfig = field(default_factory=lambda: TrialConfig(min_effect=0.2, beta=0.02))
    watch: WatchConfig = field(default_factory=WatchConfig)

    def __post_init__(self) -> None:
        for name in ("cycles", "arrivals", "pairs", "watched", "served"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        last = self.first + self.arrivals
        if not 0 <= self.first < last <= self.change <= self.cycles:
            raise ValueError(
                f"change must lie between the last arrival ({last}) and cycles={self.cycles}, "
                f"got {self.change}"
            )


@dataclass(slots=True)
class Course:
    """What became of a candidate.

    Attributes:
        fate: The end of its candidacy.
        reason: Rule of the lint, or of what it is a copy.
        decided: Cycle of the end of its candidacy.
        trial_episodes: Episodes of its trial, both halves of each pair.
        retired: Cycle in which it was taken out of the bank.
        alarm: Why.
        watch_episodes: Episodes with it and without it since it was admitted.
        changed_watch_episodes: Those of them after the change.
    """

    fate: Fate = "undecided"
    reason: str = ""
    decided: int | None = None
    trial_episodes: int = 0
    retired: int | None = None
    alarm: str = ""
    watch_episodes: int = 0
    changed_watch_episodes: int = 0


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode of a cycle, for whoever is to play it.

    Attributes:
        task: The task.
        luck: Its luck.
        shelf: What the bank shows, or an arm of it.
        purpose: ``serve``, or for whom it is played.
    """

    task: Task
    luck: int
    shelf: Shelf
    purpose: str = "serve"


class Keeper:
    """Keeps a bank by the rules of the skill bank: nothing here knows a label, a truth or a cycle's change.

    Args:
        stage: Where it is tried; only its tasks and metadata are read.
        expected: How many candidates there will be.
        config: How much is played for what.
        seed: Of the draws.
    """

    def __init__(self, stage: Stage, expected: int, config: LifeConfig, seed: int) -> None:
        self._tasks = stage.tasks
        self._config = config
        self._dice = Dice(f"planted keeper {stage.name} {seed}")
        self._lint = Lint(metadata=stage.metadata, answers=BenchmarkAnswers(stage.tasks))
        self._known = NearDuplicates()
        self._trials = CandidateTrials(config.trial, candidates=max(1, expected))
        self._watches: dict[str, Watch] = {}
        self._skills: dict[str, Skill] = {}
        self._suited: dict[str, list[Task]] = {}
        self._waiting: list[str] = []
        self.courses: dict[str, Course] = {}
        self.bank = SkillBank.empty()
        self.shelf = Shelf(self.bank)

    def inherit(self, skills: Sequence[Skill]) -> None:
        """Takes over a bank that was never tried: its skills are watched from the first cycle on."""
        for skill in skills:
            self.courses[skill.id] = Course("inherited")
            self._skills[skill.id] = skill
            self._suited[skill.id] = [task for task in self._tasks if suits(skill, task)]
            self._watches[skill.id] = Watch(self._config.watch)
        self._known.add(skills)
        self.bank = self.bank.with_skills(skills)
        self.shelf = Shelf(self.bank)

    def receive(self, skills: Sequence[Skill], cycle: int) -> None:
        """Takes new candidates in: what lint and duplicates leave goes on trial."""
        for skill in skills:
            course = self.courses[skill.id] = Course()
            if errors := self._lint.errors(skill):
                course.fate, course.reason, course.decided = "lint", errors[0].rule, cycle
                continue
            twin = self._known.find(skill)
            if twin is not None and twin.kind != "variant":
                course.fate, course.reason, course.decided = "duplicate", str(twin), cycle
                continue
            self._known.add([skill])
            self._skills[skill.id] = skill
            self._suited[skill.id] = [task for task in self._tasks if suits(skill, task)]
            self._waiting.append(skill.id)
        self._begin()

    def _begin(self) -> None:
        """Begins the trials of who waited; for the goals that keywords name, one at a time.

        Two that say the same would otherwise both prove themselves in the absence of the other.
        """
        busy = {self._skills[name].keywords for name in self._trials.open_ids} - {()}
        waiting, self._waiting = self._waiting, []
        for name in waiting:
            keywords = self._skills[name].keywords
            if keywords in busy:
                self._waiting.append(name)
                continue
            self._trials.begin([name])
            if keywords:
                busy.add(keywords)

    def episodes(self) -> list[Episode]:
        """The episodes of the next cycle with their arms: pairs on trial and under watch, plain service."""
        found: list[Episode] = []
        for name in self._trials.open_ids:
            with_it = Shelf(self.bank.with_skills([self._skills[name]]))
            found += self._pairs(name, with_it, self.shelf, self._config.pairs)
        for name in self._watches:
            without = Shelf(self.bank.without([name]))
            found += self._pairs(name, self.shelf, without, self._config.watched)
        for _ in range(self._config.served):
            found.append(Episode(self._dice.pick(self._tasks), self._dice.below(LUCKS), self.shelf))
        return found

    def _pairs(self, name: str, shown: Shelf, withheld: Shelf, count: int) -> list[Episode]:
        """Pairs of the same task with a skill and without it, each half with a luck of its own."""
        tasks = self._suited[name]
        found = []
        for _ in range(count if tasks else 0):
            task = self._dice.pick(tasks)
            for shelf in (shown, withheld):
                found.append(Episode(task, self._dice.below(LUCKS), shelf, name))
        return found

    def learn(self, played: Sequence[tuple[Episode, bool]], cycle: int, *, changed: bool) -> None:
        """Takes the outcomes of a cycle and decides."""
        outcomes: dict[str, list[bool]] = {}
        for episode, success in played:
            if episode.purpose != "serve":
                outcomes.setdefault(episode.purpose, []).append(success)
        for name, halves in outcomes.items():
            course = self.courses[name]
            for shown, withheld in zip(halves[::2], halves[1::2], strict=True):
                if name in self._watches:
                    self._watches[name].observe_pair(float(shown), float(withheld))
                    course.watch_episodes += 2
                    course.changed_watch_episodes += 2 * changed
                else:
                    self._trials.observe_pair(name, float(shown), float(withheld))
                    course.trial_episodes += 2
        self._retire(cycle)
        self._decide(cycle)
        self._begin()
        self.shelf = Shelf(self.bank)

    def _decide(self, cycle: int) -> None:
        for decision in self._trials.decide():
            course = self.courses[decision.skill_id]
            course.decided = cycle
            if decision.verdict == "admit":
                course.fate = "admitted"
                self.bank = self.bank.with_skills([self._skills[decision.skill_id]])
                self._watches[decision.skill_id] = Watch(self._config.watch)
            else:
                course.fate = "retired in trial" if decision.verdict == "retire" else "futile"

    def _retire(self, cycle: int) -> None:
        """Takes out what raised an alarm; of skills for the same goals one at a time.

        Without it the others may be worth more: two that say the same each add nothing to the other.
        """
        alarmed: set[tuple[str | None, tuple[str, ...]]] = set()
        for name in list(self._watches):
            alarm = self._watches[name].alarm
            scope = (self._skills[name].category, self._skills[name].keywords)
            if alarm is None or scope in alarmed:
                continue
            alarmed.add(scope)
            self.bank = self.bank.without([name])
            del self._watches[name]
            course = self.courses[name]
            course.retired, course.alarm = cycle, alarm
        for name in self._watches:
            if (self._skills[name].category, self._skills[name].keywords) in alarmed:
                self._watches[name] = Watch(self._config.watch)
