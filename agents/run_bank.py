"""The bank in force during a run, and everything that changes it between iterations."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from skill_gym.agents.checkpoint import CheckpointError
from skill_gym.agents.env_stack import Role, open_bank
from skill_gym.agents.evolution_round import evolution_reason, evolve_beside, sources
from skill_gym.agents.rollout import Played
from skill_gym.agents.ruling import Ruling
from skill_gym.agents.run_folder import RunFolder
from skill_gym.agents.schedule import episode_seed
from skill_gym.agents.sections import TrainConfig
from skill_gym.agents.shared_bank import Review, SharedBank
from skill_gym.agents.skill_trials import SkillTrials
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.guard import Guard
from skill_gym.skillbanks.retrieval import Retriever
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.store_events import Origin
from skill_gym.skillbanks.teacher import Teacher
from skill_gym.trajectory import Task, Trajectory

logger = logging.getLogger(__name__)

Fall = Callable[[int, SkillBank, SkillBank], bool]


class RunBank:
    """Holds the bank; validations, trials and reviewers change it, in this order and never in between.

    Args:
        config: Where the bank comes from and how it may change.
        folder: Of the run; every version is written there.
        teacher: Who proposes new skills.
        resume: The run goes on: ``restore`` will say with which bank.

    Attributes:
        bank: In force; a new version takes effect at the next iteration.
        first: What the run began with.
        trials: Skills on trial; None where evolution's skills enter the bank at once.
        shared: The store of ``bank.store``; None without one.

    Raises:
        BankError: There is no such bank, or the store cannot be written.
    """

    def __init__(self, config: TrainConfig, folder: RunFolder, teacher: Teacher, *, resume: bool) -> None:
        self.config = config
        self.folder = folder
        self.teacher = teacher
        self.trials = SkillTrials(config.trials, seed=config.run.seed) if config.trials.enable else None
        self._guard: Guard | None = None
        self._validations = self._rounds = self._errors = 0
        self._said: set[str] = set()
        self.shared: SharedBank | None = None
        if config.bank.store is not None:
            self.shared = SharedBank(config.bank.store, config.run.name or Path(config.run.folder).name)
        if resume:
            # The checkpoint has both; what the run began with may be gone or another by now.
            self.bank = self.first = SkillBank.empty()
            return
        if self.shared is None:
            self.bank = self.first = open_bank(config.bank, config.env.id)
            return
        self.bank = self.first = self.shared.begin(lambda: open_bank(config.bank, config.env.id))
        if self.trials is not None:
            self.trials.book = self.shared.load_evidence()

    # What groups play with

    def arms(
        self, number: int, tasks: Sequence[Task], retriever: Callable[[], Retriever], *, first: int = 0
    ) -> list[dict[str, Any]]:
        """Which skills each group plays with beside the bank's, or without; drawn once for all siblings.

        Args:
            number: Of the iteration.
            tasks: Of its groups.
            retriever: Who chooses skills.
            first: Number of the first of these groups in the iteration.
        """
        if self.trials is None:
            return [{} for _ in tasks]
        found = retriever()
        return [
            self.trials.arm(number, group, task, found).options() for group, task in enumerate(tasks, first)
        ]

    def choose(
        self, retriever: Retriever, role: Role, *, iteration: int, count_tokens: Callable[[str], int] | None
    ) -> Retriever:
        """Who chooses among the skills that fit."""
        if self.trials is None:
            return retriever
        return self.trials.choose(
            retriever,
            iteration=iteration,
            exploring=role == "training",
            max_tokens=self.config.bank.max_tokens,
            count_tokens=count_tokens,
        )

    # What changes the bank

    def review(self) -> None:
        """Takes in what others did to the store; never within an iteration, whose groups share one bank."""
        if self.shared is not None:
            self._take_in(self.shared.review())

    def evolve(
        self, iteration: int, trajectories: Sequence[Trajectory], guard: Callable[[SkillBank], Guard]
    ) -> None:
        """Makes the next version from every k-th validation, or puts what it would add on trial.

        A teacher without an answer leaves the bank as it is; its error stands in the round's record and is
        counted.

        Args:
            iteration: Its number.
            trajectories: The validation's episodes.
            guard: Makes who examines proposals; asked once, since it has read all the tasks.
        """
        if not self.config.evolution.enable_dynamic_update:
            return
        self._validations += 1
        if self._validations % self.config.evolution.every_validations:
            return
        if self._guard is None:
            self._guard = guard(self.bank)
        known = self.bank if self.trials is None else self.trials.known(self.bank)
        others = [] if self.shared is None else [one for one in self.shared.others() if one.id not in known]
        config = self.config.evolution
        if self.trials is not None:
            # Trials are of skills: a mistake would enter without one.
            config = replace(config, max_new_mistakes=0)
        evolution = evolve_beside(
            known,
            others,
            trajectories,
            self.teacher,
            config,
            seed=episode_seed(self.config.run.seed, iteration),
            guard=self._guard,
        )
        self.folder.save_evolution(iteration, evolution.to_dict())
        self._rounds += 1
        if evolution.error is not None:
            self._count_error(evolution.error)
        bank = evolution.bank if self.trials is None else self.trials.propose(self.bank, evolution)
        added: tuple[Skill | Mistake, ...] = (*evolution.added, *evolution.mistakes)
        source: Origin = {"teacher": evolution.teacher, **sources(added, trajectories)}
        reason = evolution_reason(iteration, evolution)
        if self.shared is not None and self.trials is not None and evolution.added:
            self.shared.propose(evolution.added, reason=reason, **source)
        if bank.version != self.bank.version:
            logger.info("evolution: the bank goes from %s to %s", self.bank.version, bank.version)
            self._publish(bank, reason, evolution.revised, source)

    def _count_error(self, error: str) -> None:
        self._errors += 1
        fault = error.partition(":")[0]
        if fault not in self._said:
            # Once for each kind: a budget that is used up would else be news at every validation.
            self._said.add(fault)
            logger.warning(
                "the teacher %s gave no answer (%s): training goes on with the bank as it is; further errors "
                "of this kind are counted in evolution/teacher_errors",
                self.teacher.name,
                error,
            )

    def rule(self, iteration: int, played: Sequence[Played], fall: Fall) -> dict[str, Any]:
        """Hears what an iteration says of the skills on trial.

        Args:
            iteration: Its number.
            played: Its episodes.
            fall: Whether success falls from one bank to another after an iteration.

        Returns:
            Metrics; none without trials.
        """
        if self.trials is None:
            return {}
        self.trials.observe(iteration, played)
        # A candidate that somebody has approved meanwhile cannot be admitted any more.
        self.review()
        ruling = self.trials.rule(self.bank)
        undone = ruling.bank.version != self.bank.version and fall(iteration, self.bank, ruling.bank)
        if undone:
            logger.warning("success on the canaries fell: the bank stays at %s", self.bank.version)
        elif ruling.bank.version != self.bank.version:
            self._enact(ruling, played)
        if self.shared is not None:
            self.shared.reject(ruling.turned_away(undone=undone))
            self.shared.save_evidence(self.trials.book)
        if ruling.decisions or ruling.retired:
            self.folder.save_ruling(iteration, {**ruling.to_dict(), "rolled_back": undone})
        return {**self.trials.metrics(), "trials/rolled_back": int(undone)}

    def _enact(self, ruling: Ruling, played: Sequence[Played]) -> None:
        names = {one.skill_id for one in ruling.decisions if one.verdict == "admit"} | set(ruling.retired)
        reason = "; ".join(text for name, text in ruling.reasons.items() if name in names)
        admitted = [entry for entry in ruling.bank if entry.id not in self.bank]
        replaced = {} if self.trials is None else self.trials.replaces
        into = {replaced[entry.id]: entry.id for entry in admitted if entry.id in replaced}
        source = sources(admitted, [one.trajectory for one in played])
        self._publish(ruling.bank, reason, into, source)

    def _publish(self, bank: SkillBank, reason: str, merged: Mapping[str, str], source: Origin) -> None:
        if self.shared is not None:
            bank = self.shared.publish(self.bank, bank, reason=reason, merged=merged, **source)
        self._take(bank)

    def _take_in(self, review: Review) -> None:
        if self.trials is not None:
            self.trials.hear(review.words)
        if review.bank.version != self.bank.version:
            names = ", ".join(list(review.words)[:10]) or "no entry"
            logger.info(
                "reviewers: the bank goes from %s to %s (%s)", self.bank.version, review.bank.version, names
            )
            self._take(review.bank)

    def _take(self, bank: SkillBank) -> None:
        self.bank = bank
        self.folder.save_bank(bank)

    # For the run's files

    def metrics(self) -> dict[str, Any]:
        """Size and version of the bank, rounds of evolution and the teacher's errors."""
        return {
            "bank/size": len(self.bank),
            "bank/generation": self.bank.generation,
            "bank/version": self.bank.version,
            "evolution/rounds": self._rounds,
            "evolution/teacher_errors": self._errors,
        }

    def to_json(self) -> dict[str, Any]:
        """The state, for a checkpoint."""
        return {
            "bank": _record(self.bank),
            "first_bank": _record(self.first),
            "trials": None if self.trials is None else self.trials.to_json(),
            "store": None if self.shared is None else self.shared.to_json(),
            "evolution": {
                "validations": self._validations,
                "rounds": self._rounds,
                "errors": self._errors,
                "said": sorted(self._said),
            },
        }

    def restore(self, state: Mapping[str, Any], iteration: int) -> None:
        """Goes on where ``to_json`` left off; a reviewer's changes since then are taken in.

        Raises:
            CheckpointError: The bank was not read back as it was, or the store is another.
        """
        self.bank = _read(state["bank"])
        self.first = _read(state["first_bank"])
        evolution = state["evolution"]
        self._validations, self._rounds = evolution["validations"], evolution["rounds"]
        self._errors, self._said = evolution["errors"], set(evolution["said"])
        if self.trials is not None:
            self.trials.restore(state["trials"])
        if self.shared is None:
            return
        on_trial = {}
        if self.trials is not None:
            on_trial = {name: self.trials.candidates[name] for name in self.trials.trials.open_ids}
        self._take_in(self.shared.resume(state["store"], self.bank, on_trial, iteration))

    def close(self) -> None:
        """Closes the store."""
        if self.shared is not None:
            self.shared.close()


def _record(bank: SkillBank) -> dict[str, Any]:
    return {"json": bank.dumps(), "version": bank.version}


def _read(record: Mapping[str, Any]) -> SkillBank:
    bank = SkillBank.loads(record["json"], "checkpoint")
    if bank.version != record["version"]:
        raise CheckpointError(
            f"the bank read back is {bank.version}, the checkpoint's was {record['version']}; "
            "resume with the skill-gym version that wrote it"
        )
    return bank
