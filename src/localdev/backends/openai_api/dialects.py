"""What servers add to OpenAI's API or do their own way. What is known of none of them is not used with any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of server wants to be asked.

    `schema` is the form of a JSON schema, `grammar` the field that takes GBNF (empty for none), `fim` how text is
    filled in, `adapters` how LoRA adapters are chosen. `samplers` are the names of samplers beyond OpenAI's with the
    value that changes nothing: such a server has other defaults, so they are always sent. `cut` is the field
    that makes it cut a text to embed to so many tokens. `stops` is the most stop strings it takes.
    """

    kind: str
    schema: Literal["json_schema", "grammar", "value"] = "json_schema"
    grammar: Literal["", "grammar", "structured_outputs", "guided_grammar"] = ""
    fim: Literal["", "suffix", "infill"] = ""
    adapters: Literal["", "models", "lora"] = ""
    samplers: Mapping[str, float] = field(default_factory=dict)
    cut: str = ""
    stops: int = 1000


_LLAMA_SAMPLERS = {"top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0}
_VLLM = Dialect(
    "vllm",
    grammar="structured_outputs",
    adapters="models",
    samplers={"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0},
    cut="truncate_prompt_tokens",
)
DIALECTS: dict[str, Dialect] = {
    "vllm": _VLLM,
    # Before version 0.11 the grammar stood in a field of its own.
    "vllm-old": Dialect("vllm", grammar="guided_grammar", adapters="models", samplers=_VLLM.samplers, cut=_VLLM.cut),
    "llama-server": Dialect("llama-server", grammar="grammar", fim="infill", adapters="lora", samplers=_LLAMA_SAMPLERS),
    "llama_cpp.server": Dialect(
        # Its own turning of a schema into a grammar lets through what is no JSON: control characters in texts.
        "llama_cpp.server",
        schema="grammar",
        grammar="grammar",
        fim="suffix",
        samplers=_LLAMA_SAMPLERS,
    ),
    "tgi": Dialect("tgi", schema="value"),
    "lmstudio": Dialect("lmstudio", fim="suffix"),
    # OpenAI's own API takes four stop strings; the backend looks for all of them itself.
    "": Dialect("", fim="suffix", stops=4),
}
