"""The page of the documentation that the catalogue makes of itself: `python -m localdev.models.catalogue_page`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from localdev.core.sizes import sized
from localdev.models.catalogue import JOBS, Catalogue, CatalogueModel, load_catalogue
from localdev.models.catalogue_fit import BANDWIDTH, WINDOW, memory_need, tokens_per_second

_HEAD = """\
# Models for code

Good open models for code, with facts as their pages, or stored copies of them, gave them when read on {read}.
`localdev init`, `localdev doctor` and the hints name one that fits the machine; `localdev models catalogue` lists them.
Nothing of it is fetched by itself: `localdev models pull` is typed by you, and asks nobody that `egress.allow` does
not name.

- **Memory** is an estimate: the file to be chosen (in Q4_K_M where there is one; by bits where its size is not known),
  the state of a window of {window} tokens in f16 (keys and values of each layer that keeps them), and 0.25 GB for the
  engine's work. A model is named first where that is no more than 70 % of the machine's memory.
- **Tokens a second** are a rule of thumb and no measurement: {bandwidth} GB a second, as the memory of a laptop brings
  them, over the weights that one token needs. A graphics card is faster, an old machine slower.
- **Licence**: the name alone decides nothing. "conditions" means that it has some that may matter at work: read it.
- **Which job** is the judgement of this catalogue (in bold: named first), of no board and no measurement.
  `localdev models bench` measures what is on your machine, with `--history 20` on your own commits.
- Sizes of files are as exact as their pages, which is two or three digits as a rule.

Made by `python -m localdev.models.catalogue_page` from `src/localdev/models/catalogue.json`: that is what to change.
"""


def page(catalogue: Catalogue) -> str:
    """Give the page in Markdown."""
    head = _HEAD.format(read=catalogue.read, window=WINDOW, bandwidth=round(BANDWIDTH / 1e9))
    writers = [model for model in catalogue.models if "search" not in model.jobs]
    embedders = [model for model in catalogue.models if "search" in model.jobs]
    parts = [head, "## For answers and completions\n", *_table(writers), "", "## For search\n", *_table(embedders), ""]
    return "\n".join([*parts, "## Each with its pages\n", *_details(catalogue)]).rstrip("\n") + "\n"


def _table(models: list[CatalogueModel]) -> Iterator[str]:
    """Give the rows of a table, smallest first."""
    yield "| model | licence | parameters | window | memory | tokens/s | fills in | jobs |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | --- | --- |"
    for model in sorted(models, key=lambda each: each.parameters):
        active = f" ({_count(model.active)} active)" if model.active else ""
        use = {"yes": "", "no": " (not commercial)", "conditions": " (conditions)"}[model.commercial]
        cells = [
            model.title,
            model.licence + use,
            _count(model.parameters) + active,
            f"{model.context:,}",
            sized(memory_need(model)),
            "" if "search" in model.jobs else f"{tokens_per_second(model):.0f}",
            "yes" if "complete" in model.jobs else "",
            ", ".join(f"**{job}**" if job in model.recommended else job for job in JOBS if job in model.jobs),
        ]
        yield f"| {' | '.join(cells)} |"


def _details(catalogue: Catalogue) -> Iterator[str]:
    """Give what the tables leave out, and the pages, of one model after another."""
    for model in catalogue.models:
        yield f"### {model.title}\n"
        released = f", {model.released}" if model.released else ""
        yield f"{model.family} of {model.maker}{released}. {_note(model)}".rstrip() + "\n"
        other = f"; Ollama: `{model.ollama}`" if model.ollama and not model.only_on else ""
        yield f"- pull: `{model.pull()}`{other}"
        if model.architecture:
            yield f"- architecture: {model.architecture}"
        if model.fim:
            yield f"- tokens to fill in: {', '.join(f'`{token}`' for token in model.fim)}"
        if model.tools is not None:
            yield f"- tools: {'yes' if model.tools else 'no'}"
        if model.licence_link:
            yield f"- licence: <{model.licence_link}>"
        sizes = [f"{each.quantisation} {sized(each.bytes)}" for each in model.files if each.bytes]
        if sizes:
            yield f"- files: {', '.join(sizes)}"
        yield from (f"- {', '.join(source.fields)}: <{source.at}>" for source in model.sources)
        yield ""


def _note(model: CatalogueModel) -> str:
    """Give the note as a sentence."""
    return f"{model.note[0].upper()}{model.note[1:]}." if model.note else ""


def _count(weights: int) -> str:
    """Write a number of weights: `7.6 B`, `494 M`."""
    return f"{weights / 1e9:.1f} B" if weights >= 1e9 else f"{weights / 1e6:.0f} M"


if __name__ == "__main__":
    sys.stdout.write(page(load_catalogue()))
