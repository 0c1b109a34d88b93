"""The command ``skill-gym export``: its options, and what it tells of the files that it wrote."""

import argparse
import json
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skill_gym.benchmarks import warm_up
from skill_gym.benchmarks.collect_folder import DEMONSTRATIONS_FILE, TRAJECTORIES_FILE
from skill_gym.benchmarks.env_options import key_values
from skill_gym.trajectory import Trajectory, read_trajectories

if TYPE_CHECKING:
    from skill_gym.agents.sft_export import ExportConfig, Ruler

EPILOG = """where episodes come from:
  the folder of skill-gym collect        its demonstrations where it chose some, else all its episodes
  the folder of a training run           the policy's own successes, of its training iterations
  files of JSON lines                    such as those of skill-gym evaluate --trajectories FILE
  --play                                 the environment's scripted player, as skill-gym cold-start plays

what is written to --out (train.* and validation.*, one row an example):
  chat.jsonl            messages; weight 0 marks replies that are read, not learnt. For our own cold start
  alpaca.json           LLaMA-Factory; step layout. In the transcript layout only when named in --formats: the
                        earlier turns are its history then, whose answers LLaMA-Factory trains on as well
  sharegpt.json         LLaMA-Factory, which trains on every gpt turn
  trl.jsonl             TRL; set assistant_only_loss=True (the chat template must mark replies)
  trl_completion.jsonl  TRL; prompt and completion: the loss is on the completion only (with transformers 5
                        take TRL 1 or later: 0.24 reads its prompts' lengths wrongly)
  dataset_info.json, llamafactory_sft.yaml, export.json (settings and statistics)

Only episodes that solved their task are used, and of these only valid replies are learnt. A conversation with
an invalid reply goes only where it can be masked (chat, trl_completion). No task is in both train and
validation; tasks that skills came from stay in train.

examples:
  skill-gym export --play --episodes 2000 --tokenizer new --out runs/sft
  skill-gym cold-start --data runs/sft --out runs/cold
  skill-gym evaluate --policy expert --layout step --trajectories expert.jsonl --limit 500
  skill-gym export expert.jsonl --layout step --tokenizer $MODEL_PATH --max-tokens 4096 --out data/sft
  llamafactory-cli train data/sft/llamafactory_sft.yaml model_name_or_path=$MODEL_PATH dataset_dir=data/sft
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Adds the options."""
    command.description = (
        "Turns episodes into files for supervised fine-tuning: LLaMA-Factory, TRL, plain chat lines. Prompts "
        "are written anew by the environment's own wrappers, with skills retrieved for each task and varied "
        "from episode to episode: all that fit, a part of them, with distractors, or none."
    )
    command.epilog = EPILOG
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument(
        "trajectories",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="JSON lines, or folders of collections or training runs",
    )
    command.add_argument("--out", required=True, metavar="FOLDER", help="where the files go, all or none")
    command.add_argument("--formats", nargs="+", metavar="NAME", default=(), help="which files; see below")
    command.add_argument(
        "--layout",
        choices=("step", "transcript"),
        default="transcript",
        help="one example a step, or a whole episode as a conversation (%(default)s)",
    )
    command.add_argument(
        "--validation", type=float, default=0.1, metavar="SHARE", help="of the tasks (%(default)s)"
    )
    command.add_argument(
        "--tokenizer",
        help="counts tokens, for budgets and statistics: a folder, tiny, smollm2, a Hugging Face id; 'new' "
        "(with --play) trains that of the small policy and keeps it beside the files",
    )
    command.add_argument(
        "--max-tokens", type=int, metavar="N", help="longer examples are left out and counted, never cut"
    )
    command.add_argument("--max-skill-tokens", type=int, metavar="N", help="budget of the skill block")
    command.add_argument("--seed", type=int, default=0, help="of the split and the variation")

    recorded = command.add_argument_group("recorded episodes")
    recorded.add_argument(
        "--prompts",
        choices=("rendered", "recorded"),
        default="rendered",
        help="written anew, or as they were shown (%(default)s)",
    )
    recorded.add_argument("--none", type=float, metavar="SHARE", help="of episodes without skills (0.2)")
    recorded.add_argument("--partial", type=float, metavar="SHARE", help="with some skills withheld (0.3)")
    recorded.add_argument(
        "--distracted", type=float, metavar="SHARE", help="with skills of other tasks (0.2)"
    )
    recorded.add_argument("--show-ids", action="store_true", help="show the skills' ids, to be cited")
    recorded.add_argument(
        "--history", type=int, default=2, metavar="N", help="of the step layout (%(default)s)"
    )
    recorded.add_argument(
        "--think",
        action=argparse.BooleanOptionalAction,
        help="whether the reply format asks for a thought; where the replies have one if left out",
    )
    recorded.add_argument(
        "--show-admissible",
        action=argparse.BooleanOptionalAction,
        help="whether prompts list the admissible commands; in the step layout if left out",
    )
    recorded.add_argument(
        "--projection", choices=("strict", "skillrl"), default="strict", help="how replies were read"
    )
    recorded.add_argument(
        "--min-valid", type=float, default=0.8, metavar="SHARE", help="of an episode's replies (%(default)s)"
    )
    recorded.add_argument("--per-task", type=int, metavar="N", help="most episodes of a task")
    recorded.add_argument(
        "--verify",
        action="store_true",
        help="play every episode again in its environment (--env-options, --generator as it was played)",
    )
    playing = command.add_argument_group("what is played, with --play (as for cold-start)")
    playing.add_argument("--play", action="store_true", help="the environment's scripted player")
    # argparse's groups take arguments as parsers do.
    warm_up.add_playing(playing)  # type: ignore[arg-type]


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    from skill_gym.agents.sft_export import ExportConfig

    if options.play == bool(options.trajectories):
        raise ValueError("name files of trajectories, or --play; expected one of the two")
    if options.max_tokens is not None and options.tokenizer is None:
        raise ValueError("--max-tokens needs --tokenizer: tokens are those of the policy that will learn")
    config = ExportConfig(
        out=options.out,
        formats=tuple(options.formats),
        validation=options.validation,
        max_tokens=options.max_tokens,
        seed=options.seed,
    )
    figures = _played(options, config) if options.play else _recorded(options, config)
    _tell(figures, Path(options.out))
    return 0


