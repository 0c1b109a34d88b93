"""The configuration of a training run: defaults, a YAML file, dotted overrides, SkillRL's names."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from skill_gym.agents.aliases import ALGORITHM, translate
from skill_gym.agents.sections import ConfigError, TrainConfig

__all__ = ["ConfigError", "TrainConfig", "flat", "load_config", "to_dict", "write_config"]


def load_config(file: str | Path | None = None, overrides: Sequence[str] = ()) -> TrainConfig:
    """Reads defaults, then a YAML file, then dotted overrides; the later wins.

    ``grpo.algorithm`` (see ``algorithms.py``) comes before all other settings, wherever it stands, and only
    the last one counts.

    Args:
        file: YAML in the shape of ``TrainConfig``; sections and keys may be left out.
        overrides: ``section.key=value`` each; SkillRL's and Hydra's names are taken too (``aliases.py``).

    Raises:
        ConfigError: A setting is unknown (the message names near ones), of the wrong type or out of range.
        ImportError: OmegaConf is missing.
    """
    omegaconf = _omegaconf()
    config = omegaconf.OmegaConf.structured(TrainConfig)
    _unlock(config, omegaconf.OmegaConf)
    settings: list[tuple[str, Any]] = []
    if file is not None:
        settings += flat(_read_yaml(Path(file), omegaconf.OmegaConf)).items()
    settings += _parse(overrides, omegaconf.OmegaConf)
    algorithms = [one for one in settings if one[0].lstrip("+") == ALGORITHM]
    settings = [*algorithms[-1:], *(one for one in settings if one not in algorithms)]
    key = ""
    try:
        for name, given in settings:
            for key, value in translate(name, given):
                omegaconf.OmegaConf.update(config, key, value, merge=True)
        result: TrainConfig = omegaconf.OmegaConf.to_object(config)
    except (omegaconf.errors.ConfigKeyError, omegaconf.errors.ConfigAttributeError, TypeError) as error:
        raise _unknown(key) from error
    except omegaconf.errors.InterpolationResolutionError as error:
        raise ConfigError(
            f"setting {error.full_key!r} is not given: {str(error).splitlines()[0]}; set the variable, or "
            f"override the setting ({error.full_key}=VALUE)"
        ) from error
    except omegaconf.errors.OmegaConfBaseException as error:
        raise ConfigError(f"setting {key!r}: {str(error).splitlines()[0]}") from error
    except ValueError as error:
        raise error if isinstance(error, ConfigError) else ConfigError(str(error)) from error
    return result


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """The configuration as nested dicts, for YAML and checkpoints."""
    return asdict(config)


def write_config(config: TrainConfig, path: str | Path) -> None:
    """Writes YAML that ``load_config`` reads."""
    Path(path).write_text(_omegaconf().OmegaConf.to_yaml(to_dict(config)), encoding="utf-8")


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted names and values; free-form ``options`` stay whole."""
    result: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping) and name != "options":
            result |= flat(value, f"{prefix}{name}.")
        else:
            result[f"{prefix}{name}"] = value
    return result


def _parse(overrides: Sequence[str], omegaconf: Any) -> Iterator[tuple[str, Any]]:
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"expected key=value, got {override!r}; write for example grpo.lr=1e-5")
        yield key.strip(), omegaconf.to_container(omegaconf.from_dotlist([f"value={value.strip()}"]))["value"]


def _read_yaml(file: Path, omegaconf: Any) -> dict[str, Any]:
    if not file.is_file():
        raise ConfigError(f"no configuration file at {file}")
    try:
        read = omegaconf.load(file)
    except Exception as error:
        raise ConfigError(f"{file} is not YAML: {error}") from error
    if not omegaconf.is_dict(read):
        raise ConfigError(f"{file} must hold sections such as 'grpo:', got a {type(read).__name__}")
    return dict(omegaconf.to_container(read))


def _unlock(config: Any, omegaconf: Any) -> None:
    """Frozen dataclasses come read-only; here they are still being put together."""
    omegaconf.set_readonly(config, False)
    for section in fields(TrainConfig):
        omegaconf.set_readonly(config[section.name], False)


def _unknown(key: str) -> ConfigError:
    known = list(flat(to_dict(TrainConfig())))
    same = [name for name in known if name.rsplit(".", 1)[-1] == key.rsplit(".", 1)[-1]]
    near = same or difflib.get_close_matches(key, known, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else f"sections are {', '.join(_sections())}"
    return ConfigError(f"unknown setting {key!r}; {hint}")


def _sections() -> list[str]:
    return [one.name for one in fields(TrainConfig)]


def _omegaconf() -> Any:
    try:
        import omegaconf
    except ImportError as error:
        raise ImportError("configuration needs OmegaConf; install skill-gym[cli]") from error
    return omegaconf
