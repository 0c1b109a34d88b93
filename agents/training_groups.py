"""The groups that an iteration trains on: tasks are handed out, siblings played, whole groups taken."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from skill_gym.agents.checkpoint import CheckpointError
from skill_gym.agents.credit import worth
from skill_gym.agents.played_record import completion_from_json, played_from_json, played_to_json
from skill_gym.agents.rollout import Episode, Played, Rollout, RolloutStats
from skill_gym.agents.schedule import TaskOrder, episode_seed
from skill_gym.agents.sections import TrainConfig
from skill_gym.agents.stage import Stage
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.trajectory import Task

Arms = Callable[[int, Sequence[Task], int], Sequence[Mapping[str, Any]]]
"""``arms(iteration, tasks, first)``: options of the groups with the numbers from ``first`` on."""


@dataclass(frozen=True, slots=True)
class Group:
    """A task on its way.

    Attributes:
        number: Place of the task in the run's order; unique in the run.
        begun: Iteration that handed it out.
        bank_version: Bank that all its siblings play with.
        episodes: The siblings.
    """

    number: int
    begun: int
    bank_version: str
    episodes: tuple[Episode, ...]

    def episode(self, ticket: str) -> Episode:
        """The sibling of that name."""
        return next(one for one in self.episodes if one.ticket == ticket)


@dataclass(frozen=True, slots=True)
class Taken:
    """What an iteration trains on.

    Attributes:
        played: Episodes of whole groups, sibling by sibling.
        stats: Of the rollout in this iteration.
        figures: Counts for the metrics.
    """

    played: list[Played]
    stats: RolloutStats
    figures: Mapping[str, float]


class TrainingGroups:
    """Plays groups of siblings, iteration after iteration.

    By default an iteration ends when all its episodes have. With ``rollout.carry_over`` it ends when
    ``tasks_per_iteration`` groups are whole: no long episode holds up an update. Slots are filled with
    further tasks meanwhile, and what is under way goes on in the next iteration, with the bank that it began
    with and the new weights (so set ``grpo.correction``); no group is older than ``rollout.max_staleness``
    iterations when it is trained on. With ``rollout.max_refills`` a group whose returns are all equal makes
    room for another task (DAPO's dynamic sampling), up to so many for each wanted one.

    Args:
        config: How many groups, and how they are sampled.
        stage: Where they are played.
        tasks: Of the training split.
        arms: Options of a group's resets.

    Attributes:
        cursor: Tasks handed out so far.
    """

    def __init__(self, config: TrainConfig, stage: Stage, tasks: Sequence[Task], arms: Arms) -> None:
        self.config = config
        self.stage = stage
        self.tasks = tasks
        self.arms = arms
        self.cursor = 0
        self._order = TaskOrder(len(tasks), config.run.seed + config.env.seed)
        self._queue = _Queue(self._hand_out_one)
        self._groups: dict[int, Group] = {}
        self._played: dict[int, dict[str, Played]] = {}
        self._rollout: Rollout | None = None
        self._iteration = 0
        self._bank = SkillBank.empty()
        self._handed_out = 0

    def take(self, number: int, bank: SkillBank) -> Taken:
        """Plays until the iteration has its groups.

        Args:
            number: Of the iteration, from 1.
            bank: What groups play with that begin now.
        """
        rollout, carry = self.config.rollout, self.config.rollout.carry_over
        self._iteration, self._bank, self._handed_out = number, bank, 0
        make_env = self.stage.make_env(bank, "training")
        if self._rollout is None:
            self._rollout = self.stage.rollout(make_env, self._queue, "training", self._most)
        else:
            self._rollout.renew(make_env)
            self._rollout.count_anew()
        wanted = rollout.tasks_per_iteration
        if not carry or not self._groups:
            self._hand_out(wanted)
        self._queue.endless = carry
        chosen: list[int] = []
        equal: list[int] = []
        with self.stage.folder.recording(f"iteration-{number:06d}") as record:
            self._sort(chosen, equal, wanted)
            while not self._enough(number, chosen, equal, wanted):
                played = next(self._rollout, None)
                if played is None:
                    break
                self._keep(played, record)
                self._sort(chosen, equal, wanted)
            self._queue.endless = False
            if carry:
                self._rollout.pause()
                for played in self._rollout.take_ended():
                    self._keep(played, record)
            stats = self._rollout.stats
            if not carry:
                self._rollout.close()
                self._rollout = None
        # Where too few differ, those that do not fill the iteration up.
        taken = [*sorted(chosen), *equal][:wanted]
        discarded = [one for one in equal if one not in taken]
        figures: dict[str, float] = {
            "group/refilled": len(discarded),
            "group/carried": len(self._groups) - len(taken) - len(discarded),
        }
        ages = [number - self._groups[one].begun for one in taken]
        figures["group/age"] = sum(ages) / len(ages) if ages else 0.0
        episodes = [
            self._played[one][episode.ticket] for one in taken for episode in self._groups[one].episodes
        ]
        for one in (*taken, *discarded):
            del self._groups[one], self._played[one]
        return Taken(episodes, stats, figures)

    def to_json(self) -> dict[str, Any]:
        """The state, for a checkpoint between iterations: what is whole, what is under way, what waits."""
        under_way = [] if self._rollout is None else self._rollout.under_way
        return {
            "cursor": self.cursor,
            "groups": [asdict(group) for group in self._groups.values()],
            "played": [
                played_to_json(one) for of_group in self._played.values() for one in of_group.values()
            ],
            "under_way": [
                {"ticket": episode.ticket, "replies": [asdict(reply) for reply in replies], "place": place}
                for episode, replies, place in under_way
            ],
            "waiting": [episode.ticket for episode in self._queue.waiting],
        }

    def restore(self, state: Mapping[str, Any], bank: Callable[[str], SkillBank]) -> None:
        """Goes on where ``to_json`` left off; episodes under way are taken up by saying their replies again.

        Args:
            state: Of a checkpoint.
            bank: Gives a version of the run's bank.

        Raises:
            CheckpointError: An episode in it belongs to no group.
        """
        self.cursor = int(state["cursor"])
        for row in state["groups"]:
            episodes = tuple(Episode(**episode) for episode in row["episodes"])
            self._groups[row["number"]] = Group(**{**row, "episodes": episodes})
        known = {episode.ticket: group for group in self._groups.values() for episode in group.episodes}
        for row in state["played"]:
            played = played_from_json(row)
            if played.episode.ticket not in known:
                raise CheckpointError(f"episode {played.episode.ticket} in the checkpoint is of no group")
            self._played.setdefault(played.episode.group, {})[played.episode.ticket] = played
        waiting = [known[name].episode(name) for name in state["waiting"]]
        if state["under_way"]:
            first = self.stage.make_env(bank(next(iter(known.values())).bank_version), "training")
            self._rollout = self.stage.rollout(first, self._queue, "training", self._most)
        for row in state["under_way"]:
            group = known[row["ticket"]]
            episode = group.episode(row["ticket"])
            replies = [completion_from_json(reply) for reply in row["replies"]]
            make_env = self.stage.make_env(bank(group.bank_version), "training")
            if self._rollout is not None and not self._rollout.restore(
                episode, replies, row["place"], make_env
            ):
                waiting.append(episode)
        self._queue.waiting.extend(waiting)

    def close(self) -> None:
        """Closes what is open."""
        if self._rollout is not None:
            self._rollout.close()

    @property
    def _most(self) -> int:
        """Episodes at once: without carrying over never more than an iteration has."""
        rollout, slots = self.config.rollout, self.config.sampler.slots
        if rollout.carry_over:
            return slots
        return min(slots, rollout.tasks_per_iteration * rollout.group_size)

    def _hand_out_one(self) -> None:
        self._hand_out(1)

    def _hand_out(self, count: int) -> None:
        """Puts the episodes of the next tasks into the queue."""
        seed, size = self.config.run.seed, self.config.rollout.group_size
        indices = self._order.take(self.cursor, count)
        arms = self.arms(self._iteration, [self.tasks[index] for index in indices], self._handed_out)
        for place, (index, options) in enumerate(zip(indices, arms, strict=True), self._handed_out):
            number = self.cursor + place - self._handed_out
            episodes = tuple(
                Episode(
                    ticket=f"{self._iteration}.{place}.{sibling}",
                    task_id=self.tasks[index].id,
                    seed=episode_seed(seed, self._iteration, index, place, sibling),
                    group=number,
                    options=dict(options),
                )
                for sibling in range(size)
            )
            self._groups[number] = Group(number, self._iteration, self._bank.version, episodes)
            self._queue.waiting.extend(episodes)
        self.cursor += count
        self._handed_out += count

    def _sort(self, chosen: list[int], equal: list[int], wanted: int) -> None:
        """Looks at groups that have become whole; one that teaches nothing is replaced while it may be."""
        rollout = self.config.rollout
        for number, group in list(self._groups.items()):
            played = self._played.get(number, {})
            if number in chosen or number in equal or len(played) < len(group.episodes):
                continue
            if rollout.max_refills == 0 or self._differs(played.values()):
                chosen.append(number)
                continue
            equal.append(number)
            # With carry_over the queue hands further tasks out by itself.
            if not rollout.carry_over and len(equal) <= rollout.max_refills * wanted:
                self._hand_out(1)

    def _keep(self, played: Played, record: Callable[[Played], None]) -> None:
        record(played)
        self._played.setdefault(played.episode.group, {})[played.episode.ticket] = played

    def _differs(self, played: Iterable[Played]) -> bool:
        whole = (one for one in played if one.trajectory.ended != "broken")
        return len({worth(one, self.config.grpo) for one in whole}) > 1

    def _enough(self, number: int, chosen: Collection[int], equal: Collection[int], wanted: int) -> bool:
        rollout = self.config.rollout
        if not rollout.carry_over:
            return False
        out_of_refills = rollout.max_refills > 0 and len(equal) >= rollout.max_refills * wanted
        found = len(chosen) + (len(equal) if out_of_refills else 0)
        too_old = any(
            number - group.begun >= rollout.max_staleness
            for one, group in self._groups.items()
            if one not in chosen and one not in equal
        )
        return found >= wanted and not too_old


class _Queue(Iterator[Episode]):
    """Episodes that wait for a slot; an endless one hands out a further group when it is empty."""

    def __init__(self, hand_out: Callable[[], None]) -> None:
        self.waiting: deque[Episode] = deque()
        self.endless = False
        self._hand_out = hand_out

    def __next__(self) -> Episode:
        if not self.waiting and self.endless:
            self._hand_out()
        if not self.waiting:
            raise StopIteration
        return self.waiting.popleft()
