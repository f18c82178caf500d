"""Judges what a GGUF file says of itself, beyond its structure and its chat template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from localdev.models.findings import Finding
from localdev.models.gguf import GgufHeader
from localdev.models.passport import embeds
from localdev.models.vetting.known import ARCHITECTURES, SPLITTERS, TOKENIZERS

# What moves a terminal's cursor or sets its colours or title: ESC, and the one-byte forms of what ESC begins (DCS, SOS,
# CSI, OSC, PM and APC).
_ESCAPE = re.compile("[\x1b\x90\x98\x9b\x9d-\x9f]")
# Control characters other than tabulator and line ends; what turns the direction of writing round; what has no width
# or no ink; and the letters of tags and selectors of variants, with which whole sentences can be written unseen. The
# joiners U+200C and U+200D are part of words and of emoji, and so is the selector U+FE0F.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_ADDRESS = re.compile(r"\bhttps?://([\w.-]+)", re.IGNORECASE)
_MOST_NAMED = 5
_LONGEST_SHOWN = 80
TEMPLATE = "tokenizer.chat_template"
# `general.type` of files that are not models, and what they are.
KINDS = {
    "adapter": "an adapter (LoRA): it changes a model and is none itself",
    "mmproj": "a projector: the eyes or ears of a model, and no model itself",
    "vocab": "a vocabulary alone",
}


def metadata_findings(header: GgufHeader) -> list[Finding]:
    """List what stands out in the metadata."""
    texts = {
        key: value
        for key, value in header.metadata.items()
        if isinstance(value, str) and not key.startswith(TEMPLATE)  # templates are looked at on their own
    }
    return [
        *_kind(header),
        *_hidden(texts),
        *_licence(texts),
        *_template(header),
        *_unknown(header, texts),
        *_addresses(texts),
    ]


def _kind(header: GgufHeader) -> Iterator[Finding]:
    """Name what is no model."""
    kind = "mmproj" if header.architecture == "clip" else header.kind
    if kind == "model" and not header.tensor_count:
        kind = "vocab"
    if kind != "model":
        yield Finding("kind", "note", f"it is {KINDS.get(kind, f'of the kind {shown(kind)!r}, and no model')}")


def _hidden(texts: Mapping[str, str]) -> Iterator[Finding]:
    """Name texts that are not what a screen shows of them; keys are ASCII, or the file was refused."""
    for key, text in texts.items():
        if found := _ESCAPE.search(text):
            said = f"{shown(key)} holds a terminal escape sequence at character {found.start()}: it could forge output"
            yield Finding("metadata-escape", "refuse", said)
        elif found := _HIDDEN.search(text):
            said = f"{shown(key)} holds the invisible character U+{ord(found[0]):04X} at {found.start()}"
            yield Finding("metadata-hidden", "warn", said)


def _licence(texts: Mapping[str, str]) -> Iterator[Finding]:
    """Say what licence the file states."""
    stated = [texts.get(f"general.license{part}", "") for part in ("", ".name", ".link")]
    named = ", ".join(dict.fromkeys(shown(each) for each in stated if each))
    if named:
        yield Finding("licence", "note", f"it states {named}")
    else:
        yield Finding("licence-missing", "note", "it states no licence: look for it where the file came from")


def _template(header: GgufHeader) -> Iterator[Finding]:
    """Say that a model which could chat brings no template."""
    writes = header.kind == "model" and header.tensor_count and not embeds(header.architecture)
    if writes and not header.chat_template:
        yield Finding(
            "template-absent", "note", "it brings no chat template; a model of that kind completes texts only"
        )


def _unknown(header: GgufHeader, texts: Mapping[str, str]) -> Iterator[Finding]:
    """Name what llama.cpp does not know: the file is not bad for that, but may not load."""
    tokenizer, splitter = texts.get("tokenizer.ggml.model", ""), texts.get("tokenizer.ggml.pre", "")
    said = []
    if header.kind in ("model", "adapter") and header.architecture not in ARCHITECTURES | {"clip"}:
        said.append(f"the architecture {shown(header.architecture)!r}")
    if tokenizer and tokenizer not in TOKENIZERS:
        said.append(f"the tokenizer {shown(tokenizer)!r}")
    # Only tokenizers of this kind look at the other name.
    if tokenizer == "gpt2" and splitter and splitter not in SPLITTERS:
        said.append(f"the way to split texts {shown(splitter)!r}")
    if said:
        yield Finding(
            "unknown-name", "note", f"{' and '.join(said)} are not among those known here; it may need a newer engine"
        )


def _addresses(texts: Mapping[str, str]) -> Iterator[Finding]:
    """Name the sites its metadata points at."""
    sites = sorted({site.lower() for text in texts.values() for site in _ADDRESS.findall(text)})
    if sites:
        named = ", ".join(shown(site) for site in sites[:_MOST_NAMED])
        more = f" and {len(sites) - _MOST_NAMED} more" if len(sites) > _MOST_NAMED else ""
        yield Finding("metadata-address", "note", f"its metadata names addresses at {named}{more}; none is opened")


def shown(text: str) -> str:
    """Give a foreign text in a form that is safe on one line of a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text[:_LONGEST_SHOWN])
