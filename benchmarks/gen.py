"""How safe proposals of documentation and tests are: sampled public functions of real repositories, end to end.

    python benchmarks/gen.py REPOSITORY... [--each 10] [--seed 6] [--json FILE]

Each repository (a git checkout, left as it was) gives `--each` functions of its main language. For each of them the job
runs with a scripted model: correct answers must be applied with nothing else changed, which is judged here by git and
by Python's own parser and not by the program's checks; planted bad ones (broken syntax, texts that leave their comment,
further definitions, imports that lead nowhere, other symbols or code touched, a tree that moved) must all be refused
and leave the tree as it was. Without a model the blank forms must pass the same checks.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from localdev.app.jobs import LocalJobs
from localdev.app.work_tree import WorkTree
from localdev.assistant.gen.checks import failed
from localdev.assistant.gen.doc import DocJob, doc_job
from localdev.assistant.gen.target import Target, find_target
from localdev.assistant.gen.test import job_of_tests
from localdev.config.settings import build
from localdev.core.errors import LocaldevError
from localdev.core.events import Result
from localdev.core.folders import find_folders
from localdev.core.patch import FileEdit
from localdev.source.languages import language_of
from localdev.source.syntax.definitions import definitions
from localdev.source.syntax.tree import read_syntax

_TESTED = re.compile(
    r"(?:^|/)(?:tests?|spec|specs|__tests__|examples?|benches|docs?|vendor|dist)/|[._]test\.|\.spec\.|\.min\."
)
_PUBLIC = {
    "python": re.compile(r"(?:async )?def (?!_)"),
    "go": re.compile(r"func (?:\([^)]*\) )?[A-Z]"),
    "rust": re.compile(r"pub (?:const |unsafe |async )*fn "),
    "java": re.compile(r"public\b"),
}
_IMPORT = {
    "python": "import os",
    "go": '"strings"',
    "rust": "use std::collections::HashMap;",
    "java": "import java.util.List;",
}
_NOWHERE = {
    "python": "from nowhere_at_all import nothing",
    "go": '"example.invalid/no/where"',
    "rust": "use nowhere_at_all::Nothing;",
    "java": "import com.nowhere.at.all.Nothing;",
}
_BREAKS = {
    "python": "}\n((",
    "javascript": "}); })((",
    "go": "}\n}\nfunc (",
    "rust": "}\n}\nfn (",
    "java": "}\n}\nvoid (",
}
_OTHER = {
    "javascript": "\n}});\nfunction plantedHelper() {\n  return 1;\n",
    "go": "\n}\n\nfunc plantedHelper() {",
    "rust": "\n}\n\nfn planted_helper() {",
    "java": "\n}\n\nvoid plantedHelper() {",
}
_COMMENT_LINE = re.compile(r"\s*(?:/\*\*|\*|//|#|$)")


class Sample:
    """One function of one repository, and how proposals for it are run."""

    def __init__(self, root: Path, target: str, home: Path) -> None:
        self.root, self.name, self.home = root, target, home
        self.path = target.partition("::")[0]
        self.script = home / "script.json"

    def target(self) -> tuple[WorkTree, Target]:
        """Find the function in the tree as it is now."""
        tree = WorkTree(self.root)
        return tree, find_target(tree, self.name)

    def run(self, kind: str, answer: dict[str, Any] | None, *, meanwhile: str = "") -> dict[str, Any]:
        """Run the job with apply; `answer` None means without a model, `meanwhile` is put into the file before it ends.

        An error is reported as a refusal with its text.
        """
        self.script.write_text(json.dumps([json.dumps(answer)] * 2))
        folders = find_folders({"LOCALDEV_HOME": str(self.home / "localdev")})
        jobs = LocalJobs(build({"model": f"fake:{self.script}"}), folders, self.root)
        options = {"kind": kind, "target": self.name, "apply": True, "no_model": answer is None}
        try:
            for event in jobs.run("gen", options):
                if isinstance(event, Result):
                    return event.payload
                if meanwhile:
                    with (self.root / self.path).open("a") as file:
                        file.write(meanwhile)
                    meanwhile = ""
        except LocaldevError as error:
            return {"patch": "", "checks": [{"name": type(error).__name__, "ok": False, "detail": str(error)}]}
        raise AssertionError("the job ended without a result")

    def changed(self) -> list[tuple[str, str]]:
        """Give (status, path) of what differs from the commit, by git."""
        said = self.git("status", "--porcelain", "--untracked-files=all")
        return [(line[:2].strip(), line[3:]) for line in said.splitlines()]

    def git(self, *words: str) -> str:
        """Run git here and give what it says."""
        return subprocess.run(["git", *words], cwd=self.root, check=True, capture_output=True, text=True).stdout

    def reset(self) -> None:
        """Put the tree back as it was."""
        self.git("checkout", "-q", "--", ".")
        self.git("clean", "-fdq")


def sampled(root: Path, each: int, seed: int) -> list[str]:
    """Choose public functions of a repository's main language that tests can reach."""
    tree = WorkTree(root)
    paths = [path for path in tree.paths if not _TESTED.search(path)]
    counts = Counter(language_of(path) for path in paths)
    language = max(("python", "javascript", "typescript", "go", "rust", "java"), key=lambda name: counts[name])
    found: list[str] = []
    for path in paths:
        parsed = read_syntax(path, tree.read(path) or "") if language_of(path) == language else None
        for each_one in definitions(parsed) if parsed else ():
            symbol = each_one.symbol
            public = _PUBLIC.get(language, re.compile(""))
            lines = symbol.end_line - symbol.start_line
            name = f"{path}::{symbol.qualified}@{symbol.start_line}"
            if symbol.kind in ("function", "method") and public.match(symbol.signature) and 2 <= lines <= 60:
                found.append(name)
    random.Random(seed).shuffle(found)
    return [name for name in found[: 20 * each] if _reachable(tree, name)][:each]


