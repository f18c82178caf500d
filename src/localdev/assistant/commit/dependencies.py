"""What a change does to versions: the project's own, and those of what it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from localdev.core.change import FileChange

_VERSION = r"v?\d[\w.*+-]*"
_OWN = re.compile(
    r"\s*(?:(?:const|let|var|public|static|final|export|String)\s+)*[\"']?(?:__version__|version|VERSION|versionName|Version)"
    rf"[\"']?\s*(?::\s*\w+\s*)?(?:[:=]|=>)\s*[\"']?(?P<version>{_VERSION})[\"']?\s*[;,]?\s*(?:#.*)?\Z"
)
_OWN_XML = re.compile(rf"\s*<(?:Version|VersionPrefix|AssemblyVersion|version)>(?P<version>{_VERSION})</")
_OWN_ALONE = re.compile(rf"\s*(?P<version>{_VERSION})\s*\Z")
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
    "action": rf"\s*-?\s*(?:uses|rev|image):\s*[\"']?(?P<name>[\w./-]*?)[@:]?(?P<version>{_VERSION})",
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
    name = file.path.rpartition("/")[2].lower()
    kinds = next((kinds for pattern, kinds in _FILES if pattern.fullmatch(name)), ())
    before = _read(file.path, kinds, (line.text for line in file.removed()))
    after = _read(file.path, kinds, (line.text for line in file.added()))
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


def _read(path: str, kinds: tuple[str, ...], lines: Iterable[str]) -> dict[str, str] | None:
    """Give versions by name, the project's own under the empty one; None where a line says something else."""
    found: dict[str, str] = {}
    for line in lines:
        if not line.strip() or line.strip().startswith(("#", "//")):
            continue
        own = _OWN.match(line) or _OWN_XML.match(line)
        own = own or (_OWN_ALONE.match(line) if _VERSION_FILE.match(path) else None)
        if own is not None:
            found[""] = own["version"].removeprefix("v")
            continue
        match = next((each for kind in kinds if (each := _PATTERNS[kind].match(line))), None)
        if match is None or not match["name"] or ("keyed" in kinds and match["name"].lower() in _NO_DEPENDENCY):
            return None
        found[match["name"]] = match["version"].removeprefix("v")
    return found
