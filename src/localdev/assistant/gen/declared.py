"""What a project declares that it depends on, read from its manifests: names of packages and modules."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from localdev.assistant.gen.files import Files

# Distributions whose modules are called otherwise: distribution -> module. Source: the projects' own pages.
_MODULES = {
    "pyyaml": "yaml",
    "pillow": "PIL",
    "beautifulsoup4": "bs4",
    "scikit-learn": "sklearn",
    "scikit-image": "skimage",
    "opencv-python": "cv2",
    "python-dateutil": "dateutil",
    "python-dotenv": "dotenv",
    "attrs": "attr",
    "gitpython": "git",
    "protobuf": "google",
    "pyjwt": "jwt",
    "psycopg2-binary": "psycopg2",
    "msgpack-python": "msgpack",
    "setuptools": "pkg_resources",
    "pytest-mock": "pytest_mock",
    "mysqlclient": "MySQLdb",
    "pycryptodome": "Crypto",
    "pyserial": "serial",
    "django-rest-framework": "rest_framework",
    "djangorestframework": "rest_framework",
}
# How a project sets up a test framework: files of its own, files it shares with others, and its part of those.
# Source: the frameworks' own pages on configuration.
_SET_UP = {
    "pytest": (
        r"\.?pytest\.ini|conftest\.py",
        ("pyproject.toml", "tox.ini", "setup.cfg"),
        r"^\[(?:tool[.:])?pytest\b",
    ),
    **{
        name: (
            rf"{name}\.(?:config|workspace)\.(?:[cm]?[jt]s|json)",
            ("package.json", "vite.config.ts", "vite.config.js", "vite.config.mts", "vite.config.mjs"),
            rf"\"{name}\"\s*:\s*\{{|['\"]{name}/config['\"]",
        )
        for name in ("vitest", "jest", "mocha", "ava")
    },
}
_RC = ("", ".json", ".jsonc", ".yml", ".yaml", ".js", ".cjs", ".mjs")
_REQUIREMENT = re.compile(r"^\s*['\"]?([A-Za-z][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:[<>=!~;@,'\"#]|$)", re.MULTILINE)


def above(files: Files, path: str, *names: str) -> Iterator[str]:
    """Yield the texts of files of some names in the folders from a path up to the root."""
    for folder in _folders(path):
        for name in names:
            text = files.read(f"{folder}/{name}".lstrip("/"))
            if text:
                yield text


def _folders(path: str) -> Iterator[str]:
    """Yield the folders from a path up to the root, which is empty."""
    folder = posixpath.dirname(path)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def sets_up(files: Files, path: str, framework: str) -> bool:
    """Say whether a project is set up for a test framework, declared or not: by a file of its own, or a part of one."""
    own, shared, part = _SET_UP[framework]
    if any(re.search(rf"(?:^|/)(?:{own})$", each) for each in files.paths):
        return True
    hidden = ("conftest.py", "tests/conftest.py") if framework == "pytest" else [f".{framework}rc{e}" for e in _RC]
    if any(files.exists(f"{folder}/{name}".lstrip("/")) for folder in _folders(path) for name in hidden):
        return True  # files that are empty, or whose names begin with a dot, are not listed
    return any(re.search(part, text, re.MULTILINE) for text in above(files, path, *shared))


def python_modules(files: Files, path: str) -> set[str]:
    """Give the top modules of the distributions that a Python project declares."""
    names: set[str] = set()
    for text in above(files, path, "pyproject.toml", "Pipfile"):
        try:
            names |= set(_strings(tomllib.loads(text)))
        except tomllib.TOMLDecodeError:
            continue
    for text in above(files, path, "setup.cfg", "setup.py", "tox.ini"):
        names |= set(_REQUIREMENT.findall(text)) | set(
            re.findall(r"['\"]([A-Za-z][\w.-]*)\s*(?:\[[^\]]*\])?[<>=!~'\"]", text)
        )
    listed = [
        each
        for each in files.paths
        if re.search(r"(?:^|/)[\w.-]*requirements[\w.-]*\.(?:txt|in)$|^requirements/", each)
    ]
    for each in [*listed, "requirements.txt", "requirements-dev.txt", "dev-requirements.txt", "test-requirements.txt"]:
        names |= set(_REQUIREMENT.findall(files.read(each) or ""))
    found = set()
    for name in names:
        plain = re.sub(r"[-_.]+", "-", name).lower()
        found |= {plain.replace("-", "_"), _MODULES.get(plain, plain.replace("-", "_"))}
    return found | {"attrs"} if "attr" in found else found


def _strings(value: Any, under: str = "") -> Iterator[str]:
    """Yield the names in what a TOML file lists as dependencies, in any of the usual tables."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if "dependencies" in under or under == "packages":
                yield key
            yield from _strings(inner, key if "dependencies" in key or "packages" in key else under)
    elif isinstance(value, list) and ("dependencies" in under or under == "requires"):
        for each in value:
            found = _REQUIREMENT.match(each) if isinstance(each, str) else None
            if found:
                yield found.group(1)


def go_modules(files: Files, path: str) -> tuple[str, str, list[str]]:
    """Give a Go module's own path, the folder of its go.mod, and the modules it requires."""
    folder = posixpath.dirname(path)
    while True:
        text = files.read(f"{folder}/go.mod".lstrip("/"))
        if text or not folder:
            break
        folder = posixpath.dirname(folder)
    text = text or ""
    own = re.search(r"^module\s+(\S+)", text, re.MULTILINE)
    required = re.findall(r"^\s*(?:require\s+)?([\w.-]+\.[\w.-]+/\S+|[\w.-]+\.[a-z]+)\s+v\d", text, re.MULTILINE)
    return own.group(1).strip('"') if own else "", folder, required


def rust_crates(files: Files, path: str) -> set[str]:
    """Give the crates that a Cargo project declares, its own among them, as `use` names them."""
    names: set[str] = set()
    for text in above(files, path, "Cargo.toml"):
        try:
            read = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        names |= set(_strings(read))
        own = read.get("package", {}).get("name") if isinstance(read.get("package"), dict) else None
        library = read.get("lib", {}).get("name") if isinstance(read.get("lib"), dict) else None
        names |= {each for each in (own, library) if isinstance(each, str)}
    return {name.replace("-", "_") for name in names}


def java_groups(files: Files, path: str) -> set[str]:
    """Give the groups of the artefacts that a Java build declares."""
    found: set[str] = set()
    for text in above(files, path, "pom.xml", "build.gradle", "build.gradle.kts", "gradle/libs.versions.toml"):
        found |= set(re.findall(r"<groupId>\s*([\w.-]+)\s*</groupId>", text))
        found |= set(re.findall(r"['\"]([\w-]+(?:\.[\w-]+)*):[\w.-]+(?::[^'\"]*)?['\"]", text))
        found |= set(re.findall(r"(?:group|module)\s*[:=]\s*['\"]([\w.-]+)", text))
    return found
