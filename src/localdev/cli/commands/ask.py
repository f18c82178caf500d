"""`localdev ask`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from localdev.cli.options import Adapter, Directory, Json, Model, NoService, new_app
from localdev.cli.workplace import Workplace, open_workplace, use_service
from localdev.config.settings import AskSettings

if TYPE_CHECKING:
    from localdev.core.events import Answered, PromptShown

app = new_app()
_EXAMPLE = 'for example: `localdev ask "how are settings read?"`'
_DEFAULTS = AskSettings()
_LONGEST_QUESTION = 200_000


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUESTION", help="May name files: @path, @path:10-40. Text on stdin is added."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("-k", metavar="N", help=f"Passages it may rest on; {_DEFAULTS.k} unless ask.k is set."),
    ] = None,
    model: Model = None,
    adapter: Adapter = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="Answer with the places themselves.")] = False,
    show_prompt: Annotated[bool, typer.Option("--show-prompt", help="Print what a model would be sent.")] = False,
    no_service: NoService = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Answer a question about the repository, with the places the answer rests on."""
    from localdev.cli.events import running
    from localdev.core.errors import UsageError
    from localdev.core.events import Answered, PromptShown, TextDelta

    if model is not None and no_model:
        raise UsageError("--model and --no-model exclude each other", "leave one of them out")
    text = _question(question)
    flags = {"ask.k": ("-k", limit), "model": ("--model", model), "ask.adapter": ("--adapter", adapter)}
    place = open_workplace(context, directory, flags)
    options = {"question": text, "extra": _extra(place), "no_model": no_model, "show_prompt": show_prompt}
    found = True
    service = use_service(place, "ask", never=no_service, model=not no_model)
    with running(place, "ask", options, service=service) as events:
        for event in events:
            if isinstance(event, TextDelta) and not as_json:
                place.printer.piece(event.text)
            elif isinstance(event, PromptShown):
                _show_prompt(place, event, as_json=as_json)
            elif isinstance(event, Answered):
                _finish(place, event, as_json=as_json)
                found = bool(event.model or event.citations)
    if not found:
        raise typer.Exit(1)


def _question(words: list[str] | None) -> str:
    """Join the words of the question; quotes are not needed.

    Raises:
        UsageError: there is none, or it is longer than any model reads.
    """
    from localdev.core.errors import UsageError

    text = " ".join(words or [])
    if not text.strip():
        raise UsageError("ask needs a question", _EXAMPLE)
    if len(text) > _LONGEST_QUESTION:
        raise UsageError(
            f"the question is longer than {_LONGEST_QUESTION} characters",
            "pipe long text in on stdin, and ask about it",
        )
    return text


def _extra(place: Workplace) -> str:
    """Give the text on stdin, and say when a silent pipe was left alone."""
    from localdev.cli.stdin import NOT_READ, piped_text
    from localdev.core.events import Notice

    text, left_alone = piped_text()
    if left_alone:
        place.printer.notice(Notice("hint", NOT_READ))
    return text


def _show_prompt(place: Workplace, shown: PromptShown, *, as_json: bool) -> None:
    """Print the messages that would be sent."""
    from dataclasses import asdict

    from localdev.core.neutral import neutral
    from localdev.render.payloads import SCHEMA_VERSION

    if as_json:
        messages = [asdict(message) for message in shown.messages]
        place.printer.json(
            {"schema_version": SCHEMA_VERSION, "messages": messages, "prompt_tokens": shown.prompt_tokens}
        )
        return
    for message in shown.messages:
        place.printer.line(place.printer.styled(f"=== {message.role} ===", "bold"))
        place.printer.line(neutral(message.content))
    place.printer.aside(f"about {shown.prompt_tokens} tokens")


def _finish(place: Workplace, answered: Answered, *, as_json: bool) -> None:
    """Print the sources a model's answer cites, and what of it could not be checked."""
    from localdev.core.events import Notice
    from localdev.core.sizes import counted
    from localdev.render.payloads import answer_payload

    out = place.printer
    if as_json:
        out.json(answer_payload(answered))
        return
    if answered.model:  # the answer without a model is the places themselves
        out.end_line()
        out.line()
        for cited in answered.citations:
            where = out.styled(cited.place, "path")
            out.line(f"[{cited.id}] {where}  {out.styled(cited.symbol, 'bold')}".rstrip())
    if answered.unverified:
        names = ", ".join(answered.unverified)
        out.notice(Notice("warning", f"not found in this repository: {names}"))
    if dropped := answered.dropped_citations:
        out.notice(Notice("warning", f"citations of a source that is not there were removed: {dropped}"))
    if answered.model:
        used, times = answered.usage, answered.timings
        out.notice(
            Notice(
                "info",
                f"{answered.model} read {counted(used.prompt_tokens, 'token')} and wrote {used.completion_tokens}; "
                f"first word after {times.first_token_ms / 1000:.1f} s, done after {times.total_ms / 1000:.1f} s",
            )
        )