def _reachable(tree: WorkTree, name: str) -> bool:
    """Say whether documentation has a place and tests can call it."""
    try:
        target = find_target(tree, name)
        doc_job(tree, target)
        job_of_tests(tree, target)
    except LocaldevError:
        return False
    return True


def doc_answer(job: DocJob, summary: str, details: str = "") -> dict[str, Any]:
    """Give an answer of the form that is asked for."""
    parts: dict[str, Any] = {}
    for name, schema in job.schema()["properties"].items():
        inner = schema.get("properties")
        parts[name] = {each: f"what {each} stands for" for each in inner} if inner is not None else "what comes of it"
    return {**parts, "summary": summary, "details": details}


def spoken(target: Target) -> tuple[str, str]:
    """Give summary and details as the project itself words them, where it does."""
    words = [" ".join(part.split()) for part in re.split(r"\n\s*\n", target.symbol.doc) if part.strip()]
    words = [each for each in words if not re.search(r"[@:]param|Args:|\"\"\"|\*/|^[-=]{3,}", each)]
    return (words[0][:200] if words else "Do what the name says."), "\n\n".join([*words[1:2], "Sampled."])[:400]


def correct(sample: Sample) -> Iterator[tuple[str, str]]:
    """Yield (what, problem) of each proposal that must be applied with nothing else changed."""
    tree, target = sample.target()
    old = (sample.root / sample.path).read_bytes()
    payload = sample.run("doc", doc_answer(doc_job(tree, target), *spoken(target)))
    yield "doc", _refusal(payload) or doc_problem(sample, old)
    sample.reset()
    yield "test", _refusal(sample.run("test", test_answer(sample))) or test_problem(sample)
    sample.reset()
    name = sample.name
    undocumented(sample)
    sample.git("commit", "-qam", "without documentation", "--allow-empty")
    old = (sample.root / sample.path).read_bytes()
    yield "doc without a model", _refusal(sample.run("doc", None)) or doc_problem(sample, old)
    sample.git("reset", "-q", "--hard", "HEAD~1")
    sample.name = name
    yield "test without a model", _refusal(sample.run("test", None)) or test_problem(sample)
    sample.reset()


