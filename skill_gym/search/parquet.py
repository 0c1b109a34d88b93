"""Reads Parquet files row by row; the only home of pyarrow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

BATCH = 1024
"""Rows that are held at a time."""


def read_rows(path: str | Path) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file in order, as plain Python values, in constant memory.

    Raises:
        ModuleNotFoundError: pyarrow is not installed; the message names the extra.
        ValueError: The file is no Parquet file, or is damaged.
        OSError: The file cannot be read.
    """
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'reading {path} needs pyarrow; pip install "skill-gym[search]", or convert it to JSON lines'
        ) from error
    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH):
                yield from batch.to_pylist()
    except pyarrow.ArrowException as error:
        raise ValueError(f"{path} cannot be read as Parquet: {error}; get the file again") from error
