"""What every measured claim shares: its options, its table, its JSON, and whether it holds."""

import argparse
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

Figure = float | int | bool | str | None


class Bound(NamedTuple):
    """What a figure must keep to.

    Attributes:
        figure: Its name; a figure that was not measured (None or absent) is not checked.
        relation: ``>=`` or ``<=``.
        limit: The limit, in the figure's unit.
    """

    figure: str
    relation: Literal[">=", "<="]
    limit: float

    def holds(self, figures: Mapping[str, Figure]) -> bool | None:
        """Whether the figure keeps to it; None when there is no such figure."""
        value = figures.get(self.figure)
        if value is None or isinstance(value, str):
            return None
        return value >= self.limit if self.relation == ">=" else value <= self.limit


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence with the figures that were measured for it.

    Attributes:
        text: What is claimed.
        figures: Measured values by name.
        bounds: What makes the claim true.
        versions: Packages whose version belongs to the result.
    """

    text: str
    figures: Mapping[str, Figure]
    bounds: Sequence[Bound] = ()
    versions: Sequence[str] = ()

    @property
    def holds(self) -> bool:
        """Whether no bound is broken."""
        return all(bound.holds(self.figures) is not False for bound in self.bounds)

    def finish(self, json_path: str | None = None) -> int:
        """Prints machine and verdicts, writes the JSON, and gives the exit code: 0 when the claim holds."""
        described = machine(self.versions)
        print()
        print(table(["figure", "value", "must be", "holds"], self._rows()))
        print()
        print("; ".join(f"{name} {value}" for name, value in described.items()))
        print(f"{'HOLDS' if self.holds else 'DOES NOT HOLD'}: {self.text}")
        if json_path is not None:
            written = {"claim": self.text, "figures": dict(self.figures), "machine": described}
            Path(json_path).write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
        return 0 if self.holds else 1

    def _rows(self) -> list[list[str]]:
        rows = []
        for name, value in self.figures.items():
            bounds = [bound for bound in self.bounds if bound.figure == name]
            verdicts = [bound.holds(self.figures) for bound in bounds]
            held = "" if not bounds or None in verdicts else "yes" if all(verdicts) else "NO"
            rows.append(
                [name, shown(value), ", ".join(f"{b.relation} {shown(b.limit)}" for b in bounds), held]
            )
        return rows


def shown(value: Figure) -> str:
    """A figure as a table has it: three significant digits, thousands separated."""
    if value is None:
        return "-"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A plain table; numbers to the right."""
    lines = [list(head), *[list(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            cell.rjust(width) if cell[:1].isdigit() or cell[:1] == "-" else cell.ljust(width)
            for cell, width in zip(cells, widths, strict=True)
        ).rstrip()

    return "\n".join([line(head), "  ".join("-" * width for width in widths), *map(line, lines[1:])])


def machine(packages: Sequence[str] = ()) -> dict[str, str]:
    """Processor, cores, memory, system and versions; nothing that names the machine."""
    described = {
        "processor": _processor(),
        "cores": str(os.cpu_count() or 1),
        "memory_gb": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    for package in ("skill-gym", "gymnasium", *packages):
        try:
            described[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            described[package] = "not installed"
    return described


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f}"
    except (AttributeError, OSError, ValueError):
        return "unknown"


def options(description: str | None, **defaults: Any) -> argparse.ArgumentParser:
    """A parser with the options that every claim has: ``--quick`` and ``--json``."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="end within four minutes on two cores")
    parser.add_argument("--json", metavar="OUT", help="write claim, figures and machine to this file")
    parser.set_defaults(**defaults)
    return parser
