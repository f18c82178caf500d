"""Finds out what a server is and what it can do, by a few requests that cost it nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from localdev.backends.openai_api.calls import Answer, call, checked
from localdev.backends.openai_api.connection import Channel
from localdev.backends.openai_api.dialects import DIALECTS, Dialect
from localdev.backends.options import LOOK_HINT
from localdev.backends.said import some_of
from localdev.core.errors import BackendError, NotFound, TimedOut

_STRUCTURED = (0, 11)  # the version of vLLM with the field `structured_outputs`


@dataclass(frozen=True, slots=True)
class Server:
    """What is known of a server and one of its models.

    `window` is 0 where it does not say. `adapters` gives, by the adapter's name, what it is called in a request.
    `tokenizer` is the path of its tokenizer, empty for none.
    """

    dialect: Dialect
    window: int = 0
    tokenizer: str = ""
    adapters: Mapping[str, Any] = field(default_factory=dict)


class _Look:
    """A few calls of a server that have one limit in all."""

    def __init__(self, channel: Channel, seconds: float) -> None:
        self.channel = channel
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds

    def ask(self, path: str) -> Answer:
        """Make a call in the time that is left.

        Raises:
            Unreachable, TimedOut, BackendError: no whole answer came, or not in time.
        """
        late = TimedOut(f"{self.channel.address.url} did not answer {path} within {self._seconds:g} s", LOOK_HINT)
        return call(self.channel, path, seconds=self._deadline - time.monotonic(), late=late)

    def find(self, path: str) -> dict[str, Any]:
        """Give an object the server may have; an empty one where it has none."""
        answer = self.ask(path)
        return answer.body if answer.status == 200 and isinstance(answer.body, dict) else {}


def probe(channel: Channel, model: str, *, seconds: float) -> Server:
    """Look at a server, which has so many seconds for all that it is asked.

    Raises:
        NotFound: it does not list the model; those it lists are named. Some servers would answer with another one.
        Unreachable, TimedOut, BackendError: there is no server with this API.
    """
    address = channel.address
    look = _Look(channel, seconds)
    listed = _listed(look)
    if model not in listed:
        raise NotFound(
            f"{address.url} has no model {model!r}; it has {some_of(listed)}", "name one of these: openai:NAME"
        )
    entry = listed[model]
    owner = str(entry.get("owned_by", ""))
    if owner == "vllm":
        return _vllm(look, model, listed)
    if owner == "llamacpp":
        return _llama_server(look, model, entry)
    paths = look.find(f"{address.root}/openapi.json").get("paths")
    if isinstance(paths, dict) and "/extras/tokenize/count" in paths:
        return Server(DIALECTS["llama_cpp.server"], _number(entry, "max_model_len"), "/extras/tokenize/count")
    info = look.find(f"{address.root}/info")
    if window := _number(info, "max_total_tokens"):
        return Server(DIALECTS["tgi"], window, "/tokenize")
    if studio := _studio(look, model):
        return Server(DIALECTS["lmstudio"], _number(studio, "loaded_context_length", "max_context_length"))
    meta = entry.get("meta")
    said = {**entry, **meta} if isinstance(meta, dict) else entry
    return Server(DIALECTS[""], _number(said, "max_model_len", "context_length", "context_window", "n_ctx"))


def list_models(channel: Channel, *, seconds: float) -> dict[str, dict[str, Any]]:
    """Give what the server says of each of its models, by name.

    Raises:
        Unreachable, TimedOut, BackendError: there is no server with this API.
    """
    return _listed(_Look(channel, seconds))


def _listed(look: _Look) -> dict[str, dict[str, Any]]:
    """Give what the server says of each of its models, by name."""
    channel = look.channel
    found = checked(channel, look.ask(f"{channel.address.path}/models"), "")
    data = found.get("data") if isinstance(found, dict) else None
    if not isinstance(data, list):
        raise BackendError(
            f"{channel.address.url} gives no list of models",
            "check that the address is the root of an OpenAI-compatible API: most end with /v1",
        )
    return {entry["id"]: entry for entry in data if isinstance(entry, dict) and isinstance(entry.get("id"), str)}


def _vllm(look: _Look, model: str, listed: Mapping[str, dict[str, Any]]) -> Server:
    """vLLM says the window in its list, and lists adapters there too, each with the model it belongs to."""
    root = look.channel.address.root
    version = re.match(r"(\d+)\.(\d+)", str(look.find(f"{root}/version").get("version", "")))
    old = version is not None and (int(version[1]), int(version[2])) < _STRUCTURED
    adapters = {name: name for name, entry in listed.items() if entry.get("parent")}
    return Server(
        DIALECTS["vllm-old" if old else "vllm"], _number(listed[model], "max_model_len"), "/tokenize", adapters
    )


def _llama_server(look: _Look, model: str, entry: Mapping[str, Any]) -> Server:
    """llama-server gives each request a share of its window; the model's own is the most it can be."""
    root = look.channel.address.root
    which = f"?model={quote(model, safe='')}"  # read by one that serves several models, ignored by others
    settings = look.find(f"{root}/props{which}").get("default_generation_settings")
    meta = entry.get("meta")
    window = _number(settings if isinstance(settings, dict) else {}, "n_ctx")
    window = window or _number(meta if isinstance(meta, dict) else {}, "n_ctx", "n_ctx_train")
    answer = look.ask(f"{root}/lora-adapters{which}")
    listed = answer.body if answer.status == 200 and isinstance(answer.body, list) else []
    adapters = {
        PurePosixPath(str(item.get("path", "")).replace("\\", "/")).stem: item["id"]
        for item in listed
        if isinstance(item, dict) and isinstance(item.get("id"), int)
    }
    return Server(DIALECTS["llama-server"], window, "/tokenize", adapters)


def _studio(look: _Look, model: str) -> dict[str, Any]:
    """Give LM Studio's own description of a model; nothing where the server is another."""
    data = look.find(f"{look.channel.address.root}/api/v0/models").get("data")
    entries = data if isinstance(data, list) else []
    return next((entry for entry in entries if isinstance(entry, dict) and entry.get("id") == model), {})


def _number(found: Mapping[str, Any], *names: str) -> int:
    """Give the first of some numbers that is there and above zero, else 0."""
    for name in names:
        value = found.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return 0
