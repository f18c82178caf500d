"""Examines this installation: one function per check, each with the command that fixes what it finds."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.app.hints import example
from localdev.config.loader import Loaded
from localdev.config.settings import Settings
from localdev.core.errors import LocaldevError, TimedOut
from localdev.core.folders import Folders
from localdev.core.sizes import counted, sized

if TYPE_CHECKING:
    from localdev.index.places import Place

_CHILD_SECONDS = 60
_STORE_SECONDS = 3.0
# Less does not take the change of one file: its words, and what SQLite writes ahead of them.
_LEAST_ROOM = 1_000_000
_WORTH_SAYING = 1_000_000  # bytes
_ENGINE_PARTS = {"cuda": "CUDA", "metal": "Metal", "vulkan": "Vulkan", "hip": "ROCm", "sycl": "SYCL"}


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check; a failed one that is `optional` leaves everything else working."""

    name: str
    ok: bool
    detail: str
    hint: str = ""
    optional: bool = False


def examine(folders: Folders, root: Path, loaded: Loaded) -> Iterator[Check]:
    """Run every check, one at a time; a check that fails never stops the next."""
    for name, run in _checks(folders, root, loaded).items():
        try:
            yield run()
        except LocaldevError as error:
            yield Check(name, False, str(error), error.hint)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a check is what it has found
            yield Check(name, False, f"{type(error).__name__}: {error}", "install localdev again")


def _checks(folders: Folders, root: Path, loaded: Loaded) -> dict[str, Callable[[], Check]]:
    """Give the checks by name, in order; one that cannot end well may raise."""
    return {
        "python": _python,
        "git": lambda: _git(root),
        "sqlite": _sqlite,
        "grammars": _grammars,
        "embedder": lambda: _embedder(folders, loaded.settings),
        "chromadb": _chromadb,
        "store": lambda: _store(loaded.settings),
        "settings": lambda: _settings(loaded),
        "folders": lambda: _folders(folders),
        "room": lambda: check_room(folders),
        "index": lambda: _index(folders, root),
        "llama": _llama,
        "models": lambda: check_models(folders, loaded.settings),
        "fit": lambda: _fit(folders, loaded.settings),
        "ollama": lambda: _ollama(loaded.settings),
        "openai": lambda: _openai(loaded.settings),
    }


def _python() -> Check:
    """The interpreter is new enough by the package's own rule; say which it is."""
    return Check("python", True, f"{sys.version.split()[0]} at {sys.executable}")


def _git(root: Path) -> Check:
    """Git is needed for its own ignore rules and for changes; without it files are walked."""
    from localdev.source.git import branch, head
    from localdev.source.walk import is_work_tree

    path = shutil.which("git")
    if path is None:
        return Check("git", False, "not found on PATH", "install git; without it every folder is walked", optional=True)
    said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=_CHILD_SECONDS)
    if said.returncode:
        return Check("git", False, said.stderr.strip(), "install git again", True)
    here = ""
    if is_work_tree(root):
        here = f"; here {branch(root) or 'no branch'} at {(head(root) or 'no commit yet')[:12]}"
    return Check("git", True, said.stdout.strip() + here)


def _sqlite() -> Check:
    """The index needs SQLite with full-text search."""
    try:
        database = sqlite3.connect(":memory:")
        database.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
        database.close()
    except sqlite3.Error as error:
        return Check("sqlite", False, f"{sqlite3.sqlite_version}: {error}", "use a Python whose SQLite has FTS5")
    return Check("sqlite", True, f"{sqlite3.sqlite_version} with FTS5")


def _grammars() -> Check:
    """Every grammar that ships loads, with its queries."""
    from localdev.source.languages import languages
    from localdev.source.parse_grammar import grammar

    broken, loaded = [], 0
    for name, language in languages().items():
        if not language.grammar:
            continue
        try:
            loaded += grammar(name) is not None
        except Exception as error:  # noqa: BLE001 - whatever a grammar's binary raises is the finding
            broken.append(f"{name} ({type(error).__name__})")
    if broken:
        return Check(
            "grammars", False, f"do not load: {', '.join(broken)}", "install localdev again from where it came"
        )
    return Check("grammars", True, f"{loaded} load")


