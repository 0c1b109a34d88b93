"""Where a cold start's demonstrations come from: played now, or read from exported files."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, Protocol

from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.demonstration_play import Demonstration
from skill_gym.agents.demonstration_tokens import encode
from skill_gym.agents.demonstrations import (
    CHUNK,
    DemonstrationConfig,
    demonstrations,
    in_chunks,
    load_bank,
)
from skill_gym.agents.models import load_tokenizer
from skill_gym.agents.packing import Sample
from skill_gym.agents.sft_folder import SftFolder
from skill_gym.agents.sft_formats import FormatName

TOKENIZER_GAMES = 400
"""Tasks whose prompts and observations give the tokenizer of a policy from scratch its phrases."""


class TokenizerTexts(NamedTuple):
    """What a tokenizer is trained on.

    Attributes:
        frames: Texts whose fixed phrases become tokens.
        words: Further texts, of which only words become tokens.
    """

    frames: list[str]
    words: list[str]


class DemonstrationSource(Protocol):
    """Gives demonstrations, always the same ones in the same order."""

    def tokenizer_texts(self, word_games: int) -> TokenizerTexts:
        """What the tokenizer of a policy from scratch is trained on.

        Args:
            word_games: Episodes that give words at least.
        """
        ...

    def chunks(self) -> int:
        """How many chunks ``samples`` gives."""
        ...

    def samples(self, tokenizer: Path, read_weight: float) -> Iterator[list[Sample]]:
        """Training sequences, in chunks.

        Args:
            tokenizer: Folder of the policy's tokenizer.
            read_weight: Weight of what the world answers, against 1 for a reply.
        """
        ...

    def held_out(self, count_tokens: Callable[[str], int]) -> list[Demonstration]:
        """Episodes for the accuracy figures; ``count_tokens`` is the policy's tokenizer."""
        ...


@dataclass(frozen=True, slots=True)
class PlayedNow:
    """The scripted player's episodes, played when they are asked for.

    Attributes:
        config: What is played.
    """

    config: DemonstrationConfig

    def tokenizer_texts(self, word_games: int) -> TokenizerTexts:
        """Prompts without skills, observations and replies; and, apart from them, more and all skills."""
        # What practice itself says is a frame like any other; lessons are texts that change.
        practice = replace(self.config.practice, lessons=0.0)
        plain = replace(
            self.config,
            episodes=min(max(TOKENIZER_GAMES, word_games), self.config.episodes),
            practice=practice,
        )
        texts = _in_two(demonstrations(plain, max_tokens=100_000))
        starter = load_bank(self.config)
        texts.words.extend(one.description + " " + one.how_to_avoid for one in starter.mistakes)
        texts.words.extend(f"{one.title}: {one.principle}" for one in starter.skills)
        return texts

    def chunks(self) -> int:
        """Tasks in parts that processes can share."""
        return len(in_chunks(self.config))

    def samples(self, tokenizer: Path, read_weight: float) -> Iterator[list[Sample]]:
        """In order of the tasks, whoever played them."""
        chunks = in_chunks(self.config)
        if self.config.workers == 1:
            yield from (_play_chunk(chunk, tokenizer, read_weight) for chunk in chunks)
            return
        # Fresh processes: a fork of one that has used torch's threads may hang.
        with ProcessPoolExecutor(self.config.workers, mp_context=get_context("spawn")) as pool:
            count = len(chunks)
            yield from pool.map(_play_chunk, chunks, [tokenizer] * count, [read_weight] * count)

    def held_out(self, count_tokens: Callable[[str], int]) -> list[Demonstration]:
        """Episodes of the held-out split."""
        return list(demonstrations(self.config, held_out=True, count_tokens=count_tokens))


@dataclass(frozen=True, slots=True)
class Exported:
    """Episodes of a folder that ``skill-gym export`` wrote, in any of its formats.

    Their skills were cut to a budget when they were exported: export with the tokenizer of the policy.

    Attributes:
        folder: The folder.
        format: Which of its files; None for the one that keeps the most.
        held_out_episodes: Episodes of the validation part for the accuracy figures at most.
    """

    folder: SftFolder
    format: FormatName | None = None
    held_out_episodes: int | None = None

    def tokenizer_texts(self, word_games: int) -> TokenizerTexts:
        """Prompts and replies of the first episodes, and of more of them for words."""
        most = max(TOKENIZER_GAMES, word_games)
        found = self.folder.episodes("train", self.format)
        return _in_two(one for _, one in zip(range(most), found, strict=False))

    def chunks(self) -> int:
        """Chunks of as many rows as played ones have tasks."""
        return -(-self._rows() // CHUNK)

    def samples(self, tokenizer: Path, read_weight: float) -> Iterator[list[Sample]]:
        """In order of the file."""
        chat = ChatTokens(load_tokenizer(tokenizer))
        chunk: list[Sample] = []
        for one in self.folder.episodes("train", self.format):
            chunk.append(encode(one, chat, read_weight=read_weight))
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def held_out(self, count_tokens: Callable[[str], int]) -> list[Demonstration]:
        """The first episodes of the validation part; none where there is no such part."""
        return list(self.folder.episodes("validation", self.format))[: self.held_out_episodes]

    def _rows(self) -> int:
        form = self.folder.format(self.format)
        return int(self.folder.manifest["rows"][f"train.{form.name}{form.suffix}"])


def _in_two(played: Iterator[Demonstration]) -> TokenizerTexts:
    texts = TokenizerTexts([], [])
    for number, one in enumerate(played):
        target = texts.frames if number < TOKENIZER_GAMES else texts.words
        target += [*one.prompts, *one.replies]
    return texts


def _play_chunk(config: DemonstrationConfig, tokenizer: Path, read_weight: float) -> list[Sample]:
    chat = ChatTokens(load_tokenizer(tokenizer))
    played: Sequence[Demonstration] = list(demonstrations(config, count_tokens=chat.count_tokens))
    return [encode(one, chat, read_weight=read_weight) for one in played]
