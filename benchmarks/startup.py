"""How long a command takes to start: `localdev --version` and `--help` against two peers and bare Python.

    python benchmarks/startup.py --setup DIR        # installs semble and llm into environments under DIR
    python benchmarks/startup.py --semble PATH --llm PATH

Whole processes, in turns; the goals are those of the design: at most half of the faster peer, and within 150 ms of a
Python that does nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import Row, Run, add_tool_options, environment, find_tool, in_turns, report, run, seconds_of

_HALF_OF_THE_FASTER_PEER = 0.5
_MILLISECONDS_ABOVE_PYTHON = 150


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    add_tool_options(parser, ["semble", "llm"])
    options = parser.parse_args()
    localdev, semble, llm = (find_tool(options, tool) for tool in ("localdev", "semble", "llm"))
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "localdev --version": [localdev, "--version"],
        "localdev --help": [localdev, "--help"],
        "semble --help": [semble, "--help"],
        "llm --version": [llm, "--version"],
    }
    with tempfile.TemporaryDirectory() as folder:
        env = environment(Path(folder))
        cases: dict[str, Callable[[], Run]] = {
            name: partial(run, command, env=env) for name, command in commands.items()
        }
        runs = in_turns(cases, options.rounds)
    milliseconds = {name: round(seconds_of(of) * 1000, 1) for name, of in runs.items()}
    peer = min(("semble --help", "llm --version"), key=milliseconds.__getitem__)
    bare = milliseconds["python -c pass"]
    rows = [
        row
        for ours in ("localdev --version", "localdev --help")
        for row in (
            Row(ours, milliseconds[ours], peer, milliseconds[peer], "ms", _HALF_OF_THE_FASTER_PEER),
            Row(f"{ours}, above Python", milliseconds[ours] - bare, "goal", _MILLISECONDS_ABOVE_PYTHON, "ms", 1),
        )
    ]
    spread = {name: [round(run.seconds * 1000, 1) for run in of] for name, of in runs.items()}
    report("startup", rows, {"medians_ms": milliseconds, "runs_ms": spread}, out=options.out)


if __name__ == "__main__":
    main()
