"""The in-process backend: a GGUF file run by llama.cpp."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from localdev.backends.llamacpp.adapters import AdapterShelf
from localdev.backends.llamacpp.answer import Answer, PlainSteps
from localdev.backends.llamacpp.engine import Engine, Interrupted
from localdev.backends.llamacpp.lookup import LookupSteps
from localdev.backends.llamacpp.prefix import Kept, open_keeper
from localdev.backends.llamacpp.prompt import PromptBuilder, Rendering
from localdev.backends.llamacpp.sampling import Sampler, sampler
from localdev.backends.llamacpp.schema import schema_grammar
from localdev.backends.llamacpp.turns import Turns
from localdev.backends.options import BackendOptions
from localdev.core.chat import ChatRequest, ModelInfo, Usage
from localdev.core.errors import BackendError, ContextOverflow, ModelError, NotFound, UsageError
from localdev.core.events import BackendEvent, Finished, Progress
from localdev.core.logs import log_warning

MOST_GUESSED = 64
_CLOSED = "the model was closed"


class LlamaCppBackend:
    """Runs one GGUF file. Requests of several threads take turns; the state of a common prefix is kept between them."""

    def __init__(
        self,
        path: Path,
        options: BackendOptions | None = None,
        *,
        rendering: Rendering = contextlib.nullcontext,
        warn: Callable[[str], None] = log_warning,
    ) -> None:
        """Load the model.

        Each time its chat template is rendered this happens within a new `rendering()`; `warn` is told of what goes
        wrong beside the answers.

        Raises:
            NotFound, ModelError: there is no such file, it is not GGUF, or llama.cpp refuses it.
            MissingExtra: llama-cpp-python is not installed.
            UsageError: a window larger than the model's own is asked for.
        """
        wanted = options or BackendOptions()
        check_magic(path)
        self._engine = Engine(path, wanted.engine, window=wanted.context_window)
        try:
            most = _window(wanted.context_window, self._engine.trained_window, path)
            self._most = min(most, self._engine.plan.window or most)
            self._prompts = PromptBuilder(self._engine, rendering)
            self._adapters = AdapterShelf(self._engine)
            self._prefixes = open_keeper(self._engine, path, options=wanted, warn=warn)
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
            capabilities=frozenset({"chat", "schema", "grammar", "seed", "logprobs", "adapter"} | fim),
            placement=self._engine.placement,
        )
        self._lookup = _lookup(wanted.engine.lookup)
        engine = self._engine
        self._turns = Turns(stop=engine.interrupt, clear=engine.resume, free=engine.close)

    def describe(self) -> ModelInfo:
        """Say which model this is, its window and where its chat template is from."""
        return self._info

    def count_tokens(self, text: str) -> int:
        """Count the tokens of plain text; may be called while an answer is streamed."""
        if self._turns.ended:
            raise BackendError(_CLOSED, "open it again")
        return len(self._engine.tokenize(text))

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Yield the answer as it comes, then one `Finished`.

        Nothing is evaluated ahead: a token is computed when the next event is asked for, so closing the iterator stops
        the engine at once. The answer ends with reason `length` at `max_tokens` or at the end of the window, and with
        `cancelled` after `cancel`. Of a request for no tokens that has a cache key only the stable beginning is made
        ready.

        Raises:
            ContextOverflow: the prompt leaves no room in the window for an answer; nothing is cut off.
            CutShort: the answer to a schema came to its most tokens before it was whole.
            ModelError, UsageError: the model or this version cannot do what the request asks for.
            BackendError: the engine failed or was closed.
        """
        grammar = _grammar(request)
        with self._turns.turn(request) as mine:
            if self._turns.ended:
                raise BackendError(_CLOSED, "open it again")
            if not mine:
                yield Finished("cancelled", Usage())
                return
            self._adapters.use(request.adapter)
            prompt = self._prompt(request)
            limit = self._make_room(len(prompt), request.sampling.max_tokens)
            with sampler(self._engine, request.sampling, grammar, prompt=prompt) as drawn:
                try:
                    yield from self._generate(prompt, request, drawn, limit)
                finally:
                    self._prefixes.settle()

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """End the stream of `request`, be it running or waiting, or all streams; may be called from any thread.

        It ends within a token, also while the prompt is evaluated, with the reason `cancelled`. False where there is
        no such stream.
        """
        return self._turns.cancel(request)

    def close(self) -> None:
        """Free the model; an answer that is being streamed ends within a token and frees it."""
        self._turns.end()

    def _make_room(self, prompt: int, wanted: int) -> int:
        """See that the context takes a prompt and its answer; give the most tokens the answer may have."""
        if not prompt:  # the engine would end the process: there is nothing to draw the next token from
            raise BackendError("the model's chat template gave an empty prompt", "use another model")
        room = self._most - prompt
        if room < 1:
            raise ContextOverflow(
                f"the request has {prompt} tokens, the window of {self._info.name} is {self._most}",
                "ask for less context, or use a model with a larger window",
            )
        limit = max(0, min(wanted, room))
        self._engine.make_room(prompt + limit, self._most)
        return limit

    def _generate(self, prompt: list[int], request: ChatRequest, drawn: Sampler, limit: int) -> Iterator[BackendEvent]:
        """Evaluate the prompt and give the answer to it."""
        answer = Answer(self._engine, request, self._prompts.stop if request.messages else ())
        kept = 0
        try:
            how = self._kept(request, prompt)
            ready = not limit and how.stable
            kept = self._prefixes.prepare(prompt, how) if ready else (yield from self._read(prompt, how))
            guess = self._lookup and not self._engine.recurrent
            steps = LookupSteps(self._engine, drawn, prompt, self._lookup) if guess else PlainSteps(self._engine, drawn)
            yield from answer.pieces(steps, limit)
        except Interrupted:
            if self._turns.ended:
                raise BackendError(_CLOSED, "ask again") from None
            answer.reason = "cancelled"
        yield from answer.rest()
        yield Finished(answer.reason, Usage(len(prompt), kept, answer.made))

    def _read(self, prompt: list[int], how: Kept) -> Generator[Progress, None, int]:
        """Evaluate a prompt, telling how far it is where that takes more than a step; give how many were kept."""
        steps = self._prefixes.begin(prompt, how)
        while True:
            try:
                held = next(steps)
            except StopIteration as done:
                kept: int = done.value
                return kept
            if held < len(prompt):
                yield Progress("reading the prompt", held, len(prompt), "tokens")

    def _kept(self, request: ChatRequest, prompt: list[int]) -> Kept:
        """Say how the state of this request is kept: beyond the next one where the request names a stable prefix."""
        lasting = bool(request.cache_key)
        stable = self._prompts.stable(request.messages, prompt) if lasting else 0
        return Kept(request.owner, lasting, stable)

    def _prompt(self, request: ChatRequest) -> list[int]:
        """Give the tokens of the request."""
        if request.messages:
            return self._prompts.chat(request.messages)
        if not request.prefix and not request.suffix:
            raise UsageError("the request is empty", "give messages, or a prefix and a suffix")
        return self._prompts.fill_in(request.prefix, request.suffix)


def check_magic(path: Path) -> None:
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


def _lookup(most: int) -> int:
    """Check the number of tokens to guess: more than a short batch would cost more than they gain."""
    if not 0 <= most <= MOST_GUESSED:
        raise UsageError(f"lookup is {most}", f"give 0 (off) to {MOST_GUESSED} tokens")
    return most


def _grammar(request: ChatRequest) -> str:
    """Give the grammar of the answer, empty for free text; a JSON schema is turned into one."""
    if request.schema is None:
        return request.grammar
    if request.grammar:
        raise UsageError("the request has both a schema and a grammar", "give one of them")
    return schema_grammar(request.schema)
