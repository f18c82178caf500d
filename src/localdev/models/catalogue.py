"""The catalogue of good open models for code: facts that ship with the program, each with the page it stands on.

It names things to people. Nothing in it is ever fetched by the program itself: `localdev models pull` alone speaks to a
hub, and does so with what somebody typed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache
from importlib.resources import files as package_files
from typing import Any, Literal, get_args

from localdev.core.errors import ModelError

SCHEMA_VERSION = 1
FILE = "catalogue.json"
Commercial = Literal["yes", "no", "conditions"]
JOBS = ("ask", "chat", "review", "commit", "gen", "complete", "search")
# What the judgement of the catalogue is, and not a fact of a page.
_OWN = frozenset({"name", "title", "family", "maker", "jobs", "recommended", "note", "only_on", "sources"})
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_DATE = re.compile(r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_HINT = "the installation is damaged: install localdev again"


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """A GGUF file of a model: `bytes` as exactly as its page says, 0 where none does; `file` is its name on the hub."""

    quantisation: str
    file: str = ""
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class CatalogueSource:
    """A page, and the fields that stand on it."""

    fields: tuple[str, ...]
    at: str


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """One model. Empty texts and `None` mean that nothing is known of it.

    `parameters` and `active` count weights, `context` tokens. `layers` keep `kv_heads` keys of `head` numbers (and
    values of `head_v`) for every token. `released` is a month.
    """

    name: str
    title: str
    family: str
    maker: str
    parameters: int
    context: int
    layers: int
    kv_heads: int
    head: int
    licence: str
    commercial: Commercial
    jobs: tuple[str, ...]
    hub: str
    files: tuple[CatalogueFile, ...]
    sources: tuple[CatalogueSource, ...]
    active: int = 0
    architecture: str = ""
    head_v: int = 0
    licence_link: str = ""
    fim: tuple[str, ...] = ()
    tools: bool | None = None
    recommended: tuple[str, ...] = ()
    only_on: str = ""
    ollama: str = ""
    released: str = ""
    note: str = ""

    def pull(self) -> str:
        """Give what `localdev models pull` takes: the file this catalogue would choose, else the repository.

        Of a model that runs on an Ollama alone it is the name there.
        """
        if self.only_on == "ollama":
            return f"ollama:{self.ollama}"
        chosen = self.chosen()
        return f"hf:{self.hub}/{chosen.file}" if chosen.file else f"hf:{self.hub}"

    def chosen(self) -> CatalogueFile:
        """Give the file to name: that in Q4_K_M if its name is known, else the first whose name is known, else any."""
        named = [file for file in self.files if file.file]
        return next((file for file in named if file.quantisation == "Q4_K_M"), (named or list(self.files))[0])


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it: the day its pages were read, what its fields mean, and the models."""

    read: str
    about: tuple[str, ...]
    models: tuple[CatalogueModel, ...]

    def find(self, name: str) -> CatalogueModel | None:
        """Give the model of that name, None when there is none."""
        return next((model for model in self.models if model.name == name), None)


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """Read the catalogue that ships with the program; less than 2 ms.

    Raises:
        ModelError: it is missing or damaged.
    """
    try:
        text = (package_files("localdev.models") / FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"cannot read the catalogue of models: {error}", _HINT) from error
    return read_catalogue(text)


def read_catalogue(text: str) -> Catalogue:
    """Read and check a catalogue: types are strict, unknown keys are errors, and every fact needs its page.

    Raises:
        ModelError: something in it is wrong; the message names the model and the field.
    """
    try:
        entry = json.loads(text)
    except ValueError as error:
        raise _fault("the file", f"is not JSON: {error}") from error
    if not isinstance(entry, dict) or set(entry) != {"schema_version", "read", "about", "models"}:
        raise _fault("the file", "must hold schema_version, read, about and models")
    if entry["schema_version"] != SCHEMA_VERSION:
        raise _fault("the file", f"is not of version {SCHEMA_VERSION}")
    if not _is_text(entry["read"]) or not _DATE.fullmatch(entry["read"]):
        raise _fault("the file", "says no day on which its pages were read")
    if not _texts(entry["about"]) or not isinstance(entry["models"], list):
        raise _fault("the file", "must hold texts in about and a list of models")
    models = tuple(_model(each) for each in entry["models"])
    names = [model.name for model in models]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise _fault(sorted(doubled)[0], "is there twice")
    return Catalogue(entry["read"], tuple(entry["about"]), models)


