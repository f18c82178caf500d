"""Documentation of all that a file offers and does not document: symbol by symbol, from its end to its beginning."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace

from localdev.assistant.gen.attempts import floor
from localdev.assistant.gen.checks import Rows, failed, parses, same_tree, to_fill_in, untouched
from localdev.assistant.gen.doc import DocJob, doc_job
from localdev.assistant.gen.files import Files
from localdev.assistant.gen.target import Target, open_file
from localdev.core.errors import NotFound, UsageError
from localdev.core.events import Event, Notice
from localdev.core.patch import Check, FileEdit, Proposal
from localdev.source.syntax.definitions import Definition, definitions
from localdev.source.syntax.tree import SyntaxTree

_KINDS = frozenset({"function", "method", "class", "interface", "struct", "enum", "trait", "constructor"})
_CALLABLE = frozenset({"function", "method", "constructor"})
# How the languages that say so say that a definition is for others.
_OFFERED = {
    "rust": re.compile(r"pub\b"),
    "java": re.compile(r"(?!.*\bprivate\b)"),
    "c_sharp": re.compile(r".*\b(?:public|protected)\b"),
    "php": re.compile(r"(?!.*\bprivate\b)"),
}

# Words the documentation of one symbol, or makes it from the signature.
Documenting = Callable[[DocJob], Generator[Event, None, Proposal]]


def document_file(files: Files, path: str, document: Documenting) -> Generator[Event, None, Proposal]:
    """Document what a file offers and does not document yet; what is refused is left out and said.

    Raises:
        NotFound: there is no such file, or all that it offers is documented.
        UsageError: its syntax or the form of its documentation is not known here.
    """
    text, tree = open_file(files, path)
    data = new = text.encode("utf-8", "surrogateescape")
    above, style = len(data), None  # from here on all is done
    rows: list[Rows] = []
    done: list[str] = []
    total = Proposal((), ())
    wanted = list(_offered(tree))
    for each in reversed(wanted):
        try:
            job = doc_job(files, Target(path, text, tree, each), style)
        except UsageError as problem:
            if len(wanted) == 1 or "not known here" in str(problem):
                raise
            yield Notice("warning", f"{each.symbol.qualified} is left out: {problem}")
            continue
        style = job.style
        if job.place.replaces or job.place.end > above or (done and job.place.start == above):
            continue
        proposal = yield from document(job)
        total = replace(total, attempts=total.attempts + proposal.attempts, usage=total.usage + proposal.usage)
        total = replace(total, model=proposal.model, prompt=proposal.prompt)
        if proposal.accepted:
            alone = (proposal.edits[0].new or "").encode("utf-8", "surrogateescape")
            new = alone[: len(alone) - (len(data) - job.place.end)] + new[job.place.end :]
            above = job.place.start
            rows.append(job.place.rows)
            done.append(each.symbol.qualified)
        else:
            yield Notice("warning", f"{each.symbol.qualified} is left out: {failed(proposal.checks)}")
    if not wanted:
        raise NotFound(f"{path} offers nothing that could be documented", f"name one symbol: {path}::SYMBOL")
    if not done and not total.attempts:
        raise NotFound(f"all that {path} offers is documented", f"name one symbol to word it anew: {path}::SYMBOL")
    return _whole(total, FileEdit(path, text, new.decode("utf-8", "surrogateescape")), rows, list(reversed(done)))


def _whole(total: Proposal, edit: FileEdit, rows: Sequence[Rows], done: Sequence[str]) -> Proposal:
    """Hold all of it together against the checks of one."""
    said = f"{', '.join(done)}{to_fill_in(edit)}" if done else "nothing is documented"
    documented = Check("documented", bool(done), said)
    checked = floor(
        (edit,), lambda edits: (parses(edits[0]), untouched(edits[0], _merged(rows)), same_tree(edits[0]), documented)
    )
    return replace(total, edits=checked.edits, checks=checked.checks)


def _merged(rows: Sequence[Rows]) -> list[Rows]:
    """Join spans that overlap: a class and its methods."""
    merged: list[Rows] = []
    for first, last in sorted(rows):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _offered(tree: SyntaxTree) -> Iterator[Definition]:
    """Yield the definitions that are for others, in order; none that lies inside a function."""
    around: list[Definition] = []
    for each in definitions(tree):
        around = [one for one in around if each.node.end_byte <= one.node.end_byte]
        inside = any(one.symbol.kind in _CALLABLE for one in around)
        if not inside and each.symbol.kind in _KINDS and _is_offered(each, tree.language):
            yield each
        around.append(each)


def _is_offered(one: Definition, language: str) -> bool:
    """Say whether a definition is for others, as its language shows it."""
    parts = one.symbol.qualified.split(".")
    if language == "go":
        return all(part[:1].isupper() for part in parts)
    if any(part.startswith(("_", "#")) and part != "__init__" for part in parts):
        return False
    said = _OFFERED.get(language)
    return said is None or said.match(one.symbol.signature) is not None
