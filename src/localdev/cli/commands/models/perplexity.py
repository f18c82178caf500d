"""`localdev models perplexity`, and the options that `quantize` shares with it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localdev.cli.commands.models.group import app, print_json
from localdev.cli.options import Json
from localdev.cli.workplace import open_workplace
from localdev.config.settings import MOST_THREADS

if TYPE_CHECKING:
    from localdev.backends.llamacpp.perplexity import Perplexity

Text = Annotated[
    str, typer.Option("--text", metavar="FILE", help="A text to measure the perplexity on; - reads stdin.")
]
Window = Annotated[
    int, typer.Option("--window", metavar="N", min=0, help="Tokens read at once; 512, or what the model can.")
]
Threads = Annotated[
    int,
    typer.Option(
        "--threads", metavar="N", min=0, max=MOST_THREADS, help="Threads; llama.threads of the settings unless given."
    ),
]

_LARGEST = 16_000_000  # some four million tokens: an hour for the smallest models on a laptop
_PART = "give a part of it: a few hundred kilobytes will do"


@app.command(short_help="Measure how well a model foresees a text.")
def perplexity(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A name from `models list`, or a GGUF file.")],
    text: Text,
    window: Window = 0,
    threads: Threads = 0,
    as_json: Json = False,
) -> None:
    """Measure how well a model foresees a text: the lower, the better, and comparable for one text and window only."""
    from localdev.app.quantising import Order, perplexity_of
    from localdev.cli.progress import ProgressLine
    from localdev.core.neutral import one_line

    place = open_workplace(context, None)
    order = Order(model, "", text=read_text(text), text_from=text, window=window, threads=threads)
    progress = ProgressLine(place.printer)
    try:
        found, figures = perplexity_of(order, place.settings, place.folders, progress.take)
    finally:
        progress.close()
    if as_json:
        print_json(place.printer, {"model": found.name, "digest": found.digest, **asdict(figures)})
        return
    place.printer.line(one_line(f"{found.name}: perplexity {said(figures)}"))
    place.printer.line(details(figures))


def read_text(name: str) -> str:
    """Read the text of `--text`.

    Raises:
        NotFound, UsageError: it cannot be read, is empty, too large, or no text.
    """
    from localdev.cli.stdin import piped_text
    from localdev.cli.texts import text_of
    from localdev.core.errors import UsageError
    from localdev.core.folders import expanded

    if name == "-":
        text, _ = piped_text(most=_LARGEST, hint=_PART, patience=None)  # it was asked for, however slow it is
    else:
        text = text_of(expanded(Path(name)), most=_LARGEST, hint=_PART)
    if not text.strip():
        raise UsageError("the text for the perplexity is empty", "name a text file, or pipe one in: --text -")
    return text


def said(figures: Perplexity) -> str:
    """Say a perplexity with its standard error."""
    return f"{figures.value:.4f} +/- {figures.error:.4f}"


def details(figures: Perplexity) -> str:
    """Say what a perplexity rests on."""
    return (
        f"{figures.tokens} tokens scored, the second halves of {figures.windows} windows of {figures.window}, "
        f"in {figures.seconds:.1f} s"
    )
