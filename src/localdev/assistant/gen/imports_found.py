"""Whether what new code imports is there: in this repository, in what it declares, or in the language's own library.

Everything is looked up in texts; nothing is ever imported or run to find out.
"""

from __future__ import annotations

import posixpath
import re
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from localdev.assistant.gen.declared import go_modules, java_groups, python_modules, rust_crates, sets_up
from localdev.assistant.gen.files import Files
from localdev.assistant.gen.imported import Import, imports_in
from localdev.assistant.gen.testing_script import dependencies, frameworks, manifest
from localdev.core.patch import Check, FileEdit
from localdev.source.languages import language_of
from localdev.source.parse import parse_file
from localdev.source.syntax.tree import read_syntax

# Node's own modules. Source: https://nodejs.org/api/ (the list of `module.builtinModules`, without underscored ones).
_NODE = frozenset(
    {
        "assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram",
        "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "inspector", "module", "net",
        "os", "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "sea", "sqlite", "stream",
        "string_decoder", "sys", "test", "timers", "tls", "trace_events", "tty", "url", "util", "v8", "vm", "wasi",
        "worker_threads", "zlib",
    }
)  # fmt: skip
_ENDINGS = (
    "", ".js", ".ts", ".tsx", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".d.ts", ".json",
    "/index.js", "/index.ts", "/index.tsx", "/index.mjs", "/index.cjs",
)  # fmt: skip
_JAVA_OWN = ("java.", "javax.", "jdk.", "org.w3c.dom", "org.xml.sax")
_RUST_OWN = frozenset({"std", "core", "alloc", "proc_macro", "test", "crate", "self", "super", "Self"})
# Files that are searched for an import like the one in question.
_MOST_SEARCHED = 400

Look = Callable[[Import, str, Files], str]


def imports_exist(edit: FileEdit, files: Files) -> Check:
    """Check that every import the new text has and the old one had not leads to something."""
    name = "imports exist"
    new = read_syntax(edit.path, edit.new or "")
    if new is None:
        return Check(name, False, f"{edit.path} cannot be read as code")
    old = read_syntax(edit.path, edit.old) if edit.old else None
    added = list(_added(imports_in(new), imports_in(old) if old else ()))
    look = _LOOKS.get(new.language)
    for each in added if look else ():
        problem = look(each, edit.path, files) if look else ""
        if problem:
            return Check(name, False, f"{edit.path}:{each.line}: {problem}")
    said = ", ".join(dict.fromkeys(each.said for each in added))
    return Check(name, True, said or "no new imports")


def _added(new: Iterable[Import], old: Iterable[Import]) -> Iterator[Import]:
    """Yield the imports that are new; of a list that has become longer, the new names."""
    known = {(each.module, name) for each in old for name in (each.names or ("",))}
    for each in new:
        names = tuple(name for name in each.names if (each.module, name) not in known)
        if names or (not each.names and (each.module, "") not in known):
            yield replace(each, names=names)


def _python(one: Import, path: str, files: Files) -> str:
    """Look for a Python module and the names taken from it."""
    module = _absolute(one.module, path)
    top = module.split(".")[0]
    if top == "__future__":
        return ""
    found = _python_file(module, path, files)
    if found is not None:
        text, package = found
        if one.names and text:
            return _missing_name(one, module, text, package, files)
        return ""
    if top in sys.stdlib_module_names:
        own = _library_text(module)
        if own is None and module != top:
            return f"the standard library has no module {module}"
        return _missing_name(one, module, own, "", files) if one.names and own else ""
    inside = _python_file(top, path, files)
    if inside is not None or (files.exists(top) and not files.exists(f"{top}.egg-info")):
        return f"there is no module {module} in this repository"
    if top in python_modules(files, path) or _used(rf"^\s*(?:import|from)\s+{re.escape(top)}\b", "python", path, files):
        return ""
    if top == "pytest" and (sets_up(files, path, top) or _used(r"^def test_", "python", path, files)):
        return ""
    return (
        f"{top} is neither in this repository nor declared by it, nor of the standard library: "
        "declare it first, in pyproject.toml or requirements.txt"
    )


def _absolute(module: str, path: str) -> str:
    """Give a relative import as the dotted path from the root."""
    dots = len(module) - len(module.lstrip("."))
    if not dots:
        return module
    folders = path.split("/")[:-1]
    base = folders[: len(folders) - (dots - 1)]
    return ".".join([*base, *filter(None, [module.lstrip(".")])])


