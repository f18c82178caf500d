"""From messages to tokens: the model's chat template, rendered so that control tokens come from the template alone.

The template is rendered with a stand-in for each message's text. In what comes out, control tokens are looked for only
between the stand-ins; the texts are then put in their places as plain text. A user who writes `<|im_end|>` has written
ten characters, not the end of a turn.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, time
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NoReturn

from localdev.backends.llamacpp.engine import Engine
from localdev.backends.llamacpp.templates import known_template
from localdev.core.chat import Message
from localdev.core.errors import BackendError, ModelError
from localdev.core.template_dialect import dialect

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

_LARGEST = 1_000_000  # letters, items or a number that a template may get by multiplying
# Stand-ins are numbers between two characters that Unicode keeps out of texts for good.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_STAND_IN = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_ASKS_FOR_CLOCK = re.compile(r"strftime_now\s+is\s+(?:not\s+)?defined")
_LONGEST_DATE = 100
_DATE_FORMAT = re.compile(r"(?:[^%]|%-?[A-Za-z%])*")
_HINT = "use another model, or a file of this model with a corrected chat template"
# What a template can make Python raise; endless recursion and texts beyond all memory are among it.
_FAULTS = (
    TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError, MemoryError, SyntaxError,
)  # fmt: skip


class ChatTemplate:
    """A compiled chat template; `source` is Jinja as in `tokenizer.chat_template`, `bos` and `eos` their texts."""

    def __init__(self, source: str, *, bos: str = "", eos: str = "") -> None:
        import jinja2

        environment = _sandbox()(
            **dialect(),
            # So that no constant is computed in output either, where nothing bounds its size.
            finalize=jinja2.pass_context(lambda _context, value: value),
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _raise_exception
        # A prompt that changes every day is read anew every day: templates that have a fixed date of their own, for
        # where there is no clock, are given none.
        if not _ASKS_FOR_CLOCK.search(source):
            environment.globals["strftime_now"] = _today
        self._fixed = {"bos_token": bos, "eos_token": eos, "tools": None, "documents": None}
        try:
            self._template = environment.from_string(source)
        except (jinja2.TemplateError, *_FAULTS) as error:
            raise ModelError(f"the model's chat template is not valid: {_said(error)}", _HINT) from error

    def render(self, messages: Sequence[Message]) -> list[tuple[str, bool]]:
        """Give the prompt as (text, whether it is a message's) in order, ready for the model's answer.

        A template that refuses a system message is given it in front of the first user message.

        Raises:
            BackendError: the template refuses the messages or leaves one out.
        """
        import jinja2

        try:
            try:
                return self._render(messages)
            except _Refused:
                folded = _fold_system(messages)
                if folded is None:
                    raise
                return self._render(folded)
        except _Refused as refusal:
            raise BackendError(f"the model's chat template refuses the messages: {refusal}", _HINT) from refusal
        except (jinja2.TemplateError, *_FAULTS) as error:
            raise BackendError(f"the model's chat template failed: {_said(error)}", _HINT) from error

    def _render(self, messages: Sequence[Message]) -> list[tuple[str, bool]]:
        """Render once."""
        texts = [message.content for message in messages]
        stand_ins = [f"{_OPEN}{number}{_CLOSE}" if text else "" for number, text in enumerate(texts)]
        turns = [{"role": message.role, "content": mark} for message, mark in zip(messages, stand_ins, strict=True)]
        rendered = self._template.render(messages=turns, add_generation_prompt=True, **self._fixed)
        missing = [message.role for message, mark in zip(messages, stand_ins, strict=True) if mark not in rendered]
        if missing:
            raise BackendError(f"the model's chat template leaves out the {missing[0]} message", _HINT)
        spans = []
        for number, part in enumerate(_STAND_IN.split(rendered)):
            spans.append((texts[int(part)], True) if number % 2 else (part, False))
        return [span for span in spans if span[0]]


def _sandbox() -> type[ImmutableSandboxedEnvironment]:
    """Give the sandbox: beyond Jinja's own limits, what templates get by multiplying stays small.

    A template that loops without end, or grows a text step by step, ends with the process that contains the engine.
    """
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        """A sandbox in which no operation makes something huge."""

        intercepted_binops = frozenset({"*", "**", "%", "<<"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            """Multiply, or refuse to."""
            if not _small(operator, left, right):
                raise SecurityError(f"the result of {operator} is too large")
            return super().call_binop(context, operator, left, right)

    return Sandbox


def _small(operator: str, left: Any, right: Any) -> bool:
    """Say whether an operation gives something of a size that a prompt can need."""
    if operator == "%" and isinstance(left, str):
        return "*" not in left and not re.search(r"%[^a-zA-Z]*\d{4}", left)
    sizes = [abs(each) if isinstance(each, int | float) else len(each) for each in (left, right) if _has_size(each)]
    if operator == "**":
        return all(size <= 1000 for size in sizes)
    return operator == "%" or math.prod(sizes) <= _LARGEST


def _has_size(value: Any) -> bool:
    """Say whether a value is a number, or something with a length."""
    return isinstance(value, int | float | str | bytes | list | tuple)


def _said(error: BaseException) -> str:
    """Give what an error says, or its name where it says nothing."""
    return str(error) or type(error).__name__


class _Refused(Exception):
    """A template called `raise_exception`."""


def _raise_exception(message: str) -> NoReturn:
    """What templates call when they cannot take the messages."""
    raise _Refused(message)


def _today(form: str) -> str:
    """Give today's date in the form of `strftime`, its time always midnight: a prompt is to be the same all day."""
    if len(form) > _LONGEST_DATE or not _DATE_FORMAT.fullmatch(form):  # widths could make it as long as memory
        raise ValueError(f"{form[:_LONGEST_DATE]!r} is no form of a date")
    return datetime.combine(date.today(), time()).strftime(form)


def _to_json(value: Any, indent: int | None = None) -> str:
    """Write JSON as chat templates expect it: without HTML escapes."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _fold_system(messages: Sequence[Message]) -> list[Message] | None:
    """Put a leading system message in front of the user message after it; None where that is not the shape."""
    if len(messages) < 2 or messages[0].role != "system" or messages[1].role != "user":
        return None
    return [Message("user", f"{messages[0].content}\n\n{messages[1].content}"), *messages[2:]]


ControlTokens = dict[str, tuple[int, bool, bool]]
Rendering = Callable[[], AbstractContextManager[None]]


def tokenize_spans(
    spans: Sequence[tuple[str, bool]], controls: ControlTokens, tokenize: Callable[[str], list[int]]
) -> list[int]:
    """Turn rendered spans into tokens; `controls` are recognised outside the messages' texts only.

    Text between two control tokens is tokenized as a whole, across the borders of messages, as if never taken apart.
    """
    markup = "".join(text for text, is_message in spans if not is_message)
    present = sorted((text for text in controls if text in markup), key=len, reverse=True)
    splitter = re.compile("(" + "|".join(map(re.escape, present)) + ")") if present else None
    tokens: list[int] = []
    plain, swallow = "", False

    def flush() -> None:
        nonlocal plain
        tokens.extend(tokenize(plain) if plain else ())
        plain = ""

    for text, is_message in spans:
        for part in [text] if is_message or splitter is None else splitter.split(text):
            if not is_message and part in controls:
                token, before, after = controls[part]
                plain = plain.rstrip() if before else plain
                flush()
                tokens.append(token)
                swallow = after
            elif part:
                plain += part.lstrip() if swallow else part
                swallow = swallow and not plain
    flush()
    return tokens


class PromptBuilder:
    """Makes prompts for one loaded model; `stop` are texts that end an answer besides those of the request."""

    stop: tuple[str, ...]

    def __init__(self, engine: Engine, rendering: Rendering) -> None:
        """Take the model's template; each time one is rendered this happens within a new `rendering()`."""
        self._engine = engine
        self._rendering = rendering
        self._controls: ControlTokens | None = None
        source, self.template_name = engine.template, "from the file"
        self.stop = ()
        if not source:
            known = known_template(
                engine.metadata("general.architecture"), engine.metadata("general.name"), self._control_tokens()
            )
            source, self.stop = known.source, known.stop
            self.template_name = f"{known.name} (the file has none)"
        self._template = ChatTemplate(source, bos=engine.text_of(engine.bos), eos=engine.text_of(engine.eos))

    def _control_tokens(self) -> ControlTokens:
        """Give the control tokens: 0.1 s for a vocabulary of 150,000, so once, and not at loading if it can wait."""
        if self._controls is None:
            self._controls = self._engine.control_tokens()
        return self._controls

    def chat(self, messages: Sequence[Message]) -> list[int]:
        """Give the tokens of a conversation that the model is to answer, with one BOS where the model wants it."""
        with self._rendering():
            spans = self._template.render(messages)
        return self._with_bos(tokenize_spans(spans, self._control_tokens(), self._engine.tokenize))

    def stable(self, messages: Sequence[Message], tokens: Sequence[int]) -> int:
        """Say how many of a conversation's `tokens` come from its system message alone, whatever is asked behind it."""
        if len(messages) < 2 or messages[0].role != "system":
            return 0
        other = self.chat([messages[0], Message("user", "?")])
        same = takewhile(lambda pair: pair[0] == pair[1], zip(tokens, other, strict=False))
        return sum(1 for _ in same)

    def fill_in(self, prefix: str, suffix: str) -> list[int]:
        """Give the tokens that ask for the text between `prefix` and `suffix`."""
        before, after, middle = self._engine.fim
        if min(before, after, middle) < 0:
            raise ModelError("this model has no fill-in-the-middle tokens", "use a code model that was trained for it")
        asked = [before, *self._engine.tokenize(prefix), after, *self._engine.tokenize(suffix), middle]
        return self._with_bos(asked)

    def _with_bos(self, tokens: list[int]) -> list[int]:
        """Put BOS in front, unless the template printed it or the model does without."""
        bos = self._engine.bos
        if self._engine.add_bos and bos >= 0 and tokens[:1] != [bos]:
            return [bos, *tokens]
        return tokens