def episodes(paths: list[Path]) -> Iterator[Trajectory]:
    """The episodes of files, collections and training runs, whose validation episodes are passed over.

    Raises:
        ValueError: A path is neither, or holds nothing.
        TrajectoryError: A line cannot be read.
    """
    files = list(chain.from_iterable(_files(path) for path in paths))
    for file in files:
        yield from read_trajectories(file)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    for name in (DEMONSTRATIONS_FILE, TRAJECTORIES_FILE):
        if (path / name).is_file():
            return [path / name]
    if (path / "trajectories").is_dir():
        found = sorted((path / "trajectories").glob("iteration-*.jsonl"))
    else:
        found = sorted(path.glob("*.jsonl")) if path.is_dir() else []
    if not found:
        raise ValueError(
            f"no trajectories at {path}; expected a file of JSON lines, a folder of them, or the folder of a "
            "collection or a training run"
        )
    return found


def _played(options: argparse.Namespace, config: "ExportConfig") -> Mapping[str, Any]:
    from skill_gym.agents.cold_start import new_tokenizer
    from skill_gym.agents.demonstration_source import PlayedNow
    from skill_gym.agents.sft_export import export_demonstrations
    from skill_gym.agents.sft_ruler import ruler_of

    if options.layout != "transcript":
        raise ValueError(
            "--play gives conversations; for one example a step, record the player first: skill-gym evaluate "
            "--policy explorer --layout step --think --trajectories FILE"
        )
    played = warm_up.played(options)
    if options.max_skill_tokens is not None:
        from dataclasses import replace

        played = replace(played, max_tokens=options.max_skill_tokens)
    if options.tokenizer == "new":
        recipe = warm_up.RECIPES.get(options.env, warm_up.Recipe())
        trained = new_tokenizer(PlayedNow(played), warm_up.policy_size(options), recipe.word_games)
        ruler = ruler_of(trained, "new", keep=True)
    else:
        ruler = _ruler(options)
    return export_demonstrations(played, config, ruler)