def _python_file(module: str, path: str, files: Files) -> tuple[str, str] | None:
    """Give a module's text and its folder when it is a package; an empty text for a folder without `__init__.py`."""
    inner = module.replace(".", "/")
    folder = posixpath.dirname(path)
    for base in dict.fromkeys(("", "src", "lib", folder, "tests", "test")):
        place = f"{base}/{inner}".lstrip("/")
        for name, package in ((f"{place}.py", ""), (f"{place}/__init__.py", place), (f"{place}.pyi", "")):
            text = files.read(name)
            if text is not None:
                return text, package
        if files.exists(place) and any(each.startswith(f"{place}/") for each in files.paths):
            return "", place
    return None


@cache
def _library_text(module: str) -> str | None:
    """Read a module of the standard library; empty for one that is built in, None where there is none."""
    if module in sys.builtin_module_names:
        return ""
    base = Path(sysconfig.get_paths()["stdlib"], *module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path.read_text(encoding="utf-8", errors="replace")
    return "" if "." not in module else None


def _missing_name(one: Import, module: str, text: str, package: str, files: Files) -> str:
    """Name what a module does not have; one that makes names at run time may have any."""
    if re.search(r"^\s*from\s+\S+\s+import\s+\*|def __getattr__|globals\(\)|sys\.modules\[", text, re.MULTILINE):
        return ""
    for name in one.names:
        if name == "*" or (package and (files.exists(f"{package}/{name}.py") or files.exists(f"{package}/{name}"))):
            continue
        if not re.search(rf"\b{re.escape(name)}\b", text) or name not in _names(module, text):
            return f"{module} has no {name}"
    return ""


@cache
def _names(module: str, text: str) -> frozenset[str]:
    """Give the names that a Python text defines or imports anywhere but inside functions."""
    parsed = parse_file("module.py", text)
    names = {symbol.name for symbol in parsed.symbols if not symbol.parent}
    names |= {each.name.rpartition(".")[2] for each in parsed.references if each.kind == "import"}
    names |= set(re.findall(r"\bas\s+(\w+)", text))
    return frozenset(names | set(re.findall(r"^\s*(\w+)(?:\s*,\s*\w+)*\s*(?::[^=\n]+)?=[^=]", text, re.MULTILINE)))


def _used(pattern: str, language: str, path: str, files: Files) -> bool:
    """Say whether another file of the language imports the same already."""
    others = [each for each in files.paths if language_of(each) == language and each != path][:_MOST_SEARCHED]
    return any(re.search(pattern, files.read(each) or "", re.MULTILINE) for each in others)


def _script(one: Import, path: str, files: Files) -> str:
    """Look for a module of JavaScript or TypeScript, and for the names taken from one of this repository."""
    module = one.module
    if module.startswith("."):
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), module))
        tried = [place + ending for ending in _ENDINGS]  # what TypeScript is compiled to may lie beside it
        tried += [re.sub(r"\.([cm]?)js$", rf".\1ts{x}", place) for x in ("", "x")] if place.endswith("js") else []
        found = [each for each in tried if files.read(each) is not None]
        if not found:
            return "" if files.exists(place) else f"there is no file {module} beside {path}"
        text = "\n".join(files.read(each) or "" for each in found)
        lost = [name for name in one.names if name and not re.search(rf"\b{re.escape(name)}\b", text)]
        return f"{found[0]} has no {lost[0]}" if lost and "export *" not in text else ""
    name = "/".join(module.split("/")[: 2 if module.startswith("@") else 1])
    package = manifest(files, path)
    if module.startswith("node:") or name in _NODE or name in dependencies(package) or package.get("name") == name:
        return (
            ""
            if module.removeprefix("node:").split("/")[0] in _NODE or not module.startswith("node:")
            else f"Node has no {module}"
        )
    if files.exists(f"node_modules/{name}") or name in dependencies(manifest(files, "package.json")):
        return ""
    quoted = rf"['\"]{re.escape(module)}['\"]"
    if any(_used(quoted, language, path, files) for language in ("javascript", "typescript", "tsx")):
        return ""
    if ("jest" if name == "@jest/globals" else name) in frameworks(files, path):
        return ""
    return f"{name} is neither declared in package.json nor Node's own: declare it there first"


