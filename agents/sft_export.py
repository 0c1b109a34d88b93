"""Episodes become files to train on: chosen, shown with skills, divided by task, measured, written."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from skill_gym.agents.demonstrations import DemonstrationConfig, demonstrations
from skill_gym.agents.sft_examples import SftExample, Unit, by_unit
from skill_gym.agents.sft_folder import Part, write_folder
from skill_gym.agents.sft_formats import FORMATS, USUAL, FormatName
from skill_gym.agents.sft_prompts import PromptConfig, Unsuitable, shown
from skill_gym.agents.sft_selection import Selection
from skill_gym.agents.sft_split import validation_tasks
from skill_gym.agents.sft_statistics import Length, Measure, statistics
from skill_gym.skillbanks.leaks import ids_from_tasks
from skill_gym.skillbanks.rendering import about_tokens
from skill_gym.skillbanks.retrieval import Retriever
from skill_gym.trajectory import Trajectory

logger = logging.getLogger(__name__)


class ExportError(ValueError):
    """There is nothing to export; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportConfig:
    """What becomes of the examples.

    Attributes:
        out: The folder that is written.
        formats: Formats of the files; empty for those that suit the layout.
        validation: Share of the tasks whose examples are for validation.
        max_tokens: Longer examples are left out and counted; needs a tokenizer.
        seed: Of the split.
    """

    out: str
    formats: tuple[FormatName, ...] = ()
    validation: float = 0.1
    max_tokens: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = [name for name in self.formats if name not in FORMATS]
        if unknown:
            raise ValueError(f"no format {unknown[0]!r}; the formats are {', '.join(FORMATS)}")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise ValueError(f"max_tokens must be at least 1, got {self.max_tokens}; leave it out for any")


def estimated(example: SftExample) -> Length:
    """The length without a tokenizer."""
    episode = example.episode
    learnt = [reply for reply, learn in zip(episode.replies, episode.learn, strict=True) if learn]
    reply = sum(map(about_tokens, learnt))
    return Length(sum(map(about_tokens, (*episode.prompts, *episode.replies))) - reply, reply)


@dataclass(frozen=True, slots=True)
class Ruler:
    """How long texts and examples are.

    Attributes:
        name: Of the tokenizer; "" for an estimate of five bytes a token.
        count: Tokens of a text, None for the estimate.
        measure: Tokens of an example.
        harmless: Breaks up special tokens that a text spells out, as the policy's chat template does at play;
            other trainers would take them for the ends of messages.
        tokenizer: Goes into the folder where a policy from scratch will need it.
    """

    name: str = ""
    count: Callable[[str], int] | None = None
    measure: Measure = estimated
    harmless: Callable[[str], str] = str
    tokenizer: Any = None


def export_trajectories(
    trajectories: Iterable[Trajectory],
    config: ExportConfig,
    prompts: PromptConfig,
    selection: Selection,
    retriever: Retriever,
    ruler: Ruler | None = None,
) -> dict[str, Any]:
    """Exports recorded episodes.

    Tasks that shown skills came from (by the bank's provenance) are kept in training, so that validation
    does not ask for what the skills may have said.

    Args:
        trajectories: The episodes.
        config: What becomes of them.
        prompts: How they are shown.
        selection: Which of them are learnt from; also counts.
        retriever: Finds the skills for a task.
        ruler: How long they are.

    Returns:
        The statistics, as in ``export.json``.

    Raises:
        ExportError: No example is left.
        ValueError: The environment is not installed, or too few tasks are left for validation.
    """
    ruler = ruler or Ruler()
    unsuitable: Counter[str] = Counter()
    examples: list[SftExample] = []
    of_task: Counter[str] = Counter()
    env = ""
    for trajectory in selection.keep(trajectories):
        env = trajectory.task.env_id
        number = of_task[trajectory.task.key]
        of_task[trajectory.task.key] += 1
        try:
            one = shown(trajectory, prompts, retriever, number=number, count_tokens=ruler.count)
        except Unsuitable as error:
            unsuitable[str(error)] += 1
            continue
        examples.append(one)
    source: dict[str, Any] = {
        "env": env,
        "episodes": {
            "read": selection.read,
            "used": len(examples),
            "left_out": dict((selection.rejected + unsuitable).most_common()),
        },
        "prompts": asdict(prompts),
        "bank_version": retriever.bank.version,
    }
    keys = {one.episode.task_key for one in examples}
    held = {key for key in keys if ids_from_tasks(retriever.bank, [key])}
    _need(examples, source["episodes"])
    validation = validation_tasks(keys, config.validation, seed=config.seed, in_training=held)
    source["tasks_held_in_training"] = len(held)
    # Recorded blocks may be of another bank than the one given: where their skills came from is unknown then.
    recorded = {
        skill_id for one in examples if one.skills == "recorded" for skill_id in one.episode.skill_ids
    }
    source["skills_of_unknown_origin"] = len(recorded - set(retriever.bank.ids))
    parts: dict[Part, list[SftExample]] = {
        "train": [one for one in examples if one.episode.task_key not in validation],
        "validation": [one for one in examples if one.episode.task_key in validation],
    }
    return _finish(parts, config, prompts.layout, source, ruler)


