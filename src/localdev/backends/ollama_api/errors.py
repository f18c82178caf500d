"""What an Ollama says when it refuses, as errors of this program."""

from __future__ import annotations

from collections.abc import Sequence

from localdev.backends.said import one_line, some_of
from localdev.core.errors import (
    BackendError,
    Busy,
    ContextOverflow,
    LocaldevError,
    ModelError,
    NotFound,
    UsageError,
)

# Parts of the server's messages (llm/status.go, server/sched.go and server/routes.go of Ollama 0.33, and of earlier
# versions), in small letters.
_MEMORY = (
    "requires more system memory", "out of memory", "out-of-memory", "cudamalloc failed", "hipmalloc failed",
    "failed to allocate", "unable to allocate", "not enough memory", "insufficient memory", "erroroutofmemory",
)  # fmt: skip
_TOO_LONG = ("context length", "exceeds the available context", "exceeds maximum context")
_SCHEMA = ("invalid format", "grammar", "json schema", "json_schema")
_PAGE = "an HTML page"
_GATEWAY = (502, 503, 504)  # what stands in front of an Ollama says so with a page of its own
_INSERT = ("does not support insert", "does not support suffix")


def refusal(
    status: int, text: str, *, url: str, model: str, known: Sequence[str], origin: str = "the address"
) -> LocaldevError:
    """Give the error for an answer other than success; `status` -1 is an error inside a stream.

    `known` are the names of the models that are there, for the message about one that is not.
    """
    said = _said(text)
    lower = said.lower()
    if "not found" in lower and "model" in lower:
        return NotFound(
            f"{url} has no model {model!r}; there are: {some_of(known)}", f"get it with `ollama pull {model}`"
        )
    if "invalid model name" in lower:
        return UsageError(f"{model!r} is no name of a model to Ollama", "look it up with `ollama list`")
    if "file does not exist" in lower:  # what a pull says of a name that the library does not have
        return NotFound(f"there is no model {model!r} to be had: {said}", "check the name and the tag")
    if any(part in lower for part in _MEMORY):
        return BackendError(
            f"{model} does not fit into the memory of {url}: {said}",
            "use a smaller model or a smaller llama.context, or free some memory",
        )
    if any(part in lower for part in _TOO_LONG):
        return ContextOverflow(f"{model} refuses the prompt: {said}", "ask for less context")
    if any(part in lower for part in _INSERT):
        return lacks_insert(model)
    if "does not support" in lower:
        return ModelError(f"{said} (Ollama at {url})", "use another model")
    if any(part in lower for part in _SCHEMA):
        return UsageError(f"Ollama cannot use the JSON schema: {said}", "use a simpler schema")
    return _by_status(status, said, url, origin)


def _by_status(status: int, said: str, url: str, origin: str) -> LocaldevError:
    """Give the error for a message that is not known."""
    page = said == _PAGE and status not in _GATEWAY
    if page or 300 <= status < 400 or status in (404, 405, 501):
        return BackendError(
            f"no Ollama answers at {url}, but something else (status {status})",
            f"check {origin}, and whether another program listens there",
        )
    said = f": {said}" if said else ""
    if status == 503:
        return Busy(f"the Ollama at {url} is busy{said}", "ask again in a moment")
    if status == -1 or status >= 500:
        when = "while it answered" if status == -1 else f"({status})"
        return BackendError(f"the Ollama at {url} failed {when}{said}", "look at its log, and ask again")
    return BackendError(f"{url} answered with {status}{said}", f"check that {origin} is the address of an Ollama")


def lacks_insert(model: str) -> ModelError:
    """Say that a model cannot fill in."""
    return ModelError(
        f"{model} cannot fill in the middle: Ollama knows no `insert` capability of it",
        "use a code model whose template takes a suffix, as codellama:code or qwen2.5-coder:1.5b-base",
    )


def no_ollama(url: str, origin: str) -> BackendError:
    """Say that what answers speaks something else."""
    return BackendError(
        f"what answers at {url} does not speak as an Ollama",
        f"check {origin}, and whether another program listens there",
    )


def _said(text: str) -> str:
    """Shorten what a server said; a page for browsers is only named."""
    return _PAGE if text.lstrip().startswith("<") else one_line(text)
