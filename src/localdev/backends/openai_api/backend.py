"""The backend for an OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.backends.addresses import read_model
from localdev.backends.openai_api.answer import AnswerReader
from localdev.backends.openai_api.bodies import Call, checked_request, make_call
from localdev.backends.openai_api.calls import CLOSED, call, checked, streamed
from localdev.backends.openai_api.connection import Channel
from localdev.backends.openai_api.failures import PASSING, failure
from localdev.backends.openai_api.probe import probe
from localdev.backends.openai_api.reading import read_answer
from localdev.backends.openai_api.tokens import TokenCounter
from localdev.backends.options import BackendOptions
from localdev.backends.schema_check import check_answer
from localdev.core.chat import ChatRequest, ModelInfo, Usage
from localdev.core.errors import BackendError, ContextOverflow, UsageError
from localdev.core.events import BackendEvent, Finished
from localdev.core.under_way import UnderWay

# Where neither the server nor the settings say a window. Most servers are started with at least this.
_UNKNOWN_WINDOW = 8192
# A chat template adds a few tokens to each message. So many are left free where the server's own count is not known.
_PER_MESSAGE, _PER_CHAT = 8, 16
_NO_SCHEMA = "use a server that holds answers to a schema, or another model"
_PROBE_SUFFIX = "\n    return first + second + third\n"


class OpenAIBackend:
    """Runs one model of one server. Requests of several threads go side by side; the server decides on their order."""

    def __init__(self, model: str, options: BackendOptions) -> None:
        """Find the server and look at what it can do; `model` is `openai:NAME` or `openai:NAME@URL`.

        Raises:
            NotFound: the server does not list the model; those it lists are named.
            Unreachable, TimedOut, BackendError: there is no such server.
            UsageError, ConfigError: the model string, the address or the key cannot be read.
        """
        self._name, address = read_model(model, options.remote.url)
        self._remote = options.remote
        self._channel = Channel(address, api_key=options.remote.api_key, connect_seconds=options.remote.connect_seconds)
        self._server = probe(self._channel, self._name, seconds=options.remote.look_seconds)
        self._under_way = UnderWay()
        self._tokens = TokenCounter(self._channel, self._server, self._name, seconds=options.remote.first_token_seconds)
        windows = [size for size in (self._server.window, options.context_window) if size]
        self._window = min(windows, default=0)
        self._fills_in: bool | None = True if self._server.dialect.fim == "infill" else None
        dialect = self._server.dialect
        extras = {"fim": dialect.fim, "grammar": dialect.grammar, "adapter": self._server.adapters}
        self._info = ModelInfo(
            name=options.name or self._name,
            backend="openai",
            context_window=self._window or _UNKNOWN_WINDOW,
            digest=options.digest,
            template="the server's",
            capabilities=frozenset({"chat", "schema", "seed", "logprobs", *(word for word in extras if extras[word])}),
            placement=f"{dialect.kind or 'server'} at {address.url}",
        )

    def describe(self) -> ModelInfo:
        """Say which model this is, what the server was found to be, and where."""
        return self._info

    def count_tokens(self, text: str) -> int:
        """Count the tokens of plain text with the server's tokenizer; estimate them where it has none.

        Raises:
            BackendError: the server does not answer, or the model was closed.
        """
        self._check_open()
        return self._tokens.count(text)

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Yield the answer as it comes, then one `Finished`; closing the iterator closes the connection at once.

        Raises:
            ContextOverflow: the prompt is longer than the window; nothing is cut off.
            CutShort: an answer to a schema reached its length.
            UsageError: the server cannot do what the request asks for.
            Unreachable, TimedOut, NotFound, BackendError: the server failed, or is too slow.
        """
        self._check_open()
        checked_request(request, self._server)
        channel = self._channel.another()
        with self._under_way.entered(request, channel.close):
            try:
                yield from self._answer(request, channel)
            except BackendError as error:
                if self._channel.closed.is_set():
                    raise BackendError(CLOSED, "open it again") from error
                if not channel.closed.is_set():
                    raise
                yield Finished("cancelled", Usage())

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """End the stream of a request (None: every one) from another thread, even before its first token.

        It ends with the reason `cancelled`. False where there is no such stream.
        """
        return self._under_way.cancel(request)

    def close(self) -> None:
        """End what is streamed in other threads, and refuse further requests."""
        self._channel.close()
        self.cancel()

    def _answer(self, request: ChatRequest, channel: Channel) -> Iterator[BackendEvent]:
        """Ask over a channel of the request's own and yield the answer."""
        prompt, limit = self._fit(request, channel)
        address = channel.address
        made = make_call(request, self._name, self._server, limit=limit, api=address.path, root=address.root)
        if limit < 1:
            yield Finished("length", Usage(prompt or self._estimate(request, channel)))
            return
        if not request.messages:
            self._check_fill_in(channel)
        stop, model = request.sampling.stop, self._info.name
        reader = AnswerReader(made.form, stop, where=address.url, model=model, limit=limit)
        with streamed(channel, made.path, made.body, remote=self._remote, model=self._info.name) as (reply, due):
            yield from read_answer(channel, reply, due, reader, remote=self._remote)
        if not reader.events:
            self._explain_silence(made, channel)
        yield self._finished(request, reader, channel=channel)

    def _finished(self, request: ChatRequest, reader: AnswerReader, *, channel: Channel) -> Finished:
        """Judge the end of an answer and give the last event."""
        reason = "stop" if reader.stopped else reader.reason
        if reason is None:
            raise BackendError(
                f"{self._channel.address.url} broke the answer off without a reason",
                "see the server's log; llama_cpp.server does so for a newer request unless interrupt_requests is off",
            )
        if request.logprobs and reader.text and not reader.has_logprobs:
            raise BackendError(f"{self._channel.address.url} gives no log-probabilities", "ask without them")
        if request.schema is not None:
            check_answer(
                reader.text, request.schema, cut=reason == "length", who=self._channel.address.url, hint=_NO_SCHEMA
            )
        usage = reader.usage
        if usage and request.messages:
            self._tokens.learn("\n".join(_texts_of(request)), usage.prompt_tokens)
        if usage is None:
            usage = Usage(self._estimate(request, channel), 0, self._count_or_estimate(reader.text, channel))
        return Finished(reason, usage)

    def _fit(self, request: ChatRequest, channel: Channel) -> tuple[int, int]:
        """Give the prompt's tokens (0 where nobody counted) and the most the answer may have.

        Raises:
            ContextOverflow: the prompt leaves no room for an answer.
        """
        most = request.sampling.max_tokens
        texts = _texts_of(request)
        slack = _PER_CHAT + _PER_MESSAGE * len(texts)
        # A token is at least one byte, so most prompts need no counting before a large window.
        if (
            not self._window
            or sum(len(text.encode("utf-8", "replace")) for text in texts) + slack + most <= self._window
        ):
            return 0, most
        if not self._tokens.exact:
            return 0, most  # the server is the judge: an estimate would refuse what fits
        prompt, exact = self._count(request, channel)
        room = self._window - prompt
        if room < 1:
            raise ContextOverflow(
                f"the request has {prompt} tokens, the window of {self._info.name} is {self._window}",
                "ask for less context, or use a model with a larger window",
            )
        return prompt, min(most, room if exact else max(1, room - slack))

    def _count(self, request: ChatRequest, channel: Channel) -> tuple[int, bool]:
        """Count the prompt: (tokens, whether that is exact)."""
        if request.messages:
            return self._tokens.chat(request.messages, channel)
        sides = (request.prefix, request.suffix)
        return sum(self._tokens.count(text, channel) for text in sides), False

    def _estimate(self, request: ChatRequest, channel: Channel) -> int:
        """Count a prompt whose server gave no figures."""
        return sum(self._count_or_estimate(text, channel) for text in _texts_of(request))

    def _count_or_estimate(self, text: str, channel: Channel) -> int:
        """Count a text; a whole answer is not lost because the tokenizer fails after it."""
        try:
            return self._tokens.count(text, channel)
        except BackendError:
            return self._tokens.estimate(text)

    def _check_fill_in(self, channel: Channel) -> None:
        """Find out once whether the server reads a suffix: the prompt's tokens grow with it, or it is ignored.

        Raises:
            UsageError: it does not.
        """
        if self._fills_in is None:
            self._fills_in = 0 < self._prompt_tokens("", channel) < self._prompt_tokens(_PROBE_SUFFIX, channel)
        if not self._fills_in:
            raise UsageError(
                f"{self._channel.address.url} does not fill in text with {self._name}: it ignores the suffix",
                "use a model with FIM tokens on a server that reads `suffix`, or a GGUF file",
            )

    def _prompt_tokens(self, suffix: str, channel: Channel) -> int:
        """Ask for one token and give how many the prompt had; 0 where that is refused, not where the server is busy."""
        body = {"model": self._name, "prompt": "def add(", "suffix": suffix, "max_tokens": 1, "temperature": 0}
        path = f"{channel.address.path}/completions"
        answer = call(channel, path, body, seconds=self._remote.first_token_seconds)
        if answer.status in PASSING or answer.status == 500:
            raise failure(answer.status, answer.headers, answer.raw, model=self._name, where=channel.address.url)
        usage = answer.body.get("usage") if answer.status == 200 and isinstance(answer.body, dict) else None
        found = usage.get("prompt_tokens") if isinstance(usage, dict) else 0
        return found if isinstance(found, int) else 0

    def _explain_silence(self, made: Call, channel: Channel) -> None:
        """Find out why a stream was empty: llama_cpp.server says its errors only without one.

        Raises:
            ContextOverflow, BackendError: the reason, as far as it is said.
        """
        body = {**made.body, "stream": False, "max_tokens": 1}
        body.pop("stream_options", None)
        checked(
            channel,
            call(channel, made.path, body, seconds=self._remote.first_token_seconds),
            self._info.name,
        )
        raise BackendError(f"{self._channel.address.url} answered with nothing", "see the server's log")

    def _check_open(self) -> None:
        """Refuse to go on after `close`."""
        if self._channel.closed.is_set():
            raise BackendError(CLOSED, "open it again")


def _texts_of(request: ChatRequest) -> list[str]:
    """Give the texts a prompt is made of."""
    return [message.content for message in request.messages] or [request.prefix, request.suffix]
