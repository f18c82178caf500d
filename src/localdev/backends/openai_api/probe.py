"""Finds out what a server is and what it can do, by a few requests that cost it nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from localdev.backends.openai_api.calls import call, checked
from localdev.backends.openai_api.connection import Channel
from localdev.backends.openai_api.dialects import DIALECTS, Dialect
from localdev.backends.said import some_of
from localdev.core.errors import BackendError, NotFound

# A server that is busy may answer a list of models only after the request it works on.
SECONDS = 30.0
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


def probe(channel: Channel, model: str) -> Server:
    """Look at a server.

    Raises:
        NotFound: it does not list the model; those it lists are named. Some servers would answer with another one.
        Unreachable, TimedOut, BackendError: there is no server with this API.
    """
    address = channel.address
    listed = list_models(channel)
    if model not in listed:
        raise NotFound(
            f"{address.url} has no model {model!r}; it has {some_of(listed)}", "name one of these: openai:NAME"
        )
    entry = listed[model]
    owner = str(entry.get("owned_by", ""))
    if owner == "vllm":
        return _vllm(channel, model, listed)
    if owner == "llamacpp":
        return _llama_server(channel, model, entry)
    paths = _get(channel, f"{address.root}/openapi.json").get("paths")
    if isinstance(paths, dict) and "/extras/tokenize/count" in paths:
        return Server(DIALECTS["llama_cpp.server"], _number(entry, "max_model_len"), "/extras/tokenize/count")
    info = _get(channel, f"{address.root}/info")
    if window := _number(info, "max_total_tokens"):
        return Server(DIALECTS["tgi"], window, "/tokenize")
    if studio := _studio(channel, model):
        return Server(DIALECTS["lmstudio"], _number(studio, "loaded_context_length", "max_context_length"))
    meta = entry.get("meta")
    said = {**entry, **meta} if isinstance(meta, dict) else entry
    return Server(DIALECTS[""], _number(said, "max_model_len", "context_length", "context_window", "n_ctx"))


def list_models(channel: Channel, *, seconds: float = SECONDS) -> dict[str, dict[str, Any]]:
    """Give what the server says of each of its models, by name.

    Raises:
        Unreachable, TimedOut, BackendError: there is no server with this API.
    """
    found = checked(channel, call(channel, f"{channel.address.path}/models", seconds=seconds), "")
    data = found.get("data") if isinstance(found, dict) else None
    if not isinstance(data, list):
        raise BackendError(
            f"{channel.address.url} gives no list of models",
            "check that the address is the root of an OpenAI-compatible API: most end with /v1",
        )
    return {entry["id"]: entry for entry in data if isinstance(entry, dict) and isinstance(entry.get("id"), str)}


def _vllm(channel: Channel, model: str, listed: Mapping[str, dict[str, Any]]) -> Server:
    """vLLM says the window in its list, and lists adapters there too, each with the model it belongs to."""
    root = channel.address.root
    version = re.match(r"(\d+)\.(\d+)", str(_get(channel, f"{root}/version").get("version", "")))
    old = version is not None and (int(version[1]), int(version[2])) < _STRUCTURED
    adapters = {name: name for name, entry in listed.items() if entry.get("parent")}
    return Server(
        DIALECTS["vllm-old" if old else "vllm"], _number(listed[model], "max_model_len"), "/tokenize", adapters
    )


def _llama_server(channel: Channel, model: str, entry: Mapping[str, Any]) -> Server:
    """llama-server gives each request a share of its window; the model's own is the most it can be."""
    root = channel.address.root
    which = f"?model={quote(model, safe='')}"  # read by one that serves several models, ignored by others
    settings = _get(channel, f"{root}/props{which}").get("default_generation_settings")
    meta = entry.get("meta")
    window = _number(settings if isinstance(settings, dict) else {}, "n_ctx")
    window = window or _number(meta if isinstance(meta, dict) else {}, "n_ctx", "n_ctx_train")
    answer = call(channel, f"{root}/lora-adapters{which}", seconds=SECONDS)
    listed = answer.body if answer.status == 200 and isinstance(answer.body, list) else []
    adapters = {
        PurePosixPath(str(item.get("path", "")).replace("\\", "/")).stem: item["id"]
        for item in listed
        if isinstance(item, dict) and isinstance(item.get("id"), int)
    }
    return Server(DIALECTS["llama-server"], window, "/tokenize", adapters)


def _studio(channel: Channel, model: str) -> dict[str, Any]:
    """Give LM Studio's own description of a model; nothing where the server is another."""
    data = _get(channel, f"{channel.address.root}/api/v0/models").get("data")
    entries = data if isinstance(data, list) else []
    return next((entry for entry in entries if isinstance(entry, dict) and entry.get("id") == model), {})


def _get(channel: Channel, path: str) -> dict[str, Any]:
    """Give an object the server may have; an empty one where it has none."""
    answer = call(channel, path, seconds=SECONDS)
    return answer.body if answer.status == 200 and isinstance(answer.body, dict) else {}


def _number(found: Mapping[str, Any], *names: str) -> int:
    """Give the first of some numbers that is there and above zero, else 0."""
    for name in names:
        value = found.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return 0
