"""Prints a review in each of its forms, explains rules, and reads and writes baselines."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from localdev.core.errors import ConfigError, NotFound, UsageError
from localdev.core.neutral import one_line
from localdev.core.review import Severity, at_least

if TYPE_CHECKING:
    from localdev.cli.terminal import Printer
    from localdev.rules.rule import Rule

_FORMS = ("text", "short", "json", "sarif", "markdown", "github", "gitlab")
_STYLES = {"high": "bad", "medium": "warning", "low": "plain", "info": "dim"}
_BASELINE_VERSION = 1
_MOST_NEAR = 5
# Lines of a finding that are longer than a screen are cut: the place says where to look.
_LONGEST_LINE = 200


def checked_form(name: str) -> str:
    """Give the form of output by its name.

    Raises:
        UsageError: there is no such form.
    """
    if name not in _FORMS:
        raise UsageError(f"there is no form {name!r}", f"forms: {', '.join(_FORMS)}")
    return name


def failed(review: Mapping[str, Any], level: str) -> bool:
    """Say whether a finding is of the level (`never`: none is) or above."""
    if level == "never":
        return False
    return any(at_least(finding["severity"], cast(Severity, level)) for finding in review["findings"])


def cut_short(review: Mapping[str, Any], level: str) -> bool:
    """Say whether rules have not looked at all files in time: no findings in those is no answer."""
    from localdev.render.review_summary import late_files

    return level != "never" and bool(late_files(review))


def printed(out: Printer, review: Mapping[str, Any], form: str, *, paths: Sequence[str] = ()) -> None:
    """Print a review; `paths` are what the change was narrowed to."""
    if form == "json":
        out.json(review)
    elif form == "sarif":
        from localdev import __version__
        from localdev.render.sarif import review_sarif

        out.json(review_sarif(review, _cards(), version=__version__))
    elif form == "gitlab":
        import json

        from localdev.render.annotations import gitlab_report

        out.line(json.dumps(gitlab_report(review)))
    elif form == "github":
        from localdev.render.annotations import github_annotations

        for line in github_annotations(review):
            out.line(one_line(line))
    elif form == "short":
        _print_short(out, review)
    elif form == "markdown":
        from localdev.core.neutral import neutral
        from localdev.render.review_markdown import review_markdown

        out.piece(neutral(review_markdown(review)))
    else:
        _print_text(out, review, paths)


def _print_text(out: Printer, review: Mapping[str, Any], paths: Sequence[str]) -> None:
    """Print a review for people: each file, each finding with its code, then what was left out and the sum of it."""
    from localdev.render.review_summary import late_files, left_out, summary

    if not review["files"]:
        where = f" in {', '.join(paths)}" if paths else ""
        out.line(f"nothing to review: no {one_line(_changes(str(review['change'])) + where)}")
        return
    for path, findings in itertools.groupby(review["findings"], key=lambda finding: str(finding["path"])):
        out.line(out.styled(path, "path"))
        shown: dict[int, bool] = {}
        for finding in findings:
            _print_finding(out, finding, shown)
        out.line()
    left = left_out(review)
    if left:
        out.line("not reviewed:")
        for line in left:
            out.line(f"  {out.styled(line, 'plain')}")
    clean = not review["findings"] and not late_files(review)
    out.line(out.styled(summary(review), "good" if clean else "bold"))


def _print_short(out: Printer, review: Mapping[str, Any]) -> None:
    """Print a line a finding as compilers do, for editors and grep: `path:line: severity rule: message`."""
    for each in review["findings"]:
        out.line(one_line(f"{each['path']}:{each['line'] or 1}: {each['severity']} {each['rule']}: {each['message']}"))


def _changes(label: str) -> str:
    """Name changes of which there are none: `staged changes`, `changes from A..B`."""
    if label.endswith("changes"):
        return label
    return f"changes in {'the patch' if label == 'patch' else label}"


def _print_finding(out: Printer, finding: Mapping[str, Any], shown: dict[int, bool]) -> None:
    """Print one finding with the lines around it.

    `shown` holds the lines of the file that were printed with findings before, and whether they were marked: one is
    printed again only to be marked.
    """
    number = str(finding["line"]) if finding["line"] else "-"
    severity = out.styled(str(finding["severity"]), _STYLES[finding["severity"]])
    rule = out.styled(f"[{finding['rule']}]", "dim")
    message = out.styled(str(finding["message"]), "plain")
    out.wrapped(f"{number:>6}  {severity}  {message} {rule}", indent=len(f"{number:>6}  {finding['severity']}  "))
    for line in finding["lines"]:
        inside = finding["line"] <= line["line"] <= finding["end_line"]
        if shown.get(line["line"]) in (True, inside):
            continue
        shown[line["line"]] = inside
        text = one_line(str(line["text"]))
        text = f"{text[:_LONGEST_LINE]}..." if len(text) > _LONGEST_LINE else text
        row = f"{'>' if inside else ' '} {line['line']:>6} | {text}"
        out.line(f"      {out.styled(row, 'plain' if inside else 'dim')}")
    if finding["suggestion"]:
        out.wrapped(f"        {out.styled(str(finding['suggestion']), 'hint')}", indent=8)


def _cards() -> list[Any]:
    """Give what SARIF tells of the rules."""
    from localdev.render.sarif import RuleCard
    from localdev.rules.registry import RULES

    return [RuleCard(rule.id, rule.family, rule.severity, rule.title, rule.explanation) for rule in RULES]


def explained(out: Printer, name: str, *, as_json: bool) -> None:
    """Explain a rule with its example; `list` names all of them.

    Raises:
        NotFound: there is no such rule.
    """
    from localdev.render.payloads import SCHEMA_VERSION
    from localdev.rules.registry import RULES, rule

    if name == "list":
        if as_json:
            out.json({"schema_version": SCHEMA_VERSION, "rules": [_described(each) for each in RULES]})
            return
        longest = max((len(each.id) for each in RULES), default=0)
        for each in RULES:
            out.line(f"{each.id:<{longest}}  {out.styled(f'{each.severity:<6}', _STYLES[each.severity])}  {each.title}")
        return
    found = rule(name)
    if found is None:
        near = _near(name)
        meant = f"did you mean {' or '.join(near)}? " if near else ""
        raise NotFound(f"there is no rule {name!r}", f"{meant}`localdev review --explain list` names them all")
    if as_json:
        out.json({"schema_version": SCHEMA_VERSION, **_described(found)})
        return
    _print_rule(out, found)


def _near(name: str) -> list[str]:
    """Give the rules that a name may mean: those that have its words in their names, families, titles or texts."""
    import difflib
    import re

    from localdev.rules.registry import RULES

    words = [word.removesuffix("s") for word in re.findall(r"[a-z0-9]{3,}", name.lower())]
    near = difflib.get_close_matches(name, [each.id for each in RULES], n=_MOST_NEAR, cutoff=0.75)
    for text in (
        lambda rule: f"{rule.id} {rule.family}",
        lambda rule: rule.title,
        lambda rule: f"{rule.explanation} {rule.bad.text}",
    ):
        found = {each.id: sum(word in text(each).lower() for word in words) for each in RULES}
        near += sorted((id for id, count in found.items() if count), key=lambda id: -found[id])
    return list(dict.fromkeys(near))[:_MOST_NEAR]


def _print_rule(out: Printer, rule: Rule) -> None:
    """Print a rule for people."""
    out.line(f"{out.styled(rule.id, 'bold')}  {out.styled(rule.severity, _STYLES[rule.severity])}  ({rule.family})")
    out.wrapped(rule.title)
    out.line()
    out.wrapped(rule.explanation)
    if rule.languages:
        out.line(f"languages: {', '.join(rule.languages)}")
    for head, example in (("found:", rule.bad), ("not found:", rule.good)):
        out.line()
        out.line(f"{head} {example.path}")
        for row in example.text.rstrip("\n").split("\n")[:40]:
            out.line(out.styled(f"    {row}", "plain"))
    out.line()
    out.line("to suppress it at one place: a comment on the line or the one above")
    out.line(f"    localdev: ignore[{rule.id}] and why")
    out.line("everywhere, in .localdev.toml of a trusted repository, or in your own settings:")
    out.line(f'    [review]\n    off = ["{rule.id}"]')


def _described(rule: Rule) -> dict[str, Any]:
    """Give a rule as JSON."""
    return {
        "id": rule.id,
        "family": rule.family,
        "severity": rule.severity,
        "title": rule.title,
        "explanation": rule.explanation,
        "languages": list(rule.languages),
        "bad": {"path": rule.bad.path, "text": rule.bad.text},
        "good": {"path": rule.good.path, "text": rule.good.text},
    }


def read_baseline(path: Path) -> list[str]:
    """Read the fingerprints of known findings.

    Raises:
        NotFound: the file cannot be read.
        ConfigError: it is no baseline.
    """
    import json

    hint = "`localdev review --write-baseline FILE` writes one"
    try:
        data = json.loads(path.read_bytes())
        prints = [str(each["fingerprint"]) for each in data["findings"]]
        known = data["schema_version"] == _BASELINE_VERSION
    except OSError as error:
        raise NotFound(f"cannot read {path}: {error.strerror or error}", hint) from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ConfigError(f"{path} is no baseline", hint) from error
    if not known:
        raise ConfigError(f"{path} is a baseline of another version", hint)
    return prints


def written_baseline(out: Printer, path: Path, review: Mapping[str, Any]) -> None:
    """Write a baseline and say so: a line a finding with what people need to recognise it, so that it can be reviewed.

    Raises:
        NotFound, StorageError: it cannot be written.
    """
    import json

    from localdev.core.files import write_atomic
    from localdev.core.sizes import counted

    if not path.parent.is_dir():
        raise NotFound(
            f"cannot write {path}: there is no folder {path.parent}", "make the folder, or name another file"
        )
    names = ("fingerprint", "rule", "path", "quote")
    rows = [json.dumps({name: finding[name] for name in names}) for finding in review["findings"]]
    text = f'{{"schema_version": {_BASELINE_VERSION}, "findings": [\n' + ",\n".join(rows) + "\n]}\n"
    write_atomic(path, text.encode("ascii"))
    path.chmod(0o644)  # a file of the repository, for all who work on it
    out.aside(f"{counted(len(rows), 'finding')} written to {one_line(str(path))}")
