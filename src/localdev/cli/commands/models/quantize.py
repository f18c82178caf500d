"""`localdev models quantize`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.commands.models.group import (
    app,
    asked_name,
    describe,
    payload,
    print_json,
    tell_stored,
)
from localdev.cli.commands.models.perplexity import Text, Threads, Window, details, read_text, said
from localdev.cli.options import Json
from localdev.cli.workplace import open_workplace
from localdev.core.folders import expanded

if TYPE_CHECKING:
    from localdev.app.quantising import Made
    from localdev.cli.terminal import Printer


@app.command(short_help="Make a smaller model of another one.")
def quantize(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A name from `models list`, or a GGUF file.")],
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="One of llama.cpp's: Q8_0, Q4_K_M, Q4_0, ...")],
    name: Annotated[
        str,
        typer.Option(
            "--name",
            metavar="NAME",
            help="What to call it; else made of the model's and the type.",
            callback=asked_name,
        ),
    ] = "",
    text: Text = "",
    window: Window = 0,
    threads: Threads = 0,
    imatrix: Annotated[
        Path | None,
        typer.Option("--imatrix", metavar="FILE", help="An importance matrix of llama.cpp's llama-imatrix (GGUF)."),
    ] = None,
    allow_requantize: Annotated[
        bool, typer.Option("--allow-requantize", help="Also where the model is quantised already: it loses twice.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a smaller model of another one by llama.cpp's own quantisation, and keep it beside that.

    With --text its perplexity is measured before and after, so that the loss on a text of yours can be seen.
    """
    from localdev.app.quantising import Order, quantise_model
    from localdev.cli.progress import ProgressLine

    place = open_workplace(context, None)
    order = Order(
        model,
        kind,
        name=name,
        text=read_text(text) if text else "",
        text_from=text,
        window=window,
        threads=threads,
        allow_requantize=allow_requantize,
        importance=expanded(imatrix) if imatrix else None,
    )
    progress = ProgressLine(place.printer)
    try:
        made = quantise_model(order, place.settings, place.folders, progress.take)
    finally:
        progress.close()
    tell_stored(place, made.passport, name)
    if as_json:
        print_json(place.printer, _payload(made))
    else:
        _show(made, place.printer)


def _payload(made: Made) -> dict[str, Any]:
    """Give what `--json` prints."""
    figures = {"before": made.before, "after": made.after}
    return {
        **payload(made.passport),
        "made_of": {"name": made.source.name, "digest": made.source.digest, "quantisation": made.source.quantisation},
        "type": made.said.type,
        "bytes_before": made.bytes_before,
        "bytes_after": made.passport.size,
        "tensors": made.said.tensors,
        "changed": made.said.changed,
        "fallbacks": made.said.fallbacks,
        "requantised": made.said.requantised,
        "perplexity": {name: asdict(each) for name, each in figures.items() if each is not None} or None,
    }


def _show(made: Made, printer: Printer) -> None:
    """Say what was made, what it cost, and what did not go as the type's name promises."""
    from localdev.core.events import Notice
    from localdev.core.neutral import one_line
    from localdev.core.sizes import sized

    passport, plan = made.passport, made.said
    printer.line(one_line(f"{passport.name}: {describe(passport)}"))
    share = f"{passport.size / made.bytes_before:.0%} of the {sized(made.bytes_before)} of {made.source.name}"
    printer.line(one_line(f"size {sized(passport.size)}, {share}"))
    if made.before is not None and made.after is not None:
        change = made.after.value / made.before.value - 1
        printer.line(f"perplexity {said(made.before)} before, {said(made.after)} after ({change:+.2%})")
        printer.line(details(made.after))
    if plan.fallbacks:
        printer.notice(
            Notice(
                "hint",
                f"{plan.fallbacks} of {plan.tensors} tensors have rows that do not divide into the blocks of "
                f"{plan.type}: they were given a larger type",
            )
        )
    printer.line(f"sha256 {passport.digest}")
