"""A review in every form: valid for the tools that read it, and nothing in a file's text can be more than text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.render.annotations import github_annotations, gitlab_report
from localdev.render.review_markdown import review_markdown
from localdev.render.review_summary import left_out, summary
from localdev.render.sarif import RuleCard, review_sarif

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json").read_text())
CARDS = [
    RuleCard("sql", "dangerous-call", "high", "Title", "Why."),
    RuleCard("todo", "leftover", "low", "Title", "Why."),
]


def finding(**changed: Any) -> dict[str, Any]:
    """Make a finding as the job gives it."""
    return {
        "rule": "sql",
        "severity": "high",
        "path": "src/a b.py",
        "line": 3,
        "end_line": 3,
        "quote": "run(f'{x}')",
        "message": "SQL is put together",
        "suggestion": "use parameters",
        "source": "rules",
        "fingerprint": "0123456789abcdef",
        "lines": [{"line": 2, "text": "def f(x):"}, {"line": 3, "text": "    run(f'{x}')"}],
    } | changed


def review(*findings: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Make a review as the job gives it."""
    return {
        "schema_version": 1,
        "change": "staged changes",
        "files": 4,
        "findings": list(findings),
        "not_reviewed": [{"path": "logo.png", "line": 0, "end_line": 0, "reason": "binary", "by": "rules"}],
        "dropped": 0,
        "suppressed": 0,
        "baselined": 0,
        "model": "",
        "prompt": "",
        "usage": {},
        "timings": {},
    } | changed


def valid(log: dict[str, Any]) -> None:
    """Hold a log against the schema of SARIF 2.1.0."""
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(log)))


def test_sarif_is_valid_and_names_the_place() -> None:
    """Rules by index, levels, lines, what was not reviewed; a linter's rule is not in the table."""
    log = review_sarif(
        review(finding(), finding(rule="ruff/F401", source="ruff", line=0, end_line=0)), CARDS, version="1.2.3"
    )
    valid(log)
    first, second = log["runs"][0]["results"]
    place = first["locations"][0]["physicalLocation"]
    assert (first["level"], first["ruleIndex"], place["artifactLocation"]["uri"]) == ("error", 0, "src/a%20b.py")
    assert place["region"] == {"startLine": 3, "endLine": 3, "snippet": {"text": "run(f'{x}')"}}
    assert "ruleIndex" not in second
    assert "region" not in second["locations"][0]["physicalLocation"]
    (left,) = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert left["message"]["text"] == "not reviewed by the rules: binary"


def test_a_message_is_no_link() -> None:
    """SARIF's messages may hold links, and a model's words shall not."""
    (result,) = review_sarif(review(finding(message="[ok](http://x)")), CARDS, version="1")["runs"][0]["results"]
    assert result["message"]["text"].startswith("[ok\\](http://x)")


def test_a_schema_that_is_not_held_is_noticed() -> None:
    """The check itself fails for a wrong level."""
    log = review_sarif(review(finding()), CARDS, version="1")
    log["runs"][0]["results"][0]["level"] = "terrible"
    with pytest.raises(jsonschema.ValidationError):
        valid(log)


@given(path=st.text(min_size=1), text=st.text(), line=st.integers(0, 9), more=st.integers(0, 3))
def test_any_text_gives_valid_forms(path: str, text: str, line: int, more: int) -> None:
    """Odd paths and messages: SARIF stays valid, an annotation one command, a Markdown fence closed."""
    odd = finding(path=path, message=text, quote=text, suggestion=text, line=line, end_line=line + more)
    odd["lines"] = [{"line": 1, "text": text.replace("\n", " ")}]
    valid(review_sarif(review(odd), CARDS, version="1"))
    (command, _) = github_annotations(review(odd))
    assert "\n" not in command
    assert "\r" not in command
    assert command.startswith("::error file=")
    json.dumps(gitlab_report(review(odd)))
    review_markdown(review(odd))


