"""Indexing, refreshing and searching a repository, against semble and `git status` on the same files.

    python benchmarks/index.py FOLDER --setup DIR --semble-model MODEL
    python benchmarks/index.py --files 5000 ...     # a git repository of so many Python files

semble fetches its model from a hub when it is first used; a machine without a network cannot. MODEL is a model2vec
folder to use instead (`python -m scripts.distil_embedder OUT --model2vec MODEL` makes one), given through semble's own
SEMBLE_MODEL_NAME. Without --semble-model, semble uses its default, which must then be in the hub's cache.
semble has no command that only indexes: its figure is a first search on an empty cache, which includes one search.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import (
    Row,
    Run,
    add_tool_options,
    environment,
    find_tool,
    in_turns,
    peak_of,
    report,
    run,
    seconds_of,
)

_QUERY = "where are files read from disk"
_INDEX, _SEMBLE_INDEX = "localdev index --rebuild", "semble, first search"
_SEARCH, _SEMBLE_SEARCH = "localdev search", "semble search"
_ASK, _GIT = "localdev ask --no-model", "git status"


@dataclass(frozen=True)
class Bench:
    """The programs, the repository and the homes they write to."""

    root: Path
    localdev: str
    semble: str
    model: Path | None
    content: str
    scratch: Path

    def index(self) -> Run:
        """Index from nothing, in a fresh home."""
        home = self.scratch / "index"
        shutil.rmtree(home, ignore_errors=True)
        command = [self.localdev, "-C", str(self.root), "index", "--rebuild", "--json"]
        return run(command, env=environment(home), memory=True)

    def search(self) -> Run:
        """Search in a home that is already indexed; the refresh is part of it."""
        command = [self.localdev, "-C", str(self.root), "search", _QUERY, "-k", "10", "--json"]
        return run(command, env=environment(self.scratch / "search"))

    def ask(self) -> Run:
        """Ask without a model, for the time of the refresh that its answer holds."""
        command = [self.localdev, "-C", str(self.root), "ask", _QUERY, "--no-model", "--json"]
        return run(command, env=environment(self.scratch / "search"))

    def semble_index(self) -> Run:
        """Let semble search on an empty cache."""
        home = self.scratch / "semble-index"
        shutil.rmtree(home, ignore_errors=True)
        return self._semble(home, memory=True)

    def semble_search(self) -> Run:
        """Let semble search on a filled cache."""
        return self._semble(self.scratch / "semble-search")

    def git_status(self) -> Run:
        """Ask git what has changed."""
        return run(["git", "-C", str(self.root), "status", "--porcelain"], env=environment(self.scratch / "git"))

    def _semble(self, home: Path, *, memory: bool = False) -> Run:
        """Search with semble, its cache below `home`."""
        env = environment(home, SEMBLE_CACHE_LOCATION=str(home / "cache"))
        if self.model:
            env["SEMBLE_MODEL_NAME"] = str(self.model)
        command = [self.semble, "search", _QUERY, str(self.root), "-k", "10", "--content", self.content]
        return run(command, env=env, memory=memory)


def main() -> None:
    """Measure and report."""
    options = _options()
    with _tree(options) as root, tempfile.TemporaryDirectory() as scratch:
        model = options.semble_model.absolute() if options.semble_model else None
        localdev, semble = find_tool(options, "localdev"), find_tool(options, "semble")
        bench = Bench(root, localdev, semble, model, options.semble_content, Path(scratch))
        full = in_turns({_INDEX: bench.index, _SEMBLE_INDEX: bench.semble_index}, options.rounds)
        cases: dict[str, Callable[[], Run]] = {_SEARCH: bench.search, _SEMBLE_SEARCH: bench.semble_search}
        if _is_git(root):
            cases |= {_ASK: bench.ask, _GIT: bench.git_status}
        warm = in_turns(cases, options.search_rounds)
    runs = full | warm
    details = {
        "tree": {"name": f"{options.files} files of Python packages" if options.files else root.name},
        "indexed": _counts(full[_INDEX][-1]),
        "semble": {"content": options.semble_content, "model": _model_said(model)},
        "seconds": {name: [round(run.seconds, 3) for run in of] for name, of in runs.items()},
        "peak_mb": {name: [run.peak_mb for run in of] for name, of in full.items()},
        "refresh_ms": [_refresh_ms(run) for run in warm.get(_ASK, [])],
    }
    report("index", _rows(runs), details, out=options.out)


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent.parent, help="default: this one")
    parser.add_argument("--files", type=int, help="instead of a folder: a repository of so many Python files")
    parser.add_argument("--rounds", type=int, default=3, help="full indexes")
    parser.add_argument("--search-rounds", type=int, default=9, help="searches and refreshes")
    parser.add_argument("--semble-model", type=Path, metavar="MODEL", help="folder of a model2vec model")
    parser.add_argument("--semble-content", default="all", choices=["code", "all"], help="all is what localdev reads")
    add_tool_options(parser, ["semble"])
    return parser.parse_args()


def _rows(runs: dict[str, list[Run]]) -> list[Row]:
    """Give the rows of the design's table."""
    index, semble = runs[_INDEX], runs[_SEMBLE_INDEX]
    rows = [Row("full index", seconds_of(index), _SEMBLE_INDEX, seconds_of(semble), "s", 2)]
    ours, theirs = peak_of(index), peak_of(semble)
    if ours is not None and theirs is not None:
        rows.append(Row("full index, peak memory", ours, _SEMBLE_INDEX, theirs, "MB", 1.5))
    rows.append(
        Row("search, no service", seconds_of(runs[_SEARCH]), _SEMBLE_SEARCH, seconds_of(runs[_SEMBLE_SEARCH]), "s", 1)
    )
    if _GIT in runs:
        refresh = median(map(_refresh_ms, runs[_ASK]))
        rows.append(Row("refresh, nothing changed", refresh, _GIT, seconds_of(runs[_GIT]) * 1000, "ms", 3))
    return rows


