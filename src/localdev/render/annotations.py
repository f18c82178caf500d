"""A review as annotations that forges show beside the lines: GitHub's workflow commands, GitLab's code quality report.

Forms: https://docs.github.com/actions/reference/workflow-commands-for-github-actions and
https://docs.gitlab.com/ci/testing/code_quality/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localdev.render.review_summary import late_files

_COMMANDS = {"high": "error", "medium": "warning", "low": "notice", "info": "notice"}
_GITLAB = {"high": "critical", "medium": "major", "low": "minor", "info": "info"}


def github_annotations(review: Mapping[str, Any]) -> list[str]:
    """Give one workflow command a finding; what was not reviewed is one more."""
    lines = [_command(finding) for finding in review["findings"]]
    left = review["not_reviewed"]
    if left:
        names = ", ".join(f"{each['path']} ({each['reason']})" for each in left)
        level = "warning" if late_files(review) else "notice"
        lines.append(f"::{level} title=not reviewed::{_data(names)}")
    return lines


def _command(finding: Mapping[str, Any]) -> str:
    """Write one finding as a workflow command."""
    place = f"file={_property(finding['path'])}"
    if finding["line"]:
        place += f",line={finding['line']},endLine={max(finding['line'], finding['end_line'])}"
    said = f"{finding['message']}\n{finding['suggestion']}" if finding["suggestion"] else finding["message"]
    return f"::{_COMMANDS[finding['severity']]} {place},title={_property(finding['rule'])}::{_data(said)}"


def _data(text: str) -> str:
    """Escape text behind the second `::`, so that nothing in it can be another command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape the value of a property."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def gitlab_report(review: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the entries of a code quality report; a finding about a whole file stands on its first line."""
    return [
        {
            "description": finding["message"],
            "check_name": finding["rule"],
            "fingerprint": finding["fingerprint"],
            "severity": _GITLAB[finding["severity"]],
            "location": {
                "path": finding["path"],
                "lines": {"begin": max(1, finding["line"]), "end": max(1, finding["line"], finding["end_line"])},
            },
        }
        for finding in review["findings"]
    ]