def undocumented(sample: Sample) -> None:
    """Take the function's documentation out of its file."""
    tree, target = sample.target()
    place = doc_job(tree, target).place
    if not place.replaces:
        return
    data = target.text.encode("utf-8", "surrogateescape")
    if target.tree.language == "python":
        new = data[: place.start] + b"pass" + data[place.end :]
    else:
        start = data.rfind(b"\n", 0, place.start) + 1
        new = data[:start] + data[place.end :].lstrip(b"\r\n")
        path, _, line = sample.name.partition("@")
        gone = data.count(b"\n") - new.count(b"\n")
        sample.name = f"{path}@{int(line) - gone}"
    (sample.root / sample.path).write_bytes(new)


def test_answer(sample: Sample, body: str = "", imports: str = "", *, add: str = "") -> dict[str, Any]:
    """Give an answer with one test: the call with plain values, unless another body is given."""
    tree, target = sample.target()
    form = job_of_tests(tree, target).form
    language = target.tree.language
    call = "\n".join(form.known()[0].body).replace("...)", "None)").replace("=...", "=None")
    script = (
        "import fs from 'node:fs';" if "import " in form.written(form.known()[:1], ()) else "const fs = require('fs');"
    )
    return {
        "imports": [imports or _IMPORT.get(language, script)],
        "tests": [{"title": "sampled", "body": (body or call) + add}],
    }


def doc_problem(sample: Sample, old: bytes) -> str:
    """Say what else than documentation changed, judged without the program's own checks."""
    if sample.changed() != [("M", sample.path)]:
        return f"changed: {sample.changed()}"
    if sample.path.endswith(".py"):
        before, after = old.decode(), (sample.root / sample.path).read_text()
        return "" if _silent(before) == _silent(after) else "the code differs"
    diff = sample.git("diff", "-U0", "--", sample.path).split("@@", 1)[1].splitlines()[1:]
    blocks = re.findall(r"/\*.*?\*/", old.decode("utf-8", "replace"), re.DOTALL)
    inside = {f"-{line}" for block in blocks for line in block.split("\n")}  # some blocks have no stars
    odd = [line for line in diff if line[:1] in "+-" and not _COMMENT_LINE.match(line[1:]) and line not in inside]
    return f"not documentation: {odd[0]}" if odd else ""


