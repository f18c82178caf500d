"""`localdev models info`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.commands.models.group import app, files_of, print_json
from localdev.cli.commands.models.info_adapter import lora_facts, lora_lines
from localdev.cli.commands.models.info_ollama import facts_of_server, lines_of_server
from localdev.cli.commands.models.lookup import adapters_for, find_stored
from localdev.cli.options import Directory, Json
from localdev.cli.workplace import open_workplace
from localdev.core.sizes import scaled, sized

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localdev.cli.terminal import Printer
    from localdev.cli.workplace import Workplace
    from localdev.models.gguf import GgufModel
    from localdev.models.passport import Passport
    from localdev.models.vetting.vet import Vetted

# How a model came into the store, by where it came from; a file by the passport's mode.
_CAME = {"hub": "pulled", "archive": "imported", "quantised": "made here"}
_MODES = {"link": "linked", "copy": "copied", "move": "moved"}
_STATES = {
    "touched": "touched since it was added: it is read whole before it is opened again",
    "changed": "changed since it was added; `localdev doctor` says more",
}
_LABEL = 13  # columns
_IN_LICENCE = ("licence", "licence-missing", "licence-differs")  # findings that the line about the licence says
_LICENCE = 200  # characters, as many as a passport keeps
_WIDEST = 1 << 30  # tokens
_SHOWN, _WIDE = 3, 100  # lines of a template, and characters of one


@app.command(short_help="Say what a model is and what it needs.")
def info(
    context: typer.Context,
    model: Annotated[
        str,
        typer.Argument(metavar="NAME|FILE", help="A name from `models list`, a GGUF file, a folder, or ollama:NAME."),
    ],
    window: Annotated[
        int | None,
        typer.Option("--window", metavar="N", min=1, max=_WIDEST, help="Memory for N tokens; else for llama.context."),
    ] = None,
    template: Annotated[bool, typer.Option("--template", help="Print the chat template and nothing else.")] = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Say what a model or adapter is, where it came from, what vetting found, and how much memory it takes to run.

    All of it is read or computed from the file's header; nothing is loaded.
    """
    place = open_workplace(context, directory)
    on_server = model.lower().startswith("ollama:")
    facts, text = facts_of_server(model, place) if on_server else _of_file(model, place, window)
    if template:
        _print_template(place.printer, text)
    elif as_json:
        print_json(place.printer, {**facts, "template": {**facts.get("template", {}), "text": text}})
    else:
        shown = _template_lines(facts.get("template", {}), text)
        if on_server:
            _print(place.printer, (*lines_of_server(facts), *shown))
        else:
            shown = lora_lines(facts["adapter"]) if facts["adapter"] else shown  # no adapter has a template or tokens
            _print(place.printer, (*_what(facts), *shown, *_where(facts)))


def _print_template(printer: Printer, text: str) -> None:
    """Print a template as it is, but for what a terminal would obey."""
    from localdev.core.neutral import neutral

    if not text:
        from localdev.core.errors import NotFound

        raise NotFound("it has no chat template", "a base model completes texts and is no partner in a conversation")
    printer.line(neutral(text))