def _go(one: Import, path: str, files: Files) -> str:
    """Look for a Go package."""
    own, folder, required = go_modules(files, path)
    if own and (one.module == own or one.module.startswith(f"{own}/")):
        place = f"{folder}/{one.module[len(own) :].strip('/')}".strip("/")
        inside = any(each.endswith(".go") and posixpath.dirname(each) == place for each in files.paths)
        return "" if inside else f"there is no package {one.module} in this module"
    if any(one.module == each or one.module.startswith(f"{each}/") for each in required):
        return ""
    if "." not in one.module.split("/")[0]:
        return "" if one.module in _go_library() else f"Go's library has no package {one.module}"
    known = _used(rf"\"{re.escape(one.module)}\"", "go", path, files)
    return "" if known else f"{one.module} is not required in go.mod: add it there first"


@cache
def _go_library() -> frozenset[str]:
    """Give the packages of Go's library. Source: https://pkg.go.dev/std (Go 1.23), without internal ones."""
    from localdev.assistant.gen.go_library import PACKAGES

    return PACKAGES


def _rust(one: Import, path: str, files: Files) -> str:
    """Look for a crate, and for modules and names of this one."""
    parts = one.module.split("::")
    first = parts[0]
    if first in ("crate", "super", "self"):
        wanted = [*parts[1:], *one.names]
        own = posixpath.dirname(path)
        texts = [files.read(each) or "" for each in files.paths if each.endswith(".rs") and _same_crate(each, own)]
        for name in wanted:
            if name not in ("super", "self", "crate") and not any(
                re.search(rf"\b{re.escape(name)}\b", each) for each in texts
            ):
                return f"nothing in this crate is called {name}"
        return ""
    text = files.read(path) or ""
    local = re.search(rf"\b(?:mod|enum|struct|trait|type|use)\b[^;{{]*\b{re.escape(first)}\b", text)
    if first in _RUST_OWN or first in rust_crates(files, path) or local:
        return ""
    return (
        ""
        if _used(rf"\buse\s+{re.escape(first)}\b", "rust", path, files)
        else f"{first} is no crate of Cargo.toml: add it there first"
    )


def _same_crate(path: str, folder: str) -> bool:
    """Say whether a file may be of the same crate as one in a folder."""
    return path.split("/src/")[0] == f"{folder}/".split("/src/")[0] or path.startswith(folder.split("/")[0])


def _java(one: Import, path: str, files: Files) -> str:
    """Look for a class: in this repository by its path, else by its package in the build or in other files."""
    plain = one.module.removesuffix(".*")
    if plain.startswith(_JAVA_OWN):
        return ""
    inner = plain.replace(".", "/")
    shorter = inner.rpartition("/")[0]
    here = (f"{inner}.java", f"{inner}.kt", f"{shorter}.java", f"{inner}/")
    for each in files.paths:
        if any(f"/{tail}" in f"/{each}" if tail.endswith("/") else f"/{each}".endswith(f"/{tail}") for tail in here):
            return ""
    package = ".".join(part for part in plain.split(".") if not part[:1].isupper())
    if any(
        package == group or package.startswith(f"{group}.") or group.startswith(f"{package}.")
        for group in java_groups(files, path)
    ):
        own = any(f"/{package.replace('.', '/')}/" in f"/{each}" for each in files.paths)
        return f"{package} has no {plain.rpartition('.')[2]}" if own else ""
    groups = {"org.junit.jupiter": "junit-jupiter", "org.junit": "junit:junit"}
    if package in groups or _used(rf"^import\s+(?:static\s+)?{re.escape(package)}\.", "java", path, files):
        return ""
    return f"{plain} is neither in this repository nor of a declared artefact: add it to the build file first"


def _relative(one: Import, path: str, files: Files) -> str:
    """Look for a Ruby file that is required by its place."""
    if not one.module.startswith("."):
        return ""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(path), one.module))
    return (
        "" if files.read(f"{place}.rb") is not None or files.read(place) is not None else f"there is no file {place}.rb"
    )


def _included(one: Import, path: str, files: Files) -> str:
    """Look for a header of this repository."""
    return (
        ""
        if any(f"/{each}".endswith(f"/{one.module.lstrip('./')}") for each in files.paths)
        else f"there is no {one.module}"
    )


_LOOKS: dict[str, Look] = {
    "python": _python,
    "javascript": _script,
    "typescript": _script,
    "tsx": _script,
    "go": _go,
    "rust": _rust,
    "java": _java,
    "ruby": _relative,
    "c": _included,
    "cpp": _included,
}