def test_an_annotation_cannot_become_another_command() -> None:
    """Line ends and the marks of properties are escaped."""
    (command, left) = github_annotations(
        review(finding(path="a,b:c.py", message="x\n::set-env name=A::b", suggestion=""))
    )
    assert command == ("::error file=a%2Cb%3Ac.py,line=3,endLine=3,title=sql::x%0A::set-env name=A::b")
    assert left == "::notice title=not reviewed::logo.png (binary)"


def test_gitlabs_report_has_what_gitlab_reads() -> None:
    """A finding about a file as a whole stands on its first line."""
    (entry,) = gitlab_report(review(finding(line=0, end_line=0)))
    assert entry == {
        "description": "SQL is put together",
        "check_name": "sql",
        "fingerprint": "0123456789abcdef",
        "severity": "critical",
        "location": {"path": "src/a b.py", "lines": {"begin": 1, "end": 1}},
    }


def test_markdown_shows_code_and_hides_nothing() -> None:
    """Code in a fence longer than its own backticks; text that is no Markdown; what was not reviewed."""
    odd = finding(message="<b>`x` *y*", lines=[{"line": 2, "text": "x"}, {"line": 3, "text": "````"}])
    text = review_markdown(review(odd))
    assert r"**high** line 3: \<b\>`x` \*y\* (`sql`)" in text
    assert "\n`````\n      2 | x\n>     3 | ````\n`````\n" in text
    assert "### Not reviewed\n\n- logo.png: binary\n" in text


def test_the_sum_says_who_looked_and_what_is_hidden() -> None:
    """Counts by severity; a model that looked; what was known, suppressed or dropped."""
    assert summary(review(finding(), finding(severity="low"))) == (
        "2 findings (1 high, 1 low) in 4 changed files; by rules alone"
    )
    said = summary(review(model="tiny", dropped=2, suppressed=1, baselined=3, files=1))
    assert said == "no findings in 1 changed file; by rules and tiny; 3 known before; 1 suppressed; 2 unproven dropped"


def late(*paths: str, by: str = "rules") -> list[dict[str, Any]]:
    """Make files that the deadline left."""
    return [{"path": path, "line": 0, "end_line": 0, "reason": "deadline", "by": by} for path in paths]


def test_what_the_deadline_left_is_in_the_sum() -> None:
    """`no findings` is said of what was looked at, and of nothing where nothing was."""
    every = review(not_reviewed=late("a", "b", "c", "d"))
    assert summary(every) == "4 of 4 files not reviewed: deadline; by rules alone"
    some = review(not_reviewed=late("a"))
    assert summary(some) == "no findings in 3 changed files; 1 of 4 files not reviewed: deadline; by rules alone"
    found = review(finding(), not_reviewed=late("a"))
    assert "in 4 changed files; 1 of 4 files not reviewed in full: deadline; " in summary(found)
    asked = review(not_reviewed=late("a", by="model"), model="tiny")
    assert summary(asked) == (
        "no findings in 4 changed files; 1 of 4 files not reviewed by the model: deadline; by rules and tiny"
    )


def test_forges_and_editors_see_that_a_review_is_not_whole() -> None:
    """SARIF's run has not succeeded, and the annotation is a warning; neither is so for a picture."""
    for left, success, level in ((late("a"), False, "warning"), (review()["not_reviewed"], True, "note")):
        log = review_sarif(review(not_reviewed=left), CARDS, version="1")
        valid(log)
        (invocation,) = log["runs"][0]["invocations"]
        assert (invocation["executionSuccessful"], invocation["toolExecutionNotifications"][0]["level"]) == (
            success,
            level,
        )
        assert github_annotations(review(not_reviewed=left))[0].startswith("::notice" if success else "::warning")


def test_what_was_left_out_is_grouped() -> None:
    """Lines of one file and reason stand together, many are counted."""
    places = [{"path": "a.py", "line": at, "end_line": at, "reason": "deadline", "by": "model"} for at in range(1, 9)]
    (line,) = left_out(review(not_reviewed=places))
    assert line == "a.py, lines 1, 2, 3, 4, 5 and 3 more places: deadline (by the model; the rules looked)"
