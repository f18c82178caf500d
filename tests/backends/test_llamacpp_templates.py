"""Chat templates for files without one: the formats of their families, chosen by architecture and control tokens."""

from __future__ import annotations

import ctypes
import tracemalloc

import pytest

from localdev.backends.llamacpp.prompt import ChatTemplate
from localdev.backends.llamacpp.templates import KNOWN, PLAIN_TEMPLATE, KnownTemplate, known_template
from localdev.core.chat import Message

TALKS = [
    [Message("user", "Hi")],
    [Message("system", "Be brief."), Message("user", "Hi")],
    [Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "Yo"), Message("user", "a\n  b")],
]
BUILTIN = {"deepseek-coder": "deepseek", "mistral": "mistral-v3", "llama2": "llama2-sys"}


def builtin(name: str, talk: list[Message]) -> str:
    """Give what llama.cpp's own template of that name makes of a conversation."""
    import llama_cpp

    lines = [llama_cpp.llama_chat_message(turn.role.encode(), turn.content.encode()) for turn in talk]
    turns = (llama_cpp.llama_chat_message * len(lines))(*lines)
    buffer = ctypes.create_string_buffer(4000)
    size = llama_cpp.llama_chat_apply_template(name.encode(), turns, len(lines), True, buffer, 4000)
    return buffer.raw[:size].decode()


@pytest.mark.llama
@pytest.mark.parametrize("template", KNOWN, ids=lambda template: template.name)
@pytest.mark.parametrize("talk", TALKS, ids=["user", "system", "turns"])
def test_as_the_engine_has_it(template: KnownTemplate, talk: list[Message], llama: None) -> None:
    """Every template gives the text that llama.cpp's own of the same family gives."""
    spans = ChatTemplate(template.source, bos="<s>", eos="</s>").render(talk)
    assert "".join(text for text, _ in spans) == builtin(BUILTIN.get(template.name, template.name), talk)


CHATML = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
GEMMA = ("<start_of_turn>", "<end_of_turn>", "<bos>")


@pytest.mark.parametrize(
    ("architecture", "name", "controls", "expected"),
    [
        ("qwen2", "", CHATML, "chatml"),
        ("qwen3", "", CHATML, "chatml"),
        ("llama", "Some Base", ("<s>", "</s>", "<unk>"), "plain"),
        ("llama", "Llama 2 7b Chat", ("<s>", "</s>", "<unk>"), "llama2"),
        ("llama", "CodeLlama-13b-Instruct", ("<s>", "</s>", "<unk>"), "llama2"),
        ("llama", "CodeLlama-13b-Python", ("<s>", "</s>", "<unk>"), "plain"),
        ("llama", "Mistral-7B-Instruct-v0.1", ("<s>", "</s>"), "mistral-v1"),
        ("llama", "Mistral-7B-Instruct-v0.3", ("<s>", "</s>", "[INST]", "[/INST]"), "mistral"),
        ("llama", "", ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"), "llama3"),
        ("gemma2", "", GEMMA, "gemma"),
        ("qwen2", "", GEMMA, "plain"),
        ("phi3", "", ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"), "phi3"),
        ("llama", "deepseek-coder-6.7b", ("<|EOT|>", "<｜fim▁hole｜>"), "deepseek-coder"),
        ("granite", "", ("<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>"), "granite"),
        ("starcoder2", "", ("<|endoftext|>", "<fim_prefix>"), "plain"),
        ("gpt2", "", (), "plain"),
    ],
)
def test_which_is_taken(architecture: str, name: str, controls: tuple[str, ...], expected: str) -> None:
    """The tokens must be there, the architecture must be the family's, and letters alone need the name to tell."""
    assert known_template(architecture, name, controls).name == expected


def test_plain_turns_have_their_end() -> None:
    """Formats without a token that ends a turn end where the next would begin."""
    assert PLAIN_TEMPLATE.stop == ("\nUser:", "\nSystem:")
    assert [template.name for template in KNOWN if template.stop] == ["deepseek-coder"]


def test_nothing_is_computed_while_a_template_is_read() -> None:
    """Not even what is the same each time: only rendering is bounded in time and memory."""
    ChatTemplate("a")  # loads the library
    tracemalloc.start()
    ChatTemplate("{{ 'x' | center(20000000) }}{% set x = 'x' | center(20000000) %}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000