def export_demonstrations(
    played: DemonstrationConfig, config: ExportConfig, ruler: Ruler | None = None
) -> dict[str, Any]:
    """Exports what the environment's scripted player plays, just as ``cold_start`` would learn it.

    Training and validation are the config's two splits, whose tasks are others by construction.

    Raises:
        ExportError: No episode was won.
    """
    ruler = ruler or Ruler()

    def play(*, held_out: bool) -> Iterator[SftExample]:
        for one in demonstrations(played, held_out=held_out, count_tokens=ruler.count):
            yield SftExample(one, "practice")

    parts: dict[Part, list[SftExample]] = {"train": list(play(held_out=False))}
    wanted = {"train": played.episodes}
    if config.validation:
        parts["validation"] = list(play(held_out=True))
        wanted["validation"] = played.held_out
    lost = sum(wanted.values()) - sum(map(len, parts.values()))
    source: dict[str, Any] = {
        "env": played.env,
        "episodes": {
            "read": sum(wanted.values()),
            "used": sum(map(len, parts.values())),
            "left_out": {"not solved by the scripted player": lost} if lost else {},
        },
        "demonstrations": asdict(played),
    }
    _need(parts["train"], source["episodes"])
    keys = [{one.episode.task_key for one in part} for part in parts.values()]
    if len(keys) == 2 and (both := keys[0] & keys[1]):
        raise ExportError(
            f"{len(both)} tasks are in both splits ({played.split}, {played.held_out_split}), the first is "
            f"{min(both)}; choose another --held-out-split, or --validation 0"
        )
    return _finish(parts, config, "transcript", source, ruler)


def _finish(
    parts: Mapping[Part, Sequence[SftExample]],
    config: ExportConfig,
    layout: Unit,
    source: Mapping[str, Any],
    ruler: Ruler,
) -> dict[str, Any]:
    """Divides episodes into examples, leaves out what is twice or too long, counts and writes."""
    chosen: dict[Part, list[SftExample]] = {}
    left: Counter[str] = Counter(duplicates=0, too_long=0, special_tokens=0)
    seen: set[Any] = set()
    for part, episodes in parts.items():
        chosen[part] = []
        for example in (one for episode in episodes for one in by_unit(episode, layout)):
            if layout == "step" and example.key in seen:
                left["duplicates"] += 1
            elif any(ruler.harmless(reply) != reply for reply in example.episode.replies):
                left["special_tokens"] += 1
            elif config.max_tokens is not None and ruler.measure(example).total > config.max_tokens:
                left["too_long"] += 1
            else:
                seen.add(example.key)
                prompts = tuple(map(ruler.harmless, example.episode.prompts))
                chosen[part].append(replace(example, episode=replace(example.episode, prompts=prompts)))
    _need(chosen["train"], {"left_out": dict(left)})
    figures = {part: statistics(examples, ruler.measure) for part, examples in chosen.items() if examples}
    formats = config.formats or USUAL[layout]
    masked = sum(not example.clean for example in chosen["train"])
    manifest = {
        **source,
        "tokenizer": ruler.name or "none: tokens are estimated as five bytes each",
        "examples_left_out": dict(left),
        "with_masked_replies": masked,
        "parts": figures,
    }
    longest = max(one["tokens"]["longest"] for one in figures.values())
    rows = write_folder(
        config.out,
        chosen,
        formats=formats,
        layout=layout,
        manifest=manifest,
        longest=longest if ruler.name else None,
        tokenizer=ruler.tokenizer,
    )
    logger.info("%s: %d files", Path(config.out), len(rows))
    return {**manifest, "rows": rows}


def _need(examples: Sequence[SftExample], counts: Any) -> None:
    if not examples:
        reasons = "; ".join(f"{count} {reason}" for reason, count in counts["left_out"].items())
        raise ExportError(f"no example is left to train on ({reasons or 'no episodes were read'})")
