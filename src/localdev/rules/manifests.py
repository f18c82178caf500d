"""The dependencies that manifests of package managers name, and the lock files that hold what was resolved of them."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Name of a dependency -> what is asked of it.
Wanted = dict[str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A kind of manifest: its file's name as a pattern, how it is read, and the names of its lock files."""

    name: re.Pattern[str]
    read: Callable[[str], Wanted]
    locks: tuple[str, ...]


def _python_name(requirement: str) -> tuple[str, str] | None:
    """Give the normal name of a requirement and what follows it; none for a path, an address or an option."""
    found = re.match(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(.*)", requirement)
    if found is None or requirement.lstrip().startswith(("-", ".", "/")) or "://" in requirement.split("@")[0]:
        return None
    return re.sub(r"[-_.]+", "-", found[1]).lower(), found[2].split("#")[0].strip()


def _requirements(lines: Iterator[str]) -> Wanted:
    """Read a list of requirements."""
    return dict(
        filter(None, (_python_name(line) for line in lines if line.strip() and not line.lstrip().startswith("#")))
    )


def _pyproject(text: str) -> Wanted:
    """Read what a Python project asks for, in the standard tables and in those of Poetry, PDM and uv."""
    data = tomllib.loads(text)
    project, tool = _table(data, "project"), _table(data, "tool")
    lists = [project.get("dependencies"), *_table(project, "optional-dependencies").values()]
    lists += _table(data, "dependency-groups").values()
    lists += _table(_table(tool, "pdm"), "dev-dependencies").values()
    lists.append(_table(tool, "uv").get("dev-dependencies"))
    wanted = _requirements(each for rows in lists if isinstance(rows, list) for each in rows if isinstance(each, str))
    poetry = _table(tool, "poetry")
    groups = [_table(each, "dependencies") for each in _table(poetry, "group").values() if isinstance(each, dict)]
    for table in (_table(poetry, "dependencies"), _table(poetry, "dev-dependencies"), *groups):
        wanted |= {re.sub(r"[-_.]+", "-", name).lower(): _said(value) for name, value in table.items()}
    wanted.pop("python", None)
    return wanted


def _pipfile(text: str) -> Wanted:
    """Read a Pipfile: every table but those of sources and settings."""
    tables = (
        value for name, value in tomllib.loads(text).items() if name not in ("source", "requires", "scripts", "pipenv")
    )
    return {name.lower(): _said(value) for table in tables if isinstance(table, dict) for name, value in table.items()}


def _package_json(text: str) -> Wanted:
    """Read what a package of npm asks for, what lies in the same repository left out."""
    data = json.loads(text)
    wanted: Wanted = {}
    for kind in ("dependencies", "devDependencies", "optionalDependencies"):
        wanted |= {name: _said(value) for name, value in _table(data, kind).items()}
    return {
        name: value
        for name, value in wanted.items()
        if not value.startswith(("file:", "link:", "workspace:", "portal:"))
    }


def _cargo(text: str) -> Wanted:
    """Read what a crate or a workspace asks for; what the workspace says, or lies in it, is left out."""
    data = tomllib.loads(text)
    kinds = ("dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies")
    places = [
        data,
        _table(data, "workspace"),
        *(each for each in _table(data, "target").values() if isinstance(each, dict)),
    ]
    wanted: Wanted = {}
    for place in places:
        for kind in kinds:
            for name, value in _table(place, kind).items():
                if not (isinstance(value, dict) and ("path" in value or value.get("workspace"))):
                    wanted[name] = _said(value)
    return wanted


def _go_mod(text: str) -> Wanted:
    """Read the modules that a Go module requires."""
    rows = re.finditer(r"^\s*(?:require\s+)?([\w.~-]+\.[\w.~-]+/?[\w./~-]*)\s+(v[\w.+-]+)", text, re.MULTILINE)
    return {row[1]: row[2] for row in rows}


def _gemfile(text: str) -> Wanted:
    """Read the gems of a Gemfile or a specification, those of a path left out."""
    rows = re.finditer(
        r"^\s*(?:gem|\w+\.add_(?:runtime_|development_)?dependency)\b\s*\(?\s*[\"']([\w.-]+)[\"']([^\n]*)",
        text,
        re.MULTILINE,
    )
    return {row[1]: row[2].strip(" ,)") for row in rows if not re.search(r"\bpath(?::|\s*=>)", row[2])}


def _composer(text: str) -> Wanted:
    """Read what a PHP package asks for, the platform itself left out."""
    data = json.loads(text)
    wanted = {**_table(data, "require"), **_table(data, "require-dev")}
    return {name.lower(): _said(value) for name, value in wanted.items() if "/" in name}


def _csproj(text: str) -> Wanted:
    """Read the packages that a .NET project refers to."""
    rows = re.finditer(
        r"<(?:PackageReference|PackageVersion|GlobalPackageReference)\s+(?:Include|Update)=\"([^\"]+)\"([^>]*)", text
    )
    return {row[1].lower(): row[2].strip(" /") for row in rows}


def _gradle(text: str) -> Wanted:
    """Read the coordinates that a build of Gradle names."""
    kind = (
        r"(?:\w*[iI]mplementation|\w*[aA]pi|\w*[cC]ompileOnly|\w*[rR]untimeOnly|classpath|annotationProcessor|kapt|ksp)"
    )
    rows = re.finditer(
        rf"^\s*{kind}\b[\s(]*(?:platform\s*\()?[\"']([\w.-]+:[\w.-]+)(?::([^\"'\s]+))?[\"']", text, re.MULTILINE
    )
    return {row[1]: row[2] or "" for row in rows}


def _mix(text: str) -> Wanted:
    """Read the dependencies of an Elixir project."""
    return {row[1]: row[2] for row in re.finditer(r"\{:(\w+),\s*([^}\n]*)", text) if "path:" not in row[2]}


def _pubspec(text: str) -> Wanted:
    """Read the dependencies of a Dart package."""
    wanted: Wanted = {}
    inside = False
    for row in text.split("\n"):
        if re.match(r"\S", row):
            inside = re.match(r"(?:dev_)?dependencies:", row) is not None
        elif inside and (found := re.match(r"  (\w+):\s*(.*)", row)):
            wanted[found[1]] = found[2]
    return wanted


def _table(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give a table within a table, empty where there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _said(value: object) -> str:
    """Write what is asked of a dependency."""
    if isinstance(value, dict):
        return str(value.get("version", "")) or json.dumps(value, sort_keys=True, default=str)
    return str(value)


_PYTHON_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pixi.lock", "pylock.toml")
_NODE_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb")
MANIFESTS: tuple[Manifest, ...] = (
    Manifest(re.compile(r"pyproject\.toml"), _pyproject, _PYTHON_LOCKS),
    Manifest(re.compile(r"Pipfile"), _pipfile, ("Pipfile.lock",)),
    Manifest(re.compile(r"(?P<stem>[\w.-]+)\.in"), lambda text: _requirements(iter(text.split("\n"))), ("{stem}.txt",)),
    Manifest(re.compile(r"package\.json"), _package_json, _NODE_LOCKS),
    Manifest(re.compile(r"Cargo\.toml"), _cargo, ("Cargo.lock",)),
    Manifest(re.compile(r"go\.mod"), _go_mod, ("go.sum",)),
    Manifest(re.compile(r"Gemfile|gems\.rb|[\w.-]+\.gemspec"), _gemfile, ("Gemfile.lock", "gems.locked")),
    Manifest(re.compile(r"composer\.json"), _composer, ("composer.lock",)),
    Manifest(re.compile(r".+\.(?:cs|fs|vb)proj|Directory\.Packages\.props"), _csproj, ("packages.lock.json",)),
    Manifest(re.compile(r"build\.gradle(?:\.kts)?"), _gradle, ("gradle.lockfile",)),
    Manifest(re.compile(r"mix\.exs"), _mix, ("mix.lock",)),
    Manifest(re.compile(r"pubspec\.yaml"), _pubspec, ("pubspec.lock",)),
)


def manifest_of(path: str) -> tuple[Manifest, tuple[str, ...]] | None:
    """Give what kind of manifest a file is, with the names of its lock files; None for any other file."""
    name = path.rpartition("/")[2]
    for each in MANIFESTS:
        found = each.name.fullmatch(name)
        if found is not None:
            groups = found.groupdict()
            return each, tuple(lock.format(**groups) for lock in each.locks)
    return None


def wanted(manifest: Manifest, text: str) -> Wanted | None:
    """Read a manifest; None where its text cannot be read."""
    try:
        return manifest.read(text)
    except (ValueError, AttributeError, RecursionError):
        return None
