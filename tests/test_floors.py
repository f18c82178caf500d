"""The shape of the house: who may import whom, which room holds which heavy library, and how large things may grow."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "localdev"

FLOORS: dict[str, int] = {
    "core": 0,
    "config": 1,
    "source": 1,
    "models": 1,
    "backends": 1,
    "privacy": 1,
    "audit": 1,
    "prompting": 1,
    "render": 1,
    "index": 2,
    "sessions": 2,
    "retrieval": 3,
    "rules": 3,
    "assistant": 4,
    "app": 5,
    "service": 6,
    "tui": 6,
    "cli": 7,
}
HEAVY: dict[str, set[str]] = {
    "tree_sitter": {"source"},
    "git": {"source"},
    "pathspec": {"source"},
    "chromadb": {"index"},
    "watchfiles": {"app"},
    "llama_cpp": {"backends"},
    "ollama": {"backends"},
    "tokenizers": {"backends"},
    "model2vec": {"backends"},
    "sentence_transformers": {"backends"},
    "torch": set(),
    "jinja2": {"core", "prompting", "backends", "models"},
    "platformdirs": {"core"},
    "tomlkit": {"config"},
    "typer": {"cli"},
    "rich": {"cli", "tui"},
    "textual": {"tui"},
    "starlette": {"gateway"},
    "uvicorn": {"gateway"},
    "mcp": {"mcp"},
    "pygls": {"lsp"},
    "detect_secrets": {"privacy"},
    "openai": set(),
    "transformers": set(),
    "httpx": {"backends", "models"},
    "requests": set(),
    "huggingface_hub": set(),
}
LONGEST_FILE = 500
LONGEST_FUNCTION = 50
MOST_PARAMETERS = 6


def modules() -> list[Path]:
    """List the package's Python files."""
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """Name the room a file belongs to; files beside the rooms belong to none."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Give (line, dotted name) of every import in a file, lazy ones and those for types included."""
    package = ("localdev", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, node.module or "")).strip(".")
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module":
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield node.lineno, first.value


def breaches(room: str, path: Path) -> list[str]:
    """List the imports of one file that its floor does not allow."""
    found = []
    for line, name in imports(path):
        top, _, rest = name.partition(".")
        target = rest.split(".")[0]
        if top == "localdev" and target in FLOORS and target != room and FLOORS[target] >= FLOORS[room]:
            found.append(f"{path.name}:{line} imports {target} (floor {FLOORS[target]} from {FLOORS[room]})")
        if top in HEAVY and room not in HEAVY[top]:
            found.append(f"{path.name}:{line} imports {top}, which lives in {sorted(HEAVY[top]) or 'no room'}")
    return found


def test_every_room_has_a_floor() -> None:
    """A new folder must be entered in the table."""
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert rooms == set(FLOORS)


@pytest.mark.parametrize("room", sorted(FLOORS))
def test_rooms_import_from_lower_floors_only(room: str) -> None:
    """A room imports strictly lower rooms, and heavy libraries stay in their rooms."""
    found = [breach for path in modules() if room_of(path) == room for breach in breaches(room, path)]
    assert found == []


def test_a_breach_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself sees upward, sideways and heavy imports, also inside functions."""
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    (tmp_path / "source").mkdir()
    bad = tmp_path / "source" / "bad.py"
    lines = ("from localdev.index import store", "import localdev.models.gguf", "import chromadb")
    bad.write_text("def f():\n" + "".join(f"    {line}\n" for line in lines))
    assert len(breaches("source", bad)) == 3


def test_sizes_stay_liveable() -> None:
    """Files, functions and parameter lists stay within the house's limits."""
    found = []
    for path in modules():
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > LONGEST_FILE:
            found.append(f"{path.name}: {text.count(chr(10))} lines")
        found.extend(_too_large(path, ast.parse(text)))
    assert found == []


def _too_large(path: Path, tree: ast.Module) -> Iterator[str]:
    """Name functions that are too long or take too much."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        names = [a.arg for a in itertools.chain(node.args.posonlyargs, node.args.args, node.args.kwonlyargs)]
        count = len([name for name in names if name not in ("self", "cls")])
        # A Typer command's parameters are its options: they are the interface itself.
        command = room_of(path) == "cli" and bool(node.decorator_list)
        if length > LONGEST_FUNCTION + (len(names) if command else 0):
            yield f"{path.name}:{node.lineno} {node.name} has {length} lines"
        if count > MOST_PARAMETERS and not command:
            yield f"{path.name}:{node.lineno} {node.name} takes {count} parameters"


def test_no_module_is_called_utils() -> None:
    """A name that says nothing collects everything."""
    assert [path for path in modules() if path.stem in {"utils", "util", "helpers", "misc", "common"}] == []


def test_importing_the_package_is_cheap() -> None:
    """Importing every light module loads no heavy library."""
    import subprocess
    import sys

    code = (
        "import sys, localdev.core.ports, localdev.core.events, localdev.cli.main\n"
        f"heavy = {sorted(HEAVY)!r}\n"
        "loaded = [name for name in heavy + ['numpy', 'sqlite3', 'asyncio'] if name in sys.modules]\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_test_says_what_it_proves() -> None:
    """Every test function and class has a docstring."""
    silent = []
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node):
                silent.append(f"{path.name}:{node.lineno} {node.name}")
    assert silent == []
