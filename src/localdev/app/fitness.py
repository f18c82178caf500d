"""Whether models fit this machine and the jobs they are set for, as far as their files say; no engine is opened."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.app.hints import example
from localdev.core.errors import LocaldevError
from localdev.core.folders import Folders
from localdev.core.sizes import sized

if TYPE_CHECKING:
    from localdev.config.settings import Settings
    from localdev.models.gguf import GgufHeader

# The windows to propose instead of one that takes too much.
_WINDOWS = (65_536, 32_768, 16_384, 8192, 4096, 2048)


@dataclass(frozen=True, slots=True)
class Misfit:
    """A model that does not fit: what is wrong in one line, and what to do in another."""

    what: str
    hint: str


def misfits(folders: Folders, settings: Settings, memory: int) -> Iterator[Misfit]:
    """List the models that need more than `memory` bytes (0: not known) or cannot do what they are set for.

    A model that is gone or damaged is passed over here: whoever opens it says so.
    """
    yield from _too_large(folders, settings, memory)
    yield from _for_another_job(folders, settings)


def _too_large(folders: Folders, settings: Settings, memory: int) -> Iterator[Misfit]:
    """List the stored models that this machine has no memory for, at the window that the settings give them."""
    from localdev.models.gguf import read_model
    from localdev.models.memory import memory_need
    from localdev.models.passport import embeds
    from localdev.models.store import ModelStore

    for passport in ModelStore(folders.models).list():
        if not memory or embeds(passport.architecture):
            continue
        try:
            header = read_model(passport.file).header
        except LocaldevError:
            continue
        kv_type = settings.llama.kv_type
        window = min(settings.llama.context, header.context_length or settings.llama.context)
        need = memory_need(header, window, kv_type).total
        if need <= memory:
            continue
        smaller = (each for each in _WINDOWS if each < window and memory_need(header, each, kv_type).total <= memory)
        fits = next(smaller, 0)
        yield Misfit(
            f"{passport.name} takes {sized(need)} with a window of {window} tokens, more than the {sized(memory)} here",
            f"`localdev config set llama.context {fits}`" if fits else f"take a smaller one: {example()}",
        )


def _for_another_job(folders: Folders, settings: Settings) -> Iterator[Misfit]:
    """List the configured models that cannot do their job: no tokens to fill in with, or made for search."""
    from localdev.app.engines import jobs_with_models
    from localdev.config.display import shown
    from localdev.models.passport import embeds

    named = {"model": (settings.model,)} | {
        f"models.{job}": getattr(settings.models, job) for job in jobs_with_models()
    }
    for key, models in named.items():
        for model in filter(None, models):
            header, path = _header_of(model, folders)
            if header is None:
                continue
            if embeds(header.architecture):
                yield Misfit(
                    f"{key} names {shown(model)}, an embedding model ({header.architecture}), which answers nothing",
                    f"`localdev config set {key} NAME` with another; `localdev models list` shows those that are here",
                )
            elif key == "models.complete" and _cannot_fill_in(header, path):
                yield Misfit(
                    f"{key} names {shown(model)}, whose vocabulary has no tokens to fill in the middle with",
                    f"take one that has: {example('complete')}",
                )


def _cannot_fill_in(header: GgufHeader, path: Path) -> bool:
    """Say whether a model surely has no tokens to fill in with; of one that is gone by now nothing is said."""
    try:
        return not fills_in(header, path)
    except OSError:
        return False


def _header_of(model: str, folders: Folders) -> tuple[GgufHeader | None, Path]:
    """Read the header of a model by its name in the store or its path; None for servers' and for what is not there."""
    from localdev.app.vetted import is_path
    from localdev.backends.registry import kind_of
    from localdev.core.folders import expanded
    from localdev.models.gguf import read_model
    from localdev.models.store import ModelStore

    if kind_of(model) not in ("", "gguf"):
        return None, Path()
    try:
        path = expanded(Path(model)) if is_path(model) else ModelStore(folders.models).find(model).file
        found = read_model(path)
    except LocaldevError:
        return None, Path()
    return found.header, found.parts[0]


def fills_in(header: GgufHeader, path: Path) -> bool:
    """Say whether a model has tokens for prefix, suffix and middle: declared, or in its vocabulary by their names.

    llama.cpp finds them by their names too. The names are those of the catalogue's models.

    Raises:
        OSError: the file cannot be read.
    """
    from localdev.models.catalogue import load_catalogue

    if len(header.fim_tokens) == 3:
        return True
    plain = {model.fim for model in load_catalogue().models if len(model.fim) == 3}
    # SentencePiece writes a word's beginning so, and Code Llama's tokens begin one.
    known = plain | {tuple(f"▁{token}" for token in tokens) for tokens in plain}
    with path.open("rb") as file:
        head = file.read(header.data_offset)
    return any(all(_entry(token) in head for token in tokens) for tokens in known)


def _entry(token: str) -> bytes:
    """Give a token as a vocabulary in GGUF form holds it: its length, then its bytes."""
    data = token.encode()
    return struct.pack("<Q", len(data)) + data
