"""Models that an Ollama runs, through its Python client and native API."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from localdev.backends.addresses import read_model
from localdev.backends.bound import AnswerBound
from localdev.backends.ollama_api.answer import AnswerReader
from localdev.backends.ollama_api.client import OllamaServer, full_name, keep_alive, sendable
from localdev.backends.ollama_api.errors import lacks_insert
from localdev.backends.ollama_api.models import OllamaDetails, show_model
from localdev.backends.ollama_api.window import check_granted, check_read, step_for, window_of
from localdev.backends.options import BackendOptions
from localdev.backends.schema_check import check_answer
from localdev.backends.token_estimate import TokenEstimate
from localdev.core.chat import ChatRequest, ModelInfo, Sampling, Usage
from localdev.core.errors import BackendError, ContextOverflow, ModelError, UsageError
from localdev.core.events import BackendEvent, Finished, TextDelta, ThinkingDelta
from localdev.core.under_way import UnderWay

# What a template puts around each message, and around all of them, in tokens: ChatML has 5 and 3.
_AROUND_MESSAGE, _AROUND_PROMPT = 8, 16
_MOST_LOGPROBS = 20  # the server refuses more
_CLOSED = "the model was closed"


@dataclass(frozen=True, slots=True)
class _Plan:
    """One request, all its text, its tokens by the estimate, the most of the answer, and the window to ask for."""

    request: ChatRequest
    text: str
    size: int
    limit: int
    window: int


class OllamaBackend:
    """Asks one model of one Ollama. Threads may ask at once; the server lets them take turns."""

    def __init__(self, model: str, options: BackendOptions | None = None) -> None:
        """Find the model; `model` is `ollama:NAME[:TAG][@URL]`.

        Raises:
            UsageError: `model` has another form.
            Unreachable, TimedOut, NotFound: no Ollama answers, or it has no such model.
            ModelError, EgressRefused: the model writes no text, or runs somewhere else.
        """
        wanted = options or BackendOptions()
        self._name, address = read_model(model, wanted.remote.url)
        self._options = wanted.remote
        self._server = OllamaServer(address.url, wanted.remote, origin=address.origin)
        shown = show_model(self._server, self._name)
        if shown.capabilities is not None and not shown.capabilities & {"completion", "insert"}:
            raise ModelError(f"{self._name} writes no text: Ollama calls it {_listed(shown)}", "use another model")
        self._stop = shown.stop
        self._thinks = "thinking" in (shown.capabilities or ())
        self._info = _describe(shown, wanted, address.place)
        self._estimate = TokenEstimate()
        self._under_way = UnderWay()
        self._closed = False

    def describe(self) -> ModelInfo:
        """Say which model this is; its window is the one asked for, or the model's own where that is smaller."""
        return self._info

    def count_tokens(self, text: str) -> int:
        """Estimate the tokens of plain text, rather too many than too few: Ollama has no call that counts them."""
        if self._closed:
            raise BackendError(_CLOSED, "open it again")
        return self._estimate.tokens(text)

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Yield the answer as it comes, then one `Finished`; closing the iterator ends the connection, and the server.

        `cached_tokens` is always 0: the server does not say how much of a prompt it had kept.

        Raises:
            ContextOverflow: the prompt leaves no room in the window, or the server read only a part of it.
            CutShort: an answer to a schema was cut by its length.
            UsageError, ModelError: Ollama or this model cannot do what the request asks for.
            Unreachable, TimedOut, NotFound, Busy, BackendError: what went wrong at the server.
        """
        if self._closed:
            raise BackendError(_CLOSED, "open it again")
        self._refuse(request)
        with (
            contextlib.closing(self._server.another()) as server,
            self._under_way.entered(request, server.interrupt),
        ):
            try:
                yield from self._answer(request, server)
            except BackendError as error:
                if self._closed:
                    raise BackendError(_CLOSED, "ask again") from error
                if not server.interrupted:
                    raise
                yield Finished("cancelled", Usage())

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """End the stream of a request (None: every one) from another thread, even before its first token.

        It ends with the reason `cancelled`. False where there is no such stream.
        """
        return self._under_way.cancel(request)

    def close(self) -> None:
        """Refuse further requests, and break off those under way."""
        self._closed = True
        self.cancel()
        self._server.close()

    def _refuse(self, request: ChatRequest) -> None:
        """Refuse what Ollama has no means for."""
        if request.adapter:
            raise UsageError(
                "Ollama switches no adapters per request",
                "make a model with it (`ADAPTER` in a Modelfile) and ask that one, or use a GGUF file",
            )
        if request.grammar:
            raise UsageError("Ollama takes no grammar", "give a JSON schema, or use a GGUF file")
        if request.logprobs > _MOST_LOGPROBS:
            raise UsageError(f"Ollama gives at most {_MOST_LOGPROBS} log-probabilities a token", "ask for fewer")
        if request.messages:
            return
        if not request.prefix and not request.suffix:
            raise UsageError("the request is empty", "give messages, or a prefix and a suffix")
        if "fim" not in self._info.capabilities:
            raise lacks_insert(self._name)

    def _plan(self, request: ChatRequest, server: OllamaServer) -> _Plan:
        """Reckon what a request needs.

        Raises:
            ContextOverflow: its prompt leaves no room in the window for an answer.
        """
        texts = [message.content for message in request.messages] or [request.prefix, request.suffix]
        size = _AROUND_PROMPT + sum(_AROUND_MESSAGE + self._estimate.tokens(text) for text in texts)
        most = self._info.context_window
        if size >= most:
            raise ContextOverflow(
                f"the request has about {size} tokens, the window of {self._name} is {most}",
                "ask for less context, raise llama.context, or use a model with a larger window",
            )
        limit = max(0, min(request.sampling.max_tokens, most - size))
        return _Plan(request, "\n".join(texts), size, limit, step_for(size + limit, most, self._loaded(server)))

    def _call(self, plan: _Plan) -> tuple[str, dict[str, Any]]:
        """Give path and body of the request as the server reads it."""
        request = plan.request
        body: dict[str, Any] = {
            "model": self._name,
            "stream": True,
            "options": _options(request.sampling, plan) | self._stops(request.sampling),
            "keep_alive": keep_alive(self._options),
            "truncate": False,  # newer versions then refuse a prompt that is too long; older ones are checked
        }
        if request.schema is not None:
            body["format"] = request.schema
        if request.logprobs:
            body |= {"logprobs": True, "top_logprobs": request.logprobs}
        if self._thinks:
            body["think"] = bool(request.messages)
        if request.messages:
            turns = [{"role": message.role, "content": sendable(message.content)} for message in request.messages]
            return "/api/chat", body | {"messages": turns}
        # An empty side would mean something else to Ollama: only to load the model, or to continue a plain text.
        sides = {"prompt": sendable(request.prefix) or "\n", "suffix": sendable(request.suffix) or "\n"}
        return "/api/generate", body | sides

    def _stops(self, sampling: Sampling) -> dict[str, list[str]]:
        """Give what ends an answer; a list of one's own replaces the Modelfile's, which many templates need."""
        return {"stop": [*sampling.stop, *self._stop]} if sampling.stop else {}

    def _answer(self, request: ChatRequest, server: OllamaServer) -> Iterator[BackendEvent]:
        """Ask over connections of the request's own, and yield the events of the answer."""
        plan = self._plan(request, server)
        reader, checked, bound = AnswerReader(), False, AnswerBound(plan.limit)
        with contextlib.closing(server.parts(*self._call(plan))) as parts:
            for part in parts:
                if not checked:
                    need = plan.size + plan.limit
                    check_granted(self._name, need, asked=plan.window, granted=self._loaded(server))
                    checked = True
                with server.speaking(self._name):
                    events = list(reader.read(part))
                yield from self._wanted(events, reader, plan)
                if server.interrupted:
                    break
                letters = sum(len(event.text) for event in events if isinstance(event, TextDelta | ThinkingDelta))
                endless = bound.passed(letters) and not part.get("done")
                if endless or part.get("done"):
                    yield from self._wanted(reader.finish(), reader, plan)
                    finished = self._cut(reader, plan) if endless else self._finished(part, plan)
                    if plan.request.schema is not None:
                        cut = finished.reason == "length"
                        who = f"the Ollama at {self._server.url}"
                        check_answer(reader.text, plan.request.schema, cut=cut, who=who, hint="use another model")
                    yield finished
                    return
        raise BackendError(
            f"{self._server.url} ended its answer in the middle",
            "ask again; Ollama also does so where a model repeats itself over and over",
        )

    def _wanted(self, events: Iterable[BackendEvent], reader: AnswerReader, plan: _Plan) -> Iterator[BackendEvent]:
        """Leave out the one token that is asked for where none is wanted, and miss what should have come."""
        for event in events:
            if plan.request.logprobs and isinstance(event, TextDelta) and not reader.has_logprobs:
                raise ModelError(
                    f"the Ollama at {self._server.url} gives no log-probabilities for {self._name}",
                    "Ollama 0.12.11 and newer do; update it, or ask without",
                )
            if plan.limit:
                yield event

    def _cut(self, reader: AnswerReader, plan: _Plan) -> Finished:
        """Give the last event of an answer whose server did not keep to its limit."""
        return Finished("length", Usage(plan.size, 0, self._estimate.tokens(reader.text)))

    def _finished(self, part: dict[str, Any], plan: _Plan) -> Finished:
        """Read the last part.

        Raises:
            ContextOverflow, BackendError: the prompt was not read whole, or nothing was answered.
        """
        with self._server.speaking():
            counted, made = int(part.get("prompt_eval_count") or 0), int(part.get("eval_count") or 0)
        reason = part.get("done_reason")
        if reason in ("load", "unload"):
            raise BackendError(f"Ollama only {reason}ed {self._name} and answered nothing", "ask again")
        if counted:  # versions before 0.4 leave it out where all was kept
            check_read(self._name, plan.text, counted=counted, asked=plan.window)
            self._estimate.learn(plan.text, counted)
        cut = not plan.limit or reason == "length" or (reason is None and made >= plan.limit)
        return Finished("length" if cut else "stop", Usage(counted or plan.size, 0, made if plan.limit else 0))

    def _loaded(self, server: OllamaServer) -> int:
        """Give the window that the model is loaded with; 0 where it is not loaded or the server does not say."""
        with server.speaking():
            for entry in server.client.ps().models:
                if entry.model == full_name(self._name) or (entry.digest and entry.digest == self._info.digest):
                    return entry.context_length or 0
        return 0


def _describe(shown: OllamaDetails, wanted: BackendOptions, place: str) -> ModelInfo:
    """Give what is known of a model."""
    capabilities = {"schema", "seed", "logprobs"}
    told = shown.capabilities
    capabilities |= {"chat"} if told is None or "completion" in told else set()
    capabilities |= {"fim"} if "insert" in (told or ()) or (told is None and ".Suffix" in shown.template) else set()
    capabilities |= {"thinking"} if "thinking" in (told or ()) else set()
    return ModelInfo(
        name=wanted.name or shown.name,
        backend="ollama",
        context_window=window_of(wanted.context_window, shown.context_length),
        digest=shown.digest,
        template="Ollama's",
        capabilities=frozenset(capabilities),
        placement=place,
    )


def _listed(shown: OllamaDetails) -> str:
    """Name a model's capabilities."""
    return ", ".join(sorted(shown.capabilities or ())) or "nothing"


def _options(sampling: Sampling, plan: _Plan) -> dict[str, Any]:
    """Give Ollama's options, every sampler in full, so that a Modelfile's own values change nothing."""
    return {
        "num_ctx": plan.window,
        "num_predict": max(1, plan.limit),  # 0 means no limit to some versions
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repeat_penalty,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "seed": sampling.seed,
    }