def _of_file(model: str, place: Workplace, window: int | None) -> tuple[dict[str, Any], str]:
    """Give what is known of a stored model or of a file, and the text of its template.

    Raises:
        NotFound: it is neither.
        ModelError: it is no GGUF file, or its header cannot be read.
    """
    from localdev.core.errors import ModelError, NotFound
    from localdev.core.folders import expanded
    from localdev.models.checking import how_to_mend
    from localdev.models.store import ModelStore
    from localdev.models.vetting.vet import ACCEPTABLE, vet

    store = ModelStore(place.folders.models)
    path, passport = expanded(Path(model)), None
    try:
        passport = find_stored(store, model)
    except NotFound:
        if "\0" in model or not path.exists():
            raise
    if passport is not None and passport.state() == "gone":
        raise ModelError(f"the file of {passport.name} is gone: {passport.file}", how_to_mend(passport))
    accepted = [rule for rule in passport.accepted if rule in ACCEPTABLE] if passport else []
    vetted = vet(passport.file if passport else path, accepted)
    if vetted.model is None:
        raise vetted.refusal() or ModelError(f"{path} holds no GGUF model", "")
    header = vetted.model.header
    facts = {
        **_said(vetted, passport),
        "memory": _memory(vetted.model, place, window) if header.kind == "model" else None,
        **(_stored(passport) if passport else _unstored(vetted.model)),
        "adapter": lora_facts(passport, vetted.model, store, place.folders) if header.kind == "adapter" else None,
        "adapters": [],
    }
    if passport is not None and passport.kind == "model":
        facts["adapters"] = [adapter.name for adapter in adapters_for(passport, store, place.folders)]
    return facts, header.chat_template


def _said(vetted: Vetted, passport: Passport | None) -> dict[str, Any]:
    """Give what the header says, and what vetting makes of it and of the licence that it was stored under."""
    from localdev.models.checking import licence_findings
    from localdev.models.gguf_vocabulary import read_tokens

    assert vetted.model is not None
    header = vetted.model.header
    stated = header.metadata.get("general.license")
    stated = stated[:_LICENCE] if isinstance(stated, str) else ""
    differing = licence_findings(passport.licence, stated) if passport else ()
    texts = read_tokens(vetted.model.parts[0], set(header.fim_tokens.values()))
    return {
        "kind": header.kind,
        "called": header.name,
        "architecture": header.architecture,
        "parameters": header.parameters,
        "quantisation": header.quantisation,
        "context_length": header.context_length,
        "vocabulary": header.vocabulary,
        "template": {"digest": vetted.template_digest, "name": vetted.template_name},
        "fim_tokens": {part: {"id": id_, "text": texts.get(id_, "")} for part, id_ in header.fim_tokens.items()},
        "findings": [asdict(each) for each in (*vetted.findings, *differing)],
        "accepted": list(vetted.accepted),
        "refused": vetted.refusal() is not None,
        "licence": stated,
        "licence_in_file": stated,
    }


def _memory(model: GgufModel, place: Workplace, window: int | None) -> dict[str, int] | None:
    """Give the memory it takes in bytes, by what for, and what this machine has."""
    from localdev.core.machine import free_memory_bytes, memory_bytes
    from localdev.models.memory import memory_need

    llama = place.settings.llama
    tokens = window or min(llama.context, model.header.context_length or llama.context)
    need = memory_need(model.header, tokens, llama.kv_type)
    return {
        "window": tokens,
        "weights": need.weights,
        "state": need.state,
        "buffers": need.buffers,
        "total": need.total,
        "machine": memory_bytes(),
        "free": free_memory_bytes(),
    }


def _stored(passport: Passport) -> dict[str, Any]:
    """Give what the passport says."""
    return {
        "name": passport.name,
        "digest": passport.digest,
        "licence": passport.licence,
        "base": passport.base,
        "source": asdict(passport.source),
        "added": passport.added,
        "mode": passport.mode,
        "state": passport.state(),
        "files": files_of(passport),
    }


def _unstored(model: GgufModel) -> dict[str, Any]:
    """Give the same of files that are not in the store; their digests would take reading them whole."""
    return {
        "name": "",
        "digest": "",
        "base": "",
        "source": None,
        "added": "",
        "mode": "",
        "state": "",
        "files": [{"path": str(path), "size": path.stat().st_size, "sha256": ""} for path in model.parts],
    }


def _print(printer: Printer, lines: Iterable[tuple[str, str]]) -> None:
    """Print lines of label and text, whatever they hold harmless to a terminal."""
    from localdev.cli.program import as_typed
    from localdev.core.neutral import one_line

    for label, text in lines:
        if text:
            printer.wrapped(one_line(as_typed(f"{label:<{_LABEL}} {text}")))


