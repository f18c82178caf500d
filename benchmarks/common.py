"""What the benchmarks share: running whole processes fairly, and telling the outcome as ratios.

Times mean little from one machine to the next, so both sides are measured in one run, in turns, and compared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from statistics import median

from localdev.core.processes import resident_bytes

_SAMPLE_SECONDS = 0.01


@dataclass(frozen=True)
class Run:
    """One process from start to end: wall seconds, peak memory of its tree in MB (if watched, on Linux), stdout."""

    seconds: float
    peak_mb: float | None
    output: str


@dataclass(frozen=True)
class Row:
    """One line of a table: ours against theirs in one unit, and whether the goal for their ratio is met."""

    what: str
    ours: float
    against: str
    theirs: float
    unit: str
    goal: float | None = None

    @property
    def ratio(self) -> float:
        """Ours by theirs: below 1 is faster or smaller."""
        return self.ours / self.theirs if self.theirs else float("inf")

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        return None if self.goal is None else self.ratio <= self.goal


def run(command: Sequence[str], *, env: Mapping[str, str], memory: bool = False) -> Run:
    """Run a command to its end, watching its memory if asked; a failure ends the benchmark with what it said."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    peak = _PeakMemory(process.pid) if memory else None
    output, errors = process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {process.returncode}\n{errors[-2000:]}")
    return Run(seconds, peak.stop() if peak else None, output)


def in_turns(cases: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, list[Run]]:
    """Run each case once to warm the disk cache, then all in turns, forward and back, `rounds` times."""
    runs: dict[str, list[Run]] = {name: [] for name in cases}
    for case in cases.values():
        case()
    for number in range(rounds):
        order = list(cases) if number % 2 == 0 else list(cases)[::-1]
        for name in order:
            if sys.stderr.isatty():
                print(f"\r{number + 1}/{rounds} {name:40.40}", end="\r", file=sys.stderr, flush=True)
            runs[name].append(cases[name]())
    return runs


def seconds_of(runs: Sequence[Run]) -> float:
    """Give the median of the wall times."""
    return median(run.seconds for run in runs)


def peak_of(runs: Sequence[Run]) -> float | None:
    """Give the median of the memory peaks, None where they cannot be measured."""
    peaks = [run.peak_mb for run in runs if run.peak_mb is not None]
    return median(peaks) if peaks else None


def report(name: str, rows: Sequence[Row], details: Mapping[str, object], *, out: Path | None) -> None:
    """Print the table and the JSON; write the JSON to `out` where one is given."""
    _print_table(rows)
    rounded = [replace(row, ours=round(row.ours, 3), theirs=round(row.theirs, 3)) for row in rows]
    lines = [asdict(row) | {"ratio": round(row.ratio, 3), "met": row.met} for row in rounded]
    document = {"schema_version": 1, "benchmark": name, "machine": machine(), "rows": lines, **details}
    text = json.dumps(document, indent=2)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text + "\n", encoding="utf-8")
    print(text)


def _print_table(rows: Sequence[Row]) -> None:
    """Print rows in columns."""
    head = ("what", "ours", "against", "theirs", "ratio", "goal", "")
    cells = [
        (
            row.what,
            f"{row.ours:.4g} {row.unit}",
            row.against,
            f"{row.theirs:.4g} {row.unit}",
            f"{row.ratio:.2f}x",
            "-" if row.goal is None else f"{row.goal:g}x",
            {True: "met", False: "MISSED", None: ""}[row.met],
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in [head, *cells]) for column in range(len(head))]
    for line in [head, *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def machine() -> dict[str, object]:
    """Say on what kind of machine this ran; no names."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "localdev": version("localdev"),
        "load_at_end": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


class _PeakMemory:
    """Watches the resident memory of a process and its descendants through /proc, every hundredth of a second.

    Resident sizes are added up, so pages that several processes share count several times.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float | None:
        """Give the highest sum seen, in MB."""
        self._over.set()
        self._thread.join()
        return round(self._peak / 1e6, 1) if self._peak else None

    def _watch(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            self._peak = max(self._peak, sum(map(resident_bytes, _tree(self._pid))))


def _tree(pid: int) -> list[int]:
    """Give a process and all its descendants, as far as /proc tells."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:
                continue  # ended meanwhile
    return found


def add_tool_options(parser: argparse.ArgumentParser, tools: Sequence[str]) -> None:
    """Add the options that say where the programs are, and where the JSON goes."""
    parser.add_argument("--localdev", metavar="PATH", help="the localdev program (default: this environment's)")
    for tool in tools:
        parser.add_argument(f"--{tool}", metavar="PATH", help=f"the {tool} program (default: found on PATH)")
    parser.add_argument("--setup", metavar="DIR", type=Path, help="install the other tools into environments under DIR")
    parser.add_argument("--out", metavar="FILE", type=Path, help="write the JSON here, too")


def find_tool(options: argparse.Namespace, tool: str) -> str:
    """Give the path of a program: from its option, from --setup, or from PATH."""
    given = getattr(options, tool)
    if given is None and options.setup:
        given = _install(tool, options.setup)
    beside = Path(sys.executable).with_name(tool)
    found = given or (str(beside) if beside.exists() else shutil.which(tool))
    if found is None or not Path(found).exists():
        raise SystemExit(f"{tool} was not found: give --{tool} PATH, or --setup DIR to install it there")
    return str(Path(found).absolute())


def _install(tool: str, folder: Path) -> str | None:
    """Install a tool from the package index into an environment of its own, once; localdev is never installed so."""
    if tool == "localdev":
        return None
    program = folder / tool / ("Scripts" if os.name == "nt" else "bin") / tool
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / tool)], check=True)
        subprocess.run([str(program.with_name("python")), "-m", "pip", "install", "-q", tool], check=True)
    return str(program)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Give an environment with an empty home and no settings: nothing is read from or left in the real one."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LOCALDEV_", "SEMBLE_", "LLM_", "XDG_", "HF_", "PYTHON"))
    }
    home.mkdir(parents=True, exist_ok=True)
    return kept | {"HOME": str(home), "LOCALDEV_HOME": str(home / "localdev"), "HF_HUB_OFFLINE": "1"} | more
