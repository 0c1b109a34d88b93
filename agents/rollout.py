"""Plays episodes without a barrier: no episode waits for another, and a finished one costs nothing."""

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

import gymnasium as gym

from skill_gym.agents.policy import Completion, Policy, Sampling
from skill_gym.agents.rollout_stats import RolloutStats, RolloutTally
from skill_gym.agents.slot import Episode, Played, Slot, reply_seed
from skill_gym.agents.slots import Slots
from skill_gym.agents.steps_under_way import Step, StepsUnderWay, take_step
from skill_gym.trajectory import Trajectory

__all__ = ["Episode", "Played", "Rollout", "RolloutStats", "play", "reply_seed"]

logger = logging.getLogger(__name__)


class Rollout(Iterator[Played]):
    """Plays episodes and hands each over as it ends; ``stats`` may be read at any time.

    Each slot has one environment, made when it is first needed, used for one episode after another and
    closed at the end. A slot sends its next request as soon as its reply has been played. The results of a
    deterministic policy do not depend on the number of slots; their order does. Used as a context manager,
    it is closed at once when whoever takes the episodes stops early.

    ``pause`` lets the replies that are under way come to their end and asks for no further ones, so that
    the policy may take new weights; the next episode that is wanted goes on from there. ``renew`` gives
    episodes that begin from then on another kind of environment, such as one with a new bank.

    Environments that wait (``env.unwrapped.waits``, as a search does for its server) step in threads, many
    at once, while the policy goes on; the others step here. Policy and resets stay in the calling thread.

    What fails costs one episode: an environment that raises (boundary ``env``; a fresh one takes its
    place) and a request that the policy refuses or answers with an error (boundary ``policy``) leave a
    broken trajectory with the reason in ``meta["error"]``. An error out of ``poll`` or ``make_env`` is
    about the whole run and propagates, as a KeyboardInterrupt does; environments are closed all the same.

    Args:
        make_env: Makes an environment; one without RecordTrajectory gets it.
        policy: Who plays.
        episodes: What is to be played, read as slots become free.
        slots: Most episodes at once, at least 1.
        sampling: How replies are drawn; the seed is replaced by one for each episode and step.
        on_played: Called with each episode before it is handed over.
    """

    def __init__(
        self,
        make_env: Callable[[], gym.Env[str, str]],
        policy: Policy,
        episodes: Iterable[Episode],
        *,
        slots: int,
        sampling: Sampling,
        on_played: Callable[[Played], None] | None = None,
    ) -> None:
        self._policy = policy
        self._episodes = iter(episodes)
        self._slots = Slots(make_env, policy.name, slots)
        self._sampling = sampling
        self._on_played = on_played
        self._waiting: dict[str, Slot] = {}
        self._paused: list[Slot] | None = None
        self._ended: deque[Played] = deque()
        self._steps = StepsUnderWay(slots)
        self._seen: set[str] = set()
        self._tally = RolloutTally()
        self._closed = False

    @property
    def stats(self) -> RolloutStats:
        """What was done so far."""
        return self._tally.stats(self._slots.most)

    def __next__(self) -> Played:
        try:
            with self._tally.timed("wall"):
                self._go_on()
                while not self._ended and self._advance():
                    pass
        except BaseException:
            self.close()
            raise
        if not self._ended:
            self.close()
            raise StopIteration
        played = self._ended.popleft()
        if self._on_played is not None:
            self._on_played(played)
        return played

    def __enter__(self) -> "Rollout":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def under_way(self) -> list[tuple[Episode, tuple[Completion, ...], str]]:
        """Episodes that have begun and not ended, each with its replies so far and its place (``Slot``)."""
        busy = {id(slot): slot for slot in (*self._waiting.values(), *(self._paused or ()))}
        return [(slot.episode, tuple(slot.completions), slot.place) for slot in busy.values()]

    def pause(self) -> None:
        """Lets all replies under way come to their end; what episodes then want next is not asked yet."""
        if self._paused is None:
            self._paused = []
        try:
            with self._tally.timed("wall"):
                while self._waiting or self._steps:
                    self._move()
        except BaseException:
            self.close()
            raise

    def take_ended(self) -> list[Played]:
        """Episodes that have ended and were not handed over yet, such as those that ended in a pause."""
        ended = [*self._ended]
        self._ended.clear()
        if self._on_played is not None:
            for played in ended:
                self._on_played(played)
        return ended

    def count_anew(self) -> None:
        """Begins the stats again, as for the next iteration."""
        self._tally = RolloutTally()

    def renew(self, make_env: Callable[[], gym.Env[str, str]]) -> None:
        """Episodes that begin from now on are played in environments of this kind."""
        self._slots.renew(make_env)

    def restore(
        self,
        episode: Episode,
        replies: Sequence[Completion],
        place: str,
        make_env: Callable[[], gym.Env[str, str]],
    ) -> bool:
        """Puts an episode back to where it was, by saying its replies to a fresh environment again.

        Args:
            episode: As it was begun.
            replies: Those that its environment had taken.
            place: Where they had led.
            make_env: Makes an environment of the kind that it was begun in.

        Returns:
            Whether it is under way again; False when the environment did not take it to the same place, as
            one that asks a server may do, and the episode has to be played anew.
        """
        slot = self._slots.add_outdated(make_env)
        if not slot.replay(episode, replies, place):
            self._slots.discard(slot)
            return False
        self._seen.add(episode.ticket)
        self._paused = [*(self._paused or ()), slot]
        return True

    def close(self) -> None:
        """Ends the rollout early: open requests are aborted, environments closed."""
        if self._closed:
            return
        self._closed = True
        abort: Callable[[Collection[str]], None] | None = getattr(self._policy, "abort", None)
        try:
            if self._waiting and abort is not None:
                abort(set(self._waiting))
        finally:
            self._steps.close()
            self._slots.close()
            self._waiting = {}

    def _go_on(self) -> None:
        """Asks what was not asked while the rollout was paused."""
        held, self._paused = self._paused, None
        for slot in held or ():
            self._ask(slot)

    def _advance(self) -> bool:
        """Fills the slots and moves on; False when there is nothing left to do."""
        if self._closed:
            return False
        self._fill()
        if not (self._waiting or self._steps):
            return bool(self._ended)
        self._move()
        return True

    def _move(self) -> None:
        """Takes the replies that are ready, and the steps that threads have ended."""
        for completion in self._poll() if self._waiting else ():
            slot = self._waiting.pop(completion.ticket, None)
            if slot is None:
                logger.warning("the policy answered %r, which nobody asked", completion.ticket)
                continue
            self._hear(slot, completion)
        for step in self._taken():
            self._after(step)

    def _fill(self) -> None:
        """Starts episodes until no slot is free or none is left."""
        while self._slots.has_free:
            episode = next(self._episodes, None)
            if episode is None:
                return
            if episode.ticket in self._seen:
                raise ValueError(f"two episodes have the ticket {episode.ticket!r}; tickets must be unique")
            self._seen.add(episode.ticket)
            self._begin(episode)

    def _begin(self, episode: Episode) -> None:
        with self._tally.timed("env_time"):
            slot = self._slots.take()
            try:
                slot.begin(episode)
            except Exception as error:  # noqa: BLE001 - whatever an environment raises is recorded
                trajectory = slot.never_begun(error)
                self._slots.discard(slot)
                self._done(slot, trajectory, error)
                return
        self._ask(slot)

    def _ask(self, slot: Slot) -> None:
        if self._paused is not None:
            self._paused.append(slot)
            return
        request = slot.request(self._sampling)
        with self._tally.timed("policy_time"):
            try:
                self._policy.submit(request)
            except Exception as error:  # noqa: BLE001 - whatever a policy raises is recorded
                self._slots.give_back(slot)
                self._done(slot, slot.abandon("policy", error), error)
                return
        self._waiting[request.ticket] = slot

    def _poll(self) -> list[Completion]:
        with self._tally.timed("policy_time", waiting=len(self._waiting)):
            return self._policy.poll()

    def _hear(self, slot: Slot, completion: Completion) -> None:
        self._tally.heard(completion)
        if completion.finish_reason == "error":
            self._slots.give_back(slot)
            self._done(slot, slot.abandon("policy", completion.text), completion.text)
        elif slot.waits:
            self._steps.start(slot, completion)
        else:
            step = take_step(slot, completion)
            self._tally.add(env_time=step.seconds)
            self._after(step)

    def _taken(self) -> list[Step]:
        """Steps that threads have ended; waits for one if the policy has nothing to do."""
        if not self._steps:
            return []
        with self._tally.timed("env_time"):
            return self._steps.taken(wait=not self._waiting)

    def _after(self, step: Step) -> None:
        slot = step.slot
        self._tally.add(step_time=step.seconds)
        if step.error is not None:
            trajectory = slot.abandon("env", step.error)
            self._slots.discard(slot)
            self._done(slot, trajectory, step.error)
            return
        self._tally.add(steps=1)
        if step.trajectory is None:
            self._ask(slot)
        else:
            self._slots.give_back(slot)
            self._done(slot, step.trajectory)

    def _done(self, slot: Slot, trajectory: Trajectory, error: BaseException | str | None = None) -> None:
        """Keeps an episode that has ended until it is handed over."""
        self._tally.add(episodes=1)
        if trajectory.boundary is not None:
            self._tally.broke(slot.episode, trajectory, error)
        if not trajectory.policy:
            trajectory = replace(trajectory, policy=self._policy.name)
        self._ended.append(Played(slot.episode, trajectory, tuple(slot.completions)))


def play(
    make_env: Callable[[], gym.Env[str, str]],
    policy: Policy,
    episodes: Iterable[Episode],
    *,
    slots: int,
    sampling: Sampling,
    on_played: Callable[[Played], None] | None = None,
) -> Rollout:
    """Plays episodes lazily; iterate over the result. Arguments as in ``Rollout``."""
    return Rollout(make_env, policy, episodes, slots=slots, sampling=sampling, on_played=on_played)
