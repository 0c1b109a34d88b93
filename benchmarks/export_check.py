"""Checks exported examples: the documented formats, and LLaMA-Factory's own loader where it is installed."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from skill_gym.agents.models import resolve_model
from skill_gym.agents.sft_folder import REGISTER, SftFolder
from skill_gym.agents.sft_schema import faults
from skill_gym.benchmarks.llamafactory_loader import Verdict, load, verdict

SHOWN = 10
"""Faults that are printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the check.

    Returns:
        0 when nothing is wrong, else 1.
    """
    parser = argparse.ArgumentParser(
        prog="python -m skill_gym.benchmarks.export_check",
        description="Checks a folder of skill-gym export against the trainers' documented formats; with "
        "--llamafactory by its own loader: which tokens are learnt, example by example.",
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--llamafactory", action="store_true", help="ask LLaMA-Factory, which must be installed"
    )
    parser.add_argument(
        "--model", default="smollm2", help="whose tokenizer, for --llamafactory (%(default)s)"
    )
    parser.add_argument("--template", default="chatml", help="of LLaMA-Factory (%(default)s)")
    parser.add_argument("--cutoff", type=int, default=32768, help="longest example in tokens (%(default)s)")
    options = parser.parse_args(arguments)
    folder = SftFolder.open(options.folder)
    wrong = faults(folder)
    rows = folder.manifest["rows"]
    print(f"{options.folder}: {sum(rows.values())} rows in {len(rows)} files")
    _tell(wrong)
    if options.llamafactory:
        for one in verdicts(folder, resolve_model(options.model), options.template, options.cutoff):
            print(
                f"{one.dataset}: {one.examples} of {one.expected} examples, {one.replies} replies learnt, "
                f"{one.learnt} of {one.tokens} tokens"
            )
            _tell(one.faults)
            wrong += one.faults
    return 1 if wrong else 0


def verdicts(folder: SftFolder, model: Path, template: str, cutoff: int) -> list[Verdict]:
    """What LLaMA-Factory makes of each data set of the folder.

    Raises:
        ImportError: It is not installed.
        ValueError: The folder has no file for it.
    """
    found = []
    for name in ("alpaca", "sharegpt"):
        for part in ("train", "validation"):
            if f"{part}.{name}.json" not in folder.manifest["rows"]:
                continue
            dataset = f"skill_gym_{name}" + ("" if part == "train" else "_validation")
            examples, tokenizer = load(folder.path, dataset, model, template, cutoff=cutoff)
            wanted = list(folder.episodes(part, name))
            found.append(verdict(dataset, list(examples), tokenizer, wanted))
    if not found:
        raise ValueError(f"{folder.path} has no {REGISTER}; export the alpaca or sharegpt format")
    return found


def _tell(wrong: Sequence[str]) -> None:
    print("nothing is wrong" if not wrong else "\n".join(wrong[:SHOWN]))
    if len(wrong) > SHOWN:
        print(f"and {len(wrong) - SHOWN} more")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ValueError, ImportError) as error:
        sys.exit(f"export_check: {error}")
