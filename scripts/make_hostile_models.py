"""Make hostile model files, and a list of what each must be refused for.

    python scripts/make_hostile_models.py FOLDER           # writes them there, and manifest.json
    python scripts/make_hostile_models.py FOLDER --table   # tries each as well, and prints what becomes of it

None is dangerous to have: what they hold would at worst make the file MARKER in FOLDER, and only a program that runs
what is in them does that.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as a script, its own folder is where imports are sought

from localdev.core.errors import LocaldevError
from localdev.models.archive import import_archive
from localdev.models.vetting.embedders import vet_embedder_or_refuse
from localdev.models.vetting.vet import vet, vet_or_refuse
from scripts.hostile.cases import LLAMA, Case, Content, gguf, pair, single
from scripts.hostile.exports import hostile_exports
from scripts.hostile.foreign import hostile_foreign
from scripts.hostile.headers import hostile_headers
from scripts.hostile.templates import hostile_templates
from scripts.hostile.weights import hostile_embedders, hostile_safetensors

MARKER = "MARKER"


@dataclass(frozen=True)
class Made:
    """A case, and where its file or folder lies."""

    case: Case
    path: Path


def hostile_cases(marker: Path) -> Iterator[Case]:
    """Give every case."""
    yield from hostile_headers()
    yield from hostile_foreign(marker)
    yield from hostile_safetensors()
    yield from hostile_embedders(marker)
    for name, template, rule in hostile_templates():
        data = gguf([LLAMA, pair("tokenizer.chat_template", template)])
        yield single(f"template-{name}.gguf", data, "(template-", rule)
    for name, data, reason in hostile_exports():
        file = f"export-{name}.localdev"
        yield Case(file, {file: data}, reason, door="import")


def make(folder: Path) -> list[Made]:
    """Write every case below `folder`, which need not exist, and the list of them."""
    made = [_write(folder, case) for case in hostile_cases(folder / MARKER)]
    entries = [
        {"path": each.path.name, "door": each.case.door, "reason": each.case.reason, "rule": each.case.rule}
        for each in made
    ]
    (folder / "manifest.json").write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    return made


def _write(folder: Path, case: Case) -> Made:
    """Write the file or the folder of one case."""
    top = folder / case.door
    for name, content in case.files.items():
        path = top / name if list(case.files) == [case.name] else top / case.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_file(path, content)
    return Made(case, top / case.name)


def _write_file(path: Path, content: Content) -> None:
    """Write a file, a link or a pipe."""
    if content is None:
        os.mkfifo(path)
    elif isinstance(content, str):
        path.symlink_to(content)
    else:
        path.write_bytes(content)


def try_it(made: Made, scratch: Path) -> LocaldevError | None:
    """Bring a case to its door and give the error it is refused with, None when it is let in."""
    try:
        if made.case.door == "embedder":
            vet_embedder_or_refuse(made.path)
        elif made.case.door == "import":
            import_archive(scratch / made.path.name, made.path)
        else:
            vet_or_refuse(made.path)
    except LocaldevError as error:
        return error
    return None


def rules_of(made: Made) -> set[str]:
    """Give the rules that refuse a case of the door `vet`."""
    return {finding.rule for finding in vet(made.path).findings if finding.severity == "refuse"}


def main() -> int:
    """Make the files, and try them where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--table", action="store_true", help="try each and print a table")
    arguments = parser.parse_args()
    made = make(arguments.folder)
    print(f"{len(made)} hostile cases in {arguments.folder}")
    if not arguments.table:
        return 0
    wrong = 0
    for each in made:
        started = time.perf_counter()
        error = try_it(each, arguments.folder / "store")
        took = time.perf_counter() - started
        right = error is not None and each.case.reason in str(error)
        if each.case.door == "vet":
            right = right and each.case.rule in rules_of(each)
        wrong += not right
        said = "LET IN" if error is None else str(error).replace(str(each.path), "FILE")
        print(f"{'ok ' if right else 'BAD'} {took * 1000:6.1f} ms  {each.case.name:36} {said[:150]!a}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