def _refresh_ms(ask: Run) -> float:
    """Give the time an answer spent on the refresh."""
    return float(json.loads(ask.output)["timings"]["refresh_ms"])


def _counts(index: Run) -> dict[str, int]:
    """Give the numbers of files and chunks."""
    answer = json.loads(index.output)
    return {"files": answer["files"], "chunks": answer["chunks"]}


def _model_said(model: Path | None) -> str:
    """Say with which model semble was measured."""
    if model is None:
        return "its default"
    return "a model2vec model from a local folder, not its default (which has to be downloaded)"


def _is_git(root: Path) -> bool:
    """Say whether `root` is inside a git work tree."""
    return subprocess.run(["git", "-C", str(root), "rev-parse"], capture_output=True, check=False).returncode == 0


@contextmanager
def _tree(options: argparse.Namespace) -> Iterator[Path]:
    """Give the folder asked for, or a new repository of the number of files asked for."""
    if not options.files:
        yield options.folder.resolve()
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tree"
        source = Path(sysconfig.get_path("stdlib"))
        every = sorted({*source.rglob("*.py"), *Path(sysconfig.get_path("purelib")).rglob("*.py")})
        found = [path for path in every if path.stat().st_size]
        if len(found) < options.files:
            raise SystemExit(f"this Python has only {len(found)} files; ask for fewer with --files")
        for number, path in enumerate(found[: options.files]):
            target = root / f"part{number // 200}" / f"{number}_{path.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        for command in (
            ["init", "-q"],
            ["add", "."],
            ["-c", "user.name=b", "-c", "user.email=b@b", "commit", "-qm", "b"],
        ):
            subprocess.run(["git", "-C", str(root), *command], check=True)
        yield root


if __name__ == "__main__":
    main()