def _embedder(folders: Folders, settings: Settings) -> Check:
    """The configured embedder loads and gives a vector of the length it says."""
    from localdev.app.embedders import STATIC, open_embedder

    embedder = open_embedder(settings, folders)
    embedder.embed(["def probe(): ..."])
    where = "inside the package" if settings.search.embedder == STATIC else settings.search.embedder
    return Check("embedder", True, f"{embedder.name}, {where}")


def _chromadb() -> Check:
    """The vector store imports, tried in a process of its own because it takes a second and loads native code."""
    said = subprocess.run(
        # -P: or Python looks in the current folder first, which may be a cloned repository's.
        [sys.executable, "-P", "-c", "import chromadb"],
        capture_output=True,
        text=True,
        timeout=_CHILD_SECONDS,
    )
    if said.returncode != 0:
        last = (said.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        return Check(
            "chromadb", False, f"does not import: {last}", f"{sys.executable} -m pip install --force-reinstall chromadb"
        )
    return Check("chromadb", True, metadata.version("chromadb"))


def _store(settings: Settings) -> Check:
    """Vectors can be brought where the settings want them; while a server with a fallback is away, they can wait."""
    from localdev.app.anywhere import STORE_TOKEN
    from localdev.index.places import checked_place

    place = checked_place(settings.index.store, token=os.environ.get(STORE_TOKEN, ""))
    if not place.url:
        return Check("store", True, "embedded: vectors are kept beside the index")
    waits = settings.index.fallback == "embedded"
    found: list[Check | Exception] = []

    def ask() -> None:
        try:
            found.append(_answers(place, waits=waits))
        except Exception as error:  # noqa: BLE001 - it belongs to the thread that waits
            found.append(error)

    # A server that takes a connection and says nothing has two minutes to answer; here nobody waits for that.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_STORE_SECONDS)
    for outcome in found:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
    hint = "start it again, or `localdev config set index.store embedded`"
    return Check("store", False, f"the Chroma server at {place.url} says nothing", hint, waits)


def _answers(place: Place, *, waits: bool) -> Check:
    """Ask a server for its collections, which it tells nobody without the token that it wants."""
    from localdev.index.server import ServerVectors, StoreAway

    try:
        server = ServerVectors(place.url, "", token=place.token, create=None)
        server.collections("")
        server.close()
    except StoreAway as away:
        return Check("store", False, str(away), away.hint, waits)
    return Check("store", True, f"the Chroma server at {place.url} answers")


def _settings(loaded: Loaded) -> Check:
    """No setting is wrong; a wrong one stops every command but those that help to mend it."""
    for problem in loaded.problems:
        return Check("settings", False, str(problem), problem.hint)
    changed = sum(origin.kind != "default" for origin in loaded.origins.values())
    return Check("settings", True, f"{changed} of {len(loaded.origins)} differ from their defaults")


def _folders(folders: Folders) -> Check:
    """Our folders, or the nearest ones above that exist, can be written. Nothing is created to find out."""
    refused = [str(path) for path in (folders.config, folders.data, folders.state) if not writable(path)]
    hint = "make them writable, or set LOCALDEV_HOME to a folder that is"
    detail = f"cannot write {', '.join(refused)}" if refused else f"{folders.data} can be written"
    return Check("folders", not refused, detail, hint if refused else "")


def _existing(path: Path) -> Path:
    """Give a path, or the nearest one above it that exists."""
    return next((place for place in (path, *path.parents) if place.exists()), path)


def writable(path: Path) -> bool:
    """Say whether a folder can be written or made."""
    existing = _existing(path)
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def check_room(folders: Folders) -> Check:
    """The disk of the data folder has room for changes; say what half-stored models take of it."""
    from localdev.models.store import ModelStore

    free = shutil.disk_usage(_existing(folders.data)).free
    detail = f"{sized(free)} free for {folders.data}"
    swept, kept = ModelStore(folders.models).leftovers()
    if swept >= _WORTH_SAYING:
        detail += f"; {sized(swept)} are left of a model that was being stored, the next `localdev models add` "
        detail += "removes them"
    if kept >= _WORTH_SAYING:
        detail += f"; {sized(kept)} are of unfinished `localdev models pull`, removed when it is done or after "
        detail += "two weeks"
    return Check("room", free >= _LEAST_ROOM, detail, "free some disk space: nothing new can be stored there")


def _index(folders: Folders, root: Path) -> Check:
    """This repository is indexed; the first question does it otherwise."""
    from localdev.app.stored import index_status

    found = index_status(folders, root)
    if found["state"] != "ready":
        return Check("index", False, f"{root}: {found['state']}", "`localdev index`, or just ask", optional=True)
    return Check("index", True, f"{counted(found['files'], 'file')}, {counted(found['chunks'], 'chunk')} of {root}")


def _llama() -> Check:
    """The embedded engine is installed; say what it was built for."""
    if util.find_spec("llama_cpp") is None:
        return Check("llama", False, "the embedded engine is not installed", "`localdev setup llama`", optional=True)
    from localdev.backends.llamacpp.native import load_library

    folder = Path(load_library().__file__).parent
    return Check(
        "llama", True, f"llama-cpp-python {metadata.version('llama-cpp-python')}, built for {built_for(folder)}"
    )


def built_for(package: Path) -> str:
    """Say what an installed engine can use besides the processor, by the native libraries it brought."""
    names = " ".join(path.name.lower() for path in package.rglob("*ggml*"))
    found = [label for part, label in _ENGINE_PARTS.items() if part in names]
    return " and ".join([*found, "CPU"])


def check_models(folders: Folders, settings: Settings) -> Check:
    """At least one model to answer with was added, all are as they were then, and the configured ones may be opened.

    Raises:
        NotFound, ModelError: one of them is not.
    """
    from localdev.app.engines import jobs_with_models, models_for
    from localdev.app.vetted import vetted_model
    from localdev.backends.registry import kind_of
    from localdev.config.display import shown
    from localdev.models.passport import embeds
    from localdev.models.store import ModelStore

    store = ModelStore(folders.models)
    whole = [each for each in (*store.list(), *store.list("adapter")) if store.checked_file(each)]
    names = [each.name for each in whole if each.kind == "model" and not embeds(each.architecture)]
    for model in dict.fromkeys(model for job in jobs_with_models() for model in models_for(settings, job)):
        if kind_of(model) in ("", "gguf"):
            vetted_model(model, settings, folders)
    if strays := store.strays():
        said = f"{counted(len(strays), 'file')} in the store without a passport: {strays[0]}"
        hint = f"`localdev models add {shlex.quote(str(strays[0]))} --name NAME` takes it over, or delete it"
        return Check("models", False, said, hint, optional=True)
    if not names and not models_for(settings, "ask"):
        return Check("models", False, f"none added; {example()}", "`localdev models add FILE.gguf`", optional=True)
    chosen = ", ".join(shown(models_for(settings, "ask")))
    return Check("models", True, (", ".join(names) or "none added") + (f"; configured: {chosen}" if chosen else ""))


def _fit(folders: Folders, settings: Settings) -> Check:
    """Stored models fit into this machine's memory, and the configured ones can do what they are set for."""
    from localdev.app.fitness import misfits
    from localdev.core.machine import memory_bytes

    memory = memory_bytes()
    found = list(misfits(folders, settings, memory))
    if found:
        return Check("fit", False, "; ".join(each.what for each in found), found[0].hint, optional=True)
    room = f"{sized(memory)} of memory" if memory else "memory not known"
    return Check("fit", True, f"{room}; no model is too large for it, or set for a job that it cannot do")


def _unanswered(kind: str, error: LocaldevError) -> Check:
    """Give the line of a server that does not answer; how long it was waited for is this check's own."""
    hint = "see whether the server is busy, or stuck" if isinstance(error, TimedOut) else error.hint
    return Check(kind, False, str(error), hint, optional=True)


def _ollama(settings: Settings) -> Check:
    """An Ollama answers where the settings say; it is needed for models of that kind alone."""
    from localdev.app.nearby import look_for_ollama

    try:
        found = look_for_ollama(settings)
    except LocaldevError as error:
        return _unanswered("ollama", error)
    if not found.asked:
        return Check("ollama", True, f"{found.url} is beyond this machine and was not asked")
    return Check("ollama", True, f"{found.version} at {found.url}, {counted(len(found.models), 'model')}")


def _openai(settings: Settings) -> Check:
    """An OpenAI-compatible server answers where the settings say; it is needed for models of that kind alone."""
    from localdev.app.nearby import look_for_openai

    try:
        found = look_for_openai(settings)
    except LocaldevError as error:
        return _unanswered("openai", error)
    if not found.asked:
        return Check("openai", True, f"{found.url} is beyond this machine and was not asked")
    count = counted(len(found.models), "model")
    return Check("openai", True, f"{count} at {found.url}: {', '.join(found.models[:3])}")
