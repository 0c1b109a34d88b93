"""Cold start: a scripted player's episodes make a policy, from scratch or out of an existing model."""

import copy
import json
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch

from skill_gym.agents.blocked_attention import use_blocked_attention
from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.demonstration_play import Demonstration
from skill_gym.agents.demonstration_source import DemonstrationSource, Exported, PlayedNow
from skill_gym.agents.demonstration_tokens import encode, said
from skill_gym.agents.demonstrations import DemonstrationConfig
from skill_gym.agents.imitation import ImitationConfig, Progress, imitate
from skill_gym.agents.models import load_model, load_tokenizer, resolve_model, save_model
from skill_gym.agents.packing import Sample
from skill_gym.agents.policy import Completion, Request, Sampling
from skill_gym.agents.replies import said_command
from skill_gym.agents.sft_folder import SftFolder
from skill_gym.agents.sft_formats import FormatName
from skill_gym.agents.tiny_policy import TinyPolicyConfig, new_model, train_tokenizer
from skill_gym.agents.transformers_policy import TransformersPolicy
from skill_gym.wrappers.tagged_action import own_spelling

logger = logging.getLogger(__name__)

FURTHER_LR = 2e-5
"""Learning rate for a model that is trained further: what it can do already is to be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStartConfig:
    """The warm start; how the bundled policy was made stands in the README.md beside it.

    Attributes:
        demonstrations: What is played, in which environment; None where ``data`` is given.
        data: Folder of ``skill-gym export``, whose examples are learnt instead of playing; None to play.
        data_format: Which of its files; None for the one that keeps the most.
        held_out: Episodes of its validation part for the accuracy figures; None for all.
        out: Run folder: checkpoint, ``metrics.jsonl``, ``config.json``, and the policy under ``policy``.
        model: ``scratch`` for the small policy, or what ``resolve_model`` takes, to be trained further.
        policy: Size of the small policy.
        word_games: Tasks whose texts give the tokenizer its words, never fewer than give it phrases; more
            where names are many and each of them is to be a token.
        imitation: How it is learnt; a learning rate of None is ``FURTHER_LR`` for a model that can speak.
        threads: Threads of torch; None leaves them as they are.
        dtype: Number format of the saved weights.
        accuracy_games: Held-out tasks whose every command is also decoded freely at the end.
        seed: Of the first weights.
    """

    demonstrations: DemonstrationConfig | None = None
    data: str | None = None
    data_format: FormatName | None = None
    held_out: int | None = None
    out: str = "runs/cold-start"
    model: str = "scratch"
    policy: TinyPolicyConfig = field(default_factory=TinyPolicyConfig)
    word_games: int = 0
    imitation: ImitationConfig = field(default_factory=ImitationConfig)
    threads: int | None = 1
    dtype: Literal["float32", "bfloat16", "float16"] = "bfloat16"
    accuracy_games: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.demonstrations is None) == (self.data is None):
            raise ValueError("a cold start needs demonstrations to play, or data to read: give one of them")


def cold_start(config: ColdStartConfig, *, progress: Progress | None = None) -> Path:
    """Plays, trains, measures and saves; a run that was cut off goes on from its last checkpoint.

    Args:
        config: All that the result depends on.
        progress: Called with every line of metrics.

    Returns:
        The policy's folder, in Hugging Face layout.

    Raises:
        ImitationError: The run folder holds a run of another configuration.
        ModelError: No such model.
        SftFolderError: The data cannot be read.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    imitation = config.imitation
    if imitation.lr is None and config.model != "scratch":
        imitation = replace(imitation, lr=FURTHER_LR)
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    source = _source(config)
    if not (out / "config.json").is_file():
        (out / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n", encoding="utf-8")
    model, tokenizer = _start(config, source, out)
    chat = ChatTokens(tokenizer)
    context = int(model.config.max_position_embeddings)
    samples = _samples(source, tokenizer, context, imitation.read_weight, out, progress)
    own_attention = model.config._attn_implementation
    use_blocked_attention(model)
    held_out = source.held_out(chat.count_tokens)
    last = imitate(
        model,
        samples,
        imitation,
        held_out=[encode(one, chat) for one in held_out],
        folder=out,
        identity=_identity(config, source),
        progress=progress,
    )
    model.set_attn_implementation(own_attention)
    scores = command_accuracy(model, tokenizer, held_out[: config.accuracy_games])
    result = {**last, **scores}
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if progress is not None:
        progress(result)
    return save_policy(model, tokenizer, out / "policy", dtype=config.dtype)


def command_accuracy(model: Any, tokenizer: Any, demonstrated: Sequence[Demonstration]) -> dict[str, float]:
    """Greedy replies at every state of held-out episodes, by the sampler that plays.

    Returns:
        ``commands``, and the shares ``equal_to_expert`` and, where admissible commands are known,
        ``admissible`` (turns of noise left out); nothing without episodes.
    """
    if not demonstrated:
        return {}
    policy = TransformersPolicy(model, tokenizer, max_batch=16)
    replies = [reply for episode in demonstrated for reply in episode.replies]
    longest = max(len(ids) for ids in tokenizer(replies, add_special_tokens=False)["input_ids"])
    # One more for its end; a reply that goes on is wrong already.
    sampling = Sampling(temperature=0.0, max_new_tokens=longest + 1)
    admissible = known = equal = count = 0
    for number, episode in enumerate(demonstrated):
        previous: Completion | None = None
        for turn, (prompt, reply) in enumerate(zip(episode.prompts, episode.replies, strict=True)):
            if episode.learn[turn]:
                messages: Any = [{"role": "user", "content": prompt}]
                policy.submit(Request(f"{number}/{turn}", messages, sampling=sampling, previous=previous))
            previous = said(prompt, reply, policy.chat, previous)
        while answers := policy.poll():
            for answer in answers:
                turn = int(answer.ticket.rpartition("/")[2])
                command = said_command(answer.text)
                count += 1
                known += bool(episode.admissible[turn])
                admissible += own_spelling(command, episode.admissible[turn]) is not None
                equal += command == said_command(episode.replies[turn])
    shares = {"equal_to_expert": equal / max(count, 1)}
    return {"commands": count, **({"admissible": admissible / known} if known else {}), **shares}


def save_policy(model: Any, tokenizer: Any, folder: str | Path, *, dtype: str = "bfloat16") -> Path:
    """Writes model and tokenizer in Hugging Face layout, whole or not at all; replaces an older one."""
    folder = Path(folder)
    fresh = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    save_model(copy.deepcopy(model).to(getattr(torch, dtype)), tokenizer, fresh)
    _tidy(fresh)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(fresh, folder)
    return folder


def _source(config: ColdStartConfig) -> DemonstrationSource:
    if config.data is not None:
        return Exported(SftFolder.open(config.data), config.data_format, config.held_out)
    if config.demonstrations is None:
        raise ValueError("a cold start needs demonstrations to play, or data to read")
    return PlayedNow(config.demonstrations)


def _identity(config: ColdStartConfig, source: DemonstrationSource) -> str:
    """What the result depends on: not where a run or its data lies, nor how fast it goes."""
    settings = asdict(replace(config, out="", threads=None))
    if isinstance(source, Exported):
        settings["data"] = source.folder.fingerprint
    else:
        settings["demonstrations"]["workers"] = 1
        for name in ("data", "data_format", "held_out"):
            del settings[name]
    return json.dumps(settings, sort_keys=True)


def _start(config: ColdStartConfig, source: DemonstrationSource, out: Path) -> tuple[Any, Any]:
    """Model and tokenizer before training; a tokenizer that the run has trained already is taken again."""
    if config.model != "scratch":
        path = resolve_model(config.model)
        return load_model(path), load_tokenizer(path)
    folder = out / "tokenizer"
    if not (folder / "tokenizer.json").is_file():
        given = source.folder.tokenizer if isinstance(source, Exported) else None
        if given is not None:
            tokenizer = load_tokenizer(given)
        else:
            tokenizer = new_tokenizer(source, config.policy, config.word_games)
        tokenizer.save_pretrained(folder)
        _tidy(folder)
    tokenizer = load_tokenizer(folder)
    return new_model(tokenizer, config.policy, seed=config.seed), tokenizer


def new_tokenizer(source: DemonstrationSource, policy: TinyPolicyConfig, word_games: int = 0) -> Any:
    """The tokenizer of a small policy that is to learn from the source."""
    texts = source.tokenizer_texts(word_games)
    return train_tokenizer(texts.frames, texts.words, policy)


def _samples(
    source: DemonstrationSource,
    tokenizer: Any,
    context: int,
    read_weight: float,
    out: Path,
    progress: Progress | None,
) -> list[Sample]:
    """The demonstrations as training sequences, in order."""
    samples: list[Sample] = []
    skipped = tokens = 0
    folder = out / "tokenizer"
    if not (folder / "tokenizer.json").is_file():
        tokenizer.save_pretrained(folder)
    for done, chunk in enumerate(source.samples(folder, read_weight), 1):
        fitting = [sample for sample in chunk if len(sample) <= context]
        skipped += len(chunk) - len(fitting)
        tokens += sum(map(len, fitting))
        samples += fitting
        if progress is not None:
            progress({"chunks": done, "of": source.chunks(), "episodes": len(samples), "tokens": tokens})
    logger.info("%d demonstrations, %d tokens; left out, too long: %d", len(samples), tokens, skipped)
    return samples


def _tidy(folder: Path) -> None:
    """Names the tokenizer's class as transformers 4 and 5 know it; drops where it was loaded from."""
    path = folder / "tokenizer_config.json"
    settings: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    dropped = ("is_local", "local_files_only", "backend")
    kept = {name: value for name, value in settings.items() if name not in dropped}
    if kept.get("tokenizer_class") == "TokenizersBackend":
        kept["tokenizer_class"] = "PreTrainedTokenizerFast"
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
