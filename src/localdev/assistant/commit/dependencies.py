"""What a change does to versions: the project's own, and those of what it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from localdev.core.change import FileChange

_VERSION = r"v?\d[\w.*+-]*"
# What stands in place of a version, which a comment behind it may name.
_DIGEST = r"[0-9a-f]{40}\b"
_OWN = re.compile(
    r"\s*(?:(?:const|let|var|public|static|final|export|String)\s+)*[\"']?(?:__version__|version|VERSION|versionName|Version)"
    rf"[\"']?\s*(?::\s*\w+\s*)?(?:[:=]|=>)\s*[\"']?(?P<version>{_VERSION})[\"']?\s*[;,]?\s*(?:#.*)?\Z"
)
_OWN_XML = re.compile(rf"\s*<(?:Version|VersionPrefix|AssemblyVersion|version)>(?P<version>{_VERSION})</")
_OWN_ALONE = re.compile(rf"\s*(?P<version>{_VERSION})\s*\Z")
_POM = re.compile(rf"\s*<(?P<key>(?:[\w.-]+[.-])?version)>(?P<version>{_VERSION})</", re.IGNORECASE)
_ARTIFACT = re.compile(r"\s*<artifactId>(?P<name>[\w.-]+)</")
# What is indented further than this in a `pom.xml` is not the project's own.
_POM_INDENT = 4
_SECTION = re.compile(r"\s*\[+(?P<name>[^\[\]]+)\]+\s*\Z")
_OWN_SECTIONS = frozenset({
    "package", "workspace.package", "project", "tool.poetry", "metadata", "tool.commitizen", "tool.bumpversion",
    "bumpversion",
})  # fmt: skip
_VERSION_FILE = re.compile(r"(?:.*/)?(?:VERSION|version\.txt|_?version\.\w+)\Z", re.IGNORECASE)
_LINES = {
    "requirements": rf"\s*-?\s*[\"']?(?P<name>[A-Za-z][\w.-]*)(?:\[[^\]]*\])?\s*(?:[=~<>!]=?=?)"
    rf"\s*(?P<version>{_VERSION})",
    "keyed": rf"\s*[\"']?(?P<name>@?[A-Za-z][\w./-]*)[\"']?\s*[:=]\s*"
    rf"(?:\{{.*?version[\"']?\s*[=:]\s*)?[\"'][\^~>=<\s]*(?P<version>{_VERSION})",
    "go": rf"\s*(?:require\s+)?(?P<name>[\w-]+\.[\w./-]+)\s+(?P<version>{_VERSION})",
    "gem": rf"\s*(?:\w+\.)?(?:gem|add_(?:runtime_|development_)?dependency)"
    rf"\W+(?P<name>[\w-]+)[\"']\s*,\s*[\"'][~><=\s]*(?P<version>{_VERSION})",
    "gradle": rf"\s*\w+[\s(]+[\"'](?P<name>[\w.-]+:[\w.-]+):(?P<version>{_VERSION})[\"']",
    "nuget": rf"\s*<Package(?:Reference|Version)\s+Include=\"(?P<name>[^\"]+)\"\s+Version=\"(?P<version>{_VERSION})",
    "docker": rf"\s*FROM\s+(?:--\S+\s+)?(?P<name>[\w./-]+):(?P<version>{_VERSION})",
    "action": rf"\s*-?\s*(?:uses|rev|image):\s*[\"']?(?P<name>[\w./-]*?)[@:]?(?P<version>{_DIGEST}|{_VERSION})"
    rf"(?:[\"']?\s*#\s*(?P<said>{_VERSION})\s*\Z)?",
}  # fmt: skip
_PATTERNS = {name: re.compile(text) for name, text in _LINES.items()}
_FILES = (
    (re.compile(r"requirements[\w.-]*\.(?:txt|in)|constraints.*\.txt|setup\.(?:py|cfg)|environment\.yml"),
     ("requirements",)),
    (re.compile(r"pyproject\.toml|pipfile"), ("requirements", "keyed")),
    (re.compile(r"package\.json|cargo\.toml|composer\.json|pubspec\.yaml|mix\.exs|libs\.versions\.toml"), ("keyed",)),
    (re.compile(r"go\.mod"), ("go",)),
    (re.compile(r"gemfile|.*\.gemspec"), ("gem",)),
    (re.compile(r"(?:build|settings)\.gradle(?:\.kts)?"), ("gradle",)),
    (re.compile(r".*\.(?:cs|fs|vb)proj|directory\.packages\.props"), ("nuget",)),
    (re.compile(r"(?:docker|container)file.*"), ("docker",)),
    (re.compile(r".*\.ya?ml"), ("action",)),
)  # fmt: skip
# Keys with a version as their value that name no dependency.
_NO_DEPENDENCY = frozenset({
    "version", "name", "requires-python", "python", "python_requires", "node", "npm", "rust-version", "edition",
    "target-version",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Versions:
    """`own` is the project's new version, empty where it stays. Dependencies: added, removed, (name, from, to)."""

    own: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    updated: tuple[tuple[str, str, str], ...] = ()


