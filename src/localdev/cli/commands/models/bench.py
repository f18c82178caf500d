"""`localdev models bench`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.commands.models.group import app, print_json
from localdev.cli.options import Directory, Json
from localdev.cli.workplace import open_workplace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localdev.app.benching import BenchedEmbedder, BenchedModel, BenchOptions, BenchResult
    from localdev.assistant.past_work import Rate
    from localdev.cli.workplace import Workplace

_QUICK = (128, 24)


@app.command(short_help="Measure models on this machine.")
def bench(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Names from `models list`, GGUF files, ollama:NAME; none: all stored."
        ),
    ] = None,
    embedders: Annotated[
        list[str] | None,
        typer.Option("--embedder", metavar="FORM", help="Measure a search.embedder too: static, gguf:NAME, ..."),
    ] = None,
    history: Annotated[
        int,
        typer.Option(
            "--history",
            metavar="N",
            min=0,
            max=1000,
            help="Also ask N questions and cut N lines out of this repository's commits.",
        ),
    ] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="Shorter texts: a first impression.")] = False,
    as_json: Json = False,
    directory: Directory = None,
) -> None:
    """Measure prompt and generation speed, the first token cold and again, and memory; say which model fits which job.

    With --history also how often a search for what a commit says leads to its files, and how often a model writes a
    line that was committed just as it was. Everything runs on this machine, one model after another.
    """
    from localdev.app.benching import BenchOptions

    place = open_workplace(context, directory)
    prompt_tokens, tokens = _QUICK if quick else (512, 64)
    options = BenchOptions(
        tuple(map(_path_or_name, names or ())), tuple(embedders or ()), history, prompt_tokens, tokens
    )
    result = _measured(place, options)
    if as_json:
        print_json(place.printer, _payload(result, options))
    else:
        for line in _lines(result, options):
            place.printer.line(line)
    if not any(each.speed for each in result.models) and not any(each.texts_s for each in result.embedders):
        raise typer.Exit(1)


def _path_or_name(text: str) -> str:
    """Expand a path's `~`; names and servers' models stay as they are."""
    from localdev.core.folders import expanded

    return str(expanded(Path(text))) if text.lower().endswith(".gguf") else text


def _measured(place: Workplace, options: BenchOptions) -> BenchResult:
    """Measure with the progress shown."""
    from localdev.app.anywhere import anywhere
    from localdev.app.benching import Bench
    from localdev.audit import egress
    from localdev.cli.progress import ProgressLine
    from localdev.core.events import Notice, Progress

    progress = ProgressLine(place.printer)

    def aside(event: Progress | Notice) -> None:
        if isinstance(event, Progress):
            progress.update(event)
        else:
            progress.close()
            place.printer.notice(event)

    egress.install()
    try:
        return Bench(anywhere(place.settings), place.folders, place.root, aside=aside).run(options)
    finally:
        progress.close()


def _lines(result: BenchResult, options: BenchOptions) -> Iterator[str]:
    """Give the report in plain lines."""
    from localdev.cli.terminal import one_line

    for model in result.models:
        yield one_line(model.name)
        yield from (f"  {one_line(line)}" for line in _model_lines(model))
    if result.embedders:
        yield "search"
        yield from (f"  {one_line(line)}" for line in _embedder_lines(result.embedders))
    if result.choice:
        yield "for each job"
        width = max(map(len, result.choice))
        for job, name in result.choice.items():
            fit = next(model.jobs[job] for model in result.models if model.name == name and job in model.jobs)
            slow = " (slow)" if fit.verdict == "slow" else ""
            yield one_line(f"  {job:{width}}  {name}{slow}: {fit.why}")
    if result.models and not options.history:
        yield "speed alone was measured; --history 40 also tests on this repository's own commits"


def _model_lines(model: BenchedModel) -> Iterator[str]:
    """Say what was measured of one model."""
    from localdev.app.hints import counted

    if model.speed is None:
        yield f"not measured: {model.error}"
        if model.hint:
            yield f"hint: {model.hint}"
        return
    speed, memory = model.speed, f"{model.memory_bytes / 1e9:.1f} GB of memory, " if model.memory_bytes else ""
    where = f" ({model.placement})" if model.placement else ""
    yield f"ready after {model.load_s:.1f} s, {memory}window of {model.window} tokens, {model.backend}{where}"
    yield f"reads {_rate(speed.prompt_tokens_s)} tokens/s, writes {_rate(speed.generated_tokens_s)} tokens/s"
    first = f"{speed.cold_s:.2f} s after a prompt of {counted(speed.prompt_tokens, 'token')}"
    yield f"first token: {first}, {speed.warm_s:.2f} s after the same again"
    for verdict, words in (("fits", "fits"), ("slow", "slow for"), ("no", "cannot")):
        jobs = [(job, fit.why) for job, fit in model.jobs.items() if fit.verdict == verdict]
        if jobs:
            yield f"{words}: " + ", ".join(job if verdict == "fits" else f"{job} ({why})" for job, why in jobs)
    if model.completed is not None:
        done = model.completed
        yield f"lines of this repository written just as they were: {_share(done.exact)}; {done.alike:.0%} alike"


def _embedder_lines(embedders: Sequence[BenchedEmbedder]) -> Iterator[str]:
    """Say what was measured of the embedders."""
    for each in embedders:
        if each.error:
            yield f"{each.name}: not measured: {each.error}; {each.hint}"
            continue
        indexed = f", this repository indexed in {each.index_s:.1f} s" if each.hits else ""
        yield f"{each.name}: {_rate(each.texts_s)} texts/s{indexed}"
        for depth, rate in each.hits.items():
            place = "is the first file" if depth == 1 else f"is among the first {depth} files"
            yield f"  what a commit was about {place}: {_share(rate)}"


def _rate(value: float) -> str:
    """Write a rate with the digits that matter."""
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def _share(rate: Rate) -> str:
    """Write a share with its cases, and the bounds it lies between with 95 % confidence."""
    if not rate.total:
        return "no cases"
    low, high = rate.interval()
    return f"{rate.share:.0%} of {rate.total} ({low:.0%} to {high:.0%})"


def _payload(result: BenchResult, options: BenchOptions) -> dict[str, Any]:
    """Give what `--json` prints."""
    return {"options": asdict(options), **asdict(result)}
