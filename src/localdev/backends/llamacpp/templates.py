"""Chat templates for model files that hold none, chosen by the architecture and by the control tokens there are.

Each is the format that its makers publish for the model family. A model without its family's tokens was not trained to
take turns in that way, so it gets plain ones.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

_GENERATE = "{% if add_generation_prompt %}"
PLAIN = (
    "{% for message in messages %}{{ message['role'] | capitalize }}: {{ message['content'] }}\n\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
_NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no system message') }}{% endif %}"


@dataclass(frozen=True, slots=True)
class KnownTemplate:
    """A template by name; `architectures` empty means any, `words` are some that the model's own name must hold.

    `stop` are texts in front of which an answer ends, for formats whose turns end with no token of their own.
    """

    name: str
    source: str
    tokens: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()

    def fits(self, architecture: str, name: str, controls: Collection[str]) -> bool:
        """Say whether this is the template of a model."""
        return (
            all(token in controls for token in self.tokens)
            and (not self.architectures or architecture in self.architectures)
            and (not self.words or any(word in name.lower() for word in self.words))
        )


PLAIN_TEMPLATE = KnownTemplate("plain", PLAIN, stop=("\nUser:", "\nSystem:"))
KNOWN = (
    KnownTemplate(
        "chatml",
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>{{ '\\n' }}{% endfor %}"
        f"{_GENERATE}<|im_start|>assistant{{{{ '\\n' }}}}{{% endif %}}",
        ("<|im_start|>", "<|im_end|>"),
    ),
    KnownTemplate(
        "llama3",
        "{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
        "{{ m.content }}<|eot_id|>{% endfor %}"
        f"{_GENERATE}<|start_header_id|>assistant<|end_header_id|>{{{{ '\\n\\n' }}}}{{% endif %}}",
        ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    ),
    KnownTemplate(
        "gemma",
        _NO_SYSTEM + "{% for m in messages %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
        "{{ m.content }}<end_of_turn>{{ '\\n' }}{% endfor %}"
        f"{_GENERATE}<start_of_turn>model{{{{ '\\n' }}}}{{% endif %}}",
        ("<start_of_turn>", "<end_of_turn>"),
        ("gemma", "gemma2", "gemma3", "gemma3n"),
    ),
    KnownTemplate(
        "phi3",
        "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>{{ '\\n' }}{% endfor %}"
        f"{_GENERATE}<|assistant|>{{{{ '\\n' }}}}{{% endif %}}",
        ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
        ("phi3", "phimoe"),
    ),
    KnownTemplate(
        "command-r",
        "{% set names = {'system': 'SYSTEM', 'user': 'USER', 'assistant': 'CHATBOT'} %}{% for m in messages %}"
        "<|START_OF_TURN_TOKEN|><|{{ names[m.role] }}_TOKEN|>{{ m.content }}<|END_OF_TURN_TOKEN|>{% endfor %}"
        f"{_GENERATE}<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{{% endif %}}",
        ("<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|SYSTEM_TOKEN|>", "<|USER_TOKEN|>", "<|CHATBOT_TOKEN|>"),
        ("command-r", "cohere2"),
    ),
    KnownTemplate(
        "granite",
        "{% for m in messages %}<|start_of_role|>{{ m.role }}<|end_of_role|>{{ m.content }}<|end_of_text|>"
        f"{{{{ '\\n' }}}}{{% endfor %}}{_GENERATE}<|start_of_role|>assistant<|end_of_role|>{{% endif %}}",
        ("<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>"),
    ),
    KnownTemplate(
        "deepseek-coder",
        "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% elif m.role == 'user' %}"
        "### Instruction:\n{{ m.content }}{{ '\\n' }}{% else %}### Response:\n{{ m.content }}\n<|EOT|>{{ '\\n' }}"
        f"{{% endif %}}{{% endfor %}}{_GENERATE}### Response:{{{{ '\\n' }}}}{{% endif %}}",
        ("<|EOT|>",),
        ("llama",),
        stop=("\n### Instruction:",),
    ),
    KnownTemplate(
        "mistral",
        _NO_SYSTEM + "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }}[/INST]{% else %} "
        "{{ m.content }}{{ eos_token }}{% endif %}{% endfor %}",
        ("[INST]", "[/INST]"),
    ),
    # Llama 2 and the first Mistral spell their markers in plain letters, so the model's own name has to tell.
    KnownTemplate(
        "llama2",
        "{% for m in messages %}{% if m.role == 'system' %}[INST] <<SYS>>\n{{ m.content }}\n<</SYS>>{{ '\\n\\n' }}"
        "{% elif m.role == 'user' %}{% if loop.first or loop.previtem.role != 'system' %}[INST] {% endif %}"
        "{{ m.content }} [/INST]{% else %}{{ m.content }}{{ eos_token }}{% endif %}{% endfor %}",
        ("<s>", "</s>"),
        ("llama",),
        ("llama-2", "llama 2", "codellama"),
    ),
    KnownTemplate(
        "mistral-v1",
        _NO_SYSTEM + "{% for m in messages %}{% if m.role == 'user' %} [INST] {{ m.content }} [/INST]{% else %} "
        "{{ m.content }}{{ eos_token }}{% endif %}{% endfor %}",
        ("<s>", "</s>"),
        ("llama",),
        ("mistral", "mixtral"),
    ),
)
_BASE = ("chat", "instruct")  # words without which a model of letters alone is taken for one that only goes on


def known_template(architecture: str, name: str, controls: Collection[str]) -> KnownTemplate:
    """Give the template for a model by its architecture, its own name and its control tokens; plain where none fits."""
    for template in KNOWN:
        if template.fits(architecture, name, controls) and (
            not template.words or any(word in name.lower() for word in _BASE)
        ):
            return template
    return PLAIN_TEMPLATE