def versions_of(file: FileChange) -> Versions | None:
    """Read the changed lines of a file; None where any of them is about something else."""
    if file.status in ("added", "deleted") or file.binary:
        return None
    before, after = _read(file, "removed"), _read(file, "added")
    if before is None or after is None or not (before or after):
        return None
    own = after.pop("", "")
    had = before.pop("", "")
    if bool(own) != bool(had):
        return None
    return Versions(
        own if own != had else "",
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
        tuple((name, before[name], new) for name, new in after.items() if name in before and before[name] != new),
    )


def _read(file: FileChange, side: Literal["added", "removed"]) -> dict[str, str] | None:
    """Give versions by name, the project's own under the empty one; None where a line says something else."""
    name = file.path.rpartition("/")[2].lower()
    kinds = next((kinds for pattern, kinds in _FILES if pattern.fullmatch(name)), ())
    found: dict[str, str] = {}
    for rows, at in _changed(file, side):
        line = rows[at]
        if not line.strip() or line.strip().startswith(("#", "//")):
            continue
        if name == "pom.xml":
            said = _in_pom(rows, at)
        elif match := _own(file.path, line):
            said = ("", match["version"]) if _section(rows, at) in _OWN_SECTIONS else None
        else:
            said = _dependency(line, kinds)
        if said is None:
            return None
        found[said[0]] = said[1].removeprefix("v")
    return found


def _changed(file: FileChange, side: Literal["added", "removed"]) -> Iterator[tuple[list[str], int]]:
    """Yield the lines of each place on one side, with the number of each that changed."""
    for hunk in file.hunks:
        lines = [line for line in hunk.lines if line.kind in ("context", side)]
        rows = [line.text for line in lines]
        yield from ((rows, at) for at, line in enumerate(lines) if line.kind == side)


def _own(path: str, line: str) -> re.Match[str] | None:
    """Read the project's own version."""
    found = _OWN.match(line) or _OWN_XML.match(line)
    return found or (_OWN_ALONE.match(line) if _VERSION_FILE.match(path) else None)


def _section(rows: Sequence[str], at: int) -> str:
    """Name the section of a table-like file that a line is in, `project` where none is seen."""
    above = (match["name"] for row in reversed(rows[:at]) if (match := _SECTION.match(row)))
    return next(above, "project")


def _dependency(line: str, kinds: Sequence[str]) -> tuple[str, str] | None:
    """Read the name and version of a dependency."""
    match = next((each for kind in kinds if (each := _PATTERNS[kind].match(line))), None)
    if match is None or not match["name"] or ("keyed" in kinds and match["name"].lower() in _NO_DEPENDENCY):
        return None
    version = match.groupdict().get("said") or match["version"]
    return match["name"], version[:7] if re.fullmatch(_DIGEST, version) else version


def _in_pom(rows: Sequence[str], at: int) -> tuple[str, str] | None:
    """Read a version in a `pom.xml`: of a property, of the artifact beside it, or the project's own."""
    match = _POM.match(rows[at])
    if match is None:
        return None
    if match["key"].lower() != "version":
        return re.sub(r"[.-]version\Z", "", match["key"], flags=re.IGNORECASE), match["version"]
    indent = _indent(rows[at])
    above = at - next((n for n, row in enumerate(reversed(rows[:at])) if row.strip() and _indent(row) < indent), at)
    name = next((found["name"] for row in reversed(rows[above:at]) if (found := _ARTIFACT.match(row))), "")
    if not name:
        return None
    outermost = indent <= _POM_INDENT and (above == 0 or rows[above - 1].lstrip().startswith(("<project", "xsi:")))
    return ("" if outermost else name), match["version"]


def _indent(row: str) -> int:
    return len(row.expandtabs(_POM_INDENT)) - len(row.lstrip())
