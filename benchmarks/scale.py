"""Large repositories: how index, search and refresh grow, on synthetic trees of several sizes.

    python benchmarks/scale.py --chunks 25000 50000 100000 200000 --out benchmarks/results/scale.json

Each tree is made anew from a seed (`scale_tree.py`) and indexed by the program in a process of its own; then one
process holds the index open, searches with varied queries, edits a file and refreshes, and the program does the same in
whole processes. Goals are absolute here: linear growth, 50 ms for a search, half a second for a refresh.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import add_tool_options, environment, find_tool, machine, run
from benchmarks.scale_tree import make_tree

QUERIES = [
    # names as they are in the tree, and names that are not
    "getValue",
    "make_route_object",
    "read_error",
    "makeRouteObjekt",
    "ProductNameConfigg",
    "Service.getError",
    # sentences
    "where is the pending job retried",
    "how are stale cache entries removed when the lock of the buffer is held",
    "what happens when the token of a user session has expired and the request is sent again",
    "load config option for the client",
    "where are certificates validated",
    "parse header and body of the response",
    "publish an event to every channel of the cluster",
    "encrypted backup of the customer invoice",
    "make sure that the value is used",
    # common words alone
    "error",
    "name",
    "get value",
    "read file",
    "return error message",
    "self result item",
    "data path request",
    "throw new Error",
    # rare words
    "gamfirjor",
    "hulvorsel result",
    "histogram bucket span trace",
    "rate limit quota for accounts",
    "list of nodes in the graph",
    # errors and paths
    "cannot load value: the buffer is stale",
    "ValueError: invalid session for raw error",
    "timed out while waiting for key",
    "error in part0/corarar_16/limit_stream_659.py:12",
]
_ROUNDS = 3


def main() -> None:
    """Measure every size and report."""
    options = _options()
    if options.inside:
        print(json.dumps(inside(options.inside)))
        return
    sizes = []
    for chunks in options.chunks:
        with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
            sizes.append(_measure(Path(scratch), chunks, options))
            print(json.dumps(sizes[-1]), file=sys.stderr)
    document = {"schema_version": 1, "benchmark": "scale", "machine": machine(), "seed": options.seed, "sizes": sizes}
    text = json.dumps(document, indent=2)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    print(text)


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--chunks", type=int, nargs="+", default=[25_000, 50_000, 100_000, 200_000], help="about so many"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scratch", type=Path, help="folder for trees and indexes; 2 GB for 200,000 chunks")
    add_tool_options(parser, [])
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure(scratch: Path, chunks: int, options: argparse.Namespace) -> dict[str, object]:
    """Measure one size."""
    root, env, program = scratch / "tree", environment(scratch / "home"), find_tool(options, "localdev")
    lines = make_tree(root, chunks, options.seed)
    spent = _children_seconds()
    full = run([program, "-C", str(root), "index", "--json"], env=env, memory=True)
    spent = _children_seconds() - spent
    report = json.loads(full.output)
    command = [sys.executable, __file__, "--inside", str(root)]
    held = json.loads(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout)
    outline = run([program, "-C", str(root), "outline", "--json"], env=env)
    return {
        "lines": lines,
        "files": report["files"],
        "chunks": report["chunks"],
        "index_s": round(full.seconds, 1),
        "index_cpu_s": round(spent, 1),
        "index_peak_mb": full.peak_mb,
        "disk_mb": round(sum(path.stat().st_size for path in scratch.glob("home/**/*") if path.is_file()) / 1e6),
        **held,
        "outline_process_s": round(outline.seconds, 2),
        **_processes(program, root, env),
    }


def _children_seconds() -> float:
    """Give the processor time of all processes that were started here and have ended: other work does not add to it."""
    times = os.times()
    return times.children_user + times.children_system


def _processes(program: str, root: Path, env: dict[str, str]) -> dict[str, object]:
    """Measure whole processes: a search with nothing to refresh, and one right after an edit."""
    command = [program, "-C", str(root), "search", "where is the pending job retried", "--json"]
    path = min(root.rglob("*.py"))
    calm, edited = [], []
    for number in range(_ROUNDS):
        calm.append(run(command, env=env).seconds)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n\ndef appended_{number}(value):\n    return value\n")
        edited.append(run(command, env=env).seconds)
    return {"search_process_s": round(median(calm), 2), "edit_then_search_process_s": round(median(edited), 2)}


def inside(root: Path) -> dict[str, object]:
    """Measure in this process, which holds the index open."""
    from localdev.app.embedders import open_embedder
    from localdev.app.stored import open_indexed
    from localdev.config.settings import Settings
    from localdev.core.folders import find_folders
    from localdev.retrieval.search import search

    folders = find_folders()
    repository = open_indexed(folders, root, open_embedder(Settings(), folders))
    nothing = [_ms(repository.refresh) for _ in range(_ROUNDS)]
    search("anything else", repository)
    first = [_ms(lambda query=query: search(query, repository)) for query in QUERIES]  # type: ignore[misc]
    again = [median(_ms(lambda query=query: search(query, repository)) for _ in range(_ROUNDS)) for query in QUERIES]  # type: ignore[misc]
    busy = [
        median(_ms(lambda query=query: search(query, repository), time.thread_time) for _ in range(_ROUNDS))  # type: ignore[misc]
        for query in QUERIES
    ]
    path = min(root.rglob("*.py"))
    refreshed, after = [], []
    for number in range(_ROUNDS):
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n\ndef edited_{number}(value):\n    return value\n")
        refreshed.append(_ms(repository.refresh))
        after.append(_ms(lambda number=number: search(f"edited_{number}", repository)))  # type: ignore[misc]
    slowest = max(range(len(QUERIES)), key=first.__getitem__)
    return {
        "queries": len(QUERIES),
        "search_ms": {"median": _round(median(again)), "slowest": _round(max(again))},
        "search_cpu_ms": {"median": _round(median(busy)), "slowest": _round(max(busy))},
        "search_first_time_ms": {"median": _round(median(first)), "slowest": _round(max(first))},
        "slowest_query": QUERIES[slowest],
        "refresh_nothing_ms": _round(median(nothing)),
        "refresh_one_edit_ms": _round(median(refreshed)),
        "search_after_edit_ms": _round(median(after)),
    }


def _ms(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Time one call; with `time.thread_time` as the clock, without what other processes took meanwhile."""
    started = clock()
    work()
    return (clock() - started) * 1000


def _round(value: float) -> float:
    """Keep one digit."""
    return round(value, 1)


if __name__ == "__main__":
    main()
