"""What vetting finds in GGUF files beyond their structure, what it refuses, and what can be accepted."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from localdev.core.errors import ModelError, NotFound, UsageError
from localdev.models.findings import Finding
from localdev.models.vetting.templates import RULES
from localdev.models.vetting.vet import ACCEPTABLE, Vetted, vet, vet_or_refuse
from scripts.hostile.headers import split_part
from tests.backends.lora import write_adapter
from tests.models.conftest import TINY, Pair, gguf, pair, tensor, text

Write = Callable[..., Path]
LLAMA = pair("general.architecture", "llama")
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
)
ON_A_DATE = "{% if strftime_now('%Y') == '2027' %}{{ 'x' }}{% endif %}" + CHATML


def texts(key: str, values: Sequence[str]) -> Pair:
    """Make a metadata pair of a list of strings."""
    return key, 9, struct.pack("<IQ", 8, len(values)) + b"".join(map(text, values))


def found(vetted: Vetted, rule: str) -> Finding:
    """Give the only finding of a rule."""
    [finding] = [each for each in vetted.findings if each.rule == rule]
    return finding


def rules(vetted: Vetted) -> set[str]:
    """Give the rules that found something."""
    return {each.rule for each in vetted.findings}


def test_the_tiny_model(tmp_path: Path) -> None:
    """A good file is read whole: header, template and licence; what there is to say of it are notes."""
    vetted = vet_or_refuse(TINY)
    assert vetted.model is not None and vetted.model.header.architecture == "llama"
    assert vetted.model.parts == (TINY,)
    assert (vetted.format, vetted.refusal(), len(vetted.template_digest)) == ("a GGUF file", None, 64)
    assert found(vetted, "licence").message.endswith("Python-2.0")
    assert {each.severity for each in vetted.findings} == {"note"}
    with pytest.raises(NotFound, match="no-such"):
        vet(tmp_path / "no-such.gguf")


@pytest.mark.parametrize(
    ("pairs", "rule", "severity", "said"),
    [
        ([], "licence-missing", "note", "states no licence"),
        ([], "template-absent", "note", "brings no chat template"),
        (
            [pair("general.license", "mit"), pair("general.license.link", "https://x.example/l")],
            "licence",
            "note",
            "mit",
        ),
        ([pair("general.name", "a\x1b[31mb")], "metadata-escape", "refuse", "general.name holds a terminal escape"),
        ([pair("general.name", "a\u202eb")], "metadata-hidden", "warn", "U+202E at 1"),
        ([pair("general.author", "a\U000e0041b")], "metadata-hidden", "warn", "U+E0041 at 1"),
        ([pair("general.description", "a\x07")], "metadata-hidden", "warn", "U+0007"),
        ([pair("general.description", "a\u200fb")], "metadata-hidden", "warn", "U+200F at 1"),
        ([pair("general.description", "a\U000e0101b")], "metadata-hidden", "warn", "U+E0101 at 1"),
        ([pair("general.description", "a\u3164b")], "metadata-hidden", "warn", "U+3164 at 1"),
        ([pair("general.url", "https://Example.com/a")], "metadata-address", "note", "addresses at example.com;"),
        ([pair("tokenizer.ggml.model", "runes")], "unknown-name", "note", "the tokenizer 'runes'"),
        (
            [pair("tokenizer.ggml.model", "gpt2"), pair("tokenizer.ggml.pre", "runes")],
            "unknown-name",
            "note",
            "the way to split texts 'runes'",
        ),
        ([pair("general.type", "mmproj")], "kind", "note", "a projector"),
        ([pair("general.type", "adapter")], "kind", "note", "an adapter (LoRA)"),
        ([pair("general.type", "x\x85")], "kind", "note", "of the kind 'x?'"),
    ],
)
def test_metadata(pairs: list[Pair], rule: str, severity: str, said: str, write: Write) -> None:
    """Each thing that stands out is found once, as grave as it is."""
    vetted = vet(write(gguf([LLAMA, *pairs])))
    finding = found(vetted, rule)
    assert (finding.severity, finding.message.isprintable()) == (severity, True)
    assert said in finding.message
    assert (vetted.refusal() is not None) == (severity == "refuse")


def test_what_does_not_stand_out(write: Write) -> None:
    """Line ends in a description, letters of all scripts and known names are nothing to tell of."""
    pairs = [
        pair("general.description", "Zeile 1\nZeile 2\r\n\tя 語 é می\u200cخواهم ❤\ufe0f"),
        pair("general.license", "mit"),
        pair("tokenizer.ggml.model", "llama"),
        pair("tokenizer.ggml.pre", "whatever, for this tokenizer does not look at it"),
        pair("tokenizer.chat_template", CHATML),
    ]
    assert rules(vet(write(gguf([LLAMA, *pairs])))) == {"licence"}


def test_an_unknown_architecture_is_a_note(write: Write) -> None:
    """A file for an engine of tomorrow is no bad file; files for search need no template."""
    vetted = vet(write(gguf([pair("general.architecture", "llama99")])))
    assert found(vetted, "unknown-name").severity == "note"
    assert "template-absent" not in rules(vet(write(gguf([pair("general.architecture", "bert")]))))


def test_an_importance_matrix_is_named(write: Write) -> None:
    """Such files are GGUF without an architecture; a broken one is refused as broken."""
    matrix = gguf([pair("general.type", "imatrix")])
    with pytest.raises(ModelError, match="is an importance matrix: it guides the making of smaller models"):
        vet_or_refuse(write(matrix))
    with pytest.raises(ModelError, match="truncated"):
        vet_or_refuse(write(matrix[:-64]))


def test_an_adapter_is_named(tmp_path: Path) -> None:
    """A LoRA passes as what it is: where it belongs is for who opens it to say."""
    vetted = vet_or_refuse(write_adapter(tmp_path / "lora.gguf"))
    assert found(vetted, "kind").message.startswith("it is an adapter (LoRA)")
    assert "template-absent" not in rules(vetted)


def test_a_file_without_weights(write: Write) -> None:
    """A vocabulary alone is named."""
    vetted = vet(write(gguf([LLAMA], tensors=[], data=b"")))
    assert found(vetted, "kind").message == "it is a vocabulary alone"


def test_odd_tokens_are_counted(write: Write) -> None:
    """Escapes count in every token, invisible characters in those that steer the model."""
    tokens = ["a", "\x1b[31m", "<|im\u200b_end|>", "zero\u200bwidth", "\u202e"]
    types = struct.pack("<IQ5i", 5, 5, 1, 1, 3, 1, 4)
    vetted = vet(write(gguf([LLAMA, texts("tokenizer.ggml.tokens", tokens), ("tokenizer.ggml.token_type", 9, types)])))
    assert found(vetted, "token-odd") == Finding(
        "token-odd",
        "note",
        "1 of its tokens hold terminal escape sequences and "
        "2 of its tokens steer the model and hold invisible characters",
    )
    assert vetted.refusal() is None


def test_what_follows_the_last_tensor(write: Write) -> None:
    """Padding is nothing, further zeros are a note, anything else is a warning, a zip archive is refused."""
    assert "file-trailing" not in rules(vet(write(gguf())))
    padded = gguf(tensors=[tensor("a", [33])], data=bytes(132))
    assert "file-trailing" not in rules(vet(write(padded + bytes(28))))
    assert found(vet(write(gguf() + bytes(64))), "file-trailing").severity == "note"
    behind = found(vet(write(gguf() + b"\x80\x04.")), "file-trailing")
    assert (behind.severity, behind.message.partition(";")[0]) == ("warn", "3 bytes follow its last tensor")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("__main__.py", "")
    with pytest.raises(ModelError, match="zip archive as well"):
        vet_or_refuse(write(gguf() + archive.getvalue()))


def test_content_counts_and_the_name_is_told_of(write: Write) -> None:
    """A GGUF file under another name passes, and that only .gguf names a model is noted; a pickle does not pass."""
    vetted = vet_or_refuse(write(gguf(), "pytorch_model.bin"))
    assert "only a path ending in .gguf" in found(vetted, "file-name").message
    assert "file-name" not in rules(vet(write(gguf(), "model.GGUF")))
    with pytest.raises(ModelError, match="is a pickle: pickles run code when they are loaded") as caught:
        vet_or_refuse(write(b"\x80\x04]."))
    assert "convert_hf_to_gguf.py" in caught.value.hint


def test_findings_of_judgement_can_be_accepted(write: Write) -> None:
    """What a template does on a date is refused, with how to accept it; accepted, the file passes and that is told."""
    path = write(gguf([LLAMA, pair("tokenizer.chat_template", ON_A_DATE)]))
    with pytest.raises(ModelError, match=r"acts? on the date|date.*\(template-date\)") as caught:
        vet_or_refuse(path)
    assert "`localdev models vet" in caught.value.hint and "--accept template-date" in caught.value.hint
    vetted = vet_or_refuse(path, ["template-date"])
    assert vetted.accepted == ("template-date",)
    assert found(vetted, "template-date").severity == "refuse", "what was found stands in the passport"
    assert vet_or_refuse(TINY, ["template-date"]).accepted == (), "only what was found is accepted"


@pytest.mark.parametrize("rule", ["gguf-structure", "format-pickle", "file-archive", "template-import", "nonsense"])
def test_structure_cannot_be_accepted(rule: str) -> None:
    """What a file is, is not a matter of judgement; the rules that are, are listed."""
    with pytest.raises(UsageError, match="cannot be accepted") as caught:
        vet(TINY, [rule])
    assert all(each in caught.value.hint for each in ACCEPTABLE)


def test_several_reasons_are_counted(write: Write) -> None:
    """The first reason is said with its rule, how many more there are too; structure is not offered for accepting."""
    pairs = [pair("tokenizer.chat_template", ON_A_DATE), pair("general.name", "\x1b"), pair("general.author", "\x1b")]
    refusal = vet(write(gguf([LLAMA, *pairs]))).refusal()
    assert refusal is not None
    assert str(refusal).endswith("and 2 more") and "is refused:" in str(refusal)
    assert "--accept" not in refusal.hint


def test_further_templates_are_looked_at(write: Write) -> None:
    """A template besides the one that is used can do no harm here; that it would elsewhere is a warning."""
    further = pair("tokenizer.chat_template.tool_use", ON_A_DATE)
    vetted = vet_or_refuse(write(gguf([LLAMA, pair("tokenizer.chat_template", CHATML), further])))
    finding = found(vetted, "template-date")
    assert finding.severity == "warn" and "the further template tool_use, not used here" in finding.message


def test_models_in_parts(tmp_path: Path) -> None:
    """Any part stands for all, each of which is looked at; what is wrong with one is said of it."""
    for number in range(3):
        (tmp_path / f"m-{number + 1:05d}-of-00003.gguf").write_bytes(split_part(number, 3))
    third = tmp_path / "m-00003-of-00003.gguf"
    for path in (tmp_path, third):
        vetted = vet_or_refuse(path)
        assert vetted.model is not None and len(vetted.model.parts) == 3
        assert "file-trailing" not in rules(vetted)
    with third.open("ab") as file:
        file.write(b"words")
    assert found(vet(tmp_path), "file-trailing").message.startswith("m-00003-of-00003.gguf: 5 bytes follow")
    third.unlink()
    with pytest.raises(ModelError, match="m lacks 1 of its "):
        vet_or_refuse(tmp_path)


def test_every_rule_is_documented() -> None:
    """Each rule that vetting can name stands in docs/vetting.md."""
    root = Path(__file__).parents[2]
    source = "".join(path.read_text() for path in (root / "src/localdev/models/vetting").glob("*.py"))
    named = set(re.findall(r'(?:Finding|Format)\(\s*"([a-z-]+)"', source)) | set(RULES)
    assert {"gguf-structure", "format-pickle", "template-import", "folder-code"} <= named
    documented = (root / "docs" / "vetting.md").read_text()
    assert {rule for rule in named if f"`{rule}`" not in documented} == set()
    marked = set(re.findall(r"`(template-[a-z-]+)` \|.*\*\*judgement\*\*", documented))
    assert marked == set(ACCEPTABLE)