def _recorded(options: argparse.Namespace, config: "ExportConfig") -> Mapping[str, Any]:
    from skill_gym.agents.replay_check import ReplayCheck
    from skill_gym.agents.sft_export import export_trajectories
    from skill_gym.agents.sft_prompts import PromptConfig
    from skill_gym.agents.sft_selection import Selection, SelectionConfig
    from skill_gym.skillbanks.bank_source import open_bank
    from skill_gym.skillbanks.retrieval import ByTaskType
    from skill_gym.skillbanks.skill_variation import SkillVariation

    found = episodes(options.trajectories)
    first = next(found, None)
    if first is None:
        raise ValueError(f"no episodes in {', '.join(map(str, options.trajectories))}; nothing was written")
    env = first.task.env_id
    shares = {
        name: value
        for name in ("none", "partial", "distracted")
        if (value := getattr(options, name)) is not None
    }
    prompts = PromptConfig(
        source=options.prompts,
        layout=options.layout,
        history=options.history,
        show_admissible=options.show_admissible,
        think=options.think,
        projection=options.projection,
        show_ids=options.show_ids,
        variation=SkillVariation(**shares),
        seed=options.seed,
        **({} if options.max_skill_tokens is None else {"max_tokens": options.max_skill_tokens}),
    )
    check = None
    if options.verify:
        arguments = key_values(options.env_options, "--env-options", "data=shop")
        if generator := key_values(options.generator, "--generator", "room_scale=0.5"):
            arguments["generator"] = generator
        check = ReplayCheck(arguments)
    selection = Selection(
        SelectionConfig(env=env, min_valid=options.min_valid, per_task=options.per_task), check
    )
    bank = open_bank(options.bank or "starter", env)
    try:
        return export_trajectories(
            chain([first], found), config, prompts, selection, ByTaskType(bank), _ruler(options)
        )
    finally:
        if check is not None:
            check.close()


def _ruler(options: argparse.Namespace) -> "Ruler":
    from skill_gym.agents.sft_export import Ruler
    from skill_gym.agents.sft_ruler import open_ruler

    if options.tokenizer == "new":
        raise ValueError("--tokenizer new goes with --play; name the tokenizer of the policy that will learn")
    return Ruler() if options.tokenizer is None else open_ruler(options.tokenizer)


def _tell(figures: Mapping[str, Any], out: Path) -> None:
    """Prints the figures and one example."""
    read = figures["episodes"]
    print(f"episodes: {read['read']} read, {read['used']} used")
    for reason, count in read["left_out"].items():
        print(f"  {count} left out: {reason}")
    left = figures["examples_left_out"]
    print(
        f"examples left out: {left['duplicates']} duplicates, {left['too_long']} too long, "
        f"{left['special_tokens']} whose replies spell special tokens"
    )
    if unknown := figures.get("skills_of_unknown_origin"):
        print(f"{unknown} shown skills are not in the bank (--bank), so no leak check for them")
    for part, one in figures["parts"].items():
        tokens, skills = one["tokens"], one["skills"]
        print(
            f"{part}: {one['examples']} examples of {one['tasks']} tasks, {one['replies']} replies learnt, "
            f"{one['masked_replies']} masked\n"
            f"  tokens on average: prompt {tokens['prompt']['mean']}, reply {tokens['reply']['mean']}; "
            f"longest {tokens['longest']} ({figures['tokenizer']})\n"
            f"  skills shown in {skills['shown']:.1%}, {skills['skill_blocks']} different blocks; "
            f"{skills['cites_a_skill']:.1%} cite one; drawn: {json.dumps(skills['drawn'])}"
        )
    print("rows:", ", ".join(f"{name} {count}" for name, count in figures["rows"].items()))
    print(f"\na sample of {out}:\n{_sample(out)}")


def _sample(out: Path) -> str:
    from skill_gym.agents.sft_folder import SftFolder

    one = next(SftFolder.open(out).episodes("train"))
    return f"--- prompt\n{one.prompts[0]}\n--- reply\n{one.replies[0]}"
