"""What the git hooks cost: commits with all three installed against `git commit --no-verify` without any.

    python benchmarks/hooks.py

Whole commits, in turns, in two repositories of the same content. The goal of the design is for a commit that leaves
nothing to review: at most 0.2 s more. What a commit with work costs is told beside it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import Row, Run, add_tool_options, environment, find_tool, in_turns, report, run, seconds_of

_MILLISECONDS_MORE = 200
_SOURCE = Path(__file__).parent.parent / "src" / "localdev" / "source"
_EMPTY = "git commit -q --allow-empty"
_CASES = {
    "nothing staged": f"{_EMPTY} -m 'tell what is sold'",
    "message amended": f"{_EMPTY} --amend -m 'tell all that is sold'",
    "one line of Python": "echo 'x = 1' >> source/git.py && git add . && git commit -q -m 'tell what is sold'",
    "a message drafted": "echo 'x = 1' >> source/git.py && git add . && git commit -q",
}


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    add_tool_options(parser, [])
    options = parser.parse_args()
    localdev = find_tool(options, "localdev")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {**environment(folder), "GIT_EDITOR": "sed -i '1s/^$/tell what is sold/'"}
        hooked, bare = (_repository(folder / kind, env) for kind in ("hooked", "bare"))
        subprocess.run([localdev, "hooks", "install", "-C", str(hooked)], env=env, check=True, capture_output=True)
        cases: dict[str, Callable[[], Run]] = {}
        for what, commit in _CASES.items():
            cases[what] = partial(run, ["sh", "-c", f"cd {hooked} && {commit}"], env=env)
            cases[f"{what}, bare"] = partial(run, ["sh", "-c", f"cd {bare} && {commit} --no-verify"], env=env)
        runs = in_turns(cases, options.rounds)
    milliseconds = {what: round(seconds_of(of) * 1000, 1) for what, of in runs.items()}
    more = {what: milliseconds[what] - milliseconds[f"{what}, bare"] for what in _CASES}
    goal = {"nothing staged", "message amended"}
    rows = [Row(f"{what}: more", more[what], "goal", _MILLISECONDS_MORE, "ms", 1) for what in _CASES if what in goal]
    report("hooks", rows, {"medians_ms": milliseconds, "more_ms": more}, out=options.out)


def _repository(root: Path, env: dict[str, str]) -> Path:
    """Make a repository with some code in it."""
    shutil.copytree(_SOURCE, root / "source", ignore=shutil.ignore_patterns("__pycache__"))
    who = ["-c", "user.name=x", "-c", "user.email=x@example.invalid"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *who, *words], cwd=root, env=env, check=True)
    for name, value in (("user.name", "x"), ("user.email", "x@example.invalid")):
        subprocess.run(["git", "config", name, value], cwd=root, env=env, check=True)
    return root


if __name__ == "__main__":
    main()
