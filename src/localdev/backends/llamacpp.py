"""The in-process backend: a GGUF file run by llama.cpp."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from localdev.backends.llamacpp_engine import Engine
from localdev.backends.llamacpp_prefix import PrefixKeeper
from localdev.backends.llamacpp_prompt import PromptBuilder
from localdev.backends.llamacpp_sampling import sampler
from localdev.backends.llamacpp_text import TextAssembler
from localdev.backends.options import BackendOptions
from localdev.core.chat import ChatRequest, ModelInfo, Usage
from localdev.core.errors import BackendError, ContextOverflow, ModelError, NotFound, UsageError
from localdev.core.events import BackendEvent, Finished, TextDelta

_CLOSED = "the model was closed"


class LlamaCppBackend:
    """Runs one GGUF file. Requests of several threads take turns; the state of a common prefix is kept between them."""

    def __init__(self, path: Path, options: BackendOptions | None = None) -> None:
        """Load the model.

        Raises:
            NotFound, ModelError: there is no such file, it is not GGUF, or llama.cpp refuses it.
            MissingExtra: llama-cpp-python is not installed.
            UsageError: a window larger than the model's own is asked for.
        """
        wanted = options or BackendOptions()
        _check_magic(path)
        self._engine = Engine(path, threads=wanted.engine.threads, gpu_layers=wanted.engine.gpu_layers)
        try:
            self._most = _window(wanted.context_window, self._engine.trained_window, path)
            self._prompts = PromptBuilder(self._engine)
            self._prefixes = PrefixKeeper(self._engine)
        except BaseException:
            self._engine.close()
            raise
        fim = {"fim"} if min(self._engine.fim) >= 0 else set()
        self._info = ModelInfo(
            name=wanted.name or path.stem,
            backend="llamacpp",
            context_window=self._most,
            digest=wanted.digest,
            template=self._prompts.template_name,
            capabilities=frozenset({"chat", "schema", "grammar"} | fim),
        )
        self._lock = threading.Lock()
        self._owner = 0
        self._closed = False

    def describe(self) -> ModelInfo:
        """Say which model this is, its window and where its chat template is from."""
        return self._info

    def count_tokens(self, text: str) -> int:
        """Count the tokens of plain text; may be called while an answer is streamed."""
        if self._closed:
            raise BackendError(_CLOSED, "open it again")
        return len(self._engine.tokenize(text))

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Yield the answer as it comes, then one `Finished`.

        Nothing is evaluated ahead: a token is computed when the next event is asked for, so closing the iterator stops
        the engine at once. The answer ends with reason `length` at `max_tokens` or at the end of the window.

        Raises:
            ContextOverflow: the prompt leaves no room in the window for an answer; nothing is cut off.
            ModelError, UsageError: the model or this version cannot do what the request asks for.
            BackendError: the engine failed or was closed.
        """
        if request.adapter:
            raise UsageError("adapters are not built in this version", "ask without an adapter")
        with self._turn():
            prompt = self._prompt(request)
            if not prompt:  # the engine would end the process: there is nothing to draw the next token from
                raise BackendError("the model's chat template gave an empty prompt", "use another model")
            room = self._most - len(prompt)
            if room < 1:
                raise ContextOverflow(
                    f"the request has {len(prompt)} tokens, the window of {self._info.name} is {self._most}",
                    "ask for less context, or use a model with a larger window",
                )
            limit = max(0, min(request.sampling.max_tokens, room))
            self._engine.make_room(len(prompt) + limit, self._most)
            with sampler(self._engine, request.sampling, _grammar(request)) as chain:
                yield from self._generate(prompt, request, chain, limit)

    def close(self) -> None:
        """Free the model; while an answer is streamed, that stream ends within a token and frees it."""
        self._closed = True
        if self._lock.acquire(blocking=False):
            try:
                self._engine.close()
            finally:
                self._lock.release()

    def _generate(self, prompt: list[int], request: ChatRequest, chain: Any, limit: int) -> Iterator[BackendEvent]:
        """Evaluate the prompt and draw tokens. The inner loop is the hot path: see benchmarks of generation."""
        engine, made = self._engine, 0
        writer = TextAssembler((*request.sampling.stop, *(self._prompts.stop if request.messages else ())))
        reason: Literal["stop", "length"] = "length"
        kept = self._prefixes.begin(prompt)
        while made < limit:
            token = engine.sample(chain)
            if engine.is_end(token):
                reason = "stop"
                break
            made += 1
            text = writer.add(engine.piece(token))
            if text:
                yield TextDelta(text)
            if writer.stopped:
                reason = "stop"
                break
            if self._closed:
                raise BackendError(_CLOSED, "ask again")
            if made < limit:
                engine.advance(token)
        rest = writer.finish()
        if rest:
            yield TextDelta(rest)
        yield Finished("stop" if writer.stopped else reason, Usage(len(prompt), kept, made))

    def _prompt(self, request: ChatRequest) -> list[int]:
        """Give the tokens of the request."""
        if request.messages:
            return self._prompts.chat(request.messages)
        if not request.prefix and not request.suffix:
            raise UsageError("the request is empty", "give messages, or a prefix and a suffix")
        return self._prompts.fill_in(request.prefix, request.suffix)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for the turn of this request; a second stream in one thread would wait for itself, so it is refused."""
        me = threading.get_ident()
        if self._owner == me:
            raise BackendError(
                "an answer of this model is still being streamed in this thread", "close that stream first"
            )
        with self._lock:
            if self._closed:
                raise BackendError(_CLOSED, "open it again")
            self._owner = me
            try:
                yield
            finally:
                self._owner = 0
                if self._closed:
                    self._engine.close()


def _check_magic(path: Path) -> None:
    """Refuse what is not GGUF before native code sees it; the rest of the header is the model store's to check."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise NotFound(f"cannot read the model file {path}: {error.strerror or error}", "check the path") from error
    if magic != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file", "models in other formats must be converted to GGUF first")


def _window(wanted: int, trained: int, path: Path) -> int:
    """Give the window to use: what was asked for, or the model's own."""
    if wanted > trained:
        raise UsageError(
            f"a window of {wanted} tokens was asked for; {path.name} was trained for {trained}",
            f"set the context window to {trained} or less, or to 0 for the model's own",
        )
    return wanted or trained


def _grammar(request: ChatRequest) -> str:
    """Give the grammar of the answer, empty for free text; a JSON schema is turned into one."""
    if request.schema is None:
        return request.grammar
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    try:
        grammar: str = json_schema_to_gbnf(json.dumps(request.schema))
    except (ValueError, KeyError, TypeError, NotImplementedError, AssertionError) as error:
        raise UsageError(f"the JSON schema cannot be turned into a grammar: {error}", "use a simpler schema") from error
    return grammar
