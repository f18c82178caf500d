"""Keeps credentials out of what a review prints: one that tells of them must not carry them into logs and reports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from localdev.core.review import Finding
from localdev.privacy.partial import PartialText

SECRETS = "secrets"


class Concealed:
    """Lines and findings with the credentials in part that findings of the family `secrets` tell of."""

    def __init__(
        self,
        findings: Iterable[Finding],
        names: Callable[[Finding], Collection[str]],
        *,
        lines_of: Callable[[str], Sequence[str]],
    ) -> None:
        """Take all findings, also those that are not shown; `names` gives what one may be called."""
        self._lines_of = lines_of
        self._places: dict[str, list[tuple[int, int]]] = {}
        self._texts: dict[str, PartialText] = {}
        for finding in findings:
            if SECRETS in names(finding):
                self._places.setdefault(finding.path, []).append((finding.line, finding.end_line))

    def lines(self, path: str) -> Sequence[str]:
        """Give a file's lines on the new side; they are as many as they were."""
        return self._text(path).lines if path in self._places else self._lines_of(path)

    def finding(self, finding: Finding) -> Finding:
        """Give a finding whose quote and words hold no such credential."""
        if finding.path not in self._places:
            return finding
        text = self._text(finding.path)
        there = 0 < finding.line <= len(text.lines)
        return replace(
            finding,
            quote=text.lines[finding.line - 1].strip() if there else text.text(finding.quote),
            message=text.text(finding.message),
            suggestion=text.text(finding.suggestion),
        )

    def _text(self, path: str) -> PartialText:
        """Give a file's lines with its credentials in part."""
        if path not in self._texts:
            self._texts[path] = PartialText(self._lines_of(path), self._places[path])
        return self._texts[path]
