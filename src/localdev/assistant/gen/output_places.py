"""Places of a repository that a program's output names: tracebacks, and the messages of compilers and test runners."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from localdev.assistant.gen.files import Files

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# The forms in which places are written. Python's own names the outermost call first, all others the innermost.
_FORMS = re.compile(
    r"""
      File[ ]"(?P<python>[^"\n]{1,400})",[ ]line[ ](?P<python_line>\d{1,7})
    | \bat[ ](?P<package>[^\s(]{1,300})\((?P<java>\w{1,100}\.(?:java|kt|scala|groovy)):(?P<java_line>\d{1,7})\)
    | (?<![^\s:("'<>|])(?P<bracketed>[^\s:("'<>|]{1,400}\.\w{1,6})\((?P<bracketed_line>\d{1,7})(?:,\d{1,7})?\)[ ]*:
    | (?<![^\s"'()<>|])(?P<said>(?:[A-Za-z]:)?[^\s:"'()<>|]{1,400}\.php)[ ]on[ ]line[ ](?P<said_line>\d{1,7})
    | (?<![^\s:"'()\[\]<>,;=|])(?P<plain>(?:[A-Za-z]:(?=[\\/]))?[^\s:"'()\[\]<>,;=|]{1,400}\.[A-Za-z]\w{0,5})
      :(?:line[ ])?(?P<plain_line>\d{1,7})\b
    """,
    re.VERBOSE,
)
_TRACEBACK = "Traceback (most recent call last)"
# Output is searched no further than this, from each end.
_SEARCHED = 200_000


@dataclass(frozen=True, slots=True)
class OutputPlace:
    """A line of a file of the repository that output names."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Where:
    """Where a command ran: the root as it may be written in output, and the folder below it (empty: the root)."""

    roots: tuple[str, ...]
    folder: str = ""


def plain_output(output: str) -> str:
    """Give output without escape sequences and characters that nobody sees."""
    return _CONTROL.sub("", _ESCAPES.sub("", output).replace("\r\n", "\n").replace("\r", "\n"))


def output_places(output: str, files: Files, where: Where) -> tuple[OutputPlace, ...]:
    """Give the places that output names, each once, the likeliest cause first; only files of the repository."""
    text = plain_output(output)
    if len(text) > 2 * _SEARCHED:
        text = f"{text[:_SEARCHED]}\n{text[-_SEARCHED:]}"
    known = _Known(files, where)
    found: list[OutputPlace] = []
    frames: list[OutputPlace] = []
    end = 0
    for match in _FORMS.finditer(text):
        kind = str(match.lastgroup or "").removesuffix("_line")
        if kind != "python" or _TRACEBACK in text[end : match.start()]:
            found += reversed(frames)
            frames = []
        end = match.end()
        path = known.resolved(match[kind], (match["package"] or "") if kind == "java" else "")
        if path:
            (frames if kind == "python" else found).append(OutputPlace(path, int(match[f"{kind}_line"])))
    found += reversed(frames)
    return tuple(dict.fromkeys(found))


class _Known:
    """Turns what output calls a file into a path of the repository."""

    def __init__(self, files: Files, where: Where) -> None:
        self.where = where
        self.paths = frozenset(files.paths)
        self.by_name: dict[str, list[str]] = {}
        for path in files.paths:
            self.by_name.setdefault(posixpath.basename(path), []).append(path)

    def resolved(self, written: str, package: str) -> str:
        """Give the path, or nothing for a file of somebody else."""
        path = written.replace("\\", "/")
        path = re.sub(r"^/{2,}", "/", path)
        for root in self.where.roots:
            if path.lower().startswith(f"{root.lower()}/") and path[: len(root)] == root:
                return self._listed(path[len(root) + 1 :])
        if path.startswith("/") or re.match(r"[A-Za-z]:/", path):
            return ""
        for base in dict.fromkeys((self.where.folder, "")):
            found = self._listed(posixpath.normpath(posixpath.join(base, path)))
            if found:
                return found
        return self._ending(posixpath.normpath(path), package)

    def _listed(self, path: str) -> str:
        """Give a path that is one of the repository's source files."""
        return path if path in self.paths else ""

    def _ending(self, path: str, package: str) -> str:
        """Give the one file whose path ends so; of several the one in the package's folder."""
        ends = [each for each in self.by_name.get(posixpath.basename(path), ()) if each.endswith(f"/{path}")]
        if len(ends) > 1 and package:
            folders = list(_folders(package))
            ends = next(
                (near for folder in folders if (near := [each for each in ends if f"/{folder}/" in f"/{each}"])), ends
            )
        return ends[0] if len(ends) == 1 else ""


def _folders(package: str) -> Iterator[str]:
    """Yield the folders that the name of a class or method may stand in, the deepest first."""
    parts = package.rpartition("/")[2].split(".")
    while parts:
        yield "/".join(parts)
        parts.pop()