def _silent(text: str) -> str:
    """Give a Python text's syntax tree without docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
    return ast.dump(tree)


def test_problem(sample: Sample) -> str:
    """Say what else than one file of tests changed, or what that file lost."""
    changed = sample.changed()
    if len(changed) != 1 or changed[0][0] not in ("M", "??"):
        return f"changed: {changed}"
    lost = sample.git("diff", "--numstat").split()[1:2]
    return f"{lost[0]} lines lost" if lost not in ([], ["0"]) else ""


def _refusal(payload: dict[str, Any]) -> str:
    """Say why a proposal was refused; empty where it was not."""
    return (
        "" if payload["patch"] else "; ".join(f"{c['name']}: {c['detail']}" for c in payload["checks"] if not c["ok"])
    )


def planted(sample: Sample) -> Iterator[tuple[str, str]]:
    """Yield (what, problem) of each bad proposal; a problem is one that was not refused, or left something behind."""
    tree, target = sample.target()
    language = target.tree.language
    job = doc_job(tree, target)
    nowhere = _NOWHERE.get(language) or test_answer(sample)["imports"][0].replace("node:fs", "no-where").replace(
        "'fs'", "'no-where'"
    )
    bad: dict[str, tuple[str, dict[str, Any]]] = {
        "syntax": ("test", test_answer(sample, add="\n" + _BREAKS.get(language, "(("))),
        "import": ("test", test_answer(sample, imports=nowhere)),
        "calls something else": ("test", test_answer(sample, "if (1) {\n}" if language != "python" else "assert 1")),
    }
    if language in _OTHER:
        bad["another symbol"] = ("test", test_answer(sample, add=_OTHER[language]))
    ends = {
        "python": 'x\n    """\n    import os\n    """',
        "javascript": "x */ evil(); /* y",
        "java": "x */ int e; /* y",
    }
    if language in ends:
        bad["leaves its comment"] = ("doc", doc_answer(job, "Do it", ends[language]))
        if language != "python":
            bad["leaves its comment"] = ("doc", doc_answer(job, ends[language]))
    for what, (kind, answer) in bad.items():
        payload = sample.run(kind, answer)
        yield what, "proposed" if payload["patch"] else f"left {sample.changed()}" if sample.changed() else ""
        sample.reset()
    (edit,) = job.edits(job.known_text())
    for what, new in tampered(edit, target):
        yield what, "" if failed(job.check((replace(edit, new=new),))) else "proposed"
    answer = doc_answer(job, "Do what the name says.")
    payload = sample.run("doc", answer, meanwhile="\n")
    moved = sample.git("diff", "--numstat").split()[:2]
    yield "moved tree", "proposed" if payload["patch"] else "" if moved == ["1", "0"] else f"left {moved}"
    sample.reset()


def tampered(edit: FileEdit, target: Target) -> Iterator[tuple[str, str]]:
    """Yield good edits made bad: the code of the symbol, or that of another one, is touched as well."""
    rows = (edit.new or "").split("\n")
    last = len(rows) - (len(target.text.split("\n")) - target.symbol.end_line) - 1
    inside = next(at for at in range(last, 0, -1) if rows[at].strip() not in ("", "}", "end"))
    yield "its own code", "\n".join([*rows[:inside], f"{rows[inside]} + 1", *rows[inside + 1 :]])
    outside = [at for at in range(len(rows)) if rows[at].strip() and not last - 200 <= at <= last]
    at = outside[0] if outside else 0
    yield "other code", "\n".join([*rows[:at], "planted = 1", *rows[at + (1 if outside else 0) :]])
    yield "the end of the file", f"{edit.new}\nplanted = 1\n"


def main() -> None:
    """Sample, run and print; exit 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--each", type=int, default=10)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    totals: Counter[str] = Counter()
    good = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, repository in enumerate(given.repositories):
            copy = Path(folder, "repositories", str(number), repository.name)
            subprocess.run(["git", "clone", "-q", str(repository), str(copy)], check=True)
            for setting in ("user.name=bench", "user.email=bench@example.invalid"):
                subprocess.run(["git", "config", *setting.split("=")], cwd=copy, check=True)
            for name in sampled(copy, given.each, given.seed):
                sample = Sample(copy, name, Path(folder))
                problems = []
                for section, outcomes in (("correct", correct), ("planted", planted)):
                    sample.name = name
                    for what, problem in outcomes(sample):
                        totals[f"{section}: {what}"] += 1
                        totals[f"{section}: {what} as it should be"] += not problem
                        problems += [f"{section}: {what}: {problem}"] if problem else []
                good += not any(each.startswith(("correct: doc:", "correct: test:")) for each in problems)
                totals["functions"] += 1
                print(f"{repository.name} {name}" + "".join(f"\n    {each}" for each in problems))
    report(totals, good, given.json)


def report(totals: Counter[str], good: int, file: Path | None) -> None:
    """Print the table, and exit 1 where the goal is missed."""
    kinds = [kind for kind in totals if not kind.endswith("as it should be") and kind != "functions"]
    for kind in kinds:
        print(f"{kind:40} {totals[f'{kind} as it should be']:4} of {totals[kind]}")
    print(f"{'functions with every correct proposal applied':40} {good:4} of {totals['functions']}")
    figures = {"functions": totals["functions"], "applied": good, **{kind: totals[kind] for kind in totals}}
    if file is not None:
        file.write_text(json.dumps(figures, indent=2) + "\n")
    through = [kind for kind in kinds if not kind.startswith("correct: ") or "without" in kind]
    missed = [kind for kind in through if totals[kind] != totals[f"{kind} as it should be"]]
    sys.exit(1 if missed or good < 0.96 * totals["functions"] else 0)


if __name__ == "__main__":
    main()
