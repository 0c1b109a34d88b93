"""Exported files through LLaMA-Factory's own data loader: what it would learn of them, token by token."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skill_gym.agents.demonstration_play import Demonstration

IGNORED = -100
"""Label of a token that is not learnt."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the loader made of a data set.

    Attributes:
        dataset: Its name in ``dataset_info.json``.
        examples: Examples that the loader gave.
        expected: Examples in the file.
        replies: Replies that are learnt.
        learnt: Tokens that are learnt.
        tokens: All tokens.
        faults: What is not as it should be.
    """

    dataset: str
    examples: int
    expected: int
    replies: int
    learnt: int
    tokens: int
    faults: tuple[str, ...] = ()


def load(folder: Path, dataset: str, model: Path, template: str, *, cutoff: int) -> tuple[Any, Any]:
    """The data set as the trainer would get it, and the tokenizer as the template has changed it.

    Raises:
        ImportError: LLaMA-Factory is not installed.
    """
    # Its version check asks for packages that only training needs.
    os.environ.setdefault("DISABLE_VERSION_CHECK", "1")
    try:
        from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
        from llamafactory.hparams import get_train_args
        from llamafactory.model import load_tokenizer
    except ImportError as error:
        raise ImportError(
            f"LLaMA-Factory cannot be imported ({error}); install it into an environment of its own: "
            "pip install llamafactory"
        ) from error
    with tempfile.TemporaryDirectory() as output:
        model_args, data_args, training_args, _, _ = get_train_args(
            {
                "stage": "sft",
                "do_train": True,
                "model_name_or_path": str(model),
                "dataset_dir": str(folder),
                "dataset": dataset,
                "template": template,
                "cutoff_len": cutoff,
                "overwrite_cache": True,
                "output_dir": output,
                "report_to": "none",
                "use_cpu": True,
            }
        )
        loaded = load_tokenizer(model_args)
        form = get_template_and_fix_tokenizer(loaded["tokenizer"], data_args)
        sets = get_dataset(form, model_args, data_args, training_args, stage="sft", **loaded)
    return sets["train_dataset"], loaded["tokenizer"]


def verdict(
    name: str, examples: Sequence[Mapping[str, Any]], tokenizer: Any, wanted: Sequence[Demonstration]
) -> Verdict:
    """Compares what would be learnt with the replies of the file, in order."""
    faults: list[str] = []
    replies = learnt = tokens = 0
    for number, (example, episode) in enumerate(zip(examples, wanted, strict=False), 1):
        ids, labels = list(example["input_ids"]), list(example["labels"])
        said = list(runs(labels))
        replies += len(said)
        learnt += sum(map(len, said))
        tokens += len(ids)
        texts = [tokenizer.decode(one) for one in said]
        if len(texts) != len(episode.replies):
            faults.append(
                f"example {number}: {len(texts)} replies are learnt, expected {len(episode.replies)}"
            )
        for text, reply in zip(texts, episode.replies, strict=False):
            # What follows the reply is the template's own end of a turn.
            if not text.startswith(reply) or len(tokenizer.encode(text.removeprefix(reply).strip())) > 2:
                faults.append(f"example {number}: learnt is {text!r:.90}, expected {reply!r:.60}")
        whole = tokenizer.decode(ids)
        missing = [prompt for prompt in episode.prompts if prompt not in whole]
        if missing:
            faults.append(f"example {number}: a prompt is not there, or cut: {missing[0]!r:.60}")
    if len(examples) != len(wanted):
        faults.append(f"{len(examples)} examples, the file has {len(wanted)}")
    return Verdict(name, len(examples), len(wanted), replies, learnt, tokens, tuple(faults))


def runs(labels: Sequence[int]) -> Iterator[list[int]]:
    """Learnt tokens in uninterrupted runs."""
    run: list[int] = []
    for label in labels:
        if label != IGNORED:
            run.append(label)
        elif run:
            yield run
            run = []
    if run:
        yield run
