"""`localdev models bench`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localdev.cli.commands.models.group import app, print_json, table
from localdev.cli.options import Directory, Json
from localdev.cli.workplace import open_workplace
from localdev.core.sizes import sized

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localdev.app.benching import BenchedEmbedder, BenchedModel, BenchOptions, BenchResult
    from localdev.assistant.past_work import Rate
    from localdev.cli.workplace import Workplace

_SHORT = {"fits": "fits", "slow": "slow", "no": "-"}
_QUICK = {"prompt_tokens": 128, "tokens": 24, "long_tokens": 0}


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
    line that was committed just as it was. One model is measured after another; what is on a server runs there.
    """
    from localdev.app.benching import BenchOptions

    place = open_workplace(context, directory)
    models = tuple(map(_path_or_name, names or ()))
    options = BenchOptions(models, tuple(embedders or ()), history, **(_QUICK if quick else {}))
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

    progress = ProgressLine(place.printer)
    egress.install()
    try:
        return Bench(anywhere(place.settings), place.folders, place.root, aside=progress.take).run(options)
    finally:
        progress.close()


def _lines(result: BenchResult, options: BenchOptions) -> Iterator[str]:
    """Give the report in plain lines."""
    from localdev.core.neutral import one_line
    from localdev.core.sizes import counted

    for model in result.models:
        yield one_line(model.name)
        yield from (f"  {one_line(line)}" for line in _model_lines(model))
    if result.embedders:
        yield "search"
        yield from (f"  {one_line(line)}" for line in _embedder_lines(result.embedders))
    measured = [model for model in result.models if model.speed is not None]
    if len(measured) > 1:
        yield "side by side"
        yield from (f"  {line}" for line in _table(measured))
    if result.choice:
        yield "for each job"
        width = max(map(len, result.choice))
        for job, name in result.choice.items():
            fit = next(model.jobs[job] for model in result.models if model.name == name and job in model.jobs)
            slow = " (slow)" if fit.verdict == "slow" else ""
            yield one_line(f"  {job:{width}}  {name}{slow}: {fit.why}")
    unknown = [model.name for model in measured if not model.parameters]
    if unknown and len(measured) > 1:
        yield one_line(f"how large it is, is not known of {', '.join(unknown)}: where size decides, it comes last")
    if result.busy and (measured or result.embedders):
        yield (
            f"this machine was busy before the run, with a load of {result.load:.1f} on "
            f"{counted(result.processors, 'processor')}: when it is idle, the figures are better"
        )
    if measured and not options.history:
        yield "speed alone was measured; --history 40 also tests on this repository's own commits"


def _table(models: Sequence[BenchedModel]) -> list[str]:
    """Give one line for each model, those that write fastest first, with the jobs that it fits."""
    ordered = sorted(models, key=lambda each: -each.speed.generated_tokens_s if each.speed else 0.0)
    jobs = list(ordered[0].jobs)
    rows = [["", "reads/s", "writes/s", "cold", "warm", "memory", *jobs]]
    for model in ordered:
        assert model.speed is not None
        speed, memory = model.speed, sized(model.memory_bytes) if model.memory_bytes else "-"
        rates = [_rate(speed.prompt_tokens_s), _rate(speed.generated_tokens_s)]
        verdicts = [_SHORT[model.jobs[job].verdict] for job in jobs]
        rows.append([model.name, *rates, f"{speed.cold_s:.2f} s", f"{speed.warm_s:.2f} s", memory, *verdicts])
    return table(rows, figures=True)


def _model_lines(model: BenchedModel) -> Iterator[str]:
    """Say what was measured of one model."""
    from localdev.core.sizes import counted

    if model.speed is None:
        yield f"not measured: {model.error}"
        if model.hint:
            yield f"hint: {model.hint}"
        return
    speed, memory = model.speed, f"{sized(model.memory_bytes)} of memory, " if model.memory_bytes else ""
    where = f" ({model.placement})" if model.placement else ""
    yield f"ready after {model.load_s:.1f} s, {memory}window of {model.window} tokens, {model.backend}{where}"
    yield f"reads {_rate(speed.prompt_tokens_s)} tokens/s, writes {_rate(speed.generated_tokens_s)} tokens/s"
    if speed.long is not None:
        long = speed.long
        yield (
            f"behind a prompt of {counted(long.prompt_tokens, 'token')}: first token after {long.first_s:.2f} s, "
            f"writes {_rate(long.generated_tokens_s)} tokens/s"
        )
    first = f"{speed.cold_s:.2f} s after a prompt of {counted(speed.prompt_tokens, 'token')}"
    yield f"first token: {first}, {speed.warm_s:.2f} s after the same again"
    by_fit: dict[tuple[str, str], list[str]] = {}
    for job, fit in model.jobs.items():
        by_fit.setdefault((fit.verdict, "" if fit.verdict == "fits" else f": {fit.why}"), []).append(job)
    words = {"fits": "fits", "slow": "slow for", "no": "cannot"}
    for (verdict, why), jobs in sorted(by_fit.items(), key=lambda each: list(words).index(each[0][0])):
        yield f"{words[verdict]} {', '.join(jobs)}{why}"
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
    return {"options": asdict(options), **asdict(result), "busy": result.busy}
