"""Which rules apply where, and how severe they are: what the settings `review.off`, `severity` and `exclude` say."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from localdev.core.errors import ConfigError
from localdev.core.review import SEVERITIES, Finding, Severity
from localdev.rules.rule import Rule
from localdev.source.globs import path_matcher

# What a model finds is called so; what a linter finds `ruff/F401`.
MODEL = "model"
_KNOWN_HINT = "`localdev review --explain RULE` tells of a rule, docs/rules.md lists all"


@dataclass(frozen=True, slots=True)
class _Off:
    """A rule, family or linter that does not apply, to some files or to all (no pattern)."""

    name: str
    fits: Callable[[str], bool] | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The settings, read and checked."""

    families: dict[str, str]
    off: tuple[_Off, ...]
    severities: tuple[tuple[str, Severity], ...]
    excludes: Callable[[str], bool]

    def applying(self, rules: Iterable[Rule]) -> tuple[Rule, ...]:
        """Give the rules that are not switched off for all files."""
        off = {each.name for each in self.off if each.fits is None}
        return tuple(rule for rule in rules if off.isdisjoint((rule.id, rule.family)))

    def names(self, finding: Finding) -> set[str]:
        """Give what settings and comments may call a finding: its rule, the rule's family, its linter."""
        names = {finding.rule, self.families.get(finding.rule, finding.rule)}
        return names | ({finding.source} if finding.source != "rules" else set())

    def kept(self, finding: Finding) -> Finding | None:
        """Give a finding with its severity as set; None where its rule is off for its file, or that is excluded."""
        names = self.names(finding)
        if self.excludes(finding.path) or any(
            each.name in names and (each.fits is None or each.fits(finding.path)) for each in self.off
        ):
            return None
        fitting = [severity for name, severity in self.severities if name in names]
        return replace(finding, severity=fitting[-1]) if fitting else finding


def read_selection(
    off: Sequence[str],
    severity: Sequence[str],
    exclude: Sequence[str],
    *,
    rules: Iterable[Rule],
    linters: Iterable[str] = (),
) -> Selection:
    """Read `RULE`, `FAMILY` or `RULE:GLOB` that are off, `RULE=LEVEL`, and globs of files; the last severity wins.

    Raises:
        ConfigError: something is named that does not exist, or the form is another.
    """
    families = {rule.id: rule.family for rule in rules}
    known = {*families, *families.values(), MODEL, *linters}

    def checked(name: str, key: str) -> str:
        if name not in known and name.partition("/")[0] not in linters:
            close = difflib.get_close_matches(name, sorted(known), n=1)
            nearest = f"did you mean {close[0]}? " if close else ""
            raise ConfigError(f"{key}: there is no rule {name!r}", nearest + _KNOWN_HINT)
        return name

    switched: list[_Off] = []
    for entry in off:
        name, colon, glob = entry.partition(":")
        switched.append(_Off(checked(name.strip(), "review.off"), path_matcher([glob.strip()]) if colon else None))
    return Selection(
        families, tuple(switched), tuple(_severity(entry, checked) for entry in severity), path_matcher(exclude)
    )


def _severity(entry: str, checked: Callable[[str, str], str]) -> tuple[str, Severity]:
    """Read one `RULE=LEVEL`."""
    name, _, level = (part.strip() for part in entry.partition("="))
    if level not in SEVERITIES:
        raise ConfigError(
            f"review.severity: {entry!r} names no severity", f"write RULE=LEVEL, LEVEL one of {', '.join(SEVERITIES)}"
        )
    return checked(name, "review.severity"), level
