"""Makes the table of published chat templates: names, where each was found, and digests, never the texts.

    python scripts/known_templates.py OUT ggml-org/llama.cpp@0c1e57098=FOLDER owner/name@commit=FOLDER ...

Each folder is a checkout of a repository, or of the part of one that holds templates. Taken are `*.jinja`, `*.jinja2`
and `*.j2`, the index of templates of ollama, and the table of templates in GGUF files of huggingface.js. The order of
the folders decides which name a template gets that several hold. What a digest stands for has been looked at: a
template is entered only when the scan finds nothing structural in it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from localdev.models.vetting.templates import ACCEPTABLE, digest_of, normalised, scan_template

_ENTRY = re.compile(r'model: ("(?:[^"\\]|\\.)*"),\s*gguf: ("(?:[^"\\]|\\.)*")')
_NOTE = "Digests and names only; the templates belong to those who published them. Made by scripts/known_templates.py."
# Not the templates of models: workflows, tests of other things, variants for training.
_LEFT_OUT = re.compile(r"cicd/|snippets/|workflows/|^tests/|_training\.")


def templates_of(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Give (name, path, text) of each template in a folder."""
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).as_posix()
        if not path.is_file() or _LEFT_OUT.search(inner):
            continue
        if path.suffix in (".jinja", ".jinja2", ".j2"):
            yield path.stem, inner, path.read_bytes().decode("utf-8")
        elif inner == "template/index.json":
            for each in json.loads(path.read_text(encoding="utf-8")):
                yield each["name"], inner, each["template"]
        elif path.name == "chat-template-automap.ts":
            for name, text in _ENTRY.findall(path.read_text(encoding="utf-8")):
                yield json.loads(name).removeprefix("library/"), inner, json.loads(text)


def entries(sources: list[str]) -> Iterator[dict[str, str]]:
    """Give the entries of the table, each template once."""
    seen: set[str] = set()
    for source in sources:
        place, _, folder = source.partition("=")
        repository, _, commit = place.partition("@")
        for name, path, text in templates_of(Path(folder)):
            digest = digest_of(text)
            refused = [each for each in scan_template(text).findings if each.severity == "refuse"]
            broken = [each.message for each in refused if each.rule not in ACCEPTABLE]
            if broken:
                print(f"left out: {repository} {path}: {broken[0]}", file=sys.stderr)
            elif digest not in seen:
                seen.add(digest)
                yield {
                    "name": name,
                    "repository": repository,
                    "commit": commit,
                    "path": path,
                    "digest": digest,
                    "normalised": digest_of(normalised(text)),
                }


def main() -> None:
    """Write the table."""
    out, *sources = sys.argv[1:]
    lines = ",\n".join(f"    {json.dumps(each)}" for each in entries(sources))
    Path(out).write_text(f'{{\n  "note": {json.dumps(_NOTE)},\n  "templates": [\n{lines}\n  ]\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
