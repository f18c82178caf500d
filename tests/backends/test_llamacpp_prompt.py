"""Chat templates and their tokens."""

from __future__ import annotations

from datetime import date

import pytest

from localdev.backends.llamacpp.prompt import ChatTemplate, tokenize_spans
from localdev.backends.llamacpp.templates import PLAIN
from localdev.core.chat import Message
from localdev.core.errors import BackendError, ModelError

CHATML = (
    "{%- for message in messages %}\n"
    "    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}\n"
    "{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}"
)
TALK = [Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "Yo"), Message("user", "a\n  b")]


def shown(source: str, messages: list[Message], **tokens: str) -> str:
    """Render a template to one text."""
    return "".join(text for text, _ in ChatTemplate(source, **tokens).render(messages))


def test_chatml_golden() -> None:
    """The usual template gives exactly the text models were trained on."""
    assert shown(CHATML, TALK) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYo<|im_end|>\n"
        "<|im_start|>user\na\n  b<|im_end|>\n<|im_start|>assistant\n"
    )


def test_plain_golden() -> None:
    """Without a template in the file the turns are plain."""
    assert shown(PLAIN, TALK[:2]) == "System: Be brief.\n\nUser: Hi\n\nAssistant:"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% if messages %}\n  {% set x = 1 %}\nA{{ x }}{{ messages[0].content }}\n{% endif %}\n", "A1Hi\n"),
        ("{{ messages[0].content | trim }}{{ bos_token }}{{ eos_token }}", "Hi<s></s>"),
        ("{{ messages[0].content }}{{ ['<', 'é'] | tojson }}", 'Hi["<", "é"]'),
        ("{{ messages[0].content }}{% if tools is none %}no tools{% endif %}", "Hino tools"),
        ("{{ messages[0].content }}{% if strftime_now is defined %}clock{% else %}no clock{% endif %}", "Hino clock"),
        ("{% for m in messages %}{{ m.content }}{% break %}{% endfor %}", "Hi"),
        ("{% generation %}\n{{ messages[0].content }}{% set x = 1 %}{% endgeneration %}\n{{ x }}", "Hi"),
        ("{{ messages[0].content }} {{ strftime_now('%H:%M:%S') }}", "Hi 00:00:00"),
    ],
)
def test_template_features(source: str, text: str) -> None:
    """Whitespace control, filters and names behave as templates in model files expect."""
    assert shown(source, [Message("user", "Hi")], bos="<s>", eos="</s>") == text


def test_a_date() -> None:
    """A template that must have the date gets today's."""
    before = date.today()
    text = shown("{{ messages[0].content }}{{ strftime_now('%Y-%m-%d') }}", [Message("user", "It is ")])
    assert text in {f"It is {day.isoformat()}" for day in (before, date.today())}


def test_a_refused_system_message_is_folded() -> None:
    """A template that takes no system message gets it in front of the first user message."""
    source = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    )
    assert shown(source, TALK[:2]) == "[user]Be brief.\n\nHi"
    with pytest.raises(BackendError, match="refuses the messages: no system"):
        shown(source, [TALK[0], TALK[2]])
    with pytest.raises(BackendError, match="failed: division by zero"):
        shown(source.replace("[{{ m.role }}]", "{{ 1 / 0 }}"), TALK[:2])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ raise_exception('never') }}", "refuses the messages: never"),
        ("nothing of the messages", "leaves out the user message"),
        ("{{ messages[0].content + 1 }}", "failed"),
        ("{{ messages[7].content.x }}", "failed"),
        ("{{ ''.__class__.__mro__ }}", "failed"),
        ("{{ messages.append(1) }}", "failed"),
        ("{{ 'x' * 10000000 }}", "failed: the result of . is too large"),
        ("{{ ['x'] * 10000000 }}", "too large"),
        ("{{ 9 ** 99999 }}", "too large"),
        ("{{ 10 ** 900 * 10 ** 900 }}", "failed"),
        ("{{ '%9999999d' % 1 }}", "too large"),
        ("{{ strftime_now('%99999999Y') }}", "no form of a date"),
        ("{{ strftime_now('%Y' * 60) }}", "no form of a date"),
        ("{% for a in range(999999) %}{% endfor %}", "failed"),
        ("{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}", "failed"),
    ],
)
def test_failing_templates(source: str, message: str) -> None:
    """A template that fails, drops a message or reaches out of the sandbox is an error."""
    with pytest.raises(BackendError, match=message):
        shown(source, [Message("user", "Hi")])


def test_invalid_template() -> None:
    """A template that does not parse, or not as Python, is the model file's fault."""
    for source in (
        "{% for %}",
        "{% for a in [1] %}" * 40 + "{% endfor %}" * 40,
        "{{ " + "(" * 3000 + ")" * 3000 + " }}",
    ):
        with pytest.raises(ModelError, match="not valid"):
            ChatTemplate(source)


CONTROLS = {"<|e|>": (1, False, False), "<|e|>2": (2, False, False), "<r>": (3, False, True), "<l>": (4, True, False)}


def letters(text: str) -> list[int]:
    """Tokenize by code point, as the plain-text tokenizer of these tests."""
    return [ord(letter) for letter in text]


@pytest.mark.parametrize(
    ("spans", "tokens"),
    [
        ([("<|e|>a", False), ("<|e|>", True), ("<|e|>", False)], [1, *letters("a<|e|>"), 1]),
        ([("<|e|>2<|e|>", False)], [2, 1]),
        ([("<r>\n", False), ("  x", True), (" y", False)], [3, *letters("x y")]),
        ([("a \n<l> b", False)], [*letters("a"), 4, *letters(" b")]),
        ([("plain", False), (" text", True)], letters("plain text")),
        ([("<|", False), ("e|>", True)], letters("<|e|>")),
        ([], []),
    ],
)
def test_control_tokens_come_from_the_template_only(spans: list[tuple[str, bool]], tokens: list[int]) -> None:
    """The longest control token wins, blanks beside it go where the vocabulary says so, and messages have none."""
    assert tokenize_spans(spans, CONTROLS, letters) == tokens


def test_plain_text_is_tokenized_in_one_piece() -> None:
    """The border between template and message is no border for the tokenizer."""
    seen: list[str] = []

    def tokenize(text: str) -> list[int]:
        seen.append(text)
        return []

    tokenize_spans([("<|e|>user\n", False), ("\n\nHi", True), ("<|e|>\n", False)], CONTROLS, tokenize)
    assert seen == ["user\n\n\nHi", "\n"]