def _fault(where: str, what: str) -> ModelError:
    """Make the error for something wrong in the catalogue."""
    return ModelError(f"catalogue of models: {where} {what}", _HINT)


def _model(entry: object) -> CatalogueModel:
    """Check one model."""
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(name, str) or not name:
        raise _fault("a model", "has no name")
    known = {field.name: field for field in fields(CatalogueModel)}
    if unknown := sorted(set(entry) - set(known)):
        raise _fault(name, f"has the unknown field {unknown[0]}")
    needed = {key for key, field in known.items() if field.default is MISSING}
    if missing := sorted(needed - set(entry)):
        raise _fault(name, f"lacks {missing[0]}")
    values: dict[str, Any] = {key: _value(name, key, str(known[key].type), value) for key, value in entry.items()}
    values["files"] = tuple(_file(name, each) for each in entry["files"])
    values["sources"] = tuple(_source(name, each) for each in entry["sources"])
    model = CatalogueModel(**values)
    _check(model, set(entry))
    return model


def _value(name: str, key: str, kind: str, value: object) -> object:
    """Check the type of one field, by its annotation; lists become tuples."""
    if kind.startswith("tuple["):
        if not isinstance(value, list) or (kind == "tuple[str, ...]" and not _texts(value)):
            raise _fault(name, f"has no list of texts in {key}" if "str" in kind else f"has no list in {key}")
        return tuple(value)
    good: dict[str, Callable[[object], bool]] = {"str": _is_text, "int": _is_count, "bool | None": _is_yes_or_no}
    if kind == "Commercial":
        if value not in get_args(Commercial):
            raise _fault(
                name, f"may be used commercially: {value!r}, which is none of {', '.join(get_args(Commercial))}"
            )
    elif not good[kind](value):
        raise _fault(name, f"has the wrong type in {key}: {value!r}")
    return value


def _is_text(value: object) -> bool:
    """Say whether it is a text that holds something and prints on one line."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _is_count(value: object) -> bool:
    """Say whether it is a whole number above 0."""
    return type(value) is int and value > 0


def _is_yes_or_no(value: object) -> bool:
    """Say whether it is true or false."""
    return isinstance(value, bool)


def _texts(value: object) -> bool:
    """Say whether it is a list of texts, with something in it."""
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _file(name: str, entry: object) -> CatalogueFile:
    """Check one file of a model."""
    if not isinstance(entry, dict) or not {"quantisation"} <= set(entry) <= {"quantisation", "file", "bytes"}:
        raise _fault(name, f"has a file that is none: {entry!r}")
    good: dict[str, Callable[[object], bool]] = {"quantisation": _is_text, "file": _is_text, "bytes": _is_count}
    for key, value in entry.items():
        if not good[key](value):
            raise _fault(name, f"has the wrong type in files.{key}: {value!r}")
    return CatalogueFile(**entry)


def _source(name: str, entry: object) -> CatalogueSource:
    """Check one source of a model."""
    if not isinstance(entry, dict) or set(entry) != {"fields", "at"} or not _texts(entry["fields"]):
        raise _fault(name, f"has a source that is none: {entry!r}")
    if not _is_text(entry["at"]) or not entry["at"].startswith("https://") or " " in entry["at"]:
        raise _fault(name, f"has a source without the address of a page: {entry['at']!r}")
    return CatalogueSource(tuple(entry["fields"]), entry["at"])


def _check(model: CatalogueModel, given: set[str]) -> None:
    """Check what fields say of each other, and that each fact has a source."""
    named = {field for source in model.sources for field in source.fields}
    if unsourced := sorted(given - _OWN - named):
        raise _fault(model.name, f"says {unsourced[0]} without a source")
    if absent := sorted(named - given):
        raise _fault(model.name, f"has a source for {absent[0]}, which it does not say")
    if wrong := [job for job in (*model.jobs, *model.recommended) if job not in JOBS]:
        raise _fault(model.name, f"does the unknown job {wrong[0]}")
    if not model.jobs or not set(model.recommended) <= set(model.jobs):
        raise _fault(model.name, "is recommended for what it does not do, or does nothing")
    if "complete" in model.jobs and len(model.fim) != 3:
        raise _fault(model.name, "completes without tokens for prefix, suffix and middle")
    if not model.files or not _REPOSITORY.fullmatch(model.hub):
        raise _fault(model.name, "has no files, or no repository as OWNER/NAME")
    if model.active > model.parameters:
        raise _fault(model.name, "uses more weights than it has")
    if model.released and not _MONTH.fullmatch(model.released):
        raise _fault(model.name, f"was released in no month: {model.released!r}")
