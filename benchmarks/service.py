"""Commands with the background service against the same without it and against semble, and what 100 questions leave.

    python benchmarks/service.py FOLDER --setup DIR --semble-model MODEL --model FILE.gguf

Whole processes, in turns. MODEL is a model2vec folder for semble, as in `benchmarks/index.py`. FILE.gguf answers the
questions (default: the tests' tiny model, whose answers mean nothing): a hundred in a row, after twenty to warm up, and
eight at once. Memory and open files are the service's own words (`service status --json`); the engine's process counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import Row, Run, add_tool_options, environment, find_tool, in_turns, report, run, seconds_of

_QUERY = "where are files read from disk"
_SERVED, _ALONE, _SEMBLE = "search, service", "search, no service", "semble search"
_ASK, _ASK_ALONE = "ask --no-model, service", "ask --no-model, no service"
_ASK_SECONDS = 0.35
_WARM_UP = 20
_TOKENS = 24
_TINY = Path(__file__).parent.parent / "tests" / "data" / "tiny.gguf"


@dataclass(frozen=True)
class Bench:
    """The programs, the repository, and the environments of both."""

    root: Path
    localdev: str
    semble: str
    env: Mapping[str, str]
    semble_env: Mapping[str, str]

    def ours(self, *arguments: str) -> Run:
        """Run a command of localdev."""
        return run([self.localdev, "-C", str(self.root), *arguments], env=self.env)

    def theirs(self) -> Run:
        """Let semble search."""
        return run([self.semble, "search", _QUERY, str(self.root), "-k", "10", "--content", "all"], env=self.semble_env)

    def status(self) -> dict[str, Any]:
        """Ask the service for its memory and open files."""
        found: dict[str, Any] = json.loads(self.ours_anywhere("service", "status", "--json").output)
        return found

    def ours_anywhere(self, *arguments: str) -> Run:
        """Run a command that knows no repository."""
        return run([self.localdev, *arguments], env=self.env)


def main() -> None:
    """Measure and report."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="ld") as scratch:
        bench = _bench(options, Path(scratch))
        bench.ours("index")
        bench.ours("service", "start")
        try:
            runs = in_turns(_cases(bench), options.rounds)
            left = _in_a_row(bench, str(options.model.absolute()), options.asks)
            at_once = _at_once(bench, str(options.model.absolute()), options.at_once)
        finally:
            subprocess.run([bench.localdev, "service", "stop"], env=bench.env, check=True, stdout=subprocess.DEVNULL)
    rows = [*_time_rows(runs), *_left_rows(left)]
    seconds = {name: [round(each.seconds, 3) for each in of] for name, of in runs.items()}
    report("service", rows, {"seconds": seconds, "in_a_row": left, "at_once": at_once}, out=options.out)


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent.parent, help="default: this one")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--asks", type=int, default=100, help="questions in a row")
    parser.add_argument("--at-once", type=int, default=8, help="questions at the same time")
    parser.add_argument("--model", type=Path, default=_TINY, help="a GGUF file that answers")
    parser.add_argument("--semble-model", type=Path, metavar="MODEL", help="folder of a model2vec model")
    add_tool_options(parser, ["semble"])
    return parser.parse_args()


def _bench(options: argparse.Namespace, scratch: Path) -> Bench:
    """Find the programs and make homes for them."""
    semble_env = environment(scratch / "semble", SEMBLE_CACHE_LOCATION=str(scratch / "semble" / "cache"))
    if options.semble_model:
        semble_env["SEMBLE_MODEL_NAME"] = str(options.semble_model.absolute())
    env = environment(scratch / "l", LOCALDEV_ASK_MAX_TOKENS=str(_TOKENS), LOCALDEV_ASK_CONTEXT_TOKENS="1000")
    return Bench(
        options.folder.resolve(), find_tool(options, "localdev"), find_tool(options, "semble"), env, semble_env
    )


def _cases(bench: Bench) -> dict[str, Callable[[], Run]]:
    """Give the commands that are compared."""
    search, ask = ["search", _QUERY, "-k", "10", "--json"], ["ask", _QUERY, "--no-model"]
    return {
        _SERVED: lambda: bench.ours(*search),
        _ALONE: lambda: bench.ours(*search, "--no-service"),
        _SEMBLE: bench.theirs,
        _ASK: lambda: bench.ours(*ask),
        _ASK_ALONE: lambda: bench.ours(*ask, "--no-service"),
    }


def _time_rows(runs: Mapping[str, list[Run]]) -> list[Row]:
    """Give the rows of the whole processes."""
    medians = {name: seconds_of(of) for name, of in runs.items()}
    return [
        Row(_SERVED, medians[_SERVED], _SEMBLE, medians[_SEMBLE], "s", 0.5),
        Row(_ALONE, medians[_ALONE], _SEMBLE, medians[_SEMBLE], "s", 1),
        Row(_ASK, medians[_ASK], "goal", _ASK_SECONDS, "s", 1),
        Row(_ASK_ALONE, medians[_ASK_ALONE], "goal", _ASK_SECONDS, "s"),
    ]


def _in_a_row(bench: Bench, model: str, count: int) -> list[dict[str, float]]:
    """Ask unlike questions one after the other; give what the service holds after the warm-up and at the end."""
    held = []
    for number in range(_WARM_UP + count):
        if number in (_WARM_UP, _WARM_UP + count // 2):
            held.append(_held(bench, number))
        bench.ours("ask", f"{_QUERY} of kind {number}", "--model", model)
    return [*held, _held(bench, _WARM_UP + count)]


def _held(bench: Bench, asks: int) -> dict[str, float]:
    """Give memory in MB and open files of the service, and the memory of the engine's process."""
    found = bench.status()
    engines = sum(model["memory_bytes"] for model in found["models"])
    return {
        "asks": asks,
        "service_mb": round(found["memory_bytes"] / 1e6, 1),
        "engine_mb": round(engines / 1e6, 1),
        "descriptors": found["descriptors"],
        "prompt_tokens": found["prompt_tokens"],
        "cached_tokens": found["cached_tokens"],
    }


def _left_rows(held: list[dict[str, float]]) -> list[Row]:
    """Give the rows of what was left after the last question, against after the warm-up."""
    first, last = held[0], held[-1]
    what, against = f"after {last['asks']:.0f} questions", f"after {first['asks']:.0f}"
    return [
        Row(f"memory of the service {what}", last["service_mb"], against, first["service_mb"], "MB", 1.05),
        Row(f"memory of the engine {what}", last["engine_mb"], against, first["engine_mb"], "MB", 1.05),
        Row(f"open files of the service {what}", last["descriptors"], against, first["descriptors"], "files", 1),
    ]


def _at_once(bench: Bench, model: str, count: int) -> dict[str, object]:
    """Ask some questions at the same time; give how long each took, from the start of all, and one of them alone."""
    alone = bench.ours("ask", _QUERY, "--model", model).seconds
    started = time.perf_counter()

    def ended(number: int) -> float:
        bench.ours("ask", f"{_QUERY} number {number}", "--model", model)
        return time.perf_counter() - started

    with ThreadPoolExecutor(count) as threads:
        seconds = sorted(threads.map(ended, range(count)))
    return {
        "alone_s": round(alone, 3),
        "ended_after_s": [round(each, 3) for each in seconds],
        "p50_s": round(seconds[len(seconds) // 2], 3),
        "p95_s": round(seconds[min(len(seconds) - 1, int(len(seconds) * 0.95))], 3),
    }


if __name__ == "__main__":
    main()
