"""From a request to what is sent: pure, one table of servers, nothing asked of anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localdev.backends.llamacpp.schema import schema_grammar
from localdev.backends.openai_api.probe import Server
from localdev.core.chat import ChatRequest, Sampling
from localdev.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Call:
    """Where to send which body; `form` says how the stream's pieces look: chat, text or infill."""

    path: str
    body: dict[str, Any]
    form: str


def checked_request(request: ChatRequest, server: Server) -> None:
    """Refuse what this server cannot do, before anything is sent.

    Raises:
        UsageError: the request is empty, or needs what the server is not known to have.
    """
    dialect = server.dialect
    name = dialect.kind or "this server"
    if not request.messages:
        if not request.prefix and not request.suffix:
            raise UsageError("the request is empty", "give messages, or a prefix and a suffix")
        if not dialect.fim:
            raise UsageError(
                f"{name} cannot fill in text between a prefix and a suffix", "use a GGUF model with FIM tokens"
            )
        if request.schema is not None or request.grammar:
            raise UsageError("text that is filled in cannot follow a schema or a grammar", "ask with messages")
    if request.grammar and not dialect.grammar:
        raise UsageError(f"{name} takes no grammars", "ask with a JSON schema, or use a GGUF model")
    if request.adapter and not dialect.adapters:
        raise UsageError(f"{name} has no adapters that can be chosen", "ask without an adapter")


def make_call(request: ChatRequest, model: str, server: Server, *, limit: int, api: str, root: str) -> Call:
    """Write a request that `checked_request` has passed; `limit` is the most tokens of the answer.

    Raises:
        UsageError: there is no such adapter, or the schema cannot be turned into a grammar.
    """
    body: dict[str, Any] = {
        "model": model,
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": limit,
        **_sampling(request.sampling, server),
    }
    if request.adapter:
        body.update(_adapter(request.adapter, server))
    if request.messages:
        body["messages"] = [{"role": message.role, "content": message.content} for message in request.messages]
        if request.logprobs:
            body.update(logprobs=True, top_logprobs=request.logprobs)
        body.update(_constraint(request, server))
        return Call(f"{api}/chat/completions", body, "chat")
    if server.dialect.fim == "infill":
        del body["stream_options"], body["max_tokens"]
        body.update(input_prefix=request.prefix, input_suffix=request.suffix, prompt="", n_predict=limit)
        if request.logprobs:
            body["n_probs"] = request.logprobs
        return Call(f"{root}/infill", body, "infill")
    body.update(prompt=request.prefix, suffix=request.suffix)
    if request.logprobs:
        body["logprobs"] = request.logprobs
    return Call(f"{api}/completions", body, "text")


def _sampling(sampling: Sampling, server: Server) -> dict[str, Any]:
    """Give the samplers: OpenAI's always; others where the server is known to take them, or where they are set."""
    found: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        **server.dialect.samplers,
    }
    if stop := [text for text in sampling.stop if text][: server.dialect.stops]:
        found["stop"] = stop
    if sampling.top_k:
        found["top_k"] = sampling.top_k
    if sampling.min_p:
        found["min_p"] = sampling.min_p
    if sampling.repeat_penalty != 1.0:
        other = "repetition_penalty" in server.dialect.samplers
        found["repetition_penalty" if other else "repeat_penalty"] = sampling.repeat_penalty
    return found


def _constraint(request: ChatRequest, server: Server) -> dict[str, Any]:
    """Give the fields that hold the answer to a schema or a grammar."""
    if request.schema is not None and server.dialect.schema == "grammar":
        return {"grammar": schema_grammar(request.schema)}
    if request.schema is not None:
        forms: dict[str, dict[str, Any]] = {
            "json_schema": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": request.schema, "strict": True},
            },
            "value": {"type": "json_object", "value": request.schema},
        }
        return {"response_format": forms[server.dialect.schema]}
    if request.grammar:
        field = server.dialect.grammar
        return {field: {"grammar": request.grammar} if field == "structured_outputs" else request.grammar}
    return {}


def _adapter(adapter: str, server: Server) -> dict[str, Any]:
    """Give the fields that choose an adapter: another model's name, or a number with its scale."""
    name, _, scale = adapter.partition("@")
    if name not in server.adapters:
        known = ", ".join(sorted(server.adapters)) or "none"
        raise UsageError(f"the server has no adapter {name!r}; it has {known}", "name one of these")
    if server.dialect.adapters == "models":
        if scale not in ("", "1", "1.0"):
            raise UsageError(f"the server cannot scale an adapter: {adapter}", "name it without @SCALE")
        return {"model": server.adapters[name]}
    try:
        return {"lora": [{"id": server.adapters[name], "scale": float(scale or 1)}]}
    except ValueError:
        raise UsageError(f"{adapter!r}: {scale!r} is no scale of an adapter", "write NAME@0.5") from None
