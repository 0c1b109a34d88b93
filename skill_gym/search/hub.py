"""Reads data sets of the Hugging Face Hub; the only home of datasets."""

from collections.abc import Iterator
from typing import Any

SPLITS = ("train", "validation", "test")


def hub_rows(name: str, split: str) -> Iterator[dict[str, Any]]:
    """The rows of a split, as plain Python values; downloaded on first use, into the cache of datasets.

    Args:
        name: ``owner/name``, or ``owner/name:configuration`` where there are several, or the path of a local
            data set. Rows that tell no data source have the configuration's name.
        split: ``train``, ``validation`` (``dev`` where there is none), ``test``; ``all`` for all of them.

    Raises:
        ModuleNotFoundError: datasets is not installed; the message names the package.
        ValueError: No name, or no such data set or split.
    """
    place, _, configuration = name.partition(":")
    if not place.strip("/ "):
        raise ValueError(f"hf:{name} names no data set; give hf:owner/name")
    try:
        import datasets
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'reading {name} from the Hub needs datasets; pip install "skill-gym[hub]", or download its '
            "Parquet files and pass their folder as data="
        ) from error
    try:
        loaded: Any = datasets.load_dataset(place, configuration or None)
    except (datasets.exceptions.DatasetsError, ValueError, OSError) as error:
        raise ValueError(
            f"cannot load the data set {name!r}: {error}; check its name and the network"
        ) from error
    source = {"data_source": configuration} if configuration else {}
    wanted = SPLITS if split == "all" else (split,)
    found = [there for there in (_there(one, loaded) for one in wanted) if there is not None]
    if not found:
        raise ValueError(f"the data set {name!r} has no split {split!r}; there are {', '.join(loaded)}")
    for one in found:
        yield from ({**source, **row} for row in loaded[one])


def _there(split: str, loaded: Any) -> str | None:
    names = (split, "dev") if split == "validation" else (split,)
    return next((name for name in names if name in loaded), None)