def _what(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Say what it is."""
    counted = scaled(facts["parameters"])
    yield "name", facts["name"] or facts["called"]
    yield "kind", f"{facts['kind']}, {facts['architecture']}, {counted} parameters, {facts['quantisation']}"
    yield "context", f"{facts['context_length']} tokens" if facts["context_length"] else ""
    yield "vocabulary", f"{facts['vocabulary']} tokens" if facts["vocabulary"] else ""
    fim = [f"{part} {each['id']} {each['text']}".rstrip() for part, each in facts["fim_tokens"].items()]
    yield "FIM tokens", (", ".join(fim) or "none") if facts["kind"] == "model" else ""
    yield "licence", facts["licence"] + _who_says(facts)
    yield "made for", facts["base"]
    if memory := facts["memory"]:
        parts = ", ".join(f"{part} {sized(memory[part])}" for part in ("weights", "state", "buffers"))
        beyond = ", more than it was trained for" if 0 < facts["context_length"] < memory["window"] else ""
        yield "memory", f"{sized(memory['total'])} with a window of {memory['window']} tokens{beyond}: {parts}"
        free = f", {sized(memory['free'])} are free" if memory["free"] else ""
        yield "this machine", f"{sized(memory['machine'])}{free}: {_verdict(memory)}" if memory["machine"] else ""


def _who_says(facts: dict[str, Any]) -> str:
    """Say whose word the licence is, where it is not the file's own."""
    if facts["licence"] == facts["licence_in_file"]:
        return ""
    kind = facts["source"]["kind"] if facts["source"] else ""
    claimed = {"archive": "the export claims", "hub": "the hub says"}.get(kind, "given when it was added")
    in_file = f"states {facts['licence_in_file']}" if facts["licence_in_file"] else "states none"
    return f", as {claimed}; the file itself {in_file}"


def _verdict(memory: dict[str, int]) -> str:
    """Say whether it fits."""
    if memory["total"] > memory["machine"]:
        return "too little; a smaller --window, or a smaller quantisation"
    if memory["free"] and memory["total"] > memory["free"]:
        return "fits when something else makes room"
    return "fits"


def _template_lines(template: dict[str, str], text: str) -> Iterator[tuple[str, str]]:
    """Name the template and show how it begins."""
    digest = f"{template['name'] or 'no known one'} (sha256 {template['digest'][:12]})" if template else ""
    yield "template", digest or f"{len(text)} characters" if text else "none"
    lines = text.splitlines()
    yield from (("", "| " + (line if len(line) <= _WIDE else f"{line[:_WIDE]} ...")) for line in lines[:_SHOWN])
    if len(lines) > _SHOWN or any(len(line) > _WIDE for line in lines):
        yield "", f"--template prints all {len(text)} characters"


def _where(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Say where it came from, where it is, and what vetting found."""
    if source := facts["source"]:
        known = [source["revision"] and f"revision {source['revision']}", source["at"] and f"from {source['at']}"]
        yield "source", ", ".join([f"{source['kind']} {source['place']}", *filter(None, known)])
        yield "added", f"{facts['added']} ({_CAME.get(source['kind'], _MODES[facts['mode']])})"
    for file in facts["files"]:
        digest = f", sha256 {file['sha256']}" if file["sha256"] else ""
        yield "file", f"{file['path']}, {sized(file['size'])}{digest}"
    yield "state", _STATES.get(facts["state"], "")
    yield "adapters", ", ".join(facts["adapters"])
    for finding in facts["findings"]:
        if not (facts["licence"] and finding["rule"] in _IN_LICENCE):
            severity = "accepted" if finding["rule"] in facts["accepted"] else finding["severity"]
            yield severity, f"{finding['rule']}: {finding['message']}"
    yield "vetting", "refused" if facts["refused"] else "fine" if facts["state"] != "changed" else ""
