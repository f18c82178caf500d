"""Writes docs/rules.md, the page of all review rules, from their registry: `python scripts/make_rules_page.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from localdev.rules.registry import RULES
from localdev.rules.rule import Example, Rule

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rules.md"
_FAMILIES = {
    "secrets": "Secrets",
    "injection": "Text addressed to assistants",
    "merge-marker": "Merge marks",
    "syntax": "Syntax errors",
    "dangerous-call": "Dangerous calls",
    "signature": "Signatures and callers",
    "assertion": "Assertions of tests",
    "leftover": "Leftovers",
    "dependency": "Dependencies",
    "licence": "Licences",
    "large-binary": "Large and binary files",
}
_HEAD = """\
# Review rules

`localdev review` runs these over what a change adds, without any model. A place counts only where one of its lines is
new; what was there before is left alone. `localdev review --explain ID` shows one of them in the terminal.

- **Severity**: high is exploitable or breaks the build or the tests; medium is what a reviewer would block; low is
  worth a remark; info is worth knowing. In tests, examples, documentation and vendored files most rules say less.
- **Leave one place alone**: a comment `localdev: ignore[rule-id]` on the line or the one above, with the reason behind.
- **Leave a rule alone**, or give it another severity: the `[review]` table of the settings.

Made by `python scripts/make_rules_page.py` from the rules themselves: those are what to change.
"""
_FENCES = {
    "py": "python", "js": "js", "ts": "ts", "tsx": "tsx", "go": "go", "rs": "rust", "java": "java", "c": "c",
    "cpp": "cpp", "cs": "csharp", "rb": "ruby", "php": "php", "toml": "toml", "json": "json", "sql": "sql",
}  # fmt: skip
_SECRET = re.compile(r"(?<=ghp_)\w{20,}|^[A-Za-z0-9+/=]{60,}$", re.MULTILINE)
_MOST_LINES = 12
_LONGEST_LINE = 200


def page() -> str:
    """Give the page in Markdown."""
    return "\n".join([_HEAD, *_table(), *_details()]).rstrip("\n") + "\n"


def _table() -> Iterator[str]:
    """List all rules by family."""
    yield "| rule | severity | what it finds | languages |"
    yield "| --- | --- | --- | --- |"
    for family in _FAMILIES:
        for rule in _of(family):
            yield f"| [{rule.id}](#{rule.id}) | {rule.severity} | {rule.title} | {_languages(rule)} |"
    yield ""


def _details() -> Iterator[str]:
    """Explain each rule with its example."""
    for family, title in _FAMILIES.items():
        yield f"## {title}\n"
        for rule in _of(family):
            yield f"### {rule.id}\n"
            yield f"**{rule.title}** ({rule.severity}). {rule.explanation}\n"
            yield from _example("Told", rule.bad)
            yield from _example("Left alone", rule.good)


def _of(family: str) -> list[Rule]:
    """Give the rules of a family."""
    return [rule for rule in RULES if rule.family == family]


def _languages(rule: Rule) -> str:
    """Name the languages that a rule reads."""
    return ", ".join(rule.languages) or "all"


def _example(title: str, example: Example) -> Iterator[str]:
    """Show an example: the file as it is afterwards, or as a diff where it was there before."""
    if "\0" in example.text:
        yield f"{title}: `{example.path}` is added.\n"
        return
    beside = f", with {' and '.join(f'`{path}`' for path, _ in example.beside)} left as it is" if example.beside else ""
    yield f"{title}, `{example.path}`{beside}:\n"
    ending = example.path.rpartition(".")[2]
    fence = "`" * (4 if "```" in example.text else 3)
    yield f"{fence}{'diff' if example.before else _FENCES.get(ending, '')}"
    text = _SECRET.sub("...", example.text)  # scanners of secrets read this page, too
    yield from _diff(example) if example.before else _cut(text.rstrip("\n").split("\n"))
    yield f"{fence}\n"


def _diff(example: Example) -> Iterator[str]:
    """Give what an example changes, without the head of a diff."""
    import difflib

    rows = difflib.unified_diff(example.before.split("\n"), example.text.split("\n"), lineterm="", n=9)
    yield from _cut([row.rstrip() or row for row in list(rows)[3:]])


def _cut(rows: list[str]) -> Iterator[str]:
    """Give so many lines as a reader needs."""
    for row in rows[:_MOST_LINES]:
        yield row if len(row) <= _LONGEST_LINE else f"{row[:_LONGEST_LINE]} ..."
    if len(rows) > _MOST_LINES:
        yield "..."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
